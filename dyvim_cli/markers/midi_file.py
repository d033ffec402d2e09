"""Read and write markers of Standard MIDI Files: what any music program takes."""

from pathlib import Path
from typing import Any

from dyvim_cli.errors import InputError
from dyvim_cli.markers.marker import Marker
from dyvim_cli.media.film_clock import FilmClock

TICKS_PER_BEAT = 960
BPM = 120  # tempo of a file that holds markers alone: half a millisecond a tick


def read_midi(path: Path) -> list[Marker]:
    """Read the markers of all tracks by the file's tempo map; film and file begin together.

    Args:
        path: of the file.

    Returns:
        Markers in order of time.

    Raises:
        InputError: it cannot be read.
    """
    import symusic

    try:
        file: Any = symusic.Score(str(path))  # its stub lacks the attributes of the compiled class
        score = file.to("second")
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{path} is no MIDI file that can be read ({error})") from error
    return sorted(
        (Marker(float(mark.time), mark.text.strip()) for mark in score.markers), key=lambda mark: mark.time_s
    )


def write_midi(markers: list[Marker], clock: FilmClock, path: Path) -> None:
    """Write a MIDI file of markers and a steady tempo; the score's own MIDI (--midi) has the true one.

    Args:
        markers: in any order.
        clock: of the film.
        path: of the file.
    """
    import symusic

    score: Any = symusic.Score(TICKS_PER_BEAT)  # as above
    score.tempos.append(symusic.Tempo(0, BPM))
    for marker in sorted(markers, key=lambda marker: marker.time_s):
        tick = round(marker.time_s * BPM / 60 * TICKS_PER_BEAT)
        score.markers.append(symusic.TextMeta(tick, marker.name))
    path.write_bytes(score.dumps_midi())  # symusic itself says nothing of a full disk
