"""Files that pretend: lists that name other files, names that are patterns, pipes; none is followed."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import ffmpeg
import pytest
from conftest import dyvim, run_ffmpeg
from helpers.media_films import make_film

from dyvim_cli.errors import InputError
from dyvim_cli.media.ffmpeg import command, file_url, run
from dyvim_cli.media.mux import mux
from dyvim_cli.media.pictures import single_picture
from dyvim_cli.media.probe import probe
from dyvim_cli.media.sound_reading import read_audio

WAY_OUT = r"ffmpeg {}-i {} -c copy film.mp4"


def playlist(segment) -> str:
    return f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:3,\n{segment}\n#EXT-X-ENDLIST\n"


def lists(folder) -> dict[str, str]:
    """Name -> text of every list of files that ffmpeg knows and that an upload may pretend to be."""
    return {
        "relative.m3u8": playlist("secret.ts"),
        "absolute.m3u8": playlist(folder / "secret.ts"),
        "url.m3u8": playlist(f"file://{folder}/secret.ts"),
        "renamed.mp4": playlist(folder / "secret.ts"),
        "live.m3u8": playlist("secret.ts").replace("#EXT-X-ENDLIST\n", ""),
        "init.m3u8": playlist("secret.ts").replace("#EXTINF", '#EXT-X-MAP:URI="secret.ts"\n#EXTINF'),
        "master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nrelative.m3u8\n",
        "joined.mkv": "ffconcat version 1.0\nfile secret.ts\n",
        "joined.mp4": f"ffconcat version 1.0\nfile {folder}/secret.ts\n",
        "dash.mp4": '<?xml version="1.0"?>\n<MPD type="static"><Period/></MPD>\n',
        "old.pls": "[playlist]\nFile1=secret.ts\n",
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("disguises")
    make_film(folder, ".ts", name="secret")
    for name, text in lists(folder).items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("name", list(lists(Path())))
def test_a_list_of_files_is_refused_with_the_way_out(folder, name):
    for look in (probe, read_audio):
        with pytest.raises(InputError, match="only names other files") as caught:
            look(folder / name)
        demuxer = "-f concat " if name.startswith("joined") else ""
        assert WAY_OUT.format(demuxer, folder / name) in caught.value.hint


@pytest.mark.parametrize("name", ["absolute.m3u8", "renamed.mp4", "joined.mkv"])
def test_ffmpeg_itself_refuses_lists_whoever_asks(folder, name):
    output = ffmpeg.output(ffmpeg.input(file_url(folder / name)), "pipe:1", f="null")
    with pytest.raises(InputError):
        run(command(output), "cannot read")


def test_every_input_file_of_a_command_is_guarded(folder):
    film = ffmpeg.input(file_url(folder / "secret.ts"), ss=1)
    sound = ffmpeg.input(file_url(folder / "-i"))
    words = command(ffmpeg.output(film["v"], sound["a"], "out.mp4"))
    for at in [i for i, word in enumerate(words) if word == "-i"]:
        before = dict(zip(words[at - 4 : at : 2], words[at - 3 : at : 2], strict=True))
        assert before["-protocol_whitelist"] == "file"
        assert not {"hls", "concat", "image2", "dash", "lavfi"} & set(before["-format_whitelist"].split(","))
    assert words.count("-protocol_whitelist") == 2


@pytest.mark.parametrize("name", ["relative.m3u8", "joined.mkv"])
def test_the_command_line_ends_in_3(folder, name, tmp_path):
    done = dyvim("mux", folder / name, folder / "secret.ts", "-o", tmp_path / "out.mp4")
    assert (done.returncode, list(tmp_path.iterdir())) == (3, [])
    assert "-c copy film.mp4" in done.stderr
    music = dyvim("mux", folder / "secret.ts", folder / name, "-o", tmp_path / "out.mp4")
    assert (music.returncode, list(tmp_path.iterdir())) == (3, [])


@pytest.fixture
def neighbours(tmp_path):
    """A row of pictures of one colour, im1.png and so on."""
    run_ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:r=5:d=2", str(tmp_path / "im%d.png"))
    return tmp_path


def test_a_pattern_in_a_name_is_a_name(neighbours):
    (neighbours / "im%d.png").write_bytes((neighbours / "im1.png").read_bytes())
    with pytest.raises(InputError, match="a single picture"):
        probe(neighbours / "im%d.png")
    assert single_picture(neighbours / "im%d.png").shape == (64, 64, 3)


def test_moving_pictures_whose_name_is_a_pattern_are_scored_themselves(neighbours):
    film = neighbours / "im%d.png"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=1", "-f", "apng", f"file:{neighbours}/own")
    (neighbours / "own").rename(film)
    assert probe(film).n_frames == 5
    music = make_film(neighbours, ".ts", name="music")
    result = mux(probe(film), music, neighbours / "out.mp4", keep_audio="drop")
    assert probe(result.path).n_frames == 5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_only_regular_files_are_music(tmp_path):
    pipe, door = tmp_path / "pipe.wav", tmp_path / "socket.wav"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(door))
        said = {pipe: "pipe or a device", door: "pipe or a device", tmp_path: "is a folder"}
        for path, words in said.items():
            with pytest.raises(InputError, match=words) as caught:
                read_audio(path)
            assert str(path) in caught.value.message


def test_no_other_file_is_opened(folder, tmp_path):
    """Files opened by the system: the lists were read, the named files were not."""
    if sys.platform != "linux" or subprocess.run(["which", "strace"], capture_output=True).returncode:
        pytest.skip("no strace here")
    log = tmp_path / "log"
    call = [sys.executable, "-m", "dyvim_cli", "mux", folder / "absolute.m3u8", folder / "absolute.m3u8"]
    traced = ["strace", "-f", "-e", "trace=openat,open", "-o", log, *call, "-o", tmp_path / "out.mp4"]
    subprocess.run(list(map(str, traced)), capture_output=True)
    assert "absolute.m3u8" in log.read_text() and "secret.ts" not in log.read_text()


def test_pictures_in_a_row_are_no_film(neighbours):
    row = neighbours / "row.png"
    row.write_bytes((neighbours / "im1.png").read_bytes() + (neighbours / "im2.png").read_bytes())
    with pytest.raises(InputError, match="row of pictures"):
        probe(row)


@pytest.mark.parametrize(("coder", "demuxer"), [("mpeg4", "m4v"), ("libx264", "h264")])
def test_a_bare_stream_is_no_film_whatever_it_is_called(tmp_path, coder, demuxer):
    film = tmp_path / "film.avi"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:r=15:d=1", "-c:v", coder, "-f", demuxer, str(film))
    with pytest.raises(InputError, match="raw stream without times") as caught:
        probe(film)
    assert "-c copy" in caught.value.hint
