"""Read drum takes of human drummers (Groove MIDI, CC-BY-4.0) and measure their timing and accents."""

import csv
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.atomic import write_text
from dyvim_cli.errors import InputError
from dyvim_cli.music.symbols.tokens import DRUM_CLASSES, STREAM_INDEX, empty
from dyvim_cli.training.data.curves import music_curves
from dyvim_cli.training.data.piece import Piece, PieceSection
from dyvim_cli.training.sources import drums, dynamics, midi
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, STYLES

SOURCE = "groove"
SUFFIXES = midi.SUFFIXES
INDEX = "info.csv"
MIN_BARS = 2

# The drummers' words for a style, to ours; first part of the style column.
STYLE_OF = {
    "rock": "rock", "punk": "rock", "blues": "rock", "hiphop": "lofi", "jazz": "jazz", "neworleans": "jazz",
    "funk": "pop", "soul": "pop", "pop": "pop", "gospel": "pop", "dance": "electronic",
    "country": "acoustic", "reggae": "acoustic", "highlife": "playful", "latin": "playful",
    "afrobeat": "playful", "afrocuban": "playful", "middleeastern": "cinematic",
}  # fmt: skip

TAKE_NAME = re.compile(r"\d+_(?P<style>.+)_(?P<bpm>\d+)_(beat|fill)_(?P<time_signature>\d+-\d+)")
FEEL_FORMAT = "dyvim-feel-1"
MIN_HITS = 12  # fewer hits of a class at a position make no statistics
ALL = "all"  # the family of every style together


def read(path: Path) -> list[Piece]:
    """Read one take as a piece: drums, level, style and tempo; nothing else is known.

    Args:
        path: of the take's MIDI.

    Returns:
        One piece; none of a take that is not in four-four or shorter than MIN_BARS.

    Raises:
        InputError: there are no drums, or no tempo is known.
    """
    facts = take_facts(path)
    if facts["time_signature"] != "4-4":
        return []
    times, pitches, velocities = hits(path)
    steps = np.maximum(np.rint(times * STEPS_PER_BEAT).astype(int), 0)
    steps -= steps.min() // STEPS_PER_BAR * STEPS_PER_BAR  # fills begin after bars of silence
    n_steps = (int(steps.max()) // STEPS_PER_BAR + 1) * STEPS_PER_BAR
    if n_steps < MIN_BARS * STEPS_PER_BAR:
        return []
    tokens = empty(n_steps)
    tokens[STREAM_INDEX["drums"]] = drums.row(steps, pitches, n_steps)
    tokens[STREAM_INDEX["level"]] = dynamics.velocity_levels(steps, velocities, n_steps)
    style = _style(facts)
    piece = Piece(
        f"{SOURCE}/{_work(facts)}", SOURCE, tokens, music_curves(tokens), (PieceSection(0, n_steps),), False,
        float(facts["bpm"]), STYLES.index(style) if style else -1, True, True,
    )  # fmt: skip
    return [piece]


def hits(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read a take's hits that belong to a drum class.

    Args:
        path: of a take's MIDI.

    Returns:
        (times in quarter notes, MIDI keys, velocities), [N] each, of the hits that belong to a drum class.

    Raises:
        InputError: there are none.
    """
    score = midi.load(path)  # must live as long as the arrays, which look into its memory
    notes = [track.notes.numpy() for track in score.tracks]
    time, key, velocity = (np.concatenate([n[name] for n in notes]) for name in ("time", "pitch", "velocity"))
    known = drums.CLASS_OF_KEY[key] >= 0
    if not known.any():
        raise InputError(f"no drums in MIDI: {path}", "leave the file out")
    return time[known].astype(float), key[known].astype(int), velocity[known].astype(int)


def take_facts(path: Path) -> dict[str, str]:
    """Look a take up in the nearest info.csv above it, else in its file name.

    Args:
        path: of its MIDI.

    Returns:
        Style, bpm and time signature, as words.

    Raises:
        InputError: neither says them.
    """
    path = Path(path).resolve()
    for folder in path.parents:
        if (folder / INDEX).is_file():
            facts = _index(folder / INDEX).get(path.relative_to(folder).as_posix())
            if facts:
                return facts
            break
    named = TAKE_NAME.fullmatch(path.stem)
    if not named:
        raise InputError(f"neither {INDEX} nor the name has the tempo: {path}", f"put {INDEX} beside it")
    return named.groupdict() | {"id": path.stem}


@lru_cache(maxsize=4)
def _index(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row["midi_filename"]: row for row in csv.DictReader(file)}


def _style(facts: dict[str, str]) -> str | None:
    return STYLE_OF.get(re.split("[/-]", facts["style"])[0])


def _work(facts: dict[str, str]) -> str:
    """Name of what is played: all drummers play the same grooves in the evaluation sessions."""
    if "eval_session" in facts["id"]:
        return "groove " + facts["style"].replace("/", " ")
    return facts["id"].replace("/", " ")


def write_feel(folder: Path, path: Path) -> dict[str, Any]:
    """Write how humans place and weigh drum hits as JSON for the synthesizer.

    {"format": "dyvim-feel-1", "classes": [6 drum classes], "families": {style or "all": {
      "offset_mean": [6][16], "offset_std": [6][16],      fractions of a sixteenth, + is late
      "velocity_mean": [6][16], "velocity_std": [6][16],  MIDI velocity 0..127
      "hits": [6]}}}                                      how many hits of each class were counted
    by class and position in the four-four bar; null where fewer than MIN_HITS hits were heard. Offsets are
    relative to the median of their take.

    Args:
        folder: with takes, searched with its sub-folders.
        path: of the JSON.

    Returns:
        Its content.

    Raises:
        InputError: there are no takes in four-four.
    """
    takes = [t for t in (_measure(p) for p in sorted(Path(folder).rglob("*.mid"))) if t is not None]
    if not takes:
        raise InputError(f"no drum takes in four-four in: {folder}", "the folder that holds info.csv")
    families = {ALL: [rows for _, rows in takes]}
    for style, rows in takes:
        families.setdefault(style, []).append(rows)
    content = {
        "format": FEEL_FORMAT,
        "classes": list(DRUM_CLASSES),
        "families": {name: _statistics(np.concatenate(families[name])) for name in sorted(families)},
    }
    write_text(Path(path), json.dumps(content, separators=(",", ":")) + "\n")
    return content


def _measure(path: Path) -> tuple[str, np.ndarray] | None:
    """(style, [hits, 4] class, position, offset in steps, velocity) of one beat in four-four."""
    facts = take_facts(path)
    style = _style(facts)
    if facts["time_signature"] != "4-4" or style is None:
        return None
    times, keys, velocities = hits(path)
    steps = times * STEPS_PER_BEAT
    nearest = np.rint(steps)
    offsets = steps - nearest
    offsets -= np.median(offsets)  # the take's constant delay is its recording, not its feel
    columns = drums.CLASS_OF_KEY[keys], nearest % STEPS_PER_BAR, offsets, velocities
    return style, np.stack(columns, axis=1)


def _statistics(rows: np.ndarray) -> dict[str, Any]:
    shape = (len(DRUM_CLASSES), STEPS_PER_BAR)
    cell = (rows[:, 0] * STEPS_PER_BAR + rows[:, 1]).astype(int)
    count = np.bincount(cell, minlength=shape[0] * shape[1])
    made = {}
    for name, values, digits in (("offset", rows[:, 2], 3), ("velocity", rows[:, 3], 0)):
        mean = np.bincount(cell, weights=values, minlength=len(count)) / np.maximum(count, 1)
        spread = np.bincount(cell, weights=(values - mean[cell]) ** 2, minlength=len(count))
        deviation = np.sqrt(spread / np.maximum(count, 1))
        made[f"{name}_mean"] = _table(mean, count, shape, digits)
        made[f"{name}_std"] = _table(deviation, count, shape, digits)
    made["hits"] = count.reshape(shape).sum(1).tolist()
    return made


def _table(
    values: np.ndarray, count: np.ndarray, shape: tuple[int, int], digits: int
) -> list[list[float | None]]:
    cells = [
        (round(float(v), digits) if digits else round(float(v))) if n >= MIN_HITS else None
        for v, n in zip(values, count, strict=True)
    ]
    return [cells[i * shape[1] : (i + 1) * shape[1]] for i in range(shape[0])]
