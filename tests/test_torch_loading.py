"""torch is loaded without what films do not need, and as a whole where it is asked for or is another."""

import subprocess
import sys

import pytest

LOADED = """
import sys, threading
from types import ModuleType
from dyvim_cli import torch_loading
torch_loading.this_is_a_command()
{before}
threads = [threading.Thread(target=torch_loading.load_torch) for _ in range(4)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
import torch
drawn = torch.rand(3, generator=torch.Generator().manual_seed(1))
print(float(drawn.sum()) > 0, torch.cuda.is_available() in (True, False))
bindings = [name for name in sys.modules if name.startswith("cuda.bindings.")]
print(torch_loading.SHAPES in sys.modules, not bindings)
torch_loading.complete_torch()
import torch._meta_registrations as shapes
without = torch.ones(3, 4, device="meta")
print(hasattr(shapes, "activate_meta"), torch.nn.Linear(4, 2, device="meta")(without).shape)
"""


def _said(before):
    code = LOADED.format(before=before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert not done.stderr
    return done.stdout.splitlines()


def test_torch_is_loaded_in_part_and_can_be_completed():
    assert _said("") == ["True True", "False True", "True torch.Size([3, 2])"]


@pytest.mark.parametrize(
    "before",
    [
        "import torch",
        "torch_loading._is_command.clear()",
        "torch_loading._let_generators_be_made = lambda torch: torch.no_such_function()",
    ],
)
def test_a_loaded_torch_a_programs_and_another_release_are_whole(before):
    said = _said(before)
    assert (said[0], said[1].split()[0], said[2]) == ("True True", "True", "True torch.Size([3, 2])")
