"""The `dyvim` command: one file per verb; heavy imports stay inside the verbs."""

import importlib
import inspect
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from dyvim_cli import __version__
from dyvim_cli.cli.interrupts import forget_interrupt, raise_interrupts
from dyvim_cli.cli.options import config
from dyvim_cli.cli.options.dressing import dressed
from dyvim_cli.cli.options.parsing import parse_key, parse_mood, parse_style
from dyvim_cli.cli.options.variables import check_variables
from dyvim_cli.cli.options.verbs import Made, Verb, Verbs, Words
from dyvim_cli.cli.show import console
from dyvim_cli.cli.show.examples import FIRST_STEPS, epilog
from dyvim_cli.cli.show.streams import guard
from dyvim_cli.cli.show.usage import ClickException, fault_of_usage, is_help
from dyvim_cli.errors import DyvimError, ExitCode, UsageError, fault_of

MAKE, LOOK, PARTS, CARE, RESEARCH = "Make music", "Look and judge", "Single steps", "Care", "Research"
# verb -> (module, function or Typer app, panel), in the order of the help page
VERBS = {
    "score": ("score", "score", MAKE),
    "batch": ("batch", "batch", MAKE),
    "plan": ("plan", "plan", MAKE),
    "rescore": ("rescore", "rescore", MAKE),
    "evaluate": ("evaluate", "evaluate", LOOK),
    "styles": ("styles", "styles", LOOK),
    "extract-features": ("extract_features", "extract_features", PARTS),
    "extract-frames": ("extract_frames", "extract_frames", PARTS),
    "generate": ("generate", "generate", PARTS),
    "render": ("render", "render", PARTS),
    "mux": ("mux", "mux", PARTS),
    "doctor": ("doctor", "doctor", CARE),
    "cache": ("cache", "app", CARE),
    "weights": ("weights", "app", CARE),
    "sounds": ("sounds", "app", CARE),
    "train": ("train", "app", RESEARCH),
}
# one film or several: score says itself what to do with more
SETTINGS = {"score": {"allow_extra_args": True}}


# options whose words are read by their verb; in a configuration they are read before, to name the file
WORDS: dict[str, Callable[[str], object]] = {"style": parse_style, "mood": parse_mood, "key": parse_key}


def _target(verb: str) -> Any:
    """A verb's function, or Typer's app of a group of verbs."""
    module, name, _ = VERBS[verb]
    return getattr(importlib.import_module(f"dyvim_cli.cli.verbs.{module}"), name)


def _made(verb: str) -> Any:
    """Click's command of a verb."""
    target, panel = _target(verb), VERBS[verb][2]
    alone = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False)
    if isinstance(target, typer.Typer):
        _dress_group(verb, target)
        alone.add_typer(target, name=verb, rich_help_panel=panel, cls=Words)
    else:
        settings = SETTINGS.get(verb)
        made = alone.command(
            verb, cls=Verb, epilog=epilog(verb), context_settings=settings, rich_help_panel=panel
        )
        made(dressed(target))
        alone.callback()(lambda: None)  # makes a group of it
    return typer.main.get_command(alone).commands[verb]  # type: ignore[attr-defined]  # of a group


class _AllVerbs(Verbs):
    """The group of all verbs, made one by one."""

    def __init__(self, **settings: Any):
        super().__init__(**settings | {"commands": Made(VERBS, _made)})


app = typer.Typer(
    cls=_AllVerbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=FIRST_STEPS,
)

DRESSED: set[Callable[..., Any]] = set()


def _dress_group(verb: str, group: typer.Typer) -> None:
    """Prepare the verbs of a group, once: the modules outlive this one in tests."""
    for command in group.registered_commands:
        if command.callback is not None and command.callback not in DRESSED:
            command.callback = dressed(command.callback, with_variables=False)
            DRESSED.add(command.callback)
            command.cls = Verb
            command.epilog = epilog(f"{verb} {command.name}")


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
        bool,
        typer.Option(
            "-V", "--version", metavar="", callback=_show_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Composes a soundtrack to a film's motion; the picture stays untouched."""
    check_variables(context)
    if context.invoked_subcommand == "doctor":  # looks at it itself
        context.obj = config_file
        return
    path = config_file or config.default_path()
    if config_file is not None or config.is_there(path):
        take_configuration(context, path)


def take_configuration(context: typer.Context, path: Path) -> None:
    """Let a file's values be the defaults of the options.

    Args:
        context: of the group of verbs.
        path: of the configuration.

    Raises:
        UsageError: the file makes no sense; the message names it.
    """
    options = {verb: _types(_target(verb)) for verb in VERBS}
    context.default_map = config.default_map(config.read(path), options, path)
    _check_values(context, path)


def _types(target: Any) -> dict[str, Any]:
    """Types of a verb's options by name; groups of verbs take no defaults."""
    if isinstance(target, typer.Typer):
        return {}
    return {p.name: p.annotation for p in inspect.signature(target).parameters.values()}


def _check_values(context: typer.Context, path: Path) -> None:
    """Raise UsageError, naming the file, for a default that its option would not take as a flag."""
    verbs: Any = context.command  # a group, as Typer makes it
    for verb, values in (context.default_map or {}).items():
        for option in verbs.get_command(context, verb).params:
            if option.name in values:
                try:
                    option.process_value(context, values[option.name])
                    WORDS.get(option.name, str)(values[option.name])
                except typer.BadParameter as error:
                    raise UsageError(f"{path}: {error.format_message()}", f"correct {path}") from error
                except UsageError as error:
                    raise UsageError(f"{path}: {option.name}: {error.message}", error.hint) from error


def run() -> None:
    """Run the verb that was requested; the one place that maps failures to exit codes."""
    raise_interrupts()
    try:
        streams = guard()
        code = _run_verb()
    except Exception as error:
        wants_trace = os.environ.get("DYVIM_DEBUG") or console.is_verbose()
        if wants_trace and not isinstance(error, DyvimError):
            raise
        fault = fault_of(error)
        console.show_error(fault)
        sys.exit(int(fault.exit_code))
    if lost := streams.lost():
        console.show_error(lost)
    if code == ExitCode.INTERRUPTED:
        _end_at_once()
    sys.exit(int(code or (lost.exit_code if lost else ExitCode.OK)))


def _end_at_once() -> None:
    """End an interrupted run whose files are put away: threads that only think are not waited for."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(ExitCode.INTERRUPTED)


def _run_verb() -> int:
    """Run the verb; its exit code. Raises UsageError for a wrong command line."""
    try:
        code = app(prog_name="dyvim", standalone_mode=False)
    except KeyboardInterrupt:  # outside a verb; Typer makes an exit of those inside
        code = ExitCode.INTERRUPTED
    except typer.Abort:
        code = ExitCode.BUG
    except SystemExit as end:
        code = end.code
    except ClickException as error:
        if not is_help(error):
            raise fault_of_usage(error) from error
        code = ExitCode.USAGE
    if code == ExitCode.INTERRUPTED:
        console.note("interrupted; nothing was left half-written")
        forget_interrupt()
    return code if isinstance(code, int) else ExitCode.OK
