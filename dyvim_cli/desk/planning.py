"""Make the plan of a film from its features, the options, a plan file and markers."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dyvim_cli.desk.orders import Order, edited, marks, orders_of, style_asked
from dyvim_cli.errors import UsageError
from dyvim_cli.film_plan import FilmPlan
from dyvim_cli.hearing import spans
from dyvim_cli.markers.files import read_markers
from dyvim_cli.media.film_clock import FilmClock
from dyvim_cli.options import ComposeOptions
from dyvim_cli.types import FilmFeatures

if TYPE_CHECKING:
    import numpy as np

AS_HEARD_S = 0.06  # a plan's spans of speech are rounded: tolerance for the detected words
SAME_LENGTH_S = 0.2  # a film whose length differs by more is another cut than the plan is for


def read_orders(options: ComposeOptions, clock: FilmClock) -> tuple[Order, ...]:
    """Read the orders of the options' markers.

    Args:
        options: of the composer.
        clock: of the film.

    Returns:
        None without markers.

    Raises:
        InputError: the markers cannot be read.
    """
    if options.markers is None:
        return ()
    return orders_of(read_markers(options.markers, clock), clock.duration_s)


def check_length(plan: FilmPlan, duration_s: float) -> None:
    """Check that a plan is for a film of this length.

    Args:
        plan: as it was read.
        duration_s: of the film, or of its part that is scored.

    Raises:
        UsageError: it is for a longer or a shorter one.
    """
    if abs(plan.duration_s - duration_s) > SAME_LENGTH_S:
        where = f"{plan.written}: " if plan.written else ""
        lengths = f"a film of {plan.duration_s:g} s, this one lasts {duration_s:.3f} s"
        hint = "dyvim plan writes one for this film; --start and --end as then"
        raise UsageError(f"{where}the plan is for {lengths}", hint)


def planned(
    features: FilmFeatures,
    options: ComposeOptions,
    orders: tuple[Order, ...] = (),
    speech_s: "np.ndarray | None" = None,
) -> FilmPlan:
    """Make the plan that the music of a film follows.

    Args:
        features: motion, events, scenes and style of the film.
        options: of the composer.
        orders: of read_orders.
        speech_s: [N, 2] spans of speech, seconds.

    Returns:
        The plan.

    Raises:
        UsageError: a plan file is for a film of another length, or orders contradict each other.
    """
    from dyvim_cli.model.compose.decide import decide, with_marks
    from dyvim_cli.model.compose.obey import planned_speech, speech_told

    options = replace(options, style=options.style or style_asked(orders))
    if options.plan is None:
        plan = decide(features, options, marks(orders), speech_s=speech_s)
    else:
        plan = _with_options(options.plan, options)
        plan = replace(plan, hits=with_marks(plan.hits, marks(orders)))
        plan = replace(plan, speech=planned_speech(speech_told(plan, speech_s)))
    check_length(plan, features.duration_s)
    return edited(replace(plan, written=""), orders)


def speech_to_clear(heard_s: "np.ndarray", plan: FilmPlan) -> "np.ndarray":
    """Find the speech that the music is ducked under.

    A plan's span has the words that were detected in it; without any it is speech throughout.

    Args:
        heard_s: [M, 2] seconds.
        plan: of the film; without speech the detected speech counts.

    Returns:
        [N, 2] seconds.
    """
    import numpy as np

    if plan.speech is None:
        return heard_s
    found = []
    for span in plan.speech:
        from_s, to_s = span.from_s - AS_HEARD_S, span.to_s + AS_HEARD_S
        words = np.clip(heard_s, from_s, to_s)
        words = words[words[:, 1] > words[:, 0]]
        found.append(words if len(words) else np.array([[span.from_s, span.to_s]]))
    return spans.joined(np.concatenate(found), 0.01) if found else spans.NONE


def _with_options(plan: FilmPlan, options: ComposeOptions) -> FilmPlan:
    """A plan with what options say outright: style, key, tempo and mood."""
    given: dict[str, Any] = {"style": options.style, "key": options.key, "bpm": options.tempo_bpm}
    plan = replace(plan, **{name: value for name, value in given.items() if value is not None})
    if options.mood is None:
        return plan
    valence, arousal = options.mood
    sections = tuple(replace(each, valence=valence, arousal=arousal) for each in plan.sections)
    return replace(plan, valence=valence, arousal=arousal, sections=sections)
