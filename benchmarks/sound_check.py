"""Compare the sound of composed pieces with human music played by the same instruments.

The bands stand in flow_bands.json (tools/flow_bands.py makes it), by kind of style, so no corpus is needed.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import resources

import numpy as np

from benchmarks.composed import Composed
from dyvim_cli.evaluation.judge.flow import FlowReport, flow
from dyvim_cli.evaluation.show.cells import align_columns
from dyvim_cli.evaluation.show.flow_tables import FLOW
from dyvim_cli.stylebook import RECORDS

WITH_BEAT, WITHOUT = KINDS = ("with a beat", "without a beat")
# whether our median may lie below people's 10th percentile, and above their 90th
FREE_BELOW = ("empty", "longest_gap_s", "holes_a_minute", "range_db")
FREE_ABOVE = ("pulse",)
FILM_RANGE_DB = 8.0  # music that follows a film may range so far; people's excerpts have none to follow


def kind_of(style: str) -> str:
    """Classify a style for the comparison with human music.

    Args:
        style: one of types.STYLES.

    Returns:
        One of KINDS.
    """
    return WITH_BEAT if RECORDS[style].keeps_beat else WITHOUT


def flow_bands() -> dict[str, dict[str, list[float]]]:
    """Read the bands of excerpts of human music.

    Returns:
        {kind: {figure: [10th, 50th, 90th percentile]}}.
    """
    text = resources.files(__package__).joinpath("flow_bands.json").read_text(encoding="utf-8")
    return {kind: found["bands"] for kind, found in json.loads(text)["kinds"].items()}


def sounded(piece: Composed) -> FlowReport | None:
    """Render a piece, mixed and mastered as it is delivered, and measure its flow.

    It is judged up to its last onset: people's excerpts end in mid-music, without a last chord.

    Args:
        piece: composed.

    Returns:
        Its flow; None when it is too short.
    """
    from dyvim_cli.music.mixing.mastering import produce

    soundtrack = produce(piece.score, piece.features.duration_s)
    last_s = max(note.start_s for stem in piece.score.stems for note in stem.notes)
    last = round(last_s * soundtrack.sample_rate)
    return flow(soundtrack.samples[:last], soundtrack.sample_rate, last_s)


def sound_all(pieces: Sequence[Composed], say: Callable[[str], None]) -> list[FlowReport | None]:
    """Measure the flow of every piece.

    Args:
        pieces: composed.
        say: takes a line about the progress.

    Returns:
        Flow of each, None for those that are too short.
    """
    flows = []
    for piece in pieces:
        flows.append(sounded(piece))
        say(f"sounded {len(flows)}/{len(pieces)}: {piece.name}")
    return flows


def judge_sound(styles: Sequence[str], flows: Sequence[FlowReport | None]) -> dict:
    """Compare our flow with people's.

    Args:
        styles: [N] of the pieces.
        flows: [N] of `sound_all`.

    Returns:
        For JSON: for each kind and figure people's band, our percentiles and the share inside; verdicts.
    """
    kinds, verdicts = {}, {}
    for kind, bands in flow_bands().items():
        ours = [asdict(f) for s, f in zip(styles, flows, strict=True) if f is not None and kind_of(s) == kind]
        if ours:
            rows = {name: _row(name, band, [one[name] for one in ours]) for name, band in bands.items()}
            kinds[kind] = {"pieces": len(ours), "measures": rows}
            verdicts |= {f"{kind}: {name} as people's": row["met"] for name, row in rows.items()}
    return {"kinds": kinds, "verdicts": verdicts}


def _row(name, band, values):
    """People's percentiles, ours, the share of ours that is no worse, and whether our median is."""
    low = -np.inf if name in FREE_BELOW else band[0]
    high = np.inf if name in FREE_ABOVE else band[2]
    if name == "range_db":
        high = max(high, FILM_RANGE_DB)
    ours = [round(float(v), 3) for v in np.percentile(values, [10, 50, 90])]
    inside = float(np.mean([low <= value <= high for value in values]))
    return {"human": band, "ours": ours, "inside": round(inside, 3), "met": bool(low <= ours[1] <= high)}


def sound_text(found: dict) -> str:
    """Format the comparison, a table for each kind.

    Args:
        found: of `judge_sound`.

    Returns:
        Text.
    """
    names = {field: name for name, field in FLOW.items()}
    tables = []
    for kind, of in found["kinds"].items():
        rows = [[f"sound, {kind}", "human 10", "50", "90", "ours 10", "50", "90", "inside"]]
        for field, row in of["measures"].items():
            cells = [f"{value:.3g}" for value in (*row["human"], *row["ours"])]
            rows.append([names[field], *cells, f"{100 * row['inside']:.0f} %"])
        tables.append(align_columns(rows))
    return "\n\n".join(tables)
