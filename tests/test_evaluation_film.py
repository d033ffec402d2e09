"""Evaluation of film files: detectors on real films, the command line, reports, baselines."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import soundfile
import typer
from conftest import run_ffmpeg
from helpers.evaluation_planted import SAMPLE_RATE, clicks, jerky_film
from typer.testing import CliRunner

from benchmarks import baselines
from dyvim_cli.cli.verbs.evaluate import evaluate
from dyvim_cli.errors import EnvironmentFault, InputError, UsageError
from dyvim_cli.evaluation.judge import extra
from dyvim_cli.evaluation.judge.audio_events import audio_events
from dyvim_cli.evaluation.judge.judge_film import judge_film
from dyvim_cli.evaluation.judge.sync import sync_report
from dyvim_cli.evaluation.judge.visual_events import VisualEvents, visual_events
from dyvim_cli.evaluation.sweep.agreement import event_agreement
from dyvim_cli.evaluation.sweep.alpha_sweep import sweep, write_sweep
from dyvim_cli.evaluation.sweep.generator import seen_events_s

CUTS_S, TURNS_S, DURATION_S = (1.5, 4.1, 6.0), (0.8, 2.7, 5.1, 7.0), 8.0

app = typer.Typer()
app.command()(evaluate)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A film with three cuts and four turns of the camera, and music that hits them all."""
    folder = tmp_path_factory.mktemp("scene")
    film = jerky_film(folder / "scene.mp4", TURNS_S, CUTS_S, DURATION_S)
    track = clicks(sorted(CUTS_S + TURNS_S), DURATION_S)
    soundfile.write(folder / "hits.wav", track, SAMPLE_RATE)
    return film, folder / "hits.wav"


def test_cuts_and_turns_are_seen(scene):
    seen = visual_events(scene[0])
    assert seen.duration_s == pytest.approx(DURATION_S, abs=0.05)
    assert seen.cut_times_s == pytest.approx(CUTS_S, abs=1e-3)
    assert seen.event_times_s[~seen.is_cut] == pytest.approx(TURNS_S, abs=0.05)
    assert seen.energy.max() < 1  # the jumps at the cuts are bridged: 90 pixels a second of 320


def test_steady_motion_has_no_events(tmp_path):
    seen = visual_events(jerky_film(tmp_path / "pan.mp4", (), (), 3.0))
    assert len(seen.event_times_s) == 0
    assert np.median(seen.energy) == pytest.approx(90 / 320, rel=0.25)


def test_a_fade_is_no_cut(tmp_path):
    path = tmp_path / "fade.mp4"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:d=3", "-vf", "fade=in:0:40,fade=out:50:25", str(path))
    assert len(visual_events(path).cut_times_s) == 0


def test_a_fade_from_black_is_no_storm(tmp_path):
    path = tmp_path / "dawn.mp4"
    # drawn by formula: the source `gradients` is another picture at every run, whatever its seed
    soft = "color=gray:s=320x180:d=3,geq=lum=90+30*X/W+20*Y/H:cb=128:cr=128,fade=in:0:50"
    run_ffmpeg("-f", "lavfi", "-i", soft, "-c:v", "libx264", "-crf", "35", str(path))
    seen = visual_events(path)
    assert seen.energy.max() < 0.05 and len(seen.cut_times_s) == 0 and seen.event_weights.sum() < 0.5


def test_music_that_hits_a_real_film(scene):
    report = sync_report(*scene)
    assert report.n_cuts == 3 and report.cuts_hit_beyond_chance >= 0.95
    assert report.events_hit_beyond_chance >= 0.95
    assert report.matching[0.04].recall.raw >= 0.95
    assert report.matching == sync_report(*scene).matching  # seeded


@pytest.mark.parametrize("name", ["one.mp4", "one.png"])
def test_a_single_frame_has_a_defined_result(tmp_path, scene, name):
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180", "-frames:v", "1", str(tmp_path / name))
    report = judge_film(tmp_path / name, scene[1])
    assert report.picture.duration_s == 0 and report.sync.n_events == 0
    assert report.flow is not None  # of the music as it is
    assert report.sync.cuts_hit_beyond_chance == 0 and report.sync.motion_loudness_correlation == 0


def test_what_is_no_film_is_said_so(tmp_path, scene):
    (tmp_path / "text.mp4").write_text("not a film")
    for film in (tmp_path / "text.mp4", tmp_path / "missing.mp4", scene[1]):
        with pytest.raises(InputError):
            judge_film(film, scene[1])
    with pytest.raises(InputError, match="no sound") as fault:
        judge_film(scene[0])  # no music given
    assert "--music" in fault.value.hint


def test_the_film_s_own_sound_is_judged(tmp_path, scene):
    film = tmp_path / "scored.mkv"
    run_ffmpeg("-i", str(scene[0]), "-i", str(scene[1]), "-c:v", "copy", "-c:a", "aac", str(film))
    assert judge_film(film).sync.cuts_hit_beyond_chance >= 0.95


def invoke(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments] + ["--progress", "none"])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_json_page_and_plot(tmp_path, scene):
    film, music = scene
    plot, page = tmp_path / "plot.png", tmp_path / "page.html"
    options = ["--music", music, "--reference", music, "--plot", plot, "--report", page, "--json"]
    found = json.loads(invoke(film, *options).stdout)
    [facts] = found["films"]
    assert facts["sync"]["cuts_hit_beyond_chance"] >= 0.95
    assert facts["flow"]["onsets_a_s"] == pytest.approx(7 / DURATION_S, abs=0.01)
    assert facts["flow"]["longest_gap_s"] == pytest.approx(1.4, abs=0.1) and facts["flow"]["empty"] > 0.4
    assert found["flow"]["onsets_a_s"]["mean"] == facts["flow"]["onsets_a_s"]
    assert facts["sync"]["matching"]["80ms"]["f1"]["excess"] >= 0.9
    assert facts["literature"]["loris_bhs"] == 1.0 and found["distances"]["frechet_distance"] == 0.0
    assert [e["kind"] for e in facts["events"]].count("cut") == 3
    assert plot.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    text = page.read_text()
    assert "scene.mp4" in text and "judged with" in text and "<svg" in text and 'src="http' not in text
    assert text.count('<tr data-s="') == 7 and text.count('class="beat"') == 7  # every event is met
    assert "<video" not in text  # it would play other music than was judged


def test_table_mean_and_a_bad_film_among_good_ones(tmp_path, scene):
    film, music = scene
    page = tmp_path / "page.html"
    result = invoke(film, tmp_path / "missing.mp4", film, "--music", music, "--report", page)
    lines = result.stdout.splitlines()
    assert result.exit_code == 6 and "missing.mp4" in result.stderr
    blank = lines.index("")
    sync, flow = lines[:blank], lines[blank + 1 :]
    assert sync[0].split()[:3] == ["film", "cuts", "hit"] and len(sync) == len(flow) == 5
    assert sync[1].split()[:3] == ["scene.mp4", "1.00", "1.00"] and "0 = chance" in result.stderr
    assert flow[0].split()[:2] == ["film", "empty"] and "flow: " in result.stderr
    assert flow[1].split()[0] == "scene.mp4" and flow[1].split()[-1] == flow[3].split()[-1] == "0.88"
    assert sync[3].startswith("mean") and sync[4].startswith("95 %") and flow[4].startswith("95 %")
    text = page.read_text()
    assert "onsets/s (95 %: 0.88 to 0.88)" in text and text.count("<dt>pulse</dt>") == 2
    assert text.count("<article") == 3 and "no such file" in text and "(95 %: 1.00 to 1.00)" in text


def test_what_luck_explains_stands_in_brackets_and_still_counts_in_the_mean(tmp_path, scene):
    from dyvim_cli.evaluation.judge.sync import compare
    from dyvim_cli.evaluation.show.tables import summary, table

    picture, cells = visual_events(scene[0]), []
    for shift in (0.7, 1.9, 3.1):
        path = tmp_path / f"{shift}.wav"
        times = np.sort((picture.event_times_s + shift) % DURATION_S)
        soundfile.write(path, clicks(times, DURATION_S), SAMPLE_RATE)
        cells.append(judge_film(scene[0], path))
    rows = table(cells)
    luck = [row[2] for row in rows[1:4] if row[2].startswith("(")]
    raw = [report.sync.matching[0.08].recall.excess for report in cells]
    assert len(luck) >= 2 and f"({raw[0]:.2f})" in luck + [rows[1][2]]
    assert summary(cells)["mean"]["events hit"]["mean"] == pytest.approx(np.mean(raw), abs=1e-4)
    assert compare(picture, cells[0].heard.events).events_hit_beyond_chance == 0


def test_each_event_is_told_which_accent_meets_it(scene):
    from dyvim_cli.evaluation.judge.meetings import meetings

    picture = visual_events(scene[0])
    at = picture.event_times_s
    played = np.array([at[0] + 0.03, at[1], at[2] + 0.2, at[4] - 0.07])
    found = meetings(picture, audio_events(clicks(played, DURATION_S), SAMPLE_RATE))
    assert [m.is_met for m in found] == [True, True, False, False, True, False, False]
    assert [m.film_s for m in found] == pytest.approx(at)
    assert found[0].music_s == pytest.approx(played[0], abs=0.015)
    assert found[2].music_s == pytest.approx(played[2], abs=0.015)  # near, and too late
    assert found[3].accent == 0 and found[6].music_s is None
    assert [m.kind for m in found].count("cut") == 3
    nothing = meetings(picture, audio_events(np.zeros(SAMPLE_RATE), SAMPLE_RATE))
    assert len(nothing) == 7 and not any(m.is_met or m.music_s for m in nothing)


def test_options_that_contradict(scene):
    for options in (
        ["--sweep-alpha", "0,2"],
        ["--sweep-alpha", "a"],
        ["--sweep-alpha", "0,1", "--music", "x"],
    ):
        with pytest.raises(UsageError):
            invoke(scene[0], *options)


def test_without_the_extra_the_hint_says_what_to_install(monkeypatch):
    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(extra, "import_module", missing)
    with pytest.raises(EnvironmentFault) as fault:
        extra.need("mir_eval.util")
    assert "mir_eval" in fault.value.message and fault.value.hint == 'pip install "dyvim[evaluate]"'


def test_the_best_metronome_finds_a_steady_film(scene):
    picture = visual_events(scene[0])
    tempo, first_s = baselines.best_metronome(picture)
    assert 60 <= tempo <= 180 and 0 <= first_s < 1
    assert len(baselines.metronome(picture)) == round(picture.duration_s * baselines.SAMPLE_RATE)
    steady, n = 0.3 + 0.8 * np.arange(7), 7  # 75 BPM
    even = replace(picture, event_times_s=steady, event_weights=np.ones(n), is_cut=np.ones(n, bool))
    tempo, first_s = baselines.best_metronome(even)
    assert tempo == pytest.approx(75, abs=0.5) and first_s == pytest.approx(0.3, abs=0.03)


def test_a_random_shift_is_seeded_and_far():
    track = np.arange(1000)
    shifted = baselines.random_shift(track, 100, seed=3)
    assert sorted(shifted) == list(track) and 125 <= np.argmin(shifted) <= 875
    assert np.array_equal(shifted, baselines.random_shift(track, 100, seed=3))


@pytest.fixture
def fake_generator():
    """Music that gets better with alpha: it hits that share of the film's events."""

    def make(folder, candidates=3):
        def generate(film, alpha, seed):
            events = np.sort(CUTS_S + TURNS_S)
            rng = np.random.default_rng(seed)
            times = np.where(rng.permutation(7) < round(alpha * 7), events, rng.uniform(0.2, 7.8, 7))
            path = folder / f"{alpha}-{seed}.wav"
            soundfile.write(path, clicks(times, DURATION_S), SAMPLE_RATE)
            return path

        return generate

    return make


def test_a_sweep_draws_the_answer_to_alpha(tmp_path, scene, fake_generator, monkeypatch):
    monkeypatch.setattr("dyvim_cli.evaluation.sweep.generator.dyvim_generator", fake_generator)
    plot = tmp_path / "sweep.png"
    result = invoke(scene[0], "--sweep-alpha", "1,0", "--seeds", "3", "--plot", plot, "--json")
    found = json.loads(result.stdout)
    assert found["alphas"] == [0.0, 1.0] and len(found["takes"]) == 6
    low, high = (interval["mean"] for interval in found["mean"]["events hit"])
    agreement = found["agreement"][str(scene[0])]
    assert agreement["n_judge"] >= 5 and agreement["share"] > 0.8
    assert low < 0.5 and high >= 0.95 and plot.stat().st_size > 5000
    assert [len(means) for means in found["flow"].values()] == [2] * 6
    assert found["flow"]["onsets_a_s"][0]["mean"] == pytest.approx(
        np.mean([take["flow"]["onsets_a_s"] for take in found["takes"] if take["alpha"] == 0]), abs=1e-4
    )
    table = invoke(scene[0], "--sweep-alpha", "0,1", "--seeds", "2").stdout
    assert f"{scene[0].name}: the judge sees" in table
    takes = sweep([scene[0]], [0.0, 1.0], range(2), fake_generator(tmp_path, 1), eye=seen_events_s)
    assert write_sweep(takes, tmp_path / "figures") == table.rstrip()
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "figures").iterdir()}
    assert set(sizes) == {"sync.txt", "sync.json", "sync.png"} and sizes["sync.png"] > 5000
    lines = table.splitlines()
    column = ["film", "scene.mp4", "scene.mp4", "mean", "mean"]
    assert [line.split()[0] for line in lines if line] == [*column, *column, "scene.mp4:"]
    assert "pulse" in lines[lines.index("") + 1]


def test_what_one_detector_sees_alone_is_said():
    nothing, cut = np.zeros(0, np.float32), np.zeros(3, bool)
    picture = VisualEvents(
        10.0, nothing, nothing, nothing, np.array([1.0, 4.0, 9.0]), np.array([0.5, 0.3, 0.2]), cut
    )
    found = event_agreement(picture, np.array([0.93, 4.2, 6.0, 9.08]))
    assert (found.n_judge, found.n_composer) == (3, 4)
    assert found.judge_alone_s == (4.0,) and found.composer_alone_s == (4.2, 6.0)
    assert found.share == pytest.approx(0.7)
    blind = event_agreement(picture, nothing)
    assert blind.share == 0 and blind.judge_alone_s == (1.0, 4.0, 9.0) and blind.composer_alone_s == ()


def test_a_film_is_watched_once_for_all_sweeps(scene, monkeypatch):
    from dyvim_cli.evaluation.judge import visual_events as module

    seen = visual_events(scene[0], use_cache=True)
    monkeypatch.setattr(module, "_read_frames", None)  # reading now fails
    again = visual_events(scene[0], use_cache=True)
    assert np.array_equal(seen.event_times_s, again.event_times_s) and again.is_cut.dtype == bool
    assert np.array_equal(seen.energy, again.energy) and seen.duration_s == again.duration_s


def test_the_benchmark_s_table(tmp_path, scene, fake_generator, monkeypatch):
    from benchmarks import bench

    monkeypatch.setattr(bench, "tempo_map_beats", lambda film, seed: (np.array(CUTS_S), np.array([1, 0, 1])))
    generate = fake_generator(tmp_path)
    compared = bench.players(generate, lambda film, alpha, seed: generate(film, 0.5, seed))
    said = []
    on_film = partial(bench.play_and_judge, seeds=2, compared=compared)
    with ThreadPoolExecutor(1) as pool:
        scores = bench.run([scene[0], tmp_path / "missing.mp4"], on_film, pool, said.append)
    assert len(scores) == 16 and "missing.mp4" in said[-1]
    text = bench.page({"Films as they are": scores, "None": []}, 1, "abc1234")
    assert (
        "**Films as they are**: 1 films" in text
        and "None" not in text
        and "3 cuts, 7 events" in text
        and "seeds: 2" in text
        and "abc1234" in text
    )
    sync, flow = (
        [line for line in part.splitlines() if line[:2] == "| "] for part in text.split("Their flow:")
    )
    rows = {line.split("|")[1].strip(): line.split("|")[2:] for line in sync}
    assert [line.split("|")[1] for line in flow] == [line.split("|")[1] for line in sync]
    assert flow[0].split("|")[2].strip() == "empty" and "0." in flow[1].split("|")[2]
    assert len(rows) == 9 and rows["dyvim, alpha 1"][1].startswith(" 1.00")
    assert rows["tempo map alone (clicks on its beats)"][0].startswith(" 1.00")
    others = [float(cells[1].split()[0]) for name, cells in rows.items() if cells[1].strip()[:1].isdigit()]
    assert max(others) == float(rows["dyvim, alpha 1"][1].split()[0])
    readme = tmp_path / "README.md"
    readme.write_text(f"a\n{bench.MARKS[0]}\nlast year\n{bench.MARKS[1]}\nb\n")
    bench.put_between_marks(readme, text)
    assert "last year" not in readme.read_text() and text in readme.read_text()
    readme.write_text("no marks")
    with pytest.raises(ValueError):
        bench.put_between_marks(readme, text)


def test_films_are_cut_together_from_those_that_can_be_read(tmp_path, film):
    from benchmarks import bench
    from benchmarks.montage import draw_shots
    from dyvim_cli.media.probe import probe

    broken = tmp_path / "broken.mp4"
    broken.write_text("no film")
    (path,) = bench.edited([broken, film], 1, tmp_path)
    shots = draw_shots([probe(film).duration_s], seed=0)
    lengths_s = [max(2, round(length_s * 25)) / 25 for _, _, length_s in shots]
    assert len(shots) > 2 and probe(path).duration_s == pytest.approx(sum(lengths_s), abs=0.05)
    joints_s, cuts_s = np.cumsum(lengths_s)[:-1], visual_events(path).cut_times_s
    found = np.abs(joints_s[:, None] - cuts_s[None]).min(axis=1) < 0.001
    assert found.mean() >= 0.7  # two shots of one film may look alike
    assert bench.edited([broken], 2, tmp_path) == []


def test_the_real_generator_in_a_sweep_and_on_a_steady_grid(tmp_path, film):
    from dyvim_cli.evaluation.sweep.generator import dyvim_generator, film_grid, tempo_map_beats
    from dyvim_cli.options import ComposeOptions
    from dyvim_cli.pipeline import features_of

    facts = json.loads(
        invoke(film, "--sweep-alpha", "1", "--seeds", "1", "--candidates", "1", "--json").stdout
    )
    [take] = facts["takes"]
    assert take["sync"]["n_cuts"] == 3 and take["sync"]["n_onsets"] > 3
    steady = np.diff(film_grid(features_of(film), ComposeOptions(alpha=0.0)).step_times_s)
    assert np.ptp(steady) < 1e-6
    beats, _ = tempo_map_beats(film, 0)
    assert max(np.abs(beats - cut).min() for cut in (1.6, 3.2, 4.8)) < 0.02
    first = dyvim_generator(tmp_path, 1, steady=True)(film, 1.0, 0)
    assert soundfile.info(first).duration == pytest.approx(6.4, abs=0.05)


def test_the_music_alone_is_judged_where_it_has_a_track_and_else_it_is_said(tmp_path, scene):
    from helpers.voices import film_with, noise

    from dyvim_cli.media.mux import mux
    from dyvim_cli.media.probe import probe

    film, music = scene
    loud = film_with(tmp_path, noise(probe(film).duration_s, 0.2), ".mkv")
    with_noise = tmp_path / "noisy.mkv"
    run_ffmpeg("-i", str(film), "-i", str(loud), "-map", "0:v", "-map", "1:a", "-c", "copy", str(with_noise))
    tag = {"comment": "dyvim model=embedded seed=1"}
    made = {
        how: mux(probe(with_noise), music, tmp_path / f"{how}.mkv", keep_audio=how, metadata=tag).path
        for how in ("track", "mix")
    }
    alone = judge_film(film, music)
    apart = judge_film(made["track"])
    assert apart.heard.what == "the music alone"
    assert apart.sync.cuts_hit_beyond_chance == pytest.approx(alone.sync.cuts_hit_beyond_chance, abs=0.05)
    page = tmp_path / "page.html"
    result = invoke(made["mix"], "--report", page, "--json")
    assert json.loads(result.stdout)["films"][0]["judged"] == "own sound and music together"
    assert "--music" in result.stderr and "--music FILE" in page.read_text()
