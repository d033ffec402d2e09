"""Read times as people write them: 12.5, 0:02, 1:02:03.5, 90s, 1m30s, 00:00:10:12."""

import re

PARTS = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:[.,]\d+)?)")  # hours, minutes, seconds
UNITS = re.compile(r"(?i)(?:(\d+)\s*h)?\s*(?:(\d+)\s*m(?:in)?)?\s*(?:(\d+(?:[.,]\d+)?)\s*s(?:ec)?)?")
SECONDS = re.compile(r"\d+(?:[.,]\d*)?|[.,]\d+")


def seconds_of(text: str) -> float | None:
    """Read a time without frames.

    Args:
        text: as people write it; a comma may be the decimal point.

    Returns:
        Seconds; None where it is none.

    Example:
        >>> seconds_of("1m30s")
        90.0
    """
    text = text.strip()
    if SECONDS.fullmatch(text):
        return _number(text)
    found = PARTS.fullmatch(text) or (UNITS.fullmatch(text) if text else None)
    if not found or not any(found.groups()):
        return None
    hours, minutes, seconds = (_number(part or "0") for part in found.groups())
    if found.re is PARTS and (seconds >= 60 or found[1] and minutes >= 60):
        return None
    return 3600 * hours + 60 * minutes + seconds


def _number(text: str) -> float:
    return float(text.replace(",", "."))
