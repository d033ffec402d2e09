"""Check a job before any work, and describe its result."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dyvim_cli.composer import check_options, missing_weights
from dyvim_cli.desk.planning import check_length, read_orders
from dyvim_cli.extras import check_extras
from dyvim_cli.options import ComposeOptions, Delivery
from dyvim_cli.preview import marked_name, preview_cut

if TYPE_CHECKING:
    from dyvim_cli.media.cut import Cut
    from dyvim_cli.media.probe import FilmInfo

    CheckedFilm = tuple[FilmInfo, Cut, Path]


def checked_film(film_path: Path, options: ComposeOptions, delivery: Delivery) -> "CheckedFilm":
    """Check a job in every way that needs no work.

    Args:
        film_path: the film.
        options: options of composing.
        delivery: options of the output.

    Returns:
        (film, cut, path of the output).

    Raises:
        DyvimError: a check fails.
    """
    from dyvim_cli.media.cut import plan_cut
    from dyvim_cli.media.film_clock import clock_of
    from dyvim_cli.media.output import check_film_output, check_picture, output_path
    from dyvim_cli.media.own_tracks import without_our_music
    from dyvim_cli.media.probe import probe
    from dyvim_cli.media.programs import find_ffmpeg
    from dyvim_cli.media.reordered import check_order

    check_options(options, wants_score=bool(delivery.midi or delivery.stems))
    find_ffmpeg()  # raises where there is none that can write the film
    film = without_our_music(probe(Path(film_path)), delivery.keep_audio)
    cut = plan_cut(film, delivery.start_s, delivery.end_s)
    style = options.style or "auto"
    output = output_path(film.path, film.codec, delivery.output, style=style, seed=options.seed)
    if delivery.preview_s is not None:
        preview_cut(film, cut, delivery.preview_s)
        output = marked_name(output, "preview") if delivery.output is None else output
    check_picture(output, film.codec)
    check_order(output, film.path, film.is_reordered)
    check_film_output(output, delivery.output, inputs=(film.path,), overwrite=delivery.overwrite)
    check_extras(delivery, film.path, output.parent)
    read_orders(options, clock_of(film, cut.start_s, cut.end_s))
    if options.markers is not None:
        check_kept(output, delivery, options.markers)
    if options.plan is not None:
        check_length(options.plan, cut.end_s - cut.start_s)
    return film, cut, output


def prepared_output(film_path: Path, options: ComposeOptions, delivery: Delivery) -> Path:
    """Find the scored film's path, after every check that needs no work.

    Args:
        film_path: the film.
        options: options of composing.
        delivery: options of the output.

    Returns:
        Path of the film.

    Raises:
        DyvimError: a check fails.
    """
    return checked_film(film_path, options, delivery)[2]


def check_delivery(film_path: Path, delivery: Delivery) -> None:
    """Check that all that a delivery names can be written.

    Args:
        film_path: the film, which must not be replaced.
        delivery: with a settled output.

    Raises:
        OutputError: something cannot be written.
    """
    from dyvim_cli.media.output import check_folder, check_output

    output = delivery.settled_output()
    if output.parent.exists():
        check_output(output, inputs=(film_path,), overwrite=delivery.overwrite)
    else:
        check_folder(output.parent)
    check_extras(delivery, film_path, output.parent)


def check_kept(output: Path, delivery: Delivery, *sources: Path) -> None:
    """Check that nothing that is written replaces a file that the music is made from.

    Args:
        output: path of the film.
        delivery: options of the output.
        *sources: files that are read besides the film: a scored film, markers.

    Raises:
        OutputError: something would.
    """
    from dyvim_cli.media.output import check_output

    for path in (output, delivery.music, delivery.midi, delivery.markers_out):
        if path is not None and path.exists():
            check_output(path, inputs=sources, overwrite=True)


def plan_job(film_path: Path, options: ComposeOptions, delivery: Delivery) -> dict[str, Any]:
    """Describe the result of score() without working; raises the errors that it would raise beforehand.

    Args:
        film_path: the film.
        options: options of composing.
        delivery: options of the output.

    Returns:
        JSON values.

    Raises:
        DyvimError: a check fails.
    """
    film, cut, output = checked_film(film_path, options, delivery)
    missing = missing_weights(options)
    return {
        "input": str(film.path),
        "output": str(output),
        "picture": f"{film.codec} {film.width}x{film.height}, {film.fps:.3f} fps, copied",
        "start_s": cut.start_s,
        "end_s": cut.end_s,
        "keep_audio": delivery.keep_audio if film.audio else "drop",
        "subtitles": len(film.subtitles),
        "chapters": film.n_chapters,
        "model": options.model,
        "alpha": options.alpha,
        "style": options.style or "chosen by the film",
        "seed": options.seed,
        "warnings": [*cut.warnings, *([f"to be pulled: {missing}"] if missing else [])],
    }
