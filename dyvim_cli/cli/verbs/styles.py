"""dyvim styles: list the styles."""

from typing import Annotated

import typer


def styles(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the styles: instruments, mood, tempo."""
    import json

    from rich.console import Console
    from rich.table import Table

    from dyvim_cli.cli.show import console
    from dyvim_cli.stylebook import RECORDS

    if as_json:
        rows = {
            name: {
                "description": palette.describe,
                "moods": palette.moods,
                "valence": palette.mood[0],
                "arousal": palette.mood[1],
                "bpm": palette.bpm,
                "mode": "minor" if palette.prefers_minor else "major",
            }
            for name, palette in ((name, style.palette) for name, style in RECORDS.items())
        }
        console.data(json.dumps(rows))
        return
    table = Table("style", "sound", "mood", "BPM", box=None, pad_edge=False)
    for name, palette in ((name, style.palette) for name, style in RECORDS.items()):
        table.add_row(name, palette.describe, ", ".join(palette.moods), "{}-{}".format(*palette.bpm))
    Console().print(table)
