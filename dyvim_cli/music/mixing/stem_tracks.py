"""Process each stem through the whole mix, so that the stems add up to the master.

All that the desk does to the mix is either linear (room, echo, tone, width), and done to each stem alone as
well, or a gain that all share (glue, saturation, mastering), and then each stem gets the mix's own.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import IO

import numpy as np

from dyvim_cli.music.mixing import effects
from dyvim_cli.music.mixing.loudness import shaped
from dyvim_cli.music.performance.band_names import part_of

StemEffect = Callable[[dict[str, np.ndarray]], np.ndarray]  # blocks [2, n] of stems -> one block

IN_MEMORY_BYTES = 4 << 20  # largest stem in memory; longer ones wait on disk for mastering
QUIET = 1e-9  # level of the mix below which its gain cannot be measured, and is 1

# group of each stem by editors' names; with --stem-groups there are four files at most
GROUPS = {
    "melody": "melody",
    "bass": "bass",
    "drums": "drums",
    "pad": "harmony",
    "arp": "harmony",
    "accent": "harmony",
    "impact": "drums",
    "riser": "drums",
}


def shared_gain(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Find what turned one block into another, sample by sample.

    Args:
        before: [2, n].
        after: [2, n].

    Returns:
        [2, n] linear gains, 1 where `before` is silent.
    """
    gain = np.ones_like(before)
    return np.divide(after, before, out=gain, where=np.abs(before) > QUIET)


class StemDesk:
    """The desk's second half for each stem alone: its own room and echo, and the tone of the whole."""

    def __init__(
        self,
        names: Iterable[str],
        returns_of: Callable[[str], StemEffect],
        tone_of: Callable[[], effects.Effect],
    ):
        self._returns = {name: returns_of(name) for name in names}
        self._tones = {name: tone_of() for name in names}

    def __call__(self, dry: dict[str, np.ndarray], gain: np.ndarray) -> dict[str, np.ndarray]:
        """{name: what the mix has of it} of stems [2, n] before the room; gain [2, n]: of glue and tape."""
        return {
            name: self._tones[name]((block + self._returns[name]({name: block})) * gain)
            for name, block in dry.items()
        }


class StemStore:
    """Stems of a mix that wait until its mastering is known; grouped: as GROUPS says."""

    def __init__(self, is_grouped: bool = False):
        self.is_grouped = is_grouped
        self._files = ExitStack()
        self._stores: dict[str, tempfile.SpooledTemporaryFile[bytes]] = {}

    def keep(self, parts: dict[str, np.ndarray]) -> None:
        """Take the next block of every stem.

        Args:
            parts: name -> [2, n].
        """
        grouped: dict[str, np.ndarray] = {}
        for name, block in parts.items():
            name = GROUPS[part_of(name)] if self.is_grouped else name
            grouped[name] = grouped[name] + block if name in grouped else block
        for name, block in grouped.items():
            if name not in self._stores:
                store = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 (closed with all)
                self._stores[name] = self._files.enter_context(store)
            self._stores[name].write(np.ascontiguousarray(block.T, dtype=np.float32).tobytes())

    def finished(self, curves: list[np.ndarray], block_frames: int) -> Iterator[tuple[str, np.ndarray]]:
        """Give the stems back, one after the other; then all is gone.

        Args:
            curves: gains [cells] each, applied one after the other.
            block_frames: of a block.

        Yields:
            (name, next block [2, m]).
        """
        for name, store in self._stores.items():
            blocks = read_blocks(store, block_frames)
            for curve in curves:
                blocks = shaped(blocks, curve)
            for block in blocks:
                yield name, block
        self._files.close()


def read_blocks(store: IO[bytes], block_frames: int) -> Iterator[np.ndarray]:
    """Read a file of float32 stereo frames from its beginning.

    Args:
        store: the open file.
        block_frames: of a block.

    Yields:
        [2, n].
    """
    store.seek(0)
    while data := store.read(block_frames * 8):
        yield np.frombuffer(data, np.float32).reshape(-1, 2).T
