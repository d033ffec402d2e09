"""Pyramidal Lucas-Kanade flow on a grid of cells, the motion encoder's first estimate.

Lucas and Kanade 1981 in Bouguet's pyramid, with three changes: windows are cells of CELL px and
their neighbours; brightness is compared less its mean over the window, so that flicker is not motion
(the patch normalisation of DIS flow, Kroeger 2016); each step is median filtered, and a level is kept
only as far as the pictures then agree better. Right without training for slow motion, where correlation
at 1/8 resolution is blind.

Pictures are folded into their cells, [h * w, cell * cell], so that a cell's sums are those of a row, and its
pixels are fetched where one small convolution of the flow says.

Letters: B frames, n others for each, H, W picture, h, w = H / cell, W / cell; N = h w cells of P pixels.
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
    flow, before, after = refined(current, others, levels, cell)
    cells = folded(current, cell)
    texture = _variance(*_window_means([cells, cells * cells], *flow.shape[-2:]))
    texture = texture.repeat(len(others) // len(current), 1, 1)
    evidence = torch.stack([texture, before, after], dim=1)
    return flow, 0.5 * (evidence + 1e-6).log() + 4


@torch.no_grad()
def refined(
    current: Tensor, others: Tensor, levels: tuple[tuple[int, int], ...], cell: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Refine the flow from level to level.

    Args:
        current: as of lucas_kanade, like all others.
        others: of lucas_kanade.
        levels: of lucas_kanade.
        cell: of lucas_kanade.

    Returns:
        Flow [n * B, 2, h, w] in cells; what differs before the finest level and after it [n * B, h, w].
    """
    pyramid, at = [(current, others)], 1
    for scale, _ in reversed(levels):
        small, targets = pyramid[0]
        pyramid.insert(0, (shrunk(small, scale // at), shrunk(targets, scale // at)))
        at = scale
    flow = current.new_zeros(len(others), 2, *(side // cell for side in current.shape[-2:]))
    for (_, iterations), (small, targets) in zip(levels, pyramid, strict=False):
        flow, before, after = _level(small, targets, flow, iterations)
    return flow, before, after


def _level(current: Tensor, others: Tensor, flow: Tensor, iterations: int) -> tuple[Tensor, Tensor, Tensor]:
    """Gauss-Newton steps at one level: the flow in cells, and what differs before and after [n * B, h, w]."""
    size = high, wide = flow.shape[-2:]
    cell = others.shape[-1] // wide
    dx, dy = (folded(slope, cell) for slope in _slopes(current))
    current = folded(current, cell)
    batch = -1, *current.shape  # n, B, N, P
    mean_dx, mean_dy, xx, yy, xy = _window_means([dx, dy, dx * dx, dy * dy, dx * dy], *size)
    xx, yy = xx - mean_dx**2 + REGULARISATION, yy - mean_dy**2 + REGULARISATION
    xy = xy - mean_dx * mean_dy
    determinant = (xx * yy - xy * xy)[:, None]
    moved = flow
    error = _warp(others, flow, cell).view(batch) - current
    before = _variance(*_window_means([error, error * error], *size))
    for _ in range(iterations):
        mean, xt, yt = _window_means([error, dx * error, dy * error], *size)
        xt, yt = xt - mean_dx * mean, yt - mean_dy * mean
        step = torch.stack([xy * yt - yy * xt, xy * xt - xx * yt], dim=2) / determinant
        step = step.clamp_(-LARGEST_STEP_PX, LARGEST_STEP_PX).view_as(flow)
        moved = median_of_nine(torch.add(moved, step, alpha=1 / cell))
        error = _warp(others, moved, cell).view(batch) - current
    after = _variance(*_window_means([error, error * error], *size))
    before, after = (variance.view(-1, *size) for variance in (before, after))
    kept = ((before - after) / SURE_GAIN).clamp_(0, 1)[:, None]
    return flow + kept * (moved - flow), before, torch.minimum(before, after)


def median_of_nine(field: Tensor) -> Tensor:
    """Take the median of each cell and the eight around it.

    Columns of three are sorted once for the three windows that they are in; the median is that of the
    greatest least, the middle of the middles and the least greatest.

    Args:
        field: [..., h, w].

    Returns:
        The same shape.
    """
    padded = F.pad(field, (1, 1, 1, 1), mode="replicate")
    first, second, third = padded[..., :-2, :], padded[..., 1:-1, :], padded[..., 2:, :]
    low, high = torch.minimum(first, second), torch.maximum(first, second)
    most, rest = torch.maximum(high, third), torch.minimum(high, third)
    least, middle = torch.minimum(low, rest), torch.maximum(low, rest)
    a, b, c = _side_by_side(least)
    greatest_least = torch.maximum(torch.maximum(a, b), c)
    a, b, c = _side_by_side(most)
    least_greatest = torch.minimum(torch.minimum(a, b), c)
    return _middle(greatest_least, _middle(*_side_by_side(middle)), least_greatest)


def _side_by_side(field: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return field[..., :-2], field[..., 1:-1], field[..., 2:]


def _middle(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Median of three."""
    return torch.maximum(torch.minimum(a, b), torch.minimum(torch.maximum(a, b), c))


def folded(pictures: Tensor, cell: int) -> Tensor:
    """Gather the pixels of each cell.

    Args:
        pictures: [B, 1, h * cell, w * cell].
        cell: width of a cell, px.

    Returns:
        [B, h * w, cell * cell], contiguous.
    """
    high, wide = (side // cell for side in pictures.shape[-2:])
    order = _order(high, wide, cell, pictures.device)  # a quarter of the time of a copy from view to view
    return pictures.flatten(1).index_select(1, order).view(-1, high * wide, cell * cell)


@lru_cache(maxsize=32)
def _order(high: int, wide: int, cell: int, device: torch.device) -> Tensor:
    """[N * P]: the pixels of a picture, cell by cell."""
    pixels = torch.arange(high * cell * wide * cell, device=device)
    return pixels.view(high, cell, wide, cell).transpose(1, 2).flatten()


def shrunk(pictures: Tensor, scale: int) -> Tensor:
    """Average blocks of pixels into one each.

    Args:
        pictures: [B, c, H, W], both sides multiples of the scale.
        scale: side of a block, px, a power of 2.

    Returns:
        [B, c, H / scale, W / scale].
    """
    while scale > 1:
        rows = pictures[..., ::2, :] + pictures[..., 1::2, :]
        pictures, scale = (rows[..., ::2] + rows[..., 1::2]).mul_(0.25), scale // 2
    return pictures


def _window_means(parts: list[Tensor], high: int, wide: int) -> tuple[Tensor, ...]:
    """[..., h * w, P] each -> [..., h, w] each: means over the cell and those around it, in the picture.

    All by matrix products: torch's own sum over so few pixels takes three times as long.
    """
    n_px = parts[0].shape[-1]
    side = 5 if n_px <= 4 else 3  # small cells hold too few pixels to be sure of anything
    down, across = (_near(n_cells, side, parts[0].device) for n_cells in (high, wide))
    share = parts[0].new_full((n_px,), 1 / n_px)
    means = torch.stack([part @ share for part in parts]).unflatten(-1, (high, wide))
    return (down @ (means @ across.T)).unbind()


@lru_cache(maxsize=64)
def _near(n_cells: int, side: int, device: torch.device) -> Tensor:
    """[n_cells, n_cells]: how much each cell of a line has of the mean of each window of so many."""
    index = torch.arange(n_cells)
    near = ((index[:, None] - index[None]).abs() <= side // 2).float()
    return (near / near.sum(dim=1, keepdim=True)).to(device)


def _variance(mean: Tensor, square: Tensor) -> Tensor:
    return (square - mean * mean).clamp_(min=0)


def _slopes(picture: Tensor) -> tuple[Tensor, Tensor]:
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    dx = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]).mul_(0.5)
    dy = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]).mul_(0.5)
    return dx, dy


def _warp(pictures: Tensor, flow: Tensor, cell: int) -> Tensor:
    """Pictures [B, 1, H, W] fetched from where the flow (in cells) points, folded; at the border, the border.

    A convolution spreads the cells' flow over their pixels, bilinearly, with x and y side by side as
    grid_sample wants them.
    """
    batch, _, high, wide = flow.shape
    kernel, places = _spreading(high, wide, cell, flow.device)
    if cell == 1:  # nothing to spread
        spread = flow.permute(0, 2, 3, 1) * kernel[:, :, 1, 1].diagonal()
    else:
        padded = F.pad(flow, (1, 1, 1, 1), mode="replicate").contiguous(memory_format=torch.channels_last)
        spread = F.conv2d(padded, kernel).permute(0, 2, 3, 1)
    grid = spread.reshape(batch, high * wide, cell * cell, 2).add_(places)
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=True)[:, 0]


@lru_cache(maxsize=32)
def _spreading(high: int, wide: int, cell: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Kernel that spreads flow over the pixels of cells, and their places, -1 to 1 as for grid_sample.

    Returns:
        [P * 2, 2, 3, 3], from cells to such places; [N, P, 2].
    """
    shares = _shares(cell)
    steps = torch.tensor([2 * cell / (side * cell - 1) for side in (wide, high)])
    both = torch.einsum("ik,jl->ijkl", shares, shares).flatten(0, 1)  # [P, 3, 3]
    kernel = (torch.diag(steps)[:, :, None, None] * both[:, None, None]).flatten(0, 1)
    lines = (torch.linspace(-1, 1, side * cell) for side in (high, wide))
    y, x = (folded(line[None, None], cell)[0] for line in torch.meshgrid(*lines, indexing="ij"))
    places = torch.stack([x, y], dim=-1)
    return kernel.to(device, memory_format=torch.channels_last), places.to(device)


def _shares(cell: int) -> Tensor:
    """[cell, 3]: how much each pixel along a cell has of the cell before, its own and the one after."""
    from_middle = (torch.arange(cell) + 0.5) / cell - 0.5
    return torch.stack([(-from_middle).clamp(min=0), 1 - from_middle.abs(), from_middle.clamp(min=0)], dim=1)
