"""Import the optional extra `evaluate`, or say how to install it."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from dyvim_cli.errors import EnvironmentFault

LIBRARIES = ("cv2", "scenedetect", "mir_eval", "pyloudnorm")  # modules that every judgement imports
INSTALL = 'pip install "dyvim[evaluate]"'


def check_installed() -> None:
    """Check, before the work starts, that the extra is installed.

    Raises:
        EnvironmentFault: a library is missing; the hint says how to install the extra.
    """
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise EnvironmentFault(f"evaluation needs {', '.join(missing)}, not installed here", INSTALL)


def need(name: str) -> ModuleType:
    """Import a library of the extra `evaluate`.

    Args:
        name: dotted name of the module.

    Returns:
        The module.

    Raises:
        EnvironmentFault: it cannot be imported; the hint says how to install the extra.
    """
    try:
        return import_module(name)
    except ImportError as fault:
        raise EnvironmentFault(
            f"evaluation needs {name.split('.')[0]}, which cannot be imported: {fault}",
            INSTALL,
        ) from fault
