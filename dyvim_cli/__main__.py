"""Run the `dyvim` command (python -m dyvim_cli); interrupts work while the verbs are still imported."""

import signal
import sys

from dyvim_cli.cli.ending import Ending
from dyvim_cli.cli.interrupts import forget_interrupt, raise_interrupts
from dyvim_cli.cli.memory import collect_garbage_rarely, keep_freed_memory
from dyvim_cli.cli.threads import multiply_in_one_thread
from dyvim_cli.torch_loading import this_is_a_command


def run() -> None:
    """Entry point of the `dyvim` command."""
    raise_interrupts()
    ending = Ending()
    collect_garbage_rarely()
    keep_freed_memory()
    multiply_in_one_thread()
    this_is_a_command()
    try:
        from dyvim_cli.cli.main import run as run_verb
    except KeyboardInterrupt:
        from dyvim_cli.errors import ExitCode

        print("interrupted; nothing was begun", file=sys.stderr)
        forget_interrupt()
        sys.exit(ExitCode.INTERRUPTED)
    try:
        run_verb()
    except SystemExit as end:
        if isinstance(end.code, int):
            ending.skip_exit_cleanup(end.code)
        raise
    finally:
        _ignore_interrupts()


def _ignore_interrupts() -> None:
    """Ignore interrupts from now on: all is done, and the exit code shall say so."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    run()
