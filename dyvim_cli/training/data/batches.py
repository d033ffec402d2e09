"""Draw training batches from pieces: crops, conditions, and curves degraded as alpha asks.

alpha is learned, not assumed: a crop drawn with alpha < 1 sees curves in which a share 1 - alpha of
the events has been moved elsewhere and of the energy exchanged, so that the best a decoder can do
with a term of that strength is to follow it that much. alpha = 0 hides the curves altogether.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from dyvim_cli.model.conditioning import decoder_inputs
from dyvim_cli.music.symbols import tokens
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.types import STEPS_PER_BAR

SOURCE_WEIGHTS = {"arranged": 0.62, "lieder": 0.12, "openewld": 0.1, "freedoom": 0.1, "groove": 0.06}
FREE_PREFIX = "free/"  # arranged music that answers to no curve: what alpha = 0 sounds like


@dataclass(frozen=True)
class Batch:
    """B crops of S steps, ready for the decoder (torch, CPU)."""

    tokens: torch.Tensor  # [B, K, S] int64, UNKNOWN where masked
    dynamics: torch.Tensor  # [B, S, D]
    alpha: torch.Tensor  # [B]
    place: torch.Tensor  # [B, S, n_places]
    activity: torch.Tensor  # [B, S, 2K]
    semantics: torch.Tensor  # [B, M, D_SEMANTICS]
    memory_mask: torch.Tensor  # [B, S, M]

    def to(self, device: torch.device) -> "Batch":
        """Move the batch to a device.

        Args:
            device: torch device.

        Returns:
            The same batch on it.
        """
        return Batch(**{name: value.to(device) for name, value in vars(self).items()})


@dataclass(frozen=True)
class ConditionedPiece:
    """A piece with its form conditions worked out once."""

    piece: Piece
    place: np.ndarray
    activity: np.ndarray
    semantics: np.ndarray
    section_of_step: np.ndarray
    motion: np.ndarray | None = None  # [S, D_MOTION] z_d of a film of the piece


def with_conditions(piece: Piece) -> ConditionedPiece:
    """Work out the form conditions of a whole piece.

    Args:
        piece: [K, S] tokens and its sections.

    Returns:
        The piece with place [S, n_places], activity [S, 2K] and a semantic vector a section, the whole first.
    """
    n_steps = piece.tokens.shape[1]
    spans = [(s.start, s.end, s.role) for s in piece.sections]
    known = any(s.role >= 0 for s in piece.sections)
    place = decoder_inputs.form_place(n_steps, spans, piece.ends_piece, piece.starts_piece)
    rows = [_semantic(piece, None, known)] + [_semantic(piece, s, known) for s in piece.sections]
    activity = decoder_inputs.stream_activity(piece.tokens, spans)
    return ConditionedPiece(
        piece, place, activity, np.stack(rows), decoder_inputs.section_rows(n_steps, spans)
    )


def _semantic(piece: Piece, section: Any, known: bool) -> np.ndarray:
    """Semantic vector of a section, or of the whole piece (section None: the mean mood)."""
    parts = piece.sections if section is None else (section,)
    valence, arousal = np.mean([s.valence for s in parts]), np.mean([s.arousal for s in parts])
    return decoder_inputs.semantic_vector(
        piece.style, valence, arousal, piece.is_minor, piece.bpm, is_global=section is None, is_known=known
    )


def draw_alpha(piece: Piece, rng: np.random.Generator) -> float:
    """Draw how far a crop may trust its curves.

    Args:
        piece: arranged pieces are trusted more often than found ones, free ones never.
        rng: one or two draws.

    Returns:
        0..1.
    """
    if piece.name.startswith(FREE_PREFIX):
        return 0.0
    follows = piece.source == "arranged"
    chance = rng.random()
    if chance < (0.0 if follows else 0.3):
        return 0.0
    return float(rng.uniform(0.05, 1.0)) if chance < (0.25 if follows else 0.45) else 1.0


def distrust(curves: np.ndarray, alpha: float, rng: np.random.Generator) -> np.ndarray:
    """Corrupt curves: events and energy move elsewhere with probability 1 - alpha.

    Args:
        curves: [S, 3] hit, cut, energy.
        alpha: 1 changes nothing, 0 moves every event and exchanges all energy.
        rng: draws what is moved, and where to.

    Returns:
        [S, 3]; the input itself at alpha 1.
    """
    if alpha >= 1:
        return curves
    hit, cut, energy = (curves[:, i].copy() for i in range(3))
    n_steps = len(hit)
    for step in np.flatnonzero((hit > 0) | (cut > 0)):
        if rng.random() > alpha:
            target = rng.integers(n_steps)
            for curve in (hit, cut):
                curve[step], curve[target] = curve[target], curve[step]
    other = np.roll(energy, rng.integers(n_steps))
    for start in range(0, n_steps, 2 * STEPS_PER_BAR):
        if rng.random() > alpha:
            energy[start : start + 2 * STEPS_PER_BAR] = other[start : start + 2 * STEPS_PER_BAR]
    return np.stack([hit, cut, energy], axis=1)


def distrust_motion(motion: np.ndarray, alpha: float, rng: np.random.Generator) -> np.ndarray:
    """Exchange a share 1 - alpha of the stretches of two bars with others of the same film.

    Args:
        motion: [S, D] z_d.
        alpha: 0..1.
        rng: draws which.

    Returns:
        [S, D].
    """
    other = np.roll(motion, rng.integers(len(motion)), axis=0)
    stretch = np.arange(len(motion)) // (2 * STEPS_PER_BAR)
    exchanged = rng.random(stretch[-1] + 1) > alpha
    return np.where(exchanged[stretch, None], other, motion)


def crop(prepared: ConditionedPiece, n_steps: int, alpha: float, rng: np.random.Generator) -> dict[str, Any]:
    """Cut a stretch out of a piece; its beginning and end are drawn more often than the middle.

    Args:
        prepared: piece with its conditions.
        n_steps: whole bars; short pieces are padded with UNKNOWN.
        alpha: share of the curves that stays true.
        rng: draws the place.

    Returns:
        Arrays [n_steps, ...] by name: tokens, dynamics, place, activity, section.
    """
    piece = prepared.piece
    total = piece.tokens.shape[1]
    last = max(0, total - n_steps)
    # beginnings and ends are rare among random crops: draw them more often
    choice = rng.random()
    start = 0 if choice < 0.25 else last if choice < 0.5 else int(rng.integers(last + 1))
    start -= start % STEPS_PER_BAR
    span = slice(start, start + n_steps)
    curves = distrust(piece.curves[span], alpha, rng)
    motion = None if prepared.motion is None else distrust_motion(prepared.motion[span], alpha, rng)
    parts = {
        "tokens": piece.tokens[:, span].T,
        "dynamics": decoder_inputs.dynamics(decoder_inputs.event_curves(*curves.T), motion),
        "place": prepared.place[span],
        "activity": prepared.activity[span],
        "section": prepared.section_of_step[span],
    }
    missing = n_steps - len(parts["section"])
    fill = {"tokens": tokens.UNKNOWN}
    return {
        name: np.pad(a, [(0, missing)] + [(0, 0)] * (a.ndim - 1), constant_values=fill.get(name, 0))
        for name, a in parts.items()
    }


def collate(crops: list[dict[str, Any]], prepared: list[ConditionedPiece], alphas: list[float]) -> Batch:
    """Stack crops; semantic vectors are padded with rows that no step sees.

    Args:
        crops: B of them, of equal length.
        prepared: [B] the pieces that they come from.
        alphas: [B] as their curves were distrusted.

    Returns:
        Batch of B.
    """
    most = max(len(p.semantics) for p in prepared)
    semantics = np.stack([np.pad(p.semantics, ((0, most - len(p.semantics)), (0, 0))) for p in prepared])
    masks = []
    for one, p in zip(crops, prepared, strict=True):
        mask = decoder_inputs.memory_mask(one["section"], most)
        mask[:, len(p.semantics) :] = False
        masks.append(mask)
    stack = {name: torch.from_numpy(np.stack([c[name] for c in crops])) for name in crops[0]}
    return Batch(
        tokens=stack["tokens"].long().transpose(1, 2).contiguous(),
        dynamics=stack["dynamics"],
        alpha=torch.tensor(alphas, dtype=torch.float32),
        place=stack["place"],
        activity=stack["activity"],
        semantics=torch.from_numpy(semantics),
        memory_mask=torch.from_numpy(np.stack(masks)),
    )


class Sampler:
    """Draws batches: a source by weight, a piece by length, a crop, an alpha."""

    def __init__(self, pieces: list[Piece], n_steps: int, batch_size: int, seed: int):
        self.rng = np.random.default_rng(seed)
        self.n_steps, self.batch_size = n_steps, batch_size
        self.by_source: dict[str, list[ConditionedPiece]] = {}
        for piece in pieces:
            self.by_source.setdefault(piece.source, []).append(with_conditions(piece))
        self.sources = sorted(self.by_source)
        weights = np.array([SOURCE_WEIGHTS.get(s, 0.1) for s in self.sources])
        self.source_weights = weights / weights.sum()
        self.piece_weights = {}
        for source, group in self.by_source.items():
            lengths = np.array([min(p.piece.tokens.shape[1], 8 * n_steps) for p in group], dtype=float)
            self.piece_weights[source] = np.sqrt(lengths) / np.sqrt(lengths).sum()

    def draw(self, alpha: float | None = None, source: str | None = None) -> Batch:
        """Draw the next batch; alpha and source, where given, are not drawn.

        Args:
            alpha: of all crops; None draws one each.
            source: that all crops come from; None draws one each by weight.

        Returns:
            The next batch, of batch_size crops of n_steps.
        """
        crops, prepared, alphas = [], [], []
        for _ in range(self.batch_size):
            name = source or self.sources[self.rng.choice(len(self.sources), p=self.source_weights)]
            group = self.by_source[name]
            one = group[self.rng.choice(len(group), p=self.piece_weights[name])]
            a = draw_alpha(one.piece, self.rng) if alpha is None else alpha
            crops.append(crop(one, self.n_steps, a, self.rng))
            prepared.append(one)
            alphas.append(a)
        return collate(crops, prepared, alphas)
