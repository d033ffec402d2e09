"""Import the optional extra `evaluate`, or say how to install it."""

from importlib import import_module
from types import ModuleType

from dyvim_cli.errors import EnvironmentFault


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
            'pip install "dyvim[evaluate]"',
        ) from fault
