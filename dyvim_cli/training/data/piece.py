"""One training piece: score tokens, event curves and place in the form."""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.types import SECTION_ROLES

# Event curves, one value a grid step, each 0..1. In training they come from the music itself, at
# inference from the film (model/conditioning/decoder_inputs.py computes the derived ones from the first three
# in both cases, so that they cannot differ).
BASE_CURVES = ("hit", "cut", "energy")
# hit: weight of an accent (film: impact, cut) at this step, else 0
# cut: 1 where a section, scene or strong boundary begins, else 0
# energy: activity, rank-normalised over the piece, smooth (about a beat)

ROLES = SECTION_ROLES
UNKNOWN_ROLE = -1


@dataclass(frozen=True)
class PieceSection:
    """A stretch of a piece that is one idea: steps [start, end)."""

    start: int
    end: int
    role: int = UNKNOWN_ROLE  # index into ROLES
    label: int = -1  # equal labels = same theme; -1 unknown
    valence: float = 0.0  # -1..1
    arousal: float = 0.0  # -1..1


@dataclass(frozen=True)
class Piece:
    """One piece (or excerpt of whole bars, four-four, starting on a downbeat)."""

    name: str  # source/piece, the unit of the train / held-out split
    source: str  # openewld, lieder, freedoom, groove, arranged
    tokens: np.ndarray  # [K, S] int16, see music/symbols/tokens.py; S a multiple of 16
    curves: np.ndarray  # [S, 3] float32, BASE_CURVES
    sections: tuple[PieceSection, ...]  # cover 0..S without gaps; one of role -1 when unknown
    is_minor: bool
    bpm: float
    style: int  # index into types.STYLES, -1 unknown
    starts_piece: bool = True  # step 0 is the beginning of the music
    ends_piece: bool = True  # step S is the end of the music
