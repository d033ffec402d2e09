"""Define alpha's meaning: one record of every share of the music in which the film has a say.

alpha 0: the film has no say. 0.25: the grid of beats meets the cuts, the music hardly shows it. 0.5: what
a composer would do. 1: every movement is answered, and the groove still continues.
"""

from dataclasses import dataclass

import numpy as np

CALM_AT, FULL_AT = 0.25, 1.0  # alphas at which the lightest event that is answered weighs most and nothing
LIGHTEST_AT_CALM = 0.7  # weight (0..1, model.conditioning.film_curves.accent_strength) of that event
DECODER_AT = (0, 0.25, 0.5, 1), (0, 0.2, 0.7, 1)  # alphas, and the factors of the dynamics term
MOST_RUBATO = 0.5  # share of the way that a step moves to an event beside it
ENERGY_AT_HALF = 0.85  # how far the film's energy shapes density and loudness at alpha 0.5


@dataclass(frozen=True)
class Influence:
    """Effect of one alpha on each stage.

    Attributes:
        alpha: the user's number, 0 or more.
        timing: 0..1, share of the tempo drift and of the odd bars that events may ask for.
        rubato: 0..1, share of the distance that a step moves to a nearby event.
        decoder: factor of the dynamics term that is added to every music token.
        lightest_event: the decoder gets no input from events that weigh less.
        lightest_accent: events that weigh less are accented only if the decoder wants it.
        lightest_rubato: events that weigh less move no step.
        lightest_late: events that weigh less get no accent after the last chord.
        energy: 0..1, how far the film's energy shapes form, density and loudness.
    """

    alpha: float
    timing: float
    rubato: float
    decoder: float
    lightest_event: float
    lightest_accent: float
    lightest_rubato: float
    lightest_late: float
    energy: float

    @property
    def follows(self) -> bool:
        """True if the film influences the music at all."""
        return self.alpha > 0


def influence_of(alpha: float) -> Influence:
    """Derive the effect of an alpha on each stage.

    Args:
        alpha: 0 or more; above 1 only the decoder's term grows further.

    Returns:
        the record that every stage reads.

    Raises:
        ValueError: alpha is negative or not finite.
    """
    if not 0 <= alpha < float("inf"):
        raise ValueError(f"alpha must be 0 or more, got {alpha}")
    lightness = min(1.0, max(0.0, (FULL_AT - alpha) / (FULL_AT - CALM_AT)))
    return Influence(
        alpha=alpha,
        timing=min(1.0, 4 * alpha),  # a cut between two beats is heard as a mistake, however calm the music
        # Steps are up to 60 ms off an event; with half of the way the rest is less than a frame of film. With
        # all of it drums stumble: at alpha 1 the pulse of eight edits was .39 for .45, and cuts were met no
        # better (.94 for .99), since accents stand out less among beats that lean.
        rubato=min(MOST_RUBATO, alpha),
        # In training a factor of s means that a share 1 - s of the curves is wrong, which the decoder answers
        # with as much doubt. At one half most cuts shall be met; at a quarter the music shall hardly show it.
        decoder=alpha if alpha > 1 else float(np.interp(alpha, *DECODER_AT)),
        lightest_event=LIGHTEST_AT_CALM * lightness,
        lightest_accent=float(np.interp(alpha, (0.25, 0.5, 1), (1, 0.6, 0.35))),
        lightest_rubato=LIGHTEST_AT_CALM * lightness,
        lightest_late=1 - min(1.0, alpha),
        energy=float(np.interp(alpha, (0, 0.5, 1), (0, ENERGY_AT_HALF, 1))),
    )
