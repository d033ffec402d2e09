"""Render the templates to one HTML file whose content policy blocks everything from outside."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dyvim_cli import __version__

if TYPE_CHECKING:
    from jinja2 import Environment


def write(template: str, path: Path, **values: object) -> None:
    """Fill a template of this package in and write it, whole or not at all.

    Args:
        template: file name in the package's templates.
        path: of the HTML file; an older one is replaced.
        **values: what the template names; every value is escaped where it is put in.

    Raises:
        OutputError: the page cannot be written.
    """
    from dyvim_cli.media.output import commit

    page = environment().get_template(template).render(version=__version__, **script(), **values)
    with commit(Path(path), overwrite=True) as part:
        part.write_text(page, encoding="utf-8", errors="backslashreplace")  # names that are no UTF-8


@cache
def environment() -> "Environment":
    """Set up Jinja over this package's templates.

    Returns:
        An environment in which everything is escaped and a missing value is an error.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("dyvim_cli.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def script() -> dict[str, Any]:
    """Load the page's script and its hash: the page's policy runs this one and no other.

    Returns:
        `script` (markup) and `script_hash` (SHA-256 in base64).
    """
    from markupsafe import Markup

    loader = environment().loader
    if loader is None:
        raise RuntimeError("the templates have no loader")
    text = loader.get_source(environment(), "page.js")[0]
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {"script": Markup(text), "script_hash": digest}
