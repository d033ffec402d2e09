"""Choose the command line that a damaged file goes through, by what kind of file it was."""

import random
from dataclasses import dataclass
from pathlib import Path

KEPT = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts", ".m2ts")  # what a film leaves in as it came
IN_MKV = (".wmv", ".ogv", ".nut")  # what mp4 does not hold
FILM = ("mux", "mux", "mux", "mux", "mux", "extract-features", "extract-frames", "score")
QUICKLY = ["--candidates", "1", "--seed", "1"]
# name of a seed that is no film -> the verbs that read such a file
OTHERS = {
    "music": ("mux-music",),
    "notes": ("render", "render", "markers"),
    "font": ("generate-font",),
    "features": ("generate",),
    "plan": ("render-plan", "dry-plan"),
    "markers": ("markers",),
    "config": ("config",),
    "scored": ("rescore", "like"),
}


@dataclass(frozen=True)
class Whole:
    """The undamaged files that commands need besides the damaged one."""

    film: Path
    music: Path
    notes: Path
    features: Path


@dataclass(frozen=True)
class Call:
    """A command line that reads `damaged`, the output it promises, and whose pictures it must hold."""

    words: list[str]
    output: Path | None
    pictures: Path | None = None


def call_for(kind: str, damaged: Path, rng: random.Random, whole: Whole) -> tuple[str, Call]:
    """Choose a command line for a damaged file.

    Args:
        kind: a film's, or one of OTHERS.
        damaged: path of the file.
        rng: draws the verb and its options.
        whole: undamaged files for the other arguments.

    Returns:
        (what is tried, the command line).
    """
    verb = rng.choice(OTHERS.get(kind, FILM))
    words, output, pictures = CALLS[verb](damaged, whole)
    return verb, Call([str(word) for word in words], output, pictures)


def _film_beside(damaged: Path) -> Path:
    ending = damaged.suffix if damaged.suffix in KEPT else ".mkv" if damaged.suffix in IN_MKV else ".mp4"
    return damaged.with_name("out" + ending)


def _mux(damaged: Path, whole: Whole) -> tuple:
    output = _film_beside(damaged)
    return ["mux", damaged, whole.music, "-o", output], output, damaged


def _score(damaged: Path, whole: Whole) -> tuple:
    output = _film_beside(damaged)
    return ["score", damaged, "-o", output, "--no-cache", *QUICKLY], output, damaged


def _mux_music(damaged: Path, whole: Whole) -> tuple:
    output = damaged.with_name("out.mp4")
    return ["mux", whole.film, damaged, "-o", output], output, whole.film


def _features(damaged: Path, whole: Whole) -> tuple:
    output = damaged.with_name("out")
    return ["extract-features", damaged, "--no-cache", "--out", output], output, None


def _frames(damaged: Path, whole: Whole) -> tuple:
    output = damaged.with_name("frames")
    return ["extract-frames", damaged, "-o", output, "--fps", "2", "--width", "64"], output, None


def _render(damaged: Path, whole: Whole) -> tuple:
    output = damaged.with_name("out.wav")
    return ["render", damaged, "-o", output], output, None


def _render_plan(damaged: Path, whole: Whole) -> tuple:
    output = damaged.with_name("out.wav")
    return ["render", whole.notes, "--plan", damaged, "-o", output], output, None


def _dry_plan(damaged: Path, whole: Whole) -> tuple:
    output = damaged.with_name("out.mp4")
    return ["score", whole.film, "--plan", damaged, "-o", output, "--dry-run"], None, None


def _markers(damaged: Path, whole: Whole) -> tuple:
    output = damaged.with_name("out.toml")
    return ["plan", whole.film, "--markers", damaged, "-o", output, *QUICKLY], output, None


def _generate(damaged: Path, whole: Whole) -> tuple:
    output = damaged.with_name("out.wav")
    return ["generate", damaged, "-o", output, *QUICKLY], output, None


def _generate_font(damaged: Path, whole: Whole) -> tuple:
    output = damaged.with_name("out.wav")
    return ["generate", whole.features, "--soundfont", damaged, "-o", output, *QUICKLY], output, None


def _config(damaged: Path, whole: Whole) -> tuple:
    return ["--config", damaged, "score", whole.film, "--dry-run"], None, None


def _rescore(damaged: Path, whole: Whole) -> tuple:
    output = damaged.with_name("out.mp4")
    return ["rescore", whole.film, "--from", damaged, "-o", output], output, whole.film


def _like(damaged: Path, whole: Whole) -> tuple:
    output = damaged.with_name("out.mp4")
    return ["score", whole.film, "--like", damaged, "-o", output, "--dry-run"], None, None


CALLS = {
    "mux": _mux, "score": _score, "extract-features": _features, "extract-frames": _frames,
    "mux-music": _mux_music, "render": _render, "render-plan": _render_plan, "dry-plan": _dry_plan,
    "markers": _markers, "generate": _generate, "generate-font": _generate_font, "config": _config,
    "rescore": _rescore, "like": _like,
}  # fmt: skip
