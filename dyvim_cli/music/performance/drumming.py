"""Map drum classes to the keys of a kit."""

import numpy as np

from dyvim_cli.music.idioms.kit import KIT
from dyvim_cli.music.performance.humanize import Feel
from dyvim_cli.music.symbols.tokens import drum_classes, drum_token
from dyvim_cli.stylebook.record import Palette, Part
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, Note

RING_S = {"crash": 4.0, "open_hat": 0.8}  # longest ring of a stroke
STROKE_S = 0.4
CRASH_STEPS = 2 * STEPS_PER_BAR  # fewest steps between two crashes
SOFTER = {"hat": 10, "open_hat": 8, "crash": 18}  # velocity cut of time-keeping cymbals
GHOST_SHARE = 0.45  # share of the stroke's velocity that a ghost note has: touched, far below the backbeat


def play_drums(row: np.ndarray, palette: Palette, part: Part, feel: Feel) -> tuple[Note, ...]:
    """Play the drum stream on the keys of the palette's kit.

    Args:
        row: [S] drum tokens.
        palette: the style's kit and manner.
        part: how the drums are played.
        feel: timing and levels.

    Returns:
        Notes in order of time and key.
    """
    keys, notes, n_toms = KIT | palette.drum_keys, [], 0
    ringing = ringing_crashes(row)
    for step in range(feel.n_steps):
        classes, strokes = _played(row, step, palette, feel), []
        n_toms = n_toms + 1 if "tom" in classes else 0
        for name in classes:
            name = "splash" if name == "crash" and step in ringing else name
            if not keys[name]:
                continue
            key = _key(keys[name], name, int(feel.drawn_as[step]), n_toms)
            velocity, ring_s = _velocity(row, step, name, part, feel), RING_S.get(name, STROKE_S)
            strokes += _strokes(key, feel.stroke_s(step, name), ring_s, velocity, feel)
        notes += _once(strokes)
    return tuple(sorted(notes, key=lambda note: (note.start_s, note.pitch)))


def _played(row: np.ndarray, step: int, palette: Palette, feel: Feel) -> tuple[str, ...]:
    """Drum classes that play on a step: those written, arranged where the style has a backbeat."""
    classes = _classes_at(row, step)
    if palette.backbeat and not feel.is_accented(step):
        return _by_turns(classes, step) + _kept_time(row, step)
    return classes


def ringing_crashes(row: np.ndarray) -> set[int]:
    """Steps whose crash would fall into another's ring: they are played on the short splash instead.

    A crash is a wash over all frequencies for two bars: on every cut of a fast montage it hides the groove
    under it (pulse .52 with the kick alone on four such films, .37 with crashes on top).

    Args:
        row: [S] drum tokens.

    Returns:
        The steps.
    """
    ringing, last = set(), -CRASH_STEPS
    for step in np.flatnonzero((row > 0) & (row & drum_token(["crash"]) > 0)).tolist():
        if step - last < CRASH_STEPS:
            ringing.add(step)
        else:
            last = step
    return ringing


def _key(
    choices: tuple[int | tuple[int, ...], ...], name: str, step: int, n_toms: int
) -> int | tuple[int, ...]:
    """The key, or keys together, whose turn it is: toms run down, the n-th in a row takes the n-th choice;
    time-keepers alternate by eighths, the others by bars."""
    if name == "tom":
        return choices[min(n_toms, len(choices)) - 1]
    return choices[step // (2 if name == "hat" else STEPS_PER_BAR) % len(choices)]


def _velocity(row: np.ndarray, step: int, name: str, part: Part, feel: Feel) -> int:
    """MIDI velocity of a stroke among the others of the drum stream."""
    full = feel.stroke(step, part, name) - SOFTER.get(name, 0)
    if feel.is_accented(step):
        return max(1, full)
    is_ghost = name == "snare" and _fills_in(row, step)
    return max(1, round(GHOST_SHARE * full)) if is_ghost else max(1, full)


def _once(strokes: list[Note]) -> list[Note]:
    """A step's strokes; where two classes share a key (a bass drum is kick and tom) it is played once."""
    loudest: dict[int, Note] = {}
    for stroke in sorted(strokes, key=lambda stroke: stroke.velocity):
        loudest[stroke.pitch] = stroke
    return list(loudest.values())


def _classes_at(row: np.ndarray, step: int) -> tuple[str, ...]:
    """Drum classes written on a step, none outside the piece."""
    return drum_classes(int(row[step])) if 0 <= step < len(row) and row[step] > 0 else ()


def _by_turns(classes: tuple[str, ...], step: int) -> tuple[str, ...]:
    """Kick or snare where both are asked for: the snare has its place in the bar, as the drummers keep it.

    The decoder marks lesser events with both at once; of the snare strokes of Groove's rock, pop and
    hip-hop 4 to 14 % have a kick with them, and a snare on any sixteenth is no beat to hold on to.
    """
    spared = "kick" if step % (2 * STEPS_PER_BEAT) == STEPS_PER_BEAT else "snare"
    both = {"kick", "snare"} <= set(classes) and "crash" not in classes
    return tuple(name for name in classes if name != spared) if both else classes


def _kept_time(row: np.ndarray, step: int) -> tuple[str, ...]:
    """A hat where the decoder's stroke took the place of one: its eighths continue over a lesser event."""
    stroke = _classes_at(row, step)
    goes_on = all("hat" in _classes_at(row, near) for near in (step - 2, step + 2))
    return ("hat",) if stroke and goes_on and not {"hat", "open_hat", "crash"} & set(stroke) else ()


def _fills_in(row: np.ndarray, step: int) -> bool:
    """Check whether a snare's stroke fills in between: on an odd sixteenth, and in no roll."""
    return step % 2 == 1 and "snare" not in _classes_at(row, step - 1)


def _strokes(
    keys: int | tuple[int, ...], start_s: float, ring_s: float, velocity: int, feel: Feel
) -> list[Note]:
    """One or several keys played together."""
    last_s = np.inf if feel.loops else feel.duration_s
    start_s = min(start_s, max(0.0, last_s - 0.05))
    end_s = min(start_s + ring_s, last_s)
    return [Note(start_s, end_s, key, velocity) for key in np.atleast_1d(keys).tolist()]
