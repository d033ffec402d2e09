"""Make small intact files of other kinds than films: music, notes, markers, plans, fonts, features."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

from dyvim_cli.markers.files import write_markers
from dyvim_cli.markers.marker import Marker
from dyvim_cli.media.film_clock import FilmClock
from dyvim_cli.media.programs import find_ffmpeg
from dyvim_cli.music.synth.generators import KEY_RANGE, LOOP_MODE, LOOPS
from dyvim_cli.music.synth.soundfont import Patch, Sample, SoundFont, Zone
from tools.fuzz.calls import Whole
from tools.fuzz.seeds import FPS, SECONDS, Seed
from tools.soundfont_writer import to_bytes

CONFIG = """\
overwrite = true
seed = 4
[score]
alpha = 0.7
style = "jazz"
mood = "0.5,-0.3"
[batch]
jobs = "1"
"""
MARKED = [Marker(0.4, "hit 0.8"), Marker(1.0, "silence 0.3", 0.3), Marker(1.6, "section theme", note="a;b")]


def make_whole(folder: Path, film: Path, music: Path) -> tuple[Whole, list[Seed]]:
    """Score a film of `seeds`, and make the other files that verbs read.

    Args:
        folder: for the files.
        film: path.
        music: path of its music.

    Returns:
        (the files, seeds of them to be damaged).
    """
    scored, notes, plan = (folder / name for name in ("scored.mp4", "notes.mid", "plan.toml"))
    quickly = ["--candidates", "1", "--seed", "1"]
    _dyvim("score", film, "-o", scored, "--midi", notes, *quickly)
    _dyvim("plan", film, "-o", plan, *quickly)
    features = Path(_dyvim("extract-features", film, "--out", folder))
    config = folder / "config.toml"
    config.write_text(CONFIG)
    named = {"notes": notes, "plan": plan, "features": features, "scored": scored, "config": config}
    seeds = [Seed(kind, path.suffix, path.read_bytes()) for kind, path in named.items()]
    seeds += [*_sounds(folder, music), *_markers(folder), Seed("font", ".sf2", to_bytes(_font()))]
    return Whole(film, music, notes, features), seeds


def _dyvim(*words: object) -> str:
    """Run a command; its output is the path of the result."""
    call = [sys.executable, "-m", "dyvim_cli", *map(str, words)]
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout.strip()


def _sounds(folder: Path, music: Path) -> list[Seed]:
    """The music in every container that people keep music in."""
    seeds = []
    for ending in (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aiff"):
        path = folder / f"sound{ending}"
        call = [find_ffmpeg(), "-v", "error", "-nostdin", "-y", "-i", f"file:{music}", f"file:{path}"]
        subprocess.run(call, check=True)
        seeds.append(Seed("music", ending, path.read_bytes()))
    return seeds


def _markers(folder: Path) -> list[Seed]:
    """The same markers in every format."""
    clock, seeds = FilmClock(Fraction(FPS), SECONDS), []
    for ending in (".csv", ".edl", ".xml", ".fcpxml", ".mid", ".otio"):
        path = folder / f"markers{ending}"
        write_markers(MARKED, clock, path)
        seeds.append(Seed("markers", ending, path.read_bytes()))
    return seeds


def _font() -> SoundFont:
    """Two presets of a looped tone, one of them in two zones."""
    frames = np.round(9000 * np.sin(2 * np.pi * np.arange(4800) / 100)).astype("<i2").tobytes()
    samples = tuple(Sample(name, frames, (2400, 4800), 48_000, 60, 0, 0, 1) for name in (b"low", b"high"))
    ranges = ({KEY_RANGE: 60 << 8, LOOP_MODE: LOOPS}, {KEY_RANGE: 127 << 8 | 61, LOOP_MODE: LOOPS})
    zones = tuple(Zone(dict(generators), b"", index) for index, generators in enumerate(ranges))
    presets = tuple(Patch(b"tone", (Zone({}, b"", 0),), bank, 0) for bank in (0, 128))
    return SoundFont(presets, (Patch(b"tone", zones),), samples, {"INAM": b"fuzz"})
