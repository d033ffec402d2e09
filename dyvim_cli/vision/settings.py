"""What the features of a film depend on beside the film; light, so that a cached film needs no torch."""

import os
from pathlib import Path

from dyvim_cli import weights

ANALYSIS_WIDTH = 160  # px, the longer side of the frames that `analysis.analyse` expects
CODE_VERSION = 4  # raise when the same film would give other features


def settings() -> dict:
    """All that the features depend on beside the film: a part of the cache's key."""
    encoder = weights.sha256(weights.embedded(weights.MOTION_ENCODER))
    clip = str(clip_folder() or "")
    return {"vision": CODE_VERSION, "width": ANALYSIS_WIDTH, "motion_encoder": encoder, "clip": clip}


def clip_folder() -> Path | None:
    """A CLIP in transformers' format to see with (DYVIM_CLIP), else None: the embedded image encoder."""
    folder = os.environ.get("DYVIM_CLIP")
    return Path(folder) if folder else None
