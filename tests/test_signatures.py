"""Frames in the forms that are compared: Pillow's own of each frame, however many are looked at together."""

import numpy as np
import pytest
from PIL import Image

from dyvim_cli.vision.blocks import block_means
from dyvim_cli.vision.frame_differences import FrameDifferencer
from dyvim_cli.vision.signatures import THUMB, signatures_of

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("size", [(90, 160), (88, 160), (67, 159), (160, 91), (120, 64), (17, 9), (2, 160)])
def test_forms_are_pillows_of_each_frame(size):
    pictures = RNG.integers(0, 256, (5, *size, 3), np.uint8)
    together = signatures_of(pictures)
    for i, picture in enumerate(map(Image.fromarray, pictures)):
        half = picture.reduce(2)
        thumb = half.resize(THUMB, Image.Resampling.BOX).convert("YCbCr")
        np.testing.assert_array_equal(together.greys[i], picture.convert("L"))
        np.testing.assert_array_equal(together.fine[i], half.convert("L"))
        np.testing.assert_array_equal(together.thumbs[i], thumb)
        alone = signatures_of(pictures[i : i + 1])
        np.testing.assert_array_equal(together.values[i], alone.values[0])
        np.testing.assert_array_equal(together.histograms[i], alone.histograms[0])


@pytest.mark.parametrize("at_a_time", [2, 5, 9, 40])
def test_frames_differ_as_much_however_many_are_seen_together(at_a_time):
    pictures = RNG.integers(0, 256, (40, 90, 160, 3), np.uint8)
    alone, together = FrameDifferencer(), FrameDifferencer()
    for i in range(40):
        alone.see(pictures[i : i + 1])
    for first in range(0, 40, at_a_time):
        together.see(pictures[first : first + at_a_time])
    assert (alone.differences[6:] > 0).all() and (np.triu(alone.differences[:6]) == 0).all()
    np.testing.assert_array_equal(together.differences, alone.differences)
    np.testing.assert_array_equal(together.structures, alone.structures)
    np.testing.assert_array_equal(together.lights, alone.lights)


def test_blocks_are_averaged():
    thumbs = RNG.integers(0, 256, (3, 18, 32, 3)).astype(np.float32)
    means = block_means(thumbs, 3, 4)
    assert means.shape == (3, 3, 4, 3)
    assert means[2, 1, 3, 0] == pytest.approx(thumbs[2, 6:12, 24:, 0].mean())
    np.testing.assert_array_equal(block_means(thumbs[..., 1], 3, 4), means[..., 1])
