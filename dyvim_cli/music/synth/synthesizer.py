"""Protocol of a synthesizer that plays a score.

Reasons for our own sampler instead of an engine that pip installs, as tried on Linux in 2026:
symusic 0.6's synthesizer renders whole scores only, mixes all tracks into one buffer, says nothing of an
instrument's attack and reads 16-bit frames alone; tinysoundfont 0.3 needs a sound card's library to be
built on some systems and ignores modulators, on which the free fonts build their answer to velocity;
pysfizz plays SFZ and no SoundFonts. Here a stem is a stream of blocks of equal memory at any length, repeats
to the bit from a seed, and every key's attack is known before it is placed, which puts it on the beat.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from dyvim_cli.types import Note


class Synthesizer(Protocol):
    """One instrument that turns notes into sound."""

    sample_rate: int  # Hz

    def lead_frames(self, key: int, velocity: int, take: int = 0) -> int:
        """Find the delay from a note's start to its perceived onset, by which it must begin earlier.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.
            take: which of the recordings of a repeated stroke it is.

        Returns:
            Frames.
        """
        ...

    def blocks(self, notes: Sequence[Note], n_frames: int, block_frames: int) -> Iterator[np.ndarray]:
        """Play notes.

        Args:
            notes: of the stem.
            n_frames: in all.
            block_frames: of a block at most.

        Returns:
            Blocks [2, <= block_frames] float32, n_frames in all, without seams.
        """
        ...
