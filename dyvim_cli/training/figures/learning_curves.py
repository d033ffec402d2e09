"""Draw the held-out loss of a pre-training over time: with event curves, without them, and an n-gram's."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.training.figures.held_out import NGRAM
from dyvim_cli.training.learn.same_run import read_log

COLUMNS = 4
LINES = {"with curves": ("-", "#c0392b"), "without": (":", "#3d6b99")}


def over_sources(table: dict[str, Any], view: str, stream: str) -> float:
    """Mean over the sources that have the stream; NaN if none has. table: held_out.Table.

    Args:
        table: held_out.Table.
        view: with the curves, without, or the n-gram.
        stream: its name.

    Returns:
        Mean nats a token over the sources that have the stream; NaN if none has.
    """
    known = [views[view][stream] for views in table.values() if stream in views.get(view, {})]
    return float(np.mean(known)) if known else float("nan")


def draw_curves(log: Path, picture: Path) -> None:
    """Write the picture (PNG), where matplotlib is there: hours of training shall not end for want of it.

    Args:
        log: of `pretrain`.
        picture: path of it.
    """
    if find_spec("matplotlib") is None:
        return
    from dyvim_cli.training.figures.drawing import figure, write_picture

    records = read_log(log)
    updates = [r for r in records if "loss" in r]
    judged = [r for r in records if "held_out" in r]
    ngram: dict[str, Any] = next((r["ngram"] for r in records if "ngram" in r), {})
    made = figure(12, 6)
    first, *others = made.subplots(2, COLUMNS).flat
    first.plot([r["minutes"] for r in updates], [r["loss"] for r in updates], color="#666666", lw=0.8)
    first.set(title="training loss, mean over streams", xlabel="minutes", ylabel="nats a token")
    for axes, stream in zip(others, tokens.STREAMS, strict=True):
        for view, (style, colour) in LINES.items():
            values = [over_sources(r["held_out"], view, stream.name) for r in judged]
            times = [r["minutes"] for r in judged]
            axes.plot(times, values, style, marker="o", ms=3, color=colour, label=view)
        baseline = over_sources(ngram, NGRAM, stream.name)
        axes.axhline(baseline, color="black", lw=0.8, ls="--", label=NGRAM)
        axes.set(title=f"held out: {stream.name}", xlabel="minutes")
        axes.set_ylim(bottom=0)
    others[0].legend(frameon=False, fontsize=8)
    write_picture(made, picture, dpi=110)
