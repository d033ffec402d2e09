"""Compose from features alone and write the music, without a film to put it under."""

from pathlib import Path
from typing import TYPE_CHECKING

from dyvim_cli.cache import read_features
from dyvim_cli.composer import (
    check_options,
    compose,
    device_of,
    load_model,
    notes_of,
    notes_of_instruments,
    prepare_model,
)
from dyvim_cli.describe import comment, describe, each_once
from dyvim_cli.errors import InputError, UsageError, quoted
from dyvim_cli.extras import check_extras, sound_file, whole_set, write_extras
from dyvim_cli.options import ComposeOptions, Delivery
from dyvim_cli.pipeline import Result
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.types import FilmFeatures
from dyvim_cli.watching import features_of

if TYPE_CHECKING:
    from dyvim_cli.media.probe import FilmInfo

DESCRIPTION = ".features.json"  # how the name of the text ends that extract-features writes beside features


def generate(
    source: Path | FilmFeatures,
    options: ComposeOptions,
    delivery: Delivery,
    *,
    use_cache: bool = True,
    progress: Progress | None = None,
) -> Result:
    """Compose from features alone and write the music to delivery.music.

    Args:
        source: features, a file of them, or a film, which is watched unless its features are cached.
        options: options of composing.
        delivery: options of the output.
        use_cache: whether features of earlier runs count, and are kept.
        progress: notified of the stages.

    Returns:
        Where the music is, and facts about it.

    Raises:
        DyvimError: options that cannot be met raise before any work.
    """
    if delivery.music is None:
        raise UsageError("no file to write the music to", "name one with -o music.wav")
    check_options(options, wants_score=bool(delivery.midi or delivery.stems))
    check_extras(delivery, None if isinstance(source, FilmFeatures) else Path(source))
    progress = progress or Silent()
    notes: list[str] = []
    opened = _opened(source)
    prepare_model(options, progress)
    if isinstance(opened, FilmFeatures):
        features = opened
    else:
        features = features_of(opened, use_cache=use_cache, progress=progress, notes=notes)
    model = load_model(options)
    piece = compose(features, options, model, progress)
    with (
        whole_set(delivery) as group,
        sound_file(
            piece, model, features.duration_s, delivery, progress, None, group, options.soundfont
        ) as music,
    ):
        tags = {"comment": comment(piece, options)}
        write_extras(piece, music, delivery, metadata=tags, group=group)
    facts = describe(piece, features, options)
    facts |= {"output": str(delivery.music), "duration_s": features.duration_s}
    facts |= {"device": device_of(model)}
    facts |= {"warnings": each_once(notes, notes_of(model), notes_of_instruments(piece, options))}
    return Result(delivery.music, piece, facts, tuple(facts["warnings"]))


def _opened(source: Path | FilmFeatures) -> "FilmFeatures | FilmInfo":
    """Load features from their file, or watch a film. Raises InputError."""
    from dyvim_cli.media.probe import probe

    if isinstance(source, FilmFeatures):
        return source
    path = Path(source)
    if path.name.endswith(DESCRIPTION):
        features = path.with_suffix(".safetensors")
        raise InputError(
            f"{path} only describes the features", f"name the file beside it: {quoted(features)}"
        )
    return read_features(path) if path.suffix == ".safetensors" else probe(path)
