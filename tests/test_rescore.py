"""A new cut keeps its music: shots are found again, their bars stay to the token, what changed is new."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import dyvim, run_ffmpeg
from helpers.imagined_films import film as imagined
from helpers.old_pieces import old_piece_of_eight_seconds

from dyvim_cli.cli.options.desk import as_like
from dyvim_cli.composer import load_embedded
from dyvim_cli.desk.kept_pieces import kept_piece, name_of
from dyvim_cli.desk.like import made_by
from dyvim_cli.errors import UsageError
from dyvim_cli.film_plan import PlannedSection
from dyvim_cli.media.decode import frames
from dyvim_cli.media.probe import probe
from dyvim_cli.model.compose.carried import carried_plan
from dyvim_cli.model.compose.new_events import leaned
from dyvim_cli.music.timing.relaid import NONE, relaid
from dyvim_cli.old_piece import Footage, FootageRun, Recut
from dyvim_cli.options import ComposeOptions
from dyvim_cli.rescoring import old_piece
from dyvim_cli.vision.cuts import find_cuts
from dyvim_cli.vision.frame_differences import FrameDifferencer
from dyvim_cli.vision.prints import prints_of
from dyvim_cli.vision.recut import match_footage

SOURCES = (
    "testsrc2", "mandelbrot=start_scale=2", "life=mold=10:ratio=0.1:seed=3:death_color=#C83232", "testsrc",
    "cellauto=seed=4", "smptehdbars",
)  # fmt: skip
A, B, C, D = (0, 0.0, 2.0), (1, 0.4, 2.4), (2, 1.0, 2.6), (3, 0.0, 2.0)  # source, from, to: 7.6 s together
NEW = (5, 0.0, 2.4)
FRAMES_14_S = 14 / 25


def film(path, *shots, effect="null", size="160x90"):
    """A film of these shots."""
    inputs, chain = [], ""
    for i, (source, start, end) in enumerate(shots):
        name = SOURCES[source]
        inputs += [
            "-f",
            "lavfi",
            "-t",
            str(end),
            "-i",
            name + ("=" if "=" not in name else ":") + "rate=25:size=160x90",
        ]
        chain += f"[{i}:v]trim={start}:{end},setpts=PTS-STARTPTS,setsar=1,fps=25,format=yuv420p[v{i}];"
    chain += "".join(f"[v{i}]" for i in range(len(shots)))
    chain += f"concat=n={len(shots)}[w];[w]{effect},scale={size.replace('x', ':')}[v]"
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "32")
    run_ffmpeg(*inputs, "-filter_complex", chain, "-map", "[v]", *codec, str(path))
    return path


def footage(path) -> Footage:
    """Fingerprint data of a film, without its other features."""
    watch, prints, times_s = FrameDifferencer(), [], []
    for frame in frames(probe(path), 160):
        prints += [*prints_of(watch.see(frame.pixels[None]).thumbs)]
        times_s.append(frame.time_s)
    cuts, _ = find_cuts(watch.differences, watch.structures, watch.lights)
    end_s = probe(path).duration_s
    return Footage(end_s, np.stack(prints), np.array(times_s), np.array([0, *np.array(times_s)[cuts], end_s]))


@pytest.fixture(scope="module")
def old_footage(tmp_path_factory):
    return footage(film(tmp_path_factory.mktemp("old") / "old.mp4", A, B, C, D))


RECUTS = {  # shots of the new cut, and its runs: from, to, and where the old cut has them
    "smaller": ((A, B, C, D), [(0, 7.6, 0)]),
    "start trimmed": (((0, 0.8, 2.0), B, C, D), [(0, 6.8, 0.8)]),
    "end trimmed": ((A, B, C, (3, 0.0, 1.2)), [(0, 6.8, 0)]),
    "swapped": ((A, C, B, D), [(0, 2, 0), (2, 3.6, 4), (3.6, 5.6, 2), (5.6, 7.6, 5.6)]),
    "inserted": ((A, B, NEW, C, D), [(0, 4, 0), (4, 6.4, None), (6.4, 10, 4)]),
    "removed": ((A, C, D), [(0, 2, 0), (2, 5.6, 4)]),
    "cut moved": ((A, (1, 0.4, 2.4 + FRAMES_14_S), (2, 1.56, 2.6), D), [(0, 7.6, 0)]),
    "trimmed inside": ((A, (1, 0.4, 1.6), C, D), [(0, 3.2, 0), (3.2, 6.8, 4)]),
}


@pytest.mark.parametrize("name", RECUTS)
def test_shots_are_found_again_wherever_they_went(old_footage, tmp_path, name):
    shots, wanted = RECUTS[name]
    new = footage(film(tmp_path / "new.mp4", *shots, size="128x72"))
    found = [(run.from_s, run.to_s, run.old_s) for run in match_footage(new, old_footage)]
    assert len(found) == len(wanted)
    for run, expected in zip(found, wanted, strict=True):
        assert (run[2] is None) == (expected[2] is None)
        assert [x for x in run if x is not None] == pytest.approx(
            [x for x in expected if x is not None], abs=0.06
        )


def test_a_film_at_another_speed_is_found_whole(old_footage, tmp_path):
    new = footage(film(tmp_path / "new.mp4", A, B, C, D, effect="setpts=PTS/1.1,fps=25"))
    (run,) = match_footage(new, old_footage)
    assert run.rate == pytest.approx(1.1, abs=0.01) and run.old_s == 0


def test_a_strange_film_is_not_found(old_footage, tmp_path):
    assert [run.old_s for run in match_footage(footage(film(tmp_path / "new.mp4", NEW)), old_footage)] == [
        None
    ]


@pytest.fixture(scope="module")
def piece():
    return old_piece_of_eight_seconds()


def test_what_moved_keeps_its_steps_and_its_place_in_the_bar(piece):
    runs = (
        FootageRun(0, 2.2, 0.0),
        FootageRun(2.2, 4.2, 4.0),
        FootageRun(4.2, 6.1, 2.0),
        FootageRun(6.1, 8.1, 6.0),
    )
    grid = relaid(piece, runs, np.array([2.2, 4.2, 6.1]))
    lasts = np.diff(grid.step_times_s) > 0
    assert (np.diff(grid.step_times_s) >= 0).all() and grid.step_times_s[-1] == pytest.approx(8.1, abs=0.13)
    known = grid.source != NONE
    assert (np.flatnonzero(known) % 16 == grid.source[known] % 16).all() and not lasts[~known].any()
    for old_step, at_s in ((32, 2.2), (16, 4.2), (48, 6.1)):
        step = int(np.flatnonzero(grid.source == old_step)[-1])
        assert grid.step_times_s[step] == pytest.approx(at_s, abs=1e-9)


def test_a_new_stretch_gets_whole_beats_and_a_cut_inside_what_goes_on_moves_nothing(piece):
    grid = relaid(
        piece,
        (FootageRun(0, 4, 0.0), FootageRun(4, 5.6, None), FootageRun(5.6, 9.6, 4.0)),
        np.array([2, 4, 5.6, 7.6]),
    )
    new = np.flatnonzero((grid.source == NONE) & (np.diff(grid.step_times_s) > 0))
    assert len(new) % 4 == 0 and grid.step_times_s[new[0]] == 4.0
    assert grid.step_times_s[np.flatnonzero(grid.source == 32)[0]] == pytest.approx(5.6)
    same = relaid(piece, (FootageRun(0, 8, 0.0),), np.array([2, 4.56, 6]))
    assert np.array_equal(same.source, np.arange(64)) and np.allclose(same.step_times_s, piece.step_times_s)


def test_a_film_at_another_speed_gets_that_tempo(piece):
    section = PlannedSection(0.0, "theme", 0, 0.0, 0.0, ("melody",))
    piece = replace(piece, plan=replace(piece.plan, sections=(section,)))
    runs = (FootageRun(0, 6.4, 0.0, 1.25),)
    grid = relaid(piece, runs, np.array([1.6, 3.2, 4.8]))
    plan = carried_plan(Recut(piece, runs), grid, imagined(1, 6.4))
    assert plan.bpm == pytest.approx(1.25 * piece.plan.bpm)
    slower = (FootageRun(0, 5, 0.0), FootageRun(5, 6.5, 5.0, 2.0))  # one shot alone
    assert carried_plan(Recut(piece, slower), grid, imagined(1, 6.5)).bpm == piece.plan.bpm


def test_a_cut_that_moved_by_one_frame_takes_its_beat_along(piece):
    grid = relaid(piece, (FootageRun(0, 8, 0.0),), np.array([2, 3.96, 6]))
    cuts = {
        "event_times_s": np.array([2, 3.96, 6]),
        "event_weights": np.ones(3),
        "event_kinds": np.zeros(3, int),
    }
    moved_s = leaned(piece, grid, replace(imagined(1, 8.0), **cuts), 4).step_times_s
    assert moved_s[32] == pytest.approx(3.96, abs=0.009) and moved_s[[16, 48]].tolist() == [2, 6]


def test_movements_where_they_were_leave_the_grid_as_it_was(piece):
    grid = relaid(piece, (FootageRun(0, 8, 0.0),), np.array([2, 4, 6]))
    events = {
        "event_times_s": np.array([1.19, 2, 4, 6]), "event_weights": np.array([0.9, 1, 1, 1]),
        "event_kinds": np.array([1, 0, 0, 0]),
    }  # fmt: skip
    same_s = leaned(piece, grid, replace(imagined(1, 8.0), **events), 4).step_times_s
    assert np.array_equal(same_s, grid.step_times_s)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A scored film, and the folder of its cuts."""
    folder = tmp_path_factory.mktemp("cuts")
    film(folder / "old.mp4", A, B, C, D)
    options = ("--seed", 5, "--style", "pop", "--candidates", 1, "--json")
    done = dyvim("score", folder / "old.mp4", "-o", folder / "old.dyvim.mp4", *options)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def rescored(folder, name, *shots, options=()):
    """(facts, old piece, new piece) of a new cut."""
    film(folder / f"{name}.mp4", *shots)
    asked = ("-o", folder / f"{name}.dyvim.mp4", "--json", *options)
    done = dyvim("rescore", folder / f"{name}.mp4", "--from", folder / "old.dyvim.mp4", *asked)
    assert done.returncode == 0, done.stderr
    pieces = [
        kept_piece(made_by(folder / f"{each}.dyvim.mp4", is_known=True)["piece"]) for each in ("old", name)
    ]
    return json.loads(done.stdout), *pieces, done.stderr


def test_a_cut_moved_by_14_frames_moves_its_hit_and_nothing_else(scored):
    folder, was = scored
    shots = (A, (1, 0.4, 2.4 + FRAMES_14_S), (2, 1.56, 2.6), D)
    facts, old, new, said = rescored(folder, "moved", *shots)
    assert facts["recut"]["new_bars"] == [] and facts["recut"]["kept_bars"] >= facts["recut"]["bars"] - 2
    assert "bars are as they were; new bars: none" in said
    assert {name: facts[name] for name in ("style", "key", "seed")} == {
        name: was[name] for name in ("style", "key", "seed")
    }
    cut = next(hit for hit in facts["hits"] if abs(hit["film_s"] - 4.56) < 0.01)
    assert cut["is_met"] and abs(cut["error_ms"]) <= 10
    melody_and_chords = [1, 2, 6]
    assert np.array_equal(new.tokens[melody_and_chords], old.tokens[melody_and_chords])
    beats = np.abs(new.step_times_s[:-1] - 4.28) > 0.28 + 5 * 15 / old.bpm  # away from both places of the cut
    assert np.array_equal(new.tokens[:, beats], old.tokens[:, beats])
    assert not np.array_equal(new.tokens, old.tokens)
    assert new.programs == old.programs


def test_an_insertion_is_composed_and_all_else_stays(scored):
    folder, _ = scored
    facts, old, new, _ = rescored(folder, "longer", A, B, NEW, C, D)
    inserted = facts["recut"]["stretches"][1]
    assert inserted["was_at_s"] is None and facts["recut"]["new_bars"]
    first, last = inserted["bars"]
    assert set(facts["recut"]["new_bars"]) <= set(range(first, last + 1))
    n = int(np.searchsorted(old.step_times_s, 4.0)) // 4 * 4
    assert np.array_equal(new.tokens[:, :n], old.tokens[:, :n])
    assert all(abs(hit["error_ms"]) <= 10 for hit in facts["hits"] if hit["film_s"] in (4.0, 6.4))


def test_a_piece_that_is_not_kept_any_more_is_composed_again_to_the_note(scored):
    scored_film = scored[0] / "old.dyvim.mp4"
    options = as_like(ComposeOptions(), scored_film, set(), is_known=True)
    again, notes = old_piece(scored_film, options, load_embedded(), False, None)
    assert not notes and name_of(again) == made_by(scored_film)["piece"]


def test_another_film_and_a_film_that_says_nothing_are_refused(scored):
    folder, _ = scored
    film(folder / "other.mp4", NEW)
    done = dyvim("rescore", folder / "other.mp4", "--from", folder / "old.dyvim.mp4", "-o", folder / "x.mp4")
    assert done.returncode == 2 and "shows nothing of" in done.stderr and not (folder / "x.mp4").exists()
    with pytest.raises(UsageError, match="does not say how its music was made"):
        made_by(folder / "old.mp4")
