"""Arrange one piece of training music: form -> film -> harmony -> parts."""

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS, STYLES
from dyvim_cli.training.arranger.arp import write_arp
from dyvim_cli.training.arranger.bass import write_bass
from dyvim_cli.training.arranger.drums import write_drums
from dyvim_cli.training.arranger.film import draw_film, neutral, own_film
from dyvim_cli.training.arranger.form import draw_form, draw_n_bars
from dyvim_cli.training.arranger.frame import PieceFrame
from dyvim_cli.training.arranger.harmony import move_at_events, write_harmony
from dyvim_cli.training.arranger.lead import draw_theme
from dyvim_cli.training.arranger.melody import Theme, write_melody
from dyvim_cli.training.arranger.pad import write_pad
from dyvim_cli.training.arranger.response import Response, levels, respond
from dyvim_cli.training.data.piece import ROLES, Piece, PieceSection
from dyvim_cli.types import STEPS_PER_BAR

FREE_SHARE = 0.25  # pieces that owe nothing to a film: what alpha = 0 shall sound like


def arrange(rng: np.random.Generator, style: str, source: Piece | None = None) -> Piece:
    """Write one piece.

    Args:
        rng: draws all of it.
        style: one of types.STYLES.
        source: lead sheet whose theme and mode are used; None composes one.

    Returns:
        The piece; its name begins with "free/" or "follow/", whether the music answers its curves.
    """
    plan = draw_plan(rng, style, is_minor=None if source is None else source.is_minor)
    theme = draw_theme(rng, source, plan.habits.centre) if source is not None else None
    given_chords = {0: theme[1]} if theme else {}
    chords = write_harmony(rng, style, plan.is_minor, plan.scenes, given_chords, plan.final)
    response = respond(rng, plan)
    if plan.follows:
        move_at_events(rng, chords, plan.film.hit, plan.film.cut, plan.is_minor, plan.final)
    rows = write_parts(rng, plan, chords, response, {0: theme[0]} if theme else {})
    sections = tuple(
        PieceSection(s.start, s.end, ROLES.index(s.role), s.label, s.valence, s.arousal) for s in plan.scenes
    )
    film = plan.film if plan.follows else neutral(plan.n_steps)
    name = f"{'follow' if plan.follows else 'free'}/{style}-{rng.integers(1 << 40):010x}"
    return Piece(name, "arranged", rows, film.curves, sections, plan.is_minor, plan.bpm, STYLES.index(style))


def draw_plan(rng: np.random.Generator, style: str, is_minor: bool | None = None) -> PieceFrame:
    """Draw the frame: mode, tempo, form, film, and where the last chord falls.

    Args:
        rng: draws all of it.
        style: one of types.STYLES.
        is_minor: mode; None draws it by style and mood.

    Returns:
        Frame of 2..48 bars.
    """
    habits = RECORDS[style].arranger
    n_bars = draw_n_bars(rng)
    scenes = draw_form(rng, style, n_bars)
    mood = np.mean([s.valence for s in scenes])
    if is_minor is None:
        is_minor = bool(rng.random() < np.clip(habits.minor - 0.35 * mood, 0.05, 0.95))
    bpm = float(np.round(rng.uniform(*habits.bpm)))
    follows = bool(rng.random() >= FREE_SHARE)
    film = draw_film(rng, scenes, bpm) if follows else own_film(rng, scenes)
    last_bars = 1 if n_bars < 6 or rng.random() < 0.6 else 2
    final = (n_bars - last_bars) * STEPS_PER_BAR
    return PieceFrame(style, bpm, is_minor, scenes, film, follows, final)


def write_parts(
    rng: np.random.Generator,
    plan: PieceFrame,
    chords: np.ndarray,
    response: Response,
    themes: dict[int, Theme],
) -> np.ndarray:
    """[K, S] tokens of all streams.

    Args:
        rng: goes through the parts in a fixed order.
        plan: frame of the piece, S steps.
        chords: [S] chord tokens.
        response: what the film asks of the parts.
        themes: label -> theme that comes from a source.

    Returns:
        [K, S] int16 tokens of all streams.
    """
    melody = write_melody(rng, plan, chords, response, themes)
    rows = {
        "level": levels(plan, response),
        "chord": chords,
        "melody": melody,
        "bass": write_bass(rng, plan, chords, response),
        "drums": write_drums(rng, plan, response),
        "pad": write_pad(rng, plan, chords, response),
        "arp": write_arp(rng, plan, chords, response, melody),
    }
    matrix = np.stack([rows[stream.name] for stream in tokens.STREAMS]).astype(np.int16)
    tokens.validate(matrix)
    return matrix
