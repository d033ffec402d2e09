"""Compare the events that the judge finds with those that the composer sees."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dyvim_cli.evaluation.judge.sync import HEADLINE_S
from dyvim_cli.evaluation.judge.visual_events import VisualEvents

Eye = Callable[[Path], np.ndarray]  # film -> seconds of the events that the composer sees
TIME_DECIMALS = 3


@dataclass(frozen=True)
class EventAgreement:
    """Agreement of two detectors on the events of a film.

    Attributes:
        n_judge: events of the judge.
        n_composer: events of the composer's eye.
        share: weight of the judge's events that the composer sees within HEADLINE_S; 1 where there is none.
        judge_alone_s: seconds of the judge's events that the composer does not see.
        composer_alone_s: seconds of the composer's events that are none to the judge.
    """

    n_judge: int
    n_composer: int
    share: float
    judge_alone_s: tuple[float, ...]
    composer_alone_s: tuple[float, ...]


def event_agreement(picture: VisualEvents, composer_s: np.ndarray) -> EventAgreement:
    """Match the judge's events with the composer's, in both directions.

    Args:
        picture: what the judge sees of a film.
        composer_s: [E] seconds of the composer's events.

    Returns:
        Both counts and what each has alone. Music can meet no more than `share`, except by luck.
    """
    judge_s, weights = picture.event_times_s, picture.event_weights
    is_seen, is_shared = _has_near(judge_s, composer_s), _has_near(composer_s, judge_s)
    total = float(weights.sum())
    return EventAgreement(
        n_judge=len(judge_s),
        n_composer=len(composer_s),
        share=float(weights[is_seen].sum()) / total if total > 0 else 1.0,
        judge_alone_s=_rounded(judge_s[~is_seen]),
        composer_alone_s=_rounded(composer_s[~is_shared]),
    )


def _has_near(times_s: np.ndarray, others_s: np.ndarray) -> np.ndarray:
    """[N] bool: which times have another within HEADLINE_S."""
    gaps = np.abs(times_s[:, None] - others_s[None]).min(axis=1, initial=np.inf)
    return gaps <= HEADLINE_S + 1e-6


def _rounded(times_s: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(time_s), TIME_DECIMALS) for time_s in times_s)


def agreement_text(film: Path, agreement: EventAgreement) -> str:
    """One line on a film.

    Args:
        film: its path.
        agreement: of the two detectors.

    Returns:
        What a person reads below the tables.
    """
    alone = len(agreement.judge_alone_s), len(agreement.composer_alone_s)
    return (
        f"{film.name}: the judge sees {agreement.n_judge} events, the composer {agreement.n_composer};"
        f" the judge alone {alone[0]}, the composer alone {alone[1]}"
        f" (seen of the judge's weight: {agreement.share:.2f})"
    )
