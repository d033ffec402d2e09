"""Find shot transitions: hard cuts, and dissolves, wipes and fades at their middles.

Letters: N native frames; C cuts.
"""

from dataclasses import dataclass, replace

import numpy as np

from dyvim_cli.vision.blocks import block_means
from dyvim_cli.vision.cuts import CUT_WEIGHTS, find_cuts
from dyvim_cli.vision.fades import find_fades
from dyvim_cli.vision.flow import Flow
from dyvim_cli.vision.frame_differences import FrameDifferencer
from dyvim_cli.vision.rows import Rows
from dyvim_cli.vision.signatures import Signatures
from dyvim_cli.vision.soft_cuts import SoftCut, SoftCutStream

SOFT_WEIGHT = CUT_WEIGHTS[0]  # weight of a perfect dissolve: that of the least hard cut, whose moment is seen
COST_WEIGHT = 0.2  # weight that a dissolve loses at a cost of 1
PARTS = (6, 8)  # rows, columns: what fades are found by
LONGEST_HALF_S = 1.3  # longest half of a transition: in films of few frames a second longer spans are none


class TransitionStream:
    """Feed every frame in order, then `finish`."""

    def __init__(self) -> None:
        self.watch = FrameDifferencer()
        self._soft = SoftCutStream()
        self._lights = Rows(np.uint8, PARTS[0] * PARTS[1])  # of the thumbnail's parts

    def see(self, pictures: np.ndarray) -> Signatures:
        """Add frames.

        Args:
            pictures: [n, H, W, 3] uint8, the next frames.

        Returns:
            How they look.
        """
        seen = self.watch.see(pictures)
        self._soft.add(seen.thumbs, seen.fine)
        light = block_means(seen.thumbs[..., 0], *PARTS)
        self._lights.extend(light.reshape(len(pictures), -1).astype(np.uint8))
        return seen

    def finish(self, times_s: np.ndarray) -> "Transitions":
        """Find all transitions.

        Args:
            times_s: [N] of the frames.

        Returns:
            Hard and soft cuts, ascending.
        """
        step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1.0
        hard, weights = find_cuts(self.watch.differences, self.watch.structures, self.watch.lights)
        fades = find_fades(self._lights.array.astype(np.float32), step_s)
        soft = [cut for cut in self._soft.finish() if cut.half * step_s <= LONGEST_HALF_S]
        return together(hard, weights, fades, soft)


@dataclass(frozen=True)
class Transitions:
    """C cuts, ascending, soft ones among them."""

    frames: np.ndarray  # [C] int, the first frame after a hard cut, the middle of a soft one
    weights: np.ndarray  # [C] float32
    soft: tuple[SoftCut, ...]

    def bridged(self, flow: Flow) -> Flow:
        """Interpolate the flow where one picture becomes another.

        Args:
            flow: of every native frame.

        Returns:
            The flow without what only seems to move.
        """
        within = np.zeros(len(flow.speeds), bool)
        for cut in self.soft:
            within[max(0, cut.middle - cut.half + 1) : cut.middle + cut.half + 1] = True
        if not within.any() or within.all():
            return flow
        frames, known = np.arange(len(within)), np.flatnonzero(~within)
        flat = flow.velocities.reshape(len(frames), -1)
        columns = [np.interp(frames, known, column[known]) for column in flat.T]
        velocities = np.stack(columns, axis=1).reshape(flow.velocities.shape).astype(np.float32)
        speeds = np.interp(frames, known, flow.speeds[known]).astype(np.float32)
        return replace(flow, speeds=speeds, velocities=velocities)


def together(hard: np.ndarray, weights: np.ndarray, fades: list[SoftCut], soft: list[SoftCut]) -> Transitions:
    """Join hard cuts, fades and dissolves; what holds a surer one is a part of it.

    Args:
        hard: [K] frames after hard cuts.
        weights: [K] 0..1.
        fades: surer than dissolves.
        soft: dissolves and wipes.

    Returns:
        All, ascending.
    """
    kept = [fade for fade in fades if not np.any(np.abs(hard - fade.middle) <= fade.half)]
    for cut in soft:
        overlaps = (abs(cut.middle - fade.middle) <= cut.half + fade.half / 2 for fade in fades)
        if not np.any(np.abs(hard - cut.middle) <= cut.half) and not any(overlaps):
            kept.append(cut)
    frames = np.concatenate([hard, np.array([cut.middle for cut in kept], np.intp)]).astype(np.intp)
    soft_weights = [SOFT_WEIGHT - COST_WEIGHT * cut.cost for cut in kept]
    order = np.argsort(frames, kind="stable")
    all_weights = np.concatenate([weights, soft_weights])[order].astype(np.float32)
    return Transitions(frames[order], all_weights, tuple(sorted(kept, key=lambda cut: cut.middle)))
