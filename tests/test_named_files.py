"""Plans, markers, notes, fonts: what is no regular file or makes no sense is refused by name."""

import os
import socket
from pathlib import Path

import pytest

from dyvim_cli.cli.main import run
from dyvim_cli.cli.options import config
from dyvim_cli.desk.read_plan import read_plan
from dyvim_cli.errors import DyvimError, ExitCode, InputError
from dyvim_cli.markers.files import read_markers
from dyvim_cli.music.symbols.midi_in import read_midi
from dyvim_cli.music.synth.soundfont import read_soundfont
from dyvim_cli.regular_files import read_regular

READERS = {
    "plan.toml": read_plan,
    "marks.csv": lambda path: read_markers(path, None),
    "marks.fcpxml": lambda path: read_markers(path, None),
    "marks.mid": lambda path: read_markers(path, None),
    "notes.mid": read_midi,
    "font.sf2": read_soundfont,
}


@pytest.fixture(params=["fifo", "socket", "device", "folder", "loop", "gone"])
def no_file(request, tmp_path):
    """Things in place of a file: (path without its ending, a function that puts it there)."""
    door = socket.socket(socket.AF_UNIX)

    def put(name: str) -> Path:
        path = tmp_path / name
        makers = {
            "fifo": lambda: os.mkfifo(path),
            "socket": lambda: door.bind(str(path)),
            "device": lambda: path.symlink_to("/dev/zero"),
            "folder": path.mkdir,
            "loop": lambda: path.symlink_to(path),
            "gone": lambda: path.symlink_to(tmp_path / "nowhere"),
        }
        makers[request.param]()
        return path

    yield put
    door.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_regular_file_is_refused_by_name(no_file, name):
    path = no_file(name)
    with pytest.raises(DyvimError, match=name) as caught:
        READERS[name](path)
    assert caught.value.exit_code in (ExitCode.USAGE, ExitCode.INPUT) and caught.value.hint


def test_a_file_that_is_too_large_is_refused_unread(tmp_path):
    with open(tmp_path / "plan.toml", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DyvimError, match="too much for a plan"):
        read_plan(tmp_path / "plan.toml")
    (tmp_path / "small").write_bytes(b"ab")
    assert read_regular(tmp_path / "small", "list", 2) == b"ab"
    with pytest.raises(InputError, match="too much for a list"):
        read_regular(tmp_path / "small", "list", 1)


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "bpm = " + "9" * 5000, "\udcff"])
def test_toml_that_no_reader_takes_is_the_users_fault(tmp_path, text):
    path = tmp_path / "a.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    for read in (read_plan, config.read):
        with pytest.raises(DyvimError, match="not valid TOML") as caught:
            read(path)
        assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("words", [["score"], ["mux", "-"], ["batch"], ["render"], ["score", "a.mp4", "-o"]])
def test_a_name_that_no_file_can_have_is_no_fault_in_dyvim(words, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    place = [] if words[-1] == "-o" else ["-o", "out.wav" if words == ["render"] else "out.mp4"]
    monkeypatch.setattr("sys.argv", ["dyvim", *words, "a" * 5000, *place])
    with pytest.raises(SystemExit) as end:
        run()
    said = capsys.readouterr().err
    assert end.value.code in (ExitCode.INPUT, ExitCode.OUTPUT) and "fault in dyvim" not in said
