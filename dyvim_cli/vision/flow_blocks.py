"""Import torchvision's optical-flow blocks without torch's compiler: saves a second and 150 MB per start.

torchvision.ops asks torch._dynamo, the compiler's front, for one function of which nothing here
makes use; with it would come the compiler and everything about distributed tensors.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch  # first: torch itself must not find the stand-in

from dyvim_cli.errors import EnvironmentFault

COMPILER = "torch._dynamo"
LIBRARY = "torchvision"


class _StandIn(ModuleType):
    """A module that is there for the asking and becomes the real one when another thread needs it."""

    def __getattr__(self, name: str) -> Any:  # whatever the real module has
        if name.startswith("__"):
            raise AttributeError(name)
        _step_aside()
        return getattr(importlib.import_module(self.__name__), name)


def _step_aside() -> None:
    """Restore the real compiler for later imports."""
    for name in (COMPILER, f"{COMPILER}.utils"):
        if isinstance(sys.modules.get(name), _StandIn):
            sys.modules.pop(name, None)


@contextmanager
def _no_compiler() -> Iterator[None]:
    """A stand-in for torch._dynamo that says of every device that it cannot compile."""
    if COMPILER not in sys.modules:
        package, utils = _StandIn(COMPILER), _StandIn(f"{COMPILER}.utils")
        utils.__dict__["is_compile_supported"] = lambda device: False
        sys.modules |= {package.__name__: package, utils.__name__: utils}
    try:
        yield
    finally:
        _step_aside()


def _misfit(error: Exception) -> EnvironmentFault:
    """The failure for a torchvision of another torch, such as a CUDA build with a CPU build."""
    what = f"{LIBRARY} does not work with torch {torch.__version__}: {error}"
    return EnvironmentFault(what, "pip install --force-reinstall torch torchvision, both from one index")


try:
    with _no_compiler():
        from torchvision.models.optical_flow._utils import make_coords_grid
        from torchvision.models.optical_flow.raft import (
            BottleneckBlock,
            ConvGRU,
            FeatureEncoder,
            FlowHead,
        )
        from torchvision.models.optical_flow.raft import MotionEncoder as FlowMotion
        from torchvision.ops import Conv2dNormActivation
except (ImportError, OSError, RuntimeError) as error:
    raise _misfit(error) from error

__all__ = [
    "BottleneckBlock",
    "Conv2dNormActivation",
    "ConvGRU",
    "FeatureEncoder",
    "FlowHead",
    "FlowMotion",
    "make_coords_grid",
]
