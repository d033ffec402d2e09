"""Leave out what libraries would load without need."""

import sys

# a tenth of a second, loaded with torch wherever it is there; torch needs it to share out a graphics card
# and to annotate graphs of its work, neither of which happens here
UNUSED = "cuda.bindings"


def leave_out_unused() -> None:
    """Let imports of what is not used fail, as where it is not installed; before torch is loaded."""
    sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type]  # None: how Python marks what is left out
