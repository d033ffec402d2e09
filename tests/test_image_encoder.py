"""EfficientNet-Lite0 as its package computes it, in half the time."""

import numpy as np
import pytest
import torch

from dyvim_cli.vision import image_encoder
from dyvim_cli.vision.image_encoder import Convolution, ImageEncoder, embed_frames

RNG = np.random.default_rng(2)
FRAMES = [np.resize(RNG.integers(0, 256, (6, 9, 3), np.uint8), (90, 160, 3)) for _ in range(3)]


def test_features_are_those_of_its_package():
    from efficientnet_lite_pytorch import EfficientNet

    weights = image_encoder._weights()
    model = EfficientNet.from_name("efficientnet-lite0")
    model.load_state_dict(weights)
    pictures = torch.from_numpy(RNG.normal(0, 0.5, (2, 3, 160, 288)).astype(np.float32))
    with torch.inference_mode():
        wanted = model.eval().extract_features(pictures).mean(dim=(2, 3))
        ours = ImageEncoder(weights)
        torch.testing.assert_close(ours.features(pictures), wanted, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(ours.classes(wanted), model._fc(wanted))


@pytest.mark.parametrize("failing", [AttributeError("no such operator"), torch.zeros(1, 3, 4, 4)])
def test_other_builds_of_torch_see_the_same_in_two_steps(failing, monkeypatch):
    features, shares = embed_frames(FRAMES)

    def changed(*arguments):
        if isinstance(failing, Exception):
            raise failing
        return failing

    image_encoder._convolve.cache_clear()
    monkeypatch.setattr(image_encoder, "_at_once", changed)
    slowly = embed_frames(FRAMES)
    assert image_encoder._convolve() is image_encoder._in_steps
    image_encoder._convolve.cache_clear()
    np.testing.assert_allclose(slowly[0], features, atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(slowly[1], shares, atol=1e-5)
    assert features.shape == (3, 1280) and shares.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)


@pytest.mark.parametrize("kernel, stride, before", [(3, 1, 1), (3, 2, 0), (5, 1, 2), (5, 2, 1)])
def test_what_is_odd_of_the_padding_comes_after(kernel, stride, before):
    first = torch.zeros(1, 1, kernel, kernel)
    first[..., before, before] = 1.0  # meets the picture's first pixel from the first place
    convolution = Convolution(first, torch.zeros(1), stride, is_limited=False)
    picture = torch.arange(64.0).view(1, 1, 8, 8)
    assert torch.equal(convolution(picture), picture[..., ::stride, ::stride])
