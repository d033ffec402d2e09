"""The `dyvim` command: one file a verb; heavy imports stay inside the verbs' bodies."""

import importlib
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli import __version__
from dyvim_cli.cli.options import config
from dyvim_cli.cli.options.verbs import Verbs
from dyvim_cli.cli.show import console
from dyvim_cli.errors import DyvimError, ExitCode, fault_of

app = typer.Typer(cls=Verbs, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")

# verb -> (module, function or Typer app), in the order of the help page
VERBS = {
    "score": ("score", "score"),
    "batch": ("batch", "batch"),
    "generate": ("generate", "generate"),
    "extract-frames": ("extract_frames", "extract_frames"),
    "extract-features": ("extract_features", "extract_features"),
    "mux": ("mux", "mux"),
    "evaluate": ("evaluate", "evaluate"),
    "styles": ("styles", "styles"),
    "doctor": ("doctor", "doctor"),
    "cache": ("cache", "app"),
    "weights": ("weights", "app"),
    "train": ("train", "app"),
}
# one film or several: score says itself what to do with more
SETTINGS = {"score": {"allow_extra_args": True}}


def _register() -> None:
    for verb, (module, name) in VERBS.items():
        target = getattr(importlib.import_module(f"dyvim_cli.cli.verbs.{module}"), name)
        if isinstance(target, typer.Typer):
            app.add_typer(target, name=verb)
        else:
            app.command(verb, context_settings=SETTINGS.get(verb))(target)


def _show_version(asked: bool) -> None:
    if asked:
        console.data(f"dyvim {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config_file: Annotated[
        Path | None,
        typer.Option("--config", envvar="DYVIM_CONFIG", help="TOML file with defaults for the options."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Gives a film its music: composed to its motion, the picture untouched."""
    path = config_file or config.default_path()
    if config_file is not None or path.is_file():
        context.default_map = config.default_map(config.read(path), _options(context), path)


def _options(context: typer.Context) -> dict[str, set[str]]:
    """The option names of every verb (of a group: none, its verbs take no defaults)."""
    group = context.command
    verbs = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: {p.name for p in verb.params if p.name != "help"} for name, verb in verbs.items()}


def _interrupt(signum, frame) -> None:
    raise KeyboardInterrupt


def _say_interrupted() -> None:
    console.note("interrupted; nothing was left half-written")


_register()


def run() -> None:
    """Run the verb that was asked for; the one place that maps failures to exit codes."""
    signal.signal(signal.SIGTERM, _interrupt)  # a kill cleans up like Ctrl-C
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # not under nohup
        signal.signal(signal.SIGHUP, _interrupt)  # and so does a terminal that is closed
    sys.stdout.reconfigure(errors="surrogateescape")  # a path whose bytes are not UTF-8 comes out as it is
    try:
        app()
    except DyvimError as error:
        console.show_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:  # outside a verb; Typer makes an exit of those inside
        _say_interrupted()
        sys.exit(ExitCode.INTERRUPTED)
    except SystemExit as end:
        if end.code == ExitCode.INTERRUPTED:
            _say_interrupted()
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader of stdout has gone
        sys.exit(ExitCode.OK)
    except Exception as error:
        if os.environ.get("DYVIM_DEBUG"):
            raise
        console.show_error(fault_of(error))
        sys.exit(ExitCode.BUG)
