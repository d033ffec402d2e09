"""Make moments out of files of packages: spans of their films, and moves over their pictures.

A shot is [file, seconds, move]. A file is `package:end of its path`, and `#n` behind it is the n-th picture
inside a resource file. The package lies unpacked in a folder of its name. A move is `from S` for a film, else
`in`, `out`, `left`, `right` or `hold`, with `quick` before it where the camera hurries.
"""

import io
import re
import subprocess
from functools import lru_cache
from pathlib import Path

from PIL import Image

from dyvim_cli.media.programs import find_ffmpeg

RATE_HZ = 25  # frames a second of a moment
SIZE = (320, 180)  # px of a moment
PLATE = (1280, 720)  # px of a picture that is moved over: zoompan steps by whole pixels
TRAVEL, QUICK = 0.02, 0.12  # share of the picture that a move passes a second
ROOM = 1.3  # magnification that leaves room to move sideways
LEAST_SIDE = 180  # px: smaller pictures in a resource file are buttons
PICTURE = re.compile(rb"\xff\xd8\xff[\xe0\xe1\xdb]|\x89PNG\r\n|RIFF....WEBP", re.DOTALL)
ENCODE = ("-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p")
FILL = "scale={0}:{1}:force_original_aspect_ratio=increase,crop={0}:{1},setsar=1".format(*SIZE)


def film_of(shots: list, packages: Path, path: Path) -> None:
    """Join shots to a film.

    Args:
        shots: each [file, seconds, move].
        packages: folder of the unpacked packages.
        path: of the film.
    """
    parts = []
    for i, (name, seconds, move) in enumerate(shots):
        part = path.with_suffix(f".{i:02}.mkv")
        if move.startswith("from "):
            source = _span(name, move, seconds, packages)
        else:
            source = _move(name, move, seconds, packages, part)
        _run(*source, *ENCODE, part)
        parts.append(part)
    inputs = [word for part in parts for word in ("-i", part)]
    _run(*inputs, "-filter_complex", f"concat=n={len(parts)}", *ENCODE, path)
    for part in parts:
        part.unlink()
        part.with_suffix(".png").unlink(missing_ok=True)


def _run(*words: object) -> None:
    command = [find_ffmpeg(), "-v", "error", "-y", *map(str, words)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _span(name: str, move: str, seconds: float, packages: Path) -> list:
    """ffmpeg's words for a span of a film."""
    source = ["-ss", move.removeprefix("from "), "-t", seconds, "-i", found(name, packages)]
    return [*source, "-vf", f"fps={RATE_HZ},{FILL}"]


def _move(name: str, move: str, seconds: float, packages: Path, part: Path) -> list:
    """ffmpeg's words for a move over a picture."""
    plate, count = part.with_suffix(".png"), round(seconds * RATE_HZ)
    plate_of(opened(name, packages)).save(plate)
    way = (QUICK if move.startswith("quick ") else TRAVEL) * seconds
    passed = f"{way}*on/{count}"
    aside = f"min(1,{passed}*{1 / (1 - 1 / ROOM)})"  # share of the room that is passed
    zoom, x = {
        "in": (f"1+{passed}", "(iw-iw/zoom)/2"),
        "out": (f"1+{way}-{passed}", "(iw-iw/zoom)/2"),
        "left": (str(ROOM), f"(iw-iw/zoom)*(1-{aside})"),
        "right": (str(ROOM), f"(iw-iw/zoom)*{aside}"),
        "hold": ("1", "0"),
    }[move.removeprefix("quick ")]
    path = f"z='{zoom}':x='{x}':y='(ih-ih/zoom)/2'"
    return ["-i", plate, "-vf", f"zoompan={path}:d={count}:s={SIZE[0]}x{SIZE[1]}:fps={RATE_HZ}"]


def plate_of(picture: Image.Image) -> Image.Image:
    """Fit a picture to the screen: a cut-out stands on white, another fills it.

    Args:
        picture: of any size and mode.

    Returns:
        RGB picture of PLATE's size.
    """
    picture = picture.convert("RGBA")
    width, height = PLATE
    is_cut_out = picture.getextrema()[3][0] < 128
    fit = min if is_cut_out else max
    scale = fit(width / picture.width, height / picture.height) * (0.9 if is_cut_out else 1)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
    plate = Image.new("RGBA", PLATE, "white")
    top = (height - picture.height) // (2 if is_cut_out else 3)  # faces are above the middle
    plate.alpha_composite(_within(picture, (width - picture.width) // 2, top), (0, 0))
    return plate.convert("RGB")


def _within(picture: Image.Image, left: int, top: int) -> Image.Image:
    """The screen's part of a picture that is laid at (left, top), px."""
    return picture.crop((-left, -top, PLATE[0] - left, PLATE[1] - top))


def opened(name: str, packages: Path) -> Image.Image:
    """Open a picture of a package.

    Args:
        name: `package:end of path`, or with `#n` the n-th picture inside that file.
        packages: folder of the unpacked packages.

    Returns:
        The picture.
    """
    name, _, number = name.partition("#")
    path = found(name, packages)
    return pictures_in(path)[int(number)] if number else Image.open(path)


@lru_cache
def pictures_in(path: Path) -> list[Image.Image]:
    """List the pictures inside a resource file, but for those that are small.

    Args:
        path: of a file that holds JPEG, PNG or WebP uncompressed.

    Returns:
        The pictures in their order.
    """
    data, pictures = path.read_bytes(), []
    for start in PICTURE.finditer(data):
        try:
            picture = Image.open(io.BytesIO(data[start.start() :]))
            picture.load()
        except (OSError, SyntaxError, ValueError):
            continue
        if min(picture.size) >= LEAST_SIDE:
            pictures.append(picture)
    return pictures


def found(name: str, packages: Path) -> Path:
    """Find a package's file by the end of its path.

    Args:
        name: `package:end of path`.
        packages: folder of the unpacked packages.

    Returns:
        Its path.

    Raises:
        FileNotFoundError: there is none.
    """
    package, _, end = name.partition(":")
    paths = sorted((packages / package).rglob(f"*/{end}"), key=lambda path: (len(path.parts), path))
    if not paths:
        raise FileNotFoundError(f"{packages / package}: no file ends in {end}")
    return paths[0]
