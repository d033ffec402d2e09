"""Plan the chord of every step from the style's progressions."""

from collections.abc import Collection

import numpy as np

from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.idioms.progressions import LEADING, roman
from dyvim_cli.music.symbols.tokens import chord_pitch_classes
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

HALF_BAR_STEPS = STEPS_PER_BAR // 2
EVENT_WEIGHT = 0.6  # lighter events move no chord


def plan_chords(
    rng: np.random.Generator,
    sections: tuple[Section, ...],
    phrase_starts: np.ndarray,
    hits: np.ndarray,
    style: str,
    is_minor: bool,
) -> np.ndarray:
    """Plan the chord of every step: a progression for each theme, the same whenever it returns.

    Phrases tend to close on a chord that leads on; every section begins with a new chord; a chord
    change near a heavy event moves onto it.

    Args:
        rng: draws the progressions.
        sections: of the piece, covering all S steps.
        phrase_starts: [P] steps at which phrases begin.
        hits: [S] weights of events.
        style: name of a style.
        is_minor: mode of the key.

    Returns:
        [S] int16 chord tokens.
    """
    chords = np.zeros(sections[-1].end, dtype=np.int16)
    loops: dict[int, np.ndarray] = {}
    for section in sections:
        if section.label not in loops:
            band = section.style or style
            loops[section.label] = _new_loop(rng, band, is_minor, section, loops.values())
        loop = np.resize(loops[section.label], section.end - section.first_bar)
        chords[section.start : section.end] = loop[section.start - section.first_bar :]
    _close_phrases(rng, chords, phrase_starts, style, is_minor)
    _move_to_events(chords, hits)
    for section in sections[1:]:
        _tell_apart(rng, chords, section.start, is_minor)
    return chords


def write_cadence(
    rng: np.random.Generator, chords: np.ndarray, final_step: int, style: str, is_minor: bool
) -> None:
    """Close the chords in place: leading chords within the last two bars, the tonic from final_step on.

    Args:
        rng: draws the cadence.
        chords: [S] chord tokens.
        final_step: where the last chord begins.
        style: name of a style.
        is_minor: mode of the key.
    """
    pool = RECORDS[style].cadences[_mode(is_minor)]
    *before, tonic = str(rng.choice(pool)).split()
    chords[final_step:] = roman(tonic)
    length = STEPS_PER_BAR if final_step >= 4 * STEPS_PER_BAR and rng.random() < 0.5 else HALF_BAR_STEPS
    end = final_step
    for numeral in before[::-1]:
        if end < length:
            break
        chords[end - length : end] = roman(numeral)
        end -= length


def lead_round(rng: np.random.Generator, chords: np.ndarray, is_minor: bool) -> None:
    """Lead the chords back to their beginning, in place.

    The last half bar leads to the first chord if that is the tonic, and is another chord than the first one
    in any case.

    Args:
        rng: draws the chord.
        chords: [S] chord tokens.
        is_minor: mode of the key.
    """
    opens_on_tonic = chord_pitch_classes(chords[0])[:1] == (0,)
    if opens_on_tonic or chords[-1] == chords[0]:
        leading = [roman(numeral) for numeral in LEADING[_mode(is_minor)]]
        chords[-HALF_BAR_STEPS:] = rng.choice([token for token in leading if token != chords[0]])


def _mode(is_minor: bool) -> str:
    return "minor" if is_minor else "major"


def _new_loop(
    rng: np.random.Generator, style: str, is_minor: bool, section: Section, known: Collection[np.ndarray]
) -> np.ndarray:
    """A loop of other chords than the themes known so far, if a few draws find one."""
    for _ in range(8):
        loop = _draw_loop(rng, style, is_minor, section)
        if not any(np.array_equal(np.unique(loop), np.unique(other)) for other in known):
            break
    return loop


def _draw_loop(rng: np.random.Generator, style: str, is_minor: bool, section: Section) -> np.ndarray:
    """One pass of a progression, a token per step: the brighter the section, the earlier in the pool."""
    pool = RECORDS[style].progressions[_mode(is_minor)]
    place = np.clip(0.5 - 0.35 * section.valence + rng.normal(0, 0.3), 0, 0.999)
    numerals = pool[int(place * len(pool))].split()
    pace = int(np.clip(1.5 + 1.5 * section.arousal + rng.normal(0, 0.4), 0, 2))
    length = RECORDS[style].harmonic_rhythm[pace]
    if length * len(numerals) < 2 * STEPS_PER_BAR:
        length *= 2
    return np.repeat([roman(numeral) for numeral in numerals], length)


def _close_phrases(
    rng: np.random.Generator, chords: np.ndarray, phrase_starts: np.ndarray, style: str, is_minor: bool
) -> None:
    """Before a phrase that opens on the tonic, half a bar of a chord that leads there."""
    share = RECORDS[style].half_closes
    for start in phrase_starts[1:]:
        opens_on_tonic = chord_pitch_classes(chords[start])[:1] == (0,)
        if opens_on_tonic and start >= STEPS_PER_BAR and rng.random() < share:
            chords[start - HALF_BAR_STEPS : start] = roman(rng.choice(LEADING[_mode(is_minor)]))


def _move_to_events(chords: np.ndarray, hits: np.ndarray) -> None:
    """Move chord changes within a beat before or half a bar after a heavy event onto the event."""
    for step in np.flatnonzero(hits[: len(chords)] >= EVENT_WEIGHT):
        around = slice(max(0, step - STEPS_PER_BEAT), step + HALF_BAR_STEPS + 1)
        changes = around.start + 1 + np.flatnonzero(np.diff(chords[around]))
        if not len(changes) or step == 0 or step in changes:
            continue
        change = changes[np.argmin(np.abs(changes - step))]
        if change > step:
            chords[step:change] = chords[change]
        else:
            chords[change:step] = chords[change - 1]


def _tell_apart(rng: np.random.Generator, chords: np.ndarray, border: int, is_minor: bool) -> None:
    """Replace the chord before a border by a leading chord if both sides have the same one."""
    if chords[border - 1] != chords[border]:
        return
    others = [roman(n) for n in LEADING[_mode(is_minor)]]
    root = chord_pitch_classes(chords[border])[:1]
    others = [token for token in others if chord_pitch_classes(token)[:1] != root]
    chords[max(0, border - HALF_BAR_STEPS) : border] = rng.choice(others)
