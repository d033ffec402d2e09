"""Read the written bars of a MusicXML score: notes, chord symbols, dynamics, repeat signs."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dyvim_cli.music.symbols.tokens import CHORD_QUALITIES

STEP_PITCH = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

# MusicXML harmony kinds -> our ten qualities: the third and the seventh decide, colours are dropped.
KIND_QUALITY = {
    "major": "maj", "major-sixth": "maj", "maj69": "maj", "power": "maj", "pedal": "maj",
    "Neapolitan": "maj", "minor": "min", "minor-sixth": "min", "minor-major": "min",
    "diminished": "dim", "diminished-seventh": "dim", "augmented": "aug", "augmented-seventh": "aug",
    "augmented-ninth": "aug", "suspended-second": "sus2", "suspended-fourth": "sus4",
    "dominant": "7", "dominant-ninth": "7", "dominant-11th": "7", "dominant-13th": "7",
    "major-minor": "7", "Italian": "7", "French": "7", "German": "7", "major-seventh": "maj7",
    "major-ninth": "maj7", "major-11th": "maj7", "major-13th": "maj7", "minor-seventh": "min7",
    "minor-ninth": "min7", "minor-11th": "min7", "minor-13th": "min7", "half-diminished": "m7b5",
    "Tristan": "m7b5",
}  # fmt: skip
WITH_FLAT_FIFTH = {"min": "dim", "min7": "m7b5", "maj": "dim"}
WITH_SHARP_FIFTH = {"maj": "aug", "7": "aug"}
WITH_SEVENTH = {"maj": "7", "min": "min7", "dim": "m7b5"}

SECTION_WORDS = re.compile(r"^\s*\(?(verse|chorus|refrain|bridge|interlude|trio|intro|coda)", re.IGNORECASE)

NOTE = np.dtype(
    [("start", "f8"), ("end", "f8"), ("pitch", "i2"), ("part", "i2"), ("staff", "i2"), ("tied", "?"),
     ("accent", "?")]
)  # fmt: skip
# times in quarter notes; tied = continues from the note before


@dataclass
class Measure:
    """A written bar: everything inside it at times relative to its start."""

    length: float = 0.0
    nominal: float = 4.0
    fifths: int | None = None
    opens: bool = False
    closes: bool = False
    repeat_start: bool = False
    repeat_end: int = 0  # number of times the passage is played
    ending: frozenset[int] = frozenset()
    ending_stops: bool = False
    notes: list[Any] = field(default_factory=list)  # NOTE rows
    chords: list[Any] = field(default_factory=list)  # (time, (root, quality) or None)
    dynamics: list[Any] = field(default_factory=list)  # (time, mark)


class Reader:
    """Walks the parts; holds what MusicXML carries from bar to bar (divisions, key, metre)."""

    def __init__(self) -> None:
        self.bpm: float | None = None

    def read_part(self, index: int, part: Any, measures: list[Measure]) -> None:
        """Add the part's notes, chords and marks to the written bars, which all parts share.

        Args:
            index: of the part, 0 for the first.
            part: its element.
            measures: the bars, which grow where the part is longer.
        """
        self.part, self.divisions, self.nominal = index, 1.0, 4.0
        self.fifths: int | None = None
        for number, element in enumerate(part.findall("measure")):
            if number == len(measures):
                measures.append(Measure())
            self.measure, self.now, self.last = measures[number], 0.0, 0.0
            for child in element:
                handler = self.HANDLERS.get(child.tag)
                if handler:
                    handler(self, child)
            if index == 0:
                self.measure.nominal, self.measure.fifths = self.nominal, self.fifths

    def _note(self, element: Any) -> None:
        tags = {child.tag: child for child in element}
        if "grace" in tags or "cue" in tags:
            return
        duration = float(tags["duration"].text) / self.divisions
        start = self.last if "chord" in tags else self.now
        if "chord" not in tags:
            self.last, self.now = self.now, self.now + duration
        self.measure.length = max(self.measure.length, self.now)
        if "pitch" not in tags:
            return
        pitch = tags["pitch"]
        midi = 12 * (int(pitch.findtext("octave")) + 1) + STEP_PITCH[pitch.findtext("step")]
        midi += round(float(pitch.findtext("alter") or 0))
        staff = int(tags["staff"].text) if "staff" in tags else 1
        tied = "tie" in tags and any(t.get("type") == "stop" for t in element.iter("tie"))
        accent = "notations" in tags and any(True for _ in tags["notations"].iter("accent"))
        self.measure.notes.append((start, start + duration, midi, self.part, staff, tied, accent))

    def _backup(self, element: Any) -> None:
        self.now = max(0.0, self.now - float(element.findtext("duration")) / self.divisions)

    def _forward(self, element: Any) -> None:
        self.now += float(element.findtext("duration")) / self.divisions
        self.measure.length = max(self.measure.length, self.now)

    def _attributes(self, element: Any) -> None:
        self.divisions = float(element.findtext("divisions") or self.divisions)
        if element.find("time/beats") is not None:
            beats = sum(int(b) for b in re.findall(r"\d+", element.findtext("time/beats")))
            self.nominal = 4.0 * beats / int(element.findtext("time/beat-type"))
        if element.find("key/fifths") is not None:
            self.fifths = int(element.findtext("key/fifths"))

    def _harmony(self, element: Any) -> None:
        offset = float(element.findtext("offset") or 0) / self.divisions
        self.measure.chords.append((max(0.0, self.now + offset), _chord(element)))

    def _barline(self, element: Any) -> None:
        repeat, ending = element.find("repeat"), element.find("ending")
        if element.findtext("bar-style") in ("light-light", "light-heavy", "heavy-light"):
            if element.get("location") == "left":
                self.measure.opens = True
            else:
                self.measure.closes = True
        if repeat is not None and repeat.get("direction") == "forward":
            self.measure.repeat_start = self.measure.opens = True
        elif repeat is not None:
            self.measure.repeat_end, self.measure.closes = int(repeat.get("times") or 2), True
        if ending is not None:
            self.measure.ending |= {int(n) for n in re.findall(r"\d+", ending.get("number") or "")}
            self.measure.ending_stops |= ending.get("type") in ("stop", "discontinue")

    def _direction(self, element: Any) -> None:
        at = max(0.0, self.now + float(element.findtext("offset") or 0) / self.divisions)
        for kind in element.iterfind("direction-type/*"):
            if kind.tag == "rehearsal" or (kind.tag == "words" and SECTION_WORDS.match(kind.text or "")):
                self.measure.opens = True
            elif kind.tag == "words" and (kind.text or "").strip().rstrip(".").upper() == "N.C":
                self.measure.chords.append((at, None))
            self._dynamic_mark(at, kind)
        self._sound(element.find("sound"))

    def _dynamic_mark(self, at: float, kind: Any) -> None:
        mark = ""
        if kind.tag == "dynamics" and len(kind):
            mark = kind[0].tag
        elif kind.tag == "wedge":
            mark = kind.get("type") or ""
        elif kind.tag == "words" and re.match(r"\s*(poco )?cres", kind.text or "", re.IGNORECASE):
            mark = "crescendo"
        elif kind.tag == "words" and re.match(r"\s*(poco )?(dim|decres)", kind.text or "", re.IGNORECASE):
            mark = "diminuendo"
        if mark:
            self.measure.dynamics.append((at, mark))

    def _sound(self, element: Any) -> None:
        if element is not None and element.get("tempo") and self.bpm is None:
            self.bpm = float(element.get("tempo"))

    HANDLERS = {
        "note": _note, "backup": _backup, "forward": _forward, "attributes": _attributes,
        "harmony": _harmony, "barline": _barline, "direction": _direction, "sound": _sound,
    }  # fmt: skip


def _chord(element: Any) -> tuple[int, str] | None:
    """(root pitch class, quality) of a <harmony>, None for no chord."""
    step, kind = element.findtext("root/root-step"), (element.findtext("kind") or "major").strip()
    if step not in STEP_PITCH or kind == "none":
        return None
    root = (STEP_PITCH[step] + round(float(element.findtext("root/root-alter") or 0))) % 12
    quality = KIND_QUALITY.get(kind, "maj")
    for degree in element.findall("degree"):
        value, alter = degree.findtext("degree-value"), degree.findtext("degree-alter")
        if value == "5" and alter in ("-1", "1"):
            quality = (WITH_FLAT_FIFTH if alter == "-1" else WITH_SHARP_FIFTH).get(quality, quality)
        elif value == "7" and degree.findtext("degree-type") == "add":
            quality = WITH_SEVENTH.get(quality, quality)
    assert quality in CHORD_QUALITIES
    return root, quality
