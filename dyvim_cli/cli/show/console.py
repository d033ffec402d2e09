"""Print progress, notes and errors to stderr; stdout carries data alone."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

from rich.console import Console
from rich.markup import escape

from dyvim_cli.cli.show.printable import printable
from dyvim_cli.cli.show.stages import NoStagesShown, Overall, StageBar, StageLines
from dyvim_cli.errors import DyvimError

stderr = Console(stderr=True, highlight=False, soft_wrap=True)


class ProgressKind(str, Enum):
    """Ways of showing progress."""

    AUTO = "auto"  # a bar on a terminal, plain lines elsewhere
    BAR = "bar"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


@dataclass
class _Speech:
    """Verbosity."""

    quiet: bool = False
    verbose: bool = False


_speech = _Speech()


def speak(*, quiet: bool, verbose: bool) -> None:
    """Choose how much is said.

    Args:
        quiet: results and errors alone.
        verbose: also how long stages took.
    """
    _speech.quiet, _speech.verbose = quiet, verbose


def is_quiet() -> bool:
    """Check whether notes and progress are suppressed.

    Returns:
        What `speak` was given.
    """
    return _speech.quiet


def is_verbose() -> bool:
    """Check whether additional notes are printed.

    Returns:
        What `speak` was given.
    """
    return _speech.verbose


def note(text: str) -> None:
    """Print a line for the person at the terminal, on stderr.

    Args:
        text: without markup.
    """
    if not _speech.quiet:
        stderr.print(escape(printable(text)))


def data(text: str) -> None:
    """Print a line of output proper, on stdout.

    Args:
        text: a path, or JSON.
    """
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def show_error(error: DyvimError) -> None:
    """Print one line that says what, one that says what to do.

    Args:
        error: the failure.
    """
    message, hint = (printable(text, in_one_line=True) for text in (error.message, error.hint))
    stderr.print(f"[bold red]error:[/] {escape(message)}")
    if hint:
        stderr.print(f"[bold]try:[/] {escape(hint)}")


def style_line(facts: dict[str, Any]) -> str:
    """Write the style and, where the film chose it, its score, those that came close, and the mood.

    Args:
        facts: of a finished piece.

    Returns:
        Part of a line.
    """
    from dyvim_cli.describe import short

    mood = f" ({facts['mood']['words']})" if "mood" in facts else ""
    if "style_score" not in facts:
        return facts["style"] + mood
    also = ", ".join(f"{other['style']} {short(other['score'])}" for other in facts["style_also"])
    return f"{facts['style']} {short(facts['style_score'])}" + (f", also {also}" if also else "") + mood


def summary(facts: dict[str, Any]) -> str:
    """Write one line about a finished piece.

    Args:
        facts: of a finished piece.

    Returns:
        Style, key, tempo, alpha, seed, cuts and sound.
    """
    hits = [hit for hit in facts["hits"] if hit["kind"] == "cut"]
    on_beat = sum(hit["on_beat"] for hit in hits)
    met = sum(hit["music_s"] is not None for hit in hits)
    cuts = f", {met} of {len(hits)} cuts met by a note, {on_beat} on a beat" if hits else ""
    missed = sum(hit["music_s"] is None for hit in facts["hits"])
    cuts += f", {missed} of {len(facts['hits'])} events not met by a note" if missed else ""
    sound = f"; {sound_summary(facts)}" if "keep_audio" in facts else ""
    key = f"{facts['key']}, " if facts["key"] else ""
    return (
        f"{style_line(facts)}, {key}{facts['tempo_bpm']:.1f} BPM, alpha {facts['alpha']:g}, "
        f"seed {facts['seed']}{cuts}{sound}"
    )


def sound_summary(facts: dict[str, Any]) -> str:
    """Write what became of the film's own sound, the gains, and how loud the whole is.

    Args:
        facts: of a finished piece.

    Returns:
        Part of a line.
    """
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


@contextmanager
def progress(
    kind: ProgressKind, stages: Mapping[str, float] | None = None
) -> Iterator[StageBar | StageLines | NoStagesShown]:
    """Yield a Progress that shows itself as asked.

    Args:
        kind: how.
        stages: the stages to come and how long each takes, by proportion; None counts each by itself.

    Yields:
        A Progress.
    """
    overall = Overall(stages)
    if _speech.quiet:
        kind = ProgressKind.NONE
    if kind is ProgressKind.AUTO:
        kind = ProgressKind.BAR if stderr.is_terminal else ProgressKind.PLAIN
    if kind is ProgressKind.BAR:
        from rich import progress as rich_progress

        name = rich_progress.TextColumn("{task.description:>10}")
        rest = [rich_progress.BarColumn(), rich_progress.TaskProgressColumn()]
        left = rich_progress.TextColumn("{task.fields[left]}")
        with rich_progress.Progress(name, *rest, left, console=stderr, transient=True) as bars:
            yield StageBar(bars, overall)
    elif kind is ProgressKind.NONE:
        yield NoStagesShown(overall)
    else:
        yield StageLines(kind is ProgressKind.JSON, overall)
    if _speech.verbose and overall.took_s:
        note(overall.times())


def result(made: Any, as_json: bool, *lines: str) -> None:
    """Print what a verb has made: notes, further lines and the summary to stderr, path or JSON to stdout.

    Args:
        made: has warnings, facts and output, as the pipeline's results do.
        as_json: print the facts instead of the path.
        lines: said before the summary.
    """
    for warning in made.warnings:
        note(f"note: {warning}")
    for line in (*lines, summary(made.facts)):
        note(line)
    data(json.dumps(made.facts) if as_json else str(made.output))
