"""Films with speech, and measures of the voice and of the music in their mix."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import newest_ffmpeg, run_ffmpeg

from dyvim_cli.media.sound import write_audio
from dyvim_cli.media.sound_reading import read_audio
from helpers.media_films import CODECS, FPS

RATE = 48_000
BAND_HZ = (300, 4000)  # where words are understood
SENTENCES = (
    "The film begins in the morning. A man walks down the street, and nobody sees him.",
    "We have been waiting for this moment a very long time, and now it is here.",
)


def spoken(folder: Path, text: str) -> np.ndarray:
    """[n] mono samples at RATE of a synthetic voice, peak 0.5, without the silence around it."""
    program = shutil.which("espeak-ng")
    if not program:
        pytest.skip("espeak-ng is not installed")
    path = folder / "voice.wav"
    subprocess.run([program, "-w", str(path), text], check=True)
    voice = read_audio(path, RATE)[0][:, 0]
    loud = np.flatnonzero(np.abs(voice) > 0.02 * np.abs(voice).max())
    voice = voice[loud[0] : loud[-1] + 1]
    return 0.5 * voice / np.abs(voice).max()


def laid(seconds: float, *parts: tuple[float, np.ndarray]) -> np.ndarray:
    """[n] samples: each part from its second on, silence elsewhere."""
    whole = np.zeros(round(seconds * RATE))
    for start_s, part in parts:
        first = round(start_s * RATE)
        whole[first : first + len(part)] += part[: len(whole) - first]
    return whole


def film_with(folder: Path, sound: np.ndarray, extension: str = ".mp4", *options: str) -> Path:
    """A test pattern as long as its own sound: samples [n] mono, or [n, channels], at RATE."""
    sound = sound[:, None] if sound.ndim == 1 else sound
    path, own = folder / f"film{extension}", folder / "own.wav"
    write_audio(own, sound.astype(np.float32), RATE)
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=160x90:r={FPS}:d={len(sound) / RATE}"]
    run_ffmpeg(*picture, "-i", str(own), *CODECS[extension], *options, str(path))
    return path


def noise(seconds: float, level: float, seed: int = 0, *, colour: float = 1.0) -> np.ndarray:
    """[n] noise with an RMS of `level`; its power falls with the frequency to the power of `colour`."""
    rng, n = np.random.default_rng(seed), round(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(n)) / np.maximum(np.arange(n // 2 + 1), 30) ** (colour / 2)
    wave = np.fft.irfft(spectrum, n)
    return level * wave / np.sqrt(np.mean(wave**2))


def melody(seconds: float, step_s: float = 0.25, level: float = 0.2) -> np.ndarray:
    """[n] plucked notes of a major key over held chords: what anybody would call music."""
    steps, chords = [0, 2, 4, 7, 9, 12, 7, 4, 5, 9, 2, 11], [(0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16)]
    notes = [(i * step_s, step_s * 1.5, steps[i * 5 % len(steps)] + 12) for i in range(int(seconds / step_s))]
    notes += [(2.0 * i, 2.0, p) for i in range(int(seconds / 2)) for p in chords[i % len(chords)]]
    parts = [(start, _note(60 + pitch, length)) for start, length, pitch in notes]
    whole = laid(seconds, *parts)
    return level * whole / np.abs(whole).max()


def _note(key: int, seconds: float) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    hertz = 440 * 2 ** ((key - 69) / 12)
    wave = sum(np.sin(2 * np.pi * k * hertz * times) / k for k in (1, 2, 3))
    return wave * np.exp(-2 * times / seconds) * np.minimum(1, times / 0.01)


def in_band(samples: np.ndarray) -> np.ndarray:
    """Filter mono samples at RATE to the speech band."""
    from scipy.signal import butter, sosfilt

    return sosfilt(butter(4, BAND_HZ, "bandpass", fs=RATE, output="sos"), samples)


def decoded(path: Path, *options: str) -> np.ndarray:
    """[n, 2] of a film's first sound track, exact to the sample, which takes a new ffmpeg."""
    form = [*options, "-map", "0:a:0", "-ac", "2", "-ar", str(RATE), "-f", "f32le", "-"]
    done = subprocess.run(
        [newest_ffmpeg(), "-v", "error", "-i", path, *form], check=True, capture_output=True
    )
    return np.frombuffer(done.stdout, dtype="<f4").reshape(-1, 2)


def unmixed(film: Path, own: Path, music: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Take a scored film's sound apart, knowing what went in: (gain of the own sound, own, music).

    Own sound and music [n] of the mix, in the speech band; the gain is a factor. The music
    may have any gain in any tenth of a second.
    """
    n = len(music)
    mixed, alone = (in_band(decoded(p).mean(axis=1)[:n]) for p in (film, own))
    n = min(n, len(mixed), len(alone)) // 4800 * 4800
    blocks = [x[:n].reshape(-1, 4800) for x in (mixed, alone, in_band(music)[:n])]
    mixed, alone, played = blocks
    power = (played**2).sum(axis=1, keepdims=True) + 1e-12
    without = [x - played * (x * played).sum(axis=1, keepdims=True) / power for x in (mixed, alone)]
    gain = float((without[0] * without[1]).sum() / (without[1] ** 2).sum())
    return gain, gain * alone.ravel(), (mixed - gain * alone).ravel()


def apart(film: Path, own: Path, music: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Own sound and music [n] of a scored film whose limiter acts: each has a gain of its own every 20 ms."""
    mixed, alone = (in_band(decoded(p).mean(axis=1)[: len(music)]) for p in (film, own))
    n = min(len(mixed), len(alone)) // 960 * 960
    blocks = [x[:n].reshape(-1, 960) for x in (mixed, alone, in_band(music)[:n])]
    parts = np.stack(blocks[1:], axis=2)
    gains = np.linalg.pinv(parts, rcond=1e-3) @ blocks[0][:, :, None]
    return tuple((parts[:, :, i] * gains[:, i]).ravel() for i in (0, 1))


def level_db(samples: np.ndarray, start_s: float, end_s: float) -> float:
    """RMS level between two seconds."""
    return float(10 * np.log10(np.mean(samples[round(start_s * RATE) : round(end_s * RATE)] ** 2) + 1e-12))
