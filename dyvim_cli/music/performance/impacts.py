"""Plan impacts under the heaviest accents, and risers that lead into those that come after a while."""

from collections.abc import Sequence

import numpy as np

from dyvim_cli.music.form.accents import HEAVY, TOP_LEVEL
from dyvim_cli.music.performance.humanize import Feel
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, Hit, Note, Stem

BLOW, RISE = 118, 119  # General MIDI's synth drum and reverse cymbal, for other players of the MIDI file
APART_STEPS = 2 * STEPS_PER_BAR  # least distance between two impacts
AWAITED_S = 5.0  # a blow after a calm of this length rings on and falls; a riser leads into it
RINGS_S, RINGS_LONG_S = 1.4, 3.0
LOWEST_KEY = 33  # the deep tone is the harmony's, in the octave from here: heard on small speakers too
RISER_KEY = 60
RISER_STEPS = (4 * STEPS_PER_BEAT, 2 * STEPS_PER_BEAT)  # its length, the longest that fits
LONGEST_RISER_S, RISER_SHARE = 4.0, 0.5  # longest riser, in seconds and as a share of the calm before it
VELOCITIES = (86, 122)  # velocities of the lightest event that counts as heavy, and of the heaviest
LESSER = 16  # velocity reduction of a blow without such a calm
SOFTER = 24  # velocity of a riser below its blow's


def plan_impacts(feel: Feel, stems: Sequence[Stem], hits: Sequence[Hit]) -> list[Stem]:
    """The stems "impact" and "riser" of a performance, in a style that has them.

    Args:
        feel: timing and levels of the performance.
        stems: what the others play: the deep tone is of the lowest note that sounds there.
        hits: the film's events on the grid; their weight is a blow's strength.

    Returns:
        The two stems, which may be without notes.
    """
    weights = {hit.step: hit.weight for hit in hits}
    blows, risers, before_s = [], [], 0.0
    for step in _heaviest(feel):
        at_s = max(feel.first_s, float(feel.times_s[step]))
        lowest = _lowest(stems, at_s)
        is_awaited = at_s - before_s >= AWAITED_S
        velocity = _velocity(weights.get(step, HEAVY)) - (0 if is_awaited else LESSER)
        end_s = min(at_s + (RINGS_LONG_S if is_awaited else RINGS_S), feel.duration_s)
        blows.append(Note(at_s, max(end_s, at_s + 0.05), LOWEST_KEY + (lowest - LOWEST_KEY) % 12, velocity))
        if is_awaited and (start_s := _rises_from(feel, step, at_s, before_s)) is not None:
            risers.append(Note(start_s, at_s, RISER_KEY + lowest % 12, max(1, velocity - SOFTER)))
        before_s = at_s
    return [Stem("impact", BLOW, False, tuple(blows)), Stem("riser", RISE, False, tuple(risers))]


def _heaviest(feel: Feel) -> list[int]:
    """Steps of the heaviest accents, none within APART_STEPS after another."""
    found: list[int] = []
    for step in np.flatnonzero(feel.levels >= TOP_LEVEL).tolist():
        if not found or step - found[-1] >= APART_STEPS:
            found.append(step)
    return found


def _velocity(weight: float) -> int:
    low, high = VELOCITIES
    return round(low + (high - low) * float(np.clip((weight - HEAVY) / (1 - HEAVY), 0, 1)))


def _lowest(stems: Sequence[Stem], at_s: float) -> int:
    """The lowest pitch that sounds at a time; LOWEST_KEY in silence."""
    sounding = (
        note.pitch
        for stem in stems
        if not stem.is_drums
        for note in stem.notes
        if note.start_s <= at_s + 0.01 < note.end_s
    )
    return min(sounding, default=LOWEST_KEY)


def _rises_from(feel: Feel, step: int, at_s: float, before_s: float) -> float | None:
    """Start of the riser into a step; None where there is no room for one."""
    longest_s = min(LONGEST_RISER_S, RISER_SHARE * (at_s - before_s))
    for n_steps in RISER_STEPS:
        start_s = float(feel.times_s[step - n_steps]) if step >= n_steps else -1.0
        if start_s >= feel.first_s and at_s - start_s <= longest_s:
            return start_s
    return None
