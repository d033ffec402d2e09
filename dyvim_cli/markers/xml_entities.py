"""Refuse XML that defines words of its own: they may stand for gigabytes, or for other files."""

from pathlib import Path
from xml.parsers import expat

from dyvim_cli.errors import InputError


def check_no_entities(text: bytes, path: Path) -> None:
    """Check that an XML file defines no entities; no editor writes any.

    Args:
        text: of the file.
        path: of the file, for the message.

    Raises:
        InputError: it defines one.
    """

    def refuse(name: str, *_: object) -> None:
        reason = f"{path} defines the XML entity '{name[:40]}', which may stand for anything"
        raise InputError(reason, "export it again; no editor's markers need that")

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError, LookupError):  # whoever reads it says what is wrong
        return
