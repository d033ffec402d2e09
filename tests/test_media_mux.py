"""Mux: the picture's packets untouched, everything else kept where it fits, music on time."""

import json

import av
import numpy as np
import pytest
from av.stream import Disposition
from conftest import dyvim, run_ffmpeg
from helpers.media_films import (
    H264,
    SECONDS,
    click_times,
    clicks,
    heard,
    make_film,
    picture_hashes,
    rich_film,
    sound_span,
)
from helpers.scored_films import RATE, scored, tone

from dyvim_cli.errors import ExitCode, InputError, UsageError
from dyvim_cli.media.mux import mux
from dyvim_cli.media.output import film_extension, output_path
from dyvim_cli.media.pictures import pictures
from dyvim_cli.media.probe import probe
from dyvim_cli.media.sound import write_audio

AUDIO_FRAME_S = 1024 / RATE
EXTENSIONS = [".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts"]


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("keep_audio", ["duck", "track", "drop"])
def test_picture_untouched_and_music_as_long_as_it(tmp_path, extension, keep_audio):
    film = make_film(tmp_path, extension)
    _, result, path = scored(film, tmp_path, keep_audio=keep_audio)
    assert picture_hashes(path) == picture_hashes(film)
    assert probe(path).duration_s == pytest.approx(SECONDS, abs=0.002)
    start, end = sound_span(path)
    assert -0.05 < start <= 0.01
    assert end == pytest.approx(SECONDS, abs=AUDIO_FRAME_S + 0.001)
    assert (result.keep_audio, result.picture_copied) == (keep_audio, True)
    # an older ffmpeg hands webm to the newer one at hand, and says so
    assert not [said for said in result.warnings if not said.startswith("written by ")]
    assert len(probe(path).audio) == (2 if keep_audio == "track" else 1)


@pytest.mark.parametrize("extension", [".mkv", ".mp4", ".mov"])
def test_b_frames_leave_an_avi_for_any_container(tmp_path, extension):
    film = make_film(tmp_path, ".avi", options=["-bf", "2"])
    path = mux(probe(film), tone(5), tmp_path / f"scored{extension}").path
    assert picture_hashes(path) == picture_hashes(film)
    assert probe(path).duration_s == pytest.approx(SECONDS, abs=0.002)


@pytest.mark.parametrize("extension", [".mkv", ".mp4", ".mov", ".ts"])
@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_every_framing_of_a_picture_fits_into_avi(tmp_path, extension, encoder):
    quiet = ["-x265-params", "log-level=none"] if encoder == "libx265" else []
    film = make_film(tmp_path, extension, seconds=1, options=["-c:v", encoder, *quiet])
    path = mux(probe(film), (clicks(2), RATE), tmp_path / "scored.avi", keep_audio="drop").path
    assert probe(path).codec == probe(film).codec and probe(path).n_frames == 25
    before, after = pictures(film), pictures(path)
    assert all(np.array_equal(*both) for both in zip(before, after, strict=True))
    reordered_s = 2 / 25  # avi does not say how long a decoder keeps back what it shows later
    assert click_times(heard(path)) == pytest.approx([0.1, 0.6], abs=reordered_s)


def test_music_of_an_avi_with_b_frames_waits_for_the_first_picture(tmp_path):
    film = make_film(tmp_path, ".avi", options=["-bf", "2"])  # an avi counts their delay as time
    assert probe(film).start_s > 0
    music = (clicks(SECONDS + 1), RATE)
    for start_s in (None, 1.4):
        _, result, path = scored(film, tmp_path, music, keep_audio="drop", start_s=start_s, fade_out_s=0.0)
        times = click_times(heard(path))
        assert times == pytest.approx(np.arange(0.1, result.duration_s - 0.01, 0.5), abs=0.0015)
        assert sound_span(path)[1] == pytest.approx(result.duration_s, abs=AUDIO_FRAME_S + 0.001)
        path.unlink()


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("keep_audio", ["mix", "drop"])
@pytest.mark.parametrize("start_s", [None, 1.4])
def test_music_starts_with_the_first_picture(tmp_path, extension, keep_audio, start_s):
    film = make_film(tmp_path, extension, sound="anoisesrc=a=0.001")
    late = tmp_path / f"late{extension}"  # the sound begins before the picture
    run_ffmpeg("-itsoffset", "0.2", "-i", str(film), "-i", str(film), "-map", "0:v", "-map", "1:a",
               "-c", "copy", str(late))  # fmt: skip
    music = (clicks(SECONDS + 1), RATE)
    _, result, path = scored(late, tmp_path, music, keep_audio=keep_audio, start_s=start_s, fade_out_s=0.0)
    times = click_times(heard(path))
    expected = np.arange(0.1, result.duration_s - 0.01, 0.5)
    assert times == pytest.approx(expected[: len(times)], abs=0.0015)
    assert len(times) == len(expected)


@pytest.mark.parametrize("extension", [".gif", ".png"])
def test_what_no_film_container_takes_becomes_h264_and_says_so(tmp_path, extension):
    film = make_film(tmp_path, ".gif", sound=None)
    if extension == ".png":
        run_ffmpeg("-i", str(film), "-f", "apng", str(film := film.with_suffix(".png")))
    info, result, path = scored(film, tmp_path)
    assert path.suffix == ".mp4" and not result.picture_copied
    assert probe(path).n_frames == info.n_frames
    assert probe(path).duration_s == pytest.approx(info.duration_s, abs=0.04)


def test_subtitles_chapters_attachments_covers_and_tags_are_kept(tmp_path):
    film = rich_film(tmp_path)
    _, _, path = scored(film, tmp_path, keep_audio="track", metadata={"comment": "dyvim seed=1"})
    info = probe(path)
    assert [(t.codec, t.language) for t in info.subtitles] == [("subrip", "fra")]
    assert [t.language for t in info.audio][1:] == ["eng", "deu"]
    assert (info.n_chapters, info.n_attachments, info.n_pictures_attached) == (2, 1, 1)
    assert info.comment == "mine | dyvim seed=1"
    assert picture_hashes(path) == picture_hashes(film)
    with av.open(str(path)) as container:
        assert container.metadata["title"] == "My film"
        assert [c["metadata"]["title"] for c in container.chapters()] == ["One", "Two"]


def test_mkv_to_mp4_converts_subtitles_and_says_what_is_lost(tmp_path):
    info = probe(rich_film(tmp_path))
    result = mux(info, tone(1), tmp_path / "out.mp4", metadata={"comment": "dyvim"})
    out = probe(result.path)
    assert [(t.codec, t.language) for t in out.subtitles] == [("mov_text", "fra")]
    assert out.n_chapters == 2 and out.comment == "mine | dyvim"
    assert any("attachment" in warning for warning in result.warnings)
    again = mux(out, tone(1), tmp_path / "again.mp4")  # mp4's own chapter track is no loss
    assert probe(again.path).n_chapters == 2 and again.warnings == ()


@pytest.mark.parametrize("extension", [".mp4", ".mov", ".mkv"])
def test_rotation_is_kept(tmp_path, extension):
    film, turned = make_film(tmp_path, extension), tmp_path / f"turned{extension}"
    run_ffmpeg("-display_rotation", "90", "-i", str(film), "-c", "copy", str(turned), newest=True)
    info, _, path = scored(turned, tmp_path)
    assert probe(path).rotation == info.rotation == 90


@pytest.mark.parametrize("extension", [".mp4", ".mov", ".mkv", ".avi", ".ts"])
@pytest.mark.parametrize("flip", ["-display_hflip", "-display_vflip"])
def test_mirroring_is_kept_or_said_to_be_lost(tmp_path, extension, flip):
    film, mirrored = make_film(tmp_path, ".mp4", seconds=1), tmp_path / "mirrored.mp4"
    run_ffmpeg(flip, "-i", str(film), "-c", "copy", str(mirrored), newest=True)
    info = probe(mirrored)
    result = mux(info, tone(1), tmp_path / f"out{extension}")
    said = [note for note in result.warnings if note.startswith(("mirroring", "rotation"))]
    assert info.orientation.is_mirrored
    if extension in (".mp4", ".mov", ".mkv"):
        assert (probe(result.path).orientation, said) == (info.orientation, [])
    else:
        assert said[-1] == "mirroring dropped: this container does not keep it"
        assert len(said) == 1 + (flip == "-display_vflip")  # upside down is half a turn and mirrored


@pytest.mark.parametrize("extension", [".mov", ".mp4", ".mkv", ".avi", ".ts"])
def test_a_cameras_timecode_is_kept_or_said_to_be_lost(tmp_path, extension):
    film, camera = make_film(tmp_path, ".mov"), tmp_path / "camera.mov"
    run_ffmpeg("-i", str(film), "-c", "copy", "-timecode", "01:00:00:00", "-map", "0", str(camera))
    info = probe(camera)
    result = mux(info, tone(1), tmp_path / f"out{extension}")
    with av.open(str(result.path)) as container:
        tags = {key.lower(): value for key, value in container.streams.video[0].metadata.items()}
    assert info.data_tracks == ("timecode",)
    is_kept = extension in (".mov", ".mp4", ".mkv")
    assert tags.get("timecode") == ("01:00:00:00" if is_kept else None)
    notes = [said for said in result.warnings if not said.startswith("written by ")]
    assert notes == ([] if is_kept else ["data track dropped: timecode"])


def test_own_tracks_are_copied_bit_by_bit_behind_the_music(tmp_path):
    film = make_film(tmp_path, ".mkv")
    _, _, path = scored(film, tmp_path, keep_audio="track")
    assert picture_hashes(path, 2) == picture_hashes(film, 1)
    with av.open(str(path)) as container:
        music, own = container.streams.audio
        assert music.disposition & Disposition.default and not own.disposition & Disposition.default


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_parts_are_cut_at_key_frames_and_copied(tmp_path, extension):
    film = make_film(tmp_path, extension)
    _, result, path = scored(film, tmp_path, start_s=1.4, end_s=2.3)
    assert result.start_s == pytest.approx(1, abs=0.002) and 1.25 < result.duration_s < 1.45
    assert "key frame" in result.warnings[0]
    assert probe(path).duration_s == pytest.approx(result.duration_s, abs=0.002)
    assert sound_span(path)[1] == pytest.approx(result.duration_s, abs=AUDIO_FRAME_S + 0.001)
    hashes = picture_hashes(path)
    whole = picture_hashes(film)
    assert whole[25 : 25 + len(hashes)] == hashes


@pytest.mark.parametrize("start_s", [None, 0.2])
def test_a_film_that_begins_between_key_frames(tmp_path, start_s):
    whole, film = make_film(tmp_path, ".mp4", name="whole", seconds=2), tmp_path / "film.mp4"
    run_ffmpeg("-ss", "1.3", "-i", str(whole), "-c", "copy", str(film))  # an edit list hides 0.3 s
    before = probe(film)
    muxed = mux(before, (np.zeros((48_000, 2), np.float32), 48_000), tmp_path / "out.mp4", start_s=start_s)
    assert picture_hashes(muxed.path) == picture_hashes(film)
    assert probe(muxed.path).duration_s == pytest.approx(before.duration_s, abs=1e-3)


def test_parts_that_hold_nothing_are_refused(tmp_path):
    info = probe(make_film(tmp_path, ".mp4"))
    for start_s, end_s in ((3.5, None), (2.0, 1.0), (1.0, 1.01)):
        with pytest.raises(UsageError):
            mux(info, tone(1), tmp_path / "out.mp4", start_s=start_s, end_s=end_s)
    assert [p.name for p in tmp_path.iterdir()] == ["film.mp4"]


def test_music_from_a_file_and_what_is_none(tmp_path):
    film = make_film(tmp_path, ".mp4")
    music = write_audio(tmp_path / "music.mp3", *tone(1))
    assert sound_span(scored(film, tmp_path, music)[2])[1] == pytest.approx(SECONDS, abs=AUDIO_FRAME_S)
    words = tmp_path / "words.wav"
    words.write_text("no music")
    mute = make_film(tmp_path, ".mp4", sound=None, name="mute")
    for bad in (words, mute, tmp_path / "none.wav"):
        for picture in (film, mute):
            with pytest.raises(InputError, match=bad.name):
                mux(probe(picture), bad, tmp_path / "bad.mp4")
    assert not (tmp_path / "bad.mp4").exists() and not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("encoder", ["libvpx", "libtheora", "mpeg4", "mpeg2video", "mjpeg", "prores", "ffv1"])
def test_a_container_carries_the_picture_whole_or_refuses_it(tmp_path, encoder):
    film = tmp_path / "film.nut"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x96:r=25:d=0.4", "-c:v", encoder, str(film))
    info, carried = probe(film), set()
    for extension in EXTENSIONS:
        path = tmp_path / f"out{extension}"
        try:
            mux(info, tone(1), path)
        except UsageError as refused:
            assert not path.exists() and info.codec in refused.message and ".mkv" in refused.hint
        else:
            assert picture_hashes(path) == picture_hashes(film)
            assert probe(path).codec == info.codec
            carried.add(extension)
    assert ".mkv" in carried and film_extension(film, info.codec) in carried
    assert carried < set(EXTENSIONS)  # webm or the transport stream takes none of these


@pytest.mark.parametrize(
    ("extension", "wrong"), [(".mp4", ".webm"), (".webm", ".mp4"), (".webm", ".ts"), (".gif", ".webm")]
)
def test_a_picture_that_does_not_fit_is_refused_before_the_work(tmp_path, extension, wrong):
    film = make_film(tmp_path, extension)
    out, music = tmp_path / f"out{wrong}", write_audio(tmp_path / "music.wav", *tone(1))
    for verb in (["score", film], ["mux", film, music]):
        done = dyvim(*verb, "-o", out, "--progress", "json")
        assert done.returncode == ExitCode.USAGE and not done.stdout and not out.exists()
        assert out.name in done.stderr and ".mkv" in done.stderr and '"stage"' not in done.stderr


def test_paths_that_look_like_options_or_protocols(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    odd = make_film(tmp_path, ".mp4").rename(tmp_path / "-a: b%d [x]'ü.mp4")
    info = probe(odd.relative_to(tmp_path))
    path = mux(info, tone(1), output_path(info.path, info.codec)).path.absolute()
    assert path.name == "-a: b%d [x]'ü.dyvim.mp4" and picture_hashes(path) == picture_hashes(odd)


def test_mux_on_the_command_line(tmp_path):
    film = make_film(tmp_path, ".mp4")
    music = write_audio(tmp_path / "music.wav", *tone(1))
    done = dyvim("mux", film, music, "--json", "--progress", "none")
    facts = json.loads(done.stdout)
    assert facts["keep_audio"] == "duck" and facts["path"] == str(tmp_path / "film.dyvim.mp4")
    again = dyvim("mux", film, music)
    assert again.returncode == ExitCode.OUTPUT and "--overwrite" in again.stderr and not again.stdout


def test_variable_rate_survives(tmp_path):
    film = tmp_path / "phone.mp4"
    uneven = "settb=1/1000,setpts='if(lt(N,10),N/25,0.4+(N-10)/10)/TB'"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1", "-vf", uneven, "-fps_mode", "vfr",
               "-enc_time_base", "1:1000", *H264, str(film))  # fmt: skip
    info, _, path = scored(film, tmp_path)
    assert picture_hashes(path) == picture_hashes(film)
    assert probe(path).duration_s == pytest.approx(info.duration_s, abs=0.002)


@pytest.mark.parametrize("extension", [".mp4", ".avi"])
def test_pictures_before_the_first_key_frame_are_kept(tmp_path, extension):
    whole, film = make_film(tmp_path, extension, name="whole"), tmp_path / f"film{extension}"
    cut = ["-bsf:v", "noise=drop=eq(n\\,0)", "-copyinkf"]
    run_ffmpeg("-i", str(whole), "-map", "0", "-c", "copy", *cut, str(film))
    assert len(picture_hashes(film)) == len(picture_hashes(whole)) - 1
    result = mux(probe(film), (clicks(SECONDS), RATE), tmp_path / f"out{extension}")
    assert picture_hashes(result.path) == picture_hashes(film)


def test_pictures_without_times_of_their_own_are_given_some(tmp_path):
    """A program stream has one time per packet, which may hold several pictures."""
    film = tmp_path / "film.mpg"
    coded = ["-c:v", "mpeg2video", "-bf", "2", "-b:v", "50k", "-f", "mpeg"]
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x96:r=25:d=2", *coded, str(film))
    with av.open(str(film), container_options={"fflags": "-genpts"}) as container:
        container.flags &= ~1  # libavformat: AVFMT_FLAG_GENPTS
        assert any(packet.pts is None for packet in container.demux(video=0) if packet.size)
    result = mux(probe(film), (clicks(SECONDS), RATE), tmp_path / "out.mkv")
    assert picture_hashes(result.path) == picture_hashes(film)
