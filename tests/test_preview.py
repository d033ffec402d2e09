"""Previews are a part of the same piece."""

import json

import numpy as np
import pytest
import soundfile
from conftest import dyvim

from dyvim_cli.cli.options.parsing import parse_span
from dyvim_cli.errors import UsageError
from dyvim_cli.job_checks import checked_film
from dyvim_cli.media.cut import plan_cut
from dyvim_cli.media.probe import probe
from dyvim_cli.media.sound_reading import read_audio
from dyvim_cli.options import ComposeOptions, Delivery
from dyvim_cli.preview import FADE_OUT_S, part_to_deliver


def test_a_preview_is_the_pieces_own_seconds_up_to_its_fade(film, tmp_path):
    # mp4: ffmpeg 5.1 reads the beginning of AAC in matroska to the millisecond only
    options = ("--seed", 3, "--candidates", 1, "--json", "--music", tmp_path / "whole.wav")
    done = dyvim("score", film, "-o", tmp_path / "part.mp4", "--preview", "0:00-0:03", *options)
    assert done.returncode == 0, done.stderr
    part, whole = read_audio(tmp_path / "part.mp4")[0], read_audio(tmp_path / "whole.wav")[0]
    assert json.loads(done.stdout)["duration_s"] == pytest.approx(3.0, abs=0.1)
    assert probe(tmp_path / "part.mp4").duration_s < 3.2 and len(whole) == round(6.4 * 48000)
    n = round(2.4 * 48000)
    likeness = np.corrcoef(part[:n].ravel(), whole[:n].ravel())[0, 1]
    assert likeness > 0.99  # but for AAC


@pytest.mark.parametrize("span_s", [(0.0, 3.0), (1.25, 4.0)])
def test_what_a_preview_is_cut_from_is_the_music_to_the_sample(film, tmp_path, span_s):
    noise = np.random.default_rng(0).uniform(-1, 1, (round(6.4 * 48000), 2)).astype(np.float32)
    soundfile.write(tmp_path / "music.wav", noise, 48000, "FLOAT")
    seen = probe(film)
    with part_to_deliver(seen, plan_cut(seen), tmp_path / "music.wav", Delivery(preview_s=span_s)) as part:
        cut = soundfile.read(part.music, dtype="float32")[0]
        first = round(part.options["start_s"] * 48000)
        assert part.options["fade_out_s"] == FADE_OUT_S
        assert np.array_equal(cut[:48000], noise[first : first + 48000])


def test_a_preview_behind_the_film_is_named_before_any_work(film):
    with pytest.raises(UsageError, match="--preview 20-30: fewer than two pictures") as error:
        checked_film(film, ComposeOptions(), Delivery(preview_s=(20.0, 30.0)))
    assert error.value.hint == "it lasts 6.400 s: for example --preview 0-6.4"
    with pytest.raises(UsageError) as error:
        checked_film(film, ComposeOptions(), Delivery(start_s=0.0, end_s=2.0, preview_s=(2.5, 6.0)))
    assert error.value.hint == "it lasts 2.000 s: for example --preview 0-2"


@pytest.mark.parametrize("text", ["0:03", "3-1", "a-b", "1-2-3"])
def test_what_is_no_part_is_refused(text):
    assert parse_span("0:00-0:20") == (0.0, 20.0)
    with pytest.raises(UsageError, match="is no part of a film"):
        parse_span(text)
