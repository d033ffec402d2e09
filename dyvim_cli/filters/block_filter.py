"""Filter a sound block by block with second-order sections, as products of matrices.

A recursive filter of state s (two numbers a section) maps L frames x and the state before them to L frames y
and the state behind them, and both maps are linear: y = T x + O s, s' = K x + M s. So one product gives what
all stretches of L frames add by themselves; what the state carries from stretch to stretch is summed up in
steps of 1, 2, 4 ... stretches. That is a third to a half of the work of going from frame to frame, and rounds
less.
"""

import numpy as np

from dyvim_cli.filters.recursive import filter_by_sections

STRETCH = 64  # frames of a stretch: longer ones cost more in the product, shorter ones more in the sums
FORGOTTEN = 1e-9  # part of a state below which what is left of it is not carried on
DIED_AWAY = 1e-15  # level of a filter's state below which nothing of it is heard any more
MOST_DOUBLINGS = 40  # a state that lasts for longer than so many doublings of a stretch belongs to no filter


class BlockFilter:
    """A filter of second-order sections that keeps its state from block to block."""

    def __init__(self, sos: np.ndarray, n_channels: int = 2):
        """Prepare the filter.

        Args:
            sos: [n, 6] as scipy has them, of a stable filter.
            n_channels: of the blocks.
        """
        self._sos = np.asarray(sos, np.float64)
        self._state = np.zeros((n_channels, 2 * len(self._sos)))
        by_frames, by_state = self._responses()
        self._of_frames = by_frames.astype(np.float32)  # [L, L + states]: T and K
        self._of_state = by_state[:, :STRETCH].astype(np.float32)  # [states, L]: O
        self._carried = [by_state[:, STRETCH:]]  # [states, states] each: M, M^2, M^4 ...
        while np.abs(self._carried[-1]).max() > FORGOTTEN and len(self._carried) < MOST_DOUBLINGS:
            self._carried.append(self._carried[-1] @ self._carried[-1])

    def _responses(self) -> tuple[np.ndarray, np.ndarray]:
        """Responses to the frames of a stretch [L] and to states: frames and states behind [L + states]."""
        n_states = self._state.shape[1]
        frames, states = np.eye(STRETCH + n_states, STRETCH), np.zeros((STRETCH + n_states, n_states))
        states[STRETCH:] = np.eye(n_states)
        sound, after = self._filtered(frames, states)
        both = np.concatenate([sound, after], axis=1)
        return both[:STRETCH], both[STRETCH:]

    def _filtered(self, sound: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Go from frame to frame: (sound [k, n], state [k, states]) of k channels."""
        by_section = state.reshape(len(state), len(self._sos), 2).transpose(1, 0, 2)
        sound, after = filter_by_sections(self._sos, sound, by_section)
        return sound, after.transpose(1, 0, 2).reshape(state.shape)

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """Filter the next block.

        Args:
            block: [n_channels, n].

        Returns:
            [n_channels, n] float32; the block itself where it is silent and nothing rings.
        """
        if np.abs(self._state).max() < DIED_AWAY and not block.any():
            return block
        n_whole = block.shape[1] // STRETCH * STRETCH
        if n_whole == block.shape[1]:
            return self._by_stretches(np.ascontiguousarray(block, np.float32))
        begun = self._by_stretches(np.ascontiguousarray(block[:, :n_whole], np.float32))
        rest, self._state = self._filtered(block[:, n_whole:].astype(np.float64), self._state)
        return np.concatenate([begun, rest.astype(np.float32)], axis=1)

    def _by_stretches(self, block: np.ndarray) -> np.ndarray:
        """Filter a block [n_channels, n] of whole stretches."""
        n_channels, n_stretches, n_states = len(block), block.shape[1] // STRETCH, self._state.shape[1]
        alone = block.reshape(-1, STRETCH) @ self._of_frames
        states = np.empty((n_channels, n_stretches + 1, n_states))
        states[:, 0] = self._state
        states[:, 1:] = alone[:, STRETCH:].reshape(n_channels, n_stretches, n_states)
        reach = 1
        for carried in self._carried:
            if reach > n_stretches:
                break
            states[:, reach:] += states[:, :-reach] @ carried
            reach *= 2
        self._state = states[:, -1].copy()
        before = states[:, :-1].astype(np.float32).reshape(-1, n_states)
        sound = before @ self._of_state
        sound += alone[:, :STRETCH]
        return sound.reshape(block.shape)
