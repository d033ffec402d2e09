"""What the features of a film depend on beside the film; light, so that a cached film needs no torch."""

import os
from pathlib import Path

from dyvim_cli import code_digest, weights
from dyvim_cli.hub import store

ANALYSIS_WIDTH = 160  # px, the longer side of the frames that `analysis.analyse` expects
PULLED_CLIP = "clip"  # its name in the hub's catalogue
CODE_VERSION = 7  # of what z_d means to who learned from it: raise when films must be rendered anew
# the sources that decide the features: any change of theirs makes cached ones old
CODE = (
    "vision", "types.py",
    *(f"media/{name}.py" for name in ("bars", "clock", "decode", "ffmpeg", "formats", "opening", "probe")),
    *(f"media/{name}.py" for name in ("programs", "timing", "tracks")),
)  # fmt: skip


def settings() -> dict:
    """What films were seen with, as rendered films and adapters record it.

    With a version by hand: hours of rendering are not to be thrown away for a comment in the code.
    """
    encoder = weights.sha256(weights.embedded(weights.MOTION_ENCODER))
    clip = str(clip_folder() or "")
    return {"vision": CODE_VERSION, "width": ANALYSIS_WIDTH, "motion_encoder": encoder, "clip": clip}


def cache_settings() -> dict:
    """All that the features depend on beside the film: a part of the cache's key.

    With the code itself: watching a film again costs seconds, and nobody has to think of a number.
    """
    return settings() | {"code": code_digest.digest(CODE)}


def clip_folder() -> Path | None:
    """A CLIP in transformers' format to see with, else None: the embedded image encoder.

    DYVIM_CLIP is its folder, or `clip`: the one that was pulled. Raises WeightsError when it was not.
    """
    chosen = os.environ.get("DYVIM_CLIP")
    if chosen == PULLED_CLIP and not Path(chosen).is_dir():
        return store.find(PULLED_CLIP)
    return Path(chosen) if chosen else None
