"""Play the stems of impacts and risers, which are synthesised and come from no font."""

from collections.abc import Iterator, Sequence

import numpy as np

from dyvim_cli.music.synth.impacts import blow, rise
from dyvim_cli.types import SAMPLE_RATE, Note, Stem

EFFECTS = {"impact": blow, "riser": rise}  # generator of each effect by the stem's name
PROGRAMS = {118, 119}  # General MIDI's synth drum and reverse cymbal, their substitutes elsewhere


def is_effect(stem: Stem) -> bool:
    """Check whether a stem is synthesised here: an effect for which no other instrument was chosen.

    Args:
        stem: any stem.

    Returns:
        True for impacts and risers.
    """
    return stem.name in EFFECTS and stem.program in PROGRAMS


class EffectsPlayer:
    """Plays one kind of effect (synthesizer.Synthesizer)."""

    sample_rate = SAMPLE_RATE

    def __init__(self, name: str):
        self.make = EFFECTS[name]

    def lead_frames(self, key: int, velocity: int, take: int = 0) -> int:
        """Tell how far ahead a note has to start: a blow is heard at once, a rise is timed by its end.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.
            take: unused.

        Returns:
            0.
        """
        return 0

    def blocks(
        self, notes: Sequence[Note], n_frames: int, block_frames: int, first_frame: int = 0
    ) -> Iterator[np.ndarray]:
        """Play notes, which may sound together; those of one key alternate between two takes.

        Args:
            notes: of the stem.
            n_frames: in all.
            block_frames: of a block at most.
            first_frame: where the first block begins.

        Yields:
            [2, <= block_frames] float32, consecutive, without seams.
        """
        placed = [self._placed(note, take) for take, note in enumerate(sorted(notes, key=_start))]
        for first in range(first_frame, n_frames, block_frames):
            n = min(block_frames, n_frames - first)
            block = np.zeros((2, n), np.float32)
            for at, length, arguments in placed:
                begin, end = max(at, first), min(at + length, first + n)
                if begin < end:
                    block[:, begin - first : end - first] += self.make(*arguments)[:, begin - at : end - at]
            yield block

    def _placed(self, note: Note, take: int) -> tuple[int, int, tuple[int, int, int, int]]:
        """First frame, number of frames and the generator's arguments of a note."""
        at, end = (max(0, round(time_s * SAMPLE_RATE)) for time_s in (note.start_s, note.end_s))
        length = max(1, end - at)
        return at, length, (note.pitch, note.velocity, length, take % 2)


def _start(note: Note) -> float:
    return note.start_s
