"""Render a test film with moving objects and hard cuts: no download, no rights.

python -m benchmarks.synthetic film.mp4
"""

import sys
from pathlib import Path

import ffmpeg

from dyvim_cli.media.ffmpeg import command, file_url, run
from dyvim_cli.media.output import commit

SIZE, RATE = "640x360", 25
# (lavfi source, seconds): cuts fall on no grid
SHOTS = (
    (f"gradients=size={SIZE}:rate={RATE}:speed=0.02:seed=3", 4.2),
    (f"testsrc2=size={SIZE}:rate={RATE}", 3.36),
    (f"mandelbrot=size={SIZE}:rate={RATE}:start_scale=1.5:end_scale=0.1", 4.88),
    (f"life=size={SIZE}:rate={RATE}:mold=12:ratio=0.12:life_color=#e8b04a:death_color=#703020:seed=7", 2.64),
    (f"color=c=0x203040:size={SIZE}:rate={RATE}", 2.0),
    (f"cellauto=size={SIZE}:rate={RATE}:rule=110:seed=5:scroll=1", 2.92),
)


def shots_of(variant: int) -> list[tuple[str, float]]:
    """List the shots of one of several films: each later one has one shot less, and longer ones.

    Args:
        variant: number of the film, from 0.

    Returns:
        (lavfi source, seconds).
    """
    first = variant % len(SHOTS)
    rotated = [*SHOTS[first:], *SHOTS[:first]][: len(SHOTS) - first]
    return [(source, round(seconds * (1 + 0.4 * first), 2)) for source, seconds in rotated]


def synthesise(path: Path, variant: int = 0) -> Path:
    """Write a film as H.264; it appears whole or not at all.

    Args:
        path: of the film.
        variant: number of the film, from 0.

    Returns:
        The path.
    """
    shots = [
        ffmpeg.input(source, f="lavfi", t=seconds).filter("format", "yuv420p").filter("setsar", 1)
        for source, seconds in shots_of(variant)
    ]
    with commit(path, overwrite=True) as part:
        output = ffmpeg.output(
            ffmpeg.concat(*shots), file_url(part), f="mp4", vcodec="libx264", preset="veryfast", crf=23
        )
        run(command(output), f"cannot make {path}")
    return path


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    synthesise(target)
