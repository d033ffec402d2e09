"""Load torch without what only its compiler needs: a quarter of a second of a second that it takes.

With its wheels for graphics cards come bindings of Python to them, which torch loads where they are there and
uses to share out a card and to annotate graphs of work. And it always loads what tells the shapes of results
to its compiler, which works with tensors that hold no numbers. Neither happens in a command of dyvim; a
program that imports dyvim may do both, and gets the whole. What is not part of torch's public interface is
tried; where it is otherwise, all is loaded.
"""

import importlib
import sys
import threading
from types import ModuleType

BINDINGS = "cuda.bindings"
SHAPES = "torch._meta_registrations"

_lock = threading.Lock()  # lets one of two threads that need torch load it
_is_command = threading.Event()


def this_is_a_command() -> None:
    """Let load_torch leave out what a command does not need."""
    _is_command.set()


def load_torch() -> None:
    """Load torch, in a command as seeing films and writing scores need it, unless it is loaded."""
    with _lock:
        if "torch" in sys.modules or not _is_command.is_set():
            return
        # None: an import fails, as where it is not installed
        left_out = {SHAPES: ModuleType(SHAPES), BINDINGS: None}
        if BINDINGS in sys.modules:
            del left_out[BINDINGS]
        sys.modules.update(left_out)  # type: ignore[arg-type]
        try:
            import torch
        finally:
            for name in left_out:
                sys.modules.pop(name, None)
        try:
            torch.__dict__.pop("_meta_registrations", None)
            _let_generators_be_made(torch)
        except (ImportError, AttributeError, RuntimeError, TypeError):
            importlib.import_module(SHAPES)


def complete_torch() -> None:
    """Load torch as a whole, for programs that are not known here to do without."""
    import torch  # noqa: F401 - what is left out may be found only beside it

    with _lock:
        if SHAPES not in sys.modules:
            importlib.import_module(SHAPES)


def _let_generators_be_made(torch: ModuleType) -> None:
    """Do for torch's random generators what the module of SHAPES does, and try one."""
    base = importlib.import_module("torch._custom_class_base").CustomClassBaseMeta
    torch._C._set_generator_metaclass(base)
    torch.Generator().manual_seed(1)
