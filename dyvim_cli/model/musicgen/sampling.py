"""Sample audio tokens in sliding windows that overlap by tokens already written.

Each window of 30 s starts 18 s after the last one and reads the 12 s that are known. Inside a window
nothing knows where the window began but the transformer's positions: dynamics and key frames are
looked up by absolute time, and a window that is not the last one is written as if it went on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from dyvim_cli.model.musicgen.backbone import Memory, MusicGen, Pictures, delayed, undelayed
from dyvim_cli.progress import Progress, Silent

WINDOW_POSITIONS, STRIDE_FRAMES = 1500, 900  # 30 s, as in MusicGen's training, and 18 s


@dataclass(frozen=True)
class AudioSettings:
    """Sampling settings of audio tokens; the defaults are MusicGen's own."""

    alpha: float = 0.5  # scales the dynamics term added to every token; 0 = motion has no say
    guidance: float = 3.0  # how far beyond "with words and pictures" away from "without" (1 = not at all)
    temperature: float = 1.0
    top_k: int = 250
    do_sample: bool = True
    candidates: int = 1
    seed: int = 0
    window_positions: int = WINDOW_POSITIONS
    stride_frames: int = STRIDE_FRAMES


@dataclass(frozen=True)
class Sight:
    """The film as the decoder sees it, by absolute frame number (of the codec)."""

    dynamics: Callable[[int, int], Tensor]  # (first, n) -> z~ [n, d_dynamics], zeros outside the film
    embeddings: Tensor | None = None  # [M, d_pictures] of key frames
    visible: Callable[[int, int], Tensor] | None = None  # (first, n) -> [n, M] bool


@torch.inference_mode()
def write_tokens(
    model: MusicGen,
    memory: Memory,
    n_frames: int,
    settings: AudioSettings,
    sight: Sight | None = None,
    prompt: Tensor | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """Sample audio tokens; same seed, same tokens on the same device.

    Args:
        model: MusicGen, with or without an adapter.
        memory: one row of words.
        n_frames: of the codec, to be written.
        settings: how tokens are drawn.
        sight: the film; it needs model.adapter. None = the film has no say.
        prompt: [K, C] frames that are there already and are gone on from.
        progress: notified of the stage "compose", in frames.

    Returns:
        [candidates, K, n_frames] int64.
    """
    progress = progress or Silent()
    device = model.weight.device
    generator = torch.Generator(device).manual_seed(settings.seed)
    tokens = torch.zeros(settings.candidates, model.n_codebooks, n_frames, dtype=torch.long, device=device)
    done = 0 if prompt is None else min(prompt.shape[-1], n_frames)
    if prompt is not None:
        tokens[:, :, :done] = prompt[:, :done]
    start, reach = 0, settings.window_positions - model.delays[-1]  # the frames that a window completes
    while done < n_frames:
        while start + reach <= done:
            start += settings.stride_frames
        end = n_frames if n_frames - start <= reach else None
        n_positions = settings.window_positions if end is None else end - start + model.delays[-1]
        window = _Window(model, memory, settings, sight, start)
        for position in window.write(tokens[:, :, start:done], n_positions, end, generator):
            progress.update("compose", start + position, n_frames)
        written = window.frames()
        done = start + written.shape[-1]
        tokens[:, :, start:done] = written
    progress.update("compose", n_frames, n_frames)
    return tokens


class _Window:
    """One pass of the decoder with its own key-value cache; rows are candidates, twice when guided."""

    def __init__(
        self, model: MusicGen, memory: Memory, settings: AudioSettings, sight: Sight | None, start: int
    ):
        self.model, self.settings, self.start = model, settings, start
        self.guided = settings.guidance > 1
        self.memory = memory.repeated(settings.candidates)
        if self.guided:
            self.memory += model.without_words(self.memory)
        self.cache = model.new_cache()
        self.sight = sight if model.adapter is not None else None

    def write(
        self, known: Tensor, n_positions: int, end: int | None, generator: torch.Generator
    ) -> Iterator[int]:
        """Write position after position behind the known frames [N, K, C]; yields where it is.

        end: the film's last frame + 1 when the window reaches it: beyond, nothing is written.
        """
        model, start = self.model, self.model.start
        n_frames = n_positions if end is None else end - self.start
        n_known = known.shape[-1]
        # tokens that are decided already: carried ones, and the pattern's corners; -1 = to be drawn
        plan = delayed(torch.nn.functional.pad(known, (0, n_frames - n_known), value=-1), model.delays, start)
        plan = plan[..., :n_positions]
        extension, pictures = self._see(n_positions)
        inputs = torch.cat([plan.new_full((*plan.shape[:2], 1), start), plan[..., :n_known]], dim=-1)
        for position in range(n_known, n_positions):
            first = position + 1 - inputs.shape[-1]
            logits = self._forward(inputs, first, extension, pictures)
            drawn = draw_tokens(self._guide(logits), self.settings, generator)
            plan[..., position] = torch.where(plan[..., position] < 0, drawn, plan[..., position])
            inputs = plan[..., position : position + 1]
            if position % 16 == 0:
                yield position
        self.plan = plan

    def frames(self) -> Tensor:
        """The complete frames [N, K, ...], the known ones first."""
        return undelayed(self.plan, self.model.delays)

    def _see(self, n: int) -> tuple[Tensor | None, Pictures | None]:
        """The dynamics term [rows, n, d] and the key frames of the window's positions."""
        if self.sight is None:
            return None, None
        model, lead = self.model, self.model.n_delays - 1
        weight, rows = model.weight, self.settings.candidates
        dynamics = self.sight.dynamics(self.start - lead, n + lead).to(weight.device)[None]
        extension = model.extend(dynamics, torch.full((1,), self.settings.alpha, device=weight.device))
        extension = extension.expand(rows, -1, -1)
        pictures = None
        if (
            self.sight.embeddings is not None
            and self.sight.visible is not None
            and len(self.sight.embeddings)
        ):
            embeddings = self.sight.embeddings.to(weight.device).expand(rows, -1, -1)
            if self.guided:
                embeddings = torch.cat([embeddings, torch.zeros_like(embeddings)])
            pictures = model.look(embeddings, self.sight.visible(self.start, n).to(weight.device))
        if self.guided:  # the other half hears nothing of the film
            extension = torch.cat([extension, torch.zeros_like(extension)])
        return extension, pictures

    def _forward(
        self, inputs: Tensor, first: int, extension: Tensor | None, pictures: Pictures | None
    ) -> Tensor:
        """Logits [rows, K, V] float32 after inputs [N, K, P] at positions first .. first + P."""
        n = inputs.shape[-1]
        if self.guided:
            inputs = inputs.repeat(2, 1, 1)
        if extension is not None:
            extension = extension[:, first : first + n]
        pictures = pictures.at(first, n) if pictures else None
        return self.model(inputs, self.memory, extension, pictures, self.cache)[:, :, -1].float()

    def _guide(self, logits: Tensor) -> Tensor:
        """Classifier-free guidance (Ho and Salimans 2022): [2 N, K, V] -> [N, K, V]."""
        if not self.guided:
            return logits
        conditioned, unconditioned = logits.chunk(2)
        return unconditioned + (conditioned - unconditioned) * self.settings.guidance


def draw_tokens(logits: Tensor, settings: AudioSettings, generator: torch.Generator) -> Tensor:
    """Draw tokens from logits: the best, or one of the top_k by chance.

    Args:
        logits: [N, K, V].
        settings: temperature, top_k, and whether to draw at all.
        generator: source of chance, on the logits' device.

    Returns:
        [N, K] int64.
    """
    if not settings.do_sample:
        return logits.argmax(dim=-1)
    rows = len(logits)
    logits = logits.flatten(0, 1) / settings.temperature
    least = logits.topk(min(settings.top_k, logits.shape[-1])).values[..., -1:]
    probabilities = logits.masked_fill(logits < least, -torch.inf).softmax(dim=-1)
    drawn = torch.multinomial(probabilities, 1, generator=generator)
    return drawn.view(rows, -1)
