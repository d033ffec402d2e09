"""Small films of every container for the media tests, and ways to look into films without dyvim."""

import hashlib
from pathlib import Path

import av
import numpy as np
from conftest import run_ffmpeg

FPS, SECONDS = 25, 3
H264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25", "-pix_fmt", "yuv420p"]
CODECS = {
    ".mp4": [*H264, "-c:a", "aac"],
    ".mov": [*H264, "-c:a", "aac"],
    ".mkv": [*H264, "-c:a", "flac"],
    ".webm": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "25", "-c:a", "libopus"],
    ".avi": ["-c:v", "mpeg4", "-g", "25", "-c:a", "pcm_s16le"],
    ".ts": [*H264, "-c:a", "aac"],
}
BURSTS = "aevalsrc=0.3*sin(2*PI*440*t)*between(mod(t\\,3)\\,1\\,2):s=48000"  # sounds from 1 s to 2 s


def make_film(
    folder: Path, extension: str, *, sound: str | None = BURSTS, name="film", options=(), seconds=SECONDS
) -> Path:
    """A test pattern that moves, with (or without) sound of its own."""
    path = folder / f"{name}{extension}"
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=320x180:r={FPS}:d={seconds}"]
    own = ["-f", "lavfi", "-t", str(seconds), "-i", sound] if sound else []
    codecs = ["-pix_fmt", "rgb8"] if extension == ".gif" else CODECS[extension]
    run_ffmpeg(*picture, *own, *codecs, *options, str(path))
    return path


def rich_film(folder):
    """An mkv with subtitles, chapters, an attachment, cover art, two languages and tags."""
    notes, chapters, cover = folder / "s.srt", folder / "c.txt", folder / "cover.png"
    notes.write_text("1\n00:00:00,500 --> 00:00:01,500\nHello\n")
    chapters.write_text(
        ";FFMETADATA1\ntitle=My film\ncomment=mine\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=3000\ntitle=Two\n"
    )
    run_ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:d=1", "-frames:v", "1", str(cover))
    film, rich = make_film(folder, ".mkv", name="plain"), folder / "rich.mkv"
    run_ffmpeg("-i", str(film), "-i", str(notes), "-i", str(chapters), "-map", "0", "-map", "0:a",
               "-map", "1", "-map_metadata", "2", "-c", "copy", "-metadata:s:a:0", "language=eng",
               "-metadata:s:a:1", "language=deu", "-metadata:s:s:0", "language=fra",
               "-attach", str(cover), "-metadata:s:t:0", "mimetype=image/png",
               "-attach", str(notes), "-metadata:s:t:1", "mimetype=text/plain", str(rich))  # fmt: skip
    return rich


def picture_hashes(path: Path, index: int = 0) -> list[str]:
    """MD5 of every packet of a stream."""
    with av.open(str(path)) as container:
        packets = container.demux(container.streams[index])
        return [hashlib.md5(bytes(packet)).hexdigest() for packet in packets if packet.size]


def sound_span(path: Path, track: int = 0) -> tuple[float, float]:
    """(start, end) of a sound track by its packets, in seconds from the first picture."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        tick = float(stream.time_base)
        spans = [(p.pts * tick, (p.pts + p.duration) * tick) for p in container.demux(stream) if p.size]
    zero = picture_start(path)
    return spans[0][0] - zero, spans[-1][1] - zero


def picture_start(path: Path) -> float:
    """Time stamp of the first picture."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return min(p.pts if p.pts is not None else p.dts for p in container.demux(stream) if p.size) * float(
            stream.time_base
        )


def heard(path: Path, track: int = 0, rate: int = 48_000) -> np.ndarray:
    """A sound track as mono samples from the first picture on, by its own time stamps."""
    zero = picture_start(path)
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        resampler = av.AudioResampler("flt", "mono", rate)
        pieces = [(frame, resampler.resample(frame)) for frame in container.decode(stream)]
    samples = np.zeros(rate * 20, np.float32)
    at = round((float(pieces[0][0].pts * stream.time_base) - zero) * rate)
    for _, resampled in pieces:
        for frame in resampled:
            block = frame.to_ndarray().ravel()
            block, start = block[max(0, -at) :], max(0, at)
            samples[start : start + len(block)] = block
            at += frame.samples
    return samples[:at]


def clicks(seconds: float, every_s: float = 0.5, rate: int = 48_000) -> np.ndarray:
    """[n, 2] music that can be timed: short bursts, the first at 0.1 s."""
    samples = np.zeros((round(seconds * rate), 2), np.float32)
    for start in np.arange(0.1, seconds - 0.01, every_s):
        samples[round(start * rate) : round(start * rate) + 96] = 0.5
    return samples


def click_times(samples: np.ndarray, rate: int = 48_000) -> np.ndarray:
    """Times of the clicks."""
    steep = np.abs(np.diff(samples))
    found = np.flatnonzero(steep > 0.4 * steep.max())
    return found[np.diff(found, prepend=-rate) > rate // 5] / rate
