"""Name output files, choose their containers, and write them whole or not at all."""

import mimetypes
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dyvim_cli.atomic import PendingFiles, written
from dyvim_cli.errors import FULL, OutputError, UsageError, disk_full, quoted

# extension -> ffmpeg's muxer; a film in any other container leaves in mp4 (or mkv, see `film_extension`)
MUXERS = {
    ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm",
    ".avi": "avi", ".ts": "mpegts", ".m2ts": "mpegts", ".mts": "mpegts",
}  # fmt: skip

# the only picture codecs that fit, for containers that take few; mpegts also writes others, but without their
# type, or without the header that they keep outside of their packets (mpeg4), so that no player reads them
TAKES = {
    "mp4": (
        "h264", "hevc", "vvc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "vc1", "png",
        "jpeg2000",
    ),
    "webm": ("vp8", "vp9", "av1"),
    "mpegts": ("h264", "hevc", "vvc", "mpeg2video", "mpeg1video", "vc1", "cavs", "dirac"),
}  # fmt: skip
TAKES_NOT = {"mov": ("vp8", "vp9", "av1")}  # the few that do not fit, where a container takes nearly all
OWN_MARK = ".dyvim."  # mark in the default name of a scored film
LONGEST_NAME = 255  # bytes, of all usual file systems
RE_ENCODED = ("gif", "apng")  # no film container takes them unchanged


def holds(extension: str, codec: str) -> bool:
    """Check whether a container takes a picture: as it is, or as the H.264 that RE_ENCODED ones become.

    Args:
        extension: such as ".mp4".
        codec: of the picture.

    Returns:
        True where it fits.
    """
    muxer, written = MUXERS[extension], "h264" if codec in RE_ENCODED else codec
    return written in TAKES.get(muxer, (written,)) and written not in TAKES_NOT.get(muxer, ())


def film_extension(path: Path, codec: str) -> str:
    """Choose the extension of the scored film: the input's own where all fits in, else .mp4 or .mkv.

    A picture that mp4 cannot carry untouched goes to mkv, which carries them all.

    Args:
        path: of the film.
        codec: of its picture; "" = not known yet.

    Returns:
        Such as ".mp4".
    """
    own = Path(path).suffix.lower()
    if own in MUXERS and (not codec or holds(own, codec)):
        return own
    return ".mp4" if holds(".mp4", codec) else ".mkv"


def check_picture(path: Path, codec: str) -> None:
    """Check that the container that a name asks for can carry the picture untouched.

    Args:
        path: of the output.
        codec: of the picture.

    Raises:
        UsageError: it cannot.
    """
    extension = path.suffix.lower()
    if not holds(extension, codec):
        fitting = " or ".join(each for each in (".mp4", ".webm", ".mkv") if holds(each, codec))
        hint = f"give -o a name in {fitting}, or without an ending: the picture stays as it is"
        raise UsageError(f"{path.name}: {codec} pictures do not fit into {extension}", hint)


def output_path(
    film_path: Path,
    codec: str,
    wanted: str | Path | None = None,
    *,
    style: str = "",
    seed: int | None = None,
    folder: str = ".",
) -> Path:
    """Choose where the scored film goes.

    Args:
        film_path: of the film.
        codec: of its picture.
        wanted: None (`<stem>.dyvim<ext>` beside the film), a folder (that name inside it), or a file name;
            {stem}, {style}, {seed} and {folder} in it are filled in (but not in a Path), and a missing
            extension is added.
        style: for {style}.
        seed: for {seed}.
        folder: for {folder}: the film's own, within a batch.

    Returns:
        Path of the film.

    Raises:
        UsageError: an unknown placeholder, an extension that is no film's, or what is no file at all.
    """
    film_path = Path(film_path)
    extension = film_extension(film_path, codec)
    mark = f"{OWN_MARK}{extension[1:]}"
    default_name = os.fsencode(film_path.stem)[: LONGEST_NAME - len(mark)].decode(errors="ignore") + mark
    if wanted is None:
        return film_path.with_name(default_name)
    if isinstance(wanted, Path):
        named = str(wanted)
    else:
        named = fill_template(wanted, film_path.stem, style=style, seed=seed, folder=folder)
    if named.endswith(("/", os.sep)) or Path(named).is_dir():
        return Path(named) / default_name
    path = Path(named)
    if named == "-" or (path.exists() and not path.is_file()):
        raise UsageError(f"-o {named} is no file: films are not written to pipes", "-o film.mp4")
    if path.suffix.lower() in MUXERS:
        return path
    if _names_a_kind(path):
        raise UsageError(
            f"{path.name}: films cannot be written as {path.suffix}",
            f"-o {quoted(path.with_suffix(extension))}",
        )
    return path.with_name(path.name + extension)


def check_film_output(
    path: Path, wanted: str | Path | None, *, inputs: tuple[Path, ...] = (), overwrite: bool = False
) -> None:
    """Check, before the work starts, that a scored film may be written; a missing folder is made later.

    Args:
        path: that output_path made of `wanted`.
        wanted: as requested.
        inputs: files that must not be replaced.
        overwrite: replace a file that exists.

    Raises:
        OutputError: it must not or cannot be written.
        UsageError: the name is an option's.
    """
    if str(wanted).endswith(("/", os.sep)) and not path.parent.exists():
        check_folder(path.parent)
    else:
        check_output(path, inputs=inputs, overwrite=overwrite)


def _names_a_kind(path: Path) -> bool:
    """Check whether the name ends in a file extension, unlike the 5 of "take 1.5"."""
    is_word = len(path.suffix) <= 5 and path.suffix[1:].isalpha()
    return is_word or mimetypes.guess_type(f"name{path.suffix}")[0] is not None


def fill_template(
    template: str, stem: str, *, style: str = "", seed: int | None = None, folder: str = "."
) -> str:
    """Fill in an output template.

    Args:
        template: with {stem}, {style}, {seed} and {folder}.
        stem: of the film.
        style: "" becomes music.
        seed: None becomes 0.
        folder: the film's own, within a batch.

    Returns:
        The name.

    Raises:
        UsageError: a placeholder is not known.
    """
    values = {"stem": stem, "style": style or "music", "seed": 0 if seed is None else seed, "folder": folder}
    try:
        return template.format(**values)
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise UsageError(
            f"output name {template!r} has a placeholder that is not known",
            "use {stem}, {style}, {seed} and {folder}; write {{ and }} for plain braces",
        ) from error


def check_output(path: Path, *, inputs: tuple[Path, ...] = (), overwrite: bool = False) -> None:
    """Check, before the work starts, that a file may be written.

    Args:
        path: of the file.
        inputs: files that must not be replaced, by any name or link.
        overwrite: replace a file that exists.

    Raises:
        OutputError: it is an input, exists, is a folder, or its folder is missing or not writable.
        UsageError: the name is an option's.
    """
    path = Path(path)
    _check_name(path)
    if len(os.fsencode(path.name)) > LONGEST_NAME:
        raise OutputError(f"{path.name[:40]}... is too long a name", "name another file with -o")
    for source in inputs:
        if path.exists() and Path(source).exists() and os.path.samefile(path, source):
            raise OutputError(f"{path} is the input itself", "name another output: -o other" + path.suffix)
    if path.is_dir():
        raise OutputError(f"{path} is a folder", f"name a file in it: -o {quoted(path / 'film.mp4')}")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is no file: nothing is written to devices and pipes", "name a file")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists already", "add --overwrite, or name another file with -o")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise OutputError(f"the folder {folder} does not exist", f"mkdir -p {quoted(folder)}")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"the folder {folder} is not writable", "name another place with -o")


def _check_name(path: Path) -> None:
    """Raise UsageError for an option in place of a forgotten file: `--midi --overwrite`."""
    if str(path).startswith("--"):
        hint = "name the file before the next option; one that is called so, by its whole path"
        raise UsageError(f"{path} is in the place of a file or folder", hint)


def check_folder(folder: Path) -> None:
    """Check that a folder is one to write into, or can be made.

    Args:
        folder: path of it.

    Raises:
        OutputError: it is not.
        UsageError: the name is an option's.
    """
    _check_name(Path(folder))
    try:
        there = next(place for place in (Path(folder), *Path(folder).absolute().parents) if place.exists())
        if not there.is_dir():
            raise OutputError(f"{folder} cannot be a folder: {there} is a file", "name another folder")
        with tempfile.TemporaryDirectory(prefix=OWN_MARK, dir=there):
            pass  # tried for real: /proc grants access to root and yet takes no file
    except OSError as error:
        if error.errno in FULL:
            raise disk_full(f"into {folder}") from error
        hint = "name another folder"
        raise OutputError(f"the folder {folder} cannot be written to ({error.strerror})", hint) from error


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; on any exception those that were made and stayed empty go again.

    Args:
        folder: path of it.

    Yields:
        Nothing; the folder exists within the context.

    Raises:
        OutputError: it cannot be made or written to.
    """
    check_folder(folder)
    missing = [path for path in (Path(folder), *Path(folder).parents) if not path.exists()]
    Path(folder).mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # another process put a file in
            for path in missing:
                path.rmdir()
        raise


@contextmanager
def commit(
    path: Path,
    *,
    inputs: tuple[Path, ...] = (),
    overwrite: bool = False,
    group: PendingFiles | None = None,
) -> Iterator[Path]:
    """Write a file whole or not at all, once it is checked that it may be written.

    Args:
        path: of the file.
        inputs: files that must not be replaced.
        overwrite: replace a file that exists.
        group: the file appears when the others of the group do.

    Yields:
        Path to write to; it gets its name when the context ends well.

    Raises:
        OutputError: the file must not or cannot be written.
    """
    check_output(path, inputs=inputs, overwrite=overwrite)
    with written(path, group=group) as part:
        yield part
