"""Measure how drummers place and weigh their hits: writes weights/groove-feel.json.

python -m tools.groove_feel FOLDER -o weights/groove-feel.json

FOLDER is an unpacked Groove MIDI data set (https://magenta.tensorflow.org/datasets/groove, CC-BY-4.0).
"""

import argparse
import sys
from pathlib import Path

from dyvim_cli.training.sources.groove import write_feel


def main() -> None:
    """Write the file, and say how many hits it was counted from."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the folder that holds info.csv")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the JSON file to write")
    asked = parser.parse_args()
    families = write_feel(asked.folder, asked.out)["families"]
    for name, tables in families.items():
        sys.stdout.write(f"{name}: {sum(tables['hits'])} hits\n")


if __name__ == "__main__":
    main()
