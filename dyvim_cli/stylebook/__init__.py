"""The musical styles by name: one file each, found by looking into this folder.

A new style is a new file with a record (record.Style) called STYLE; decoders that were trained without it
play it like its nearest older one (model/score/checkpoint.py).
"""

from importlib import import_module
from pkgutil import iter_modules

from dyvim_cli.stylebook.record import Style

# The styles of the first decoders, in the order of their inputs. New ones follow by name.
FIRST = (
    "cinematic", "orchestral", "ambient", "lofi", "pop",
    "electronic", "acoustic", "jazz", "rock", "playful",
)  # fmt: skip
NO_STYLE = "record"  # a module of this folder that holds none


def _found() -> dict[str, Style]:
    """The records of this folder by the styles' names, those of FIRST first."""
    names = [module.name for module in iter_modules(__path__) if module.name != NO_STYLE]
    records = {style.name: style for style in (import_module(f"{__name__}.{n}").STYLE for n in names)}
    return {name: records[name] for name in (*FIRST, *sorted(records.keys() - set(FIRST)))}


RECORDS = _found()
STYLES = tuple(RECORDS)


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def style_named(text: str) -> str | None:
    """Find a style by name.

    Args:
        text: a name, whatever its case, spaces and hyphens.

    Returns:
        The style's own name; None for none.

    Example:
        >>> style_named("Bossa Nova")
        'bossa nova'
    """
    return {_plain(name): name for name in STYLES}.get(_plain(text))
