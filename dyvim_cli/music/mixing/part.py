"""Render a part of a piece, the same samples as of the whole piece.

The mix is causal and forgets: behind a run-in that is longer than any room and echo, its samples are those of
the whole to the rounding of float32, and from the piece's beginning on to the bit. Mastering alone hears all
of the piece: where its gains are known, the rest of the piece is not played.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dyvim_cli.music.mixing.leveling import quiet_passage_gains
from dyvim_cli.music.mixing.loudness import Meter, mastering_gains, shaped
from dyvim_cli.music.mixing.mastering import BLOCK_FRAMES, mix_blocks
from dyvim_cli.music.synth.orchestra import Orchestra
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.types import SAMPLE_RATE, Score

Curves = tuple[np.ndarray, np.ndarray]  # gains [cells] of quiet passages, and of the mastering
RUN_IN_FRAMES = 12 * SAMPLE_RATE  # more than five echoes at 60 beats a minute and a room of 5 s behind them


def produce_part(
    score: Score,
    n_frames: int,
    span: tuple[int, int],
    meter: Meter,
    known: Curves | None = None,
    progress: Progress | None = None,
    soundfont: Path | None = None,
) -> Iterator[np.ndarray]:
    """Render a part of a soundtrack block by block.

    Args:
        score: the whole piece, which does not go round.
        n_frames: of the whole piece.
        span: first frame of the part, and the one after its last.
        meter: where the gains are not known it hears the whole piece and shows the mastered sound afterwards;
            its `curves` hold the gains then.
        known: gains of the mastering of the whole piece; None = the whole piece is played to find them.
        progress: notified of the stage "sound".
        soundfont: the user's instruments; None = the shipped ones.

    Yields:
        [m, 2] float32, consecutive, the span in all.
    """
    first, stop = span
    begin = max(0, first - RUN_IN_FRAMES) // BLOCK_FRAMES * BLOCK_FRAMES
    end = min(n_frames, -(-stop // BLOCK_FRAMES) * BLOCK_FRAMES)
    desk = (progress or Silent(), None, Orchestra(soundfont))
    if known is None:
        heard = _heard(mix_blocks(score, n_frames, *desk), meter, (begin, end))
        meter.curves = known = _mastered(meter)
        mix = iter(heard)
    else:
        mix = mix_blocks(score, n_frames, *desk, begin, end)
    lifted, gains = known
    for block in shaped(shaped(mix, lifted, begin), gains, begin):
        inside = block[:, max(0, first - begin) : stop - begin]
        begin += block.shape[1]
        if inside.shape[1]:
            yield np.ascontiguousarray(inside.T)


def _heard(mix: Iterator[np.ndarray], meter: Meter, kept: tuple[int, int]) -> list[np.ndarray]:
    """Let a meter hear all of a mix; returns the blocks of a part of it."""
    done, found = 0, []
    for block in mix:
        meter.feed(block)
        if kept[0] <= done < kept[1]:
            found.append(block)
        done += block.shape[1]
    return found


def _mastered(meter: Meter) -> Curves:
    """The gains of a mastering; the meter shows the mastered sound afterwards."""
    lifted = quiet_passage_gains(meter.powers)
    meter.rescale(lifted)
    return lifted, mastering_gains(meter)
