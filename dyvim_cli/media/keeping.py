"""Flags that keep Dolby Vision, 360-degree metadata and phone tags in a container."""

from typing import Any

from dyvim_cli.media.containers import Container
from dyvim_cli.media.ffmpeg import metadata_options
from dyvim_cli.media.listing import PHONE_NAME
from dyvim_cli.media.probe import FilmInfo

QUICKTIME = ("mp4", "mov")
KEEPS_EXTRAS = (*QUICKTIME, "matroska")  # streams besides the picture
BRANDS = ("major_brand", "minor_version", "compatible_brands")  # the muxer's own, which are no tags
HEVC_TAGS = {"hvc1": "hvc1", "dvh1": "dvh1", "dvhe": "dvh1"}  # QuickTime and iPhones play no others


def keeping_options(film: FilmInfo, muxer: str, container: Container) -> dict[str, Any]:
    """Write ffmpeg's options of the output, the container's own among them.

    Args:
        film: what probe says of it.
        muxer: of ffmpeg.
        container: its rules.

    Returns:
        Options of ffmpeg-python's output.
    """
    options = dict(container.muxer_options)
    if muxer in KEEPS_EXTRAS:
        options["strict"] = "experimental"  # the standards for these came after the muxer
    if muxer in QUICKTIME and PHONE_NAME in film.extras:
        options["movflags"] = options.get("movflags", "") + "+use_metadata_tags"
    if muxer in QUICKTIME and film.codec == "hevc":
        options[f"tag:v:{film.position}"] = HEVC_TAGS.get(film.codec_tag, "hvc1")
    return options


def keeping_tags(film: FilmInfo, muxer: str) -> list[str]:
    """Write ffmpeg's metadata options that keep the brands out of a phone's tags.

    Args:
        film: what probe says of it.
        muxer: of ffmpeg.

    Returns:
        Words of a command line; mostly none.
    """
    if muxer in QUICKTIME and PHONE_NAME in film.extras:
        return metadata_options(dict.fromkeys(BRANDS, ""))
    return []
