"""End a finished command at once, without taking its libraries apart.

At a normal exit every library that torch brings, those for graphics cards among them, walks through its own
tables once more: a tenth of a second, and 130 MB that were not in use until then.
"""

import atexit
import os
import sys
from contextlib import suppress


class Ending:
    """End of a process: as usual, or at once when the exit code is known.

    Threads are waited for and exit handlers run before either.
    """

    def __init__(self) -> None:
        self._code: int | None = None
        atexit.register(self._end_at_once)  # handlers run last to first: be early, and all others have run

    def skip_exit_cleanup(self, code: int) -> None:
        """Let the system take what the process has, when all exit handlers have run.

        Args:
            code: exit code of the process.
        """
        self._code = code

    def _end_at_once(self) -> None:
        if self._code is None:
            return
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):  # closed, or none at all
                stream.flush()
        os._exit(self._code)
