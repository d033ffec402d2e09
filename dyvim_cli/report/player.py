"""Link a film on a page: its address relative to the page, and a poster."""

import base64
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dyvim_cli.errors import DyvimError


def player(film: Path | None, folder: Path) -> dict[str, Any]:
    """Make the values of the template `parts.player` for a film.

    Args:
        film: None = nothing is shown.
        folder: of the page; links are relative to it.

    Returns:
        Address, poster (as a data URL), shape and container; empty strings for what is not known.
    """
    found = {"film_url": "", "film_missing": "", "poster": "", "shape": "", "container": ""}
    if film is None:
        return found
    if not film.is_file():
        return found | {"film_missing": film.name}
    found |= {"film_url": link(film, folder)[0], "container": film.suffix[1:]}
    from dyvim_cli.media.poster import poster

    try:
        jpeg, shape = poster(film)
    except DyvimError:  # the film may still play elsewhere
        return found
    return found | {"poster": f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}", "shape": shape}


def link(film: Path, folder: Path) -> tuple[str, str]:
    """Write a film's URL relative to a folder.

    Args:
        film: its path.
        folder: of the page.

    Returns:
        (URL, text): relative, unless the film is on another drive.
    """
    try:
        relative = Path(os.path.relpath(film.absolute(), folder)).as_posix()
    except ValueError:
        return film.absolute().as_uri(), str(film)
    return quote(os.fsencode(relative)), relative
