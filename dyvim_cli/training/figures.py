"""The paper's figures as pictures (PNG)."""

from pathlib import Path

COLOURS = {"annealing": "#c0392b", "frozen": "#3d6b99", "full": "#e39b27", "lora": "#4c9f70"}


def figure(width_in: float, height_in: float):
    """A figure without any window system behind it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(made)
    return made


def strategies_picture(rows: dict[str, dict], curves: dict[str, list[dict]], path: Path) -> None:
    """Held-out loss over the run, and what the film is worth at its end, strategy by strategy."""
    made = figure(10, 4)
    left, right = made.subplots(1, 2)
    for name, records in curves.items():
        seconds, total = rows[name]["seconds"], rows[name]["updates"]
        x = [r["update"] / total * seconds for r in records]
        left.plot(x, [r["held_out"]["true"] for r in records], "o-", ms=3, color=COLOURS[name], label=name)
        left.plot(x, [r["held_out"]["none"] for r in records], ":", color=COLOURS[name], lw=1)
    left.set(xlabel="seconds of training", ylabel="held-out loss, nats (dotted: without the film)")
    left.legend(frameon=False)
    for i, (name, row) in enumerate(rows.items()):
        gain = [row["held_out"][view] - row["held_out"]["true"] for view in ("shuffled", "none")]
        right.bar([i - 0.2, i + 0.2], gain, width=0.36, color=COLOURS[name])
        for x, value in zip((i - 0.2, i + 0.2), gain, strict=True):
            right.annotate(f"{value:.3f}", (x, value), ha="center", va="bottom", fontsize=8)
    right.set(xticks=range(len(rows)), xticklabels=rows, ylabel="loss above that with the true film, nats")
    right.set_title("another film's motion (left bar), no motion (right bar)", fontsize=9)
    made.savefig(path, dpi=130)


def attention_picture(films: dict[str, list], path: Path) -> None:
    """A column a moment: frame, where the encoder looks, where z_d comes from, what moves; films below."""
    columns = max(len(moments) for moments in films.values())
    made = figure(2.6 * columns, 5.6 * len(films))
    grid = made.subplots(4 * len(films), columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for row, (name, moments) in enumerate(films.items()):
        for column, moment in enumerate(moments):
            _draw_moment(grid[4 * row : 4 * row + 4, column], moment, name if column == 0 else "")
    made.savefig(path, dpi=110)


def _draw_moment(axes, moment, name: str) -> None:
    """The four pictures of one moment, from the top."""
    height, width = moment.pixels.shape[:2]
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes[0].imshow(moment.pixels)
    axes[0].set_title(f"{name} {moment.time_s:.2f} s", fontsize=7, loc="left")
    for panel, of in zip(axes[1:3], ("attention", "dynamics"), strict=True):
        panel.imshow(moment.pixels.mean(axis=2), cmap="gray")
        panel.imshow(getattr(moment, of), cmap="inferno", alpha=0.65, extent=extent, interpolation="bilinear")
        panel.set_title(f"{of}: {moment.on_motion(of):.2f} x where it moves", fontsize=7, loc="left")
    axes[3].imshow(moment.speed, cmap="viridis", extent=extent, vmin=0)
    axes[3].set_title("speed", fontsize=7, loc="left")


def alpha_picture(alphas: list[float], rows: dict[str, list[float]], path: Path) -> None:
    """Held-out loss over alpha, with the film's own motion and with another's."""
    made = figure(6, 4)
    axes = made.subplots()
    for (name, losses), style in zip(rows.items(), ("o-", "s--"), strict=False):
        axes.plot(alphas, losses, style, label=name)
    axes.set(xlabel="alpha", ylabel="held-out loss, nats")
    axes.legend(frameon=False)
    made.savefig(path, dpi=130)
