"""Draw the README's picture: film strip, motion, hits, waveform and roll of a scored film, light and dark.

python -m benchmarks.picture FILM --out docs/images --start 9 --end 25
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import dyvim_cli as dyvim
from dyvim_cli.media.decode import frames
from dyvim_cli.media.probe import probe
from dyvim_cli.model.conditioning.film_curves import motion_on_scale
from dyvim_cli.types import FilmFeatures, Score, Soundtrack

PICTURES = 9  # pictures in the strip
CELL_ASPECT = 1.08  # width by height of a picture's place in the strip
STRIP_GAP = 0.006  # gap between pictures as a share of the width
POINTS_A_SECOND = 60  # points of the waveform a second
MET_S = 0.05  # a note this near to an event meets it
N_COLOURS = 200  # colours of the PNG: photographs and text stay clean, the file stays small
LETTER = 0.0072  # size of the legend's type as a share of the picture's width
WIDTH_IN, HEIGHT_IN, DPI = 12.0, 6.4, 130


@dataclass(frozen=True)
class Theme:
    """Colours of one variant."""

    name: str
    paper: str
    ink: str
    faint: str
    motion: str
    cut: str
    impact: str
    wave: str
    parts: dict[str, str]


LIGHT = Theme(
    "light", "#ffffff", "#24292f", "#d8dee4", "#8fb3d9", "#d1242f", "#bf8700", "#6e7781",
    {"melody": "#cf222e", "bass": "#0550ae", "pad": "#6fbf73", "arp": "#d4a72c", "accent": "#8250df"},
)  # fmt: skip
DARK = Theme(
    "dark", "#0d1117", "#e6edf3", "#2a313a", "#3d6ea5", "#ff7b72", "#e3b341", "#8b949e",
    {"melody": "#ff7b72", "bass": "#79c0ff", "pad": "#3fb950", "arp": "#e3b341", "accent": "#d2a8ff"},
)  # fmt: skip


def main() -> None:
    """Compose for a film and write picture-light.png and picture-dark.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--start", type=float, default=None)
    parser.add_argument("--end", type=float, default=None)
    parser.add_argument("--style", default=None)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    film = dyvim.analyse(asked.film, start_s=asked.start, end_s=asked.end)
    score = dyvim.compose(film, style=asked.style, seed=asked.seed)
    sound = dyvim.render(score, film.duration_s)
    strip = film_strip(asked.film, asked.start or 0.0, film)
    asked.out.mkdir(parents=True, exist_ok=True)
    for theme in (LIGHT, DARK):
        draw(theme, strip, film, score, sound, asked.out / f"picture-{theme.name}.png")


def film_strip(path: Path, start_s: float, film: FilmFeatures) -> list[np.ndarray]:
    """Read the pictures in the middle of PICTURES even parts of the film.

    Args:
        path: of the film.
        start_s: beginning of the part that is shown.
        film: features of that part.

    Returns:
        [h, w, 3] uint8 each.
    """
    wanted = [(i + 0.5) * film.duration_s / PICTURES for i in range(PICTURES)]
    found: list[np.ndarray] = []
    for frame in frames(probe(path), 240, start_s, start_s + film.duration_s):
        if len(found) < PICTURES and frame.time_s >= wanted[len(found)]:
            found.append(np.array(frame.pixels))
    return found


def draw(theme: Theme, strip, film: FilmFeatures, score: Score, sound: Soundtrack, path: Path) -> None:
    """Draw film strip, motion, events, notes and waveform, and write one PNG.

    Args:
        theme: colours, light or dark.
        strip: pictures of `film_strip`.
        film: features of the film.
        score: the score.
        sound: its sound.
        path: of the PNG.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DPI, facecolor=theme.paper)
    rows = figure.subplots(
        4, 1, gridspec_kw={"height_ratios": [1.15, 0.9, 2.6, 0.8], "hspace": 0.14, "left": 0.075,
                           "right": 0.995, "top": 0.945, "bottom": 0.06},
    )  # fmt: skip
    for axes, name in zip(rows, ("film", "motion", "notes", "sound"), strict=True):
        _plain(axes, theme, film.duration_s, name)
    _draw_strip(rows[0], strip, film)
    _draw_motion(rows[1], theme, film)
    _draw_notes(rows[2], theme, score)
    _draw_wave(rows[3], theme, sound)
    _draw_hits(rows, theme, film, score)
    _label(figure, rows, theme, film, score)
    figure.savefig(path, facecolor=theme.paper)
    _shrink(path)


def _plain(axes, theme: Theme, duration_s: float, name: str) -> None:
    axes.set(xlim=(0, duration_s), xticks=[], yticks=[], facecolor="none")
    axes.set_ylabel(name, rotation=0, ha="right", va="center", color=theme.ink, fontsize=12, labelpad=10)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_strip(axes, strip: list[np.ndarray], film: FilmFeatures) -> None:
    part_s, gap_s = film.duration_s / len(strip), STRIP_GAP * film.duration_s
    for i, picture in enumerate(strip):
        span = (i * part_s + gap_s / 2, (i + 1) * part_s - gap_s / 2)
        axes.imshow(_cropped(picture), extent=(*span, 0, 1), aspect="auto", interpolation="antialiased")
    axes.set(xlim=(0, film.duration_s), ylim=(0, 1))


def _cropped(picture: np.ndarray) -> np.ndarray:
    """The middle of a picture [h, w, 3], as wide as its place in the strip."""
    height, width, _ = picture.shape
    wanted = min(width, round(CELL_ASPECT * height))
    left = (width - wanted) // 2
    return picture[:, left : left + wanted]


def _draw_motion(axes, theme: Theme, film: FilmFeatures) -> None:
    height = motion_on_scale(film.energy.astype(float))
    axes.fill_between(film.times_s, height, color=theme.motion, lw=0)
    axes.set_ylim(0, 1.08)


def _draw_notes(axes, theme: Theme, score: Score) -> None:
    grid = score.tempo_map.step_times_s
    axes.vlines(grid[::16], 0, 127, color=theme.faint, lw=0.8, zorder=1)
    pitched = [stem for stem in score.stems if not stem.is_drums]
    for stem in sorted(pitched, key=lambda stem: list(PARTS_BACK_TO_FRONT).index(stem.name)):
        for note in stem.notes:
            axes.barh(
                note.pitch, note.end_s - note.start_s, 0.95, left=note.start_s, color=theme.parts[stem.name],
                alpha=0.35 + 0.65 * note.velocity / 127, lw=0, zorder=3,
            )  # fmt: skip
    pitches = [note.pitch for stem in pitched for note in stem.notes]
    low, high = min(pitches) - 2, max(pitches) + 3
    strokes = [note for stem in score.stems if stem.is_drums for note in stem.notes]
    if strokes:
        low -= 6
        axes.scatter(
            [n.start_s for n in strokes], [low + 2 + n.pitch % 4 for n in strokes], marker="|",
            s=[6 + n.velocity / 4 for n in strokes], color=theme.ink, lw=0.9, zorder=3,
        )  # fmt: skip
    axes.set_ylim(low, high)


PARTS_BACK_TO_FRONT = ("pad", "arp", "bass", "accent", "melody")


def _draw_wave(axes, theme: Theme, sound: Soundtrack) -> None:
    mono = np.abs(sound.samples).max(axis=1)
    block = sound.sample_rate // POINTS_A_SECOND
    peaks = mono[: len(mono) // block * block].reshape(-1, block).max(axis=1)
    times_s = (np.arange(len(peaks)) + 0.5) / POINTS_A_SECOND
    axes.fill_between(times_s, -peaks, peaks, color=theme.wave, lw=0)
    axes.set_ylim(-1, 1)


def _draw_hits(rows, theme: Theme, film: FilmFeatures, score: Score) -> None:
    """Draw a line through all rows for each event that a note meets; cuts also break the strip."""
    from matplotlib.patches import ConnectionPatch

    starts_s = np.array([note.start_s for stem in score.stems for note in stem.notes])
    for time_s, weight, name in zip(film.event_times_s, film.event_weights, film.event_names, strict=True):
        is_met = np.abs(starts_s - time_s).min() <= MET_S
        colour, is_cut = theme.cut if name == "cut" else theme.impact, name == "cut"
        rows[1].vlines(time_s, 0, weight, color=colour, lw=2.2, zorder=4)
        line = ConnectionPatch(
            (time_s, 1 if is_cut else 0), (time_s, rows[3].get_ylim()[0]), "data", "data",
            axesA=rows[0] if is_cut else rows[1], axesB=rows[3], color=colour,
            lw=1.5 if is_cut else 0.8, ls="-" if is_met else ":", alpha=0.85 if is_cut else 0.6, zorder=5,
        )  # fmt: skip
        rows[0].figure.add_artist(line)


def _label(figure, rows, theme: Theme, film: FilmFeatures, score: Score) -> None:
    """Legend above the strip, seconds below the sound, the sections above the notes."""
    said = [("cut", theme.cut), ("sudden motion", theme.impact)]
    said += [(name, theme.parts[name]) for name in reversed(PARTS_BACK_TO_FRONT)
             if name in {stem.name for stem in score.stems}]  # fmt: skip
    right = 0.995
    for name, colour in reversed(said):
        figure.text(right, 0.966, name, color=colour, fontsize=11, ha="right")
        right -= LETTER * len(name) + 0.022
    facts = f"{score.style}, {score.key}, {score.tempo_map.bpm:.0f} BPM"
    figure.text(0.075, 0.966, facts, color=theme.ink, fontsize=12, weight="bold")
    grid = score.tempo_map.step_times_s
    for start, _, role in score.sections:
        rows[2].text(grid[start] + 0.06, rows[2].get_ylim()[1], role, color=theme.ink, fontsize=10,
                     style="italic", va="top", alpha=0.75)  # fmt: skip
    for second in range(0, int(film.duration_s) + 1, 2):
        side = "right" if second >= film.duration_s - 0.2 else "center"
        rows[3].text(second, -1.12, f"{second} s", color=theme.ink, fontsize=10, ha=side, va="top")


def _shrink(path: Path) -> None:
    """Write the PNG with few colours."""
    from PIL import Image

    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(N_COLOURS, method=Image.Quantize.MEDIANCUT)
    few.save(path, optimize=True)


if __name__ == "__main__":
    main()
