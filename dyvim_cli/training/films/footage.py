"""Play free clips at a varying speed, so that the picture moves as fast as the music is dense.

A clip is measured once: how far its picture moves from frame to frame (DIS flow). Played by that distance
instead of by time, it moves exactly as fast as asked, with all that real pictures have and textures do not:
several motions at once, faces, water, grain. Letters: N frames of a clip.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from dyvim_cli.training.films.motion_scenes import read_clip

FILMS = {".mp4", ".mkv", ".webm", ".mov", ".gif"}
LEAST_FRAMES = 16  # least frames of a take
CUT_DIFFERENCE = 28.0  # mean grey levels from one frame to the next
LEAST_TRAVEL = 0.05  # picture widths in a take: below, nothing in it can be made to move
STILL_STEP = 2e-4  # picture widths per frame; smaller motion is noise
MOST_SPEED = 6.0  # clip's frames a film's frame


@dataclass(frozen=True)
class ClipShot:
    """A stretch of a clip without cuts."""

    frames: np.ndarray  # [N, H, W, 3] uint8
    flow: np.ndarray  # [N - 1, H / 4, W / 4, 2] float16: px from each frame to the next
    travel: np.ndarray  # [N] picture widths since the first frame

    def at(self, travel: float) -> float:
        """Find the frame after some way; beyond the ends the clip is played back.

        Args:
            travel: picture widths.

        Returns:
            Fractional index.
        """
        whole = self.travel[-1]
        folded = whole - abs(travel % (2 * whole) - whole)
        return float(np.interp(folded, self.travel, np.arange(len(self.travel))))

    def picture(self, index: float) -> np.ndarray:
        """Make the frame at a fractional index: the nearer one, moved along its flow.

        Args:
            index: 0..N - 1.

        Returns:
            [H, W, 3] uint8.
        """
        nearest = int(round(index))
        share = float(index - nearest)
        between = nearest if share >= 0 else nearest - 1
        if share == 0 or not 0 <= between < len(self.flow):
            return self.frames[nearest]
        height, width = self.frames.shape[1:3]
        way = cv2.resize(self.flow[between].astype(np.float32), (width, height)) * share
        ys, xs = np.mgrid[:height, :width].astype(np.float32)
        x, y = xs - way[..., 0], ys - way[..., 1]
        return cv2.remap(self.frames[nearest], x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def read_takes(folder: Path) -> list[ClipShot]:
    """Read all takes of the films in a folder that have motion to play with.

    Args:
        folder: without its sub-folders.

    Returns:
        In order of the files' names.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in FILMS)
    return [take for path in paths for take in takes_of(read_clip(path))]


def takes_of(frames: np.ndarray) -> Iterator[ClipShot]:
    """Cut a clip at its cuts; short takes and still ones are left out.

    Args:
        frames: [N, H, W, 3] uint8.

    Yields:
        ClipShot of at least LEAST_FRAMES.
    """
    grey = frames.mean(axis=3) if len(frames) else frames
    cuts = np.flatnonzero(np.abs(np.diff(grey, axis=0)).mean(axis=(1, 2)) > CUT_DIFFERENCE) + 1
    for start, end in zip([0, *cuts], [*cuts, len(frames)], strict=True):
        if end - start >= LEAST_FRAMES:
            take = measure_travel(frames[start:end])
            if take.travel[-1] >= LEAST_TRAVEL:
                yield take


def measure_travel(frames: np.ndarray) -> ClipShot:
    """Measure the way that a take's picture travels, by DIS flow.

    Args:
        frames: [N, H, W, 3] uint8 without a cut.

    Returns:
        ClipShot; its flow is kept at a quarter of the size.
    """
    seer = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)  # type: ignore[attr-defined]
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    height, width = grey[0].shape
    small = (max(1, width // 4), max(1, height // 4))
    flows = [seer.calc(a, b, None) for a, b in zip(grey[:-1], grey[1:], strict=True)]
    steps = [np.linalg.norm(flow, axis=2).mean() / width for flow in flows]
    kept = np.stack([cv2.resize(f, small, interpolation=cv2.INTER_AREA) for f in flows]).astype(np.float16)
    return ClipShot(frames, kept, np.cumsum([0.0, *np.maximum(steps, STILL_STEP)]))


def play_take(take: ClipShot, travel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Play a take as fast as a film travels, but for MOST_SPEED times its own pace at most.

    Args:
        take: real footage.
        travel: [T] picture widths.
        rng: draws the place.

    Returns:
        [T] fractional frames.
    """
    most = MOST_SPEED * take.travel[-1] / (len(take.frames) - 1)
    steps = np.clip(np.diff(travel, prepend=travel[:1]), -most, most)
    return np.array([take.at(t) for t in rng.uniform(0, take.travel[-1]) + np.cumsum(steps)])
