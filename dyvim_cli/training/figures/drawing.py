"""Draw the paper's figures as PNG pictures."""

from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.atomic import written

COLOURS = {"annealing": "#c0392b", "frozen": "#3d6b99", "full": "#e39b27", "lora": "#4c9f70"}


def write_picture(made: Any, path: Path, dpi: int) -> None:
    """Write a figure as a png file, whole or not at all.

    Args:
        made: matplotlib's Figure.
        path: of the picture.
        dpi: pixels an inch.

    Raises:
        OutputError: the file cannot be written.
        EnvironmentFault: the disk is full.
    """
    with written(path) as part:
        made.savefig(part, dpi=dpi, format="png")


def figure(width_in: float, height_in: float) -> Any:
    """Make a figure without any window system behind it.

    Args:
        width_in: inches.
        height_in: inches.

    Returns:
        Matplotlib's Figure.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(made)
    return made


def strategies_picture(
    rows: dict[str, list[dict[str, Any]]],
    curves: dict[str, list[list[dict[str, Any]]]],
    gains: dict[str, list[tuple[float, float, float]]],
    path: Path,
) -> None:
    """Draw the held-out loss over the run, and the film's gain at its end, for each strategy.

    A line is the mean of the seeds, the shade around it reaches from the lowest to the highest of them.

    Args:
        rows: strategy -> facts of each seed.
        curves: strategy -> records of each seed's log.
        gains: strategy -> what another film's motion, and none, cost over the film's own: (mean, low, high)
            over films.
        path: of the picture.
    """
    made = figure(10, 4.2)
    left, right = made.subplots(1, 2)
    for name, runs in curves.items():
        _draw_run(left, name, rows[name], runs)
    left.set(xlabel="seconds of training", ylabel="held-out loss, nats a token")
    left.set_title("solid: with the film's motion, dotted: without", fontsize=9, loc="left")
    left.legend(frameon=False)
    for i, (name, worse) in enumerate(gains.items()):
        for x, (mean, low, high), shade in zip((i - 0.2, i + 0.2), worse, (1.0, 0.5), strict=True):
            right.bar(x, mean, width=0.36, color=COLOURS[name], alpha=shade)
            right.vlines(x, low, high, color="black", lw=1)
            right.annotate(
                f"{mean:.3g}",
                (x, max(high, 0)),
                (0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=8,
            )
    right.set(xticks=range(len(rows)), xticklabels=rows, ylabel="loss above the film's own, nats a token")
    right.axhline(0, color="black", lw=0.8)
    right.margins(y=0.1)
    right.set_title(
        "another film's motion (full colour), none (pale); 95 % over films",
        fontsize=9,
        loc="left",
    )
    write_picture(made, path, dpi=130)


def _draw_run(axes: Any, name: str, facts: list[dict[str, Any]], runs: list[list[dict[str, Any]]]) -> None:
    """Losses of one strategy, all its seeds."""
    n = min(len(records) for records in runs)
    seconds = [
        sum(r[i]["update"] / f["updates"] * f["seconds"] for r, f in zip(runs, facts, strict=True))
        / len(runs)
        for i in range(n)
    ]
    for view, style in (("true", "o-"), ("none", ":")):
        losses = [[records[i]["held_out"][view] for records in runs] for i in range(n)]
        means = [sum(values) / len(values) for values in losses]
        label = name if view == "true" else None
        axes.plot(seconds, means, style, ms=3, color=COLOURS[name], label=label)
        if view == "true":
            low, high = [min(values) for values in losses], [max(values) for values in losses]
            axes.fill_between(seconds, low, high, color=COLOURS[name], alpha=0.15, lw=0)


def attention_picture(films: dict[str, list[Any]], path: Path) -> None:
    """Draw a column a moment: frame, attention, origin of z_d, speed, flow; films below.

    Args:
        films: name -> moments, of vision.attention.
        path: of the picture.
    """
    columns = max(len(moments) for moments in films.values())
    made = figure(2.6 * columns, 7.0 * len(films))
    grid = made.subplots(5 * len(films), columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for row, (name, moments) in enumerate(films.items()):
        fastest = max(float(moment.speed.max()) for moment in moments)
        for column, moment in enumerate(moments):
            _draw_moment(grid[5 * row : 5 * row + 5, column], moment, name if column == 0 else "", fastest)
    made.suptitle(
        "attention, dynamics: bright = more than the frame's mean cell, each frame by itself; "
        "speed: one scale a film; flow: the colour is the direction",
        fontsize=8,
        color="#666666",
    )
    write_picture(made, path, dpi=110)


def _draw_moment(axes: Any, moment: Any, name: str, fastest: float) -> None:
    """Draw the five pictures of one moment, from the top; speeds relative to the film's fastest."""
    height, width = moment.pixels.shape[:2]
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes[0].imshow(moment.pixels)
    axes[0].set_title(f"{name} {moment.time_s:.2f} s", fontsize=7, loc="left")
    for panel, of in zip(axes[1:3], ("attention", "dynamics"), strict=True):
        panel.imshow(moment.pixels.mean(axis=2), cmap="gray")
        panel.imshow(getattr(moment, of), cmap="inferno", alpha=0.65, extent=extent, interpolation="bilinear")
        panel.set_title(f"{of}: {moment.on_motion(of):.2f} x where it moves", fontsize=7, loc="left")
    axes[3].imshow(moment.speed, cmap="viridis", extent=extent, vmin=0, vmax=max(fastest, 1e-6))
    axes[3].set_title(f"speed: up to {moment.speed.max():.1%} of the width a frame", fontsize=7, loc="left")
    axes[4].imshow(_flow_colours(moment.flow), extent=extent, interpolation="bilinear")
    axes[4].set_title("flow to the following frame", fontsize=7, loc="left")


def _flow_colours(flow: np.ndarray) -> np.ndarray:
    """[h, w, 3] uint8 of a flow [2, h, w], by the colour wheel of Baker et al. (2011)."""
    import torch
    from torchvision.utils import flow_to_image

    return flow_to_image(torch.from_numpy(flow)).permute(1, 2, 0).numpy()


def alpha_picture(alphas: list[float], rows: dict[str, list[float]], none: float, path: Path) -> None:
    """Draw the held-out loss over alpha with the film's own motion, with another's, and without any.

    Args:
        alphas: 0..1, ascending.
        rows: label -> losses at the alphas, nats a token.
        none: loss without any film, nats a token.
        path: of the picture.
    """
    made = figure(6, 4)
    axes = made.subplots()
    axes.axhline(none, color="#999999", lw=0.8, ls=":", label="no film")
    for (name, losses), style in zip(rows.items(), ("o-", "s--"), strict=True):
        axes.plot(alphas, losses, style, label=name)
    axes.set(xlabel="alpha (0 = the motion has no say, 1 = as in training)", xticks=alphas)
    axes.set_ylabel("held-out loss, nats a token")
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.legend(frameon=False)
    write_picture(made, path, dpi=130)
