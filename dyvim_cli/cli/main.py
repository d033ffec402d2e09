"""The `dyvim` command: one file per verb; heavy imports stay inside the verbs."""

import importlib
import inspect
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from dyvim_cli import __version__
from dyvim_cli.cli.options import config
from dyvim_cli.cli.options.verbs import Verbs
from dyvim_cli.cli.show import console
from dyvim_cli.cli.show.streams import guard
from dyvim_cli.errors import DyvimError, ExitCode, UsageError, fault_of

app = typer.Typer(cls=Verbs, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")

# verb -> (module, function or Typer app), in the order of the help page
VERBS = {
    "score": ("score", "score"),
    "batch": ("batch", "batch"),
    "plan": ("plan", "plan"),
    "rescore": ("rescore", "rescore"),
    "generate": ("generate", "generate"),
    "extract-frames": ("extract_frames", "extract_frames"),
    "extract-features": ("extract_features", "extract_features"),
    "mux": ("mux", "mux"),
    "render": ("render", "render"),
    "evaluate": ("evaluate", "evaluate"),
    "styles": ("styles", "styles"),
    "doctor": ("doctor", "doctor"),
    "cache": ("cache", "app"),
    "weights": ("weights", "app"),
    "sounds": ("sounds", "app"),
    "train": ("train", "app"),
}
# one film or several: score says itself what to do with more
SETTINGS = {"score": {"allow_extra_args": True}}


TYPES: dict[str, dict[str, Any]] = {}  # verb -> option's name -> its type; groups of verbs take no defaults


def _register() -> None:
    for verb, (module, name) in VERBS.items():
        target = getattr(importlib.import_module(f"dyvim_cli.cli.verbs.{module}"), name)
        if isinstance(target, typer.Typer):
            app.add_typer(target, name=verb)
        else:
            app.command(verb, context_settings=SETTINGS.get(verb))(target)
            TYPES[verb] = {p.name: p.annotation for p in inspect.signature(target).parameters.values()}


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
    if config_file is not None or config.is_there(path):
        options = {verb: TYPES.get(verb, {}) for verb in VERBS}
        context.default_map = config.default_map(config.read(path), options, path)
        _check_values(context, path)


def _check_values(context: typer.Context, path: Path) -> None:
    """Raise UsageError, naming the file, for a default that its option would not take as a flag."""
    for verb, values in context.default_map.items():
        for option in context.command.get_command(context, verb).params:
            if option.name in values:
                try:
                    option.process_value(context, values[option.name])
                except typer.BadParameter as error:
                    raise UsageError(f"{path}: {error.format_message()}", f"mend {path}") from error


def _interrupt(signum, frame) -> None:
    raise KeyboardInterrupt


_register()


def run() -> None:
    """Run the verb that was asked for; the one place that maps failures to exit codes."""
    signal.signal(signal.SIGTERM, _interrupt)  # a kill cleans up like Ctrl-C
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # not under nohup
        signal.signal(signal.SIGHUP, _interrupt)  # and so does a terminal that is closed
    try:
        streams = guard()
        code = _run_verb()
    except Exception as error:
        if os.environ.get("DYVIM_DEBUG") and not isinstance(error, DyvimError):
            raise
        fault = fault_of(error)
        console.show_error(fault)
        sys.exit(int(fault.exit_code))
    if lost := streams.lost():
        console.show_error(lost)
    sys.exit(int(code or (lost.exit_code if lost else ExitCode.OK)))


def _run_verb() -> int:
    """Run the verb; its exit code."""
    try:
        app()
    except KeyboardInterrupt:  # outside a verb; Typer makes an exit of those inside
        code = ExitCode.INTERRUPTED
    except SystemExit as end:
        code = end.code or ExitCode.OK
    else:
        return ExitCode.OK
    if code == ExitCode.INTERRUPTED:
        console.note("interrupted; nothing was left half-written")
    return code
