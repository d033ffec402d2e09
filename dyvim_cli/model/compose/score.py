"""Compose a score from a film's features: mood, tempo map, form, tokens, performance.

The composer's decisions in the order in which they are made; each can be fixed by a wish.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from dyvim_cli.film_plan import FilmPlan
from dyvim_cli.influence import influence_of
from dyvim_cli.model.compose.bands import (
    Bands,
    accents_of,
    bands_of,
    each_in_its_place,
    perform_bands,
    with_patterns,
)
from dyvim_cli.model.compose.obey import (
    as_energetic,
    marked_steps,
    met_exactly,
    parts_on_grid,
    sections_on_grid,
    silenced,
    silent_steps,
    speech_told,
    strike,
    with_hits,
)
from dyvim_cli.model.compose.reroll import all_but, bar_steps
from dyvim_cli.model.conditioning import decoder_inputs
from dyvim_cli.model.conditioning.decoder_inputs import Conditions
from dyvim_cli.model.conditioning.film_curves import film_curves, motion_features
from dyvim_cli.model.score import ranking
from dyvim_cli.music.form.accents import HEAVY, Accents
from dyvim_cli.music.form.decay import play_again
from dyvim_cli.music.form.dynamics import follow_motion
from dyvim_cli.music.form.ending import settle
from dyvim_cli.music.form.film_on_grid import lay_on_grid
from dyvim_cli.music.form.floor import keep_floor
from dyvim_cli.music.form.planning import Form, plan_form
from dyvim_cli.music.form.playable import playable
from dyvim_cli.music.form.style_patterns import PatternInputs
from dyvim_cli.music.form.time_keeping import keep_time
from dyvim_cli.music.form.under_speech import (
    answered_energy,
    barred_steps,
    of_its_kind,
    rest_the_tune,
    speech_on_grid,
    without_entries,
)
from dyvim_cli.music.symbols import tokens
from dyvim_cli.music.timing.bar_lines import realign_bar_lines
from dyvim_cli.music.timing.rubato import apply_rubato
from dyvim_cli.music.timing.tempo_map import fit_tempo_map
from dyvim_cli.options import ComposeOptions
from dyvim_cli.progress import Progress
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import SECTION_ROLES, STYLES, FilmFeatures, Key, Score, TempoMap
from dyvim_cli.vision.styles import draw_style

if TYPE_CHECKING:  # torch takes two seconds: options are checked, and films opened, without it
    from dyvim_cli.model.score.decoder import Decoder
    from dyvim_cli.model.score.sampling import SamplingSettings
    from dyvim_cli.model.score.token_plan import TokenPlan
    from dyvim_cli.music.form.sections import Section
    from dyvim_cli.stylebook.record import Palette

GUIDANCE = 1.5
PATTERN_DRAW = 6  # of the patterns of a style that the decoder did not learn
STYLE_DRAW = 5  # tells the style's chance from the others': a style that is wished for changes nothing else
PITCHED = np.array([stream.name in tokens.PITCHED for stream in tokens.STREAMS])  # [K]
TEMPO_SPREAD_OCTAVES = 0.25  # how far a style's tempo may be left for the film's sake


@dataclass(frozen=True)
class Character:
    """What kind of music it is to be."""

    style: str
    valence: float
    arousal: float
    key: Key
    tempo_prior: tuple[float, float]  # centre in BPM, spread in octaves


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
        features: what was seen of the film.
        options: options of composing.
        model: the decoder of score tokens.
        progress: notified of the stage "compose".
        tempo_map: the grid; None = one that is laid for the film's events (fit_grid).
        speech_s: [N, 2] spans in seconds in which the film's own sound has somebody speak; a plan's count
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
    hit, cut, energy = film_curves(features, tempo_map, influence.lightest_event)
    hit, energy, under_speech = calmer_under_speech(hit, energy, tempo_map, options, speech_s)
    energy = as_energetic(planned, tempo_map, energy)
    form = entering_in_pauses(
        plan(features, tempo_map, character, energy, hit, options, planned), under_speech
    )
    bands = bands_of(form.sections, character.style)
    silent, marked = silent_steps(planned, tempo_map), marked_steps(tempo_map)
    conditions = condition(features, tempo_map, character, form, (hit, cut, energy), options.loops)
    settings = sampling_settings(options)
    accents = hit * influence.follows * ~silent
    barred = barred_steps(tempo_map, under_speech)
    fixed = as_plan(form, character, accents, influence.lightest_accent, under_speech, silent, barred)
    planned_accents = cast(Accents, fixed.accents)  # as_plan always plans them
    answered = 0.5 + influence.energy * (energy - 0.5)
    motion = PatternInputs(answered, planned_accents, under_speech, barred)
    forced = with_patterns(
        fixed.forced, form, bands, model.config.untrained, motion, [options.seed, PATTERN_DRAW]
    )
    fixed = replace(fixed, forced=forced)
    may_sound = form.active & ~silent

    def finished(plan_of_tokens: TokenPlan, how: SamplingSettings) -> list[np.ndarray]:
        drawn = sample_pieces(model, conditions, plan_of_tokens, how, progress)
        pieces = [follow_motion(piece, energy, influence.energy) for piece in drawn]
        return [
            finish(piece, form.final_step, character, tempo_map, marked, may_sound, under_speech, bands)
            for piece in pieces
        ]

    # at alpha 0 the gate does not ask where the film moves either: a silent bar is a fault anywhere
    moving = energy if influence.follows else np.ones_like(energy)
    piece, chosen, takes = best_of(finished(fixed, settings), hit, moving, options.alpha)
    key, duration_s = character.key, features.duration_s
    programs: dict[str, int] = {}
    if options.reroll_bars is not None:
        band = perform_bands(piece, tempo_map, key, bands, duration_s, options.seed).stems
        programs = {stem.name: stem.program for stem in band}  # other bars, the same players
        again = rerolled(piece, options.reroll_bars, fixed, settings, finished)
        piece, chosen, takes = best_of(again, hit, moving, options.alpha)
    sections = tuple((s.start, s.end, s.role) for s in form.sections)
    played = perform_bands(
        piece, tempo_map, key, bands, duration_s, options.seed, sections, programs, loops=options.loops
    )
    score = silenced(played, planned.silences)
    programs = {stem.name: stem.program for stem in score.stems}
    made = {"hit": hit, "final_step": form.final_step, "programs": programs, "loops": options.loops}
    judged = {"take": chosen, "takes": takes, "character": character, "plan": planned}
    return replace(score, extras=judged | made)


def rerolled(
    piece: np.ndarray,
    reroll_bars: tuple[int, int, int],
    fixed: TokenPlan,
    settings: SamplingSettings,
    finished: Callable[[TokenPlan, SamplingSettings], list[np.ndarray]],
) -> list[np.ndarray]:
    """Sample some bars of a piece anew.

    Args:
        piece: [K, S] tokens.
        reroll_bars: first bar, last bar (counted from 1), and the number of the variant, which is added to
            the seed.
        fixed: the plan of the piece.
        settings: how it was sampled.
        finished: samples finished pieces [K, S] by a plan and settings.

    Returns:
        Candidates [K, S]; outside the bars they are the piece.

    Raises:
        UsageError: the piece does not have these bars.
    """
    *bars, variant = reroll_bars
    anew = bar_steps(bars, piece.shape[1])
    again = finished(all_but(anew, fixed, piece), replace(settings, seed=settings.seed + variant))
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
        seed=options.seed,
    )


def finish(
    piece: np.ndarray,
    final_step: int,
    character: Character,
    tempo_map: TempoMap,
    marked: np.ndarray,
    may_sound: np.ndarray,
    under_speech: np.ndarray,
    bands: Bands,
) -> np.ndarray:
    """Settle the ending, strike the hits that were asked for, and keep the music playable and going on.

    Args:
        piece: [K, S] sampled tokens.
        final_step: step of the last chord.
        character: of the piece.
        tempo_map: when each step sounds.
        marked: [M] steps that a person asked to be hits.
        may_sound: [K, S] bool, where each stream may play.
        under_speech: [S] bool, where somebody speaks: nothing that keeps time is added there.
        bands: where each style's band plays.

    Returns:
        [K, S] tokens.
    """
    settled = strike(settle(piece, final_step, character.key.is_minor), marked, may_sound)
    return keep_going(settled, final_step, tempo_map, may_sound, under_speech, bands)


def keep_going(
    piece: np.ndarray,
    final_step: int,
    tempo_map: TempoMap,
    may_sound: np.ndarray,
    under_speech: np.ndarray,
    bands: Bands,
) -> np.ndarray:
    """Keep the music playable, its floor of sound, its long chords and its time, each band by its own style.

    Args:
        piece: [K, S] tokens.
        final_step: step of the last chord.
        tempo_map: when each step sounds.
        may_sound: [K, S] bool, where each stream may play.
        under_speech: [S] bool, where somebody speaks: nothing that keeps time is added there.
        bands: where each style's band plays.

    Returns:
        [K, S] tokens.
    """
    may_fill = may_sound & (~under_speech | PITCHED[:, None])
    may_begin = may_sound & ~under_speech & tempo_map.played

    def going_on(style: str) -> np.ndarray:
        floor = keep_floor(playable(piece, tempo_map, style), may_fill, style)
        divided = play_again(floor, may_begin, tempo_map, style, final_step)
        return keep_time(divided, may_begin, style, final_step)

    return each_in_its_place(bands, going_on)


def calmer_under_speech(
    hit: np.ndarray,
    energy: np.ndarray,
    tempo_map: TempoMap,
    options: ComposeOptions,
    speech_s: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ask for less where somebody speaks.

    Args:
        hit: [S] weights of events, 0..1.
        energy: [S] 0..1.
        tempo_map: the grid.
        options: options of composing; with under_speech "same" nothing changes.
        speech_s: [N, 2] spans in seconds; None = nobody speaks.

    Returns:
        (hit [S] without light events there, energy [S] less there, [S] bool where somebody speaks).
    """
    spoken = np.zeros((0, 2)) if speech_s is None or options.under_speech == "same" else speech_s
    under_speech = speech_on_grid(tempo_map, spoken)
    hit = np.where(under_speech & (hit < HEAVY), 0.0, hit)
    return hit, answered_energy(energy, under_speech), under_speech


def entering_in_pauses(form: Form, under_speech: np.ndarray) -> Form:
    """Let nobody come in where somebody speaks.

    Args:
        form: of the piece, S steps.
        under_speech: [S] bool.

    Returns:
        The form with later entries.
    """
    return replace(form, active=without_entries(form.active, under_speech, form.final_step))


def best_of(
    pieces: list[np.ndarray], hit: np.ndarray, moving: np.ndarray, alpha: float
) -> tuple[np.ndarray, int, list[ranking.TakeRating]]:
    """Choose the take that the ranking prefers.

    Args:
        pieces: [K, S] tokens each.
        hit: [S] weights of events.
        moving: [S] energy of the film.
        alpha: 0..1, how much sync counts.

    Returns:
        (piece, its number, verdicts on all).
    """
    takes = [ranking.rate_take(piece, hit, moving) for piece in pieces]
    chosen = ranking.best(takes, alpha)
    return pieces[chosen], chosen, takes


def as_planned(
    features: FilmFeatures, options: ComposeOptions, planned: FilmPlan
) -> tuple[FilmFeatures, ComposeOptions, Character]:
    """Give a plan's choices to all who compose by it.

    Args:
        features: what was seen of the film.
        options: options of composing.
        planned: the film's plan.

    Returns:
        (the film with the plan's hits, the options with its choices, the character that follows from it).
    """
    key, mood = planned.key, (planned.valence, planned.arousal)
    options = replace(
        options, style=planned.style, key=key, tempo_bpm=planned.bpm, alpha=planned.alpha, seed=planned.seed
    )
    character = Character(planned.style, *mood, key, (planned.bpm, TEMPO_SPREAD_OCTAVES))
    return with_hits(features, planned.hits), options, character


def with_own_seed(features: FilmFeatures, options: ComposeOptions) -> ComposeOptions:
    """Mix the seed with the film, so that one seed gives two films two keys and two bands.

    It hangs on the film's length, frames and mood alone, in numbers too coarse to differ between machines.

    Args:
        features: what was seen of the film.
        options: options of composing.

    Returns:
        The options with the mixed seed.
    """
    mood = features.scene_moods.mean(axis=0) if len(features.scene_moods) else np.zeros(2)
    film = [round(1000 * features.duration_s), len(features.times_s), *(10 + np.rint(10 * mood).astype(int))]
    state = np.random.SeedSequence([options.seed, *map(int, film)]).generate_state(1)
    return replace(options, seed=int(state[0]))


def choose_character(features: FilmFeatures, options: ComposeOptions, rng: np.random.Generator) -> Character:
    """Choose style, mood, key and tempo: from the options, else from what the film shows.

    Args:
        features: what was seen of the film.
        options: options of composing.
        rng: a little chance in tempo and key, so that two seeds differ.

    Returns:
        What kind of music it is to be.
    """
    style = options.style or draw_style(
        features.style_scores, np.random.default_rng([options.seed, STYLE_DRAW])
    )
    palette = RECORDS[style].palette
    seen = features.scene_moods.mean(axis=0) if len(features.scene_moods) else np.zeros(2)
    valence, arousal = options.mood or (float(seen[0]), float(seen[1]))
    low, high = palette.bpm
    # faster for more arousal; a little of chance, so that two seeds differ
    place = np.clip(0.5 + 0.35 * arousal + rng.normal(0, 0.12), 0, 1)
    centre = low * (high / low) ** place
    return Character(
        style, valence, arousal, options.key or _key(valence, palette, rng), (centre, TEMPO_SPREAD_OCTAVES)
    )


def _key(valence: float, palette: Palette, rng: np.random.Generator) -> Key:
    """Minor for dark films, in doubt what the palette prefers; any tonic."""
    lean = 2.5 * valence + (-0.6 if palette.prefers_minor else 0.6)
    is_minor = rng.random() > 1 / (1 + np.exp(-2 * lean))
    return Key(int(rng.integers(12)), bool(is_minor))


def fit_grid(features: FilmFeatures, character: Character, options: ComposeOptions) -> TempoMap:
    """Fit the tempo map to the film's events: tempo, rubato, and bars that begin with the heavy cuts.

    Args:
        features: what was seen of the film.
        character: style and tempo prior.
        options: options of composing.

    Returns:
        The time of every step and the hits.
    """
    influence, palette = influence_of(options.alpha), RECORDS[character.style].palette
    tempo_map = fit_tempo_map(
        features.duration_s,
        features.event_times_s,
        features.event_weights,
        features.event_names,
        bpm_prior=character.tempo_prior,
        bpm=options.tempo_bpm,
        strength=influence.timing,
        max_drift=palette.drift,
        seed=options.seed,
        whole_bars=options.loops,
    )
    leaned = apply_rubato(tempo_map, influence.rubato, palette.rubato_steps, influence.lightest_rubato)
    timing = 0.0 if options.loops else influence.timing  # the bar that leads round is as long as the others
    return realign_bar_lines(leaned, timing, palette.steady_bars)


def plan(
    features: FilmFeatures,
    tempo_map: TempoMap,
    character: Character,
    energy: np.ndarray,
    hit: np.ndarray,
    options: ComposeOptions,
    planned: FilmPlan | None = None,
    final_step: int | None = None,
) -> Form:
    """Plan the form over the film; at alpha 0 of a film about which nothing is known.

    Args:
        features: what was seen of the film.
        tempo_map: the grid, S steps.
        character: style, mood and key.
        energy: [S] 0..1.
        hit: [S] weights of events, 0..1.
        options: options of composing.
        planned: its sections and parts count, where there is one.
        final_step: where the last chord begins, if that is known.

    Returns:
        Sections, phrases, chords, ending and who plays.
    """
    influence = influence_of(options.alpha)
    starts_s, labels, moods = features.scene_starts_s, features.scene_labels, features.scene_moods
    if not influence.follows:
        starts_s, labels = np.zeros(1), np.zeros(1, dtype=np.int16)
    if not influence.follows or options.mood is not None:
        moods = np.tile([character.valence, character.arousal], (len(starts_s), 1))
    film = lay_on_grid(tempo_map, starts_s, labels, moods, energy, hit, influence.energy)
    return plan_form(
        film,
        tempo_map,
        style=character.style,
        is_minor=character.key.is_minor,
        seed=options.seed,
        lightest_late=influence.lightest_late,
        sections=None if planned is None else sections_on_grid(planned, tempo_map),
        may_play=None if planned is None else parts_on_grid(planned, tempo_map),
        final_step=final_step,
        loops=options.loops,
    )


def condition(
    features: FilmFeatures,
    tempo_map: TempoMap,
    character: Character,
    form: Form,
    curves: tuple[np.ndarray, np.ndarray, np.ndarray],
    loops: bool = False,
) -> Conditions:
    """Build the decoder's conditions.

    Args:
        features: what was seen of the film.
        tempo_map: the grid, S steps.
        character: style, mood and key of the whole piece.
        form: its sections and active streams.
        curves: hit [S], cut [S] and energy [S], each 0..1.
        loops: whether the piece has neither beginning nor end.

    Returns:
        The conditioning of all S steps.
    """
    n_steps = tempo_map.n_steps
    spans = [(s.start, s.end, SECTION_ROLES.index(s.role)) for s in form.sections]
    parts: tuple[Character | Section, ...] = (character, *form.sections)
    vectors = [
        decoder_inputs.semantic_vector(
            STYLES.index(character.style if part is character else part.style or character.style),
            part.valence,
            part.arousal,
            character.key.is_minor,
            tempo_map.bpm,
            is_global=part is character,
            is_known=True,
        )
        for part in parts
    ]
    activity = np.concatenate([form.active.T, np.ones_like(form.active.T)], axis=1).astype(np.float32)
    z = decoder_inputs.dynamics(decoder_inputs.event_curves(*curves), motion_features(features, tempo_map))
    place = decoder_inputs.form_place(n_steps, spans, to_end=not loops, from_start=not loops)
    return Conditions(z, place, activity, np.stack(vectors), decoder_inputs.section_rows(n_steps, spans))


def as_plan(
    form: Form,
    character: Character,
    hit: np.ndarray,
    lightest_accent: float = np.inf,
    under_speech: np.ndarray | None = None,
    silent: np.ndarray | None = None,
    barred: np.ndarray | None = None,
) -> TokenPlan:
    """What is fixed token by token: silence, planned chords, themes that return, accents, rests under speech.

    Args:
        form: the plan of the piece.
        character: style and key.
        hit: [S] weights of events.
        lightest_accent: events that weigh less are left to the decoder.
        under_speech: [S] bool, None = nowhere.
        silent: [S] bool, where nobody plays; None = nowhere.
        barred: [S] bool, steps under speech on which nobody starts a note; None = none.

    Returns:
        Tokens that are forced, copied or accented, and where the melody rests.
    """
    from dyvim_cli.model.score.token_plan import TokenPlan

    forced = np.full(form.active.shape, tokens.UNKNOWN, dtype=np.int64)
    for name in (*tokens.PITCHED, "drums"):
        k = tokens.STREAM_INDEX[name]
        forced[k, ~form.played] = tokens.HOLD if name in tokens.PITCHED else tokens.REST
        forced[k, ~form.active[k]] = tokens.REST
    forced[tokens.STREAM_INDEX["chord"]] = form.chords
    if under_speech is None:
        under_speech = np.zeros(len(form.chords), dtype=bool)
    forced = np.where(form.ending != tokens.UNKNOWN, form.ending, forced)
    rest_the_tune(forced, under_speech)
    players = [tokens.STREAM_INDEX[name] for name in (*tokens.PITCHED, "drums")]
    if silent is not None:
        forced[np.ix_(np.array(players), np.flatnonzero(silent))] = tokens.REST
    drums_play = form.active[tokens.STREAM_INDEX["drums"]]
    return TokenPlan(
        accents=accents_of(bands_of(form.sections, character.style), hit, lightest_accent, drums_play),
        forced=forced,
        copy_from=of_its_kind(form.copy_from, under_speech),
        is_minor=character.key.is_minor,
        breath=form.breath,
        groove_from=of_its_kind(form.groove_from(hit), under_speech),
        under_speech=under_speech,
        barred=barred,
        gesture_from=of_its_kind(form.gesture_from, under_speech),
    )
