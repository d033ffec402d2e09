"""Write the findings as one self-contained HTML page, in the style of the scored films' page."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dyvim_cli.errors import DyvimError
from dyvim_cli.evaluation.judge.judge_film import TOGETHER, FilmReport
from dyvim_cli.evaluation.judge.meetings import Meeting, meetings
from dyvim_cli.evaluation.judge.sync import HEADLINE_S, TOLERANCES_S, Matching, SyncReport, accents_of
from dyvim_cli.evaluation.show.flow_tables import FLOW, flow_cells, mean_flow
from dyvim_cli.evaluation.show.tables import MEASURES, excess, mean_excesses, measured_cell
from dyvim_cli.report import page
from dyvim_cli.report.drawing import LOUDEST_LUFS, Timeline, clock, drawing
from dyvim_cli.report.player import link, player
from dyvim_cli.timeline import most_in_spans

STATUSES = {"done": "Judged", "failed": "Failed"}
SORTS = {
    "name": "By name",
    "duration": "By duration",
    "cuts": "By cuts hit",
    "events": "By events hit",
    "loudness": "By motion and loudness",
    "pulse": "By pulse",
}
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
MATCHING = {"precision": "precision", "recall": "recall, by weight", "f1": "F1", "cut_recall": "recall, cuts"}


def write_page(
    reports: Sequence[FilmReport], path: Path, seed: int = 0, failures: Sequence[tuple[Path, DyvimError]] = ()
) -> None:
    """Write the page, whole or not at all; films are linked relative to it.

    Args:
        reports: one per film that could be judged.
        path: of the HTML file.
        seed: of the bootstrap intervals.
        failures: films that could not be judged, and why.

    Raises:
        OutputError: the page cannot be written.
    """
    folder = Path(path).absolute().parent
    cards = [*(_judged(report, folder) for report in reports), *(_failed(*failure) for failure in failures)]
    counts = {"done": len(reports), "failed": len(failures)}
    page.write(
        "evaluation.html",
        path,
        title="Music and picture",
        tolerance_ms=round(1000 * HEADLINE_S),
        figures=_figures(reports, counts, seed),
        cards=cards,
        statuses=[{"value": s, "name": n, "count": counts[s]} for s, n in STATUSES.items() if counts[s]],
        styles=(),
        sorts=SORTS,
    )


def _figures(reports: Sequence[FilmReport], counts: dict[str, int], seed: int) -> list[dict[str, object]]:
    """Compute the numbers at the top: films, and with several their means with 95 % intervals."""
    figures: list[tuple[str, int | str]] = [
        (STATUSES[status].lower(), count) for status, count in counts.items() if count
    ]
    if len(reports) > 1:
        means = mean_excesses([report.sync for report in reports], seed)
        means |= mean_flow([report.flow for report in reports], seed)
        figures += [
            (f"{name} (95 %: {_minus(f'{i.low:.2f}')} to {_minus(f'{i.high:.2f}')})", _minus(f"{i.mean:.2f}"))
            for name, i in means.items()
            if i is not None
        ]
    return [{"name": name, "value": value, "is_bad": name == "failed"} for name, value in figures]


def _card(name: str, status: str, **more: object) -> dict[str, Any]:
    """Fields of every card; `more` replaces the empty ones."""
    empty = {"where": "", "style": "", "error": "", "hint": "", "facts": (), "hits": (), "tables": ()}
    sort = {"name": name, **dict.fromkeys(list(SORTS)[1:], "")}
    card = {"name": name, "status": status, "badge": STATUSES[status], "drawing": None, "sort": sort}
    return empty | card | player(None, Path()) | {"text": name.lower()} | more


def _failed(film: Path, fault: DyvimError) -> dict[str, Any]:
    return _card(film.name, "failed", where=str(film.parent), error=fault.message, hint=fault.hint or "")


def _judged(report: FilmReport, folder: Path) -> dict[str, Any]:
    """Time line, events and figures of one film."""
    met = meetings(report.picture, report.heard.events)
    is_own = report.heard.path == report.film  # else the film would play other music than was judged
    where = link(report.film, folder)[1] + ("" if is_own else f", judged with {report.heard.path.name}")
    if report.heard.what == TOGETHER:
        where += f"; judged: {TOGETHER} (--music FILE judges the music alone)"
    return _card(
        report.film.name,
        "done",
        where=where,
        text=where.lower(),
        facts=_facts(report, met),
        hits=[_event(meeting) for meeting in met],
        drawing=_drawing(report, met),
        tables=_tables(report),
        sort=_sort_values(report),
        **player(report.film if is_own and report.picture.duration_s else None, folder),
    )


def _sort_values(report: FilmReport) -> dict[str, object]:
    sync = report.sync
    by = {"cuts": "cuts hit", "events": "events hit", "loudness": "motion~loudness"}
    found = {key: excess(MEASURES[name](sync)) for key, name in by.items()}
    known = {key: "" if value is None else round(value, 3) for key, value in found.items()}
    known["pulse"] = round(report.flow.pulse, 3) if report.flow else ""
    return {"name": report.film.name, "duration": round(report.picture.duration_s, 3), **known}


def _facts(report: FilmReport, met: Sequence[Meeting]) -> list[tuple[str, str]]:
    """List the known facts as pairs (name, value)."""
    sync, heard = report.sync, report.heard.musicality
    measured = [(name, _minus(measured_cell(of(sync)))) for name, of in MEASURES.items()]
    flowing = zip(FLOW, flow_cells(report.flow), strict=True)
    cuts = [meeting for meeting in met if meeting.kind == "cut"]
    known = [
        *((name, value) for name, value in measured if value != "-"),
        *((name, value) for name, value in flowing if value != "-"),
        ("cuts met", f"{sum(m.is_met for m in cuts)} of {len(cuts)}" if cuts else None),
        ("events met", f"{sum(m.is_met for m in met)} of {len(met)}" if met else None),
        ("music is late by", None if sync.lag_s is None else _minus(f"{1000 * sync.lag_s:.0f} ms")),
        ("onsets", sync.n_onsets),
        ("key", heard.key or None),
        ("tempo", f"{heard.tempo_bpm:.0f} BPM" if heard.tempo_bpm else None),
        ("duration", clock(report.picture.duration_s, 1)),
    ]
    return [(name, str(value)) for name, value in known if value is not None]


def _event(meeting: Meeting) -> dict[str, Any]:
    """A row of the table of events."""
    music_s = meeting.music_s
    error_ms = "" if music_s is None else f"{1000 * (music_s - meeting.film_s):+.0f} ms"
    return {
        "film_s": round(meeting.film_s, 4),
        "film": clock(meeting.film_s, 2),
        "kind": meeting.kind,
        "weight": f"{meeting.weight:.2f}",
        "music": "none near" if music_s is None else clock(music_s, 2),
        "error": _minus(error_ms),
        "meets": f"{meeting.accent:.2f}",
        "is_on": meeting.is_met,
    }


def _drawing(report: FilmReport, met: Sequence[Meeting]) -> dict[str, Any] | None:
    """The time line, where there is something to draw."""
    picture, sound = report.picture, report.heard.events
    if not picture.duration_s:
        return None
    inside = sound.times_s < picture.duration_s
    # decibels below the loudest are drawn as if the loudest were as loud as the lane is high
    loudness = LOUDEST_LUFS + most_in_spans(
        sound.times_s[inside], sound.loudness_db[inside], picture.duration_s
    )
    return drawing(
        Timeline(
            picture.duration_s,
            most_in_spans(picture.times_s, picture.energy, picture.duration_s).tolist(),
            loudness.tolist(),
            [(m.film_s, m.weight, m.kind) for m in met],
            [(t, accent) for t, accent in zip(*accents_of(picture, sound), strict=True) if accent > 0.02],
            meetings=[
                (m.film_s, m.music_s, "beat" if m.is_met else "off") for m in met if m.music_s is not None
            ],
        )
    )


def _tables(report: FilmReport) -> list[dict[str, object]]:
    """Every figure, for those who want them all."""
    heard = report.heard
    pairs: dict[str, dict[str, Any]] = {
        "Literature": {SOURCES[name]: value for name, value in report.literature.items()},
        "Music": asdict(heard.musicality),
        "Score (MIDI)": asdict(heard.score) if heard.score else {},
    }
    listed: list[dict[str, object]] = [
        {"caption": caption, "head": (), "rows": [(n.replace("_", " "), _text(v)) for n, v in values.items()]}
        for caption, values in pairs.items()
        if values
    ]
    return [_matching_table(report.sync), *listed]


def _matching_table(sync: SyncReport) -> dict[str, object]:
    """Beyond chance (raw - chance) at every tolerance."""
    has = {"cut_recall": sync.n_cuts}
    rows = [
        (name, *(_matched(sync.matching[t], key, has.get(key, sync.n_events)) for t in TOLERANCES_S))
        for key, name in MATCHING.items()
    ]
    head = ("beyond chance (raw, chance)", *(f"{1000 * tolerance:.0f} ms" for tolerance in TOLERANCES_S))
    return {"caption": "Accents and events", "head": head, "rows": rows}


def _matched(matching: Matching, key: str, n: int) -> str:
    found = getattr(matching, key)
    return _minus(f"{found.excess:.2f} ({found.raw:.2f}, {found.chance:.2f})") if n else "-"


def _text(value: object) -> str:
    if value is None:
        return "-"
    return _minus(f"{value:.3g}") if isinstance(value, float) else str(value)


def _minus(text: str) -> str:
    """Replace the hyphen of negative numbers by a minus sign; a lone '-' stays."""
    return text if text == "-" else text.replace("-", "−")
