"""Read a plan file; errors name the line."""

import re
import sys
from pathlib import Path
from typing import Any, NoReturn

from dyvim_cli.errors import InputError, UsageError
from dyvim_cli.film_plan import CLOSING, PARTS, FilmPlan, PlannedHit, PlannedSection, Silence, Speech
from dyvim_cli.limits import limits
from dyvim_cli.media.written_times import seconds_of
from dyvim_cli.music.symbols.instruments import player_named
from dyvim_cli.music.symbols.key_names import key_named
from dyvim_cli.regular_files import read_regular
from dyvim_cli.stylebook import STYLES, style_named
from dyvim_cli.types import EVENT_KINDS, SECTION_ROLES, Key

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOP = (
    "style", "key", "bpm", "mood", "alpha", "seed", "duration_s",
    "hits", "silences", "speech", "instruments", "last_chord", "section",
)  # fmt: skip
# optional keys of the file, and of a section
MAY_LACK = ("silences", "speech", "instruments", "last_chord", "style", "energy")
ROWS = {  # array: the keys of each of its tables
    "hits": ("at", "weight", "kind"),
    "silences": ("from", "to"),
    "speech": ("from", "to"),
    "section": ("at", "role", "theme", "mood", "energy", "style", "parts"),
}
PLAYERS = (*PARTS, "accent")  # parts whose instrument may be named
MOST_BYTES = 4 << 20  # largest plan: 40,000 hits
BPM, UNIT, SIGNED = (40, 220), (0, 1), (-1, 1)


def read_plan(path: Path) -> FilmPlan:
    """Read a plan.

    Args:
        path: of the TOML file.

    Returns:
        The plan.

    Raises:
        UsageError: the file is missing or makes no sense; the message names file and line.
    """
    try:
        text = read_regular(path, "plan", MOST_BYTES).decode("utf-8")
        values = tomllib.loads(text)
    except InputError as error:
        raise UsageError(error.message, "write one: dyvim plan FILM -o film.toml") from error
    except (ValueError, RecursionError) as error:  # no UTF-8, no TOML, a number of 5000 digits
        raise UsageError(f"{path}: not valid TOML ({error})", f"correct {path}") from error
    return _Reader(path, text, values).plan()


class _Reader:
    """The values of one file, with its name and its text for what must be said of them."""

    def __init__(self, path: Path, text: str, values: dict[str, Any]):
        self.path, self.lines, self.values = path, text.splitlines(), values

    def plan(self) -> FilmPlan:
        self.check_keys()
        valence, arousal = self.mood(self.values, "", 0)
        sections = tuple(self.section(row, i) for i, row in enumerate(self.values["section"]))
        hits = [self.hit(row, i) for i, row in enumerate(self.values["hits"])]
        for i, (before, after) in enumerate(zip(sections, sections[1:], strict=False), start=1):
            if after.at_s <= before.at_s:
                self.fail("section", i, "at", "sections stand in order of time")
        return FilmPlan(
            duration_s=self.number(self.values, "duration_s", (0, limits().max_duration_s)),
            style=self.style(self.values),
            key=self.key(),
            bpm=self.number(self.values, "bpm", BPM),
            valence=valence,
            arousal=arousal,
            alpha=self.number(self.values, "alpha", UNIT),
            seed=self.whole(self.values, "seed", 2**63),
            hits=tuple(sorted(hits, key=lambda hit: hit.at_s)),
            sections=sections,
            silences=tuple(Silence(*span) for span in self.spans("silences")),
            instruments=self.instruments(),
            speech=tuple(Speech(*span) for span in self.spans("speech")) if "speech" in self.values else None,
            last_chord=self.parts(self.values, "last_chord", CLOSING) if "last_chord" in self.values else (),
            written=self.place("", 0, "duration_s"),
        )

    def check_keys(self) -> None:
        """Raise UsageError for a key that is not known, or one that is missing."""
        for key in self.values:
            if key not in TOP:
                self.fail("", 0, key, f"unknown key '{key}'; known are {', '.join(TOP)}")
        for key in TOP:
            if key not in self.values and (key == "style" or key not in MAY_LACK):
                self.fail("", 0, "", f"'{key}' is missing")
        for name, keys in ROWS.items():
            rows = self.values.get(name, [])
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                self.fail("", 0, name, f"{name} is a list of tables")
            for i, row in enumerate(rows):
                self.check_row(name, i, row, keys)
        if not self.values["section"]:
            self.fail("", 0, "section", "there is no section")

    def check_row(self, name: str, i: int, row: dict[str, Any], keys: tuple[str, ...]) -> None:
        for key in row:
            if key not in keys:
                self.fail(name, i, key, f"unknown key '{key}'; known are {', '.join(keys)}")
        for key in keys:
            if key not in row and key not in MAY_LACK:
                self.fail(name, i, "", f"'{key}' is missing in {name} {i + 1}")

    def hit(self, row: dict[str, Any], i: int) -> PlannedHit:
        weight = self.number(row, "weight", UNIT, "hits", i)
        return PlannedHit(
            self.time(row, "at", "hits", i), weight, self.one_of(row, "kind", EVENT_KINDS, "hits", i)
        )

    def spans(self, table: str) -> list[tuple[float, float]]:
        """The (from, to) of a table's rows."""
        found = []
        for i, row in enumerate(self.values.get(table, [])):
            from_s, to_s = self.time(row, "from", table, i), self.time(row, "to", table, i)
            if to_s <= from_s:
                what = "a silence" if table == "silences" else "speech"
                self.fail(table, i, "to", f"{what} ends after it begins")
            found.append((from_s, to_s))
        return found

    def section(self, row: dict[str, Any], i: int) -> PlannedSection:
        return PlannedSection(
            self.time(row, "at", "section", i),
            self.one_of(row, "role", SECTION_ROLES, "section", i),
            self.whole(row, "theme", 10**9, "section", i),
            *self.mood(row, "section", i),
            self.parts(row, "parts", PARTS, "section", i),
            self.style(row, "section", i) if "style" in row else None,
            self.number(row, "energy", UNIT, "section", i) if "energy" in row else None,
        )

    def parts(
        self, row: dict[str, Any], key: str, choices: tuple[str, ...], table: str = "", i: int = 0
    ) -> tuple[str, ...]:
        """Read a list of parts; their order is that of `choices`."""
        parts = row[key]
        if not isinstance(parts, list):
            self.fail(table, i, key, f'{key} = {parts!r} is no list of parts: write ["bass", "pad"]')
        for part in parts:
            if part not in choices:
                self.fail(table, i, key, f"{part!r} is no part; parts are {', '.join(choices)}")
        return tuple(part for part in choices if part in parts)

    def instruments(self) -> tuple[tuple[str, int], ...]:
        """Read the instruments by part."""
        table = self.values.get("instruments", {})
        if not isinstance(table, dict):
            self.fail("", 0, "instruments", 'instruments are written so: { melody = "cello" }')
        for part, named in table.items():
            if part not in PLAYERS:
                self.fail("", 0, "instruments", f"{part!r} is no part; parts are {', '.join(PLAYERS)}")
            if isinstance(named, bool) or player_named(part, str(named)) is None:
                what = "drum kit" if part == "drums" else "General MIDI instrument"
                self.fail("", 0, "instruments", f"{part} = {named!r} names no {what}")
        return tuple((part, player_named(part, str(named)) or 0) for part, named in table.items())

    def number(
        self, row: dict[str, Any], key: str, bounds: tuple[float, float], table: str = "", i: int = 0
    ) -> float:
        value, (low, high) = row[key], bounds
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.fail(table, i, key, f"{key} = {value!r} is no number from {low:g} to {high:g}")
        return value

    def whole(self, row: dict[str, Any], key: str, high: int, table: str = "", i: int = 0) -> int:
        """Read a whole number from 0 on."""
        value = self.number(row, key, (0, high), table, i)
        if value != int(value):
            self.fail(table, i, key, f"{key} = {value!r} is no whole number")
        return int(value)

    def time(self, row: dict[str, Any], key: str, table: str, i: int) -> float:
        value = row[key]
        seconds = seconds_of(value) if isinstance(value, str) else value
        if isinstance(value, bool) or not isinstance(seconds, int | float) or seconds < 0:
            self.fail(table, i, key, f'{key} = {value!r} is no time: write 12.5 or "0:12.5"')
        if seconds > self.number(self.values, "duration_s", (0, limits().max_duration_s)):
            self.fail(table, i, key, f"{key} = {value!r} lies behind the film's end")
        return float(seconds)

    def style(self, row: dict[str, Any], table: str = "", i: int = 0) -> str:
        """The style of the piece or a section, whatever its case, spaces and hyphens."""
        named = style_named(str(row["style"]))
        return named or self.one_of(row, "style", STYLES, table, i)

    def one_of(
        self, row: dict[str, Any], key: str, choices: tuple[str, ...], table: str = "", i: int = 0
    ) -> str:
        if row[key] not in choices:
            self.fail(table, i, key, f"{key} = {row[key]!r} is none of {', '.join(choices)}")
        return row[key]

    def mood(self, row: dict[str, Any], table: str, i: int) -> tuple[float, float]:
        mood = row["mood"]
        if not isinstance(mood, list) or len(mood) != 2:
            self.fail(table, i, "mood", "mood is [valence, arousal], each -1 to 1")
        valence, arousal = (self.number({"mood": each}, "mood", SIGNED, table, i) for each in mood)
        return valence, arousal

    def key(self) -> Key:
        key = key_named(str(self.values["key"]))
        if key is None:
            self.fail("", 0, "key", f'key = {self.values["key"]!r} is no key: write "F# minor" or "Bb"')
        return key

    def fail(self, table: str, i: int, key: str, reason: str) -> NoReturn:
        """Raise UsageError for a key of row i of a table ("": the top)."""
        where = self.place(table, i, key)
        raise UsageError(f"{where}: {reason}", f"correct {self.path}, or write it again with dyvim plan")

    def place(self, table: str, i: int, key: str) -> str:
        """Name the file, and the line of a key where there is one."""
        line = line_of(self.lines, table, i, key)
        return f"{self.path}, line {line}" if line else str(self.path)


def line_of(lines: list[str], table: str, i: int, key: str) -> int:
    """Find the line of a key.

    Args:
        lines: of the file.
        table: name of the table; "" = the top.
        i: number of its row.
        key: name of the key; where it is missing, the row itself counts.

    Returns:
        From 1 on; 0 = not found.
    """
    begins = {"": r"", "section": r"\s*\[\[\s*section\s*\]\]"}.get(table, r"[^#]*\{")
    named = rf"(^|[\s{{,])({re.escape(key)}|\"{re.escape(key)}\")\s*=|^\s*\[\[?\s*{re.escape(key)}"
    first = 0
    if table in ("hits", "silences", "speech"):
        first = next((n for n, line in enumerate(lines) if re.match(rf"\s*{table}\s*=", line)), 0)
    rows = [n for n, line in enumerate(lines) if n >= first and table and re.match(begins, line)]
    start = rows[i] if i < len(rows) else first
    found = (n for n in range(start, len(lines)) if key and re.search(named, lines[n].split("#")[0]))
    return next(found, start if table else -1) + 1
