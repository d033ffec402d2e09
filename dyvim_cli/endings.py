"""Check that a file to be written is called as its kind is, so that none replaces a film by a slip."""

from pathlib import Path

from dyvim_cli.errors import UsageError

PAGE = (".html", ".htm")
PLOT = (".png",)
MIDI = (".mid", ".midi")


def check_ending(path: Path, endings: tuple[str, ...], what: str) -> None:
    """Check how the name of a file ends.

    Args:
        path: of the file, which need not exist.
        endings: those of its kind, in lower case.
        what: the file is to be, for the message: "page".

    Raises:
        UsageError: it ends otherwise.
    """
    if path.suffix.lower() not in endings:
        raise UsageError(f"{path}: not the name of a {what}", f"the name may end in: {' '.join(endings)}")
