"""Extract and attach cover art."""

from dataclasses import dataclass
from pathlib import Path

from dyvim_cli.media.clock import packets
from dyvim_cli.media.opening import codec_of, cover_streams, open_film
from dyvim_cli.media.probe import FilmInfo


@dataclass(frozen=True)
class Cover:
    """A picture that is attached to a film, as a file."""

    name: str
    mimetype: str
    data: bytes


def covers(film: FilmInfo) -> list[Cover]:
    """Extract the film's cover art.

    Args:
        film: what probe says of it.

    Returns:
        One per picture that is attached.
    """
    found = []
    with open_film(film.path) as container:
        pictures = cover_streams(container)
        for packet in packets(container, *pictures) if pictures else ():
            if packet.size and packet.stream in pictures:
                pictures.remove(packet.stream)
                kind = {"mjpeg": "jpeg"}.get(codec_of(packet.stream), codec_of(packet.stream))
                name = packet.stream.metadata.get("filename", f"cover.{kind.replace('jpeg', 'jpg')}")
                found.append(Cover(Path(name).name, f"image/{kind}", bytes(packet)))
            if not pictures:
                break
    return found
