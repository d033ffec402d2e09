"""Options of batch: film selection and workers."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from dyvim_cli.cli.options.arguments import RUN
from dyvim_cli.errors import UsageError

FILMS = "Which films"


class Engine(str, Enum):
    """Engine that does the work."""

    LOCAL = "local"  # processes on this machine
    RAY = "ray"  # a cluster


@dataclass
class Choosing:
    """Options that select the films."""

    recursive: Annotated[
        bool, typer.Option("-r", "--recursive", rich_help_panel=FILMS, help="Include sub-folders.")
    ] = False
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", rich_help_panel=FILMS, help="Take only these from folders, e.g. 'take*.mov'."
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", rich_help_panel=FILMS, help="Exclude these, e.g. 'old*'."),
    ] = None
    from_list: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="LIST|-", rich_help_panel=FILMS,
            help="A file of paths, one a line, or with NUL between them; - is stdin.",
        ),
    ] = None  # fmt: skip


@dataclass
class Scheduling:
    """Options of scheduling and of failures."""

    jobs: Annotated[
        str,
        typer.Option(
            "-j", "--jobs", metavar="N|auto", envvar="DYVIM_JOBS", rich_help_panel=RUN,
            help="Films at once; auto: one per core, as far as memory allows.",
        ),
    ] = "auto"  # fmt: skip
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", rich_help_panel=RUN, help="Try failed films again.")
    ] = False
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", rich_help_panel=RUN, help="Stop at the first failure.")
    ] = False
    journal: Annotated[
        Path | None,
        typer.Option(rich_help_panel=RUN, help="File of the batch's record; else next to the outputs."),
    ] = None
    engine: Annotated[
        Engine, typer.Option(rich_help_panel=RUN, help="Processes on this machine, or a Ray cluster.")
    ] = Engine.LOCAL
    address: Annotated[
        str | None,
        typer.Option(
            envvar="RAY_ADDRESS", rich_help_panel=RUN, help="Address of the Ray cluster, e.g. auto."
        ),
    ] = None
    ship: Annotated[
        bool,
        typer.Option(
            "--ship", rich_help_panel=RUN, help="Send films as bytes, even to nodes that share the disk."
        ),
    ] = False

    @property
    def n_jobs(self) -> int | None:
        """Films at once; None for auto. Raises UsageError."""
        if self.jobs == "auto":
            return None
        if not self.jobs.isdigit() or int(self.jobs) < 1:
            reason = f"--jobs '{self.jobs}' is no number of films"
            raise UsageError(reason, "for example --jobs 2, or --jobs auto")
        return int(self.jobs)
