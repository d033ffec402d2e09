"""Parse the options that reassign instruments: --orchestrate, --mute, --instrument, --reroll."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dyvim_cli.cli.options.parsing import parse_style
from dyvim_cli.errors import UsageError, closest, one_of

if TYPE_CHECKING:
    from dyvim_cli.options import ComposeOptions

PARTS = ("melody", "bass", "drums", "pad", "arp", "accent", "impact", "riser")
SYNTHESISED = ("impact", "riser")  # parts that no instrument plays
BARS = re.compile(r"(\d+)(?:-(\d+))?(?::(\d+))?")


def with_players(
    options: "ComposeOptions",
    orchestrate: str | None,
    mute: str | None,
    instruments: Sequence[str] | None,
    reroll: str | None,
) -> "ComposeOptions":
    """Set these values in the composer's options; missing ones leave the options unchanged.

    Args:
        options: of the composer.
        orchestrate: name of a style.
        mute: parts, with commas.
        instruments: 'part=instrument' each.
        reroll: bars, as '12-20' or '12-20:2'.

    Returns:
        The options.

    Raises:
        UsageError: a value makes no sense.
    """
    given: dict[str, Any] = {
        "orchestrate": parse_style(orchestrate),
        "mute": parse_mute(mute),
        "instruments": parse_instruments(instruments),
        "reroll_bars": parse_bars(reroll),
    }
    return replace(options, **{name: value for name, value in given.items() if value})


def parse_mute(text: str | None) -> tuple[str, ...]:
    """Parse names of parts.

    Args:
        text: such as 'drums,arp'; None = none.

    Returns:
        Names in small letters.

    Raises:
        UsageError: one is no part.
    """
    parts = tuple(part.strip().lower() for part in (text or "").split(",") if part.strip())
    for part in parts:
        _check_part(part)
    if set(parts) >= set(PARTS) - set(SYNTHESISED):
        raise UsageError(f"--mute {text} leaves no part that plays", "leave one of them out of the list")
    return parts


def parse_instruments(texts: Sequence[str] | None) -> tuple[tuple[str, int], ...]:
    """Parse instruments of parts.

    Args:
        texts: such as 'melody=cello', one or several with commas in each.

    Returns:
        (part, General MIDI program).

    Raises:
        UsageError: one names no part or no instrument.
    """
    from dyvim_cli.music.symbols.instruments import KITS, NAMES, USUAL, player_named

    found = []
    for text in (each for listed in texts or () for each in listed.split(",")):
        part, sign, name = (word.strip() for word in text.replace(":", "=").partition("="))
        _check_part(part.lower())
        if part.lower() in SYNTHESISED:
            reason = f"--instrument '{text}': {part} is synthesised as the music is rendered"
            raise UsageError(reason, f"leave it as it is, or out: --mute {part}")
        program = player_named(part.lower(), name) if sign else None
        if program is None:
            is_kit = part.lower() == "drums"
            meant = closest(name, KITS if is_kit else (*USUAL, *NAMES)) or ("jazz" if is_kit else "cello")
            what = "drum kit" if is_kit else "instrument"
            raise UsageError(f"--instrument '{text}' names no {what}", f"--instrument {part}={meant}")
        found.append((part.lower(), program))
    return tuple(found)


def parse_bars(text: str | None) -> tuple[int, int, int] | None:
    """Parse the bars that are to be sampled again.

    Args:
        text: such as '12-20' or '12-20:2'; None = none.

    Returns:
        (first, last, variant), counted from 1.

    Raises:
        UsageError: it names no bars.
    """
    found = BARS.fullmatch(text.strip()) if text is not None else None
    if text is not None and not found:
        raise UsageError(f"--reroll '{text}' names no bars", "for example --reroll 12-20")
    if not found:
        return None
    first, last = int(found[1]), int(found[2] or found[1])
    if not 1 <= first <= last:
        raise UsageError(f"--reroll '{text}' names no bars: they count from 1 on, upwards", "--reroll 12-20")
    return first, last, int(found[3] or 1)


def _check_part(part: str) -> None:
    if part not in PARTS:
        raise UsageError(f"'{part}' is no part of a score", one_of(part, PARTS))
