"""Train the large motion encoder on exact flow of moving textures and DIS flow of real clips.

Three losses: both flows at every iteration, their mean magnitude a frame (what energy curves and
events are made of), and statistics of the true flow that a small head must read from z_d.
"""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from dyvim_cli.model.score.checkpoint import save_tensors
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.training.films.motion_scenes import FlowExample, clip_sequence, read_clip, texture_sequence
from dyvim_cli.vision.motion_encoder import DYNAMICS_WIDTH, STRIDE, TEACHER, MotionEncoder

SIZES = ((72, 128), (72, 128), (80, 112), (96, 96), (128, 72))  # (H, W), the common shapes of films
SEQUENCE = 6  # frames; the four in the middle are learned from
ITERATION_DECAY = 0.8  # RAFT's gamma
MAGNITUDE_SHARE, STATISTICS_SHARE = 0.5, 0.3  # weights of the losses, relative to the flow's
FILM_SHARE = 0.65  # share of the sequences that are taken from clips, where there are any
FREEZE_SHARE = 0.5  # share of the training after which batch norms keep their statistics, as RAFT's do
FAINT_PX = 0.005  # the least mean motion that is distinguished from none
DIRECTIONS = 8  # bins of the direction histogram
N_STATISTICS = 8 + DIRECTIONS


def train(
    out: Path,
    minutes: float,
    clips_dir: Path | None = None,
    held_out: Sequence[str] = (),
    seed: int = 0,
    batch: int = 4,
    learning_rate: float = 5e-4,
    progress: Progress | None = None,
) -> None:
    """Train TEACHER for some time and write it (fp16 safetensors); continues from `out`'s .resume file.

    The learning rate follows the clock (linear warm-up, cosine to zero), so two machines do not give the same
    bytes; order and content of the samples depend on `seed` alone.

    Args:
        out: path of the weights.
        minutes: of processor time.
        clips_dir: folder of real clips to learn from besides textures; None = textures alone.
        held_out: files whose name holds one of these are left alone.
        seed: of weights and samples.
        batch: sequences an update.
        learning_rate: at its peak.
        progress: notified of the time that is over.
    """
    torch.manual_seed(seed)
    model, head = MotionEncoder(TEACHER), nn.Linear(DYNAMICS_WIDTH, N_STATISTICS)
    clips = _clips(clips_dir, held_out)
    textures = _textures() + [frame for clip in clips for frame in clip[:: max(1, len(clip) // 4)]]

    def loss_of(rng: np.random.Generator) -> Tensor:
        return _loss(model, head, _batch(rng, textures, clips, batch))

    learn(model, head, loss_of, out, minutes, seed=seed, learning_rate=learning_rate, progress=progress)


def learn(
    model: MotionEncoder,
    head: nn.Module,
    loss_of: Callable[[np.random.Generator], Tensor],
    out: Path,
    minutes: float,
    *,
    seed: int,
    learning_rate: float,
    progress: Progress | None = None,
) -> None:
    """Teach an encoder for some time and write it; continues from `out`'s .resume file.

    Args:
        model: learns; its batch norms keep their statistics after FREEZE_SHARE of the time.
        head: learns with it, and is not written.
        loss_of: loss of the batch that a generator draws.
        out: path of the weights.
        minutes: of processor time.
        seed: of the batches.
        learning_rate: at its peak.
        progress: notified of the time that is over.
    """
    progress = progress or Silent()
    parameters = [*model.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=1e-4)
    resume = out.with_suffix(".resume")
    step, spent_s = _restore(resume, model, head, optimizer)
    total_s = 60 * minutes
    saved = begun = time.process_time() - spent_s
    while (elapsed_s := time.process_time() - begun) < total_s:
        model.train(elapsed_s < FREEZE_SHARE * total_s)
        loss = loss_of(np.random.default_rng((seed, step)))
        optimizer.param_groups[0]["lr"] = learning_rate * _schedule(elapsed_s / total_s)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        step += 1
        progress.update(f"motion encoder, loss {loss.item():.3f}", elapsed_s, total_s)
        if time.process_time() - saved > 60:
            saved = time.process_time()
            _keep(resume, model, head, optimizer, step, elapsed_s)
            write_weights(model, out)
    write_weights(model, out)
    resume.unlink(missing_ok=True)


def write_weights(model: MotionEncoder, out: Path) -> None:
    """Write the encoder alone, half precision, atomically.

    Args:
        model: trained.
        out: path of the safetensors file.
    """
    state = {k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    save_tensors(state, out, {"kind": "dyvim-motion-encoder", "version": "1"})


def _schedule(share: float) -> float:
    return min(1.0, share / 0.02) * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))


def _clips(folder: Path | None, held_out: Sequence[str], length: int = SEQUENCE) -> list[np.ndarray]:
    """The clips of a folder that have so many frames."""
    if folder is None:
        return []
    paths = sorted(p for p in folder.iterdir() if p.suffix in {".mp4", ".mkv", ".webm", ".mov", ".gif"})
    clips = [read_clip(p) for p in paths if not any(name in p.name for name in held_out)]
    return [clip for clip in clips if len(clip) >= length]


def _textures() -> list[np.ndarray]:
    """The colour photographs that scikit-image brings with it."""
    from skimage import color, data

    names = ("astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "gravel",
             "hubble_deep_field", "moon", "page", "retina", "rocket", "text")  # fmt: skip
    pictures = [getattr(data, name)() for name in names]
    return [color.gray2rgb(p) if p.ndim == 2 else p[..., :3] for p in pictures]


def _batch(
    rng: np.random.Generator, textures: Sequence[np.ndarray], clips: Sequence[np.ndarray], size: int
) -> list[FlowExample]:
    """`size` sequences of one picture shape, FILM_SHARE of them real."""
    shape = SIZES[rng.integers(len(SIZES))]
    lengths = np.array([len(c) for c in clips], float) ** 0.5  # long clips more often, not all the time
    samples = []
    for _ in range(size):
        if clips and rng.random() < FILM_SHARE:
            clip = clips[rng.choice(len(clips), p=lengths / lengths.sum())]
            samples.append(clip_sequence(rng, clip, SEQUENCE, shape))
        else:
            samples.append(texture_sequence(rng, textures, SEQUENCE, shape))
    return samples


def _loss(model: MotionEncoder, head: nn.Module, samples: list[FlowExample]) -> Tensor:
    frames = torch.from_numpy(np.stack([s.frames for s in samples])).permute(0, 1, 4, 2, 3) / 255
    flow = torch.from_numpy(np.concatenate([s.flow for s in samples]))  # [B, 2, 2, H, W]
    trust = torch.from_numpy(np.concatenate([s.trust for s in samples]))
    flow = F.avg_pool2d(flow.flatten(1, 2), STRIDE).unflatten(1, (2, 2)) / STRIDE  # cells
    trust = F.avg_pool2d(trust, STRIDE)  # [B, 2, h, w]
    features = model.features(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
    triplet = (features[:, i : SEQUENCE - 2 + i].flatten(0, 1) for i in range(3))
    flows, pooled = model(*triplet)
    learned = flows[:0:-1]  # last first; the first guess has nothing to learn
    terms = [ITERATION_DECAY**i * _flow_loss(f, flow, trust) for i, f in enumerate(learned)]
    statistics = F.smooth_l1_loss(head(pooled), flow_statistics(flow, trust))
    magnitude = _magnitude_loss(flows[-1], flow, trust)
    return sum(terms) + MAGNITUDE_SHARE * magnitude + STATISTICS_SHARE * statistics


def _flow_loss(guess: Tensor, truth: Tensor, trust: Tensor) -> Tensor:
    """Robust end-point error in px; slow motion counts for more than its pixels, fast for less."""
    error = ((guess - truth).pow(2).sum(2) * STRIDE**2 + 1e-4).sqrt()
    weight = trust / (0.3 + STRIDE * truth.norm(dim=2)).sqrt()
    return (error * weight).mean()


def _magnitude_loss(guess: Tensor, truth: Tensor, trust: Tensor) -> Tensor:
    """Log of the mean magnitude where anything moves: ranks frames, from a trembling leaf to a whip pan.

    Without it the encoder learns to doubt what is faint and calls it still.
    """
    a, b = (_mean_px(flow, trust) for flow in (guess, truth))
    off = ((a + FAINT_PX).log() - (b + FAINT_PX).log()).abs()
    return (off * (b > 0.5 * FAINT_PX)).mean()


def _mean_px(flow: Tensor, trust: Tensor) -> Tensor:
    """[B, 2, 2, h, w] cells -> [B, 2] mean trusted magnitude in px."""
    magnitude = STRIDE * (flow.pow(2).sum(2) + 1e-8).sqrt()
    return (magnitude * trust).sum((-1, -2)) / (trust.sum((-1, -2)) + 1e-3)


def flow_statistics(flow: Tensor, trust: Tensor) -> Tensor:
    """Take what z_d must know of the flow to both sides.

    Log magnitudes to both sides, onset (their difference), spread, mean x and y, divergence, rotation (all to
    the following frame) and the histogram of directions.

    Args:
        flow: [B, 2, 2, h, w]: to the previous and to the following frame; x and y.
        trust: [B, 2, h, w] 0..1, how far it is to be believed.

    Returns:
        [B, N_STATISTICS], each of order one.
    """
    magnitude = _mean_px(flow, trust).add(0.03).log()  # [B, 2]
    ahead = flow[:, 1] * trust[:, 1:2]
    speed = ahead.norm(dim=1)
    dx = ahead[..., 1:] - ahead[..., :-1]  # [B, 2, h, w - 1]
    dy = ahead[..., 1:, :] - ahead[..., :-1, :]
    divergence = dx[:, 0].mean((-1, -2)) + dy[:, 1].mean((-1, -2))
    rotation = dx[:, 1].mean((-1, -2)) - dy[:, 0].mean((-1, -2))
    spread = (STRIDE * speed.std((-1, -2)) + 0.03).log()
    mean = (4 * ahead.mean((-1, -2))).tanh()  # [B, 2]
    bins = ((torch.atan2(ahead[:, 1], ahead[:, 0]) / (2 * math.pi) + 0.5) * DIRECTIONS).long() % DIRECTIONS
    histogram = F.one_hot(bins, DIRECTIONS).mul(speed[..., None]).sum((1, 2))
    histogram = 2 * histogram / (histogram.sum(1, keepdim=True) + 0.5)
    single = [magnitude[:, 1] - magnitude[:, 0], spread, (20 * divergence).tanh(), (20 * rotation).tanh()]
    return torch.cat([magnitude, torch.stack(single, 1), mean, histogram], dim=1)


def _keep(
    path: Path, model: nn.Module, head: nn.Module, optimizer: torch.optim.Optimizer, step: int, spent_s: float
) -> None:
    """Weights, Adam's moments and the clock, in one safetensors file."""
    state = {f"model.{k}": v for k, v in model.state_dict().items()}
    state |= {f"head.{k}": v for k, v in head.state_dict().items()}
    for i, moments in optimizer.state_dict()["state"].items():
        state |= {f"optimizer.{i}.{k}": torch.as_tensor(v) for k, v in moments.items()}
    state["clock"] = torch.tensor([step, spent_s], dtype=torch.float64)
    save_tensors(state, path, {})


def _restore(
    path: Path, model: nn.Module, head: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[int, float]:
    """(steps done, seconds spent) of a run that was stopped, its state put back; (0, 0) if none."""
    if not path.exists():
        return 0, 0.0
    state = load_file(path)
    step, spent_s = state.pop("clock").tolist()
    moments: dict[int, dict[str, Any]] = {}
    for module, prefix in ((model, "model."), (head, "head.")):
        module.load_state_dict({k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)})
    for name, value in state.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".", 2)
            moments.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict(optimizer.state_dict() | {"state": moments})
    return int(step), spent_s
