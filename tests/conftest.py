"""Films made on the spot by ffmpeg, a cache that no other run sees, and nothing that hangs on chance."""

import itertools
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import hypothesis
import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]

# what a shell may bring with it: settings, a proxy between us and 127.0.0.1, colours where none are expected
FOREIGN = ("DYVIM_", "HF_", "COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "GITHUB_ACTIONS")
for name in [n for n in os.environ if n.startswith(FOREIGN) and n != "DYVIM_FFMPEG"]:
    del os.environ[name]
os.environ["no_proxy"] = "*"  # noqa: SIM112 (so spelt it outranks the other)

# the same examples in every run, however long one takes
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Seed the global generators, so that a test does not depend on those before it."""
    random.seed(0), np.random.seed(0), torch.manual_seed(0)


@pytest.fixture(autouse=True)
def own_environment():
    """Each command has a process of its own; here they share one, and flags end up in its environment."""
    with patch.dict(os.environ):
        yield


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Every test run has its own cache and no configuration of the user's."""
    patch = pytest.MonkeyPatch()
    patch.setenv("DYVIM_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    yield
    patch.undo()


def steady_clock(step_s: float) -> Callable[[], float]:
    """A clock that advances by a step at every call, so that timed training does the same work anywhere."""
    looks = itertools.count()
    return lambda: step_s * next(looks)


def newest_ffmpeg() -> str:
    """Path of the newest ffmpeg at hand."""
    from dyvim_cli.media.programs import find_ffmpeg, newer_ffmpeg

    return newer_ffmpeg() or find_ffmpeg()


def run_ffmpeg(*arguments: str, newest: bool = False) -> None:
    """Run the ffmpeg that dyvim itself would use; or the newest, for a film that an older one cannot make."""
    from dyvim_cli.media.programs import find_ffmpeg

    program = newest_ffmpeg() if newest else find_ffmpeg()
    subprocess.run([program, "-v", "error", "-y", *arguments], check=True)


def dyvim(*arguments, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess:
    """Run this tree's command line, from any folder, in an environment with these changes."""
    command = [sys.executable, "-m", "dyvim_cli", *map(str, arguments)]
    found = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    changed = os.environ | {"PYTHONPATH": found} | environment
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=changed)


def cut_film(path: Path, *sources: str, seconds=1.6, audio: str | None = None, fps=25) -> Path:
    """A film of hard cuts between lavfi sources, each `seconds` long."""
    inputs, joined = [], ""
    for i, source in enumerate(sources):
        inputs += ["-f", "lavfi", "-t", str(seconds), "-i", source]
        joined += f"[{i}:v]scale=320:180,setsar=1,fps={fps},format=yuv420p[v{i}];"
    joined += "".join(f"[v{i}]" for i in range(len(sources))) + f"concat=n={len(sources)}[v]"
    maps = ["-map", "[v]"]
    if audio:
        inputs += ["-f", "lavfi", "-t", str(seconds * len(sources)), "-i", audio]
        maps += ["-map", f"{len(sources)}:a", "-c:a", "aac"]
    options = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    run_ffmpeg(*inputs, "-filter_complex", joined, *maps, *options, str(path))
    return path


MOVING = "testsrc2=size=320x180:rate=25"
FRACTAL = "mandelbrot=size=320x180:rate=25:start_scale=2"
LIFE = "life=seed=1:size=320x180:mold=10:rate=25:ratio=0.1:death_color=#C83232:life_color=#00ff00"
STILL = "color=c=0x4060a0:size=320x180:rate=25"


@pytest.fixture(scope="session")
def film(tmp_path_factory) -> Path:
    """6.4 seconds, three hard cuts (1.6, 3.2, 4.8 s), no sound."""
    return cut_film(tmp_path_factory.mktemp("film") / "film.mp4", MOVING, FRACTAL, LIFE, MOVING)


@pytest.fixture(scope="session")
def still_film(tmp_path_factory) -> Path:
    """Five seconds in which nothing happens."""
    return cut_film(tmp_path_factory.mktemp("still") / "still.mp4", STILL, seconds=5)
