"""The marker: a named moment or stretch of a film, whatever file it comes from."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dyvim_cli.media.film_clock import FilmClock

JOINED = " + "  # text between the names of markers that share a frame
SECTION, CUT, HIT, MISSED = "Green", "Blue", "Red", "Yellow"  # colours that every editor knows by name


@dataclass(frozen=True)
class Marker:
    """A moment of a film with a name; times in seconds from its first picture."""

    time_s: float
    name: str
    duration_s: float = 0.0  # 0: a moment
    note: str = ""
    color: str = ""  # an English colour, empty: the editor's own


def merged_by_frame(markers: Iterable[Marker], clock: FilmClock) -> list[Marker]:
    """Merge markers of one frame: editors drop all but one of coinciding markers.

    Names are joined by JOINED, notes by semicolons; the longest duration and the first colour stay.

    Args:
        markers: in any order.
        clock: of the film.

    Returns:
        One marker a frame, in order.
    """
    by_frame: dict[int, Marker] = {}
    for marker in sorted(markers, key=lambda marker: marker.time_s):
        frame = clock.frame(marker.time_s)
        there = by_frame.get(frame)
        by_frame[frame] = marker if there is None else _joined(there, marker)
    return list(by_frame.values())


def _joined(first: Marker, second: Marker) -> Marker:
    names = dict.fromkeys([*first.name.split(JOINED), *second.name.split(JOINED)])
    notes = dict.fromkeys(note for note in (first.note, second.note) if note)
    longest_s = max(first.duration_s, second.duration_s)
    return replace(first, name=JOINED.join(names), note="; ".join(notes), duration_s=longest_s)
