"""Make untrained decoders for the tokens of the `encodec` package's codecs, and find those codecs.

Such a decoder is a MusicGen checkpoint like any other; a file beside its weights names the codec that takes
the place of MusicGen's own.
"""

import json
from pathlib import Path

from dyvim_cli.atomic import write_json
from dyvim_cli.errors import WeightsError
from dyvim_cli.hub import store
from dyvim_cli.model.musicgen.codec import Codec, SegmentCodec, encodec_codec
from dyvim_cli.model.musicgen.debug import Size, write_debug_checkpoint
from dyvim_cli.progress import Progress

CODECS = {"encodec_24khz": 24, "encodec_48khz": 48}  # sample rate in kHz of each codec
CODEC_FILE = "dyvim-codec.json"
HIDDEN, N_LAYERS, SPREAD = 512, 12, 0.02  # half of musicgen-small's width and depth: trainable on one GPU


def published_codec(
    name: str, weights_dir: Path | None = None, offline: bool = False, progress: Progress | None = None
) -> SegmentCodec:
    """The codec of this name; its weights are pulled if they are not here.

    Args:
        name: one of CODECS.
        weights_dir: folder of pulled weights; None = the usual one.
        offline: pull nothing.
        progress: notified of a download.

    Returns:
        The codec, on the CPU.

    Raises:
        WeightsError: the weights are not here and cannot be pulled, or are damaged.
    """
    entry = name.replace("_", "-")
    try:
        folder = store.find(entry, weights_dir)
    except WeightsError:
        if offline:
            raise
        folder = store.pull(entry, weights_dir, progress)
    return encodec_codec(CODECS[name], folder)


def codec_of_checkpoint(folder: Path) -> str | None:
    """Read which codec a checkpoint's tokens are of.

    Args:
        folder: of the checkpoint.

    Returns:
        One of CODECS; None = MusicGen's own.

    Raises:
        WeightsError: the file that names the codec is damaged.
    """
    path = folder / CODEC_FILE
    if not path.is_file():
        return None
    try:
        name = json.loads(path.read_text(encoding="utf-8"))["codec"]
    except (OSError, ValueError, KeyError, TypeError):
        name = None
    if name not in CODECS:
        raise WeightsError(f"{path}: names no codec", f'it should say {{"codec": "{next(iter(CODECS))}"}}')
    return str(name)


def write_scratch_checkpoint(folder: Path, codec_name: str, codec: Codec, seed: int = 0) -> Path:
    """Write a decoder that has learned nothing yet, with as many codebooks and tokens as the codec has.

    Args:
        folder: the checkpoint's folder; made if it is not there.
        codec_name: one of CODECS.
        codec: the codec of this name.
        seed: of the random weights.

    Returns:
        The folder.
    """
    streams = codec.cardinalities
    size = Size(HIDDEN, N_LAYERS, max(streams), SPREAD, len(streams))
    write_debug_checkpoint(folder, seed=seed, size=size)
    write_json(folder / CODEC_FILE, {"codec": codec_name})
    return folder
