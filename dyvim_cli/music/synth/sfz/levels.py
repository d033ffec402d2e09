"""Find how loud a region sounds, and where: volume, velocity, crossfades, panorama."""

import itertools
import math

import numpy as np

from dyvim_cli.music.synth.sfz.opcodes import CONDITION, SCOPES, STRENGTH_POINT
from dyvim_cli.music.synth.sfz.regions import Region

SILENT_DB, LOUDEST_DB = -144.0, 48.0  # bounds of a region's gain
LEFT, MONO, RIGHT = -1, 0, 1


def gain_db(region: Region, key: int, velocity: int) -> float:
    """Find a region's gain.

    Args:
        region: that sounds.
        key: MIDI number of the note.
        velocity: MIDI velocity of the note.

    Returns:
        dB, SILENT_DB..LOUDEST_DB.
    """
    volume_db = _volume_db(region, key, velocity)
    factor = _amplitude(region, key, velocity) * _strength(region, key, velocity)
    factor *= crossfade(region, key, velocity)
    if factor <= 0:
        return SILENT_DB
    return min(max(volume_db + 20 * math.log10(factor), SILENT_DB), LOUDEST_DB)


def most_db(region: Region) -> float:
    """Find what no note of a region exceeds: its gain but for velocity and crossfades.

    Args:
        region: that sounds.

    Returns:
        dB, SILENT_DB..LOUDEST_DB.
    """
    keys = (int(min(max(region.get(name), 0), 127)) for name in ("lokey", "hikey"))
    found = SILENT_DB
    for key, velocity in itertools.product(keys, (1, 127)):
        factor = _amplitude(region, key, velocity)
        if factor > 0:
            found = max(found, _volume_db(region, key, velocity) + 20 * math.log10(factor))
    return min(found, LOUDEST_DB)


def _volume_db(region: Region, key: int, velocity: int) -> float:
    volume_db = sum(region.get(f"{scope}volume", key, velocity) for scope in SCOPES)
    return volume_db + region.get("amp_keytrack", key, velocity) * (key - region.get("amp_keycenter"))


def _amplitude(region: Region, key: int, velocity: int) -> float:
    """Product of the amplitudes that are said; each controller's is a factor of its own."""
    factor = 1.0
    for scope in SCOPES:
        factor *= region.numbers.get(f"{scope}amplitude", 100.0) / 100
        for link in region.links.get(f"{scope}amplitude", ()):
            factor *= region.controllers.moved(link, key, velocity) / 100
    return factor


def _strength(region: Region, key: int, velocity: int) -> float:
    """Gain by velocity: a curve of its points, or the square, as far as amp_veltrack says."""
    share = min(max(region.get("amp_veltrack", key, velocity) / 100, -1), 1)
    points = {
        int(found[1]): min(max(value, 0.0), 1.0)
        for name, value in region.numbers.items()
        if (found := STRENGTH_POINT.match(name))
    }
    if points:
        points = dict(sorted(({0: 0.0, 127: 1.0} | points).items()))
        full = float(np.interp(velocity, list(points), list(points.values())))
    else:
        full = (velocity / 127) ** 2
    softer = abs(share) * (1 - full)
    return softer if share < 0 else 1 - softer


def crossfade(region: Region, key: int, velocity: int) -> float:
    """Find the gain of a region's fades into others.

    Args:
        region: that sounds.
        key: MIDI number of the note.
        velocity: MIDI velocity of the note.

    Returns:
        0..1; 1 where it has none.
    """
    factor = 1.0
    for what, value, curve in (("vel", velocity, "xf_velcurve"), ("key", key, "xf_keycurve")):
        shares = []
        if region.has(f"xfin_lo{what}") or region.has(f"xfin_hi{what}"):
            shares.append(_rise(value, region.get(f"xfin_lo{what}"), region.get(f"xfin_hi{what}")))
        if region.has(f"xfout_lo{what}") or region.has(f"xfout_hi{what}"):
            shares.append(1 - _rise(value, region.get(f"xfout_lo{what}"), region.get(f"xfout_hi{what}")))
        factor *= _curved(shares, region.text(curve, "power"))
    return factor * _controlled_fade(region, key, velocity)


def _controlled_fade(region: Region, key: int, velocity: int) -> float:
    """Gain of the fades that controllers move."""
    bounds: dict[tuple[str, int], dict[str, float]] = {}
    for name, value in region.numbers.items():
        found = CONDITION.match(name)
        if found and found["kind"].startswith("xf"):
            way, end = found["kind"].split("_")
            bounds.setdefault((way, int(found["cc"])), {})[end] = value
    factor = 1.0
    for (way, cc), ends in bounds.items():
        usual = (0.0, 0.0) if way == "xfin" else (127.0, 127.0)
        at = region.controllers.value(cc, key, velocity)
        share = _rise(at, ends.get("lo", usual[0]), ends.get("hi", usual[1]))
        factor *= _curved([share if way == "xfin" else 1 - share], region.text("xf_cccurve", "power"))
    return factor


def _rise(value: float, low: float, high: float) -> float:
    """Share of the way from low to high."""
    if high <= low:
        return float(value >= high if high != 127 else value > high)
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _curved(shares: list[float], curve: str) -> float:
    return math.prod(share if curve == "gain" else math.sqrt(share) for share in shares)


def sides(region: Region, channel: int, key: int, velocity: int) -> tuple[float, float]:
    """Find how much of a channel is heard on the left and on the right.

    Args:
        region: that sounds.
        channel: LEFT, RIGHT, or MONO for a recording of one.
        key: MIDI number of the note.
        velocity: MIDI velocity of the note.

    Returns:
        (left, right) linear; both .71 for the middle of a mono recording.
    """
    pan = _share(region, "pan", key, velocity)
    left, right = _placed(pan)
    if channel == MONO:
        return left, right
    own_left, own_right = _placed(channel * _share(region, "width", key, velocity))
    balance_left, balance_right = _placed(_share(region, "position", key, velocity))
    return (
        left * own_left * balance_left * math.sqrt(2),
        right * own_right * balance_right * math.sqrt(2),
    )


def _share(region: Region, name: str, key: int, velocity: int) -> float:
    return min(max(region.get(name, key, velocity) / 100, -1.0), 1.0)


def _placed(pan: float) -> tuple[float, float]:
    """(left, right) of a source at -1..1, of one power everywhere."""
    angle = math.pi / 4 * (1 + pan)
    return math.cos(angle), math.sin(angle)
