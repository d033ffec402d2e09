"""Draw a score over its film: notes by stream, bars, chords, sections, events and motion."""

from pathlib import Path

import numpy as np

from dyvim_cli.evaluation.judge.extra import need
from dyvim_cli.model.conditioning.film_curves import motion_on_scale
from dyvim_cli.music.idioms.kit import KIT
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import EVENT_KINDS, STEPS_PER_BAR, STEPS_PER_BEAT, FilmFeatures, Key, Score, Stem

COLOURS = {
    "melody": "#c0392b", "bass": "#1f4e79", "pad": "#7fb069", "arp": "#e39b27", "accent": "#8e44ad",
    "drums": "#444444", "impact": "#333333", "riser": "#999999",
}  # fmt: skip
ROLE_COLOURS = {
    "intro": "#dfe7ef", "theme": "#ffffff", "contrast": "#f4ecdf", "build": "#f7dcdc", "break": "#e4efe4",
    "outro": "#e8e3f0",
}  # fmt: skip
EVENT_COLOURS = dict(zip(EVENT_KINDS, ("#c0392b", "#e39b27", "#3d6b99", "#2e8b57"), strict=True))
INCHES_A_SECOND, NARROWEST, WIDEST = 0.55, 11.0, 40.0
BEHIND = ("riser", "impact", "pad", "arp", "bass", "accent", "melody")  # drawn in this order
MARKS = {"min": "m", "maj": "", "m7b5": "ø", "dim": "°", "aug": "+", "min7": "m7"}


def draw_piano_roll(score: Score, film: FilmFeatures, path: Path, title: str = "") -> None:
    """Draw a score over its film; brightness shows velocity, dotted lines the film's events.

    Args:
        score: the score.
        film: features of the film.
        path: of the PNG.
        title: "" = style, key and tempo.
    """
    need("matplotlib.figure")
    from matplotlib.figure import Figure

    width = float(np.clip(film.duration_s * INCHES_A_SECOND, NARROWEST, WIDEST))
    figure = Figure(figsize=(width, 9), layout="constrained", dpi=80)
    notes, drums, level, picture = figure.subplots(
        4, 1, sharex=True, gridspec_kw={"height_ratios": [6, 1.2, 0.8, 1.2]}
    )
    _draw_notes(notes, score)
    _draw_drums(drums, score)
    _draw_levels(level, score)
    _draw_film(picture, film)
    for axes in (notes, drums, level):
        _draw_bars(axes, score)
        _draw_events(axes, film)
    notes.set_title(title or f"{score.style}, {score.key}, {score.tempo_map.bpm:.1f} BPM", loc="left", pad=26)
    notes.set_xlim(0, film.duration_s)
    picture.set_xlabel("seconds")
    handles, labels = notes.get_legend_handles_labels()
    # inside it would hide the bass, above it the title of a short film
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=8)
    figure.savefig(path, format="png")


def chord_name(token: int, key: Key) -> str:
    """Name a chord token in a key.

    Args:
        token: of the stream chord.
        key: of the piece.

    Returns:
        Such as 'F#m7'; "" for no chord.
    """
    chord = tokens.chord_of(token)
    if chord is None:
        return ""
    return Key.NAMES[(chord[0] + key.tonic) % 12] + MARKS.get(chord[1], chord[1])


def _draw_notes(axes, score: Score) -> None:
    pitched = {stem.name: stem for stem in score.stems if not stem.is_drums}
    for name in BEHIND:
        if name in pitched:
            _bars_of(axes, pitched[name], name)
    pitches = [note.pitch for stem in pitched.values() for note in stem.notes] or [60]
    low, high = min(pitches) - 2, max(pitches) + 3
    axes.set(ylim=(low, high), ylabel="pitch")
    axes.set_yticks([p for p in range(0, 128, 12) if low <= p <= high])
    axes.set_yticklabels([f"C{p // 12 - 1}" for p in range(0, 128, 12) if low <= p <= high])
    _name_sections(axes, score, low, high)
    _name_chords(axes, score, high)


def _bars_of(axes, stem: Stem, name: str) -> None:
    starts = [n.start_s for n in stem.notes]
    lengths = [n.end_s - n.start_s for n in stem.notes]
    shades = [(*_rgb(COLOURS[name]), 0.25 + 0.75 * n.velocity / 127) for n in stem.notes]
    height = 0.9 if name == "melody" else 0.6
    axes.barh(
        [n.pitch for n in stem.notes], lengths, height, left=starts, color=shades, lw=0, zorder=3,
    )  # fmt: skip
    axes.plot([], [], color=COLOURS[name], lw=4, label=f"{name} ({stem.program})")


def _rgb(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def _name_sections(axes, score: Score, low: float, high: float) -> None:
    grid = score.tempo_map.step_times_s
    for start, end, role in score.sections:
        axes.axvspan(grid[start], grid[end], color=ROLE_COLOURS[role], zorder=0, lw=0)
        axes.text(grid[start] + 0.05, low + 0.3, role, fontsize=9, style="italic", color="#777777")


def _name_chords(axes, score: Score, high: float) -> None:
    chords, grid = score.tokens[tokens.STREAM_INDEX["chord"]], score.tempo_map.step_times_s
    changes = np.concatenate([[0], 1 + np.flatnonzero(np.diff(chords))])
    for row, step in enumerate(changes):
        axes.text(
            grid[step], high + 0.4 + 1.6 * (row % 2), chord_name(int(chords[step]), score.key), fontsize=8
        )


def _draw_drums(axes, score: Score) -> None:
    """Draw the drums as played: kick and snare may alternate (performance/drumming.py)."""
    rows = _rows_of_keys(score.style)
    strokes = [note for stem in score.stems if stem.is_drums for note in stem.notes]
    axes.scatter(
        [n.start_s for n in strokes], [rows[n.pitch] for n in strokes],
        s=[4 + n.velocity / 3 for n in strokes], color=COLOURS["drums"], marker="|", zorder=3,
    )  # fmt: skip
    axes.set_yticks(range(len(tokens.DRUM_CLASSES)), tokens.DRUM_CLASSES, fontsize=7)
    axes.set_ylim(-0.7, len(tokens.DRUM_CLASSES) - 0.3)


def _rows_of_keys(style: str) -> dict[int, int]:
    """Key of a style's kit -> the first drum class that plays it."""
    keys, rows = KIT | RECORDS[style].palette.drum_keys, {}
    crash = len(tokens.DRUM_CLASSES) - 1
    for row, name in [*enumerate(tokens.DRUM_CLASSES), (crash, "splash")]:  # a splash is written as a crash
        for key in np.hstack([[], *keys[name]]).astype(int).tolist():
            rows.setdefault(key, row)
    return rows


def _draw_levels(axes, score: Score) -> None:
    levels, grid = score.tokens[tokens.STREAM_INDEX["level"]], score.tempo_map.step_times_s
    axes.stairs(np.maximum(levels, 0), grid, fill=True, color="#9aa5b1", zorder=2)
    axes.set(ylim=(0, tokens.N_LEVELS), ylabel="level")


def _draw_film(axes, film: FilmFeatures) -> None:
    axes.fill_between(
        film.times_s, motion_on_scale(film.energy.astype(float)), color="#3d6b99", alpha=0.35, lw=0
    )
    times = zip(film.event_times_s, film.event_weights, film.event_kinds, strict=True)
    for time, weight, kind in times:
        axes.plot([time, time], [0, weight], color=EVENT_COLOURS[EVENT_KINDS[kind]], lw=1.6)
    for time in film.scene_starts_s[1:]:
        axes.axvline(time, color="#999999", lw=0.8, ls="--")
    axes.set(ylim=(0, 1.05))
    axes.set_ylabel("film: motion,\ncuts (red), impacts", fontsize=8)


def _draw_bars(axes, score: Score) -> None:
    grid = score.tempo_map.step_times_s
    for step in range(0, len(grid), STEPS_PER_BEAT):
        colour, width = ("#bbbbbb", 0.9) if step % STEPS_PER_BAR == 0 else ("#e6e6e6", 0.5)
        axes.axvline(grid[step], color=colour, lw=width, zorder=1)


def _draw_events(axes, film: FilmFeatures) -> None:
    for time, weight, kind in zip(film.event_times_s, film.event_weights, film.event_kinds, strict=True):
        colour = EVENT_COLOURS[EVENT_KINDS[kind]]
        axes.axvline(time, color=colour, lw=0.4 + weight, ls=":", alpha=0.8, zorder=2)
