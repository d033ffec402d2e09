"""What a style's drums and bass would play over a film, from its patterns (grooves.py).

A leaning that the decoder may follow (model/score/style_bias.py): nothing is said where the film has
an event or stands still.
"""

from typing import NamedTuple

import numpy as np

from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.styles.grooves import (
    BASS_BY_STYLE,
    BASS_IDIOMS,
    FILL_FROM,
    FILLS,
    GROOVES,
    ROLL,
    ROLLING,
    ROLLING_FILLS,
    density_of,
    needs,
)
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR

BUILD_LIFT = 0.3  # by so much a build-up begins below and ends above the energy it has
MAIN_GROOVE = 0.5  # how often a theme has the piece's own groove


class Ground(NamedTuple):
    """What the style would play, [S] each; UNKNOWN where it has no opinion."""

    drums: np.ndarray  # int16 drum tokens
    bass: np.ndarray  # int16: 1 = a note begins, 0 = none does
    lift: np.ndarray = np.zeros(0)  # -1..1, from below to above the usual level: a build-up's rise
    drive: np.ndarray = np.zeros(0)  # 0..1 how firmly the drums keep to it: as the film moves


def plan_ground(
    rng: np.random.Generator,
    sections: tuple[Section, ...],
    energy: np.ndarray,
    hits: np.ndarray,
    style: str,
    final_step: int,
) -> Ground:
    """Patterns for sections over energy [S] 0..1 and weights of hits [S]; a theme keeps its groove."""
    drums, bass = (np.full(len(energy), tokens.UNKNOWN, dtype=np.int16) for _ in range(2))
    lift, level = np.zeros(len(energy)), bar_means(energy)
    grooves, idioms = GROOVES[style], BASS_BY_STYLE[style]
    main, idiom = rng.integers(len(grooves)), idioms[rng.integers(len(idioms))]
    groove_of: dict[int, int] = {}  # by label
    for section, after in zip(sections, (*sections[1:], None), strict=True):
        other = rng.integers(len(grooves))
        groove = grooves[groove_of.setdefault(section.label, main if rng.random() < MAIN_GROOVE else other)]
        span = slice(section.start, section.end)
        if section.role == "build":
            lift[span] = np.linspace(-1, 1, section.end - section.start)
        first = section.start - section.first_bar
        density = {
            part: density_of(style, section.role, part, energy[span], first) + BUILD_LIFT * lift[span]
            for part in ("drums", "bass")
        }
        steps = np.arange(section.start, section.end) - section.first_bar
        drums[span] = _struck(groove, steps, density["drums"])
        bass[span] = _is_met(BASS_IDIOMS[idiom][1], steps, density["bass"])
        _turn_corner(rng, drums, section, after, style, level)
    undecided = hits > 0  # the decoder adds the event to the groove
    undecided[final_step:] = True
    drums[undecided], bass[undecided], lift[undecided] = tokens.UNKNOWN, tokens.UNKNOWN, 0.0
    return Ground(drums, bass, lift, energy)


def bar_means(energy: np.ndarray) -> np.ndarray:
    """[S] mean energy of the bar each step lies in, so that patterns change on bar lines."""
    starts = np.arange(0, len(energy), STEPS_PER_BAR)
    counts = np.diff(np.append(starts, len(energy)))
    return np.repeat(np.add.reduceat(energy, starts) / counts, counts)


def _is_met(pattern: str, steps: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """[n] bool where a pattern plays: steps [n] since the bar line that it is laid on, energy [n] met."""
    return needs(pattern)[steps % len(pattern)] <= energy


def _struck(groove: dict[str, str], steps: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """[n] int16 drum tokens of a groove, as far as the energy goes; arguments as of _is_met."""
    row = np.zeros(len(steps), dtype=np.int16)
    for name, pattern in groove.items():
        row[_is_met(pattern, steps, energy)] |= tokens.drum_token([name])
    return row


def _turn_corner(rng, drums: np.ndarray, section: Section, after: Section | None, style: str, level) -> None:
    """A fill takes the place of the groove at the end of a section that leads on; a roll in a build-up."""
    if after is None or after.role in ("break", "outro") or style == "ambient":
        return
    if section.role == "build":
        fill = {"tom" if style in ROLLING else "snare": ROLL}
    elif level[section.end - 1] >= FILL_FROM:
        fills = ROLLING_FILLS if style in ROLLING else FILLS
        fill = fills[rng.integers(len(fills))]
    else:
        return
    row = _struck(fill, np.arange(STEPS_PER_BAR), np.ones(STEPS_PER_BAR))
    n = min(STEPS_PER_BAR - int(np.flatnonzero(row)[0]), section.end - section.start)
    drums[section.end - n : section.end] = row[STEPS_PER_BAR - n :]
