"""Stems for an editor: together they are the music, of one length, and know their place on the timeline."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from conftest import dyvim, run_ffmpeg
from helpers.songs import played

from dyvim_cli.media.broadcast_wave import stamp
from dyvim_cli.music.mixing.mastering import produce
from dyvim_cli.types import STYLES

HALF_A_DAY_S = 12 * 3600


def residue_db(whole: np.ndarray, parts) -> float:
    """Level of the difference of the whole and its parts, relative to the whole."""
    left = whole.astype(float) - sum(part.astype(float) for part in parts)
    return float(10 * np.log10((left**2).mean() / (whole.astype(float) ** 2).mean() + 1e-20))


@pytest.mark.parametrize("style", STYLES)
def test_stems_add_up_to_the_music_and_leave_it_as_it_is(style):
    with_stems, alone = produce(played(style), 3.2, keep_stems=True), produce(played(style), 3.2)
    assert np.array_equal(with_stems.samples, alone.samples)
    assert residue_db(with_stems.samples, with_stems.stems.values()) < -60


@pytest.fixture(scope="module")
def delivered(film, tmp_path_factory):
    """A film of a camera that began at noon, with grouped stems and the music alone, and the facts."""
    folder = tmp_path_factory.mktemp("stems")
    run_ffmpeg("-i", str(film), "-c", "copy", "-timecode", "12:00:00:00", str(folder / "film.mov"))
    options = (
        "--stems",
        folder / "stems",
        "--stem-groups",
        "--music",
        folder / "music.wav",
        "--style",
        "pop",
    )
    done = dyvim(
        "score",
        folder / "film.mov",
        *options,
        "--seed",
        1,
        "--candidates",
        1,
        "--json",
        "-o",
        folder / "o.mov",
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_groups_are_24_bit_48_khz_of_one_length_and_add_up(delivered):
    folder, facts = delivered
    paths = sorted((folder / "stems").iterdir())
    assert {path.stem for path in paths} <= {"bass", "drums", "harmony", "melody"} and len(paths) >= 3
    kinds = {(info.samplerate, info.subtype, info.frames) for info in map(soundfile.info, map(str, paths))}
    assert kinds == {(48000, "PCM_24", round(48000 * facts["duration_s"]))}
    music = soundfile.read(folder / "music.wav")[0]
    assert residue_db(music, [soundfile.read(path)[0] for path in paths]) < -60
    assert facts["mastering"]["gain_db"] > 0 and facts["mastering"]["most_limited_db"] >= 0


def test_every_wave_knows_its_timecode(delivered):
    folder, _ = delivered
    for path in (folder / "music.wav", *(folder / "stems").iterdir()):
        with av.open(str(path)) as sound:
            assert int(sound.metadata["time_reference"]) == HALF_A_DAY_S * 48000
            assert path.stem in sound.metadata["comment"]


@pytest.mark.parametrize("container", ["WAV", "RF64"])
def test_a_stamp_leaves_the_sound_as_it_is(tmp_path, container):
    path, sound = tmp_path / "a.wav", np.random.default_rng(0).uniform(-1, 1, (4801, 2))
    soundfile.write(path, sound, 48000, "PCM_24", format=container)
    before, n_bytes = soundfile.read(path)[0], path.stat().st_size
    stamp(path, 5_000_000_000, "a film: drums")  # beyond 32 bits: a day is 4,147,200,000 samples
    assert np.array_equal(soundfile.read(path)[0], before)
    assert path.stat().st_size == n_bytes + 610
    with av.open(str(path)) as file:
        assert file.metadata["time_reference"] == "5000000000" and file.metadata["encoded_by"] == "dyvim"


def test_stems_of_a_folder_that_holds_groups_are_refused(film, tmp_path: Path):
    (tmp_path / "harmony.wav").touch()
    done = dyvim("score", film, "-o", tmp_path / "o.mp4", "--stems", tmp_path, "--dry-run")
    assert done.returncode == 5 and "harmony.wav" in done.stderr
