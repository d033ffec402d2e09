"""The findings as one HTML page that needs nothing beside it."""

import base64
import html
from collections.abc import Sequence
from pathlib import Path

from dyvim_cli.evaluation.judge import FilmReport
from dyvim_cli.evaluation.plot import draw_films
from dyvim_cli.evaluation.report import film_facts, table

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 } caption { text-align: left; font-weight: 600 }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child { text-align: left } img { max-width: 100% } .tables { display: flex;
flex-wrap: wrap; gap: 0 3rem; align-items: flex-start } p { max-width: 46rem }
"""
EXPLANATION = """The picture's cuts and motion impacts are compared with the music's accents, and its
motion with the loudness. Every figure of sync is corrected by the same music shifted round the film:
0 is chance, 1 is perfect; what luck alone explains stands in brackets. The literature's metrics below
are given as their sources define them, and are not corrected."""

# the literature's metrics by family, since names are shared
SOURCES = {
    "bas_motion_to_music": "BAS, motion to music (AIST++)",
    "bas_music_to_motion": "BAS, music to motion (Bailando)",
    "av_align": "AV-Align (TempoTokens)",
    "tbiou": "TBIoU (VeM)",
    "cmt_matching": "matching (CMT)",
    "d2mgan_bcs": "BCS (D2M-GAN, with reference)",
    "d2mgan_bhs": "BHS (D2M-GAN, with reference)",
    "loris_bcs": "BCS (LORIS, with reference)",
    "loris_bhs": "BHS (LORIS, with reference)",
    "biou": "BIoU (VeM, with reference)",
}


def write_page(reports: Sequence[FilmReport], path: Path, seed: int = 0) -> None:
    """Write the page, whole or not at all. Raises OutputError when it cannot be written."""
    from dyvim_cli.media.output import commit

    parts = [_table(table(reports, seed)), *(_film(report) for report in reports)]
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Music and picture</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>Music and picture</h1>\n<p>{EXPLANATION}</p>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )
    with commit(Path(path), overwrite=True) as part:
        part.write_text(page, encoding="utf-8")


def _film(report):
    """Time line and figures of one film."""
    image = base64.b64encode(draw_films([report])).decode()
    facts = film_facts(report)
    tables = [
        _pairs("Matching at 80 ms", _matching_rows(facts["sync"])),
        _pairs("Literature", {SOURCES[name]: value for name, value in facts["literature"].items()}),
        _pairs("Music", facts["musicality"]),
    ]
    if facts["score"]:
        tables.append(_pairs("Score (MIDI)", facts["score"]))
    return (
        f"<h2>{html.escape(report.film.name)}</h2>\n"
        f'<img alt="Motion, cuts, loudness and accents over time" src="data:image/png;base64,{image}">\n'
        f'<div class="tables">{"".join(tables)}</div>'
    )


def _matching_rows(sync):
    """Name -> 'excess (raw, chance)'; None without events to match."""
    n = {"cut_recall": sync["n_cuts"]}
    return {
        name: f"{m['excess']:.2f} (raw {m['raw']:.2f}, chance {m['chance']:.2f})"
        if n.get(name, sync["n_events"])
        else None
        for name, m in sync["matching"]["80ms"].items()
    }


def _pairs(caption, values):
    rows = "".join(
        f"<tr><td>{html.escape(name.replace('_', ' '))}</td><td>{html.escape(_text(value))}</td></tr>"
        for name, value in values.items()
    )
    return f"<table><caption>{html.escape(caption)}</caption>{rows}</table>"


def _text(value):
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _table(rows):
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows[1:])
    return f"<table><tr>{head}</tr>{body}</table>"
