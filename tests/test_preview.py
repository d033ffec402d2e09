"""Previews are a part of the same piece."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from conftest import dyvim
from helpers.imagined_films import film as imagined

from dyvim_cli.cli.options.parsing import parse_span
from dyvim_cli.composer import compose, load_embedded
from dyvim_cli.desk.kept_mastering import name_of_sound
from dyvim_cli.errors import UsageError
from dyvim_cli.job_checks import checked_film
from dyvim_cli.media.cut import plan_cut
from dyvim_cli.media.probe import probe
from dyvim_cli.media.sound_reading import read_audio
from dyvim_cli.music.mixing import mastering, part
from dyvim_cli.music.mixing.loudness import Meter
from dyvim_cli.options import ComposeOptions, Delivery
from dyvim_cli.preview import FADE_OUT_S, part_to_deliver
from dyvim_cli.progress import Silent
from dyvim_cli.sounding import sounded
from dyvim_cli.timeline import loudness_facts
from dyvim_cli.types import SAMPLE_RATE


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
    with part_to_deliver(seen, plan_cut(seen), tmp_path / "music.wav", Delivery(preview_s=span_s)) as shown:
        cut = soundfile.read(shown.music, dtype="float32")[0]
        first = round(shown.options["start_s"] * 48000)
        assert shown.options["fade_out_s"] == FADE_OUT_S
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


@pytest.fixture(scope="module")
def piece():
    """Nine seconds of rock."""
    return compose(
        imagined(1, 9.0), ComposeOptions(style="rock", seed=3, candidates=1), load_embedded(), Silent()
    )


@pytest.fixture
def short_blocks(monkeypatch):
    """Blocks of a second, behind a run-in of four."""
    for module in (mastering, part):
        monkeypatch.setattr(module, "BLOCK_FRAMES", SAMPLE_RATE)
    monkeypatch.setattr(part, "RUN_IN_FRAMES", 4 * SAMPLE_RATE)


def test_a_part_alone_has_the_samples_of_the_whole(piece, short_blocks):
    whole, heard = np.concatenate(list(mastering.produce_blocks(piece, 9.0))), Meter()
    n = len(whole)

    def made(first: int, stop: int, known=None) -> np.ndarray:
        return np.concatenate(list(part.produce_part(piece, n, (first, stop), heard, known)))

    assert np.array_equal(made(100, 70_000), whole[100:70_000])  # the whole is played, and its gains are kept
    gains = heard.curves
    assert np.array_equal(made(0, 100_000, gains), whole[:100_000])
    late = made(330_000, n, gains)
    assert len(late) == n - 330_000
    # the rounding noise below 15 Hz of filters in float32 is all that a run-in leaves
    assert np.abs(late - whole[330_000:]).max() < 3e-4 < 1e-3 * np.abs(whole).max()


def test_another_part_of_a_piece_is_heard_without_playing_it_all(piece, film, monkeypatch, tmp_path):
    monkeypatch.setenv("DYVIM_CACHE", str(tmp_path))
    seen, played = probe(film), []
    sound = part.mix_blocks

    def spied(*arguments):
        played.append(arguments[5:])
        return sound(*arguments)

    monkeypatch.setattr(part, "mix_blocks", spied)

    def preview(*span_s, use_cache=True):
        asked = Delivery(preview_s=span_s), Silent(), None, None, use_cache
        with sounded(piece, None, seen, plan_cut(seen), 9.0, *asked) as made:
            return soundfile.read(made.path, dtype="float32")[0], made

    first, told = preview(0.0, 3.0)
    again, told_again = preview(0.0, 3.0)
    assert played == [(), (0, 2 * part.BLOCK_FRAMES)] and np.array_equal(first, again)
    assert loudness_facts(told.meter) == loudness_facts(told_again.meter)
    preview(0.0, 3.0, use_cache=False)
    assert played[-1] == ()


def test_the_name_of_a_sound_is_of_all_that_decides_it(piece, tmp_path):
    font = tmp_path / "a.sf2"
    font.write_bytes(b"one")
    stems = piece.stems
    louder = replace(stems[0].notes[0], velocity=stems[0].notes[0].velocity - 1)
    changed = replace(stems[0], notes=(louder, *stems[0].notes[1:]))
    names = [
        name_of_sound(piece, 1000, None),
        name_of_sound(piece, 1001, None),
        name_of_sound(replace(piece, style="jazz"), 1000, None),
        name_of_sound(replace(piece, stems=(changed, *stems[1:])), 1000, None),
        name_of_sound(replace(piece, tokens=piece.tokens[:, ::-1]), 1000, None),
        name_of_sound(piece, 1000, str(font)),
    ]
    font.write_bytes(b"another")
    names.append(name_of_sound(piece, 1000, str(font)))
    assert len(set(names)) == len(names) and names[0] == name_of_sound(replace(piece), 1000, None)
