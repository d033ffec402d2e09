"""Write the report of scored films: one page with a card per film."""

import shlex
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dyvim_cli.report import page
from dyvim_cli.report.drawing import Timeline, clock, drawing
from dyvim_cli.report.entry import Entry, Status
from dyvim_cli.report.player import link, player

STATUSES: dict[Status, str] = {"done": "Scored", "failed": "Failed", "pending": "Not done"}
OWN_SOUND = {"duck": "music ducked", "mix": "mixed", "track": "own track", "drop": "dropped"}
SORTS = {"name": "By name", "duration": "By duration", "error": "By timing error"}


def write_report(entries: Sequence[Entry], path: Path, title: str = "Scored films") -> None:
    """Write the page of these films, whole or not at all; films are linked relative to it.

    Looks at each scored film for a poster.

    Args:
        entries: one per film, in the order of the page.
        path: of the HTML file.
        title: heading of the page.

    Raises:
        OutputError: the page cannot be written.
    """
    path = Path(path)
    counts = Counter(entry["status"] for entry in entries)
    takes = [_take(entry) for entry in entries if "take" in entry]
    page.write(
        "films.html",
        path,
        title=title,
        figures=[] if takes else _figures(entries, counts),
        cards=[card(entry, path.absolute().parent) for entry in entries],
        statuses=[{"value": s, "name": n, "count": counts[s]} for s, n in STATUSES.items() if counts[s]],
        styles=sorted({entry["style"] for entry in entries if "style" in entry}),
        sorts=SORTS,
        takes=takes,
    )


def _take(entry: Entry) -> dict[str, Any]:
    """Describe a take for the page's bar."""
    number, tempo = entry["take"], _number(entry.get("tempo_bpm"), ".0f", "BPM")
    return {"number": number, "text": ", ".join(filter(None, (entry.get("style"), tempo)))}


def _figures(entries: Sequence[Entry], counts: Counter[Status]) -> list[dict[str, Any]]:
    """Compute the numbers at the top of the page."""
    hits = [hit for entry in entries for hit in entry.get("hits", ())]
    figures: list[tuple[str, str | int | None]] = [
        (STATUSES[status].lower(), counts[status]) for status in STATUSES if counts[status]
    ]
    figures.append(("of film", clock(sum(entry.get("duration_s", 0) for entry in entries))))
    figures.append(("cuts on a beat", _cuts(hits, lambda hit: hit["on_beat"])))
    if hits:
        errors = [abs(hit["error_ms"]) for hit in _met(hits)]
        figures.append(("events met", f"{len(errors)} of {len(hits)}"))
        figures.append(("median timing error", f"{statistics.median(errors):.0f} ms" if errors else None))
    is_bad = STATUSES["failed"].lower()
    return [{"name": n, "value": v, "is_bad": n == is_bad} for n, v in figures if v is not None]


def card(entry: Entry, folder: Path) -> dict[str, Any]:
    """Make the template's values of one film.

    Args:
        entry: its facts.
        folder: of the page; links are relative to it.

    Returns:
        Names of the template -> values.
    """
    output = Path(entry["output"]) if "output" in entry else None
    shown: dict[str, Any] = {
        "name": entry.get("title") or Path(entry["input"]).name,
        "film": entry["input"],
        "take": entry.get("take", 0),
        "where": link(output, folder)[1] if output else str(Path(entry["input"]).parent),
        "status": entry["status"],
        "badge": STATUSES[entry["status"]],
        "style": entry.get("style", ""),
        "error": entry.get("error", ""),
        "hint": entry.get("hint", ""),
        "warnings": entry.get("warnings", ()),
        "facts": _facts(entry) if entry["status"] == "done" else (),
        "hits": [_hit(hit) for hit in entry.get("hits", ())],
        "command": quote_command(entry.get("command", ())),
        "drawing": _drawing(entry),
        "sort": _sort_values(entry),
    }
    shown |= player(output if entry["status"] == "done" else None, folder)
    searchable = (shown["name"], shown["where"], shown["style"], entry.get("key", ""), shown["error"])
    return shown | {"text": " ".join(searchable).lower()}


def _facts(entry: Entry) -> list[tuple[str, str]]:
    """List a film's known facts as pairs (name, value)."""
    known = (
        ("style", _style(entry)),
        ("mood", entry.get("mood", {}).get("words")),
        ("key", entry.get("key")),
        ("tempo", _number(entry.get("tempo_bpm"), ".1f", "BPM")),
        ("duration", clock(entry["duration_s"], 1) if "duration_s" in entry else None),
        ("loudness", _number(entry.get("loudness_lufs"), ".1f", "LUFS", "silent")),
        ("true peak", _number(entry.get("true_peak_db"), ".1f", "dBTP", "silent")),
        ("timing error", _number(timing_error_ms(entry), ".0f", "ms")),
        ("cuts met", _cuts(entry.get("hits", ()), lambda hit: hit["music_s"] is not None)),
        ("cuts on a beat", _cuts(entry.get("hits", ()), lambda hit: hit["on_beat"])),
        ("alpha", _number(entry.get("alpha"), "g")),
        ("seed", entry.get("seed")),
        ("own sound", OWN_SOUND.get(entry.get("keep_audio", ""))),
        ("model", entry.get("model")),
    )
    return [(name, str(value)) for name, value in known if value is not None]


def _style(entry: Entry) -> str | None:
    """Format the style and those that came close: 'acoustic, also pop'."""
    also = [other["style"] for other in entry.get("style_also", ())]
    return ", also ".join(filter(None, (entry.get("style"), ", ".join(also)))) or None


def _number(value: float | None, form: str, unit: str = "", missing: str | None = None) -> str | None:
    """Format a number with its unit and a true minus: '−14.0 LUFS'."""
    if value is None:
        return missing
    return f"{value:{form}} {unit}".strip().replace("-", "−")


def _cuts(hits: Sequence[dict[str, Any]], counts: Callable[[dict[str, Any]], bool]) -> str | None:
    """Count some of the cuts: '3 of 4'; None without cuts."""
    cuts = [hit for hit in hits if hit["kind"] == "cut"]
    return f"{sum(map(counts, cuts))} of {len(cuts)}" if cuts else None


def timing_error_ms(entry: Entry) -> float | None:
    """Mean distance of music and film over the events met, heavy ones counting more.

    Args:
        entry: facts of a film.

    Returns:
        Milliseconds, at least 0; None without any event that is met.
    """
    hits = _met(entry.get("hits", ()))
    weight = sum(hit["weight"] for hit in hits)
    return sum(hit["weight"] * abs(hit["error_ms"]) for hit in hits) / weight if weight else None


def _met(hits: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Select the events at which the music has an onset."""
    return [hit for hit in hits if hit["error_ms"] is not None]


def _sort_values(entry: Entry) -> dict[str, Any]:
    error_ms = timing_error_ms(entry)
    return {
        "name": Path(entry["input"]).name,
        "duration": entry.get("duration_s", ""),
        "error": "" if error_ms is None else round(error_ms, 2),
    }


def _hit(hit: dict[str, Any]) -> dict[str, Any]:
    """Make a row of the hit table."""
    meets = "a downbeat" if hit["on_downbeat"] else "a beat" if hit["on_beat"] else "between beats"
    is_met = hit["error_ms"] is not None
    return {
        "film_s": hit["film_s"],
        "film": clock(hit["film_s"], 2),
        "kind": hit["kind"],
        "weight": f"{hit['weight']:.2f}",
        "music": clock(hit["music_s"], 2) if is_met else "not met",
        "error": f"{hit['error_ms']:+.1f} ms".replace("-", "−") if is_met else "",
        "meets": meets if is_met else "no note",
        "is_on": hit["on_beat"],
    }


def _drawing(entry: Entry) -> dict[str, Any] | None:
    """Draw the time line, where there is something to draw."""
    duration_s, curves = entry.get("duration_s", 0), entry.get("curves", {})
    if entry["status"] != "done" or not duration_s:
        return None
    hits = entry.get("hits", ())
    return drawing(
        Timeline(
            duration_s,
            curves.get("motion", ()),
            curves.get("loudness_lufs", ()),
            [(hit["film_s"], hit["weight"], hit["kind"]) for hit in hits],
            curves.get("accents", ()),
            curves.get("bars_s", ()),
            [(part["start_s"], part["end_s"], part["role"]) for part in entry.get("sections", ())],
            [(hit["film_s"], hit["music_s"], _place(hit)) for hit in _met(hits)],
            entry.get("roll", ()),
        )
    )


def _place(hit: dict[str, Any]) -> str:
    return "downbeat" if hit["on_downbeat"] else "beat" if hit["on_beat"] else "off"


def quote_command(command: Sequence[str]) -> str:
    """Quote arguments as this system's shell takes them.

    Args:
        command: the arguments.

    Returns:
        One line.
    """
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)
