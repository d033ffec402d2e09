"""Find ffmpeg programs and their versions."""

import os
import re
import shutil
import subprocess
from functools import lru_cache

from dyvim_cli.errors import EnvironmentFault

OLDEST = (57, 28)  # libavutil's version in ffmpeg 5.1; builds from git have no other number
OLDEST_NAME = "5.1"
ON_TIME = (58, 0)  # libavutil's in 6.0: since then sound begins right in matroska and webm, read and written
ANSWER_LIMIT_S = 30.0  # time limit of asking a program for its version


def find_ffmpeg() -> str:
    """Path of the ffmpeg to use: $DYVIM_FFMPEG, else the system's, else imageio-ffmpeg's.

    Raises EnvironmentFault when there is none, or when it does not run or is older than 5.1.

    Returns:
        Path of the program.
    """
    program = _find(os.environ.get("DYVIM_FFMPEG"), os.environ.get("PATH"))
    _check_age(program)
    return program


def newer_ffmpeg() -> str | None:
    """Find imageio-ffmpeg's program where it is newer than the one in use: it can what that cannot.

    Returns:
        Its path; None where it is not.
    """
    bundled = bundled_ffmpeg()
    return bundled if bundled and libavutil(bundled) > libavutil(find_ffmpeg()) else None


def bundled_ffmpeg() -> str | None:
    """Find imageio-ffmpeg's program.

    Returns:
        Its path; None where its wheel brought none.
    """
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        return None


def is_on_time(program: str) -> bool:
    """Check whether a program skips a coder's priming in matroska and webm.

    Args:
        program: path of an ffmpeg.

    Returns:
        True from libavutil's version ON_TIME on.
    """
    return libavutil(program) >= ON_TIME


def ffmpeg_version(program: str | None = None) -> str:
    """Ask a program for its name.

    Args:
        program: path of an ffmpeg; None = the one in use.

    Returns:
        Such as "ffmpeg 5.1.9-0+deb12u1".

    Raises:
        EnvironmentFault: it does not run.
    """
    words = _answer(program or find_ffmpeg(), "-version").split()
    return " ".join(("ffmpeg", words[2]))


def encoders() -> set[str]:
    """List the encoders that ffmpeg has.

    Returns:
        Their names.

    Raises:
        EnvironmentFault: it does not run.
    """
    lines = _answer(find_ffmpeg(), "-encoders").split("------", 1)[-1].splitlines()
    return {words[1] for line in lines if len(words := line.split()) > 1}


def libavutil(program: str) -> tuple[int, int]:
    """Ask a program for the version by which features are known.

    Args:
        program: path of an ffmpeg.

    Returns:
        (major, minor).

    Raises:
        EnvironmentFault: the program is no ffmpeg.
    """
    found = re.search(r"libavutil\s+(\d+)\.\s*(\d+)", _answer(program, "-version"))
    if not found:
        raise EnvironmentFault(f"{program} does not answer as ffmpeg does", _way_out(program))
    return int(found[1]), int(found[2])


@lru_cache(maxsize=4)
def _find(override: str | None, search_path: str | None) -> str:
    if override:
        found = shutil.which(override)
        if not found:
            raise EnvironmentFault(
                f"DYVIM_FFMPEG points to {override}, which cannot be run",
                "unset DYVIM_FFMPEG, or set it to the full path of an ffmpeg program",
            )
        return found
    program = shutil.which("ffmpeg", path=search_path) or bundled_ffmpeg()
    if not program:
        raise EnvironmentFault("no ffmpeg was found", "pip install imageio-ffmpeg")
    return program


@lru_cache(maxsize=4)
def _check_age(program: str) -> None:
    """Raise EnvironmentFault for an ffmpeg that is too old."""
    if libavutil(program) < OLDEST:
        reason = f"{ffmpeg_version(program)} at {program} is older than {OLDEST_NAME}"
        raise EnvironmentFault(reason, _way_out(program))


def _way_out(program: str) -> str:
    """Instructions for installing another ffmpeg."""
    bundled = bundled_ffmpeg()
    if not bundled or os.path.samefile(bundled, program):
        return f"set DYVIM_FFMPEG to the full path of an ffmpeg {OLDEST_NAME} or later"
    is_named = bool(os.environ.get("DYVIM_FFMPEG")) and not shutil.which("ffmpeg")
    return "unset DYVIM_FFMPEG" if is_named else f"export DYVIM_FFMPEG={bundled}"


@lru_cache(maxsize=16)
def _answer(program: str, *question: str) -> str:
    """Version text of ffmpeg. Raises EnvironmentFault when it does not run."""
    try:
        answer = subprocess.run(
            [program, "-hide_banner", *question],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=ANSWER_LIMIT_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentFault(f"{program} does not run as ffmpeg", _way_out(program)) from error
    return answer.stdout.decode("utf-8", "replace")
