"""What files are like that others are to use."""

import os
from pathlib import Path


def share(path: Path) -> None:
    """Let others read a file as the umask says: temporary files, and those of safetensors, are private."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)
