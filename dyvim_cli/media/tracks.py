"""List the sound and subtitle tracks of a film: codec, tags, duration."""

import re
from dataclasses import dataclass
from typing import Any

from dyvim_cli.limits import is_playable_rate
from dyvim_cli.media.listing import listing
from dyvim_cli.media.opening import codec_of
from dyvim_cli.media.timing import SoundSpan

# names that libavformat or a camera gives to unnamed tracks
NO_NAMES = ("soundhandler", "core media audio", "sound media handler", "apple sound media handler")
UNKNOWN = "unknown"  # the codec of what no decoder is known for
# line of ffmpeg's listing: "Stream #0:1[0x2](und): Audio: pcm_s16le (sowt), 8000 Hz, 6 channels (FL+FC)"
LISTED = re.compile(r"Stream #\d+:(?P<index>\d+)\S*: Audio: (?P<codec>[^,]+)(?:, \d+ Hz)?, (?P<layout>[^,]+)")
COUNTED = re.compile(r"(\d+) channels")


@dataclass(frozen=True)
class Track:
    """One audio or subtitle stream. `position` counts within its kind, as in ffmpeg's 0:a:1."""

    position: int
    codec: str
    language: str = ""
    channels: int = 0
    sample_rate: int = 0
    start_s: float = 0.0
    end_s: float = 0.0  # end of a sound
    n_packets: int = 0  # packets of a sound
    title: str = ""
    flags: tuple[str, ...] = ()  # ffmpeg's dispositions: default, comment, visual_impaired ...
    joins: tuple[tuple[float, float], ...] = ()  # see timing.SoundSpan

    @property
    def is_default(self) -> bool:
        """True if a player chooses it by itself."""
        return "default" in self.flags

    @property
    def is_known(self) -> bool:
        """True if it has content in a known codec."""
        is_playable = self.sample_rate == 0 or is_playable_rate(self.sample_rate)
        return self.codec != UNKNOWN and self.n_packets > 0 and self.channels > 0 and is_playable


def sound_tracks(container: Any, heard: dict[int, SoundSpan]) -> tuple[Track, ...]:
    """Describe the audio streams of a container.

    Args:
        container: opened with PyAV.
        heard: what each was found to last, by stream index.

    Returns:
        In the film's order.
    """
    channels = channels_of(container)
    found = []
    for position, stream in enumerate(container.streams.audio):
        said = heard.get(stream.index, SoundSpan(_start_s(stream), _start_s(stream), 0))
        rate = stream.codec_context.sample_rate if stream.codec_context else 0
        found.append(
            Track(
                **_described(position, stream),
                channels=channels.get(stream.index, 0),
                sample_rate=rate,
                start_s=said.start_s if said.joins else _start_s(stream),
                end_s=said.end_s,
                n_packets=said.n_packets,
                joins=said.joins,
            )
        )
    return tuple(found)


def subtitle_tracks(container: Any) -> tuple[Track, ...]:
    """Describe the subtitle streams of a container.

    Args:
        container: opened with PyAV.

    Returns:
        In the film's order.
    """
    return tuple(
        Track(**_described(position, stream), start_s=_start_s(stream))
        for position, stream in enumerate(container.streams.subtitles)
    )


def channels_of(container: Any) -> dict[int, int]:
    """Count the channels of each audio stream.

    From ffmpeg's listing: PyAV's own word for it frees a layout twice where channels lie in an order of their
    own (5.1 as cinemas have it), which ends the process.

    Args:
        container: opened with PyAV.

    Returns:
        Stream index -> channels.
    """
    found = LISTED.finditer(listing(container))
    return {int(line["index"]): _n_channels(line["layout"]) for line in found}


def _n_channels(layout: str) -> int:
    """Number of channels of a layout's name: "stereo", "5.1(side)", "6 channels (FL+FC)"."""
    from av import AudioLayout

    counted = COUNTED.match(layout)
    try:
        return int(counted[1]) if counted else AudioLayout(layout.strip()).nb_channels
    except ValueError:
        return 0


def _start_s(stream: Any) -> float:  # Any: PyAV's own types differ between its versions
    return float((stream.start_time or 0) * stream.time_base)


def name_in(metadata: dict[str, str]) -> str:
    """Find the name that a track's tags give it.

    Args:
        metadata: its tags.

    Returns:
        "" for none and for what programs write by themselves.
    """
    name = metadata.get("title") or metadata.get("handler_name") or ""
    return "" if name.lower() in NO_NAMES else name


def _described(position: int, stream: Any) -> dict[str, Any]:
    """Fields that sound and subtitle tracks share."""
    from av.stream import Disposition

    flags = tuple(flag.name for flag in Disposition if flag & stream.disposition)
    title = name_in(stream.metadata)
    return {
        "position": position, "codec": codec_of(stream), "language": stream.language or "", "title": title,
        "flags": flags,
    }  # fmt: skip
