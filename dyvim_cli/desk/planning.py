"""Make the plan of a film from its features, the options, a plan file and markers."""

from dataclasses import replace
from typing import TYPE_CHECKING

from dyvim_cli.desk.orders import Order, edited, marks, orders_of, style_asked
from dyvim_cli.errors import UsageError
from dyvim_cli.film_plan import FilmPlan
from dyvim_cli.markers.files import read_markers
from dyvim_cli.media.film_clock import FilmClock
from dyvim_cli.options import ComposeOptions
from dyvim_cli.types import FilmFeatures

if TYPE_CHECKING:
    import numpy as np

SAME_LENGTH_S = 0.2  # a film whose length differs by more is another cut than the plan is for


def read_orders(options: ComposeOptions, clock: FilmClock) -> tuple[Order, ...]:
    """The orders of the options' markers; none without markers. Raises InputError as read_markers does."""
    if options.markers is None:
        return ()
    return orders_of(read_markers(options.markers, clock), clock.duration_s)


def planned(
    features: FilmFeatures,
    options: ComposeOptions,
    orders: tuple[Order, ...] = (),
    speech_s: "np.ndarray | None" = None,
) -> FilmPlan:
    """The plan that the music of this film follows; speech_s: [N, 2] spans in which somebody speaks.

    Raises UsageError where a plan file is for a film of another length, or orders contradict each other.
    """
    from dyvim_cli.model.compose.decide import decide, with_marks

    options = replace(options, style=options.style or style_asked(orders))
    if options.plan is None:
        plan = decide(features, options, marks(orders), speech_s=speech_s)
    else:
        plan = _with_options(options.plan, options)
        plan = replace(plan, hits=with_marks(plan.hits, marks(orders)))
    if abs(plan.duration_s - features.duration_s) > SAME_LENGTH_S:
        reason = (
            f"the plan is for a film of {plan.duration_s:g} s, this one lasts {features.duration_s:.3f} s"
        )
        raise UsageError(reason, "dyvim plan writes one for this film; --start and --end as then")
    return edited(plan, orders)


def _with_options(plan: FilmPlan, options: ComposeOptions) -> FilmPlan:
    """A plan with what options say outright: style, key, tempo and mood."""
    given = {"style": options.style, "key": options.key, "bpm": options.tempo_bpm}
    plan = replace(plan, **{name: value for name, value in given.items() if value is not None})
    if options.mood is None:
        return plan
    valence, arousal = options.mood
    sections = tuple(replace(each, valence=valence, arousal=arousal) for each in plan.sections)
    return replace(plan, valence=valence, arousal=arousal, sections=sections)
