"""Compare every cell of one feature map with the neighbourhood of any place in another, at several scales.

RAFT's correlation pyramid (arXiv 2003.12039): all pairs once, halved level by level, then read where the flow
points. Letters: B pictures, h x w cells, L levels, R radius.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


class CorrelationPyramid:
    """Correlation of all pairs of cells of two feature maps.

    Args:
        match: [B, C, h, w] features that ask.
        other: [B, C, h, w] features that are compared.
        levels: L; each halves the one before.
        radius: R, cells of each level to either side.
    """

    def __init__(self, match: Tensor, other: Tensor, levels: int, radius: int):
        batch, channels, height, width = match.shape
        maps = [other]  # averaging the features averages their likeness, and they are fewer
        for _ in range(levels - 1):
            maps.append(_halved(maps[-1]))
        queries = match.flatten(2).transpose(1, 2) / channels**0.5  # [B, h * w, C]
        pairs = queries @ torch.cat([level.flatten(2) for level in maps], dim=2)
        parts = pairs.split([level.shape[-2] * level.shape[-1] for level in maps], dim=2)
        self._levels = [
            part.unflatten(2, (1, *level.shape[-2:])).flatten(0, 1)
            for part, level in zip(parts, maps, strict=True)
        ]
        side = torch.arange(-radius, radius + 1, dtype=match.dtype, device=match.device)
        self._window = torch.stack(torch.meshgrid(side, side, indexing="ij"), dim=-1)  # [2 R + 1, 2 R + 1, 2]

    def around(self, places: Tensor) -> Tensor:
        """Read the likeness around places, at every level.

        Args:
            places: [B, 2, h, w] (x, y), in cells of the finest level.

        Returns:
            [B, L * (2 R + 1) ** 2, h, w].
        """
        batch, _, height, width = places.shape
        centres = places.permute(0, 2, 3, 1).reshape(-1, 2)
        found = []
        for scale, level in enumerate(self._levels):
            if scale:
                centres = centres / 2
            steps = centres.new_tensor([2 / (side - 1) for side in (level.shape[-1], level.shape[-2])])
            # -1 to 1 over the map; one product, since adding is slow where only x and y lie side by side
            spread = torch.diag(steps).repeat(1, self._window[..., 0].numel())
            grid = torch.addmm((self._window * steps - 1).flatten(), centres, spread)
            grid = grid.view(-1, *self._window.shape)
            near = F.grid_sample(level, grid, mode="bilinear", align_corners=True)  # 0 outside
            found.append(near.view(batch, height, width, -1))
        return torch.cat(found, dim=-1).permute(
            0, 3, 1, 2
        )  # channels last in memory, as convolutions like it


def _halved(maps: Tensor) -> Tensor:
    """[B, C, h, w] -> [B, C, h // 2, w // 2]: means of four, in a fifth of avg_pool2d's time."""
    high, wide = (side // 2 * 2 for side in maps.shape[-2:])
    rows = maps[..., 0:high:2, :wide] + maps[..., 1:high:2, :wide]
    return (rows[..., ::2] + rows[..., 1::2]) / 4
