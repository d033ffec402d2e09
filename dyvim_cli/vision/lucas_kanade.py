"""Pyramidal Lucas-Kanade flow on a grid of cells, the motion encoder's first estimate.

Lucas and Kanade 1981 in Bouguet's pyramid, with three changes: windows are cells of CELL px and
their neighbours; brightness is compared less its mean over the window, so that flicker is not motion
(the patch normalisation of DIS flow, Kroeger 2016); each step is median filtered, and a level is kept
only as far as the pictures then agree better. Right without training for slow motion, where correlation
at 1/8 resolution is blind.

Letters: B frames, n others for each, H, W picture, h, w = H / cell, W / cell.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

CELL = 8
LEVELS = ((8, 2), (4, 2), (2, 2), (1, 1))  # (px averaged into one, iterations)
REGULARISATION = 1e-4  # squared slope of grey 0..1: weaker texture is pulled towards no motion
# squared grey 0..1, about what rounding to 256 levels makes of a flat area: a step that gains less likeness
# is taken in part only, so that rounding does not decide where there is no texture
SURE_GAIN = 1e-6
LARGEST_STEP_PX = 1.5  # largest step at each level; the linear model holds no further
N_EVIDENCE = 3
EXCHANGES = ((1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8), (0, 3),
             (5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7), (4, 2), (6, 4), (4, 2))  # fmt: skip


@torch.no_grad()
def lucas_kanade(
    current: Tensor, others: Tensor, levels: tuple[tuple[int, int], ...] = LEVELS, cell: int = CELL
) -> tuple[Tensor, Tensor]:
    """Estimate the flow from one picture to others.

    Args:
        current: [B, 1, H, W] grey, 0..1.
        others: [n * B, 1, H, W] grey, 0..1.
        levels: (scale, iterations) of the pyramid, coarse to fine.
        cell: width of a cell, px.

    Returns:
        Flow [n * B, 2, h, w] in cells, and evidence [n * B, 3, h, w]: logs of the texture and of what differs
        before the finest level and after it: how far to believe the flow.
    """
    n, (height, width) = len(others) // len(current), current.shape[-2:]
    flow = current.new_zeros(len(others), 2, height // cell, width // cell)
    for scale, iterations in levels:
        small, targets = (shrunk(x, scale) for x in (current, others))
        flow, before, after = _level(small, targets, flow, cell // scale, iterations)
    evidence = [_window_variance(current, cell).repeat(n, 1, 1, 1), before, after]
    return flow, torch.cat([0.5 * (variance + 1e-6).log() + 4 for variance in evidence], dim=1)


def _level(
    current: Tensor, others: Tensor, flow: Tensor, cell: int, iterations: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Gauss-Newton steps at one level: the flow in cells, and what differs before and after."""
    n = len(others) // len(current)
    dx, dy = _slopes(current)
    means = _window_mean(torch.cat([dx, dy, dx * dx, dy * dy, dx * dy], dim=1), cell)
    mean_dx, mean_dy, xx, yy, xy = means.repeat(n, 1, 1, 1).split(1, dim=1)
    xx, yy = xx - mean_dx**2 + REGULARISATION, yy - mean_dy**2 + REGULARISATION
    xy = xy - mean_dx * mean_dy
    determinant = xx * yy - xy * xy
    current, dx, dy = (x.repeat(n, 1, 1, 1) for x in (current, dx, dy))
    moved, error = flow, _warp(others, flow, cell) - current
    before = _window_variance(error, cell)
    for _ in range(iterations):
        means = _window_mean(torch.cat([error, dx * error, dy * error], dim=1), cell)
        mean, xt, yt = means.split(1, dim=1)
        xt, yt = xt - mean_dx * mean, yt - mean_dy * mean
        step = torch.cat([xy * yt - yy * xt, xy * xt - xx * yt], dim=1) / determinant
        moved = median_of_nine(moved + step.clamp(-LARGEST_STEP_PX, LARGEST_STEP_PX) / cell)
        error = _warp(others, moved, cell) - current
    after = _window_variance(error, cell)
    kept = ((before - after) / SURE_GAIN).clamp(0, 1)
    return flow + kept * (moved - flow), before, torch.minimum(before, after)


def median_of_nine(field: Tensor) -> Tensor:
    """Take the median of each cell and the eight around it, by Paeth's exchange network.

    Four times as fast as torch.median, which sorts every nine on their own.

    Args:
        field: [..., h, w].

    Returns:
        The same shape.
    """
    padded = F.pad(field, (1, 1, 1, 1), mode="replicate")
    height, width = field.shape[-2:]
    nine = [padded[..., i : i + height, j : j + width] for i in range(3) for j in range(3)]
    for low, high in EXCHANGES:
        a, b = nine[low], nine[high]
        nine[low], nine[high] = torch.minimum(a, b), torch.maximum(a, b)
    return nine[4]


def shrunk(pictures: Tensor, scale: int) -> Tensor:
    """Average blocks of pixels into one each.

    Args:
        pictures: [B, c, H, W], both sides multiples of the scale.
        scale: side of a block, px.

    Returns:
        [B, c, H / scale, W / scale].
    """
    return pictures if scale == 1 else _averaged(pictures, scale, 1)


def _window_mean(picture: Tensor, cell: int) -> Tensor:
    """[B, c, h * cell, w * cell] -> [B, c, h, w]: mean over the cell and those around it."""
    side = 5 if cell <= 2 else 3  # small cells hold too few pixels to be sure of anything
    return _averaged(picture, cell, side)


def _averaged(picture: Tensor, cell: int, side: int) -> Tensor:
    """[B, c, h * cell, w * cell] -> [B, c, h, w]: means of side x side cells, of those in the picture.

    Two matrix products: a third of the time of avg_pool2d, which adds pixel by pixel.
    """
    height, width = picture.shape[-2:]
    down, across = (_window(pixels // cell, cell, side, picture.device) for pixels in (height, width))
    return down @ (picture @ across.T)


@lru_cache(maxsize=64)
def _window(n_cells: int, cell: int, side: int, device: torch.device) -> Tensor:
    """[n_cells, n_cells * cell]: how much each pixel of a line has of the mean of each window."""
    index = torch.arange(n_cells)
    near = ((index[:, None] - index[None]).abs() <= side // 2).float()
    near /= near.sum(dim=1, keepdim=True) * cell
    return near.repeat_interleave(cell, dim=1).to(device)


def _window_variance(picture: Tensor, cell: int) -> Tensor:
    """[B, 1, h * cell, w * cell] -> [B, 1, h, w]: variance over the same window."""
    mean, square = _window_mean(torch.cat([picture, picture * picture], dim=1), cell).split(1, dim=1)
    return (square - mean * mean).clamp(min=0)


def _slopes(picture: Tensor) -> tuple[Tensor, Tensor]:
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    dx = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    dy = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return dx, dy


def _warp(pictures: Tensor, flow: Tensor, cell: int) -> Tensor:
    """Pictures [B, 1, H, W] fetched from where the flow (in cells) points; at the border, the border.

    Two matrix products spread the cells' flow over their pixels, bilinearly, with x and y side by side as
    grid_sample wants them: a third of the time that interpolate takes with all that must follow it.
    """
    batch, _, height, width = flow.shape
    down, across, places = _spreading(height, width, cell, flow.device)
    rows = down @ flow.permute(0, 2, 3, 1).reshape(batch, height, width * 2)
    grid = torch.baddbmm(places.expand(batch, -1, -1), rows, across.expand(batch, -1, -1))
    grid = grid.view(batch, height * cell, width * cell, 2)
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=True)


@lru_cache(maxsize=32)
def _spreading(height: int, width: int, cell: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Matrices that spread flow [h, w * 2] over H x W pixels, and the pixels' grid_sample places (-1 to 1).

    Returns:
        [H, h]; [w * 2, W * 2], from cells to such places; [1, H, W * 2].
    """
    down, across = (_shares(side, cell) for side in (height, width))
    steps = [2 * cell / (side * cell - 1) for side in (width, height)]
    y, x = torch.meshgrid(*(torch.linspace(-1, 1, side * cell) for side in (height, width)), indexing="ij")
    places = torch.stack([x, y], dim=-1).flatten(1)[None]
    spreading = (down, torch.kron(across.T.contiguous(), torch.diag(torch.tensor(steps))), places)
    down, across, places = (part.contiguous().to(device) for part in spreading)
    return down, across, places


def _shares(n_cells: int, cell: int) -> Tensor:
    """[n_cells * cell, n_cells]: how much each cell has of each pixel along a line."""
    if cell == 1:
        return torch.eye(n_cells)
    return F.interpolate(torch.eye(n_cells)[None], scale_factor=float(cell), mode="linear")[0].T
