"""Take the notes of a piece for its roll on a page, and draw them as SVG paths."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from dyvim_cli.model.compose.recording import Recording
    from dyvim_cli.types import Score

WIDTH, HEIGHT = 1000, 100  # size of a lane's canvas
MARGIN = 6  # space on the canvas above the highest note and below the lowest
MOST_NOTES = 20_000  # notes of a piece that a page shows; later ones are not drawn
DRUMS = "drums"
DRUMS_HEIGHT = 18  # height of the drums' rows at the floor of the canvas
LEAST_WIDTH = 0.8  # least width of a note on the canvas, however long the film


class Voice(TypedDict):
    """One stem of a piece."""

    part: str  # its name, such as melody or melody-jazz
    notes: list[tuple[float, float, int]]  # (start in s, end in s, MIDI pitch)


def roll_of(piece: "Score | Recording") -> list[Voice]:
    """Take the notes of a piece, as plain values.

    Args:
        piece: the music; a recording has no notes.

    Returns:
        One a stem that plays, MOST_NOTES at most in all.
    """
    notes = sorted(
        (round(note.start_s, 3), round(note.end_s, 3), note.pitch, stem.name)
        for stem in piece.stems
        for note in stem.notes
    )[:MOST_NOTES]
    parts = dict.fromkeys(stem.name for stem in piece.stems if stem.notes)
    voices = [Voice(part=part, notes=[note[:3] for note in notes if note[3] == part]) for part in parts]
    return [voice for voice in voices if voice["notes"]]


def roll_drawing(roll: Sequence[Voice], duration_s: float) -> list[dict[str, Any]]:
    """Draw each voice's notes as lying strokes; drums have the floor for themselves.

    Args:
        roll: of roll_of.
        duration_s: of the film, above 0.

    Returns:
        `part` without its band's style, `name` and `path` of each.
    """
    pitches = [note[2] for voice in roll for note in voice["notes"] if not _is_drums(voice)]
    low, high = (min(pitches), max(pitches)) if pitches else (60, 60)
    struck = [note[2] for voice in roll for note in voice["notes"] if _is_drums(voice)]
    kit = {pitch: i for i, pitch in enumerate(sorted(set(struck)))}
    floor = HEIGHT - MARGIN - (DRUMS_HEIGHT if kit else 0)

    def height(voice: Voice, pitch: int) -> float:
        if _is_drums(voice):
            return HEIGHT - 2 - (DRUMS_HEIGHT - 4) * kit[pitch] / max(1, len(kit) - 1)
        return floor - (floor - MARGIN) * (pitch - low) / max(1, high - low)

    return [
        {
            "part": voice["part"].partition("-")[0],
            "name": voice["part"],
            "path": "".join(
                f"M{WIDTH * start / duration_s:.1f} {height(voice, pitch):.1f}"
                f"h{_width(voice, start, end, duration_s):.1f}"
                for start, end, pitch in voice["notes"]
                if start < duration_s
            ),
        }
        for voice in roll
    ]


def _is_drums(voice: Voice) -> bool:
    return voice["part"].partition("-")[0] == DRUMS


def _width(voice: Voice, start_s: float, end_s: float, duration_s: float) -> float:
    """Width of a note on the canvas; drum strokes get LEAST_WIDTH."""
    if _is_drums(voice):
        return LEAST_WIDTH
    return max(LEAST_WIDTH, WIDTH * (min(end_s, duration_s) - start_s) / duration_s)
