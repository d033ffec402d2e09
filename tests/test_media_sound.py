"""Sound files: every format there and back."""

import os

import numpy as np
import pytest
import soundfile
from helpers.media_films import make_film

from dyvim_cli.errors import InputError, OutputError, UsageError
from dyvim_cli.media.sound import convert_audio, scratch_folder, sound_writer, stem_writer, write_audio
from dyvim_cli.media.sound_reading import read_audio

RATE = 48_000


def chord(seconds=1.5):
    """[n, 2] two tones, one per side."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    return np.stack([0.5 * np.sin(2 * np.pi * hertz * time_s) for hertz in (330, 440)], 1).astype(np.float32)


@pytest.mark.parametrize("extension", ["wav", "flac", "mp3", "ogg", "opus", "m4a"])
def test_written_sound_reads_back_in_time_and_level(tmp_path, extension):
    samples = chord()
    path = write_audio(tmp_path / f"a.{extension}", samples, RATE)
    back, rate = read_audio(path)
    assert rate == RATE and abs(len(back) - len(samples)) <= 1200
    shared = slice(2000, min(len(back), len(samples)) - 2000)
    tolerance = 2e-7 if extension in ("wav", "flac") else 0.03
    assert np.abs(back[shared] - samples[shared]).max() < tolerance


def test_lossless_is_24_bit(tmp_path):
    import soundfile

    for extension in ("wav", "flac"):
        info = soundfile.info(write_audio(tmp_path / f"a.{extension}", chord(), RATE))
        assert (info.subtype, info.samplerate, info.channels) == ("PCM_24", RATE, 2)


def test_converting_keeps_length_and_tags(tmp_path):
    import av

    plain = write_audio(tmp_path / "plain.wav", chord(), RATE)
    path = convert_audio(plain, tmp_path / "song.mp3", metadata={"comment": "dyvim seed=3"})
    with av.open(str(path)) as container:
        assert container.metadata["comment"] == "dyvim seed=3"
    flac = convert_audio(plain, tmp_path / "song.flac")
    assert np.array_equal(read_audio(flac)[0], read_audio(plain)[0])


def test_a_steady_tone_is_not_taken_for_something_else(tmp_path):
    import soundfile

    tone = (0.9 * np.sin(2 * np.pi * 1000 * np.arange(3 * RATE) / RATE)).astype(np.float32)
    path = tmp_path / "tone.wav"  # ffmpeg left to itself takes this for a transport stream
    soundfile.write(path, np.stack([tone, tone], 1), RATE, subtype="FLOAT")
    assert np.allclose(read_audio(path)[0][:, 0], tone, atol=1e-6)


def test_what_cannot_be_written_or_read(tmp_path):
    with pytest.raises(UsageError, match="not a sound format"):
        write_audio(tmp_path / "a.xyz", chord(), RATE)
    (tmp_path / "a.wav").write_text("words")
    with pytest.raises(OutputError, match="exists already"):
        write_audio(tmp_path / "a.wav", chord(), RATE, overwrite=False)
    silent_film = make_film(tmp_path, ".mp4", sound=None)
    for path in (tmp_path / "a.wav", tmp_path / "none.wav", silent_film):
        with pytest.raises(InputError):
            read_audio(path)
    assert not list(tmp_path.glob(".*"))


def test_sound_is_clipped_not_wrapped(tmp_path):
    loud = 2 * chord()
    back, _ = read_audio(write_audio(tmp_path / "loud.wav", loud, RATE))
    assert np.abs(back - np.clip(loud, -1, 1)).max() < 1e-6


def test_stems_are_written_block_by_block_and_appear_together(tmp_path):
    bass, drums = np.linspace(-0.5, 0.5, 2 * 4800, dtype=np.float32).reshape(2, -1), np.ones((2, 4800))
    with stem_writer(tmp_path, 0.3, overwrite=False) as write:
        for _ in range(3):
            write("bass", bass)
            write("drums", drums * 1.5)
        assert not list(tmp_path.glob("*.wav"))
    read, rate = soundfile.read(tmp_path / "bass.wav")
    assert rate == 48000 and np.allclose(read, np.tile(bass.T, (3, 1)), atol=1e-6)
    assert soundfile.read(tmp_path / "drums.wav")[0].min() > 0.999  # clipped, not wrapped
    with pytest.raises(OutputError), stem_writer(tmp_path, 0.3, overwrite=False) as write:
        write("lead", bass)
        write("bass", bass)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bass.wav", "drums.wav"]


def test_ctrl_c_during_the_cleaning_up_still_cleans_up(monkeypatch):
    remove, calls = os.rmdir, []

    def interrupted_once(*args, **named):
        if not calls:
            calls.append(args)
            raise KeyboardInterrupt
        remove(*args, **named)

    with pytest.raises(KeyboardInterrupt), scratch_folder() as folder:
        (folder / "music.wav").write_bytes(b"12")
        monkeypatch.setattr(os, "rmdir", interrupted_once)
    assert calls and not folder.exists()


def test_a_failure_leaves_no_empty_folder_behind(tmp_path):
    folder = tmp_path / "music" / "stems"
    with pytest.raises(KeyboardInterrupt), stem_writer(folder, 0.3, overwrite=False) as write:
        write("bass", np.zeros((2, 4800), np.float32))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    with pytest.raises(KeyboardInterrupt), stem_writer(tmp_path / "mine", 0.3, overwrite=False):
        raise KeyboardInterrupt
    assert (tmp_path / "mine").is_dir()  # it was there before


def test_more_than_four_gigabytes_get_a_header_that_can_say_so(tmp_path):
    with sound_writer(tmp_path / "long.wav", seconds=4 * 3600.0) as write:
        write(np.zeros((480, 2)))
    assert (tmp_path / "long.wav").read_bytes()[:4] == b"RF64"
    assert len(read_audio(tmp_path / "long.wav")[0]) == 480


def test_sound_is_read_from_an_avi_too(tmp_path):
    make_film(tmp_path, ".avi")
    samples, _ = read_audio(tmp_path / "film.avi")
    assert abs(len(samples) / 48000 - 3) < 0.1 and np.abs(samples).max() > 0.1
