"""Attend from every cell of a picture to all of them: a transformer's layer, as fast as small pictures allow.

Letters: B pictures; N cells of a picture; D channels.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class CellAttention(nn.TransformerEncoderLayer):
    """Self-attention within a picture and a feed-forward layer, each after a norm and added to what came in.

    Weights are those of torch's own layer. Without dropout and masks there is less to do.

    Args:
        width: D.
        n_heads: which D is a multiple of.
        hidden: channels inside the feed-forward layer.
    """

    def __init__(self, width: int, n_heads: int, hidden: int):
        super().__init__(
            width, n_heads, hidden, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )

    def forward(self, tokens: Tensor) -> Tensor:  # type: ignore[override]
        """Let the cells of each picture take part in one another.

        Args:
            tokens: [B, N, D].

        Returns:
            The same shape.
        """
        attention = self.self_attn
        asked = per_cell(self.norm1(tokens), attention.in_proj_weight, attention.in_proj_bias)
        heads = asked.unflatten(-1, (3, attention.num_heads, -1)).permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        tokens = tokens + per_cell(found, attention.out_proj.weight, attention.out_proj.bias)
        inner = F.gelu(per_cell(self.norm2(tokens), self.linear1.weight, self.linear1.bias))
        return tokens + per_cell(inner, self.linear2.weight, self.linear2.bias)


def per_cell(tokens: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Apply a linear layer to every cell.

    As a convolution: it takes half the time of a matrix product, for which torch asks another library.

    Args:
        tokens: [B, N, before].
        weight: [after, before].
        bias: [after].

    Returns:
        [B, N, after].
    """
    return F.conv2d(tokens[:, None].permute(0, 3, 1, 2), weight[..., None, None], bias).permute(0, 2, 3, 1)[
        :, 0
    ]
