"""Loops: whole bars, no ending, and an inaudible seam."""

import json

import numpy as np
import pytest
from conftest import dyvim
from helpers.imagined_films import film as imagined

from dyvim_cli.composer import load_embedded
from dyvim_cli.errors import UsageError
from dyvim_cli.media.sound_reading import read_audio
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.music.mixing.looping import OneRound
from dyvim_cli.options import ComposeOptions
from dyvim_cli.types import SAMPLE_RATE, STEPS_PER_BAR

FRAME = SAMPLE_RATE // 100


@pytest.mark.parametrize("length_s", [5.0, 7.3, 11.0])
def test_a_piece_that_goes_round_has_whole_bars_and_no_ending(length_s):
    film = imagined(1, length_s)
    score = write_score(film, ComposeOptions(style="pop", seed=3, candidates=1, loops=True), load_embedded())
    assert score.tempo_map.n_steps % STEPS_PER_BAR == 0 and score.tempo_map.played.all()
    assert score.tempo_map.step_times_s[-1] == pytest.approx(length_s)
    assert not {"intro", "outro"} & {role for *_, role in score.sections}
    starts = np.sort([note.start_s for stem in score.stems for note in stem.notes])
    assert starts[0] < 0.02 and length_s - starts[-1] < 60 / score.tempo_map.bpm


def test_a_round_is_cut_out_of_blocks_and_ends_with_what_leads_up_to_it():
    rng = np.random.default_rng(1)
    sound = np.cumsum(rng.normal(size=(6000, 2)), axis=0).astype(np.float32)
    part = OneRound(2000, 3000)
    found = np.concatenate([part.of(block) for block in np.array_split(sound, 7)])
    n = part.n_seam
    assert len(found) == 3000 and np.array_equal(found[:-n], sound[2000 : 5000 - n])
    assert np.allclose(found[-1], sound[1999], atol=1e-3)


@pytest.fixture(scope="module")
def loop(film, tmp_path_factory):
    """A film's music that goes round, its stems, and all that is said of it."""
    folder = tmp_path_factory.mktemp("loop")
    extras = ("--music", folder / "loop.wav", "--stems", folder / "stems", "--json")
    options = ("--seed", 4, "--style", "lofi", "--candidates", 1, "--loop", *extras)
    done = dyvim("score", film, "-o", folder / "scored.mp4", *options)
    assert done.returncode == 0, done.stderr
    return folder, read_audio(folder / "loop.wav")[0], json.loads(done.stdout)


def level_db(sound: np.ndarray) -> float:
    return 10 * np.log10(np.mean(sound.astype(float) ** 2) + 1e-12)


def spectrum(sound: np.ndarray) -> np.ndarray:
    """[24] levels of bands in dB."""
    power = np.abs(np.fft.rfft(sound.mean(axis=1) * np.hanning(len(sound)))) ** 2
    edges = np.geomspace(2, len(power) - 1, 25).astype(int)
    return 10 * np.log10(
        [power[a : max(b, a + 1)].mean() + 1e-9 for a, b in zip(edges, edges[1:], strict=False)]
    )


def change(sound: np.ndarray, at: int) -> float:
    """Mean change of the bands in dB between two windows of 20 ms; the second has `at` in its middle."""
    before, after = (spectrum(sound[at + a * FRAME : at + (a + 2) * FRAME]) for a in (-3, -1))
    return float(np.abs(after - before).mean())


def test_nobody_hears_the_seam(loop, film):
    _, sound, _ = loop
    assert len(sound) == round(6.4 * SAMPLE_RATE)
    twice = np.concatenate([sound, sound])
    seam = len(sound)
    jumps = np.abs(np.diff(twice, axis=0)).max(axis=1)
    around = jumps[seam - 2400 : seam + 2400]
    assert jumps[seam - 1] <= np.percentile(np.delete(around, 2399), 99)
    # ring over the seam: the last moments before it are as loud as the music, without a fade
    assert level_db(twice[seam - 10 * FRAME : seam]) > level_db(sound) - 20
    # a note begins at the seam, so what changes there is compared with what changes at the other beats
    beats = [round(seam * (1 + beat / 16)) for beat in range(1, 16)]
    others = [change(twice, at + shift * FRAME) for at in beats for shift in (-1, 0, 1)]
    assert change(twice, seam) <= max(others)


def test_stems_go_round_as_well(loop):
    folder, sound, facts = loop
    stems = [read_audio(path)[0] for path in sorted((folder / "stems").glob("*.wav"))]
    assert len(stems) > 1 and level_db(sum(stems) - sound) < level_db(sound) - 60


def test_musicgen_makes_none():
    from dyvim_cli.composer import check_options

    with pytest.raises(UsageError, match="no music that loops"):
        check_options(ComposeOptions(model="debug", loops=True), False)
