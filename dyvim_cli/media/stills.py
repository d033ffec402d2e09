"""Save a film's frames as picture files, at full quality, with their true times."""

import json
import shutil
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from dyvim_cli.atomic import write_text
from dyvim_cli.errors import InputError, OutputError, UsageError
from dyvim_cli.media.ffmpeg import command, file_url, run
from dyvim_cli.media.film_input import clock_options
from dyvim_cli.media.output import made_folder
from dyvim_cli.media.probe import FilmInfo, picture_packets
from dyvim_cli.media.programs import find_ffmpeg
from dyvim_cli.progress import Progress, Silent

TICKS_HZ = 1_000_000  # ffmpeg names each file by its time in these
MANIFEST = "manifest.json"
STRAY_S = 1.0  # distance before the first picture or after the last beyond which a frame's stamp is broken
MARGIN_FRAMES = 0.1  # frames by which a part begins and ends early, as stamps are rounded
QUALITY = {"jpg": {"q:v": 2}, "png": {}}


def extract_stills(
    film: FilmInfo,
    folder: Path,
    *,
    fps: float | None = None,
    width: int | None = None,
    key_only: bool = False,
    image_format: str = "jpg",
    start_s: float = 0.0,
    end_s: float | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write a film's frames as picture files: upright, square pixels, deinterlaced.

    The manifest holds the film's name and rate and for every file `file`, `time_s` (seconds from
    the first picture) and `is_key`.

    Args:
        film: what probe says of it.
        folder: made where it is missing.
        fps: frames a second; None = all.
        width: of the pictures, px; None = the film's own.
        key_only: key frames alone.
        image_format: jpg, png or webp.
        start_s: where to begin.
        end_s: where to stop; None = at the film's end.
        overwrite: replace frames of an earlier run.
        progress: notified of the stage "frames", in seconds.

    Returns:
        Path of manifest.json.

    Raises:
        InputError: no frame comes out.
        UsageError: none lies in the part.
        OutputError: the folder holds frames already.
    """
    folder = Path(folder)
    find_ffmpeg()  # raises where there is none, before a folder is made
    if start_s > 0 or end_s is not None:
        _check_part(film, start_s, film.duration_s if end_s is None else end_s, key_only)
    with made_folder(folder):
        earlier = _earlier(folder, overwrite)
        scratch = folder / ".frames.part"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            output = _output(film, fps, width, key_only, image_format, start_s, end_s)
            total_s = (end_s or film.duration_s) - start_s
            _run(output, scratch, film, total_s, progress or Silent())
            _deliver(film, scratch, folder, image_format, earlier)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return folder / MANIFEST


def _run(output: Any, scratch: Path, film: FilmInfo, total_s: float, progress: Progress) -> None:
    """Let ffmpeg write the files into the scratch folder."""
    run(
        command(output),
        f"cannot extract frames of {film.path}",
        cwd=scratch,
        on_time=lambda time_s: progress.update("frames", min(time_s, total_s), total_s),
    )
    progress.update("frames", total_s, total_s)


def _check_part(film: FilmInfo, start_s: float, end_s: float, key_only: bool) -> None:
    """Raise UsageError where no picture lies in a part of the film."""
    times = film.key_times_s if key_only else picture_packets(film)[:, 0]
    margin = MARGIN_FRAMES / film.fps
    if not ((times >= start_s - margin) & (times < end_s - margin)).any():
        what = "key frame" if key_only else "picture"
        reason = f"no {what} of {film.path} lies between {start_s:g} s and {end_s:g} s"
        raise UsageError(reason, f"set --start and --end within its {film.duration_s:.3f} s")


def _earlier(folder: Path, overwrite: bool) -> list[str]:
    """The names of what an earlier run left in the folder; nothing else there is ever touched.

    Raises OutputError where it may not be replaced.
    """
    manifest = folder / MANIFEST
    if not manifest.exists():
        return []
    if not overwrite:
        raise OutputError(f"{folder} holds frames already", "add --overwrite, or name another folder")
    try:
        rows = json.loads(manifest.read_text(encoding="utf-8"))["frames"]
        return [MANIFEST, *(Path(row["file"]).name for row in rows)]
    except (ValueError, LookupError, TypeError) as error:
        raise OutputError(f"{manifest} is not what dyvim wrote", "name another folder") from error


def _deliver(film: FilmInfo, scratch: Path, folder: Path, image_format: str, earlier: list[str]) -> None:
    """Put the frames in the place of earlier ones, once all of them and their manifest are on the disk."""
    ticks = sorted(int(path.stem) for path in scratch.iterdir() if path.stem.lstrip("-").isdigit())
    if not ticks:
        raise InputError(f"no frames of {film.path} in that range", "see --start, --end and --key-only")
    rows = [_row(film, tick, number, image_format) for number, tick in enumerate(ticks)]
    content = {"film": film.path.name, "duration_s": round(film.duration_s, 6), "fps": round(film.fps, 6)}
    write_text(scratch / MANIFEST, json.dumps(content | {"frames": rows}, indent=1) + "\n")
    for name in earlier:
        (folder / name).unlink(missing_ok=True)
    for tick, row in zip(ticks, rows, strict=True):
        (scratch / f"{tick}.{image_format}").replace(folder / row["file"])
    (scratch / MANIFEST).replace(folder / MANIFEST)


def _output(
    film: FilmInfo,
    fps: float | None,
    width: int | None,
    key_only: bool,
    image_format: str,
    start_s: float,
    end_s: float | None,
) -> Any:  # ffmpeg-python has no types
    """The ffmpeg-python output that writes the files."""
    options = clock_options(film) | ({"skip_frame": "nokey"} if key_only else {})
    if film.has_alpha and film.codec in ("vp8", "vp9"):  # only libvpx's decoder sees their alpha
        options["c:v"] = "libvpx" if film.codec == "vp8" else "libvpx-vp9"
    picture = ffmpeg.input(file_url(film.path), **options)[f"v:{film.position}"]
    zero = _offset_s(film)
    picture = picture.filter("select", _in_order(zero, film.picture_s))
    margin = MARGIN_FRAMES / film.fps
    if start_s > 0 or end_s is not None:
        end = film.duration_s if end_s is None else end_s
        picture = picture.filter("trim", start=zero + start_s - margin, end=zero + end - margin)
    if film.is_interlaced:
        picture = picture.filter("bwdif", deint="interlaced")
    if film.has_alpha and image_format == "jpg":
        picture = picture.filter("premultiply", inplace=1)  # over black
    if fps:
        picture = picture.filter("fps", fps)
    picture = picture.filter("scale", "trunc(iw*sar)", "ih", flags="lanczos").filter("setsar", 1)
    if width:
        picture = picture.filter("scale", width, -2, flags="area")
    return ffmpeg.output(
        picture,
        f"%d.{image_format}",
        f="image2",
        frame_pts=1,
        enc_time_base=f"1:{TICKS_HZ}",
        **QUALITY[image_format],
        fps_mode="passthrough",  # frames as they come, none dropped or repeated
    )


def _in_order(zero_s: float, picture_s: float) -> str:
    """ffmpeg's expression for frames of the film's time, each later than the one before: no broken stamps."""
    first, last = zero_s - STRAY_S, zero_s + picture_s + STRAY_S
    return f"between(t,{first:.6f},{last:.6f})*(isnan(prev_selected_t)+gt(t,prev_selected_t))"


def _offset_s(film: FilmInfo) -> float:
    """The first picture's time on ffmpeg's clock."""
    return film.start_s - film.ffmpeg_zero_s(film.start_s)


def _row(film: FilmInfo, tick: int, number: int, image_format: str) -> dict[str, Any]:
    """Manifest entry of a frame: its final name, its time, and whether it is a key frame."""
    time_s = max(0.0, tick / TICKS_HZ - _offset_s(film))
    nearest = np.abs(film.key_times_s - time_s).min(initial=np.inf)
    name = f"frame_{number:06d}.{image_format}"
    return {"file": name, "time_s": round(time_s, 6), "is_key": bool(nearest < 0.4 / film.fps)}
