"""Build the decoder's inputs for every step: dynamics z~, place in the form, semantic vectors.

The same functions serve training (curves from the music) and scoring (curves from the film), so
that the two cannot differ. S grid steps, K streams, M semantic vectors.
"""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR, STYLES

N_ENERGY_BINS = 8
N_CURVES = 16 + N_ENERGY_BINS
D_MOTION = 64  # width of the motion encoder's z_d
D_DYNAMICS = N_CURVES + D_MOTION

# Per-step form conditions and how many values each takes; the last value is "unknown".
PLACE_SIZES = (STEPS_PER_BAR, 9, 7, 10, 10, 10)
(BAR_PHASE, BAR_IN_PHRASE, ROLE, BARS_TO_END, BARS_TO_SECTION_END, BARS_FROM_START) = range(6)
MOST_BARS = 8  # bars counted exactly; beyond, "far"

D_SEMANTICS = len(STYLES) + 6  # style, valence, arousal, mode, tempo, is global, mood is known


@dataclass(frozen=True)
class Conditions:
    """All inputs of the decoder for one piece, before it writes a note."""

    dynamics: np.ndarray  # [S, D_DYNAMICS] float32, z~
    place: np.ndarray  # [S, len(PLACE_SIZES)] int64
    activity: np.ndarray  # [S, 2K] float32: plays, known
    semantics: np.ndarray  # [M, D_SEMANTICS] float32; row 0 speaks of the whole piece
    section_of_step: np.ndarray  # [S] int64: row of `semantics` in force (>= 1)

    @property
    def n_steps(self) -> int:
        """S."""
        return len(self.place)


def steps_until(marks: np.ndarray) -> np.ndarray:
    """Count the steps to the next mark.

    Args:
        marks: [S] bool.

    Returns:
        [S] int, 0 on a mark; a large number where none follows.
    """
    index = np.where(marks, np.arange(len(marks)), len(marks) + 10_000)
    return np.minimum.accumulate(index[::-1])[::-1] - np.arange(len(marks))


def _mean_ahead(values: np.ndarray, n_steps: int) -> np.ndarray:
    """[S] mean of the next n_steps values (the last one is repeated past the end)."""
    padded = np.concatenate([[0.0], np.cumsum(np.pad(values, (0, n_steps), mode="edge"))])
    return (padded[n_steps:-1] - padded[: -n_steps - 1]) / n_steps


def event_curves(
    hit: np.ndarray, cut: np.ndarray, energy: np.ndarray, steps_a_sixteenth: float = 1.0
) -> np.ndarray:
    """Make curves of a film's events and energy, with look-ahead.

    The plain curves, how near the next and the last event is (look-ahead, as EMSYNC: a decoder that
    only sees the past cannot prepare a chord), where energy goes, and energy in soft bins, so that
    the linear extension can answer it in steps.

    Args:
        hit: [S] weights of hits, 0..1.
        cut: [S] weights of cuts, 0..1.
        energy: [S] 0..1.
        steps_a_sixteenth: 1 on the grid of score tokens, more where steps are shorter (audio tokens).

    Returns:
        [S, N_CURVES] float32.
    """
    unit, bar = steps_a_sixteenth, max(1, round(STEPS_PER_BAR * steps_a_sixteenth))
    until_hit, since_hit = steps_until(hit > 0) / unit, steps_until(hit[::-1] > 0)[::-1] / unit
    until_cut, since_cut = steps_until(cut > 0) / unit, steps_until(cut[::-1] > 0)[::-1] / unit
    ahead, behind = _mean_ahead(energy, bar), _mean_ahead(energy[::-1], bar)[::-1]
    soon = np.exp(-np.stack([until_hit / 3, until_hit / 12, since_hit / 3], axis=1))
    wide = np.exp(-np.stack([until_cut / 4, until_cut / 24, since_cut / 4, since_cut / 24], axis=1))
    still = energy < 0.04
    until_motion = np.minimum(steps_until(~still) / unit, 16) / 16
    flags = np.stack([hit > 0, hit > 0.6, cut > 0, still, until_motion], axis=1)
    plain = np.stack([hit, cut, energy, ahead - behind], axis=1)
    centres = np.linspace(0, 1, N_ENERGY_BINS)
    bins = np.maximum(0, 1 - np.abs(energy[:, None] - centres) * (N_ENERGY_BINS - 1))
    return np.concatenate([plain, soon, wide, flags, bins], axis=1).astype(np.float32)


def dynamics(curves: np.ndarray, motion: np.ndarray | None = None) -> np.ndarray:
    """Join event curves and motion features to z~.

    Args:
        curves: [S, N_CURVES].
        motion: [S, D_MOTION]; None = zeros.

    Returns:
        [S, D_DYNAMICS] float32.
    """
    if motion is None:
        motion = np.zeros((len(curves), D_MOTION), dtype=np.float32)
    return np.concatenate([curves, motion], axis=1).astype(np.float32)


def form_place(
    n_steps: int, sections: list[tuple[int, int, int]], to_end: bool, from_start: bool
) -> np.ndarray:
    """Describe each step's place in bar, phrase, section and piece.

    Args:
        n_steps: S.
        sections: (start step, end step, role), role -1 = unknown.
        to_end: whether the last step is the piece's own end.
        from_start: whether the first step is its own beginning.

    Returns:
        [S, n_places] int64, classes below PLACE_SIZES.
    """
    step = np.arange(n_steps)
    n_bars = -(-n_steps // STEPS_PER_BAR)
    place = np.zeros((n_steps, len(PLACE_SIZES)), dtype=np.int64)
    bar = step // STEPS_PER_BAR
    place[:, BAR_PHASE] = step % STEPS_PER_BAR
    is_known = any(role >= 0 for _, _, role in sections)
    place[:, BAR_IN_PHRASE] = _bar_in_phrase(bar, [start for start, _, _ in sections]) if is_known else 8
    place[:, BARS_TO_END] = np.minimum(n_bars - 1 - bar, MOST_BARS) if to_end else MOST_BARS + 1
    place[:, BARS_FROM_START] = np.minimum(bar, MOST_BARS) if from_start else MOST_BARS + 1
    for start, end, role in sections:
        place[start:end, ROLE] = role if role >= 0 else 6
        left = (end - 1 - step[start:end]) // STEPS_PER_BAR
        place[start:end, BARS_TO_SECTION_END] = np.minimum(left, MOST_BARS) if role >= 0 else MOST_BARS + 1
    return place


def _bar_in_phrase(bar: np.ndarray, section_starts: list[int]) -> np.ndarray:
    """[S] bars since the section began, in phrases of 8."""
    starts = np.unique(np.concatenate([[0], np.asarray(section_starts, dtype=int) // STEPS_PER_BAR]))
    return (bar - starts[np.searchsorted(starts, bar, side="right") - 1]) % 8


def section_rows(n_steps: int, sections: list[tuple[int, int, int]]) -> np.ndarray:
    """Number each step's section; row 0 of the semantic vectors is the whole piece's.

    Args:
        n_steps: S.
        sections: (start step, end step, role).

    Returns:
        [S] int64, 1 for the first section; 0 outside all.
    """
    rows = np.zeros(n_steps, dtype=np.int64)
    for row, (start, end, _) in enumerate(sections, start=1):
        rows[start:end] = row
    return rows


def semantic_vector(
    style: int, valence: float, arousal: float, is_minor: bool, bpm: float, *, is_global: bool, is_known: bool
) -> np.ndarray:
    """Describe style, mood, mode and tempo of a piece or a section.

    Args:
        style: index into STYLES, or -1 for unknown.
        valence: -1..1.
        arousal: -1..1.
        is_minor: mode of the key.
        bpm: tempo.
        is_global: whether it speaks of the whole piece.
        is_known: whether mood and mode are known at all.

    Returns:
        [D_SEMANTICS] float32.
    """
    vector = np.zeros(D_SEMANTICS, dtype=np.float32)
    n = len(STYLES)
    if style >= 0:
        vector[style] = 1.0
    mode = -1.0 if is_minor else 1.0
    vector[n:] = (valence, arousal, mode, (bpm - 110) / 50, float(is_global), float(is_known))
    return vector


def stream_activity(token_rows: np.ndarray, sections: list[tuple[int, int, int]]) -> np.ndarray:
    """Find which streams play in each section.

    Args:
        token_rows: [K, S] tokens.
        sections: (start step, end step, role).

    Returns:
        [S, 2K] float32: whether each stream begins anything in its section, then whether we know.
    """
    n_steps = token_rows.shape[1]
    activity = np.zeros((n_steps, 2 * tokens.K), dtype=np.float32)
    for start, end, _ in sections:
        for k, stream in enumerate(tokens.STREAMS):
            row = token_rows[k, start:end]
            known = (row != tokens.UNKNOWN).any()
            first = tokens.FIRST_PITCH if stream.name in tokens.PITCHED else 1
            activity[start:end, k] = float((row >= first).any())
            activity[start:end, tokens.K + k] = float(known)
    return activity


def memory_mask(section_of_step: np.ndarray, n_semantics: int) -> np.ndarray:
    """Let a step see the whole piece's vector, its own section's and the next one's.

    Args:
        section_of_step: [S] int, row of the semantic vectors.
        n_semantics: M.

    Returns:
        [S, M] bool.
    """
    columns = np.arange(n_semantics)[None]
    own = section_of_step[:, None]
    return (columns == 0) | (columns == own) | (columns == own + 1)
