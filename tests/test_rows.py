"""Rows stand in the order in which they were added, in one block of memory."""

import numpy as np

from dyvim_cli.vision.rows import FIRST_ROWS, Rows


def test_rows_are_kept_in_order_while_their_block_grows():
    rows, wanted = Rows(np.float32, 3), np.arange(9 * FIRST_ROWS, dtype=np.float32).reshape(-1, 3)
    rows.append(wanted[0])
    rows.extend(wanted[1:FIRST_ROWS])
    rows.append(wanted[FIRST_ROWS])
    rows.extend(wanted[FIRST_ROWS + 1 :])  # more than twice the block
    assert len(rows) == len(wanted) and rows.array.dtype == np.float32
    np.testing.assert_array_equal(rows.array, wanted)


def test_numbers_are_rows_too_and_none_are_none():
    rows = Rows(np.float64)
    assert rows.array.shape == (0,)
    rows.append(0.5)
    assert rows.array.tolist() == [0.5]
