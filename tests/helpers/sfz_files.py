"""SFZ instruments made on the spot, and the sound of one note of theirs."""

from pathlib import Path

import numpy as np
import soundfile

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import sampler, voice
from dyvim_cli.music.synth.orchestra import opened
from dyvim_cli.music.synth.sfz.zone import SfzZone

RATE = 48000
HZ = 480.0  # of every sine below, at its root key


def sine(path: Path, seconds: float = 2.0, hz: float = HZ, rate: int = RATE, **options) -> Path:
    """A sine of level .25; options: sides (left, right), silence_s before it, subtype."""
    tone = 0.25 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    tone = np.concatenate([np.zeros(round(options.get("silence_s", 0) * rate)), tone])
    if sides := options.get("sides"):
        tone = np.outer(tone, sides)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone, rate, subtype=options.get("subtype"))
    return path


def written(path: Path, text: str) -> Path:
    """An SFZ file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def note(path: Path, key: int = 60, velocity: int = 127, held_s: float = 1.0, **options) -> np.ndarray:
    """One note [2, n] of an instrument as its file says it, unscaled; options: lasts_s, take."""
    font = opened(path)
    preset = font.presets[0]
    if preset.takes:
        preset = preset.takes[options.get("take", 0)]
    n, sound = round(held_s * RATE), np.zeros((2, round(options.get("lasts_s", 2.0) * RATE)))
    for one in sampler.voices(font, preset, key, velocity):
        n_held = max(n, round(one.get(gen.LEAST_S) * RATE))
        tone = voice.render(font, one, n_held, n_held)
        if tone is not None:
            samples = tone.released(n_held)[: sound.shape[1]]
            sound[:, : len(samples)] += np.outer((tone.left, tone.right), samples)
    zone = font.instruments[0].zones[0]
    assert isinstance(zone, SfzZone)
    return sound * 10 ** (zone.loudest_db / 20)


def level_db(sound: np.ndarray, start_s: float = 0.3, end_s: float = 0.9) -> float:
    """Level of a part of a sound's louder side."""
    part = sound[:, round(start_s * RATE) : round(end_s * RATE)]
    return float(10 * np.log10(np.maximum((part**2).mean(axis=1).max(), 1e-14)))


def hertz(sound: np.ndarray, start_s: float = 0.3, end_s: float = 0.9) -> float:
    """The frequency of a sine."""
    part = sound[0, round(start_s * RATE) : round(end_s * RATE)]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 20))
    return float(np.argmax(spectrum) * RATE / (1 << 20))


def onset_s(sound: np.ndarray) -> float:
    """When a sound begins."""
    loud = np.abs(sound).max(axis=0)
    return float(np.argmax(loud > 0.05 * loud.max()) / RATE)
