"""What commands leave out of the libraries they load."""

import subprocess
import sys


def test_a_command_loads_torch_without_the_bindings_of_graphics_cards():
    code = (
        "import sys; from dyvim_cli.cli.libraries import leave_out_unused; leave_out_unused();"
        "import torch; torch.cuda.is_available(); print(float(torch.ones(3).sum()));"
        "print([name for name in sys.modules if name.startswith('cuda.bindings.')])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split("\n")[:2] == ["3.0", "[]"]
