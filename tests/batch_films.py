"""Folders of good and broken films, and batches that are run, killed and looked at. See `make marathon`."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from conftest import run_ffmpeg

H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
SOURCES = ("testsrc2=s={s}:r=12", "mandelbrot=s={s}:r=12:start_scale=2", "life=s={s}:r=12:ratio=0.1:seed=4")


def make_films(
    folder: Path, number: int, seconds: tuple[float, float] = (1.0, 1.6), seed: int = 1
) -> list[Path]:
    """Small films of 12 frames a second, every third with sound, some in sub-folders and other containers."""
    rng, films = random.Random(seed), []
    for i in range(number):
        path = folder / ("sub" if i % 4 == 3 else "") / f"film {i:03}{('.mp4', '.mkv', '.mov')[i % 3]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        length = ["-t", f"{rng.uniform(*seconds):.2f}"]
        picture = [*length, "-f", "lavfi", "-i", SOURCES[i % len(SOURCES)].format(s="160x96")]
        sound = [*length, "-f", "lavfi", "-i", "sine=frequency=300:sample_rate=48000"] if i % 3 == 2 else []
        run_ffmpeg(*picture, *sound, *H264, str(path))
        films.append(path)
    return films


def break_film(film: Path, path: Path, way: int) -> None:
    """Make `path` a film that cannot be scored, in one of ten ways, from a good mp4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    good = film.read_bytes()
    index = good.find(b"moov") - 4  # ffmpeg writes it behind the pictures
    pictures = good.find(b"mdat") + 4
    one = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=1:d=1", "-frames:v", "1"]
    ways = (
        lambda: path.write_bytes(b""),
        lambda: path.write_text("this is no film\n" * 50),
        lambda: path.write_bytes(good[: len(good) // 2]),
        lambda: path.write_bytes(good[pictures:index]),
        lambda: run_ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", "-f", "mp4", str(path)),
        lambda: run_ffmpeg(*one, *H264, "-f", "mp4", str(path)),
        lambda: run_ffmpeg(*one, "-f", "image2", "-c:v", "png", str(path)),
        lambda: path.write_bytes(good[:pictures] + bytes(index - pictures) + good[index:]),
        lambda: path.symlink_to(path.with_name("gone.mp4")),
        lambda: path.write_bytes(random.Random(way).randbytes(5000)),
    )
    ways[way % len(ways)]()


def batch(*arguments, **options) -> subprocess.Popen:
    """A running `dyvim batch`, in a process group of its own."""
    command = [sys.executable, "-m", "dyvim_cli", "batch", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, start_new_session=True, **pipes, **options)


def finish(process: subprocess.Popen) -> subprocess.CompletedProcess:
    """Wait for a batch."""
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run(*arguments) -> subprocess.CompletedProcess:
    """A batch from start to end."""
    return finish(batch(*arguments))


def kill(process: subprocess.Popen, lines: int, seconds: float, how: int = signal.SIGKILL) -> bool:
    """Kill the whole process group so long after so many lines of progress; False when it ended before."""
    for _ in range(lines):
        process.stderr.readline()
    time.sleep(seconds)
    is_running = process.poll() is None
    if is_running:
        os.killpg(process.pid, how)
    process.communicate()
    return is_running


def digests(folder: Path) -> dict[str, str]:
    """MD5 of every file of a folder but the journal, by its path within."""
    return {
        str(path.relative_to(folder)): hashlib.md5(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".jsonl"
    }


def records(journal: Path) -> list[dict]:
    """The journal's lines about films; torn ones are passed over."""
    found = []
    for line in journal.read_bytes().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [record for record in found if "status" in record]


def films_done_twice(journal: Path) -> list[str]:
    """Films with more than one finished result."""
    done = [record["input"] for record in records(journal) if record["status"] == "done"]
    return sorted({film for film in done if done.count(film) > 1})
