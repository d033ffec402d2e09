"""Write a film with the ffmpeg in use, or with a newer one where that fails."""

from collections.abc import Callable
from pathlib import Path

from dyvim_cli.errors import InputError, OutputError, quoted
from dyvim_cli.media.checking import Checked
from dyvim_cli.media.programs import ffmpeg_version, find_ffmpeg, is_on_time, newer_ffmpeg

MISTIMED = {  # codecs that programs which are not on time begin early or late
    "opus": "Opus begins up to 13 ms early",
    "aac": "AAC begins 21 ms late",
}


def write_whole(
    write: Callable[[str], None],
    check: Callable[[], Checked],
    film_path: Path,
    *,
    mistimed: str = "",
    keeps_extras: bool = True,
) -> list[str]:
    """Write a film and check it, at most twice.

    Args:
        write: writes it with the program that it is given.
        check: finds faults of the written film.
        film_path: the film that it is made of, for the message.
        mistimed: key of MISTIMED where such sound goes into matroska or webm.
        keeps_extras: streams besides the picture could be kept.

    Returns:
        Notes: which other program was used and why, what was lost.

    Raises:
        InputError: the picture cannot be copied whole.
        OutputError: it cannot be written.
    """
    program, newer = find_ffmpeg(), newer_ffmpeg()
    reason = MISTIMED[mistimed] if mistimed and not is_on_time(program) else ""
    notes = []
    if reason and not newer:
        notes.append(f"{reason} with {ffmpeg_version()}; pip install imageio-ffmpeg brings a newer one")
    if not reason or not newer:
        reason, found = _attempt(write, check, program, newer, keeps_extras)
    if reason and newer:
        write(newer)
        found = check()
        notes.append(f"written by {ffmpeg_version(newer)}; with {ffmpeg_version()}: {reason}")
    if found.fault:
        what = f"the picture of {film_path} cannot be copied whole: {found.fault}"
        raise InputError(
            what, f"repair it: ffmpeg -i {quoted(film_path)} -c:v libx264 -crf 16 -c:a copy repaired.mkv"
        )
    return notes + [f"{name} dropped: this container does not keep it" for name in found.lost]


def _attempt(
    write: Callable[[str], None],
    check: Callable[[], Checked],
    program: str,
    newer: str | None,
    keeps_extras: bool,
) -> tuple[str, Checked]:
    """Write and check once: (reason to try a newer program, findings)."""
    try:
        write(program)
    except OutputError as error:
        if not newer:
            raise
        return error.message, Checked()
    found = check()
    lost = f"{', '.join(found.lost)} would be lost" if found.lost and keeps_extras else ""
    return found.fault or lost, found
