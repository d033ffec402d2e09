"""Fit the music of a scored film to a new cut of it: the old piece, the shots found again, the new score."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dyvim_cli import job_checks, pipeline
from dyvim_cli.composer import compose
from dyvim_cli.desk.kept_pieces import kept_piece, name_of
from dyvim_cli.desk.like import made_by
from dyvim_cli.errors import UsageError, quoted
from dyvim_cli.old_piece import OldPiece, Recut
from dyvim_cli.options import ComposeOptions, Delivery
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.types import Score

if TYPE_CHECKING:
    from dyvim_cli.model.musicgen.loading import AudioModel
    from dyvim_cli.model.score.decoder import Decoder


def rescore(
    film_path: Path,
    scored: Path,
    options: ComposeOptions,
    delivery: Delivery = Delivery(),
    *,
    use_cache: bool = True,
    progress: Progress | None = None,
) -> pipeline.Result:
    """Score a new cut with the music of an earlier one, composing only where the film changed.

    Args:
        film_path: the new cut.
        scored: the film that dyvim scored.
        options: as its music was made; options.plan: the plan that it followed.
        delivery: as of pipeline.score().
        use_cache: whether what was seen, and the old piece, may come from the cache.
        progress: notified of the stages.

    Returns:
        Where the film is, the music, and facts about both.

    Raises:
        DyvimError: as pipeline.score(); UsageError where the new cut shows nothing of the old film.
    """
    from dyvim_cli.vision.recut import footage_of, match_footage

    asked = replace(options, plan=None)
    job_checks.check_kept(job_checks.prepared_output(film_path, asked, delivery), delivery, scored)
    model = pipeline.load_model(asked)
    old, notes = old_piece(scored, options, model, use_cache, progress)
    watched = pipeline.watch(film_path, asked, delivery, use_cache=use_cache, progress=progress)
    runs = match_footage(footage_of(watched.features), old.footage)
    if all(run.old_s is None for run in runs):
        raise UsageError(f"{film_path} shows nothing of {scored}", f"dyvim score {quoted(film_path)}")
    watched = replace(watched, notes=(*watched.notes, *notes))
    asked = replace(asked, recut=Recut(old, runs))
    return pipeline.compose_and_mux(watched, asked, delivery, model, progress=progress)


def old_piece(
    scored: Path,
    options: ComposeOptions,
    model: "Decoder | AudioModel",
    use_cache: bool,
    progress: Progress | None,
) -> tuple[OldPiece, list[str]]:
    """Find the music of a scored film, as it was kept or composed again.

    Args:
        scored: the film that dyvim scored.
        options: as its music was made.
        model: of pipeline.load_model.
        use_cache: whether what was kept counts.
        progress: notified of the stages.

    Returns:
        (the piece, sentences that must be said of it).

    Raises:
        UsageError: the music goes round, or cannot be made again.
    """
    made = made_by(scored, is_known=True)
    if made["loops"]:
        raise UsageError(f"the music of {scored} goes round", "score the new cut: dyvim score FILM --loop")
    kept = kept_piece(made["piece"]) if use_cache else None
    if kept is not None:
        return kept, []
    if not made["is_free"] and options.plan is None:
        reason = f"the music of {scored} follows a plan or an older cut, and is not kept here any more"
        raise UsageError(reason, "name the plan that it followed: --plan film.toml")
    features = pipeline.features_of(scored, use_cache=use_cache, progress=progress)
    told_s = made["speech_s"]
    score = compose(features, options, model, progress or Silent(), told_s, keeps_tokens=use_cache)
    if not isinstance(score, Score) or "old" not in score.extras:
        raise UsageError(f"{scored}: nothing is known of its frames", "dyvim cache clean, and try again")
    old = score.extras["old"]
    is_same = made["piece"] in ("", name_of(old))
    note = f"the music of {scored.name} could not be made again to the note; what is kept may differ from it"
    return old, [] if is_same else [note]
