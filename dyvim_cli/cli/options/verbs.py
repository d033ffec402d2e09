"""Find the intended verb: by a similar name, or by a film in its place (`dyvim clip.mp4`)."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup

from dyvim_cli.cli.show.usage import ClickException
from dyvim_cli.errors import UsageError, one_of


class PlainFlags:
    """Leave out the placeholder of a value in the help of flags, --help among them."""

    def get_params(self, ctx: Any) -> list[Any]:
        """List the parameters.

        Args:
            ctx: of click.

        Returns:
            Click's parameters.
        """
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]  # of the command beside it
        for parameter in parameters:
            if getattr(parameter, "is_flag", False) and parameter.metavar is None:
                parameter.metavar = ""
        return parameters

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words after the verb.

        Args:
            ctx: of click.
            args: the words.

        Returns:
            Those that are left.

        Raises:
            ClickException: they are wrong; it knows the verb, which Click forgets where a value is missing.
        """
        try:
            left: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]  # of the command beside it
        except ClickException as error:
            error.ctx = getattr(error, "ctx", None) or ctx  # type: ignore[attr-defined]  # of usage errors
            raise
        return left


class Verb(PlainFlags, TyperCommand):
    """A verb of the command line."""


class Words(PlainFlags, TyperGroup):
    """Group of verbs that suggests the intended verb for a wrong one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb that is named.

        Args:
            ctx: of click.
            args: words of the command line, the verb first.

        Returns:
            Click's (name, command, other words).

        Raises:
            UsageError: there is no such verb; the hint is the probably intended one.
        """
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            known = self.list_commands(ctx)
            raise UsageError(f"{name} is no verb of {ctx.command_path}", one_of(name, known))
        return super().resolve_command(ctx, args)


class Made(Mapping[str, Any]):
    """Click's commands by name, each made when it is asked for first: a run needs one of them."""

    def __init__(self, names: Iterable[str], make: Callable[[str], Any]):
        """Name the commands.

        Args:
            names: in their order.
            make: makes one of them.
        """
        self._made: dict[str, Any] = dict.fromkeys(names)
        self._make = make

    def __getitem__(self, name: str) -> Any:
        if self._made[name] is None:
            self._made[name] = self._make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


class Verbs(Words):
    """The group of all verbs."""

    def list_commands(self, ctx: Any) -> list[str]:
        """List the verbs, without making them.

        Args:
            ctx: of click.

        Returns:
            Their names.
        """
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb that is named.

        Args:
            ctx: of click.
            args: words of the command line, the verb first.

        Returns:
            Click's (name, command, other words).

        Raises:
            UsageError: there is no such verb; for a film the hint is the intended command.
        """
        name = args[0]
        if self.get_command(ctx, name) is None and (Path(name).exists() or Path(name).suffix):
            verb = "batch" if Path(name).is_dir() or len(_films(args)) > 1 else "score"
            command = " ".join(["dyvim", verb, *map(shlex.quote, args)])
            raise UsageError(f"{name} is no verb of dyvim", command)
        return super().resolve_command(ctx, args)


def _films(words: list[str]) -> list[str]:
    """The words that are files."""
    return [word for word in words if Path(word).is_file()]
