"""MusicGen as a learner: windows of film features and audio tokens in, loss out.

Letters: B films of a batch; K codebooks; N frames of a window; D delays; P = N + D - 1 positions;
M key frames; d_z width of z~.
"""

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dyvim_cli.model.compose.character import choose_character, fit_grid
from dyvim_cli.model.compose.recording import picture_embeddings
from dyvim_cli.model.conditioning.token_dynamics import TokenDynamics
from dyvim_cli.model.musicgen.backbone import Memory, MusicGen, Pictures, delayed
from dyvim_cli.model.musicgen.loading import AudioModel
from dyvim_cli.model.musicgen.prompt import describe_music
from dyvim_cli.options import ComposeOptions
from dyvim_cli.training.films.film_pairs import SoundedFilm
from dyvim_cli.training.films.pairs import even_groups
from dyvim_cli.training.learn.score_learner import of_another

UNKNOWN = -1
N_FRAMES = 500  # 10 s at 50 Hz: fits with a decoder into the memory of one GPU
MOST_HELD_OUT = 60  # windows
VIEWS = {"true": (1.0, True), "shuffled": (1.0, False), "none": (0.0, True)}  # (strength, its own motion)


@dataclass(frozen=True)
class AudioBatch:
    """B windows, ready for MusicGen."""

    tokens: torch.Tensor  # [B, K, N] int64, UNKNOWN beyond the music's end
    dynamics: torch.Tensor  # [B, D - 1 + N + D - 1, d_z]: of frames first - (D - 1) .. first + P
    alpha: torch.Tensor  # [B]
    memory: Memory  # the prompts
    embeddings: torch.Tensor  # [B, M, d_pictures]
    visible: torch.Tensor  # [B, 1, P, M] bool

    def to(self, device: torch.device) -> "AudioBatch":
        """The same on a device.

        Args:
            device: where to.

        Returns:
            The same batch on it.
        """
        moved = {n: v.to(device) for n, v in vars(self).items() if isinstance(v, torch.Tensor)}
        return replace(
            self, memory=Memory(self.memory.states.to(device), self.memory.mask.to(device)), **moved
        )


class AudioLearner(nn.Module):
    """A MusicGen with an adapter that learns from sounded films."""

    thaws_low_rank = True

    def __init__(
        self,
        audio: AudioModel,
        training: list[SoundedFilm],
        held_out: list[SoundedFilm],
        n_frames: int = N_FRAMES,
        batch_size: int = 4,
        sees_pictures: bool = True,
    ):
        super().__init__()
        self.model = audio.musicgen
        self.n_frames, self.batch_size = n_frames, batch_size
        width = training[0].key_features.shape[1] if sees_pictures else 0
        if self.model.adapter is None:
            self.model.adapter = self.model.new_adapter(TokenDynamics.width, width).to(
                self.model.weight.device
            )
        self.films = [_Film(f, audio) for f in training]
        self.judged_by, self.judged_films = self._held_out_batches([_Film(f, audio) for f in held_out])

    def draw(self, dropout: float, rng: np.random.Generator) -> AudioBatch:
        """Draw windows from anywhere in the training films.

        Args:
            dropout: share without film and words, 0..1.
            rng: draws films, places and alphas.

        Returns:
            Batch_size windows of n_frames.
        """
        rows = []
        for _ in range(self.batch_size):
            film = self.films[rng.integers(len(self.films))]
            first = int(rng.integers(max(1, film.n_frames - self.n_frames + 1)))
            dropped = rng.random() < dropout
            alpha = 0.0 if dropped else 1.0 if rng.random() < 0.6 else float(rng.uniform(0.05, 1.0))
            rows.append(self._window(film, first, alpha, is_conditioned=not dropped))
        return _collate(rows, self.model)

    def _held_out_batches(self, films: list["_Film"]) -> tuple[list[AudioBatch], list[int]]:
        """Windows from all over the held-out films, the same each time, and the number of each one's film.

        Beginnings of all films first, then what follows: the next window of a batch is of another film, whose
        motion is what "shuffled" measures.
        """
        places = [
            (a, i)
            for i, f in enumerate(films)
            for a in range(0, max(1, f.n_frames - self.n_frames + 1), self.n_frames)
        ]
        places.sort()
        kept = [
            places[i] for i in np.linspace(0, len(places) - 1, min(MOST_HELD_OUT, len(places))).astype(int)
        ]
        rows = [self._window(films[i], a, 1.0, is_conditioned=True) for a, i in kept]
        batches = [_collate(group, self.model) for group in even_groups(rows, self.batch_size)]
        return batches, [i for _, i in kept]

    def _window(self, film: "_Film", first: int, alpha: float, is_conditioned: bool) -> dict[str, Any]:
        lead = self.model.n_delays - 1
        codes = film.codes[:, first : first + self.n_frames]
        tokens = F.pad(codes, (0, self.n_frames - codes.shape[1]), value=UNKNOWN)
        return {
            "tokens": tokens,
            "dynamics": film.dynamics(first - lead, lead + self.n_frames + lead),
            "alpha": alpha,
            "memory": film.memory if is_conditioned else film.memory.silenced(),
            "embeddings": film.embeddings if is_conditioned else torch.zeros_like(film.embeddings),
            "visible": film.dynamics.visible(first, self.n_frames + lead),
        }

    def forward(self, batch: AudioBatch) -> torch.Tensor:
        """Mean cross-entropy in nats a token.

        Args:
            batch: B windows.

        Returns:
            Mean cross-entropy over the codebooks in nats a token, a scalar.
        """
        return self.losses(batch).mean()

    def losses(self, batch: AudioBatch) -> torch.Tensor:
        """[K] cross-entropy of each codebook.

        Args:
            batch: B windows.

        Returns:
            [K] cross-entropy of each codebook, nats a known token.
        """
        nats, known = self._token_losses(batch)
        return nats.sum(dim=(0, 2)) / known.sum(dim=(0, 2)).clamp_min(1)

    def _token_losses(self, batch: AudioBatch) -> tuple[torch.Tensor, torch.Tensor]:
        batch = batch.to(self.model.weight.device)
        extension = self.model.extend(batch.dynamics, batch.alpha)
        pictures = self.model.look(batch.embeddings, batch.visible)
        return token_losses(self.model, batch.tokens, batch.memory, extension, pictures)

    def new_modules(self) -> list[nn.Module]:
        """The adapter.

        Returns:
            The adapter alone.
        """
        return [cast(nn.Module, self.model.adapter)]

    def hold_back(self) -> None:
        """Hold nothing back: all of an adapter is new."""

    def parts(self) -> list[list[nn.Module]]:
        """List the parts in the order in which they thaw.

        Returns:
            Heads, layers from the last to the first, token tables.
        """
        decoder = self.model.backbone.decoder
        core = decoder.model.decoder
        return [
            [core.layer_norm, decoder.lm_heads],
            *([x] for x in reversed(core.layers)),
            [core.embed_tokens],
        ]

    def held_out(self, alpha: float = 1.0) -> dict[str, float]:
        """Compute the loss on the held-out windows.

        Args:
            alpha: how much the film has to say, 0..1.

        Returns:
            Loss on the held-out windows with their own motion, that of another film, and none; nats a token.
        """
        with torch.no_grad():
            return {
                view: float(
                    torch.stack(
                        [self.losses(_heard_as(b, alpha * share, own)) for b in self.judged_by]
                    ).mean()
                )
                for view, (share, own) in VIEWS.items()
            }

    @torch.no_grad()
    def film_losses(self, view: str) -> np.ndarray:
        """[n] loss in nats a token of each held-out film under one of VIEWS.

        Args:
            view: one of VIEWS.

        Returns:
            [n] loss of each held-out film, nats a token.
        """
        rows = [self._token_losses(_heard_as(b, *VIEWS[view])) for b in self.judged_by]
        windows = torch.cat([nats.sum(dim=(1, 2)) / known.sum(dim=(1, 2)) for nats, known in rows])
        losses, films = windows.cpu().numpy(), np.array(self.judged_films)
        return np.array([losses[films == i].mean() for i in np.unique(films)])


def token_losses(
    model: MusicGen,
    tokens: torch.Tensor,
    memory: Memory,
    extension: torch.Tensor | None = None,
    pictures: Pictures | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Judge each token of B windows by those before it, in MusicGen's delayed pattern (arXiv 2306.05284).

    Args:
        model: decoder with delays and a start token.
        tokens: [B, K, N] int64; what is UNKNOWN costs nothing.
        memory: words to be attended to.
        extension: of the film, added to the inputs.
        pictures: of the film, to be attended to.

    Returns:
        (cross-entropy in nats, whether it is known), both [B, K, P].
    """
    targets = delayed(tokens, model.delays, UNKNOWN)
    written = torch.where(targets == UNKNOWN, model.start, targets)
    inputs = F.pad(written[..., :-1], (1, 0), value=model.start)
    logits = model(inputs, memory, extension, pictures)
    nats = F.cross_entropy(
        logits.float().permute(0, 3, 1, 2), targets, ignore_index=UNKNOWN, reduction="none"
    )
    return nats, targets != UNKNOWN


def _heard_as(batch: AudioBatch, alpha: float, is_own: bool) -> AudioBatch:
    """The batch at some alpha, with the motion of its own film or the next one's."""
    dynamics = batch.dynamics if is_own else of_another(batch.dynamics)
    return replace(batch, dynamics=dynamics, alpha=torch.full_like(batch.alpha, alpha))


class _Film:
    """A film as tensors."""

    def __init__(self, film: SoundedFilm, audio: AudioModel):
        self.codes = torch.from_numpy(film.codes.astype(np.int64))
        self.n_frames = self.codes.shape[1]
        self.dynamics = TokenDynamics(film, audio.codec.frame_rate_hz, self.n_frames)
        self.embeddings = picture_embeddings(film)
        with torch.no_grad():
            memory = audio.memory(prompt_of(film))
        self.memory = Memory(memory.states.float().cpu(), memory.mask.cpu())


def prompt_of(film: SoundedFilm) -> str:
    """The words that the film would be scored with.

    Args:
        film: seen.

    Returns:
        The words that it would be scored with.
    """
    options = ComposeOptions()
    character = choose_character(film, options)
    bpm = fit_grid(film, character, options).bpm
    return describe_music(character.style, character.valence, character.arousal, bpm)


def stack_memories(rows: list[Memory], dtype: torch.dtype = torch.float32) -> Memory:
    """Memories of one row each as one; missing words are padded and masked.

    Args:
        rows: memories of one row each.
        dtype: of the states.

    Returns:
        One of B rows; missing words are padded and masked.
    """
    n = max(m.mask.shape[1] for m in rows)
    states = [F.pad(m.states, (0, 0, 0, n - m.states.shape[1])) for m in rows]
    masks = [F.pad(m.mask, (0, n - m.mask.shape[1])) for m in rows]
    return Memory(torch.cat(states).to(dtype), torch.cat(masks))


def _collate(rows: list[dict[str, Any]], model: MusicGen) -> AudioBatch:
    """Stack windows; words and key frames are padded and masked."""
    n_keys = max(len(r["embeddings"]) for r in rows)
    return AudioBatch(
        tokens=torch.stack([r["tokens"] for r in rows]),
        dynamics=torch.stack([r["dynamics"] for r in rows]),
        alpha=torch.tensor([r["alpha"] for r in rows], dtype=torch.float32),
        memory=stack_memories([r["memory"] for r in rows], model.weight.dtype),
        embeddings=torch.stack(
            [F.pad(r["embeddings"], (0, 0, 0, n_keys - len(r["embeddings"]))) for r in rows]
        ),
        visible=torch.stack([F.pad(r["visible"], (0, n_keys - len(r["embeddings"]))) for r in rows])[:, None],
    )
