"""Compose a score from a film's features: plan, groundwork, tokens, performance.

The composer's decisions in the order in which they are made; options can fix each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dyvim_cli.influence import influence_of
from dyvim_cli.model.compose.bands import perform_bands
from dyvim_cli.model.compose.character import as_planned, fit_grid
from dyvim_cli.model.compose.finishing import best_of, finish, moving_for
from dyvim_cli.model.compose.groundwork import curves_of, lay_groundwork, with_unlearned
from dyvim_cli.model.compose.marked_hits import met_exactly
from dyvim_cli.model.compose.obey import silenced, speech_told
from dyvim_cli.model.compose.reroll import all_but, bar_steps
from dyvim_cli.music.performance.gestures import with_gestures
from dyvim_cli.options import ComposeOptions
from dyvim_cli.progress import Progress
from dyvim_cli.seeds import seed_of
from dyvim_cli.types import FilmFeatures, Score, TempoMap

if TYPE_CHECKING:  # torch takes two seconds: options are checked, and films opened, without it
    from dyvim_cli.model.score.decoder import Decoder
    from dyvim_cli.model.score.sampling import SamplingSettings
    from dyvim_cli.music.form.form import Form

GUIDANCE = 1.5


def write_score(
    features: FilmFeatures,
    options: ComposeOptions,
    model: Decoder,
    progress: Progress | None = None,
    tempo_map: TempoMap | None = None,
    speech_s: np.ndarray | None = None,
    keeps_tokens: bool = False,
) -> Score:
    """Compose for a film; deterministic for a seed.

    Args:
        features: motion, events, scenes and style of the film.
        options: options of composing.
        model: the decoder of score tokens.
        progress: notified of the stage "compose".
        tempo_map: the grid; None = one is fitted to the film's events (fit_grid).
        speech_s: [N, 2] spans of speech in the film's own sound, seconds; a plan's count
            for more.
        keeps_tokens: whether what is drawn may come from the cache, and stays there.

    Returns:
        The score: notes by instrument, sections, tempo map, and facts on the takes.

    Raises:
        ValueError: the features make no sense.
    """
    from dyvim_cli.model.compose.decide import decide
    from dyvim_cli.model.compose.kept_tokens import sampler

    sample_pieces = sampler(keeps_tokens)
    planned = options.plan or decide(features, options, tempo_map=tempo_map, speech_s=speech_s)
    speech_s = speech_told(planned, speech_s)
    features, options, character = as_planned(features, options, planned)
    influence = influence_of(options.alpha)
    tempo_map = met_exactly(tempo_map or fit_grid(features, character, options))
    curves, under_speech = curves_of(features, options, planned, tempo_map, speech_s)
    ground = lay_groundwork(features, options, character, planned, tempo_map, curves, under_speech)
    ground = with_unlearned(ground, options, model.config.untrained)
    settings = sampling_settings(options)

    def finished(form: Form, how: SamplingSettings) -> list[np.ndarray]:
        drawn = sample_pieces(model, ground.conditions, form, how, progress)
        return [finish(piece, ground, influence) for piece in drawn]

    hit, moving = curves.hit, moving_for(curves.energy, influence)
    piece, chosen, takes = best_of(finished(ground.form, settings), hit, moving, options.alpha)
    band = (character.key, ground.bands, features.duration_s, options.seed)
    programs: dict[str, int] = {}
    if options.reroll_bars is not None:
        programs = players(perform_bands(piece, tempo_map, *band))  # other bars, the same players
        again = rerolled(piece, options.reroll_bars, ground.form, settings, finished)
        piece, chosen, takes = best_of(again, hit, moving, options.alpha)
    played = perform_bands(piece, tempo_map, *band, ground.sections, programs, loops=options.loops)
    score = with_gestures(silenced(played, planned.silences), options.seed)
    made = {"hit": hit, "final_step": ground.form.final_step, "programs": players(score)}
    made |= {"take": chosen, "takes": takes, "character": character, "plan": planned}
    return replace(score, extras=made | {"loops": options.loops})


def players(score: Score) -> dict[str, int]:
    """Say who plays.

    Args:
        score: a performed piece.

    Returns:
        Stem -> General MIDI program.
    """
    return {stem.name: stem.program for stem in score.stems}


def rerolled(
    piece: np.ndarray,
    reroll_bars: tuple[int, int, int],
    form: Form,
    settings: SamplingSettings,
    finished: Callable[[Form, SamplingSettings], list[np.ndarray]],
) -> list[np.ndarray]:
    """Sample some bars of a piece again.

    Args:
        piece: [K, S] tokens.
        reroll_bars: first bar, last bar (counted from 1), and the number of the variant, 0 or more.
        form: of the piece.
        settings: how it was sampled.
        finished: samples finished pieces [K, S] by a form and settings.

    Returns:
        Candidates [K, S]; outside the bars they are the piece.

    Raises:
        UsageError: the piece does not have these bars.
    """
    *bars, variant = reroll_bars
    anew = bar_steps(bars, piece.shape[1])
    seed = seed_of(settings.seed, "reroll", variant)
    again = finished(all_but(anew, form, piece), replace(settings, seed=seed))
    return [np.where(anew, other, piece) for other in again]


def sampling_settings(options: ComposeOptions) -> SamplingSettings:
    """Translate options of composing into settings of the sampler.

    Args:
        options: options of composing.

    Returns:
        The settings; guidance is GUIDANCE where none is asked for.
    """
    from dyvim_cli.model.score.sampling import SamplingSettings

    return SamplingSettings(
        alpha=influence_of(options.alpha).decoder,
        temperature=options.temperature,
        guidance=GUIDANCE if options.guidance is None else options.guidance,
        candidates=options.candidates,
        seed=seed_of(options.seed, "decoder"),
    )
