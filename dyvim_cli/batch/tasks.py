"""Plan a batch: each film's seed and output paths, checked before work starts."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dyvim_cli.batch.fingerprint import film_seed, settings_digest
from dyvim_cli.batch.journal import NAME
from dyvim_cli.batch.selection import SelectedFilm
from dyvim_cli.batch.staging import results
from dyvim_cli.errors import InputError, UsageError
from dyvim_cli.media.output import check_picture, fill_template, output_path
from dyvim_cli.options import ComposeOptions, Delivery

ADVICE = "put {stem} or {folder} into the name: -o 'scored/{folder}/{stem}.mp4'"


@dataclass(frozen=True)
class Task:
    """One film's job. The delivery's paths are final and absolute."""

    film: Path
    options: ComposeOptions
    delivery: Delivery
    settings: str  # digest of all that the result depends on besides the film
    use_cache: bool = True
    command: tuple[str, ...] = ()  # makes this film again
    deaths: int = 0  # workers that died on it

    @property
    def output(self) -> Path:
        """The film with its music."""
        return self.delivery.settled_output()


def task_of(film: SelectedFilm, options: ComposeOptions, delivery: Delivery, use_cache: bool = True) -> Task:
    """Make a film's job from what holds for all of them: templates filled in, the seed made its own.

    Args:
        film: as it was selected.
        options: options of composing of the batch.
        delivery: options of the output; its paths may be templates such as "{folder}/{stem}.mp4".
        use_cache: whether features of earlier runs count.

    Returns:
        The job, with final and absolute paths.

    Raises:
        UsageError: a template is not understood.
    """
    if options.plan is None:  # a plan has the seed of its film
        options = replace(options, seed=film_seed(options.seed, film.relative))
    values = {"style": options.style or "auto", "seed": options.seed, "folder": str(film.relative.parent)}
    delivery = replace(
        delivery,
        output=_output(film, delivery.output, values),
        midi=_extra(delivery.midi, film, values, ".mid"),
        music=_extra(delivery.music, film, values, ".wav"),
        stems=_extra(delivery.stems, film, values, ""),
    )
    return Task(film.path.absolute(), options, delivery, settings_digest(options, delivery), use_cache)


def _output(film: SelectedFilm, wanted: str | Path | None, values: dict[str, Any]) -> Path:
    """Output of a film: sub-folders of the input are mirrored inside an output folder."""
    if wanted is not None and _asks_for_folder(str(wanted)):
        wanted = os.path.join(wanted, "{folder}", "")
    return Path(os.path.abspath(output_path(film.path, _codec(film.path), wanted, **values)))


def _extra(wanted: Path | None, film: SelectedFilm, values: dict[str, Any], extension: str) -> Path | None:
    """A template as it is; a folder, or for stems any name without {stem}, gets the film's own name."""
    if wanted is None:
        return None
    template = str(wanted)
    if Path(template).is_dir() or not (extension or "{stem}" in template):
        template = os.path.join(template, "{folder}", "{stem}" + extension)
    return Path(os.path.abspath(fill_template(template, film.path.stem, **values)))


def _is_folder(template: str) -> bool:
    return template.endswith(("/", os.sep)) or Path(template).is_dir()


def _asks_for_folder(wanted: str) -> bool:
    """Check whether -o names a folder: one that is there, or a name without an ending and placeholders."""
    return _is_folder(wanted) or ("{" not in wanted and not Path(wanted).suffix)


def _codec(film: Path) -> str:
    """The picture's codec, on which the output's extension depends; a film that is none fails later.

    Only the head is read, in milliseconds; the film's name proves nothing: a .mov may be a renamed webm.
    """
    from dyvim_cli.media.probe import picture_codec

    try:
        return picture_codec(film)
    except InputError:
        return ""


def check_container(task: Task) -> None:
    """Check that the output's container can carry the film's picture.

    Args:
        task: one film's job.

    Raises:
        UsageError: it cannot.
    """
    if codec := _codec(task.film):
        check_picture(task.output, codec)


def check_collisions(tasks: Iterable[Task]) -> None:
    """Check that every file is made by one film only and no film is replaced.

    Args:
        tasks: all of the batch.

    Raises:
        UsageError: two films would make the same file, or one would replace another film.
    """
    tasks = list(tasks)
    taken: dict[str, Task] = {}
    films = {_same(task.film) for task in tasks}
    for task in tasks:
        for path in results(task.delivery):
            other = taken.setdefault(_same(path), task)
            if other is not task:
                raise UsageError(f"{other.film} and {task.film} would both become {path}", ADVICE)
            if _same(path) in films:
                raise UsageError(f"{task.film} would become {path}, which is one of the films", ADVICE)


def _same(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def made_by_us(films: Iterable[SelectedFilm], tasks: Iterable[Task]) -> set[Path]:
    """Find selected films that are other films' results: scored before, whatever they are called.

    Args:
        films: as they were selected.
        tasks: all of the batch.

    Returns:
        Their paths.
    """
    from dyvim_cli.media.probe import is_scored

    outputs = {_same(task.output) for task in tasks}
    return {film.path for film in films if _same(film.path) in outputs and is_scored(film.path)}


def journal_place(wanted: str | None, films: Iterable[SelectedFilm]) -> Path:
    """Choose where the journal is: in the folder that all outputs have in common.

    Args:
        wanted: output template of the batch; None = beside the films.
        films: as they were selected, at least one.

    Returns:
        Path of the journal.
    """
    if wanted is None:
        return next(iter(films)).root / NAME
    if _asks_for_folder(wanted):
        return Path(wanted) / NAME
    fixed = wanted.split("{", 1)[0]
    return Path(fixed if fixed and _is_folder(fixed) else os.path.dirname(fixed)) / NAME
