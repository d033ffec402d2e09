"""dyvim cache: show, clean and locate the feature cache."""

import json
import time
from typing import Annotated

import typer

from dyvim_cli.cli.show import console

app = typer.Typer(no_args_is_help=True, help="The cache of film features: list, clean, path.")


@app.command("list")
def list_entries(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")] = False,
) -> None:
    """List what is cached, the longest unused first."""
    from dyvim_cli.cache import entries

    for entry in entries():
        days = (time.time() - entry.used_at) / 86400
        if as_json:
            facts = {"path": str(entry.path), "film": entry.film, "bytes": entry.n_bytes}
            console.data(json.dumps(facts | {"unused_days": round(days, 3)}))
        else:
            console.data(
                f"{entry.path.stem[:12]}  {entry.n_bytes / 1e3:9.1f} kB  {days:6.1f} days  {entry.film}"
            )


@app.command("clean")
def clean_entries(
    older_than: Annotated[
        float, typer.Option(min=0, help="Only entries that were not used for this many days.")
    ] = 0,
    keep_mb: Annotated[int, typer.Option(min=0, help="Keep the newest entries up to this size.")] = 0,
) -> None:
    """Remove cached features, and remains of killed runs in TMPDIR."""
    from dyvim_cli.cache import clean
    from dyvim_cli.scratch import remove_abandoned

    removed, freed = clean(older_than, keep_mb * 1_000_000)
    console.note(f"removed {removed} entries, {freed / 1e6:.1f} MB")
    folders, freed = remove_abandoned()
    if folders:
        console.note(f"removed {folders} folders of killed runs, {freed / 1e6:.1f} MB")


@app.command("path")
def print_cache_path() -> None:
    """Print the cache folder."""
    from dyvim_cli.cache import cache_folder

    console.data(str(cache_folder()))
