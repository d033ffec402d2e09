"""Collect the inputs of a mix: dry stems, the style's mix settings, expression curves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from dyvim_cli.music.performance.expression import expression_gain
from dyvim_cli.music.symbols.midi_gestures import bends_of_notes
from dyvim_cli.music.symbols.midi_in import PlayedMidi, PlayedPart
from dyvim_cli.music.synth.orchestra import Orchestra
from dyvim_cli.music.synth.sampler import DRUM_BANK, FURTHER_TAKES
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import SAMPLE_RATE, STYLES, Score, Stem

FAMILY = 8  # General MIDI programs of one kind of instrument


@dataclass(frozen=True)
class Session:
    """Parts by their role in the mix, block by block."""

    sources: dict[str, Iterator[np.ndarray]]
    style: str
    bpm: float
    course: Callable[[int, int], np.ndarray]  # (first frame, n) -> gain [n] of all parts


@dataclass(frozen=True)
class StyledMidi:
    """A MIDI file in a style's mix."""

    midi: PlayedMidi
    style: str


def session_of(
    piece: Score | StyledMidi, orchestra: Orchestra, n_frames: int, block_frames: int, first_frame: int = 0
) -> Session:
    """Collect the inputs of a piece's mix.

    Args:
        piece: a score, or a MIDI file in a style's mix.
        orchestra: its instruments.
        n_frames: of the piece.
        block_frames: of a block.
        first_frame: of a score, where its first block begins, a multiple of block_frames.

    Returns:
        Dry stems by role, style, tempo and swells.
    """
    if isinstance(piece, Score):
        sources = {
            stem.name: orchestra.blocks(stem, n_frames, block_frames, bends_of_notes(stem.notes), first_frame)
            for stem in piece.stems
        }
        gain = expression_gain(piece)
        course = lambda first, n: gain(first_frame + first, n)  # noqa: E731 (of the blocks' own frames)
        return Session(sources, piece.style, piece.tempo_map.bpm, course)
    parts: dict[str, list[Iterator[np.ndarray]]] = {}
    for part in piece.midi.parts:
        parts.setdefault(part.role, []).append(_part_blocks(part, orchestra, n_frames, block_frames))
    sources = {role: _together(blocks) for role, blocks in parts.items()}
    return Session(sources, piece.style, piece.midi.bpm, lambda first, n: np.ones(n, np.float32))


def _part_blocks(
    part: PlayedPart, orchestra: Orchestra, n_frames: int, block_frames: int
) -> Iterator[np.ndarray]:
    """Render a part in blocks [2, n], with its own volume and expression."""
    stem, first = part.stem, 0
    stem = Stem(stem.name, program_in(orchestra, stem.program, stem.is_drums), stem.is_drums, stem.notes)
    for block in orchestra.blocks(stem, n_frames, block_frames, part.bend):
        times_s = np.arange(first, first + block.shape[1]) / SAMPLE_RATE
        yield block * part.gain(times_s).astype(np.float32)
        first += block.shape[1]


def _together(parts: list[Iterator[np.ndarray]]) -> Iterator[np.ndarray]:
    """Sum the blocks of parts that share a strip of the mix."""
    for blocks in zip(*parts, strict=True):
        yield sum(blocks[1:], start=blocks[0])


def program_in(orchestra: Orchestra, program: int, is_drums: bool) -> int:
    """Find a program that the orchestra has: the nearest of the same family, else the nearest of all.

    Args:
        orchestra: its instruments.
        program: of General MIDI that is requested.
        is_drums: whether the program is a drum kit.

    Returns:
        Program number.
    """
    presets = [preset for font in orchestra.fonts for preset in font.presets]
    kits = range(DRUM_BANK, DRUM_BANK + (1 if is_drums else 1 + FURTHER_TAKES))
    there = {preset.program for preset in presets if (preset.bank in kits) == is_drums}
    family = {other for other in there if other // FAMILY == program // FAMILY}
    return min(family or there, key=lambda other: abs(other - program))


def style_of_midi(midi: PlayedMidi) -> str:
    """Find the style most of whose instruments a file plays.

    Args:
        midi: the file.

    Returns:
        Name of the style; of several that fit equally, the first in types.STYLES.
    """

    def known(style: str) -> int:
        palette = RECORDS[style].palette
        return sum(part.stem.program in palette.strip(part.role).programs for part in midi.parts)

    return max(STYLES, key=known)
