"""Streams besides the picture and the first sound are kept, re-encoded, or reported as lost."""

import hashlib

import av
import numpy as np
import pytest
from conftest import run_ffmpeg
from helpers import odd_films
from helpers.media_films import H264, picture_hashes

from dyvim_cli.errors import InputError
from dyvim_cli.media import attempts, checking
from dyvim_cli.media.checking import check_copy
from dyvim_cli.media.clock import packets
from dyvim_cli.media.cut import Cut, plan_cut
from dyvim_cli.media.mux import mux
from dyvim_cli.media.probe import probe
from dyvim_cli.media.programs import newer_ffmpeg

RATE = 48_000
MUSIC = (np.full((RATE, 2), 0.01, np.float32), RATE)


def two_tracks(path, codec: str, *options: str):
    """A film with two sound tracks of one coding."""
    sounds = ["-f", "lavfi", "-i", "sine=330:r=48000:d=1", "-f", "lavfi", "-i", "sine=660:r=48000:d=1"]
    coding = ["-map", "0", "-map", "1", "-map", "2", *H264, "-c:a", codec, "-ac", "2", "-strict", "-2"]
    picture = ["-f", "lavfi", "-i", f"{odd_films.SMALL}:d=1"]
    run_ffmpeg(*picture, *sounds, *coding, *options, str(path), newest=True)
    return path


def sound(path, track: int) -> np.ndarray:
    """A track decoded by PyAV, mono [n] float32."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        resampler = av.AudioResampler("flt", "mono", RATE)
        pieces = [piece for frame in container.decode(stream) for piece in resampler.resample(frame)]
    return np.concatenate([piece.to_ndarray().ravel() for piece in pieces])


@pytest.mark.parametrize(
    ("codec", "source", "extension", "written", "is_said"),
    [("pcm_s16le", ".mov", ".mp4", "alac", True), ("flac", ".mkv", ".mp4", "alac", True),
     ("truehd", ".mkv", ".mov", "alac", True), ("aac", ".mkv", ".webm", "opus", True),
     ("pcm_s16be", ".mov", ".avi", "pcm_s16le", True), ("pcm_s16le", ".mov", ".ts", "aac", True),
     ("pcm_bluray", ".m2ts", ".m2ts", "pcm_bluray", False), ("pcm_bluray", ".m2ts", ".mkv", "flac", True)],
)  # fmt: skip
def test_own_tracks_are_carried_or_encoded_so_that_they_play(
    tmp_path, codec, source, extension, written, is_said
):
    packets_of_192 = ["-mpegts_m2ts_mode", "1"] if source == ".m2ts" else []
    film = two_tracks(tmp_path / f"film{source}", codec, *packets_of_192)
    if extension == ".webm":  # whose pictures are others
        film, h264 = film.with_name("film.webm.mkv"), film
        run_ffmpeg("-i", str(h264), "-map", "0", "-c", "copy", "-c:v", "libvpx", str(film))
    result = mux(probe(film), MUSIC, tmp_path / f"out{extension}", keep_audio="track")
    out = probe(result.path)
    assert [track.codec for track in out.audio[1:]] == [written, written]
    said = [note for note in result.warnings if "encoded as" in note]
    assert len(said) == (2 if is_said else 0)
    for track in (0, 1):
        before, after = sound(film, track), sound(result.path, track + 1)
        n = min(len(before), len(after), 40_000)
        is_lossy = written in ("aac", "opus")  # that may begin a little later
        assert is_lossy or np.corrcoef(before[8000:n], after[8000:n])[0, 1] > 0.99
        assert after[8000:n].std() == pytest.approx(before[8000:n].std(), rel=0.1)


def test_m2ts_stays_m2ts(tmp_path):
    film = two_tracks(tmp_path / "film.m2ts", "ac3", "-mpegts_m2ts_mode", "1")
    out = mux(probe(film), MUSIC, tmp_path / "out.m2ts").path.read_bytes()
    assert len(out) % 192 == 0 and set(out[4::192]) == {0x47}


def test_a_track_that_nothing_decodes_is_left_out_with_a_note(tmp_path):
    film = two_tracks(tmp_path / "film.mov", "pcm_s16le")
    data = film.read_bytes()
    second = data.rindex(b"sowt")
    film.write_bytes(data[:second] + b"apac" + data[second + 4 :])
    assert [track.is_known for track in probe(film).audio] == [True, False]
    result = mux(probe(film), MUSIC, tmp_path / "out.mov", keep_audio="track")
    assert len(probe(result.path).audio) == 2
    assert result.warnings == ("sound track 2 dropped: its coding is not known",)


def hevc_film(path):
    """HEVC as mkv and other cameras have it, named hev1 in mp4."""
    picture = ["-f", "lavfi", "-i", f"{odd_films.SMALL}:d=1"]
    run_ffmpeg(
        *picture, "-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p", str(path)
    )
    return path


@pytest.mark.parametrize("source", [".mkv", ".mp4"])
@pytest.mark.parametrize("extension", [".mp4", ".mov"])
def test_hevc_is_named_so_that_quicktime_plays_it(tmp_path, source, extension):
    film = hevc_film(tmp_path / f"film{source}")
    assert probe(film).codec_tag in ("hev1", "")
    result = mux(probe(film), MUSIC, tmp_path / f"out{extension}")
    assert probe(result.path).codec_tag == "hvc1"
    assert picture_hashes(result.path) == picture_hashes(film)


def test_a_phones_tags_are_kept(tmp_path):
    film = tmp_path / "phone.mov"
    tags = {"com.apple.quicktime.location.ISO6709": "+48.2082+016.3738/", "com.apple.quicktime.make": "Apple",
            "com.apple.quicktime.creationdate": "2024-05-01T12:00:00+0200", "title": "Wien"}  # fmt: skip
    said = [word for name, value in tags.items() for word in ("-metadata", f"{name}={value}")]
    picture = ["-f", "lavfi", "-i", f"{odd_films.SMALL}:d=1"]
    run_ffmpeg(*picture, *H264, "-movflags", "use_metadata_tags", *said, str(film))
    for extension in (".mov", ".mp4", ".mkv"):
        result = mux(probe(film), MUSIC, tmp_path / f"out{extension}", metadata={"comment": "dyvim"})
        with av.open(str(result.path)) as container:
            kept = {name.lower(): value for name, value in container.metadata.items()}
        assert {name: kept.get(name.lower()) for name in tags} == tags
        assert kept["comment"] == "dyvim"
        assert not [said for said in result.warnings if not said.startswith("written by ")]


def spherical_film(path):
    """A picture all around: a box of version 2 in the picture's description."""
    picture = ["-f", "lavfi", "-i", f"{odd_films.SMALL}:d=1"]
    fragments = "frag_keyframe+empty_moov+default_base_moof"  # no offsets to move
    run_ffmpeg(*picture, *H264, "-movflags", fragments, str(path))

    def box(name: bytes, content: bytes) -> bytes:
        return (8 + len(content)).to_bytes(4, "big") + name + content

    head = box(b"svhd", bytes(4) + b"camera\0")
    projection = box(b"proj", box(b"prhd", bytes(16)) + box(b"equi", bytes(20)))
    added = box(b"sv3d", head + projection)
    data = bytearray(path.read_bytes())
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        at = data.index(name) - 4
        size = int.from_bytes(data[at : at + 4], "big")
        data[at : at + 4] = (size + len(added)).to_bytes(4, "big")
    data[at + size : at + size] = added
    path.write_bytes(data)
    return path


def test_360_degrees_are_kept_or_said_to_be_lost(tmp_path):
    info = probe(spherical_film(tmp_path / "sphere.mp4"))
    assert info.extras == ("360 degrees",)
    kept = mux(info, MUSIC, tmp_path / "out.mp4")
    assert probe(kept.path).extras == info.extras and kept.warnings == ()
    lost = mux(info, MUSIC, tmp_path / "out.ts")
    assert lost.warnings == ("360 degrees dropped: this container does not keep it",)


def test_hidden_footage_stays_hidden(tmp_path):
    """An edit list that shows two seconds of six."""
    whole, film = odd_films.small_film(tmp_path / "whole.mp4", seconds=6, sound=None), tmp_path / "film.mov"
    run_ffmpeg("-i", str(whole), "-c", "copy", str(film))
    data = bytearray(film.read_bytes())
    at = data.index(b"elst") + 12  # the one entry's length
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") // 3).to_bytes(4, "big")
    film.write_bytes(data)
    info = probe(film)
    assert (info.n_shown, info.duration_s) == (50, pytest.approx(2))
    result = mux(info, MUSIC, tmp_path / "out.mov")
    out = probe(result.path)
    assert (out.n_shown, out.duration_s) == (50, pytest.approx(2, abs=0.03))
    assert not newer_ffmpeg() or "pictures were written instead of 50" in result.warnings[0]


def test_a_copy_that_lacks_or_spoils_pictures_is_noticed(tmp_path):
    info = probe(odd_films.small_film(tmp_path / "film.mp4"))
    assert check_copy(info, Cut(0.0, info.duration_s), info.path).fault == ""
    part = plan_cut(info, 1.0, 2.0)
    short = mux(info, MUSIC, tmp_path / "short.mp4", start_s=1.0, end_s=2.0).path
    assert check_copy(info, part, short).fault == ""
    assert "instead of 75" in check_copy(info, Cut(0.0, info.duration_s), short).fault
    spoilt = tmp_path / "spoilt.mp4"
    data = bytearray(info.path.read_bytes())
    with av.open(str(info.path)) as container:
        last = [p for p in packets(container, container.streams.video[0]) if p.is_keyframe][-1]
        where = data.index(bytes(last)) + last.size // 2
    data[where : where + 200] = bytes(200)
    spoilt.write_bytes(data)
    assert "does not decode as it did" in check_copy(info, Cut(0.0, info.duration_s), spoilt).fault
    assert hashlib.md5(info.path.read_bytes()) != hashlib.md5(data)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_key_frames_that_are_stored_alike_are_not_decoded_to_compare_them(tmp_path, monkeypatch, suffix):
    info = probe(odd_films.small_film(tmp_path / "film.mp4"))
    copy = mux(info, MUSIC, tmp_path / f"copy{suffix}").path
    monkeypatch.setattr(checking, "_key_picture", lambda *frame: pytest.fail("decoded"))
    assert check_copy(info, Cut(0.0, info.duration_s), copy).fault == ""


def test_key_frames_of_another_decoder_are_decoded_to_compare_them(tmp_path, monkeypatch):
    """The packets' bytes are the same, the decoder's parameters say another profile."""
    info = probe(odd_films.small_film(tmp_path / "film.mp4"))
    data = bytearray(info.path.read_bytes())
    at = data.index(b"avcC") + 4  # version, profile, constraints, level
    data[at + 3] += 1
    (copy := tmp_path / "copy.mp4").write_bytes(data)
    decoded = []
    picture = checking._key_picture
    monkeypatch.setattr(checking, "_key_picture", lambda *frame: decoded.append(frame) or picture(*frame))
    assert check_copy(info, Cut(0.0, info.duration_s), copy).fault == ""
    assert len(decoded) >= 2


def test_what_cannot_be_copied_whole_is_refused(tmp_path, monkeypatch):
    info = probe(odd_films.small_film(tmp_path / "film.mp4"))
    monkeypatch.setattr(attempts, "newer_ffmpeg", lambda: None)
    fault = attempts.Checked("3 pictures were written instead of 75")
    with pytest.raises(InputError, match="cannot be copied whole: 3 pictures"):
        attempts.write_whole(lambda program: None, lambda: fault, info.path)
