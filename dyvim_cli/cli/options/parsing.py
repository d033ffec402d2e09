"""Parse option values: styles, moods, keys, times, loudness."""

import typer

from dyvim_cli.errors import UsageError, closest, one_of
from dyvim_cli.options import LOUDNESS, Loudness
from dyvim_cli.stylebook import style_named
from dyvim_cli.types import STYLES, Key

SOFTEST_LUFS, LOUDEST_LUFS = -40.0, -5.0  # range of loudness that may be requested


def parse_style(text: str | None) -> str | None:
    """Read a style, whatever its case, spaces and hyphens.

    Args:
        text: None = none.

    Returns:
        Name of the style.

    Raises:
        UsageError: there is no such style.
    """
    if text is None:
        return None
    style = style_named(text)
    if style is None:
        raise UsageError(f"unknown style '{text}'", one_of(text, STYLES))
    return style


def styles_that_begin(incomplete: str) -> list[str]:
    """List the styles that a shell may complete to.

    Args:
        incomplete: what was typed so far.

    Returns:
        Names with hyphens in place of spaces.
    """
    names = (style.replace(" ", "-") for style in STYLES)  # shells take a space for the end of a word
    return [name for name in names if name.startswith(incomplete.lower())]


def weights_that_begin(incomplete: str) -> list[str]:
    """List the weights to pull that a shell may complete to.

    Args:
        incomplete: what was typed so far.

    Returns:
        Names.
    """
    from dyvim_cli.hub.catalogue import CATALOGUE

    return [name for name in CATALOGUE if name.startswith(incomplete)]


def sounds_that_begin(incomplete: str) -> list[str]:
    """List the packs of sounds that a shell may complete to.

    Args:
        incomplete: what was typed so far.

    Returns:
        Names.
    """
    from dyvim_cli.hub.catalogue import SOUNDS

    return [name for name in SOUNDS if name.startswith(incomplete)]


def parse_time(text: str | float) -> float | str:
    """Read a time; a timecode (00:00:12:10) stays one, for the film to count.

    Args:
        text: 12.5, 0:12.5 or 1:02:03.

    Returns:
        Seconds, or the timecode.

    Raises:
        BadParameter: it is none of them.
    """
    from dyvim_cli.media.timecode import FORM
    from dyvim_cli.media.written_times import seconds_of

    written = str(text).strip()
    seconds = seconds_of(written)
    if seconds is not None:
        return seconds
    if FORM.fullmatch(written):
        return written
    raise typer.BadParameter(f"'{text}' is no time: write 12.5, 0:12.5, 1:02:03 or 00:00:12:10")


def parse_span(text: str | None) -> tuple[float, float] | None:
    """Read a part of a film.

    Args:
        text: such as '0:00-0:20'; None = none.

    Returns:
        (from, to) in seconds.

    Raises:
        UsageError: it is no part of a film.
    """
    from dyvim_cli.media.written_times import seconds_of

    if text is None:
        return None
    parts = text.replace("\N{EN DASH}", "-").split("-")
    ends = [end for end in map(seconds_of, parts) if end is not None]
    if len(parts) != 2 or len(ends) != 2 or ends[0] >= ends[1]:
        raise UsageError(f"--preview '{text}' is no part of a film", "for example --preview 0:00-0:20")
    return ends[0], ends[1]


def parse_mood(text: str | None) -> tuple[float, float] | None:
    """Read a mood.

    Args:
        text: 'V,A', each -1..1; None = none.

    Returns:
        (valence, arousal).

    Raises:
        UsageError: it is no mood.
    """
    if text is None:
        return None
    try:
        valence, arousal = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--mood '{text}' is not two numbers", "for example --mood 0.5,-0.3") from error
    if not (-1 <= valence <= 1 and -1 <= arousal <= 1):
        raise UsageError(f"--mood '{text}' is outside -1 to 1", "for example --mood 0.5,-0.3")
    return valence, arousal


def parse_key(text: str | None) -> Key | None:
    """Read a key.

    Args:
        text: such as 'C', 'F# minor' or 'Bbm'; None = none.

    Returns:
        The key.

    Raises:
        UsageError: it is no key.
    """
    from dyvim_cli.music.symbols.key_names import key_named

    key = None if text is None else key_named(text)
    if text is not None and key is None:
        raise UsageError(f"--key '{text}' is not a key", "for example --key 'F# minor' or --key Bb")
    return key


def parse_loudness(text: str | None) -> Loudness | None:
    """Read a loudness.

    Args:
        text: a standard's name ('web', 'ebu') or LUFS ('-16'); None = none.

    Returns:
        Integrated loudness and highest true peak.

    Raises:
        UsageError: it is neither.
    """
    if text is None:
        return None
    if (named := LOUDNESS.get(text.lower())) is not None:
        return named
    try:
        lufs = float(text)
    except ValueError:
        lufs = 0.0
    if not SOFTEST_LUFS <= lufs <= LOUDEST_LUFS:
        meant = f"{near}? " if (near := closest(text, LOUDNESS)) else ""
        raise UsageError(
            f"--loudness {text}: neither a standard nor LUFS from {SOFTEST_LUFS:g} to {LOUDEST_LUFS:g}",
            f"{meant}one of {', '.join(LOUDNESS)}, or a number, e.g. --loudness -16",
        )
    return Loudness(lufs)
