"""dyvim weights: list, pull, verify, locate and remove the downloadable weights."""

import json
from typing import Annotated

import typer

from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.show import console
from dyvim_cli.errors import WeightsError

app = typer.Typer(no_args_is_help=True, help="Weights to pull: list, pull, verify, path, rm.")
Name = Annotated[str, typer.Argument(help="A name of `dyvim weights list`.", show_default=False)]


@app.command("list")
def list_weights(weights_dir: opt.WeightsDir = None, as_json: opt.Json = False) -> None:
    """List what can be pulled, its licence, and what is here."""
    from dyvim_cli.hub.catalogue import CATALOGUE
    from dyvim_cli.hub.store import is_placed, manifest, n_bytes, weights_folder

    for source in CATALOGUE.values():
        here, size = manifest(source.name, weights_dir), n_bytes(source.name, weights_dir)
        if as_json:
            facts = {"name": source.name, "purpose": source.purpose, "source": source.where}
            facts |= {"licence": source.licence, "about_bytes": int(source.about_gb * 1e9), "bytes": size}
            console.data(json.dumps(facts | {"files": here["files"] if here else None}))
        else:
            state = f"{size / 1e9:6.2f} GB here" if here else f"~{source.about_gb:g} GB to pull"
            if is_placed(weights_folder(weights_dir) / source.name):
                state = "here, unchecked"
            console.data(
                f"{source.name:28} {state:>16}  {source.licence:13} {source.purpose}  {source.where}"
            )


@app.command("pull")
def pull_weights(
    name: Name,
    weights_dir: opt.WeightsDir = None,
    offline: opt.Offline = False,
    progress: opt.Progress = console.ProgressKind.AUTO,
) -> None:
    """Fetch weights, or what is missing of them; prints their folder."""
    from dyvim_cli.hub.catalogue import licence_note
    from dyvim_cli.hub.store import find, known, pull

    source = known(name)
    if note := licence_note(source):
        console.note(f"note: {note}")
    with console.progress(progress) as shown:
        folder = find(name, weights_dir) if offline else pull(name, weights_dir, shown)
    console.data(str(folder))


@app.command("verify")
def verify_weights(
    names: Annotated[list[str] | None, typer.Argument(help="Names; else all that is here.")] = None,
    weights_dir: opt.WeightsDir = None,
    progress: opt.Progress = console.ProgressKind.AUTO,
) -> None:
    """Check every byte of what was pulled."""
    from dyvim_cli.hub.catalogue import CATALOGUE
    from dyvim_cli.hub.store import is_placed, manifest, verify, weights_folder

    if not names:
        folder = weights_folder(weights_dir)
        names = [n for n in CATALOGUE if manifest(n, weights_dir) or is_placed(folder / n)]
    faults = []
    for name in names:
        try:
            with console.progress(progress) as shown:
                folder = verify(name, weights_dir, shown)
            console.data(f"ok    {name}: {folder}")
        except WeightsError as fault:
            faults.append(fault)
    for fault in faults[:-1]:
        console.show_error(fault)
    if faults:  # all of them are looked at first
        raise faults[-1]


@app.command("path")
def show_path(
    name: Annotated[str | None, typer.Argument(help="Else where all of them lie.")] = None,
    weights_dir: opt.WeightsDir = None,
) -> None:
    """Print where weights lie; with a name, of that model, which must be there."""
    from dyvim_cli.hub.store import find, weights_folder

    console.data(str(find(name, weights_dir) if name else weights_folder(weights_dir)))


@app.command("rm")
def remove_weights(name: Name, weights_dir: opt.WeightsDir = None) -> None:
    """Delete what was pulled under a name."""
    from dyvim_cli.hub.store import remove

    console.note(f"removed {remove(name, weights_dir) / 1e6:.1f} MB")
