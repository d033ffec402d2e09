"""Show the licence of weights before they are downloaded or trained on."""

from typing import TYPE_CHECKING

from dyvim_cli.cli.show import console

if TYPE_CHECKING:
    from dyvim_cli.options import ComposeOptions


def say_before_pull(options: "ComposeOptions") -> None:
    """Say the licence of weights that are about to be pulled.

    Args:
        options: of the composer.

    Raises:
        UsageError: there is no such model.
        WeightsError: weights are damaged.
    """
    from dyvim_cli.composer import missing_weights
    from dyvim_cli.hub.catalogue import licence_note
    from dyvim_cli.hub.store import known
    from dyvim_cli.options import EMBEDDED

    if options.model == EMBEDDED:
        return
    if (missing := missing_weights(options)) and (note := licence_note(known(missing))):
        console.note(f"note: {note}")


def say_before_learning(backbone: str) -> None:
    """Say the licence of a backbone that a training is about to use, or to pull first.

    Args:
        backbone: name of the catalogue, or a folder.
    """
    from dyvim_cli.hub.catalogue import CATALOGUE, licence_note

    if backbone in CATALOGUE and (note := licence_note(CATALOGUE[backbone])):
        console.note(f"note: {note}")
