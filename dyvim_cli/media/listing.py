"""Parse ffmpeg's listing of an opened film, for facts that PyAV lacks."""

import re
from threading import Lock
from typing import Any

EXTRAS = {  # streams besides the picture: a name for people, and how ffmpeg's listing shows it
    "Dolby Vision": re.compile(r"DOVI configuration record"),
    "360 degrees": re.compile(r"Spherical Mapping"),
    "3D": re.compile(r"Stereo 3D: (?!2D)"),
}
PHONE_TAGS = "com."  # how the names begin that iPhones and Androids use: place, make, model, slow motion
PHONE_NAME = "a phone's tags"
_ONE_AT_A_TIME = Lock()  # the level of ffmpeg's log is one for the whole process


def listing(container: Any) -> str:
    """Read ffmpeg's own description of a container's streams, as `ffmpeg -i` prints it.

    Args:
        container: opened with PyAV.

    Returns:
        Lines of text.
    """
    from av import logging

    with _ONE_AT_A_TIME:
        before = logging.get_level()
        logging.set_level(logging.INFO)
        try:
            return container.dumps_format()
        finally:
            logging.set_level(before)


def extras(container: Any) -> tuple[str, ...]:
    """Find streams besides the picture that only some containers carry.

    Args:
        container: opened with PyAV.

    Returns:
        Names of EXTRAS.
    """
    text = listing(container)
    found = [name for name, pattern in EXTRAS.items() if pattern.search(text)]
    is_phones = any(tag.lower().startswith(PHONE_TAGS) for tag in container.metadata)
    return (*found, *([PHONE_NAME] if is_phones else []))
