"""Run a command in this process and look at the notes it gives."""

import json

from typer.testing import CliRunner

from dyvim_cli.cli.main import app


def run(*arguments) -> tuple[list[str], list[str]]:
    """(notes on stderr, warnings of the JSON) of a command that succeeds."""
    done = CliRunner().invoke(app, [*map(str, arguments), "--json", "--progress", "none"])
    assert done.exit_code == 0, done.exception or done.stderr
    said = [line.removeprefix("note: ") for line in done.stderr.splitlines() if line.startswith("note: ")]
    return said, json.loads(done.stdout)["warnings"]


def said_once(notes: tuple[list[str], list[str]], *words: str) -> None:
    """Assert that one note has all the words, on stderr and in the JSON alike."""
    for said in notes:
        assert sum(all(word in note for word in words) for note in said) == 1, said
