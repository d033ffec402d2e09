"""Damage N films and report every broken promise: python -m tools.fuzz 1000 --seed 7."""

import argparse
import signal
import sys
from pathlib import Path

from tools.fuzz.session import fuzz


def main() -> int:
    """Parse the command line, fuzz, and print the findings.

    Returns:
        Exit code: 0 if no promise was broken.
    """
    parser = argparse.ArgumentParser(prog="tools.fuzz", description=__doc__)
    parser.add_argument("number", type=int, help="films to damage")
    parser.add_argument("--seed", type=int, default=1, help="decides all damage")
    parser.add_argument("--only", type=int, help="the one film with this number")
    parser.add_argument("--jobs", type=int, help="runs at once; else one a core")
    parser.add_argument("--patience", type=float, default=1.0, help="more time, on a busy machine")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"), help="folder for films that failed")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a kill cleans up like Ctrl-C
    report = fuzz(
        asked.number,
        asked.seed,
        only=asked.only,
        jobs=asked.jobs,
        patience=asked.patience,
        keep=asked.keep,
        say=lambda line: print(line, flush=True),
    )
    print(report.summary())
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
