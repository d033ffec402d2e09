"""Find dissolves and wipes: spans in which every picture is a mixture, part by part, of those at both ends.

A dissolve mixes all parts by the same growing share; a wipe gives each part wholly to one end or the other. A
camera that moves, or a subject that comes, shows parts that neither end has, and is neither. Fine texture
in a slow pan looks like a mixture in the thumbnail; a finer picture decides: a mixture has half the detail.

Letters: N native frames; B parts (blocks) of a thumbnail, P values each; G frames looked at together.
"""

from dataclasses import dataclass, replace

import numpy as np

from dyvim_cli.vision.dissolve_middles import N_COLOURS, area_colours, middle_of
from dyvim_cli.vision.rows import Rows

HALVES = (3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 27)  # frames from a transition's middle to either end
REACH = HALVES[-1] + HALVES[-1] // 2  # frames on each side of a middle that are looked at
GROUP = 128  # middles examined together; memory does not grow with the film
ROWS, COLUMNS = 6, 8  # the parts of a thumbnail
LEAST_CHANGE = 11.0  # grey levels between the ends, mean over the picture: less is a change of light
LEAST_STRUCTURE = 0.45  # as frame_differences' structures: two takes of one place hardly differ more
LEAST_CONTRAST = 6.0  # grey levels (standard deviation) at both ends: from black to a picture is no dissolve
PART_CHANGE = 8.0  # grey levels (root mean square) by which a part is a new picture's
COVERED, WIPE_COVERED = 0.6, 0.75  # share of the parts that must be a new picture's
LEFT_OVER, WIPE_LEFT_OVER = 0.12, 0.18  # share of the squared change that no mixture of the ends explains
RESTLESS, BOTH_RESTLESS = 0.35, 0.45  # share of the squared change before and after the span
GOES_ON = 0.6  # share of the transition's own pace: a longer one is still going on at this end
LARGEST_STEP = 0.45  # share of the change in one step: more is a hard cut
EARLY, LATE = 0.06, 0.42  # share of the second picture a quarter through; three quarters mirror it
SHORT_HALF = 4  # frames: so short a transition may reach one quarter only between two frames
EVEN, WIPE_EVEN = 0.13, 0.2  # how far from one half that share may be in the middle
WIPE_SPREAD = 0.2  # mean distance of the parts' shares from one half, by which it is a wipe
WIPE_PACE = 0.4  # share that a wipe gains from its first quarter to its last
LINEAR = 0.55  # share that a dissolve gains from its first quarter to its last, quarters rounded to frames
MIXED_DETAIL = 0.8  # share of the mean detail of both ends: a mixture has one half, a pan all of it
FINE_LEFT_OVER = 0.05  # left-over share in the fine picture: a mixture of speckles keeps its detail
MOST_COST = 0.82  # most departure from a perfect transition, all kinds together


@dataclass(frozen=True)
class SoftCut:
    """A transition that takes a while."""

    middle: int  # frame
    half: int  # frames from the middle to either end
    cost: float  # 0 is a perfect one
    is_wipe: bool = False


class SoftCutStream:
    """Feed all frames' thumbnails in order, then `finish`."""

    def __init__(self) -> None:
        self._thumbs: list[np.ndarray] = []
        self._fine: list[np.ndarray] = []
        self._colours = Rows(np.uint8, N_COLOURS)  # of areas, of every frame
        self._first = 0  # the frame that the oldest kept thumbnail is
        self._done = 0  # middles before this one are examined
        self._found: list[SoftCut] = []

    def add(self, thumbs: np.ndarray, fine: np.ndarray) -> None:
        """Add frames.

        Args:
            thumbs: their thumbnails [n, 18, 32, 3] float32, 0..255.
            fine: [n, h, w] uint8, their light in more detail.
        """
        self._thumbs.extend(thumbs.astype(np.uint8))
        self._fine.extend(fine)
        self._colours.extend(area_colours(thumbs))
        while self._first + len(self._thumbs) >= self._done + GROUP + REACH + 1:
            self._examine(self._done + GROUP)

    def finish(self) -> list[SoftCut]:
        """End the search for dissolves and wipes.

        Returns:
            The film's dissolves and wipes, ascending.
        """
        self._examine(self._first + len(self._thumbs))
        return sorted(map(self._placed, clearest(self._found)), key=lambda cut: cut.middle)

    def _placed(self, cut: SoftCut) -> SoftCut:
        """A dissolve at its middle; a wipe's middle is known by its parts."""
        if cut.is_wipe:
            return cut
        return replace(cut, middle=middle_of(self._colours.array, cut.middle, cut.half))

    def _examine(self, until: int) -> None:
        """Examine the middles before `until`, then drop what no later one needs."""
        if self._thumbs:
            window = Window(np.stack(self._thumbs), self._fine)
            middles = np.arange(self._done, until) - self._first
            found = (cut for half in HALVES for cut in window.transitions(middles, half))
            self._found += [replace(cut, middle=cut.middle + self._first) for cut in found]
        self._done = until
        needless = max(0, until - REACH - self._first)
        del self._thumbs[:needless], self._fine[:needless]
        self._first += needless


def clearest(found: list[SoftCut]) -> list[SoftCut]:
    """Keep soft cuts that overlap no better one.

    Args:
        found: in any order.

    Returns:
        Ascending.
    """
    kept: list[SoftCut] = []
    for cut in sorted(found, key=lambda cut: cut.cost):
        if all(abs(cut.middle - other.middle) > cut.half + other.half for other in kept):
            kept.append(cut)
    return sorted(kept, key=lambda cut: cut.middle)


class Window:
    """Consecutive thumbnails [N, 18, 32, 3] uint8 and N fine pictures, with the measures of transitions."""

    def __init__(self, thumbs: np.ndarray, fine: list[np.ndarray]):
        self.fine = fine
        n = len(thumbs)
        values = thumbs.astype(np.float32)
        high, wide = thumbs.shape[1] // ROWS, thumbs.shape[2] // COLUMNS
        parts = values.reshape(n, ROWS, high, COLUMNS, wide, 3).transpose(0, 1, 3, 2, 4, 5)
        self.parts = np.ascontiguousarray(parts).reshape(n, ROWS * COLUMNS, -1)  # [N, B, P]
        luma = values[..., 0].reshape(n, -1)
        luma = luma - luma.mean(axis=1, keepdims=True)
        norm = np.linalg.norm(luma, axis=1, keepdims=True)
        self.contrast = norm[:, 0] / luma.shape[1] ** 0.5
        self.structure = luma / np.maximum(norm, 1e-6)
        self.steps = np.append(0.0, np.abs(np.diff(values, axis=0)).mean(axis=(1, 2, 3)))

    def _at(self, frames: np.ndarray) -> np.ndarray:
        return self.parts[np.clip(frames, 0, len(self.parts) - 1)]

    def transitions(self, middles: np.ndarray, half: int) -> list[SoftCut]:
        """Find the soft cuts of one length.

        Args:
            middles: [G] frames that may be middles.
            half: frames that they reach to either side.

        Returns:
            Those that are dissolves or wipes.
        """
        middles = self._candidates(middles, half)
        if not len(middles):
            return []
        span = _Span(self, middles, half)
        good = span.is_apart & (span.is_dissolve | span.is_wipe) & (span.cost < MOST_COST)
        found = (
            SoftCut(int(middles[i]), half, float(span.cost[i]), bool(span.is_wipe_like[i]))
            for i in np.flatnonzero(good)
        )
        return [cut for cut in found if cut.is_wipe or self.is_mixture(cut)]

    def is_mixture(self, cut: SoftCut) -> bool:
        """Check whether the fine picture in the middle is a mixture of both ends.

        Halved before its detail is measured: speckles of one picture in the other have more detail than both.

        Args:
            cut: a soft cut of this window.

        Returns:
            False for fine texture in a slow pan.
        """
        middle, before, after = (
            self.fine[cut.middle + offset].astype(np.float32) for offset in (0, -cut.half, cut.half)
        )
        of_middle, of_before, of_after = (_detail(_halved(picture)) for picture in (middle, before, after))
        if of_middle < MIXED_DETAIL * (of_before + of_after) / 2:
            return True
        left = ((middle - (before + after) / 2) ** 2).sum()
        return bool(left < FINE_LEFT_OVER * ((after - before) ** 2).sum())

    def _candidates(self, middles: np.ndarray, half: int) -> np.ndarray:
        """The middles between two pictures that have not much in common: the cheap questions first."""
        middles = middles[(middles >= half) & (middles + half < len(self.parts))]
        before, after = middles - half, middles + half
        apart = 1 - (self.structure[before] * self.structure[after]).sum(axis=1)
        contrast = np.minimum(self.contrast[before], self.contrast[after])
        middles = middles[(apart > LEAST_STRUCTURE) & (contrast > LEAST_CONTRAST)]
        change = np.abs(self._at(middles + half) - self._at(middles - half)).mean(axis=(1, 2))
        middles, change = middles[change > LEAST_CHANGE], change[change > LEAST_CHANGE]
        largest = np.array([self.steps[m - half + 1 : m + half + 1].max() for m in middles])
        return middles[largest < LARGEST_STEP * change] if len(middles) else middles


def _halved(picture: np.ndarray) -> np.ndarray:
    """Picture [h, w] at half its size."""
    high, wide = picture.shape[0] // 2, picture.shape[1] // 2
    return picture[: 2 * high, : 2 * wide].reshape(high, 2, wide, 2).mean(axis=(1, 3))


def _detail(picture: np.ndarray) -> float:
    """Mean squared step of light from one pixel [h, w] to the next."""
    return float(sum((np.diff(picture, axis=axis) ** 2).mean() for axis in (0, 1)))


class _Span:
    """Measures of G spans of one length, each [G]."""

    def __init__(self, window: Window, middles: np.ndarray, half: int):
        self.is_short = half <= SHORT_HALF
        self._before, self._after = window._at(middles - half), window._at(middles + half)
        self._change = self._after - self._before  # [G, B, P]
        self._power = (self._change**2).sum(axis=2)  # [G, B]
        self._total = self._power.sum(axis=1)
        self._new = self._power / self._change.shape[2] > PART_CHANGE**2
        quarter, beyond = max(1, round(half / 2)), max(2, half // 2)
        shares = [self._mixed(window._at(middles + offset)) for offset in (-quarter, 0, quarter)]
        (first, left_first, _), (self.middle, left, self.spread), (last, left_last, _) = shares
        self.left_over = np.maximum(np.maximum(left_first, left), left_last)
        self.all_left_over = left_first + left + left_last
        self.first, self.last = first, last
        earlier = self._before - window._at(middles - half - beyond)
        later = window._at(middles + half + beyond) - self._after
        pace = beyond / (2 * half)
        self.goes_on = [self._share(part * self._change) / pace for part in (earlier, later)]
        calm = min(max(2, half), 6)
        earlier = window._at(middles - half - calm) - self._before
        later = window._at(middles + half + calm) - self._after
        self.restless = [self._share(part**2) for part in (earlier, later)]

    def _share(self, products: np.ndarray) -> np.ndarray:
        """[G] of the whole change, squared: products [G, B, P]."""
        return products.sum(axis=(1, 2)) / self._total

    def _mixed(self, between: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(share of the later picture, what is left over, spread of the shares) of pictures [G, B, P]."""
        step = between - self._before
        along = (step * self._change).sum(axis=2)
        share = np.clip(along / (self._power + 1e-6), 0, 1)
        left = ((step**2).sum(axis=2) - 2 * share * along + share**2 * self._power).sum(axis=1) / self._total
        n_new = np.maximum(self._new.sum(axis=1), 1)
        mean = (share * self._new).sum(axis=1) / n_new
        spread = (np.abs(share - 0.5) * self._new).sum(axis=1) / n_new
        return mean, np.maximum(left, 0.0), spread

    @property
    def is_wipe_like(self) -> np.ndarray:
        """True if the parts' shares are apart."""
        return self.spread > WIPE_SPREAD

    @property
    def is_apart(self) -> np.ndarray:
        """True if it changes between two pictures that rest outside the span."""
        wipe, covered = self.is_wipe_like, self._new.mean(axis=1)
        before, after = self.restless
        return (
            (covered > np.where(wipe, WIPE_COVERED, COVERED))
            & (self.left_over < np.where(wipe, WIPE_LEFT_OVER, LEFT_OVER))
            & (np.maximum(before, after) < RESTLESS)
            & (before + after < BOTH_RESTLESS)
            & (np.maximum(*self.goes_on) < GOES_ON)
        )

    @property
    def is_dissolve(self) -> np.ndarray:
        """True if the share of the later picture grows evenly."""
        quarters = np.stack([self.first, 1 - self.last])
        grows = quarters.max(axis=0) > EARLY if self.is_short else quarters.min(axis=0) > EARLY
        return grows & (quarters.max(axis=0) < LATE) & (np.abs(self.middle - 0.5) < EVEN)

    @property
    def is_wipe(self) -> np.ndarray:
        """True if one part after another changes to the later picture."""
        in_order = (self.first < WIPE_PACE) & (self.last > 1 - WIPE_PACE)
        gains = self.last - self.first > WIPE_PACE
        return self.is_wipe_like & in_order & gains & (np.abs(self.middle - 0.5) < WIPE_EVEN)

    @property
    def cost(self) -> np.ndarray:
        """Sum of the deviations from a perfect transition, in shares of the change."""
        uneven = 2 * np.abs(self.middle - 0.5) + np.abs(self.first + self.last - 1)
        pace = np.abs(self.last - self.first - LINEAR)
        outside = sum(np.maximum(0, part) for part in self.goes_on) + 0.5 * sum(self.restless)
        return uneven + pace + self.all_left_over + outside + np.where(self.is_wipe_like, 0.2, 0.0)
