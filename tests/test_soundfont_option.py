"""--soundfont: the user's own instruments, with a word for what they lack."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.music_levels import stem_blocks
from helpers.songs import RATE, played
from helpers.synthetic_fonts import STARTED, font, tone
from typer.testing import CliRunner

from dyvim_cli.batch.fingerprint import settings_digest
from dyvim_cli.cli.main import app
from dyvim_cli.composer import check_options
from dyvim_cli.errors import InputError, UsageError
from dyvim_cli.music.mixing.mastering import produce_blocks
from dyvim_cli.music.synth.orchestra import Orchestra, opened
from dyvim_cli.music.synth.soundfont import Patch, Zone, shipped_soundfont, soundfont_paths
from dyvim_cli.options import ComposeOptions, Delivery
from dyvim_cli.types import Note, Stem
from tools.soundfont_writer import to_bytes


@pytest.fixture
def own_font(tmp_path) -> Path:
    """Program 0 alone, as SF2."""
    path = tmp_path / "my band.sf2"
    path.write_bytes(to_bytes(font({"Only One": STARTED})))
    return path


def sound_of(orchestra: Orchestra, stem: Stem) -> np.ndarray:
    return np.concatenate(list(orchestra.blocks(stem, RATE, RATE // 4)), axis=1)


def test_the_users_instrument_plays_where_there_is_one_and_ours_elsewhere(own_font):
    notes = (Note(0.2, 0.6, 60, 90),)
    theirs, ours = Stem("a", 0, False, notes), Stem("b", 73, False, notes)
    orchestra = Orchestra(own_font)
    expected = np.concatenate(list(stem_blocks(opened(own_font), theirs, RATE, RATE)), axis=1)
    np.testing.assert_array_equal(sound_of(orchestra, theirs), expected)
    expected = np.concatenate(list(stem_blocks(shipped_soundfont(), ours, RATE, RATE)), axis=1)
    np.testing.assert_array_equal(sound_of(orchestra, ours), expected)
    (note,) = orchestra.notes([theirs, ours, ours])
    assert note == "my band.sf2 has no program 73 (Flute): the shipped instrument plays it"
    assert Orchestra().notes([theirs, ours]) == []


def test_a_kit_without_a_drum_borrows_that_drum(tmp_path):
    """Of kits the standard one stands in for the others; a key that it lacks is ours."""
    path = tmp_path / "kit.sf2"
    kit = font({"Kit": STARTED | {43: 36 | 40 << 8}}, bank=128, samples=(tone(),))  # keys 36..40
    path.write_bytes(to_bytes(kit))
    stem = Stem("drums", 8, True, (Note(0.1, 0.3, 38, 90), Note(0.5, 0.7, 49, 90)))
    orchestra = Orchestra(path)
    (note,) = orchestra.notes([stem])
    assert "no sound on key 49 of drum kit 8" in note
    sound = sound_of(orchestra, stem)
    assert np.abs(sound[:, : RATE // 3]).max() > 0.01 and np.abs(sound[:, RATE // 2 :]).max() > 0.01


@pytest.mark.parametrize(("rate_hz", "practical_hz"), [(0, 400), (1, 400), (2**32 - 1, 384_000)])
def test_a_rate_without_sense_becomes_the_nearest_practical_one(tmp_path, rate_hz, practical_hz):
    """SoundFont 2.04, 7.10; a sample at gigahertz would fill the memory."""
    path = tmp_path / "odd.sf2"
    path.write_bytes(to_bytes(font({"Odd": STARTED}, samples=(replace(tone(), sample_rate=rate_hz),))))
    assert opened(path).samples[0].sample_rate == practical_hz
    stem = Stem("a", 0, False, (Note(0.2, 0.6, 60, 90),))
    assert np.isfinite(sound_of(Orchestra(path), stem)).all()


@pytest.mark.parametrize(("name", "comment"), [("Pearl Drumkit", b""), ("Pearl", b"Drums")])
@pytest.mark.parametrize("bank", [0, 5])
def test_a_lone_kit_plays_the_drums_wherever_it_stands(tmp_path, name, comment, bank):
    path = tmp_path / "pearl.sf2"
    made = font({name: STARTED}, bank=bank)
    path.write_bytes(to_bytes(replace(made, info=made.info | {"ICMT": comment})))
    notes = (Note(0.1, 0.3, 38, 90),)
    (note,) = Orchestra(path).notes([Stem("drums", 8, True, notes), Stem("tune", 0, False, notes)])
    assert note == "pearl.sf2 has no program 0 (Grand Piano): the shipped instrument plays it"


def test_a_whole_score_sounds_of_it(own_font):
    score = played("pop", 1)
    with_own = np.concatenate(list(produce_blocks(score, 2.0, soundfont=own_font)))
    without = np.concatenate(list(produce_blocks(score, 2.0)))
    assert with_own.shape == without.shape and not np.array_equal(with_own, without)


def test_what_is_no_soundfont_is_said_before_the_work(tmp_path):
    broken, piano = tmp_path / "broken.sf2", tmp_path / "piano.sfz"
    broken.write_bytes(b"no font")
    piano.write_text("<region> sample=a.wav")
    for path, why in ((broken, "broken.sf2"), (piano, "a.wav"), (tmp_path / "gone.sf2", "gone.sf2")):
        with pytest.raises(InputError, match=why):
            check_options(ComposeOptions(soundfont=str(path)), wants_score=False)
    with pytest.raises(UsageError, match="soundfont"):
        check_options(ComposeOptions(soundfont=str(broken), model="debug"), wants_score=False)


def test_generate_says_what_the_soundfont_lacks(film, own_font, tmp_path):
    music = tmp_path / "music.wav"
    asked = ["generate", str(film), "-o", str(music), "--json", "--candidates", "1", "--soundfont"]
    result = CliRunner().invoke(app, [*asked, str(own_font), "--style", "orchestral", "--seed", "1"])
    assert result.exit_code == 0, result.stderr
    assert any("my band.sf2 has no" in said for said in json.loads(result.stdout)["warnings"])
    refused = CliRunner().invoke(app, [*asked, str(tmp_path / "gone.sf3"), "--overwrite"])
    assert refused.exception.exit_code == 3 and "gone.sf3" in refused.exception.message


def test_another_soundfont_is_another_result(own_font, tmp_path):
    delivery = Delivery(tmp_path / "film.mp4")
    plain = settings_digest(ComposeOptions(), delivery)
    theirs = settings_digest(ComposeOptions(soundfont=str(own_font)), delivery)
    other = tmp_path / "other.sf2"
    other.write_bytes(soundfont_paths()[1].read_bytes())
    assert len({plain, theirs, settings_digest(ComposeOptions(soundfont=str(other)), delivery)}) == 3


def test_a_changed_copy_of_a_patch_knows_nothing_of_the_zones_before():
    before, after = (Zone({}, b"", target) for target in (1, 2))
    patch = Patch(b"piano", (before,))
    assert patch.at(60) == (before,)
    assert replace(patch, zones=(after,)).at(60) == (after,)
