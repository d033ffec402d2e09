"""The licence of weights that are pulled by themselves is said before, not after."""

from typing import TYPE_CHECKING

from dyvim_cli.cli import console

if TYPE_CHECKING:
    from dyvim_cli.model.composition import Wishes


def say_before_pull(wishes: "Wishes") -> None:
    """Say the licence of weights that are about to be pulled. Raises UsageError, WeightsError."""
    from dyvim_cli.composer import EMBEDDED, missing_weights
    from dyvim_cli.hub.catalogue import licence_note
    from dyvim_cli.hub.store import known

    if wishes.model == EMBEDDED:
        return
    if (missing := missing_weights(wishes)) and (note := licence_note(known(missing))):
        console.note(f"note: {note}")
