"""Show how far the work is: one share over all stages, with the time left."""

import json
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

# seconds that each stage takes of a film with sound, by proportion (one clip of 7 s on two cores)
SCORE = {
    "vision": 60, "own sound": 5, "compose": 8, "sound": 8, "master": 2, "music level": 3,
    "mux": 6, "check": 3,
}  # fmt: skip
GENERATE = {stage: SCORE[stage] for stage in ("vision", "compose", "sound", "master")}
WORDS = {
    "vision": "watching", "own sound": "listening", "compose": "composing", "sound": "playing",
    "master": "mastering", "music level": "measuring", "mux": "writing", "check": "checking",
    "frames": "writing frames", "evaluate": "judging", "download": "fetching", "verify": "checking",
    "prepare": "preparing", "render": "rendering", "sweep": "judging",
}  # fmt: skip
SURE_S = 1.0  # time before which no time left is shown, as it would be a guess
NEWS = 0.01  # share of the whole: smaller changes are not printed
PATIENCE_S = 10.0  # time after which a line is printed in any case


class Overall:
    """The share of all stages that is done. A stage that is not among them is counted by itself."""

    def __init__(self, weights: Mapping[str, float] | None = None):
        self.planned = list((weights or {}).items())
        self.stages: list[tuple[str, float]] = []
        self.began_s = time.monotonic()
        self.share = 0.0
        self.took_s: dict[str, list[float]] = {}

    def update(self, stage: str, done: float, total: float) -> None:
        """Take in a report; the share never falls while the stages are the same.

        Args:
            stage: its name.
            done: in any unit.
            total: in the same unit.
        """
        now, part = time.monotonic(), min(1.0, done / total) if total else 1.0
        self.took_s.setdefault(stage, [now, now])[1] = now
        if stage not in dict(self.stages):
            self._begin(stage, now)
        names = [name for name, _ in self.stages]
        before = sum(weight for _, weight in self.stages[: names.index(stage)])
        whole = sum(weight for _, weight in self.stages)
        self.share = max(self.share, (before + part * dict(self.stages)[stage]) / whole)

    def _begin(self, stage: str, now: float) -> None:
        """Plan from this stage on; stages that were skipped, being cached, do not count."""
        names = [name for name, _ in self.planned]
        known = stage in names
        self.stages = self.planned[names.index(stage) :] if known else [(stage, 1.0)]
        self.began_s, self.share = now, 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds left; None while nothing can be said."""
        passed_s = time.monotonic() - self.began_s
        if self.share >= 1:
            return 0.0
        return passed_s * (1 - self.share) / self.share if self.share and passed_s >= SURE_S else None

    def times(self) -> str:
        """Say how long each stage took.

        Returns:
            Part of a line.
        """
        spans = self.took_s.items()
        return ", ".join(f"{WORDS.get(name, name)} {end - begin:.1f} s" for name, (begin, end) in spans)


def time_left(eta_s: float | None) -> str:
    """Write the time left.

    Args:
        eta_s: seconds; None = unknown.

    Returns:
        'about 1 min 5 s left', or nothing.
    """
    if not eta_s:
        return ""
    minutes, seconds = divmod(max(1, round(eta_s)), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next(i for i, (n, _) in enumerate(parts) if n)
    return f"about {' '.join(f'{n} {unit}' for n, unit in parts[first : first + 2])} left"


class StageLines:
    """Progress as lines: text at most once a second; JSON objects every tenth of a stage as well."""

    def __init__(self, as_json: bool, overall: Overall | None = None):
        self.as_json, self.overall = as_json, overall or Overall()
        self.began: dict[str, float] = {}
        self.shown: dict[str, float] = {}
        self.written_s, self.said = float("-inf"), -1.0

    def update(self, stage: str, done: float, total: float) -> None:
        """Write a line when there is something new to say.

        Args:
            stage: its name.
            done: in any unit.
            total: in the same unit.
        """
        self.overall.update(stage, done, total)
        if self.as_json:
            self._write_json(stage, min(1.0, done / total) if total else 1.0)
        else:
            self._write_text(stage)

    def _write_text(self, stage: str) -> None:
        now, share = time.monotonic(), self.overall.share
        passed_s = now - self.written_s
        if passed_s < 1.0 or abs(share - self.said) < NEWS and passed_s < PATIENCE_S:
            return
        self.written_s, self.said = now, share
        left = time_left(self.overall.eta_s)
        sys.stderr.write(f"{WORDS.get(stage, stage)}: {share:.0%}" + (f", {left}" if left else "") + "\n")
        sys.stderr.flush()

    def _write_json(self, stage: str, share: float) -> None:
        now = time.monotonic()
        began, last = self.began.setdefault(stage, now), self.shown.get(stage, -1.0)
        is_due = share - last >= 0.1 or now - self.written_s >= 1.0
        if share < 1 and not is_due or share == last:
            return
        self.shown[stage], self.written_s = share, now
        left_s, all_left_s = (now - began) * (1 - share) / share if share else None, self.overall.eta_s
        record = {"stage": stage, "share": round(share, 3), "eta_s": _rounded(left_s)}
        record |= {"overall": round(self.overall.share, 3), "overall_eta_s": _rounded(all_left_s)}
        sys.stderr.write(json.dumps(record) + "\n")
        sys.stderr.flush()


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


class StageBar:
    """Progress as one Rich bar over all stages."""

    def __init__(self, bars: "RichProgress", overall: Overall):
        self.bars, self.overall = bars, overall
        self.task = bars.add_task("", total=1.0, left="")

    def update(self, stage: str, done: float, total: float) -> None:
        """Move the bar and name the stage.

        Args:
            stage: its name.
            done: in any unit.
            total: in the same unit.
        """
        self.overall.update(stage, done, total)
        left = time_left(self.overall.eta_s)
        word = WORDS.get(stage, stage)
        self.bars.update(self.task, completed=self.overall.share, description=word, left=left)


class NoStagesShown:
    """No progress."""

    def __init__(self, overall: Overall):
        self.overall = overall

    def update(self, stage: str, done: float, total: float) -> None:
        """Say nothing, but measure the stages.

        Args:
            stage: its name.
            done: in any unit.
            total: in the same unit.
        """
        self.overall.update(stage, done, total)
