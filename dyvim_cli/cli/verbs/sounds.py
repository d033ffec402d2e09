"""dyvim sounds: larger packs of instruments, pulled on demand: list, pull, verify, path, rm.

Every film gets its music without them; `--soundfont NAME` plays with one.
"""

import json
from typing import Annotated

import typer

from dyvim_cli.cli.options import arguments as opt
from dyvim_cli.cli.show import console

app = typer.Typer(no_args_is_help=True, help="Packs of instruments to pull: list, pull, verify, path, rm.")
Name = Annotated[str, typer.Argument(help="A name of `dyvim sounds list`.", show_default=False)]


@app.command("list")
def list_sounds(sounds_dir: opt.SoundsDir = None, as_json: opt.Json = False) -> None:
    """List what can be pulled, its licence, and what is here."""
    from dyvim_cli.hub.shelf import PACKS
    from dyvim_cli.hub.store import manifest, n_bytes

    for source in PACKS.catalogue.values():
        here, size = manifest(source.name, sounds_dir, PACKS), n_bytes(source.name, sounds_dir, PACKS)
        about_bytes = int(source.about_gb * 1e9)
        if as_json:
            facts = {"name": source.name, "purpose": source.purpose, "source": source.where}
            facts |= {"licence": source.licence, "about_bytes": about_bytes, "bytes": size}
            console.data(json.dumps(facts | {"files": here["files"] if here else None}))
        else:
            state = f"{size / 1e6:.1f} MB here" if here else f"~{about_bytes / 1e6:.0f} MB to pull"
            console.data(f"{source.name:28} {state:>16}  {source.licence:8} {source.purpose}  {source.where}")


@app.command("pull")
def pull_sounds(
    name: Name,
    sounds_dir: opt.SoundsDir = None,
    offline: opt.Offline = False,
    progress: opt.Progress = console.ProgressKind.AUTO,
) -> None:
    """Fetch a pack, or what is missing of it; prints the path of its soundfont."""
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
    name: Name, sounds_dir: opt.SoundsDir = None, progress: opt.Progress = console.ProgressKind.AUTO
) -> None:
    """Check every byte of a pack."""
    from dyvim_cli.hub.shelf import PACKS
    from dyvim_cli.hub.store import verify

    with console.progress(progress) as shown:
        folder = verify(name, sounds_dir, shown, PACKS)
    console.data(f"ok    {name}: {folder}")


@app.command("path")
def show_path(
    name: Annotated[str | None, typer.Argument(help="Else where all of them lie.")] = None,
    sounds_dir: opt.SoundsDir = None,
) -> None:
    """Print where packs lie; with a name, that pack's soundfont, which must be there."""
    from dyvim_cli.hub.packs import soundfont_of
    from dyvim_cli.hub.shelf import PACKS

    console.data(str(soundfont_of(name, sounds_dir) if name else PACKS.folder(sounds_dir)))


@app.command("rm")
def remove_sounds(name: Name, sounds_dir: opt.SoundsDir = None) -> None:
    """Delete what was pulled under a name."""
    from dyvim_cli.hub.shelf import PACKS
    from dyvim_cli.hub.store import remove

    console.note(f"removed {remove(name, sounds_dir, PACKS) / 1e6:.1f} MB")
