"""Translate the pitch, envelopes, filter and oscillators of a region into generators of SoundFont 2.04."""

import math

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.envelopes import FALL_DB
from dyvim_cli.music.synth.low_pass import BUTTERWORTH_DB
from dyvim_cli.music.synth.sfz.opcodes import ENVELOPE, SCOPES
from dyvim_cli.music.synth.sfz.regions import Region

Amounts = dict[int, float]
FARTHEST_CENTS = 7200.0  # a recording is moved by six octaves at most
DECAY_DB = 20 * 9 / math.log(10)  # fall over an SFZ decay's or release's time: e to the power of -9
STRAIGHT = 2 / 9  # part of that time in which a straight fall has the same area
LOWEST_HZ = 8.176  # frequency of 0 absolute cents
LOW_PASSES = ("lpf_1p", "lpf_2p", "lpf_4p", "lpf_6p", "lpf_2p_sv")
SHORTEST_S = 0.001  # a stage that is shorter takes no time


def timecents(seconds: float) -> float:
    """Convert a time.

    Args:
        seconds: of a stage.

    Returns:
        Timecents, -12000 for no time.
    """
    return 1200 * math.log2(seconds) if seconds > SHORTEST_S else -12000.0


def pitch(region: Region, root: float, key: int, velocity: int) -> tuple[Amounts, float]:
    """Find the tuning of a note.

    Args:
        region: that sounds.
        root: key at which the recording sounds as it is.
        key: MIDI number of the note.
        velocity: MIDI velocity of the note.

    Returns:
        (generators, cents in all by which the recording is moved).
    """
    keytrack = region.get("pitch_keytrack", key, velocity)
    transpose = region.get("transpose", key, velocity)
    cents = (key - root) * keytrack + 100 * transpose
    cents += sum(region.get(f"{scope}tune", key, velocity) for scope in SCOPES)
    cents += region.get("pitch_veltrack", key, velocity) * velocity / 127
    cents = min(max(cents, -FARTHEST_CENTS), FARTHEST_CENTS)
    scale = keytrack if 0 <= keytrack <= 1200 else 0.0
    base = min(max(root, 0.0), 127.0)
    fine = cents - (key - base) * scale - 100 * transpose
    tuning = {gen.ROOT_KEY: base, gen.SCALE_TUNING: scale, gen.COARSE_TUNE: transpose, gen.FINE_TUNE: fine}
    return tuning, cents


def loudness_envelope(region: Region, key: int, velocity: int) -> Amounts:
    """Find the volume envelope of a note.

    Args:
        region: that sounds.
        key: MIDI number of the note.
        velocity: MIDI velocity of the note.

    Returns:
        Generators.
    """
    delay, attack, hold, decay, sustain, release = _stages(region, "ampeg", key, velocity)
    longer = FALL_DB / DECAY_DB  # these envelopes fall by FALL_DB over their time
    floor_db = -20 * math.log10(max(sustain / 100, 1e-5))
    return _timed(gen.VOLUME_ENV, delay, attack, hold, decay * longer) | {
        gen.VOLUME_ENV_SUSTAIN: 10 * floor_db,
        gen.VOLUME_ENV_RELEASE: timecents(release * longer),
    }


def _stages(region: Region, envelope: str, key: int, velocity: int) -> list[float]:
    """(delay, attack, hold, decay in seconds, sustain in percent, release in seconds)."""
    values = (_with_velocity(region, envelope, stage, key, velocity) for stage in ENVELOPE)
    return [min(max(value, 0.0), 100.0) for value in values]


def _with_velocity(region: Region, envelope: str, name: str, key: int, velocity: int) -> float:
    """Value of an envelope's opcode, with what velocity adds to it."""
    added = region.get(f"{envelope}_vel2{name}", key, velocity) * velocity / 127
    return region.get(f"{envelope}_{name}", key, velocity) + added


def _timed(first: int, delay: float, attack: float, hold: float, decay: float) -> Amounts:
    stages = (gen.DELAY, gen.ATTACK, gen.HOLD, gen.DECAY)
    return {
        first + stage: timecents(seconds)
        for stage, seconds in zip(stages, (delay, attack, hold, decay), strict=True)
    }


def other_envelope(region: Region, key: int, velocity: int) -> Amounts:
    """Find the envelope that moves filter and pitch; the filter's stages count where both move.

    Args:
        region: that sounds.
        key: MIDI number of the note.
        velocity: MIDI velocity of the note.

    Returns:
        Generators; none where nothing moves.
    """
    depths = {
        target: _with_velocity(region, envelope, "depth", key, velocity)
        for envelope, target in (("fileg", gen.MOD_ENV_TO_CUTOFF), ("pitcheg", gen.MOD_ENV_TO_PITCH))
    }
    if not any(depths.values()):
        return {}
    envelope = "fileg" if depths[gen.MOD_ENV_TO_CUTOFF] else "pitcheg"
    delay, attack, hold, decay, sustain, release = _stages(region, envelope, key, velocity)
    return depths | _timed(gen.MOD_ENV, delay, attack, hold, decay * STRAIGHT) | {
        gen.STRAIGHT_RISE: 1,
        gen.MOD_ENV_SUSTAIN: 1000 - 10 * sustain,
        gen.MOD_ENV_RELEASE: timecents(release * STRAIGHT),
    }  # fmt: skip


def is_filtered(region: Region) -> bool:
    """Check whether a region has a low-pass filter; others are not honoured.

    Args:
        region: that sounds.

    Returns:
        True where it has.
    """
    return region.has("cutoff") and region.text("fil_type", "lpf_2p") in LOW_PASSES


def low_pass(region: Region, key: int, velocity: int) -> tuple[Amounts, float]:
    """Find the filter of a note.

    Args:
        region: that sounds.
        key: MIDI number of the note.
        velocity: MIDI velocity of the note.

    Returns:
        (generators, dB that make up for what a SoundFont's filter takes from the level).
    """
    if not is_filtered(region):
        return {}, 0.0
    resonance_db = min(max(region.get("resonance", key, velocity), 0.0), 40.0)
    moved = {name: region.get(f"fil_{name}", key, velocity) for name in ("keytrack", "veltrack")}
    base_hz = max(region.numbers.get("cutoff", 20000.0), 1.0)
    cents = 1200 * math.log2(base_hz / LOWEST_HZ)
    cents += sum(region.controllers.moved(link, key, velocity) for link in region.links.get("cutoff", ()))
    cents += moved["keytrack"] * (key - region.get("fil_keycenter")) + moved["veltrack"] * velocity / 127
    amounts = {gen.CUTOFF: cents, gen.RESONANCE: 10 * (resonance_db + BUTTERWORTH_DB)}
    return amounts, (resonance_db + BUTTERWORTH_DB) / 2


def oscillators(region: Region, key: int, velocity: int) -> Amounts:
    """Find the oscillators of a note; one moves pitch, the other level and filter.

    Args:
        region: that sounds.
        key: MIDI number of the note.
        velocity: MIDI velocity of the note.

    Returns:
        Generators.
    """
    found: Amounts = {}
    depth = {name: region.get(f"{name}_depth", key, velocity) for name in ("pitchlfo", "amplfo", "fillfo")}
    if depth["pitchlfo"]:
        rate = _oscillator(region, "pitchlfo", gen.VIB_LFO_DELAY, gen.VIB_LFO_RATE)
        found |= {gen.VIB_LFO_TO_PITCH: depth["pitchlfo"], **rate}
    if depth["amplfo"] or depth["fillfo"]:
        name = "amplfo" if depth["amplfo"] else "fillfo"
        found |= _oscillator(region, name, gen.MOD_LFO_DELAY, gen.MOD_LFO_RATE)
        found |= {gen.MOD_LFO_TO_VOLUME: 10 * depth["amplfo"], gen.MOD_LFO_TO_CUTOFF: depth["fillfo"]}
    return found


def _oscillator(region: Region, name: str, delay: int, rate: int) -> Amounts:
    hertz = min(max(region.get(f"{name}_freq"), 0.01), 100.0)
    delay_s = min(max(region.get(f"{name}_delay"), 0.0), 18.0)
    return {rate: 1200 * math.log2(hertz / LOWEST_HZ), delay: timecents(delay_s)}
