"""Teach the shipped motion encoder to say what the large one says, in half its time.

The score decoder learned to read the large encoder's z_d; a small encoder that learned flow by itself would
say the same motion in other numbers. It begins with the large one's weights where they fit, and sees the same
frames. Three losses: z_d, how z_d moves within a sequence (the decoder standardises it over a film), and the
flow.

Letters: S sequences of LENGTH frames; M = LENGTH - 2 frames in the middle of each, which have two neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from dyvim_cli.progress import Progress
from dyvim_cli.training.films.motion_scenes import camera_faults, excerpt, resized, texture_sequence
from dyvim_cli.training.tasks.motion import _clips, _textures, learn
from dyvim_cli.vision.motion_encoder import LEVELS, SHIPPED, TEACHER, MotionEncoder, load

LENGTH = 8  # frames of a sequence
SIZES = ((72, 128), (72, 128), (72, 128), (80, 112), (96, 96), (128, 72), (64, 144))  # (H, W), by how common
FILM_SHARE = 0.7  # share of the sequences that are taken from clips
CUT_SHARE = 0.06  # share of those in which another clip takes over
TONE_SHARE, FAULT_SHARE = 0.3, 0.15  # share of those in other light and colours; with faults of a camera
Z_SHARE, MOVES_SHARE, FLOW_SHARE = 0.5, 0.7, 0.2  # weights of the losses
FAINT = 0.01  # share of the usual variance: how z_d moves in a still sequence is not asked more exactly
N_SPREAD = 60  # batches that the spread of z_d is measured on


@dataclass(frozen=True)
class Material:
    """Clips and textures that sequences are made of."""

    clips: Sequence[np.ndarray]  # [N, H, W, 3] uint8 each
    textures: Sequence[np.ndarray]  # [H, W, 3] uint8 each

    def batch(self, rng: np.random.Generator, size: int) -> Tensor:
        """Draw sequences of one picture shape.

        Args:
            rng: draws them.
            size: S.

        Returns:
            [S, LENGTH, 3, H, W] 0..1.
        """
        shape = SIZES[rng.integers(len(SIZES))]
        frames = np.stack([self._sequence(rng, shape) for _ in range(size)])
        return torch.from_numpy(frames).permute(0, 1, 4, 2, 3).float() / 255

    def _sequence(self, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        """[LENGTH, *shape, 3] uint8 of a clip, or of textures that move."""
        if not self.clips or rng.random() > FILM_SHARE:
            return texture_sequence(rng, self.textures, LENGTH, shape).frames
        frames = self._excerpt(rng, shape)
        if rng.random() < CUT_SHARE:
            cut = int(rng.integers(2, LENGTH - 1))
            frames = np.concatenate([frames[:cut], self._excerpt(rng, shape)[cut:]])
        return frames

    def _excerpt(self, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        lengths = (
            np.array([len(c) for c in self.clips], float) ** 0.5
        )  # long clips more often, not all the time
        clip = self.clips[rng.choice(len(self.clips), p=lengths / lengths.sum())]
        frames = resized(excerpt(rng, clip, LENGTH), shape)
        if rng.random() < TONE_SHARE:
            frames = _toned(rng, frames)
        return camera_faults(rng, frames) if rng.random() < FAULT_SHARE else frames


def _toned(rng: np.random.Generator, frames: np.ndarray) -> np.ndarray:
    """The frames [L, H, W, 3] uint8 in other light, half of them with their colours exchanged."""
    light = rng.uniform(0.6, 1.3) * (frames / 255.0) ** rng.uniform(0.5, 1.4)
    colours = rng.permutation(3) if rng.random() < 0.5 else np.arange(3)
    return (255 * light.clip(0, 1)).astype(np.uint8)[..., colours]


def teach(
    teacher_path: Path,
    out: Path,
    minutes: float,
    clips_dir: Path | None = None,
    held_out: Sequence[str] = (),
    seed: int = 0,
    batch: int = 4,
    learning_rate: float = 1.5e-3,
    progress: Progress | None = None,
) -> None:
    """Teach a SHIPPED encoder for some time and write it (fp16); continues from `out`'s .resume file.

    Args:
        teacher_path: weights of a TEACHER encoder, as tasks/motion.py writes them.
        out: path of the weights.
        minutes: of processor time.
        clips_dir: folder of real clips to learn from besides textures; None = textures alone.
        held_out: files whose name holds one of these are left alone.
        seed: of the samples.
        batch: sequences an update.
        learning_rate: at its peak.
        progress: notified of the time that is over.
    """
    teacher = load(teacher_path, TEACHER)
    pupil = begun_from(teacher_path)
    material = Material(_clips(clips_dir, held_out, LENGTH), _textures())
    spread = _variance(teacher, material, batch)

    def loss_of(rng: np.random.Generator) -> Tensor:
        return loss(pupil, teacher, material.batch(rng, batch), spread)

    learn(
        pupil, nn.Identity(), loss_of, out, minutes, seed=seed, learning_rate=learning_rate, progress=progress
    )


def begun_from(teacher_path: Path) -> MotionEncoder:
    """Make a pupil that has its teacher's weights, as far as they fit.

    Args:
        teacher_path: weights of a TEACHER encoder.

    Returns:
        A SHIPPED encoder, not yet trained.
    """
    from safetensors.torch import load_file

    given = {name: value.float() for name, value in load_file(teacher_path).items()}
    pupil = MotionEncoder(SHIPPED)
    matching = torch.linspace(0, TEACHER.match - 1, SHIPPED.match).long()
    chosen = torch.cat([matching, torch.arange(TEACHER.match, len(given["encoder.conv.bias"]))])
    for name in ("encoder.conv.weight", "encoder.conv.bias"):
        given[name] = given[name][chosen]
    near = given["flow_motion.convcorr1.0.weight"]
    margin, side = TEACHER.radius - SHIPPED.radius, 2 * TEACHER.radius + 1
    inner = slice(margin, side - margin)
    windows = near.view(len(near), LEVELS, side, side)[..., inner, inner]
    given["flow_motion.convcorr1.0.weight"] = windows.reshape(len(near), -1, 1, 1)
    pupil.load_state_dict(given)
    return pupil


@torch.no_grad()
def _variance(teacher: MotionEncoder, material: Material, batch: int) -> Tensor:
    """[D] variance of the teacher's z_d."""
    batches = (material.batch(np.random.default_rng((9, i)), batch) for i in range(N_SPREAD))
    return torch.cat([said(teacher, frames)[1] for frames in batches]).var(dim=0)


def said(encoder: MotionEncoder, frames: Tensor) -> tuple[Tensor, Tensor]:
    """Ask an encoder about the middle frames of sequences.

    Args:
        encoder: of either shape.
        frames: [S, LENGTH, 3, H, W] 0..1.

    Returns:
        (flow [S * M, 2, 2, h, w] in cells, z_d [S * M, D]).
    """
    features = encoder.features(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
    length = frames.shape[1]
    flows, z = encoder(*(features[:, i : length - 2 + i].flatten(0, 1) for i in range(3)))
    return flows[-1], z


def loss(pupil: MotionEncoder, teacher: MotionEncoder, frames: Tensor, variance: Tensor) -> Tensor:
    """Compare what pupil and teacher say.

    Args:
        pupil: learns.
        teacher: is asked.
        frames: [S, LENGTH, 3, H, W] 0..1.
        variance: [D] of the teacher's z_d.

    Returns:
        Scalar.
    """
    with torch.no_grad():
        wanted_flow, wanted = said(teacher, frames)
    flow, z = said(pupil, frames)
    off = (z - wanted).square() / variance  # [S * M, D]
    of_z = (off.mean(dim=1) + 1e-4).sqrt().mean() + off.mean()
    end_point = ((flow - wanted_flow).square().sum(dim=2) + 1e-5).sqrt()
    of_flow = (
        end_point / (0.05 + wanted_flow.square().sum(dim=2)) ** 0.25
    ).mean()  # slow motion counts for more
    return Z_SHARE * of_z + MOVES_SHARE * _moves(z, wanted, variance, len(frames)) + FLOW_SHARE * of_flow


def _moves(z: Tensor, wanted: Tensor, variance: Tensor, n_sequences: int) -> Tensor:
    """Mean error of how z_d [S * M, D] moves within a sequence, as a share of how it should."""
    scaled = ((z - wanted) / variance.sqrt()).view(n_sequences, -1, z.shape[1])
    moves = (wanted / variance.sqrt()).view_as(scaled).var(dim=1).mean(dim=1)  # [S]
    off = (scaled - scaled.mean(dim=1, keepdim=True)).square().mean(dim=2)  # [S, M]
    return (off / moves[:, None].clamp(min=FAINT) + 1e-3).sqrt().mean()
