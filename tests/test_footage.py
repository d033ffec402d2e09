"""Footage that moves at the music's pace: measured by how far its picture travels, played by that."""

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from dyvim_cli.training.films import footage  # noqa: E402

HEIGHT, WIDTH = 72, 192


def wall(seed: int) -> np.ndarray:
    """A wide picture with something to see everywhere."""
    coarse = np.random.default_rng(seed).integers(0, 255, (18, 200, 3), np.uint8)
    return cv2.resize(coarse, (10 * coarse.shape[1], HEIGHT), interpolation=cv2.INTER_CUBIC)


def pan(speeds_px, seed: int = 0) -> np.ndarray:
    """Frames of a camera that passes a wall at so many px from each frame to the next."""
    picture = wall(seed)
    starts = np.cumsum([0.0, *speeds_px])
    return np.stack(
        [cv2.getRectSubPix(picture, (WIDTH, HEIGHT), (WIDTH / 2 + x, HEIGHT / 2 - 0.5)) for x in starts]
    )


def test_a_take_knows_how_far_its_picture_travels():
    take = footage.measure_travel(pan([1.0] * 10 + [3.0] * 10))
    steps = np.diff(take.travel) * WIDTH
    np.testing.assert_allclose(np.median(steps[:9]), 1.0, rtol=0.15)
    np.testing.assert_allclose(np.median(steps[11:]), 3.0, rtol=0.15)


def test_what_speeds_up_in_the_clip_is_played_evenly():
    take = footage.measure_travel(pan([1.0] * 20 + [3.0] * 20))
    wanted = 2.0 / WIDTH * np.arange(25)
    frames = [take.picture(take.at(t)) for t in wanted]
    travelled = footage.measure_travel(np.stack(frames)).travel
    np.testing.assert_allclose(np.diff(travelled)[1:-1] * WIDTH, 2.0, rtol=0.3)
    assert take.at(0.0) == 0.0 and take.at(take.travel[-1]) == len(take.frames) - 1
    assert take.at(take.travel[-1] * 2.5) == pytest.approx(take.at(take.travel[-1] * 0.5))  # there and back


def test_between_two_frames_the_picture_moves_on_instead_of_fading():
    take = footage.measure_travel(pan([4.0] * 4))
    between, truth = take.picture(1.5), pan([4.0, 2.0])[2]
    inner = slice(8, -8), slice(16, -16)
    moved = np.abs(between[inner].astype(float) - truth[inner]).mean()
    faded = np.abs((take.frames[1][inner] / 2.0 + take.frames[2][inner] / 2.0) - truth[inner]).mean()
    assert moved < 0.5 * faded


def test_takes_end_at_cuts_and_still_ones_are_left_out():
    still, first, second = pan([0.0] * 30), pan([2.0] * 30, seed=1), pan([2.0] * 20, seed=2)
    takes = list(footage.takes_of(np.concatenate([still, first, second])))
    assert [len(take.frames) for take in takes] == [31, 21]


def test_a_film_at_rest_shows_a_still():
    take = footage.measure_travel(pan([2.0] * 30))
    playhead = footage.play_take(take, np.array([0.0, 0.1, 0.1, 0.1, 5.0]), np.random.default_rng(0))
    assert playhead[1] == playhead[2] == playhead[3]
    assert abs(playhead[4] - playhead[3]) < 1.5 * footage.MOST_SPEED  # a still is not made up for
