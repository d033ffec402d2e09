"""Time a film's stages and the real-time factor, beside ffmpeg's decoding alone.

    python -m benchmarks.speed [film ...]

Without films two are synthesised: 15 s of 720p and 60 s of 1080p. The last line sets the shipped
decoder beside one of musicgen-small's size: seconds a second of music, composed and sounded. Ratios
are of one run on one machine; single seconds are not to be compared across machines. `processor_ratio` is the
processor time of a whole score over that of ffmpeg's decoding to 160 px; `first_frame_s` is the time from the
command to the first decoded frame.
"""

import compileall
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dyvim_cli
from benchmarks.musicgen_speed import compare_decoders
from dyvim_cli.media.probe import probe
from dyvim_cli.media.programs import find_ffmpeg

SMALL = ("-map", "0:v:0", "-vf", "scale=160:-2", "-f", "null", "-")  # decodes to what the analysis looks at
# a score that says when its first frame is decoded, and is over then; the clock is the whole machine's
FIRST_FRAME = """
import os, sys, time
from dyvim_cli.media import decode
scale = decode._Scaler.__call__
def first(self, frame):
    scale(self, frame)
    sys.stdout.write(str(time.monotonic()))
    sys.stdout.flush()
    os._exit(0)
decode._Scaler.__call__ = first
from dyvim_cli.__main__ import run
run()
"""
FILMS = (("720p15s", "1280x720", 15), ("1080p60s", "1920x1080", 60))


def synthesise(folder: Path, name: str, size: str, seconds: int) -> Path:
    """Make a moving, cutting, noisy H.264 film.

    Args:
        folder: for the film.
        name: of the file.
        size: such as 1280x720.
        seconds: length.

    Returns:
        Its path.
    """
    path, third = folder / f"{name}.mp4", seconds / 3
    sources = (
        f"mandelbrot=size={size}:rate=25:start_scale=2",
        f"testsrc2=size={size}:rate=25",
        f"gradients=size={size}:rate=25:speed=0.03:seed=1",
    )
    inputs = [part for source in sources for part in ("-f", "lavfi", "-t", str(third), "-i", source)]
    graph = "".join(f"[{i}:v]setsar=1,format=yuv420p,noise=alls=6:allf=t[v{i}];" for i in range(3))
    graph += "[v0][v1][v2]concat=n=3[v]"
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23"]
    command = [find_ffmpeg(), "-v", "error", "-y", *inputs, "-filter_complex", graph, "-map", "[v]", *encode]
    subprocess.run([*command, str(path)], check=True)
    return path


def measure(film: Path, scratch: Path) -> dict:
    """Time whole processes: ffmpeg's decoding, a cold score, and one with cached features.

    Args:
        film: path.
        scratch: folder for the results.

    Returns:
        Seconds for JSON.
    """
    options = ["--seed", "1", "--overwrite", "--json", "-o", str(scratch / f"out{film.suffix}")]
    score = [sys.executable, "-m", "dyvim_cli", "score", str(film), *options]
    decode_s, _ = _timed([find_ffmpeg(), "-v", "error", "-i", str(film), "-map", "0:v:0", "-f", "null", "-"])
    small_cpu_s = _processor_s([find_ffmpeg(), "-v", "error", "-i", str(film), *SMALL])
    began_cpu_s = _children_s()
    cold_s, facts = _timed([*score, "--no-cache"])
    cold_cpu_s = _children_s() - began_cpu_s
    _timed(score)
    cached_s, _ = _timed(score)
    duration_s = probe(film).duration_s
    return {
        "film": film.name,
        "duration_s": round(duration_s, 2),
        "decode_s": round(decode_s, 2),
        "score_s": round(cold_s, 2),
        "cached_s": round(cached_s, 2),
        "score_over_decode": round(cold_s / decode_s, 2),
        "processor_ratio": round(cold_cpu_s / small_cpu_s, 2),
        "first_frame_s": round(first_frame_s([str(film), *options, "--no-cache"]), 2),
        "real_time_factor": round(duration_s / cold_s, 2),
        "stages_s": json.loads(facts)["seconds"],
    }


def first_frame_s(arguments: list[str]) -> float:
    """Time the command `score` until its first decoded frame.

    Args:
        arguments: of the command.

    Returns:
        Seconds.
    """
    began = time.monotonic()
    command = [sys.executable, "-c", FIRST_FRAME, "score", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout) - began


def _children_s() -> float:
    """Processor seconds of all finished children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _processor_s(command: list[str]) -> float:
    """Processor seconds of a command."""
    began = _children_s()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return _children_s() - began


def _timed(command: list[str]) -> tuple[float, str]:
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return time.monotonic() - began, done.stdout


def main(films: list[Path]) -> None:
    """Measure films and print a JSON line each.

    Args:
        films: paths; none = synthesised ones.
    """
    # as pip does when it installs: where Python may not keep what it compiles, every run would compile all
    compileall.compile_dir(Path(dyvim_cli.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for film in films or [synthesise(scratch, *facts) for facts in FILMS]:
            _show(measure(film, scratch))
        _show(compare_decoders(film))


def _show(facts: dict) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
