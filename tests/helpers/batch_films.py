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
    """Make `path` a film that cannot be scored, in one of the ten WAYS, from a good mp4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    WAYS[way % len(WAYS)](film, path)


def _empty(film: Path, path: Path) -> None:
    path.write_bytes(b"")


def _error_page(film: Path, path: Path) -> None:
    path.write_text("<html><body>404 Not Found</body></html>\n" * 50)


def _broken_off(film: Path, path: Path) -> None:
    good = film.read_bytes()
    path.write_bytes(good[: len(good) // 2])  # ffmpeg writes the index behind the pictures


def _zeroed(film: Path, path: Path) -> None:
    """The head and the index are there, the pictures were never written: a full disk, a torn download."""
    good = film.read_bytes()
    pictures, index = good.find(b"mdat") + 4, good.find(b"moov") - 4
    path.write_bytes(good[:pictures] + bytes(index - pictures) + good[index:])


def _encrypted(film: Path, path: Path) -> None:
    keys = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "0" * 32, "-encryption_kid", "1" * 32]
    run_ffmpeg("-i", str(film), "-c", "copy", *keys, "-f", "mp4", str(path))


def _unknown_coding(film: Path, path: Path) -> None:
    path.write_bytes(film.read_bytes().replace(b"avc1", b"zzz1"))


def _sound_alone(film: Path, path: Path) -> None:
    run_ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", "-f", "mp4", str(path))


def _song_with_cover(film: Path, path: Path) -> None:
    sources = ["-f", "lavfi", "-i", "sine=duration=1", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=1:d=1"]
    cover = ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-frames:v", "1", "-disposition:v", "attached_pic"]
    run_ffmpeg(*sources, *cover, "-c:a", "aac", "-f", "mp4", str(path))


def _one_frame(film: Path, path: Path) -> None:
    run_ffmpeg("-i", str(film), "-an", "-frames:v", "1", *H264, "-f", "mp4", str(path))


def _dead_link(film: Path, path: Path) -> None:
    path.symlink_to(path.with_name("gone.mp4"))


WAYS = (
    _empty, _error_page, _broken_off, _zeroed, _encrypted, _unknown_coding, _sound_alone, _song_with_cover,
    _one_frame, _dead_link,
)  # fmt: skip


def batch(*arguments, **options) -> subprocess.Popen:
    """A running `dyvim batch`, in a process group of its own, that hears Ctrl-C wherever the tests run."""
    command = [sys.executable, "-m", "dyvim_cli", "batch", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    if os.name == "posix":  # a shell's background jobs, and their children, are born deaf to it
        options["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(command, start_new_session=True, **pipes, **options)


def finish(process: subprocess.Popen) -> subprocess.CompletedProcess:
    """Wait for a batch."""
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run_batch(*arguments) -> subprocess.CompletedProcess:
    """A batch from start to end."""
    return finish(batch(*arguments))


def kill(process: subprocess.Popen, lines: int, seconds: float, how: int = signal.SIGKILL) -> bool:
    """Kill the whole process group some time after n lines of progress; False when it ended before."""
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
