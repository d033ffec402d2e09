"""Multiply a handful of rows by fixed weights, which are laid out once for it.

Nearly all the time of such a product goes into reading the weights: where they are numbers of 16 bits, as in
a shipped decoder, they are kept as such, and the sums are those of 32 bits.
"""

from collections.abc import Callable

import torch
from torch.nn import functional as F

Product = Callable[[torch.Tensor], torch.Tensor]  # [B, n] -> [B, m]
MISSING = AttributeError, NotImplementedError, RuntimeError  # not in this torch, or not for its processor


def product(weight: torch.Tensor, bias: torch.Tensor | None, n_rows: int) -> Product:
    """Prepare x -> x W^T + b for a fixed number of rows.

    Args:
        weight: [m, n] float32.
        bias: [m] float32; None = none.
        n_rows: rows of x, for which oneDNN lays the weights out.

    Returns:
        A function from [n_rows, n] to [n_rows, m].
    """
    if torch.equal(weight.half().float(), weight):
        try:
            return _halves(weight, bias)
        except MISSING:
            pass
    try:
        return _packed(weight, bias, n_rows)
    except MISSING:
        return lambda x: F.linear(x, weight, bias)


def _halves(weight: torch.Tensor, bias: torch.Tensor | None) -> Product:
    """The product by FBGEMM, which reads weights of 16 bits; each row's sums do not depend on the others."""
    packed = torch.ops.quantized.linear_prepack_fp16(weight.contiguous(), bias)
    linear = torch.ops.quantized.linear_dynamic_fp16.default
    linear = getattr(linear, "_op", linear)  # without a search for objects that only torch's compiler has
    linear(weight.new_zeros(1, weight.shape[1]), packed)
    return lambda x: linear(x, packed)


def _packed(weight: torch.Tensor, bias: torch.Tensor | None, n_rows: int) -> Product:
    """The product by oneDNN, which lays weights of 32 bits out for the number of rows."""
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), n_rows)
    linear = torch.ops.mkldnn._linear_pointwise
    linear(weight.new_zeros(n_rows, weight.shape[1]), packed, bias, "none", [], "none")
    return lambda x: linear(x, packed, bias, "none", [], "none")
