"""dyvim: compose a soundtrack to a film's motion and lay it under the untouched picture.

The public functions are those of `dyvim_cli.api`; they and the errors are imported on first use, so that
importing the package takes no time.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_API = ("Style", "analyse", "compose", "evaluate", "export", "mux", "render", "score", "styles")
_ERRORS = ("DyvimError", "EnvironmentFault", "InputError", "OutputError", "UsageError", "WeightsError")
__all__ = [*_API, *_ERRORS]  # noqa: PLE0604 (names that __getattr__ finds)


def __getattr__(name: str) -> Any:
    """Find a public name (PEP 562)."""
    if name in _API:
        return getattr(import_module("dyvim_cli.api"), name)
    if name in _ERRORS:
        return getattr(import_module("dyvim_cli.errors"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
