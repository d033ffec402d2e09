"""dyvim weights: list, pull, verify, locate and remove the downloadable weights."""

from typing import Annotated

import typer

from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.options.parsing import weights_that_begin
from dyvim_cli.cli.show import console

app = typer.Typer(no_args_is_help=True, help="Weights to pull: list, pull, verify, path, rm.")
Name = Annotated[
    str,
    typer.Argument(
        help="A name of `dyvim weights list`.", show_default=False, autocompletion=weights_that_begin
    ),
]


@app.command("list")
def list_weights(weights_dir: opt.WeightsDir = None, as_json: opt.Json = False) -> None:
    """List what can be pulled, its licence, and what is here."""
    from dyvim_cli.cli.show.shelves import list_shelf
    from dyvim_cli.hub.shelf import MODELS

    list_shelf(MODELS, weights_dir, as_json)


@app.command("pull")
def pull_weights(
    name: Name,
    weights_dir: opt.WeightsDir = None,
    offline: opt.Offline = False,
    progress: opt.Progress = console.ProgressKind.AUTO,
) -> None:
    """Download weights, or their missing files; prints their folder."""
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
    names: Annotated[list[str] | None, typer.Argument(help="Names; else everything that was pulled.")] = None,
    weights_dir: opt.WeightsDir = None,
    progress: opt.Progress = console.ProgressKind.AUTO,
) -> None:
    """Check every byte of what was pulled."""
    from dyvim_cli.cli.show.shelves import verify_all
    from dyvim_cli.hub.shelf import MODELS

    verify_all(MODELS, names, weights_dir, progress)


@app.command("path")
def print_weights_path(
    name: Annotated[str | None, typer.Argument(help="Else the folder of all of them.")] = None,
    weights_dir: opt.WeightsDir = None,
) -> None:
    """Print the folder of weights; with a name, that model's, which must exist."""
    from dyvim_cli.hub.store import find, weights_folder

    console.data(str(find(name, weights_dir) if name else weights_folder(weights_dir)))


@app.command("rm")
def remove_weights(name: Name, weights_dir: opt.WeightsDir = None) -> None:
    """Delete what was pulled under a name."""
    from dyvim_cli.cli.show.shelves import remove_pulled
    from dyvim_cli.hub.shelf import MODELS

    remove_pulled(MODELS, name, weights_dir)
