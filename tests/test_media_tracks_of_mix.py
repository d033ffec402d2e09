"""Sound tracks of a scored film: the own track under which the music is mixed, and their tags."""

import json

import av
import pytest
from av.stream import Disposition
from conftest import dyvim, run_ffmpeg
from helpers.media_films import H264
from helpers.scored_films import scored, tone

from dyvim_cli.errors import ExitCode, UsageError
from dyvim_cli.media.mux import mux
from dyvim_cli.media.own_tracks import without_our_music
from dyvim_cli.media.probe import probe

SECONDS = 2


def two_tracks(folder, extension):
    """A commentary first, then the main sound that is flagged default."""
    path = folder / f"two{extension}"
    sounds = [f"sine=f={hertz}:r=48000:d={SECONDS}" for hertz in (440, 880)]
    inputs = [word for sound in sounds for word in ("-f", "lavfi", "-i", sound)]
    run_ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=s=160x90:r=25:d={SECONDS}", *inputs, *H264, "-c:a", "aac",
        "-map", "0:v", "-map", "1:a", "-map", "2:a",
        "-metadata:s:a:0", "language=eng", "-metadata:s:a:0", "title=Commentary",
        "-metadata:s:a:0", "handler_name=Commentary", "-disposition:a:0", "comment",
        "-metadata:s:a:1", "language=ger", "-disposition:a:1", "default", str(path),
    )  # fmt: skip
    return path


def tracks(path):
    """(language, title, flags) of every sound track, by PyAV."""
    with av.open(str(path)) as container:
        return [
            (s.language, s.metadata.get("title") or s.metadata.get("handler_name"), s.disposition)
            for s in container.streams.audio
        ]


@pytest.mark.parametrize("extension", [".mkv", ".mp4"])
def test_the_music_is_laid_under_the_default_track_and_the_others_stay_what_they_are(tmp_path, extension):
    film = two_tracks(tmp_path, extension)
    _, result, path = scored(film, tmp_path, keep_audio="mix")
    mixed, commentary = tracks(path)
    assert mixed[:2] == ("ger", "Film sound with music") and mixed[2] & Disposition.default
    assert commentary[:2] == ("eng", "Commentary")
    assert commentary[2] & Disposition.comment and not commentary[2] & Disposition.default


@pytest.mark.parametrize("extension", [".mkv", ".mp4"])
def test_music_as_a_track_of_its_own_is_named_and_plays_by_default(tmp_path, extension):
    _, _, path = scored(two_tracks(tmp_path, extension), tmp_path, keep_audio="track")
    music, commentary, main = tracks(path)
    assert music[1] == "Music" and music[2] & Disposition.default
    assert commentary[:2] == ("eng", "Commentary") and main[0] == "ger"
    assert not (commentary[2] | main[2]) & Disposition.default


def test_one_word_is_no_silence_and_what_is_asked_for_is_never_overruled(tmp_path):
    word = "aevalsrc=0.1*sin(2*PI*300*t)*between(t\\,20\\,20.4):s=48000:d=40"
    silent = "anullsrc=r=48000:d=2"
    films = []
    for name, sound, seconds in (("word", word, 40), ("silent", silent, 2)):
        films.append(tmp_path / f"{name}.mkv")
        run_ffmpeg("-f", "lavfi", "-i", f"color=s=64x64:r=5:d={seconds}", "-f", "lavfi", "-i", sound,
                   *H264, "-c:a", "pcm_s16le", str(films[-1]))  # fmt: skip
    assert scored(films[0], tmp_path)[1].keep_audio == "duck"
    assert scored(films[1], tmp_path)[1].keep_audio == "drop"
    assert scored(films[1], tmp_path, keep_audio="mix", overwrite=True)[1].keep_audio == "mix"


def test_our_own_output_is_refused_or_scored_without_the_old_music(tmp_path):
    film, tag = two_tracks(tmp_path, ".mkv"), {"comment": "dyvim model=embedded seed=1"}
    mixed = scored(film, tmp_path, keep_audio="mix", metadata=tag)[2].rename(tmp_path / "mixed.mkv")
    done = dyvim("score", mixed, "--progress", "none")
    assert done.returncode == ExitCode.USAGE and "--keep-audio drop" in done.stderr
    with pytest.raises(UsageError, match="already"):
        mux(probe(mixed), tone(2), tmp_path / "again.mkv")
    assert mux(probe(mixed), tone(2), tmp_path / "dropped.mkv", keep_audio="drop").keep_audio == "drop"
    apart = scored(film, tmp_path, keep_audio="track", metadata=tag)[2]
    again = mux(probe(apart), tone(2), tmp_path / "again.mkv", keep_audio="track", metadata=tag)
    assert [title for _, title, _ in tracks(again.path)] == ["Music", "Commentary", None]
    assert probe(again.path).comment.count("dyvim model=") == 1
    once = without_our_music(probe(apart), "auto")  # as score does before it muxes
    assert without_our_music(once, "auto") == once and "dyvim model=" not in once.comment
    assert mux(once, tone(2), tmp_path / "under.mkv", keep_audio="duck").keep_audio == "duck"


def test_loudness_on_the_command_line(tmp_path):
    film = two_tracks(tmp_path, ".mkv")
    done = dyvim("mux", film, film, "--loudness", "-20", "--json", "--progress", "none")
    facts = json.loads(done.stdout)
    assert facts["loudness_lufs"] == pytest.approx(-20, abs=0.5) and "moments_lufs" not in facts
    assert "-20.0 LUFS" in done.stderr and "own" in done.stderr
    wrong = dyvim("mux", film, film, "--loudness", "loud")
    assert wrong.returncode == ExitCode.USAGE and "podcast" in wrong.stderr
