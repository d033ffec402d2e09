"""Read and narrow the zones of a soundfont's instruments."""

from dataclasses import replace

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.soundfont import Zone

ALL = (0, 127)  # range of every key or velocity


def text(name: bytes) -> str:
    """Read a name in a font.

    Args:
        name: padded with zeros.

    Returns:
        Text.
    """
    return name.rstrip(b"\0").decode("latin-1")


def value_range(zone: Zone, generator: int) -> tuple[int, int]:
    """Read a range of keys or velocities.

    Args:
        zone: of an instrument.
        generator: of the range.

    Returns:
        Lowest and highest.
    """
    amount = zone.generators.get(generator)
    return ALL if amount is None else (amount & 0xFF, amount >> 8)


def narrowed(zone: Zone, keys: tuple[int, int], velocities: tuple[int, int]) -> Zone:
    """Narrow a zone's ranges.

    Args:
        zone: of an instrument.
        keys: lowest and highest.
        velocities: lowest and highest.

    Returns:
        The part of the zone within both; none of it sounds where its lowest is above its highest.
    """
    (key, highest_key), (low, high) = (
        value_range(zone, each) for each in (gen.KEY_RANGE, gen.VELOCITY_RANGE)
    )
    key, highest_key = max(key, keys[0]), min(highest_key, keys[1])
    low, high = max(low, velocities[0]), min(high, velocities[1])
    ranges = {gen.KEY_RANGE: key | highest_key << 8, gen.VELOCITY_RANGE: low | high << 8}
    return replace(zone, generators=zone.generators | ranges)
