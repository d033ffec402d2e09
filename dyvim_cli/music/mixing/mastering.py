"""Produce a finished soundtrack from a score: synthesis, mix, mastering, in blocks of a few seconds."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from dyvim_cli.device import give_back_memory
from dyvim_cli.music.mixing.leveling import quiet_passage_gains
from dyvim_cli.music.mixing.looping import OneRound, around
from dyvim_cli.music.mixing.loudness import Meter, mastering_gains, shaped
from dyvim_cli.music.mixing.mix import mixed
from dyvim_cli.music.mixing.riding import AccentRides
from dyvim_cli.music.mixing.session import StyledMidi, session_of
from dyvim_cli.music.mixing.stem_tracks import StemStore, read_blocks
from dyvim_cli.music.synth.orchestra import Orchestra
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import SAMPLE_RATE, Score, Soundtrack

BLOCK_FRAMES = 2 * SAMPLE_RATE
TIDY_FRAMES = 30 * BLOCK_FRAMES
IN_MEMORY_BYTES = 8 << 20  # larger mixes, from 22 s on, wait on disk for mastering
StemSink = Callable[[str, np.ndarray], None]
FADE_FRAMES = 30 * SAMPLE_RATE // 100  # fade of notes that still ring


def produce(
    score: Score,
    duration_s: float,
    progress: Progress | None = None,
    keep_stems: bool = False,
    soundfont: Path | None = None,
) -> Soundtrack:
    """Render a whole soundtrack in memory.

    Args:
        score: the score.
        duration_s: of the film.
        progress: notified of the stage "sound".
        keep_stems: whether the stems are kept as well.
        soundfont: the user's instruments; None = the shipped ones.

    Returns:
        [n, 2] float32 samples, exactly round(duration_s * 48000) frames, and stems that add up to them.
    """
    kept: dict[str, list[np.ndarray]] = {}

    def keep(name: str, block: np.ndarray) -> None:
        kept.setdefault(name, []).append(block)

    blocks = list(
        produce_blocks(score, duration_s, progress, keep if keep_stems else None, soundfont=soundfont)
    )
    samples = np.concatenate([*blocks, np.zeros((0, 2), np.float32)])
    stems = {name: np.concatenate(parts, axis=1).T for name, parts in kept.items()}
    return Soundtrack(samples, SAMPLE_RATE, stems)


def produce_blocks(
    score: Score | StyledMidi,
    duration_s: float,
    progress: Progress | None = None,
    stems: StemSink | None = None,
    meter: Meter | None = None,
    is_grouped: bool = False,
    soundfont: Path | None = None,
) -> Iterator[np.ndarray]:
    """Render a soundtrack block by block; memory hardly grows with the length.

    Args:
        score: a score, or a MIDI file in a style's mix.
        duration_s: of the film.
        progress: notified of the stage "sound".
        stems: takes every stem's name and next block [2, m], one stem after the other, which add up to the
            soundtrack.
        meter: shows the finished sound afterwards.
        is_grouped: stems in the groups of stem_tracks.GROUPS.
        soundfont: the user's instruments; None = the shipped ones.

    Yields:
        [m, 2] float32, consecutive.
    """
    n_frames = round(duration_s * SAMPLE_RATE)
    if isinstance(score, Score) and score.extras.get("loops"):
        yield from _round(score, n_frames, (progress, stems, meter, is_grouped, soundfont))
        return
    store = None if stems is None else StemStore(is_grouped)
    mix = mix_blocks(score, n_frames, progress or Silent(), store, Orchestra(soundfont))
    yield from finished(mix, meter or Meter(), store, stems)


def _round(
    score: Score,
    n_frames: int,
    how: tuple[Progress | None, StemSink | None, Meter | None, bool, Path | None],
) -> Iterator[np.ndarray]:
    """Render a piece that loops; how: the last five arguments of produce_blocks."""
    progress, stems, meter, is_grouped, soundfont = how
    rounds, lead, total = around(replace(score, extras={}), n_frames)
    parts: dict[str, OneRound] = {}

    def keep(name: str, block: np.ndarray) -> None:
        part = parts.setdefault(name, OneRound(lead, n_frames))
        if stems is not None:
            stems(name, np.ascontiguousarray(part.of(block.T).T))

    whole, sink = OneRound(lead, n_frames), None if stems is None else keep
    length_s = total / SAMPLE_RATE
    for block in produce_blocks(rounds, length_s, progress, sink, meter, is_grouped, soundfont):
        if len(inside := whole.of(block)):
            yield inside


def finished(
    mix: Iterator[np.ndarray], meter: Meter, parts: StemStore | None = None, stems: StemSink | None = None
) -> Iterator[np.ndarray]:
    """Master a mix; its blocks are stored until the whole mix has been measured.

    Args:
        mix: blocks [2, m].
        meter: listens to the mix, and shows the mastered sound afterwards.
        parts: stems that were kept.
        stems: gets them under the same gains.

    Yields:
        [m, 2] float32.
    """
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as store:
        for block in mix:
            meter.feed(block)
            store.write(np.ascontiguousarray(block.T).tobytes())
        give_back_memory()  # synthesis is over: make room for the whole film's curves
        lifted = quiet_passage_gains(meter.powers)
        meter.rescale(lifted)
        gains = mastering_gains(meter)
        if parts and stems:
            for name, block in parts.finished([lifted, gains], BLOCK_FRAMES):
                stems(name, block)
        for block in shaped(shaped(read_blocks(store, BLOCK_FRAMES), lifted), gains):
            yield np.ascontiguousarray(block.T)


def mix_blocks(
    score: Score | StyledMidi,
    n_frames: int,
    progress: Progress,
    store: StemStore | None,
    orchestra: Orchestra,
    begin: int = 0,
    end: int | None = None,
) -> Iterator[np.ndarray]:
    """Play and mix a piece, or whole blocks of it; the mix is not mastered yet, and faded at its very end.

    Args:
        score: a score, or a MIDI file in a style's mix.
        n_frames: of the whole piece.
        progress: notified of the stage "sound".
        store: takes the stems; None = they are not worked out.
        orchestra: its instruments.
        begin: first frame of a part of a score, a multiple of BLOCK_FRAMES.
        end: frame after the last; None = n_frames.

    Yields:
        [2, n] float32, consecutive.
    """
    end = n_frames if end is None else end
    done, session = begin, session_of(score, orchestra, end, BLOCK_FRAMES, begin)
    desk = RECORDS[session.style].palette, session.bpm, session.course
    rides = AccentRides(score, begin) if isinstance(score, Score) else None
    for block, parts in mixed(session.sources, *desk, keep_stems=store is not None):
        gain = _end_fade(done, block.shape[1], n_frames)
        gain = gain if rides is None else gain * rides.gain(block)
        block = block * gain
        done += block.shape[1]
        if store is not None:
            store.keep({name: part * gain for name, part in parts.items()})
        progress.update("sound", done - begin, end - begin)
        if done % TIDY_FRAMES == 0:
            give_back_memory()  # tones of all sizes, in two threads, fragment the memory
        yield block.astype(np.float32)
    for start in range(done, end, BLOCK_FRAMES):  # no notes: silence as long as the film
        yield np.zeros((2, min(BLOCK_FRAMES, end - start)), np.float32)


def _end_fade(start: int, n: int, n_frames: int) -> np.ndarray:
    """Gain [n] of a fade to 0 (half a cosine) over the last moments of the film, 1 before it."""
    gain = np.ones(n, np.float32)
    n_fade = max(1, min(FADE_FRAMES, n_frames // 4))
    left = n_frames - 1 - np.arange(max(start, n_frames - n_fade), start + n)
    gain[n - len(left) :] = 0.5 - 0.5 * np.cos(np.pi * left / n_fade)
    return gain
