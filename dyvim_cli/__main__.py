"""Run the `dyvim` command (python -m dyvim_cli); Ctrl-C works while the verbs are still imported."""

import sys

from dyvim_cli.errors import ExitCode


def run() -> None:
    """Entry point of the `dyvim` command."""
    try:
        from dyvim_cli.cli.main import run as run_verb
    except KeyboardInterrupt:
        print("interrupted; nothing was begun", file=sys.stderr)
        sys.exit(ExitCode.INTERRUPTED)
    run_verb()


if __name__ == "__main__":
    run()
