"""Dissolves, wipes and fades at their middles, on films that ffmpeg makes, and what is none of them."""

import numpy as np
import pytest
from conftest import run_ffmpeg
from helpers.vision_scenes import FPS, film, pan, texture, window

from dyvim_cli.media.decode import frames
from dyvim_cli.media.probe import probe
from dyvim_cli.vision.cuts import CUT_WEIGHTS
from dyvim_cli.vision.dissolve_middles import LEAST_HALF, area_colours, middle_of
from dyvim_cli.vision.flow import Flow
from dyvim_cli.vision.soft_cuts import SoftCut
from dyvim_cli.vision.transitions import SOFT_WEIGHT, Transitions, TransitionStream, together

A = "mandelbrot=size=160x90:rate=25:start_scale=2"
B = "testsrc2=size=160x90:rate=25"
SHOT_S = 2.4
NO_CUTS = np.zeros(0, np.intp), np.zeros(0, np.float32)


def found_in(path) -> tuple[np.ndarray, Transitions]:
    """(seconds of all cuts, the transitions) of a film."""
    seen, times = TransitionStream(), []
    for frame in frames(probe(path), 160):
        seen.see(frame.pixels[None])
        times.append(frame.time_s)
    found = seen.finish(np.array(times))
    return np.array(times)[found.frames], found


def joined(path, graph: str):
    """A film of two shots of SHOT_S each, joined by a filter."""
    inputs = [word for source in (A, B) for word in ("-f", "lavfi", "-t", str(SHOT_S), "-i", source)]
    both = "[0:v]setsar=1,settb=1/25,format=yuv420p[a];[1:v]setsar=1,settb=1/25,format=yuv420p[b];"
    run_ffmpeg(*inputs, "-filter_complex", both + graph, "-map", "[v]", "-c:v", "libx264", str(path))
    return path


@pytest.mark.parametrize("name, seconds", [
    ("fade", 0.2), ("fade", 0.48), ("fade", 1.0), ("wipeleft", 0.8), ("wipedown", 0.6),
])  # fmt: skip
def test_a_dissolve_or_wipe_is_a_cut_at_its_middle(name, seconds, tmp_path):
    graph = f"[a][b]xfade=transition={name}:duration={seconds}:offset={SHOT_S - seconds}[v]"
    times, found = found_in(joined(tmp_path / "film.mp4", graph))
    assert times == pytest.approx([SHOT_S - seconds / 2], abs=0.1)
    assert len(found.soft) == 1 and 0 < found.weights[0] <= SOFT_WEIGHT


@pytest.mark.parametrize("colour", ["black", "white"])
def test_a_fade_through_a_colour_is_one_cut(colour, tmp_path):
    graph = (
        f"[a]fade=t=out:st=1.9:d=0.5:color={colour}[c];[b]fade=t=in:st=0:d=0.5:color={colour}[d];"
        "[c][d]concat=n=2,fps=25[v]"
    )
    times, _ = found_in(joined(tmp_path / "film.mp4", graph))
    assert times == pytest.approx([SHOT_S], abs=0.1)


def test_a_hard_cut_in_the_last_half_second_is_found_and_stays_hard(tmp_path):
    times, found = found_in(joined(tmp_path / "film.mp4", "[b]trim=end=0.3[c];[a][c]concat=n=2,fps=25[v]"))
    assert times == pytest.approx([SHOT_S], abs=0.01)
    assert not found.soft and found.weights[0] >= CUT_WEIGHTS[0]


def test_a_flash_is_no_cut(tmp_path):
    flash = "[a]drawbox=color=white@.8:t=fill:enable='between(t,1.2,1.26)'[v];[b]nullsink"
    assert len(found_in(joined(tmp_path / "film.mp4", flash))[0]) == 0


def seen(pictures) -> np.ndarray:
    stream = TransitionStream()
    for frame in film(pictures):
        stream.see(frame.pixels[None])
    return stream.finish(np.arange(len(pictures)) / FPS).frames


def whip_pan():
    picture = texture(7, width=1500)
    speed = np.concatenate([np.zeros(20), 50 * np.hanning(24), np.zeros(20)])
    return [window(picture, 10 + x) for x in np.cumsum(speed)]


def slow_pan():
    return pan(4, 90, 3.0)


def light_that_grows():
    return [frame * gain for frame, gain in zip(pan(5, 70, 0.3), np.linspace(0.3, 1.2, 70), strict=True)]


def opens_from_black():
    return [frame * min(1.0, i / 20) for i, frame in enumerate(pan(6, 60, 0.5))]


def closes_to_black():
    return opens_from_black()[::-1]


@pytest.mark.parametrize("scene", [whip_pan, slow_pan, light_that_grows, opens_from_black, closes_to_black])
def test_a_single_take_has_no_cut(scene):
    assert len(seen(scene())) == 0


def test_long_films_are_looked_at_in_pieces_that_do_not_show():
    one, two = pan(1, 400, 0.3), pan(2, 400, 0.3)
    for middle in (118, 128, 140, 256):  # around the borders of the pieces
        share = np.clip((np.arange(400) - middle + 10) / 20, 0, 1)
        assert seen([(1 - s) * a + s * b for s, a, b in zip(share, one, two, strict=True)]) == pytest.approx(
            [middle], abs=2
        )


def test_speckles_of_the_next_picture_are_a_dissolve_too():
    one, two, rng = pan(1, 90, 0.3), pan(2, 90, 0.3), np.random.default_rng(0)
    shares = np.clip((np.arange(90) - 33) / 24, 0, 1)
    speckled = [
        np.where(rng.random((*before.shape[:2], 1)) < share, after, before)
        for share, before, after in zip(shares, one, two, strict=True)
    ]
    assert seen(speckled) == pytest.approx([45], abs=1)


def test_the_middle_of_a_long_dissolve_is_known_though_both_takes_move():
    steps = np.cumsum(0.8 * np.tile(np.repeat([0.0, 1.0], 12), 6)[:130])  # a camera that hurries on and waits
    one, two = ([window(texture(take), 10 + x) for x in steps] for take in (1, 2))
    shares = np.clip((np.arange(130) - 44) / 40, 0, 1)
    assert seen([(1 - s) * a + s * b for s, a, b in zip(shares, one, two, strict=True)]) == pytest.approx(
        [64], abs=1
    )


@pytest.mark.parametrize("half, off", [(8, 3), (15, -6), (22, 8), (27, -5)])
def test_a_dissolve_that_was_found_beside_its_middle_is_moved_there(half, off):
    rng = np.random.default_rng(half)
    share = np.clip((np.arange(160) - 80 + half) / (2 * half), 0, 1)[:, None]
    colours = 90 + 60 * share * rng.uniform(-1, 1, 36) + rng.normal(0, 2, (160, 36))
    assert abs(middle_of(colours, 80 + off, half) - 80) <= 1


def test_the_middle_of_a_dissolve_at_the_edge_of_a_film_is_within_it():
    colours = np.array([np.full(36, 100 + 3 * i, np.uint8) for i in range(20)])
    assert 0 <= middle_of(colours, 10, 9) < 20
    assert middle_of(colours, 10, LEAST_HALF - 1) == 10  # a short one stays where it was found
    assert middle_of(colours[:1].repeat(20, axis=0), 10, 9) in range(20)  # nothing changes


def test_areas_are_averaged_in_all_colours():
    thumb = np.zeros((18, 32, 3), np.float32)
    thumb[:6, :8] = (10, 20, 30)
    assert area_colours(thumb[None]).tolist() == [[10, 20, 30] + 33 * [0]]


def test_a_hard_cut_outweighs_a_dissolve_round_it_and_a_fade_too():
    hard, soft = np.array([100]), [SoftCut(98, 8, 0.1), SoftCut(150, 8, 0.1)]
    found = together(hard, np.array([0.9], np.float32), [SoftCut(152, 12, 0.0)], soft)
    assert found.frames.tolist() == [100, 152]
    assert found.weights == pytest.approx([0.9, SOFT_WEIGHT])


def test_what_seems_to_move_in_a_dissolve_does_not():
    speeds, velocities = np.full(60, 0.1, np.float32), np.full((60, 24, 2), 0.1, np.float32)
    speeds[25:36], velocities[25:36] = 3.0, 3.0
    flow = Flow(np.arange(60) / FPS, speeds, velocities)
    found = together(*NO_CUTS, [], [SoftCut(30, 6, 0.1)])
    assert found.bridged(flow).speeds.max() == pytest.approx(0.1)
    assert found.bridged(flow).velocities.max() == pytest.approx(0.1)
    assert together(*NO_CUTS, [], []).bridged(flow) is flow
