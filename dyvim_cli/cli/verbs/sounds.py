"""dyvim sounds: larger packs of instruments, pulled on demand: list, pull, verify, path, rm.

Every film gets its music without them; `--soundfont NAME` plays with one.
"""

from typing import Annotated

import typer

from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.options.parsing import sounds_that_begin
from dyvim_cli.cli.show import console

app = typer.Typer(no_args_is_help=True, help="Packs of instruments to pull: list, pull, verify, path, rm.")
Name = Annotated[
    str,
    typer.Argument(
        help="A name of `dyvim sounds list`.", show_default=False, autocompletion=sounds_that_begin
    ),
]


@app.command("list")
def list_sounds(sounds_dir: opt.SoundsDir = None, as_json: opt.Json = False) -> None:
    """List what can be pulled, its licence, and what is here."""
    from dyvim_cli.cli.show.shelves import list_shelf
    from dyvim_cli.hub.shelf import PACKS

    list_shelf(PACKS, sounds_dir, as_json)


@app.command("pull")
def pull_sounds(
    name: Name,
    sounds_dir: opt.SoundsDir = None,
    offline: opt.Offline = False,
    progress: opt.Progress = console.ProgressKind.AUTO,
) -> None:
    """Download a pack, or its missing files; prints the path of its soundfont."""
    from dyvim_cli.hub.packs import soundfont_of
    from dyvim_cli.hub.shelf import PACKS
    from dyvim_cli.hub.store import pull

    console.note(f"note: {name} is licensed {PACKS.known(name).licence}")
    if not offline:
        with console.progress(progress) as shown:
            pull(name, sounds_dir, shown, PACKS)
    console.data(str(soundfont_of(name, sounds_dir)))


@app.command("verify")
def verify_sounds(
    names: Annotated[list[str] | None, typer.Argument(help="Names; else everything that was pulled.")] = None,
    sounds_dir: opt.SoundsDir = None,
    progress: opt.Progress = console.ProgressKind.AUTO,
) -> None:
    """Check every byte of what was pulled."""
    from dyvim_cli.cli.show.shelves import verify_all
    from dyvim_cli.hub.shelf import PACKS

    verify_all(PACKS, names, sounds_dir, progress)


@app.command("path")
def print_sounds_path(
    name: Annotated[str | None, typer.Argument(help="Else the folder of all of them.")] = None,
    sounds_dir: opt.SoundsDir = None,
) -> None:
    """Print the folder of packs; with a name, that pack's soundfont, which must exist."""
    from dyvim_cli.hub.packs import soundfont_of
    from dyvim_cli.hub.shelf import PACKS

    console.data(str(soundfont_of(name, sounds_dir) if name else PACKS.folder(sounds_dir)))


@app.command("rm")
def remove_sounds(name: Name, sounds_dir: opt.SoundsDir = None) -> None:
    """Delete what was pulled under a name."""
    from dyvim_cli.cli.show.shelves import remove_pulled
    from dyvim_cli.hub.shelf import PACKS

    remove_pulled(PACKS, name, sounds_dir)
