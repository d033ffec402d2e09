"""Plot cuts, motion, loudness and onsets of a film over time."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dyvim_cli.evaluation.judge.bootstrap import Interval
from dyvim_cli.evaluation.judge.extra import need
from dyvim_cli.evaluation.judge.judge_film import FilmReport
from dyvim_cli.evaluation.judge.sync import accents_of
from dyvim_cli.evaluation.judge.visual_events import STILL
from dyvim_cli.evaluation.show.flow_tables import FLOW, flow_cells
from dyvim_cli.evaluation.show.lettering import drawable
from dyvim_cli.evaluation.show.tables import LEGEND, MEASURES, measured_cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CUT, IMPACT, MOTION, LOUD, ONSET = "#c0392b", "#e39b27", "#3d6b99", "#4c9f70", "#333333"
COLOURS = (CUT, IMPACT, ONSET, LOUD, MOTION)
INCHES_A_FILM = 3.4


def draw_films(reports: Sequence[FilmReport], path: Path | None = None) -> bytes:
    """Draw the time lines of films, one below the other: motion and events above, loudness and accents below.

    Args:
        reports: one per film.
        path: also written there, whole or not at all; None = nowhere.

    Returns:
        The PNG.

    Raises:
        OutputError: the file cannot be written.
        EnvironmentFault: matplotlib is not installed.
    """
    figure = _figure(14, INCHES_A_FILM * len(reports))
    panels = figure.subplots(2 * len(reports), 1, squeeze=False)[:, 0]
    for i, report in enumerate(reports):
        _draw_picture(panels[2 * i], report)
        _draw_sound(panels[2 * i + 1], report)
    return _png(figure, path)


def draw_sweep(
    alphas: Sequence[float],
    curves: dict[str, list[Interval | None]],
    path: Path | None = None,
    flow: dict[str, list[Interval | None]] | None = None,
) -> bytes:
    """Draw measures against alpha, a panel each, sync above flow.

    Args:
        alphas: ascending.
        curves: measure of sync -> Interval (or None) for each alpha.
        path: also written there, whole or not at all.
        flow: figure of flow -> the same.

    Returns:
        The PNG.
    """
    n_rows, n_columns = 1 + bool(flow), max(len(curves), len(flow or ()))
    figure = _figure(2.6 * n_columns, 0.4 + 3.0 * n_rows)
    panels = figure.subplots(n_rows, n_columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    _draw_row(panels[0], alphas, curves)
    for axes in panels[0, : len(curves)]:
        axes.axhline(0, color="#999999", lw=0.8)
        axes.set(ylim=(-0.5, 1.05))
    panels[0, 0].set(ylabel="0 = chance, 1 = perfect")
    if flow:
        _draw_row(panels[1], alphas, flow)
        for axes in panels[1, : len(flow)]:
            axes.set_ylim(bottom=0)
    figure.suptitle("mean over films and its 95 % interval", fontsize=9, color="#666666")
    return _png(figure, path)


def _draw_row(
    panels: "Iterable[Axes]", alphas: Sequence[float], curves: dict[str, list[Interval | None]]
) -> None:
    """Draw a panel for each of the curves; spare panels stay hidden."""
    for axes, (name, intervals), colour in zip(panels, curves.items(), cycle(COLOURS), strict=False):
        axes.set_axis_on()
        known = [(a, i) for a, i in zip(alphas, intervals, strict=True) if i is not None]
        if known:
            x, means, lows, highs = zip(*((a, i.mean, i.low, i.high) for a, i in known), strict=True)
            axes.fill_between(x, lows, highs, color=colour, alpha=0.15, lw=0)
            axes.plot(x, means, "o-", color=colour)
        axes.set(xlabel="alpha", xlim=(-0.05, 1.05), xticks=[0, 0.5, 1])
        axes.set_title(name, fontsize=10)


def _figure(width: float, height: float) -> "Figure":
    """A figure without any window system behind it."""
    need("matplotlib.figure")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _draw_picture(axes: "Axes", report: FilmReport) -> None:
    picture = report.picture
    axes.fill_between(picture.times_s, picture.energy, color=MOTION, alpha=0.35, lw=0)
    top = max(float(np.quantile(picture.energy, 0.995)) * 1.2, 10 * STILL)
    for time, weight, cut in zip(picture.event_times_s, picture.event_weights, picture.is_cut, strict=True):
        axes.plot(
            [time, time], [0, top * (1 if cut else 0.3 + 0.6 * weight)], color=CUT if cut else IMPACT, lw=1.4
        )
    axes.set(xlim=(0, max(picture.duration_s, 0.1)), ylim=(0, top), ylabel="motion\n(widths/s)")
    axes.set_title(_headline(report), loc="left", fontsize=9)
    axes.tick_params(labelbottom=False)


def _draw_sound(axes: "Axes", report: FilmReport) -> None:
    sound = report.heard.events
    axes.fill_between(sound.times_s, sound.loudness_db, -70, color=LOUD, alpha=0.35, lw=0)
    times, accents = accents_of(report.picture, sound)
    axes.vlines(times, -70, -70 + 70 * accents, color=ONSET, lw=1.0)
    for time in report.picture.cut_times_s:
        axes.axvline(time, color=CUT, lw=0.8, ls=":")
    axes.set(xlim=(0, max(report.picture.duration_s, 0.1)), ylim=(-70, 0), xlabel="seconds")
    axes.set_ylabel("loudness (dB)\naccents")
    figures = zip(FLOW, flow_cells(report.flow), strict=True)
    axes.set_title("flow: " + ", ".join(f"{n} {c}" for n, c in figures), loc="left", fontsize=9)


def _headline(report: FilmReport) -> str:
    sync = report.sync
    cuts, events, loudness = (
        measured_cell(MEASURES[name](sync)) for name in ("cuts hit", "events hit", "motion~loudness")
    )
    parts = [
        f"cuts hit {cuts} of {sync.n_cuts} (red)" if sync.n_cuts else "no cuts",
        f"events hit {events} of {sync.n_events} (amber: impacts)" if sync.n_events else "no events",
        f"motion ~ loudness {loudness}" if sync.is_moving else "no motion",
    ]
    return f"{drawable(report.film.name)}   {', '.join(parts)}   [{LEGEND}]"


def _png(figure: "Figure", path: Path | None) -> bytes:
    from dyvim_cli.media.output import commit

    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    if path is not None:
        with commit(Path(path), overwrite=True) as part:
            part.write_bytes(buffer.getvalue())
    return buffer.getvalue()
