"""The motion encoder: flow and features of pictures whose motion is known."""

import numpy as np
import pytest
import torch
from helpers.vision_scenes import FPS, film, pan, texture, window

from dyvim_cli import weights
from dyvim_cli.errors import WeightsError
from dyvim_cli.vision import motion, motion_encoder
from dyvim_cli.vision.cell_attention import CellAttention
from dyvim_cli.vision.correlation import CorrelationPyramid
from dyvim_cli.vision.lucas_kanade import (
    CELL,
    _warp,
    _window_means,
    folded,
    lucas_kanade,
    median_of_nine,
    shrunk,
)


@pytest.fixture(scope="module")
def encoder():
    torch.set_num_threads(1)
    return motion_encoder.load(weights.embedded(weights.MOTION_ENCODER))


def grey(picture: np.ndarray) -> torch.Tensor:
    """[1, 1, 88, 160] 0..1"""
    return torch.from_numpy(picture.mean(axis=2)[:88] / 255).float()[None, None]


def watch(encoder, frames) -> motion.Motion:
    stream = motion.MotionStream(encoder)
    for frame in frames:
        stream.add(frame.time_s, frame.pixels)
    return stream.finish()


@pytest.mark.parametrize("dx, dy", [(0.3, 0.0), (1.5, -0.5), (4.0, 3.0), (-9.0, 2.0)])
def test_first_guess_finds_a_shift(dx, dy):
    picture = texture(1)
    before, after = (grey(window(picture, 40 + x, 40 + y)) for x, y in ((0, 0), (-dx, -dy)))
    flow, _ = lucas_kanade(before, after)
    error = (flow[0] * CELL - torch.tensor([dx, dy])[:, None, None]).norm(dim=0)
    assert error.median() < 0.25
    assert abs(flow[0, 0].median() * CELL - dx) < 0.15


def test_likeness_is_read_where_it_is_asked_for():
    # one cell of the first map is like one of the second, at (5, 3)
    match, other = torch.zeros(2, 4, 8, 12), torch.zeros(2, 4, 8, 12)
    match[1, :, 2, 4], other[1, :, 3, 5] = 1.0, 1.0
    places = motion_encoder.make_coords_grid(2, 8, 12)
    found = CorrelationPyramid(match, other, levels=2, radius=2).around(places)
    assert found.shape == (2, 2 * 25, 8, 12) and (found[0] == 0).all()
    near = found[1, :25, 2, 4].view(5, 5)  # right before down
    assert near[3, 3] == pytest.approx(4 / 4**0.5) and near.sum() == near[3, 3]
    moved = CorrelationPyramid(match, other, levels=1, radius=2).around(places + 0.5)
    assert moved[1, :, 2, 4].view(5, 5)[2:4, 2:4].flatten().tolist() == pytest.approx([0.5] * 4)
    outside = CorrelationPyramid(match, other, levels=1, radius=0).around(places - 40)
    assert (outside == 0).all()


@pytest.mark.parametrize("cell", [1, 4])
def test_pictures_are_fetched_where_the_flow_of_cells_points(cell):
    """A ramp of light tells the place that was read; between cells the flow is bilinear."""
    flow = torch.from_numpy(np.random.default_rng(3).normal(0, 2 / cell, (2, 2, 6, 9))).float()
    y, x = torch.meshgrid(torch.arange(6.0 * cell), torch.arange(9.0 * cell), indexing="ij")
    dense = flow * cell
    if cell > 1:
        dense = torch.nn.functional.interpolate(dense, scale_factor=cell, mode="bilinear")
    across = (x + dense[:, 0]).clamp(0, 9 * cell - 1)
    down = (y + dense[:, 1]).clamp(0, 6 * cell - 1)
    ramp = (x + 100 * y).expand(2, 1, -1, -1)
    wanted = folded((across + 100 * down)[:, None], cell)
    assert torch.allclose(_warp(ramp, flow, cell), wanted, atol=0.01)


@pytest.mark.parametrize("cell, side", [(8, 3), (4, 3), (2, 5), (1, 5)])
def test_windows_are_averaged_as_far_as_they_are_in_the_picture(cell, side):
    picture = torch.rand(2, 1, 6 * cell, 9 * cell, generator=torch.Generator().manual_seed(4))
    around = torch.nn.AvgPool2d(side, stride=1, padding=side // 2, count_include_pad=False)
    wanted = around(torch.nn.functional.avg_pool2d(picture, cell))[:, 0]
    one, double = _window_means([folded(picture, cell), folded(2 * picture, cell)], 6, 9)
    assert torch.allclose(one, wanted, atol=1e-6) and torch.allclose(double, 2 * wanted, atol=1e-6)


def test_pictures_are_shrunk_by_averaging():
    picture = torch.rand(2, 1, 24, 40, generator=torch.Generator().manual_seed(5))
    for scale in (1, 2, 8):
        assert torch.allclose(
            shrunk(picture, scale), torch.nn.functional.avg_pool2d(picture, scale), atol=1e-6
        )


def test_median_is_that_of_all_nine():
    field = torch.rand(2, 2, 5, 7, generator=torch.Generator().manual_seed(6))
    padded = torch.nn.functional.pad(field, (1, 1, 1, 1), mode="replicate")
    nine = padded.unfold(2, 3, 1).unfold(3, 3, 1).flatten(-2)
    assert torch.equal(median_of_nine(field), nine.median(dim=-1).values)


def test_attention_is_that_of_torch():
    own = CellAttention(16, 4, 32).eval()
    other = torch.nn.TransformerEncoderLayer(16, 4, 32, 0.0, "gelu", batch_first=True, norm_first=True).eval()
    other.load_state_dict(own.state_dict())
    tokens = torch.randn(3, 10, 16, generator=torch.Generator().manual_seed(7))
    assert torch.allclose(own(tokens), other(tokens), atol=1e-5)


def test_first_guess_takes_no_light_for_motion():
    picture = grey(window(texture(2), 40))
    flow, evidence = lucas_kanade(picture, 0.85 * picture + 0.1)
    assert (flow * CELL).abs().max() < 0.2
    assert evidence.shape == (1, 3, 11, 20)


@pytest.mark.parametrize("px", [0.7, 2.0, 6.0])
def test_speed_is_right_whatever_the_frame_rate(encoder, px):
    seen = watch(encoder, film(pan(4, 12, px)))
    expected = px * FPS / 160
    assert np.median(seen.before[1:]) == pytest.approx(expected, rel=0.25)
    assert np.median(seen.after[:-1]) == pytest.approx(expected, rel=0.25)
    slower = watch(encoder, film(pan(4, 12, px), fps=FPS / 2))
    assert np.median(slower.before[1:]) == pytest.approx(np.median(seen.before[1:]) / 2, rel=0.05)


def test_noise_and_flicker_are_not_motion(encoder):
    still = window(texture(5), 30)
    flicker = [still * (1 + 0.1 * np.sin(i)) for i in range(12)]
    moving = watch(encoder, film(pan(5, 12, 2.0)))
    for frames in (film([still] * 12, noise=4), film(flicker, noise=1)):
        assert np.median(watch(encoder, frames).before) < 0.1 * np.median(moving.before[1:])


def test_batches_do_not_show(encoder, monkeypatch):
    frames = film(pan(7, 11, 1.0))
    whole = watch(encoder, frames)
    monkeypatch.setattr(motion, "BATCH", 4)
    parts = watch(encoder, frames)
    assert whole.dynamics.shape == (11, motion_encoder.DYNAMICS_WIDTH)
    for name in ("times_s", "dynamics", "before", "after"):
        np.testing.assert_allclose(getattr(whole, name), getattr(parts, name), atol=2e-4)


@pytest.mark.parametrize("n", [1, 2])
def test_shortest_films(encoder, n):
    seen = watch(encoder, film(pan(8, n, 2.0)))
    assert len(seen.times_s) == len(seen.dynamics) == n
    assert seen.before[0] == seen.after[-1] == 0.0


def test_dynamics_tell_motion_apart(encoder):
    def z(px):
        return watch(encoder, film(pan(9, 8, px, start=40.0))).dynamics[2:-2].mean(axis=0)

    still, slow, fast, other = z(0.0), z(1.0), z(4.0), z(-4.0)
    assert np.linalg.norm(fast - still) > np.linalg.norm(slow - still) > 0
    assert np.linalg.norm(fast - other) > 0.2 * np.linalg.norm(fast - still)


@pytest.mark.parametrize("height, width", [(90, 160), (160, 90), (160, 160), (32, 160), (1080, 1920)])
def test_working_size(height, width):
    size = motion_encoder.working_size(height, width)
    assert all(side % 8 == 0 and side >= 64 for side in size)
    assert 0.5 < size[0] * size[1] / motion_encoder.WORKING_AREA_PX < 2.1


def test_other_weights_are_refused(tmp_path):
    path = tmp_path / "wrong.safetensors"
    path.write_bytes(b"no weights at all")
    with pytest.raises(WeightsError, match=r"wrong\.safetensors"):
        motion_encoder.load(path)
