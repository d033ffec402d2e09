"""Print progress, notes and errors to stderr; stdout carries data alone."""

import json
import sys
import time
from contextlib import contextmanager
from enum import Enum
from typing import Any

from rich.console import Console
from rich.markup import escape

from dyvim_cli.errors import DyvimError

stderr = Console(stderr=True, highlight=False, soft_wrap=True)


class ProgressKind(str, Enum):
    """How progress is shown."""

    AUTO = "auto"  # a bar on a terminal, plain lines elsewhere
    BAR = "bar"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


def note(text: str) -> None:
    """A line for the person at the terminal."""
    stderr.print(escape(text))


def data(text: str) -> None:
    """A line of output proper: a path, or JSON."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def show_error(error: DyvimError) -> None:
    """One line that says what, one that says what to do."""
    stderr.print(f"[bold red]error:[/] {escape(error.message)}")
    if error.hint:
        stderr.print(f"[bold]try:[/] {escape(error.hint)}")


def style_line(facts: dict[str, Any]) -> str:
    """The style and, where the film chose it, its score, those that came close, and the mood."""
    from dyvim_cli.describe import short

    mood = f" ({facts['mood']['words']})" if "mood" in facts else ""
    if "style_score" not in facts:
        return facts["style"] + mood
    also = ", ".join(f"{other['style']} {short(other['score'])}" for other in facts["style_also"])
    return f"{facts['style']} {short(facts['style_score'])}" + (f", also {also}" if also else "") + mood


def summary(facts: dict[str, Any]) -> str:
    """One line about a finished piece."""
    hits = [hit for hit in facts["hits"] if hit["kind"] == "cut"]
    on_beat = sum(hit["on_beat"] for hit in hits)
    cuts = f", {on_beat} of {len(hits)} cuts on a beat" if hits else ""
    missed = sum(hit["music_s"] is None for hit in facts["hits"])
    cuts += f", {missed} of {len(facts['hits'])} events not met by a note" if missed else ""
    sound = f"; {sound_summary(facts)}" if "keep_audio" in facts else ""
    key = f"{facts['key']}, " if facts["key"] else ""
    return (
        f"{style_line(facts)}, {key}{facts['tempo_bpm']:.1f} BPM, alpha {facts['alpha']:g}, "
        f"seed {facts['seed']}{cuts}{sound}"
    )


def sound_summary(facts: dict[str, Any]) -> str:
    """What became of the film's own sound, the gains, and how loud the whole is."""
    own_db, duck_db = facts.get("own_gain_db"), facts.get("duck_db") or 0
    gains = [f"own {own_db:+.1f} dB"] if own_db is not None else []
    gains += [f"music {facts['music_gain_db']:+.1f} dB"] if "music_gain_db" in facts else []
    if duck_db:
        talk_s = sum(end - start for start, end in facts["speech_s"])
        gains.append(f"down to {duck_db:.1f} dB more under {talk_s:.1f} s of speech")
    if aside := facts.get("own_music_s"):
        gains.append(f"silent for {sum(end - start for start, end in aside):.1f} s of its own music")
    said = f"film's own sound: {facts['keep_audio']}" + (f" ({', '.join(gains)})" if gains else "")
    loud, peak = facts.get("loudness_lufs"), facts.get("true_peak_db")
    return said if loud is None else f"{said}; {loud:.1f} LUFS, {peak:.1f} dBTP"


class Lines:
    """Progress as lines: plain text every tenth of a stage; JSON objects also once a second between."""

    def __init__(self, as_json: bool):
        self.as_json = as_json
        self.began: dict[str, float] = {}
        self.shown: dict[str, float] = {}
        self.written = 0.0

    def update(self, stage: str, done: float, total: float) -> None:
        """Write a line when there is something new to say."""
        now, share = time.monotonic(), min(1.0, done / total) if total else 1.0
        began = self.began.setdefault(stage, now)
        last = self.shown.get(stage, -1.0)
        is_due = share - last >= 0.1 or self.as_json and now - self.written >= 1.0
        if share < 1 and not is_due or share == last:
            return
        self.shown[stage], self.written = share, now
        eta_s = (now - began) * (1 - share) / share if share else None
        if self.as_json:
            record = {"stage": stage, "share": round(share, 3)}
            record["eta_s"] = None if eta_s is None else round(eta_s, 1)
            sys.stderr.write(json.dumps(record) + "\n")
        else:
            left = f", {eta_s:.0f} s left" if eta_s and share < 1 else ""
            sys.stderr.write(f"{stage}: {share:.0%}{left}\n")
        sys.stderr.flush()


class Bar:
    """Progress as Rich bars, one a stage."""

    def __init__(self, bars):
        self.bars = bars
        self.tasks: dict[str, int] = {}

    def update(self, stage: str, done: float, total: float) -> None:
        """Move the stage's bar."""
        if stage not in self.tasks:
            self.tasks[stage] = self.bars.add_task(stage, total=total)
        self.bars.update(self.tasks[stage], completed=done, total=total)


class Nothing:
    """No progress."""

    def update(self, stage: str, done: float, total: float) -> None:
        """Say nothing."""


@contextmanager
def progress(kind: ProgressKind):
    """Yield a Progress that shows itself as asked."""
    if kind is ProgressKind.AUTO:
        kind = ProgressKind.BAR if stderr.is_terminal else ProgressKind.PLAIN
    if kind is ProgressKind.BAR:
        from rich import progress as rich_progress

        name = rich_progress.TextColumn("{task.description:>10}")
        left = rich_progress.TimeRemainingColumn()
        rest = [rich_progress.BarColumn(), rich_progress.TaskProgressColumn()]
        with rich_progress.Progress(name, *rest, left, console=stderr, transient=True) as bars:
            yield Bar(bars)
    elif kind is ProgressKind.NONE:
        yield Nothing()
    else:
        yield Lines(as_json=kind is ProgressKind.JSON)
