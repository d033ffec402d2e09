"""The public Python functions, called as a user would."""

import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import FRACTAL, MOVING, cut_film

import dyvim_cli as dyvim
from dyvim_cli.types import Soundtrack


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return cut_film(tmp_path_factory.mktemp("api") / "clip.mp4", MOVING, FRACTAL, seconds=1.5)


def test_the_import_is_light():
    code = (
        "import sys, dyvim_cli as d; assert not {'torch', 'numpy'} & set(sys.modules);"
        "assert {'score', 'analyse', 'DyvimError'} <= set(dir(d)); d.styles;"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_stages_one_after_the_other(film, tmp_path):
    features = dyvim.analyse(film)
    assert features.duration_s == pytest.approx(3.0, abs=0.05)
    music = dyvim.compose(features, style="jazz", alpha=0.5, seed=7, candidates=1)
    assert music.style == "jazz" and any(stem.notes for stem in music.stems)
    sound = dyvim.render(music, features.duration_s, stems=True)
    assert sound.samples.shape == (round(features.duration_s * 48000), 2) and sound.sample_rate == 48000
    assert set(sound.stems) == {stem.name for stem in music.stems}
    out = dyvim.mux(film, sound, tmp_path / "out.mp4")
    assert out.path.is_file() and out.picture_copied
    again = dyvim.render(dyvim.compose(features, style="jazz", seed=7, candidates=1), features.duration_s)
    assert np.array_equal(again.samples, sound.samples)


def test_all_at_once_and_judged(film, tmp_path):
    result = dyvim.score(film, tmp_path / "scored.mp4", style="pop", seed=1, candidates=1)
    assert result.output == tmp_path / "scored.mp4" and result.facts["style"] == "pop"
    report = dyvim.evaluate(result.output)
    assert report.n_cuts == 1
    with pytest.raises(dyvim.OutputError):
        dyvim.score(film, tmp_path / "scored.mp4", style="pop", seed=1)


@pytest.mark.parametrize(
    "options",
    [{"style": "polka"}, {"alpha": 2.0}, {"colour": "red"}, {"keep_audio": "loud"}, {"model": "debug"}],
)
def test_bad_options_are_refused_before_any_work(film, options, monkeypatch):
    monkeypatch.setattr("dyvim_cli.media.decode.frames", lambda *a, **k: pytest.fail("the film was watched"))
    verb = dyvim.compose if "model" in options else dyvim.score
    with pytest.raises(dyvim.UsageError):
        verb(film, **options)


SOUND = Soundtrack(np.zeros((4800, 2), np.float32), 48000)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda film: dyvim.analyse(None), "film = None is not a path"),
        (lambda film: dyvim.analyse(b"clip.mp4"), "not a path"),
        (lambda film: dyvim.analyse(film, progress=print), "no method update"),
        (lambda film: dyvim.compose(film), "not a FilmFeatures"),
        (lambda film: dyvim.render(film), "Path, not a Score"),
        (lambda film: dyvim.export("song.wav", "song.mp3"), "sound is a str, not a Soundtrack"),
        (lambda film: dyvim.mux(film, 3, "out.mp4"), "sound = 3 is not a path"),
        (lambda film: dyvim.mux(film, SOUND, "out.mp4", loudness="loud"), "unknown loudness 'loud'"),
        (lambda film: dyvim.mux(film, SOUND, "out.mp4", keep_audio="yes"), "unknown keep_audio 'yes'"),
        (lambda film: dyvim.mux(film, SOUND, "out.mp4", midi="a.mid"), "unknown option 'midi'"),
        (lambda film: dyvim.score(film, seed=1.5), "seed = 1.5 is not a whole number"),
        (lambda film: dyvim.score(film, key="H minor"), "'H minor' is not a Key"),
        (lambda film: dyvim.score(film, device="gpu"), "unknown device 'gpu'"),
        (lambda film: dyvim.score(film, overwite=True), "unknown option 'overwite'"),
    ],
)
def test_wrong_arguments_are_named(film, call, what, monkeypatch):
    monkeypatch.setattr("dyvim_cli.media.decode.frames", lambda *a, **k: pytest.fail("the film was watched"))
    with pytest.raises(dyvim.UsageError, match=what) as raised:
        call(film)
    assert raised.value.hint


def test_the_hint_for_a_misspelt_option_knows_those_of_delivery(film):
    with pytest.raises(dyvim.UsageError) as raised:
        dyvim.score(film, overwite=True)
    assert raised.value.hint.startswith("overwrite?")


def test_text_options_and_the_device_of_one_call(film, monkeypatch):
    monkeypatch.setenv("DYVIM_DEVICE", "cuda:7")  # of an earlier experiment
    features = dyvim.analyse(film)
    music = dyvim.compose(features, key="D minor", seed=1, candidates=1, device="cpu")
    assert str(music.key) == "D minor" and os.environ["DYVIM_DEVICE"] == "cuda:7"
    with pytest.raises(dyvim.UsageError, match="duration_s = -1"):
        dyvim.render(music, -1)
    assert all("\n" not in repr(each) and len(repr(each)) < 200 for each in (features, music, SOUND))


def test_what_is_no_film_is_named(tmp_path):
    with pytest.raises(dyvim.InputError, match="missing"):
        dyvim.analyse(tmp_path / "missing.mp4")


def test_styles_describe_themselves():
    styles = dyvim.styles()
    assert len(styles) == len({style.name for style in styles}) >= 10
    assert all(style.description and style.bpm[0] < style.bpm[1] for style in styles)


def test_a_notebook_plays_a_soundtrack():
    sound = Soundtrack(np.zeros((4800, 2), np.float32), 48000)
    assert sound.duration_s == 0.1 and sound.wav_bytes()[:4] == b"RIFF"
    assert "<audio" in sound._repr_html_()


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "m4a"])
def test_a_part_is_exported_in_many_formats(tmp_path, suffix):
    from dyvim_cli.media.sound_reading import read_audio

    tone = np.sin(2 * np.pi * 440 * np.arange(96000) / 48000).astype(np.float32) * 0.5
    sound = Soundtrack(np.stack([tone, tone], axis=1), 48000)
    path = dyvim.export(sound, tmp_path / f"part.{suffix}", start_s=0.5, end_s=1.5)
    samples, rate = read_audio(path)
    assert len(samples) / rate == pytest.approx(1.0, abs=0.08)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.05)
    with pytest.raises(dyvim.OutputError):
        dyvim.export(sound, path)


def test_a_part_that_is_none_and_a_format_that_is_none_are_refused(tmp_path):
    sound = Soundtrack(np.zeros((4800, 2), np.float32), 48000)
    with pytest.raises(dyvim.UsageError):
        dyvim.export(sound, tmp_path / "a.wav", start_s=3.0)
    with pytest.raises(dyvim.UsageError):
        dyvim.export(sound, tmp_path / "a.polka")
    assert not list(tmp_path.iterdir())


def test_names_that_are_not_there():
    with pytest.raises(AttributeError, match="polka"):
        _ = dyvim.polka


@pytest.mark.parametrize(
    ("hint", "in_python"),
    [
        ("add --overwrite, or name another file with -o", "add overwrite=True, or name another file"),
        ("use --device auto, cpu or mps", "use device=auto, cpu or mps"),
        ("see `dyvim score --help`", "see help(dyvim.score)"),
        ("--tempo 96", "tempo_bpm=96"),
        ("-o music.wav, .flac or .mp3", "music.wav, .flac or .mp3"),
        ("ffmpeg -i film.mp4 -vf fps=5 film.mkv", "ffmpeg -i film.mp4 -vf fps=5 film.mkv"),
        ("--max-pixels 9, if there is memory for it", "--max-pixels 9, if there is memory for it"),
    ],
)
def test_hints_speak_of_python(hint, in_python):
    from dyvim_cli.api_arguments import python_hint

    assert python_hint(hint) == in_python


def test_errors_of_the_functions_hint_at_their_arguments(film, tmp_path):
    (tmp_path / "there.mp4").write_bytes(b"")
    with pytest.raises(dyvim.OutputError) as raised:
        dyvim.score(film, tmp_path / "there.mp4", candidates=1)
    assert raised.value.hint == "add overwrite=True, or name another file"


@pytest.mark.parametrize("span", [(-1, None), (2, 1), (9, None), ("a", None), (0, 0)])
def test_a_part_of_a_film_that_is_none_is_refused(film, span):
    with pytest.raises(dyvim.UsageError):
        dyvim.analyse(film, start_s=span[0], end_s=span[1])
