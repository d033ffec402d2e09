"""The facts of one film in a report, as plain values that fit into a journal of JSON lines.

An entry is the facts of pipeline.score() and what became of the film. The facts of a film that was
not scored are few, so every key but `status` and `input` may be missing.
"""

from typing import Any, Literal, TypedDict, cast

from dyvim_cli.errors import DyvimError
from dyvim_cli.report.roll import Voice


class Curves(TypedDict, total=False):
    """Curves of the timeline (made by dyvim_cli/timeline.py): at most POINTS values each."""

    motion: list[float]  # evenly over duration_s: mean optical flow, picture widths a second
    loudness_lufs: list[float | None]  # evenly over duration_s: momentary loudness of what is delivered
    accents: list[tuple[float, float]]  # (time_s, strength 0..1) of the music's strongest strokes
    bars_s: list[float]  # beginnings of the bars


Status = Literal["done", "failed", "pending"]  # pending: not started, or interrupted


class Entry(TypedDict, total=False):
    """One film of a report; besides these keys any of pipeline.Result.facts."""

    status: Status
    input: str  # the film as it came
    output: str  # the film with its music
    error: str  # failed: one line that says what
    hint: str  # failed: one line that says what to do
    title: str  # heading of its card; else the film's name
    take: int  # its number among the takes of one film, from 1
    roll: list[Voice]  # the notes
    command: list[str]  # arguments that make this film again; unquoted
    duration_s: float
    start_s: float
    style: str
    key: str
    tempo_bpm: float
    alpha: float
    seed: int
    model: str
    loudness_lufs: float | None  # integrated, of the delivered sound; None = silence
    true_peak_db: float | None  # dBTP, of the delivered sound
    keep_audio: str
    sections: list[dict[str, Any]]  # start_s, end_s, role
    hits: list[dict[str, Any]]  # events of the film and the notes that meet them: see describe.hits_of
    mood: dict[str, Any]  # valence, arousal, words
    style_also: list[dict[str, Any]]  # style, score: styles that came close
    scenes: int
    seconds: dict[str, float]  # stage -> seconds of work
    warnings: list[str]
    curves: Curves


def done(facts: dict[str, Any], command: list[str], roll: list[Voice] | None = None) -> Entry:
    """Make the entry of a scored film.

    Args:
        facts: pipeline.Result.facts.
        command: arguments that make this film again.
        roll: its notes, of roll_of; None = they are not shown.

    Returns:
        The facts with status "done".
    """
    return cast(Entry, {"status": "done", "command": command, "roll": roll or [], **facts})


def failed(film: str, fault: DyvimError, command: list[str]) -> Entry:
    """Make the entry of a film that could not be scored.

    Args:
        film: its path as it came.
        fault: why.
        command: arguments that try it again.

    Returns:
        An entry with status "failed", message and hint.
    """
    return Entry(status="failed", input=film, error=fault.message, hint=fault.hint, command=command)
