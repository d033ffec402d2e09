"""Load compiled modules of scipy alone.

`import scipy.signal` takes half a second of processor time and 40 MB beside torch, for statistics, optimisers
and splines that no film needs, `import scipy.fft` or `scipy.linalg` a twelfth of a second. The loops are
small modules beside scipy's sources. They are not part of its public interface: a trial notices a release
that has others, and the public functions are called.
"""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

_lock = threading.Lock()  # two threads must not set the same module up at once
_loaded: dict[str, Any] = {}


def compiled(name: str, is_as_known: Callable[[Any], bool]) -> Any:
    """Load one compiled module of scipy.

    Args:
        name: of the module, such as "signal._sosfilt".
        is_as_known: tries the module on an example, once.

    Returns:
        The module, the same each time; None where this release of scipy has no such module, or another one.
    """
    with _lock:
        if name not in _loaded:
            _loaded[name] = None
            # whatever a changed module raises when it is called, the public function does its work
            with suppress(Exception):
                module = _alone(name)
                _loaded[name] = module if is_as_known(module) else None
        return _loaded[name]


def _alone(name: str) -> Any:
    """The module without its package, or out of the package where that is loaded already.

    Raises:
        ImportError: there is no such module.
    """
    import scipy  # not before: films are refused without it

    package, _, own = name.rpartition(".")
    if f"scipy.{package}" in sys.modules:
        return import_module(f"scipy.{name}")
    folders = (Path(folder, *package.split(".")) for folder in scipy.__path__)
    spec = PathFinder.find_spec(own, [str(folder) for folder in folders])
    if spec is None or spec.loader is None:
        raise ImportError(f"scipy.{name}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
