"""Choose players' gestures on a tune: slurs, scoops, slides, bends and falls, as its players make them.

Accents, cuts and hits stay plain: what is slurred has no attack, and what is scooped is in tune a moment
later. Strong beats are tongued, bowed or picked anew, as players do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from dyvim_cli.music.performance.band_names import part_of
from dyvim_cli.music.performance.humanize import ACCENT_LEVEL
from dyvim_cli.music.symbols.keys import SCALES
from dyvim_cli.music.symbols.tokens import STREAM_INDEX, UNKNOWN
from dyvim_cli.seeds import generator_of
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR, Gesture, Key, Note, Score, Stem

SINGERS = ("melody",)  # parts that make gestures: the groove of the others is what people tap to
TOGETHER_S = 0.03  # notes that begin within it are of one chord, which makes none
GUARD_S = 0.09  # an onset so near an accent or an event belongs to it
PHRASE_STEPS = 2 * STEPS_PER_BAR  # a phrase has one peak

# share of the chances to slur that a player takes, by General MIDI program
SLURS = {
    40: 0.8, 42: 0.8, 43: 0.8, 56: 0.3, 58: 0.3, 59: 0.5, 60: 0.6, 66: 0.5, 68: 0.6, 70: 0.6, 71: 0.6,
    73: 0.6, 80: 0.6, 81: 0.6, 87: 0.6,
}  # fmt: skip
GLIDERS, GLIDES, WIDEST_GLIDE = (80, 81, 87), 0.5, 7  # leads whose slurs glide, how often, semitones
LARGEST_GROUP = 4  # notes under one slur
STRONG_STEPS = STEPS_PER_BAR // 2  # distance of the steps on which a note is begun anew
WIDEST_SLUR = 5  # semitones
MOST_GAP_S = 0.03  # silence before a note that is still slurred
SHORTEST_SLURRED_S, SHORTEST_BEFORE_S = 0.1, 0.12  # length of a slurred note, and of the one before
# Bowed strings, and the length from which on they slur where nobody keeps time: there quick notes carry the
# pulse, of which slurs in eighths cost .03
BOWED, SHORTEST_BOWED_S = (40, 42, 43), 0.3

SCOOPERS, SCOOPS, SCOOPED_S = (54, 56, 59, 66, 71), 0.5, 0.3  # programs, share, length from which on
SCOOP_CENTS = (-100, -50)
SLIDERS, SLIDES, SLID_S = (24, 25, 26, 27, 29, 30), 0.45, 0.35
BENDERS, BENDS, BENT_S = (27, 29, 30), 0.8, 0.4
FALLERS, FALLS, FELL_S, FALL_CENTS = (56, 57, 59, 61), 0.5, 0.3, -300.0
FALL_REST_S = 0.25  # shortest silence that a fall ends in


@dataclass(frozen=True)
class _Place:
    """Circumstances of a tune: its player, its bars, the events of its film."""

    program: int
    is_plain: bool  # slurs alone
    keeps_beat: bool  # whether drums and bass keep time
    key: Key
    steps: np.ndarray  # [n] nearest step of each note
    is_guarded: np.ndarray  # [n] bool
    guarded_s: np.ndarray  # [g] ascending times of accents and events
    draws: np.ndarray  # [n, 2] 0..1: whether, and how far


def with_gestures(score: Score, seed: int, drawn_as: np.ndarray | None = None) -> Score:
    """Give the tune's players their gestures; the same seed gives the same ones.

    Args:
        score: as it is played; gestures that it has are forgotten.
        seed: of the piece.
        drawn_as: [S] steps of an earlier cut by which each step draws; None = each by itself.

    Returns:
        The score, its notes otherwise unchanged.
    """
    guarded_s = _guarded_s(score)
    return replace(
        score, stems=tuple(_gestured(stem, score, seed, drawn_as, guarded_s) for stem in score.stems)
    )


def _guarded_s(score: Score) -> np.ndarray:
    """Times [g] of accented steps and of the film's events, ascending."""
    grid = score.tempo_map
    level = score.tokens[STREAM_INDEX["level"]][: grid.n_steps]
    lasts = grid.played[: len(level)]
    accented = grid.step_times_s[np.flatnonzero((level >= ACCENT_LEVEL) & (level != UNKNOWN) & lasts)]
    events = [time_s for hit in grid.hits for time_s in (hit.film_time_s, hit.music_time_s)]
    return np.unique(np.concatenate([accented, events]))


def _gestured(
    stem: Stem, score: Score, seed: int, drawn_as: np.ndarray | None, guarded_s: np.ndarray
) -> Stem:
    """A stem with the gestures of its player."""
    notes = [replace(note, gesture=None) if note.gesture else note for note in stem.notes]
    if stem.is_drums or part_of(stem.name) not in SINGERS or not notes:
        return replace(stem, notes=tuple(notes))
    starts_s = np.array([note.start_s for note in notes])
    steps = _nearest(score.tempo_map.step_times_s[:-1], starts_s)
    drawn = steps if drawn_as is None else np.asarray(drawn_as)[np.minimum(steps, len(drawn_as) - 1)]
    style = _style_of(stem, score)
    random = generator_of(seed, "gestures", crc32(stem.name.encode()))
    place = _Place(
        program=stem.program,
        is_plain=RECORDS[style].slurs_alone,
        keeps_beat=RECORDS[style].keeps_beat,
        key=score.key,
        steps=steps,
        is_guarded=_is_near(starts_s, guarded_s) | _in_chords(starts_s),
        guarded_s=guarded_s,
        draws=random.random((int(drawn.max()) + 1, 2))[drawn],
    )
    return replace(stem, notes=tuple(_chosen(notes, place)))


def _style_of(stem: Stem, score: Score) -> str:
    """Style of the band that a stem is of."""
    return stem.name.removeprefix(part_of(stem.name)).removeprefix("-") or score.style


def _nearest(grid_s: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """[n] the nearest step of each time; of steps that begin together the last, which lasts."""
    middles_s = (grid_s[1:] + grid_s[:-1]) / 2
    return np.searchsorted(middles_s, times_s, side="right")


def _is_near(times_s: np.ndarray, others_s: np.ndarray) -> np.ndarray:
    """[n] bool, which times have one of the others within GUARD_S."""
    first = np.searchsorted(others_s, times_s - GUARD_S)
    return first < np.searchsorted(others_s, times_s + GUARD_S, side="right")


def _in_chords(starts_s: np.ndarray) -> np.ndarray:
    """[n] bool, which notes begin together with a neighbour."""
    together = np.diff(starts_s) < TOGETHER_S
    return np.append(together, False) | np.append(False, together)


def _chosen(notes: list[Note], place: _Place) -> list[Note]:
    """The notes, each with the first gesture that suits it."""
    found: list[Note] = []
    peaks, n_slurred = _peaks(notes, place.steps), 0
    for i, note in enumerate(notes):
        gesture = None
        if not place.is_guarded[i]:
            gesture = None if place.is_plain else _fall(notes, i, place)
            if gesture is None and n_slurred < LARGEST_GROUP - 1:
                gesture = _slur(notes, i, place)
            if gesture is None and not place.is_plain:
                gesture = _reached(note, i, place, i in peaks)
        n_slurred = n_slurred + 1 if gesture is not None and gesture.kind == "slur" else 0
        found.append(note if gesture is None else replace(note, gesture=gesture))
    return found


def _slur(notes: Sequence[Note], i: int, place: _Place) -> Gesture | None:
    """A slur to the note before, within the half of a bar."""
    share = SLURS.get(place.program, 0.0)
    if i == 0 or not place.draws[i, 0] < share or place.steps[i] % STRONG_STEPS == 0:
        return None
    before, note = notes[i - 1], notes[i]
    interval = before.pitch - note.pitch
    fits = 1 <= abs(interval) <= (WIDEST_GLIDE if place.program in GLIDERS else WIDEST_SLUR)
    is_near = note.start_s - before.end_s <= MOST_GAP_S
    shortest_s = (SHORTEST_SLURRED_S, SHORTEST_BEFORE_S)
    if place.program in BOWED and not place.keeps_beat:
        shortest_s = (SHORTEST_BOWED_S, SHORTEST_BOWED_S)
    lasts_s = (note.end_s - note.start_s, note.start_s - before.start_s)
    if not (fits and is_near and lasts_s[0] >= shortest_s[0] and lasts_s[1] >= shortest_s[1]):
        return None
    glides = place.program in GLIDERS and place.draws[i, 1] < GLIDES
    return Gesture("slur", 100.0 * interval if glides else 0.0)


def _reached(note: Note, i: int, place: _Place, is_peak: bool) -> Gesture | None:
    """A bend at a phrase's peak, a slide or a scoop into a long note."""
    (whether, how_far), long_s = place.draws[i], note.end_s - note.start_s
    if place.program in BENDERS and is_peak and long_s >= BENT_S and whether < BENDS:
        return Gesture("bend", -100.0 * _step_below(note.pitch, place.key))
    if place.program in SLIDERS and long_s >= SLID_S and whether < SLIDES:
        return Gesture("slide", -100.0 * _step_below(note.pitch, place.key))
    if place.program in SCOOPERS and long_s >= SCOOPED_S and whether < SCOOPS:
        low, high = SCOOP_CENTS
        return Gesture("scoop", round(low + (high - low) * float(how_far), 1))
    return None


def _fall(notes: Sequence[Note], i: int, place: _Place) -> Gesture | None:
    """A fall at the end of a phrase, where no accent or event comes into it; the last note rings out."""
    note = notes[i]
    if place.program not in FALLERS or i + 1 == len(notes) or not place.draws[i, 0] > 1 - FALLS:
        return None
    rests_s = notes[i + 1].start_s - note.end_s
    if note.end_s - note.start_s < FELL_S or rests_s < FALL_REST_S:
        return None
    from_s, to_s = note.end_s - FELL_S, note.end_s + FALL_REST_S / 2
    is_free = np.searchsorted(place.guarded_s, from_s) == np.searchsorted(place.guarded_s, to_s)
    return Gesture("fall", FALL_CENTS) if is_free else None


def _step_below(pitch: int, key: Key) -> int:
    """Semitones down to the scale's next degree, 1 or 2."""
    return 1 if (pitch - 1 - key.tonic) % 12 in SCALES[key.is_minor] else 2


def _peaks(notes: Sequence[Note], steps: np.ndarray) -> set[int]:
    """The longest of the highest notes of each phrase of three and more."""
    phrases: dict[int, list[int]] = {}
    for i, step in enumerate(steps.tolist()):
        phrases.setdefault(step // PHRASE_STEPS, []).append(i)

    def height(i: int) -> tuple[int, float]:
        return notes[i].pitch, notes[i].end_s - notes[i].start_s

    return {max(phrase, key=height) for phrase in phrases.values() if len(phrase) > 2}
