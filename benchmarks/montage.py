"""Cut films together from random shots of other films, with hard cuts on no grid.

Free films are mostly single takes; what people score is edited.
"""

from collections.abc import Sequence
from pathlib import Path

import ffmpeg
import numpy as np

from dyvim_cli.media.ffmpeg import command, file_url, run
from dyvim_cli.media.output import commit
from dyvim_cli.media.probe import probe

WIDTH, HEIGHT, RATE = 320, 180, 25
SHORTEST_SHOT_S, LONGEST_SHOT_S = 0.4, 8.0
TOTAL_S = (12.0, 40.0)
PACE_SPREAD = 0.5  # e-folds by which the shots of one film differ in length


def draw_shots(durations_s: Sequence[float], seed: int) -> list[tuple[int, float, float]]:
    """Draw the shots of an edit; every edit has a pace of its own.

    Args:
        durations_s: length of each film.
        seed: of the draw.

    Returns:
        (film, start_s, length_s) of each shot.

    Raises:
        ValueError: no film is longer than the shortest shot.
    """
    rng = np.random.default_rng(seed)
    long_enough = [i for i, duration_s in enumerate(durations_s) if duration_s > SHORTEST_SHOT_S]
    if not long_enough:
        raise ValueError("no film is long enough to take a shot from")
    left_s = rng.uniform(*TOTAL_S)
    pace_s = np.exp(rng.uniform(np.log(2 * SHORTEST_SHOT_S), np.log(LONGEST_SHOT_S / 2)))
    shots = []
    while left_s > 0:
        film = int(rng.choice(long_enough))
        wanted_s = pace_s * np.exp(rng.normal(0, PACE_SPREAD))
        length_s = float(np.clip(wanted_s, SHORTEST_SHOT_S, min(LONGEST_SHOT_S, durations_s[film])))
        shots.append((film, float(rng.uniform(0, durations_s[film] - length_s)), length_s))
        left_s -= length_s
    return shots


def edit(films: Sequence[Path], path: Path, seed: int) -> Path:
    """Cut films together and write the edit as H.264, whole or not at all.

    Args:
        films: paths.
        path: of the edit.
        seed: the same films and seed give the same cuts.

    Returns:
        The path.

    Raises:
        InputError: a film cannot be read.
    """
    cut = draw_shots([probe(film).duration_s for film in films], seed)
    shots = [_shot(films[film], start_s, length_s) for film, start_s, length_s in cut]
    with commit(path, overwrite=True) as part:
        output = ffmpeg.output(
            ffmpeg.concat(*shots), file_url(part), f="mp4", vcodec="libx264", preset="veryfast", crf=20
        )
        run(command(output), f"cannot make {path}")
    return path


def _shot(film: Path, start_s: float, length_s: float):
    n_frames = max(2, round(length_s * RATE))
    picture = ffmpeg.input(file_url(film), ss=round(start_s, 3), t=round(length_s + 1, 3)).video
    picture = picture.filter("fps", RATE).filter("trim", end_frame=n_frames).filter("setpts", "PTS-STARTPTS")
    picture = picture.filter("scale", WIDTH, HEIGHT, force_original_aspect_ratio="increase")
    return picture.filter("crop", WIDTH, HEIGHT).filter("setsar", 1).filter("format", "yuv420p")
