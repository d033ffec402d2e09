"""Decide a film's plan, in which markers and options are edits, before a note is written."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dyvim_cli.describe import each_once
from dyvim_cli.desk.planning import planned, read_orders
from dyvim_cli.desk.scored_tag import coarse_speech
from dyvim_cli.options import ComposeOptions, writes_score
from dyvim_cli.own_sound import own_sound_of
from dyvim_cli.progress import Progress
from dyvim_cli.types import FilmFeatures
from dyvim_cli.watching import features_of

if TYPE_CHECKING:
    import numpy as np

    from dyvim_cli.film_plan import FilmPlan
    from dyvim_cli.media.film_clock import FilmClock


def with_plan(
    features: FilmFeatures, options: ComposeOptions, clock: "FilmClock", speech_s: "np.ndarray | None" = None
) -> ComposeOptions:
    """Add the plan that the piece follows, in which markers and options are edits.

    Args:
        features: motion, events, scenes and style of the film.
        options: options of composing.
        clock: of the film that is delivered.
        speech_s: [N, 2] seconds of speech.

    Returns:
        The options; unchanged where the composer decides by itself.
    """
    if not writes_score(options.model) or (options.plan is None and options.markers is None):
        return options  # the composer decides by itself
    plan = planned(features, options, read_orders(options, clock), speech_s)
    return replace(options, plan=plan, markers=None)


def plan_film(
    film_path: Path,
    options: ComposeOptions,
    *,
    start: float | str | None = None,
    end: float | str | None = None,
    use_cache: bool = True,
    progress: Progress | None = None,
    notes: list[str] | None = None,
) -> "FilmPlan":
    """Decide what score() would decide for a film before it writes a note.

    Args:
        film_path: the film.
        options: options of composing.
        start: seconds or a timecode; None = the beginning.
        end: likewise; None = the film's end.
        use_cache: whether features of earlier runs count, and are kept.
        progress: notified of the stages.
        notes: a list that takes what did not go as usual.

    Returns:
        The plan.

    Raises:
        DyvimError: the film cannot be read, or options contradict it.
    """
    from dyvim_cli.media.cut import plan_cut
    from dyvim_cli.media.film_clock import clock_of
    from dyvim_cli.media.probe import probe
    from dyvim_cli.vision.spoken import with_speech

    film = probe(film_path)
    cut = plan_cut(film, start, end)
    orders = read_orders(options, clock_of(film, cut.start_s, cut.end_s))
    how: dict[str, Any] = {"use_cache": use_cache, "progress": progress, "notes": (said := [*cut.warnings])}
    features = features_of(film, start_s=cut.start_s, end_s=cut.end_s, **how)
    own = own_sound_of(film, cut, **how)
    features = with_speech(features, own)
    if notes is not None:
        notes += each_once(said)
    return planned(features, options, orders, None if own is None else coarse_speech(own.speech_s))
