"""The paper's figures as files: where z_d comes from, and loss over alpha."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
from helpers.vision_scenes import texture, window
from PIL import Image

from dyvim_cli import weights
from dyvim_cli.training.figures.drawing import _flow_colours, attention_picture
from dyvim_cli.training.figures.findings import alpha_figure
from dyvim_cli.vision.attention import look, triplets_at
from dyvim_cli.vision.motion_encoder import load

pytest.importorskip("matplotlib")


@dataclass
class Frame:
    time_s: float
    pixels: np.ndarray


@pytest.fixture(scope="module")
def moments():
    """A square that travels over a still ground, and the same with nothing moving."""
    ground, other = window(texture(1), 30, 30), texture(2)
    frames = []
    for i in range(5):
        picture = ground.copy()
        left = 40 + 6 * min(i, 2)
        picture[30:60, left : left + 34] = other[:30, :34]
        frames.append(Frame(i * 0.08, picture))
    still = [Frame(1.0 + i * 0.08, frames[-1].pixels) for i in range(4)]
    triplets = triplets_at([*frames, *still], [0.08, 1.08])
    assert [round(time_s, 2) for time_s, _ in triplets] == [0.08, 1.08]
    return look(load(weights.embedded(weights.MOTION_ENCODER)), triplets)


def test_dynamics_come_from_where_it_moves(moments):
    moving, still = moments
    assert moving.speed.max() > 10 * still.speed.max()
    assert moving.on_motion("dynamics") > 1.3 and moving.correlation("dynamics") > 0.3
    assert moving.attention.mean() == pytest.approx(1, abs=1e-4)
    assert moving.attention.shape == moving.dynamics.shape == moving.speed.shape == moving.flow.shape[1:]


def test_the_flows_colour_is_its_direction(moments):
    moving, still = moments
    fastest = np.unravel_index(moving.speed.argmax(), moving.speed.shape)
    to_the_right = _flow_colours(moving.flow)[fastest].astype(int)
    assert to_the_right[0] > to_the_right[2] + 100  # red, as on Baker's wheel
    turned = _flow_colours(-moving.flow)[fastest].astype(int)
    assert turned[2] > turned[0] + 100  # blue


def test_the_attention_picture_shows_every_moment(moments, tmp_path):
    attention_picture({"square": moments, "again": moments[:1]}, tmp_path / "a.png")
    picture = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"), float)
    halves = np.array_split(picture, 2, axis=0)
    assert all(half[:, : half.shape[1] // 2].std() > 20 for half in halves)
    assert halves[1][:, half_width(picture) :].std() < halves[0][:, half_width(picture) :].std() / 3


def half_width(picture) -> int:
    return picture.shape[1] // 2 + 20


def test_loss_over_alpha_is_written_three_ways(tmp_path):
    class Learner:
        def eval(self):
            return self

        def held_out(self, alpha=1.0):
            return {"true": 2 - alpha / 2, "shuffled": 2 + alpha / 4, "none": 2.0}

    table = alpha_figure(Learner(), tmp_path / "out", (0.0, 0.5, 1.0))
    assert table.splitlines()[1].split() == ["0.0", "2.0", "2.0"]
    facts = json.loads((tmp_path / "out" / "alpha.json").read_text())
    assert facts["none"] == 2.0
    assert [row["true"] for row in facts["alphas"]] == [2.0, 1.75, 1.5]
    assert np.asarray(Image.open(tmp_path / "out" / "alpha.png").convert("L")).std() > 5
