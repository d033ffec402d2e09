"""Make the shipped synthesizers: leads, pads, basses and bells computed by tools/synth, one SF3 file.

python -m tools.synth_font weights/dyvim-synth.sf3 takes some minutes and gives the same bytes each time.
tools/synth/patches.py lists what is made. Each key is equally loud in all its layers, which differ in
timbre; the player's own answer to velocity does the rest. Zones that lie far apart share one stream, whose
headers would else take as much space as the sound.
"""

import io
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dyvim_cli.atomic import write_bytes
from dyvim_cli.hearing.metering import hop_powers
from dyvim_cli.music.mixing.loudness import Meter
from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.sample_data import decoded
from dyvim_cli.music.synth.soundfont import Patch, Sample, SoundFont, Zone
from dyvim_cli.types import SAMPLE_RATE
from tools.soundfont_writer import to_bytes
from tools.synth.ogg import with_serial_number
from tools.synth.patches import PATCHES, Level, Part, Synth
from tools.synth.spectra import key_hz
from tools.synth.tones import Rendered

VELOCITIES = ((0, 63), (64, 95), (96, 127))  # each layer's; edges are those of the sampler's steps
MEDIUM = 1
ZONES_A_STREAM = 6
GAP_FRAMES = 700  # silence between zones of a stream, so that no attack is smeared into another loop
LEVEL_S = 0.45  # beginning of a tone whose loudness is measured
PEAK = 0.9  # largest value of a patch
LARGEST_BYTES = 5_000_000  # largest file that is written
SEAM_FRAMES, SEAM_WIDTH = 800, 6  # frames by which a loop may be moved; those that are compared there
STEEPNESS = 3.0  # weight of differing slopes at a loop's seam against differing values
DIES_DB = 96.0  # fall of a volume that dies away
LONGER_BELOW = 50  # timecents a key by which decays follow the key
COARSE = gen.COARSE_FRAMES


@dataclass(frozen=True)
class Place:
    """The place of a tone in its stream, in frames from the beginning and to the end."""

    sample: int
    first: int
    behind: int  # frames of the stream that come after it
    tone: Rendered


def main(target: str, *programs: str) -> None:
    """Write the font, complete or not at all.

    Args:
        target: path of the font.
        programs: numbers of those that are made; none = all.

    Raises:
        ValueError: the font would be larger than LARGEST_BYTES.
    """
    wanted = [one for one in PATCHES if not programs or str(one.program) in programs]
    data = to_bytes(font(wanted))
    if len(data) > LARGEST_BYTES:
        raise ValueError(f"{target} would have {len(data)} bytes, more than {LARGEST_BYTES}")
    write_bytes(Path(target), data)


def font(patches: Sequence[Synth]) -> SoundFont:
    """Render patches.

    Args:
        patches: records of patches.py.

    Returns:
        Their font.
    """
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(_made, patches))
    presets, instruments, samples = [], [], []
    for number, (patch, (zones, streams)) in enumerate(zip(patches, made, strict=True)):
        name = patch.name.encode()
        shifted = (replace(zone, target=(zone.target or 0) + len(samples)) for zone in zones)
        instruments.append(Patch(name, tuple(shifted)))
        presets.append(Patch(name, (Zone({}, b"", number),), 0, patch.program))
        samples += streams
    info = {"isng": b"EMU8000", "INAM": b"dyvim synthesizers", "ICOP": b"MIT"}
    return SoundFont(tuple(presets), tuple(instruments), tuple(samples), info)


def roots(patch: Synth) -> list[int]:
    """List the keys that a patch is rendered for.

    Args:
        patch: its record.

    Returns:
        MIDI numbers, ascending.
    """
    return list(range(patch.keys[0], patch.keys[1] + 1, patch.step))


def rendered(patch: Synth, number: int, root: int, layer: int) -> Rendered:
    """Render one tone of a patch; layers and parts of a key have the same phases.

    Args:
        patch: its record.
        number: of the part.
        root: MIDI number.
        layer: 0 soft .. 2 hard.

    Returns:
        The tone.
    """
    rng = np.random.default_rng((patch.program, root))
    return patch.parts[number].tone.render(root, layer, rng)


def _made(patch: Synth) -> tuple[list[Zone], list[Sample]]:
    """The zones of a patch, their targets counted from its first stream, and its streams."""
    tones = {
        (number, layer, root): rendered(patch, number, root, layer)
        for number, part in enumerate(patch.parts)
        for layer in _layers(part)
        for root in roots(patch)
    }
    tones = _levelled(patch, tones)
    zones, streams = [], []
    for number, part in enumerate(patch.parts):
        for layer in _layers(part):
            own = [tones[number, layer, root] for root in roots(patch)]
            places = _packed(own, patch, f"{patch.name[:11]} {number}{layer}", streams)
            for root, place in zip(roots(patch), places, strict=True):
                zones += _zones(patch, part, layer, root, place, streams[place.sample])
    return zones, streams


def _layers(part: Part) -> tuple[int, ...]:
    return tuple(range(part.n_layers)) if part.n_layers > 1 else (MEDIUM,)


def _levelled(patch: Synth, tones: dict[tuple[int, int, int], Rendered]) -> dict:
    """The tones, each part as loud as its record says, the whole as high as PEAK allows.

    Onset and loop count alike, so that harder layers have harder onsets. What a transient adds to a body
    goes with the body's own gain.
    """
    gains = {}
    for (number, layer, root), tone in tones.items():
        part = patch.parts[number]
        body = tones[number - 1, layer, root] if tone.loop is None else tone
        halves = [(loudness(each), power_db(each)) for each in (beginning(body), steady(body))]
        gain_db = -float(np.mean(halves, axis=0) @ (patch.evenness, 1 - patch.evenness))
        gains[number, layer, root] = 10 ** ((gain_db + part.level_db) / 20)
    highest = max(gains[each] * np.abs(tone.samples).max() for each, tone in tones.items())
    return {
        each: replace(tone, samples=(tone.samples * gains[each] * PEAK / highest).astype(np.float32))
        for each, tone in tones.items()
    }


def loudness(sound: np.ndarray) -> float:
    """Measure how loud a sound is.

    Args:
        sound: [n].

    Returns:
        LUFS of its loudest fifth of a second.
    """
    meter = Meter()
    meter.feed(np.tile(sound, (2, 1)))
    powers = np.convolve(hop_powers(meter.powers), (0.5, 0.5), mode="valid")
    return float(-0.691 + 10 * np.log10(powers.max() + 1e-20))


def power_db(sound: np.ndarray) -> float:
    """Measure the power of a sound.

    Args:
        sound: [n].

    Returns:
        dB.
    """
    return float(10 * np.log10((sound**2).mean() + 1e-20))


def beginning(tone: Rendered) -> np.ndarray:
    """Play the beginning of a tone.

    Args:
        tone: rendered, with a loop.

    Returns:
        Its first LEVEL_S [n].
    """
    begin = tone.loop[0] if tone.loop else len(tone.samples)
    n = round(LEVEL_S * SAMPLE_RATE)
    return np.concatenate([tone.samples[:begin], steady(tone)])[:n]


def steady(tone: Rendered) -> np.ndarray:
    """Play the loop of a tone.

    Args:
        tone: rendered, with a loop.

    Returns:
        [n] LEVEL_S of it or more.
    """
    begin, end = tone.loop or (0, len(tone.samples))
    return np.tile(tone.samples[begin:end], -(-round(LEVEL_S * SAMPLE_RATE) // (end - begin)))


def _packed(tones: list[Rendered], patch: Synth, name: str, streams: list[Sample]) -> list[Place]:
    """Put tones of a layer into streams, neighbours into different ones; their places."""
    n_streams = -(-len(tones) // ZONES_A_STREAM)
    places: dict[int, Place] = {}
    for number in range(n_streams):
        chosen = range(number, len(tones), n_streams)
        gap = np.zeros(GAP_FRAMES, np.float32)
        whole = np.concatenate([part for i in chosen for part in (tones[i].samples, gap)])
        data, root, first = encoded(whole, patch.compression), roots(patch)[number], 0
        stream = Sample(f"{name} {root}".encode(), data, (0, 0), SAMPLE_RATE, root, 0, 0, 1)
        heard = decoded(stream)[0]
        for i in chosen:
            tone, behind = tones[i], len(whole) - first - len(tones[i].samples)
            tone = replace(tone, loop=seam(heard[first:], tone.loop) if tone.loop else None)
            places[i] = Place(len(streams), first, behind, tone)
            first += len(tone.samples) + GAP_FRAMES
        streams.append(replace(stream, loop=places[number].tone.loop or (0, 0)))
    return [places[i] for i in range(len(tones))]


def seam(heard: np.ndarray, loop: tuple[int, int]) -> tuple[int, int]:
    """Move a loop to where its end goes over into its beginning best, for what encoding has changed.

    Args:
        heard: [n] decoded, from the tone's first frame on.
        loop: bounds in frames, behind which the loop goes on for SEAM_FRAMES.

    Returns:
        Bounds of the same distance, later by SEAM_FRAMES at most.
    """
    begin, end = loop
    reach = SEAM_FRAMES + SEAM_WIDTH
    apart = heard[end : end + reach] - heard[begin : begin + reach]
    apart = np.concatenate([apart, np.diff(apart, prepend=0) * STEEPNESS])
    misses = np.convolve(apart[:reach] ** 2 + apart[reach:] ** 2, np.ones(SEAM_WIDTH), "valid")
    later = int(np.argmin(misses[1:SEAM_FRAMES])) + 1 + SEAM_WIDTH // 2
    return begin + later, end + later


def encoded(sound: np.ndarray, compression: float) -> bytes:
    """Encode a sound as a Vorbis stream that is the same each time.

    Args:
        sound: [n] float32.
        compression: libsndfile's scale, 0 best .. 1 smallest.

    Returns:
        Bytes of the stream.
    """
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, sound, SAMPLE_RATE, format="OGG", subtype="VORBIS", compression_level=compression)
    return with_serial_number(file.getvalue(), 1)


def _zones(patch: Synth, part: Part, layer: int, root: int, place: Place, stream: Sample) -> list[Zone]:
    """The zone of a tone, or both sides of it."""
    velocities = VELOCITIES[layer] if part.n_layers > 1 else (0, 127)
    common = {
        gen.KEY_RANGE: _keys(patch, root),
        gen.VELOCITY_RANGE: velocities[0] | velocities[1] << 8,
        gen.ROOT_KEY: root,
        gen.FINE_TUNE: round(1200 * np.log2(key_hz(root) / place.tone.hz)) if place.tone.loop else 0,
        gen.LOOP_MODE: 0 if place.tone.loop is None else gen.LOOPS,
        **_volume(part.level),
        **_span(place, stream),
    }
    if not part.width:
        return [Zone(common | _offset(gen.START, gen.START_COARSE, place.first), b"", place.sample)]
    sides = []
    for first, pan in ((place.first, -500), (place.first + _further(place.tone, part.further), 500)):
        moved = _offset(gen.START, gen.START_COARSE, first) | {gen.PAN: round(part.width * pan)}
        sides.append(Zone(common | moved, b"", place.sample))
    return sides


def _keys(patch: Synth, root: int) -> int:
    """Range of the keys that a root answers: those that are nearest, and what is left at both ends."""
    found = roots(patch)
    low = 0 if root == found[0] else root - (patch.step - 1) // 2
    high = 127 if root == found[-1] else root + patch.step // 2
    return low | high << 8


def _further(tone: Rendered, share: float) -> int:
    """Frames to where the right side begins: whole cycles, so that what stands still agrees with the left."""
    begin, end = tone.loop or (0, 0)
    cycles = round(share * (end - begin) * tone.hz / SAMPLE_RATE)
    return round(cycles * SAMPLE_RATE / tone.hz)


def _span(place: Place, stream: Sample) -> dict[int, int]:
    """Generators of a tone's loop, or of its end where it has none."""
    if place.tone.loop is None:
        return _offset(gen.END, gen.END_COARSE, -place.behind)
    start, end = (place.first + bound for bound in place.tone.loop)
    return {
        **_offset(gen.LOOP_START, gen.LOOP_START_COARSE, start - stream.loop[0]),
        **_offset(gen.LOOP_END, gen.LOOP_END_COARSE, end - stream.loop[1]),
    }


def _offset(fine: int, coarse: int, frames: int) -> dict[int, int]:
    return {fine: frames % COARSE, coarse: frames // COARSE}


def _volume(level: Level) -> dict[int, int]:
    """Generators of a volume."""
    found = {gen.VOLUME_ENV_RELEASE: _timecents(level.release_s)}
    if level.attack_s:
        found[gen.VOLUME_ENV + gen.ATTACK] = _timecents(level.attack_s)
    if level.decay_s:
        found[gen.VOLUME_ENV + gen.DECAY] = _timecents(level.decay_s)
        found[gen.VOLUME_ENV_SUSTAIN] = round(10 * (level.sustain_db or DIES_DB))
        found[gen.KEY_TO_VOLUME_DECAY] = LONGER_BELOW
    return found


def _timecents(seconds: float) -> int:
    return round(1200 * np.log2(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
