"""Load scipy's compiled modules alone.

`import scipy.signal` takes half a second of processor time and 75 MB, for statistics, optimisers and splines
that no film needs. The loops are small modules beside its sources, and load in a hundredth of that.
"""

import sys
import threading
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Any

_lock = threading.Lock()  # two threads must not set the same module up at once
_loaded: dict[str, Any] = {}


def compiled(package: str, name: str) -> Any:
    """Load one compiled module of scipy.

    Args:
        package: of scipy, such as "signal".
        name: of the module, such as "_sosfilt".

    Returns:
        The module; the same each time.

    Raises:
        ImportError: this release of scipy has no such module.
    """
    whole = f"scipy.{package}.{name}"
    if found := _loaded.get(whole):
        return found
    with _lock:
        if whole not in _loaded:
            has_package = f"scipy.{package}" in sys.modules
            _loaded[whole] = (None if has_package else _alone(package, name)) or import_module(whole)
        return _loaded[whole]


def _alone(package: str, name: str) -> Any:
    """The module without its package; None where it is to be found in another way."""
    import scipy  # not before: films are refused without it

    folders = [f"{folder}/{package.replace('.', '/')}" for folder in scipy.__path__]
    spec = PathFinder.find_spec(name, folders)
    if spec is None or spec.loader is None:
        return None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
