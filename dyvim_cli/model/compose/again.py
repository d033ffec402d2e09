"""Compose for a new cut of a film: music of kept pictures stays, only new pictures get new music."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dyvim_cli.influence import Influence, influence_of
from dyvim_cli.model.compose.bands import perform_bands
from dyvim_cli.model.compose.carried import (
    carried_habits,
    carried_plan,
    carried_tokens,
    theme_goes_on,
)
from dyvim_cli.model.compose.character import as_planned
from dyvim_cli.model.compose.finishing import best_of, keep_going, moving_for
from dyvim_cli.model.compose.groundwork import Groundwork, curves_of, lay_groundwork, with_unlearned
from dyvim_cli.model.compose.marked_hits import strike
from dyvim_cli.model.compose.new_events import leaned, with_events
from dyvim_cli.model.compose.obey import silenced
from dyvim_cli.model.compose.score import sampling_settings
from dyvim_cli.music.form.dynamics import follow_motion
from dyvim_cli.music.form.ending import settle
from dyvim_cli.music.performance.gestures import with_gestures
from dyvim_cli.music.symbols import tokens
from dyvim_cli.music.timing.relaid import NONE, Relaid, Span, relaid
from dyvim_cli.options import ComposeOptions
from dyvim_cli.progress import Progress
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, FilmFeatures, Score, TempoMap

if TYPE_CHECKING:  # torch takes two seconds
    from dyvim_cli.model.score.decoder import Decoder
    from dyvim_cli.music.form.form import Form
    from dyvim_cli.old_piece import OldPiece

AT_HITS = tuple(tokens.STREAM_INDEX[name] for name in ("level", "bass", "drums", "pad"))
OTHER_HIT = 0.25  # an event whose accent changed by more than this counts as another one
# The last chord stays if it keeps this ring-out in seconds and this share of the old; else it moves
LEAST_RING_S, RING_SHARE = 0.8, 0.5


@dataclass(frozen=True)
class _Kept:
    """Parts of the old piece that are kept in the new one, S steps."""

    grid: Relaid
    tokens: np.ndarray  # [K, S], UNKNOWN = to be written
    final_step: int | None  # where the last chord begins, if it is the old one


def write_again(
    features: FilmFeatures,
    options: ComposeOptions,
    model: Decoder,
    progress: Progress | None = None,
    speech_s: np.ndarray | None = None,
    keeps_tokens: bool = False,
) -> Score:
    """Compose the old piece of options.recut for the new cut that was seen; deterministic for a seed.

    Args:
        features: motion, events, scenes and style of the new cut.
        options: options of composing; `recut` holds the old piece and where its pictures are now.
        model: the decoder of score tokens.
        progress: notified of the stage "compose".
        speech_s: [N, 2] spans of speech in the film's own sound, seconds.
        keeps_tokens: whether what is drawn may come from the cache, and stays there.

    Returns:
        The score, with facts on which bars are old and which are new.

    Raises:
        ValueError: there is no old piece, or the features make no sense.
    """
    from dyvim_cli.model.compose.kept_tokens import sampler

    recut = options.recut
    if recut is None:
        raise ValueError("there is no old piece to compose again: options.recut is None")
    old = recut.old
    cuts_s = features.event_times_s[[kind == "cut" for kind in features.event_names]]
    grid = relaid(old, recut.runs, cuts_s)
    planned = carried_plan(recut, grid, features)
    features, options, character = as_planned(features, options, planned)
    influence = influence_of(options.alpha)
    reach_steps = RECORDS[character.style].palette.rubato_steps
    grid = leaned(old, grid, features, reach_steps) if influence.rubato else grid
    tempo_map = with_events(TempoMap(grid.step_times_s, planned.bpm), features)
    curves, under_speech = curves_of(features, options, planned, tempo_map, speech_s)
    hit = curves.hit
    kept = _kept(old, grid, hit if influence.follows else old.hit[np.maximum(grid.source, 0)])
    laid = (features, options, character, planned, tempo_map, curves, under_speech)
    ground = lay_groundwork(*laid, kept.final_step)
    form = _with_kept(ground.form, kept, theme_goes_on(old, grid))
    ground = with_unlearned(replace(ground, form=form), options, model.config.untrained)
    settings = sampling_settings(options)
    drawn = sampler(keeps_tokens)(model, ground.conditions, ground.form, settings, progress)
    pieces = [_finished(piece, ground, kept, influence) for piece in drawn]
    moving = moving_for(curves.energy, influence)
    piece, chosen, takes = best_of(pieces, hit, moving, options.alpha)
    band = (character.key, ground.bands, features.duration_s, options.seed)
    habits = carried_habits(old, grid)
    played = perform_bands(piece, tempo_map, *band, ground.sections, old.programs, habits=habits)
    score = with_gestures(silenced(played, planned.silences), options.seed, habits.steps)
    made = {"hit": hit, "final_step": ground.form.final_step, "programs": old.programs, "plan": planned}
    made |= {"take": chosen, "takes": takes, "character": character, "drawn_as": habits.steps}
    return replace(score, extras=made | {"recut": _recut_facts(old, grid, piece)})


def _finished(piece: np.ndarray, ground: Groundwork, kept: _Kept, influence: Influence) -> np.ndarray:
    """The piece [K, S] with its new steps finished as those of a first piece; kept ones stay unchanged."""
    followed = follow_motion(piece, ground.curves.energy, influence.energy)
    finished = np.where(kept.grid.source == NONE, keep_going(followed, ground), piece)
    if kept.final_step is None:
        finished = settle(finished, ground.form.final_step, ground.form.is_minor)
    return strike(finished, ground.form.marked, ground.form.may_sound)


def _kept(old: OldPiece, grid: Relaid, hit: np.ndarray) -> _Kept:
    """Old tokens, except on the beats of removed and added events."""
    final_step = _final_step(old, grid)
    piece = carried_tokens(old, grid, len(old.hit) if final_step is not None else old.final_step)
    was = np.where(grid.source == NONE, hit, old.hit[np.maximum(grid.source, 0)])
    for step in np.flatnonzero(((was > 0) != (hit > 0)) | (np.abs(was - hit) > OTHER_HIT)):
        if final_step is None or step < final_step:
            piece[list(AT_HITS), step : step + STEPS_PER_BEAT] = tokens.UNKNOWN
    return _Kept(grid, piece, final_step)


def _final_step(old: OldPiece, grid: Relaid) -> int | None:
    """The old last chord's step, if it still ends the film."""
    last = grid.spans[-1]
    if not last.is_old or not last.start <= old.final_step < last.end:
        return None
    step = last.first + old.final_step - last.start
    ring_s = grid.step_times_s[-1] - grid.step_times_s[step]
    rang_s = old.step_times_s[-1] - old.step_times_s[old.final_step]
    return step if ring_s >= max(min(LEAST_RING_S, rang_s), RING_SHARE * rang_s) else None


def _with_kept(form: Form, kept: _Kept, chords: np.ndarray) -> Form:
    """The form with the old tokens; the bars before a new ending are free."""
    piece, before_end = kept.tokens.copy(), max(0, form.final_step - STEPS_PER_BAR)
    if kept.final_step is None:
        piece[:, before_end:] = tokens.UNKNOWN
        chords = np.where(np.arange(len(chords)) < before_end, chords, tokens.UNKNOWN)
    forced = np.where(piece != tokens.UNKNOWN, piece, form.forced)
    row = tokens.STREAM_INDEX["chord"]
    is_free = (piece[row] == tokens.UNKNOWN) & (chords != tokens.UNKNOWN)
    forced[row] = np.where(is_free, chords, forced[row])
    copy_from = np.where(kept.grid.source[None] == NONE, form.copy_from, -1)
    return replace(form, forced=forced, copy_from=copy_from)


def _recut_facts(old: OldPiece, grid: Relaid, piece: np.ndarray) -> dict[str, Any]:
    """Numbers of the bars that are unchanged, new, or have only another hit; counted from 1."""
    lasts = np.diff(grid.step_times_s) > 0
    was = old.tokens[:, np.maximum(grid.source, 0)]
    differs = (piece != was) & (grid.source != NONE)
    others = [row for row in range(tokens.K) if row not in AT_HITS]
    is_new = lasts & ((grid.source == NONE) | differs[others].any(axis=0))
    is_touched = lasts & differs.any(axis=0)
    bars = np.arange(len(lasts)) // STEPS_PER_BAR
    n_bars = [int(bar) for bar in np.unique(bars[lasts])]
    new = [bar for bar in n_bars if is_new[bars == bar].any()]
    touched = [bar for bar in n_bars if bar not in new and is_touched[bars == bar].any()]
    return {
        "bars": len(n_bars),
        "kept_bars": len(n_bars) - len(new) - len(touched),
        "new_bars": [bar + 1 for bar in new],
        "bars_with_other_hits": [bar + 1 for bar in touched],
        "stretches": [_stretch(span, grid) for span in grid.spans],
    }


def _stretch(span: Span, grid: Relaid) -> dict[str, Any]:
    run, stop = span.run, span.first + span.n
    times = {"from_s": run.from_s, "to_s": run.to_s, "was_at_s": run.old_s if span.is_old else None}
    facts = {name: None if value is None else round(value, 3) for name, value in times.items()}
    bars = [span.first // STEPS_PER_BAR + 1, max(span.first, stop - 1) // STEPS_PER_BAR + 1]
    return facts | {"speed": round(run.rate, 4), "bars": bars}
