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
