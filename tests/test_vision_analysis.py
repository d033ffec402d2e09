"""A film's whole way through vision."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import run_ffmpeg
from helpers.vision_scenes import Frame, ball, film, pan

from dyvim_cli import code_digest
from dyvim_cli.errors import InputError
from dyvim_cli.types import STYLES, FilmFeatures
from dyvim_cli.vision.analysis import analyse, sample_frames
from dyvim_cli.vision.keyframes import CANDIDATES, Candidates
from dyvim_cli.vision.motion_encoder import DYNAMICS_WIDTH
from dyvim_cli.vision.settings import SEEN_BY, cache_settings, settings


@pytest.fixture(scope="module")
def features(film: object, request) -> FilmFeatures:
    from dyvim_cli.media.decode import frames
    from dyvim_cli.media.probe import probe

    info = probe(film)
    return analyse(frames(info), info.duration_s)


@pytest.fixture(scope="module", name="film")
def _film(tmp_path_factory):
    from conftest import FRACTAL, LIFE, MOVING, cut_film

    return cut_film(tmp_path_factory.mktemp("film") / "film.mp4", MOVING, FRACTAL, LIFE)


def test_shapes_and_ranges(features):
    n = len(features.times_s)
    assert features.duration_s == pytest.approx(4.8, abs=0.05)
    assert n / features.duration_s >= 10
    assert features.dynamics.shape == (n, DYNAMICS_WIDTH) and features.dynamics.dtype == np.float32
    assert features.energy.shape == features.novelty.shape == (n,)
    assert (features.energy >= 0).all() and (np.diff(features.times_s) > 0).all()
    assert ((features.novelty >= 0) & (features.novelty <= 1)).all()
    assert ((features.event_weights >= 0) & (features.event_weights <= 1)).all()
    assert (np.diff(features.event_times_s) >= 0).all()
    assert features.scene_starts_s[0] == 0 and len(features.scene_labels) == len(features.scene_moods)
    assert (np.abs(features.scene_moods) <= 1).all()
    assert len(features.key_times_s) == len(features.key_features) > 0
    assert features.style_scores.shape == (len(STYLES),)
    assert features.style_scores.sum() == pytest.approx(1, abs=1e-4)
    assert all(np.isfinite(value).all() for value in vars(features).values())


def test_cuts_of_a_real_film_are_exact(features):
    cuts = features.event_times_s[features.event_kinds == 0]
    assert cuts == pytest.approx([1.6, 3.2], abs=1e-3)


def test_same_film_same_features(film, features):
    from dyvim_cli.media.decode import frames
    from dyvim_cli.media.probe import probe

    info = probe(film)
    again = analyse(frames(info), info.duration_s)
    for name, value in vars(features).items():
        np.testing.assert_array_equal(value, getattr(again, name))


def test_nothing_happens_in_a_still_film():
    seen = analyse(film(pan(1, 75, 0.0), noise=3), 3.0)
    assert len(seen.event_times_s) == 0
    assert seen.scene_starts_s.tolist() == [0.0]
    assert np.median(seen.energy) < 0.02
    assert seen.novelty.max() < 0.2


def test_a_ball_that_bounces_is_hit():
    xs = 30 + np.abs(((np.arange(125) * 3.5) + 100) % 200 - 100)  # turns every 100 px
    turns = np.flatnonzero(np.diff(np.sign(np.diff(xs)))) + 1
    seen = analyse(film(ball(np.stack([xs, np.full(125, 45.0)], axis=1))), 5.0)
    near = np.abs(seen.event_times_s[:, None] - turns[None] / 25.0)
    assert (near.min(axis=0) <= 0.1).all()
    assert len(seen.event_times_s) <= len(turns) + 1


def test_no_frames():
    with pytest.raises(InputError):
        analyse([], 1.0)


def test_one_frame():
    seen = analyse(film(pan(1, 1, 0)), 0.04)
    assert len(seen.times_s) == 1 and len(seen.event_times_s) == 0


@pytest.mark.parametrize("fps", [10, 12, 15, 23.976, 25, 29.97, 30])
def test_sampling_is_even_and_dense_enough(fps):
    frames = [Frame(i / fps, np.zeros((2, 2, 3), np.uint8)) for i in range(100)]
    times = [frame.time_s for frame, chosen in sample_frames(frames) if chosen]
    assert 9.99 <= (len(times) - 1) / (times[-1] - times[0]) + 1e-6 <= 15.01
    assert np.diff(times)[:-1].std() < 0.005
    assert [frame for frame, _ in sample_frames(frames)] == frames


def test_sampling_follows_variable_rates():
    times = np.cumsum(np.random.default_rng(1).choice([1 / 60, 1 / 30, 0.09], 300))
    chosen = [
        f.time_s for f, c in sample_frames([Frame(t, np.zeros((2, 2, 3), np.uint8)) for t in times]) if c
    ]
    assert np.diff(chosen).max() <= 0.1002 + 1e-9


def test_candidates_are_bounded_and_keep_every_shot():
    kept = Candidates()
    for i in range(4000):
        kept.offer(i * 0.5, i // 100, np.zeros((2, 2, 3), np.uint8))
    assert len(kept.kept) <= CANDIDATES
    assert {frame.shot for frame in kept.kept} == set(range(40))
    picked = kept.nearest(np.array([0.0, 0.1, 1000.0]))
    assert [frame.time_s for frame in picked] == sorted({frame.time_s for frame in picked})


def test_settings_are_part_of_the_key():
    assert {"vision", "motion_encoder", "width"} <= set(settings())


def test_code_that_decides_the_features_is_part_of_the_key(tmp_path):
    left_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(code_digest.PACKAGE, tmp_path, ignore=left_out, dirs_exist_ok=True)

    def now() -> str:
        code_digest.digest.cache_clear()
        code_digest.closure.cache_clear()
        return code_digest.digest(code_digest.closure(SEEN_BY, tmp_path), tmp_path)

    known = [now()]
    assert cache_settings()["code"] == known[0] and "code" not in settings()
    for name in ("vision/events.py", "media/opening.py", "media/timing.py", "types.py"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b"# changed\n")
        known.append(now())
    assert len(set(known)) == 5
    for name in ("media/mux.py", "music/form/chord_plan.py", "pipeline.py"):
        (tmp_path / name).write_text("")
        assert now() == known[-1]
    for path in tmp_path.rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert now() == known[-1]


LOADED = """
import json, sys
from pathlib import Path
from dyvim_cli.watching import features_of
features_of(Path(sys.argv[1]), use_cache=False)
files = [m.__file__ for n, m in sys.modules.items() if n.partition(".")[0] == "dyvim_cli"]
print(json.dumps(files))
"""


def test_all_that_runs_while_a_film_is_watched_is_part_of_the_key(tmp_path):
    film = tmp_path / "film.mp4"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1", "-pix_fmt", "yuv420p", str(film))
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(film)], capture_output=True, text=True, check=True
    )
    ran = {Path(file).relative_to(code_digest.PACKAGE).as_posix() for file in json.loads(done.stdout)}
    assert "media/opening.py" in ran
    assert ran <= set(code_digest.closure(SEEN_BY))


@pytest.mark.parametrize(
    "text", ["from dyvim_cli.a import (\n    b,  # why\n)", "def f():\n    import dyvim_cli.a.b"]
)
def test_imports_are_followed_wherever_they_stand(text, tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("__init__.py", "a/__init__.py", "a/b.py", "c.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "root.py").write_text(text + "\n")
    assert code_digest.closure(("root.py",), tmp_path) == (
        "__init__.py",
        "a/__init__.py",
        "a/b.py",
        "root.py",
    )
