"""SoundFonts made on the spot: one preset a set of generators, over waves whose every frame is known."""

import numpy as np

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.modulators import MODULATOR
from dyvim_cli.music.synth.soundfont import Patch, Sample, SoundFont, Zone

RATE = 48000
SILENCE, PERIOD = 2400, 100  # frames before the wave; frames of one turn: 480 Hz
ROOT = 60
MONO = 1


def sample(frames: np.ndarray, loop: tuple[int, int], name: bytes = b"wave") -> Sample:
    """A sample of 16-bit frames from frames -1..1."""
    data = np.round(np.asarray(frames) * 32767).astype("<i2").tobytes()
    return Sample(name, data, loop, RATE, ROOT, 0, 0, MONO)


def wave(n: int = RATE, harmonics: int = 20, silence: int = SILENCE) -> np.ndarray:
    """Silence, then a bright tone of 480 Hz, an octave higher in its last quarter."""
    phase = 2 * np.pi * np.arange(n) / PERIOD
    tone = sum(np.sin(k * phase) / k for k in range(1, harmonics + 1)) / 2
    tone[3 * n // 4 :] = tone[: n // 2 : 2][: n - 3 * n // 4]
    return np.concatenate([np.zeros(silence), tone])


def tone(n: int = RATE) -> Sample:
    """The wave, looped over its first quarter."""
    return sample(wave(n), (SILENCE, SILENCE + n // 4))


def modulator(source: int, target: int, amount: int, scale: int = 0) -> bytes:
    """One modulator record."""
    return np.array([(source, target, amount, scale, 0)], MODULATOR).tobytes()


def font(
    presets: dict[str, dict[int, int]], samples: tuple[Sample, ...] | None = None, **options
) -> SoundFont:
    """A font with a preset (programs 0, 1 ...) for each set of instrument generators.

    options: modulators {name: bytes} of instrument zones; outer {name: generators} of preset zones; bank.
    """
    samples = samples or (tone(),)
    instruments, patches = [], []
    for program, (name, generators) in enumerate(presets.items()):
        raw, outer = options.get("modulators", {}).get(name, b""), options.get("outer", {}).get(name, {})
        zones = tuple(Zone(dict(generators), raw, index) for index in range(len(samples)))
        instruments.append(Patch(name.encode(), zones))
        zone = Zone(dict(outer), b"", program)
        patches.append(Patch(name.encode(), (zone,), options.get("bank", 0), program))
    return SoundFont(tuple(patches), tuple(instruments), samples, {"INAM": b"made for a test"})


LOOPED = {gen.LOOP_MODE: gen.LOOPS}
STARTED = LOOPED | {gen.START: SILENCE}
