"""Finish the decoder's tokens, and choose among the takes."""

from __future__ import annotations

import numpy as np

from dyvim_cli.influence import Influence
from dyvim_cli.model.compose.bands import each_in_its_place
from dyvim_cli.model.compose.groundwork import Groundwork
from dyvim_cli.model.compose.marked_hits import strike
from dyvim_cli.model.score import ranking
from dyvim_cli.music.form.decay import play_again
from dyvim_cli.music.form.dynamics import follow_motion
from dyvim_cli.music.form.ending import settle
from dyvim_cli.music.form.floor import keep_floor
from dyvim_cli.music.form.playable import playable
from dyvim_cli.music.form.time_keeping import keep_time


def finish(piece: np.ndarray, ground: Groundwork, influence: Influence) -> np.ndarray:
    """Follow the motion, settle the ending, play the requested hits, and keep the music going.

    Args:
        piece: [K, S] sampled tokens.
        ground: what was decided before.
        influence: what alpha means.

    Returns:
        [K, S] tokens.
    """
    form = ground.form
    followed = follow_motion(piece, ground.curves.energy, influence.energy)
    settled = settle(followed, form.final_step, form.is_minor)
    return keep_going(strike(settled, form.marked, form.may_sound), ground)


def keep_going(piece: np.ndarray, ground: Groundwork) -> np.ndarray:
    """Keep the music playable, its floor of sound, its long chords and its time, each band by its own style.

    Args:
        piece: [K, S] tokens.
        ground: of lay_groundwork. During speech notes are held but none begins.

    Returns:
        [K, S] tokens.
    """
    tempo_map, form, may_sound = ground.tempo_map, ground.form, ground.form.may_sound
    may_begin = may_sound & ~form.under_speech & form.played

    def going_on(style: str) -> np.ndarray:
        floor = keep_floor(playable(piece, tempo_map, style), may_sound, may_begin, style)
        divided = play_again(floor, may_begin, tempo_map, style, form.final_step)
        return keep_time(divided, may_begin, style, form.final_step)

    return each_in_its_place(ground.bands, going_on)


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


def moving_for(energy: np.ndarray, influence: Influence) -> np.ndarray:
    """Say where the ranking of takes expects sound.

    Args:
        energy: [S] of the film, 0..1.
        influence: what alpha means; without a say of the film, a silent bar is a fault anywhere.

    Returns:
        [S] 0..1.
    """
    return energy if influence.follows else np.ones_like(energy)
