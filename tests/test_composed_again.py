"""The music of a scored film is composed again from its tag, and believed only where the film holds it."""

import json

import numpy as np
from conftest import dyvim
from helpers.media_films import heard

from dyvim_cli.evaluation.composed_again import holds, wishes_of
from dyvim_cli.media.sound import read_audio

RATE = 48_000


def test_a_sound_holds_another_under_noise_and_in_pauses_only():
    rng = np.random.default_rng(1)
    music, noise = rng.standard_normal((2, 10 * RATE, 1)).astype(np.float32) * 0.1
    gaps = np.repeat([1.0, 0, 0, 0, 0, 0, 0, 1, 1, 1], RATE)[:, None].astype(np.float32)
    assert holds((0.3 * music + 0.1 * noise, RATE), (music, RATE))
    assert holds((music * gaps + 5 * noise * (1 - gaps), RATE), (music, RATE))
    assert not holds((noise, RATE), (music, RATE)) and not holds((noise[:100], RATE), (music, RATE))


def test_what_a_tag_says():
    wishes = wishes_of(
        "At sea | dyvim model=embedded seed=7 alpha=0.5 style=jazz tempo=99.10 candidates=1 key=C major"
    )
    assert (wishes.seed, wishes.alpha, wishes.style, wishes.candidates) == (7, 0.5, "jazz", 1)
    assert wishes_of("dyvim model=musicgen-small seed=7 alpha=1 style=pop tempo=90.00") is None
    assert wishes_of("a film") is None


def test_evaluate_hears_the_music_alone_in_a_film_with_sound_of_its_own(film, tmp_path):
    from conftest import run_ffmpeg

    noisy, out, music = tmp_path / "noisy.mkv", tmp_path / "out.mkv", tmp_path / "music.wav"
    run_ffmpeg("-i", str(film), "-f", "lavfi", "-i", "anoisesrc=a=0.02:d=6.4:r=48000", "-map", "0:v",
               "-map", "1:a", "-c:v", "copy", "-c:a", "flac", str(noisy))  # fmt: skip
    done = dyvim("score", noisy, "-o", out, "--music", music, "--seed", 3, "--candidates", 1, "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["keep_audio"] == "duck", done.stderr
    whole, alone = (
        json.loads(dyvim("evaluate", *what, "--json", "--progress", "none").stdout)["films"][0]
        for what in ([out], [out, "--music", music])
    )
    assert whole["judged"] == "the music alone" and whole["music"] != str(out)
    assert whole["sync"]["events_hit_beyond_chance"] == alone["sync"]["events_hit_beyond_chance"]
    assert not np.array_equal(heard(out)[:RATE], read_audio(music)[0][:RATE, 0])
