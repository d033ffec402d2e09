"""Pictures and music of known quality for the judge to find out about."""

import subprocess
from pathlib import Path

import numpy as np

from dyvim_cli.evaluation.judge.visual_events import VisualEvents

SAMPLE_RATE = 44100
FPS = 30


def picture(duration_s=40.0, n_events=20, seed=0, impacts=0.3) -> VisualEvents:
    """A picture with irregular events, at least 0.3 s apart, and motion that comes and goes."""
    rng = np.random.default_rng(seed)
    gaps = 0.3 + rng.dirichlet(np.ones(n_events + 1)) * (duration_s - 0.3 * (n_events + 2))
    events = np.cumsum(gaps)[:n_events]
    times = np.arange(0, duration_s, 1 / FPS)
    knots = np.linspace(0, duration_s, int(duration_s / 1.5))
    energy = np.interp(times, knots, rng.uniform(0.01, 0.5, len(knots))).astype(np.float32)
    is_cut = rng.random(n_events) >= impacts
    weights = np.where(is_cut, 1.0, rng.uniform(0.3, 1.0, n_events)).astype(np.float32)
    return VisualEvents(duration_s, times, energy, energy, events, weights, is_cut)


def clicks(times_s, duration_s, level=0.7, sample_rate=SAMPLE_RATE) -> np.ndarray:
    """[n] decaying tones at the given times; `level` is one figure or one per click."""
    track = np.zeros(round(duration_s * sample_rate))
    t = np.arange(round(0.08 * sample_rate)) / sample_rate
    click = np.sin(2 * np.pi * 1500 * t) * np.exp(-t / 0.015)
    for time, height in zip(times_s, np.broadcast_to(level, len(times_s)), strict=True):
        start = round(time * sample_rate)
        part = track[start : start + len(click)]
        part += height * click[: len(part)]
    return track


def tones(pitches, each_s=0.5, level=0.3) -> np.ndarray:
    """[n] decaying harmonic tones (MIDI pitches), one after the other."""
    t = np.arange(round(each_s * SAMPLE_RATE)) / SAMPLE_RATE
    decay = level * np.exp(-3 * t)
    notes = [440 * 2 ** ((p - 69) / 12) for p in pitches]
    return np.concatenate([decay * sum(np.sin(2 * np.pi * f * h * t) / h for h in (1, 2, 3)) for f in notes])


def every(bpm, duration_s, first_s=0.1) -> np.ndarray:
    """Times of a steady beat."""
    return np.arange(first_s, duration_s - 0.1, 60 / bpm)


def on_grid(film: VisualEvents, accent=0.7, other=0.12) -> np.ndarray:
    """Sixteenths at 120 BPM whose step nearest to each event is accented."""
    grid = np.arange(0, film.duration_s - 0.1, 0.125)
    level = np.full(len(grid), other)
    level[np.abs(grid[:, None] - film.event_times_s[None, :]).argmin(axis=0)] = accent
    return clicks(grid, film.duration_s, level)


def write_film(path: Path, frames, fps=FPS) -> Path:
    """Frames [H, W, 3] uint8 as an H.264 film."""
    from dyvim_cli.media.programs import find_ffmpeg

    height, width = frames[0].shape[:2]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps), "-i", "-"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)]
    command = [find_ffmpeg(), "-v", "error", "-y", *raw, *coding]
    subprocess.run(command, input=b"".join(f.tobytes() for f in frames), check=True)
    return path


def texture(rng, width=320, height=180) -> np.ndarray:
    """[height, width, 3] uint8 soft blobs that optical flow can hold on to."""
    import cv2

    blobs = rng.integers(20, 235, (height // 12, width // 12, 3)).astype(np.uint8)
    return cv2.resize(blobs, (width, height), interpolation=cv2.INTER_CUBIC)


def jerky_film(path: Path, stops_s, cuts_s, duration_s, seed=0) -> Path:
    """A camera that pans over a texture, turns round at each of `stops_s`, and cuts at `cuts_s`."""
    rng = np.random.default_rng(seed)
    frames, wide, x, speed = [], texture(rng, 1600), 600.0, 3.0
    cuts, stops = (set(np.round(np.array(t) * FPS).astype(int)) for t in (cuts_s, stops_s))
    for i in range(round(duration_s * FPS)):
        if i in cuts:
            wide, x = texture(rng, 1600), 600.0
        if i in stops:
            speed = -speed
        x += speed
        frames.append(np.ascontiguousarray(wide[:, round(x) : round(x) + 320]))
    return write_film(path, frames)
