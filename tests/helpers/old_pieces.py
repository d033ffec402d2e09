"""Make pieces as a new cut finds them, without composing."""

import numpy as np

from dyvim_cli.film_plan import FilmPlan
from dyvim_cli.old_piece import Footage, OldPiece
from dyvim_cli.types import Key

BPM = 120.0  # tempo at which a bar lasts two seconds


def old_piece_of_eight_seconds() -> OldPiece:
    """Four bars without notes, an event at each of three bar lines."""
    hit = np.zeros(64)
    hit[[16, 32, 48]] = 1.0
    film = Footage(8.0, np.zeros((0, 20), np.uint8), np.zeros(0), np.array([0, 2, 4, 6, 8.0]))
    plan = FilmPlan(8.0, "pop", Key(0, False), BPM, 0, 0, 0.5, 1, (), ())
    return OldPiece(plan, np.zeros((7, 64), np.int16), np.arange(65) / 8, BPM, hit, 56, {}, film)
