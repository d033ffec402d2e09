"""Names of files and tags of films are printed; a terminal obeys nothing in them."""

import io
from pathlib import Path

import pytest
from conftest import dyvim
from rich.console import Console

from dyvim_cli.batch.local import Stage
from dyvim_cli.cli.show import console, tally
from dyvim_cli.cli.show.console import ProgressKind
from dyvim_cli.cli.show.printable import printable
from dyvim_cli.cli.show.tally import Tally

RED, BELL, BACKWARDS = "\x1b[31m", "\a", "\u202e4pm"


@pytest.fixture
def terminal(monkeypatch) -> io.StringIO:
    """Text as a terminal shows it."""
    seen = io.StringIO()
    screen = Console(file=seen, force_terminal=True, color_system=None, width=200, highlight=False)
    monkeypatch.setattr(console, "stderr", screen)
    return seen


def test_what_a_terminal_would_obey_is_shown_as_what_it_is():
    assert printable(f"a{RED}b{BELL}\r{BACKWARDS}\x9b") == r"a\x1b[31mb\x07\r\u202e4pm\x9b"
    assert printable("naïve 映画 🎬 👨‍👩‍👧\nnext") == "naïve 映画 🎬 👨‍👩‍👧\nnext"
    assert printable("two\nlines", in_one_line=True) == r"two\nlines"


def test_an_error_about_a_strangers_name_is_two_lines(tmp_path):
    done = dyvim("mux", tmp_path / f"x{RED}\nerror: the disk is full{BELL}.mp4", tmp_path / "music.wav")
    assert done.returncode == 3
    assert len(done.stderr.splitlines()) == 2 and "\x1b" not in done.stderr and BELL not in done.stderr
    assert r"x\x1b[31m\nerror: the disk is full\x07.mp4" in done.stderr


def test_notes_may_be_of_several_lines_and_obey_nothing(terminal):
    console.note(f"one{RED}\ntwo [/] [red]")
    assert terminal.getvalue() == "one\\x1b[31m\ntwo [/] [red]\n"


@pytest.mark.parametrize("name", ["[red]b.mp4", f"x{RED}.mp4"])
def test_a_batch_bar_shows_any_name(terminal, name):
    film = Path("/films") / name
    with tally.display(ProgressKind.BAR) as shown:
        shown.show(Tally(total=1), None)
        shown.stage(Stage(film, "compose", 0.4))
        shown.bars.refresh()
    assert f"{printable(name)}: composing 40%" in terminal.getvalue()
    assert RED not in terminal.getvalue()


def test_batch_lines_show_any_name(capsys):
    with tally.display(ProgressKind.PLAIN) as shown:
        shown.show(
            Tally(total=1, done=1), {"status": "done", "input": f"/films/x{RED}\n.mp4", "warnings": [RED]}
        )
    said = capsys.readouterr().err
    assert RED not in said and r"done x\x1b[31m\n.mp4" in said and len(said.splitlines()) == 2
