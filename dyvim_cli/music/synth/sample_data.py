"""Decode a sample's frames, cut at its offsets and looped as far as needed."""

import io
from functools import singledispatch

import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.sampler import Voice
from dyvim_cli.music.synth.soundfont import Sample, SoundFont

FIRST_FRAMES = 65536  # frames of a Vorbis stream that are decoded at least; a request for more decodes all
SHORTEST_LOOP = 8  # frames; a loop that is shorter is none
ROM, RIGHT, LEFT = 0x8000, 2, 4


def frames(font: SoundFont, index: int) -> np.ndarray:
    """Decode a sample; do not change the result, which is kept.

    Args:
        font: of the sample.
        index: its number.

    Returns:
        [n] float32, -1..1.
    """
    return _beginning(font, index, None)[0]


def _beginning(font: SoundFont, index: int, n_needed: int | None) -> tuple[np.ndarray, int]:
    """(the first n_needed frames of a sample or more, float32, how many it has); None: all of them."""
    found, n_all = font.decoded.get(index) or (None, 0)
    if found is None or len(found) < min(n_all, n_all if n_needed is None else n_needed):
        is_asked_again = found is not None or n_needed is None
        n_most = None if is_asked_again or n_needed is None else max(n_needed, FIRST_FRAMES)
        found, n_all = decoded(font.samples[index], n_most)
        font.decoded.put(index, found.nbytes, (found, n_all))
    return found, n_all


@singledispatch
def decoded(sample: Sample, n_most: int | None = None) -> tuple[np.ndarray, int]:
    """Decode a sample's own bytes.

    Args:
        sample: 16 or 24 bits, or Vorbis.
        n_most: frames of a Vorbis stream that are decoded at most; None = all.

    Returns:
        ([n] float32, frames that it has in all); one frame of silence for samples in a sound card's ROM.
    """
    if sample.type & ROM:
        return np.zeros(1, np.float32), 1  # it is in a sound card's ROM, not in the file
    if bytes(sample.data[:4]) == b"OggS":
        return _vorbis(sample, n_most)
    whole = np.frombuffer(sample.data, "<i2").astype(np.float32)
    if len(sample.low_bytes) == len(whole):
        whole += np.frombuffer(sample.low_bytes, np.uint8).astype(np.float32) / 256
    return whole / np.float32(32768), len(whole)


def _vorbis(sample: Sample, n_most: int | None) -> tuple[np.ndarray, int]:
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(bytes(sample.data))) as file:
            n_all = file.frames
            return file.read(n_all if n_most is None else n_most, "float32", always_2d=True)[:, 0], n_all
    except (soundfile.LibsndfileError, RuntimeError) as error:
        name = sample.name.decode("latin-1")
        raise InputError(
            f"the soundfont's sample {name!r} cannot be decoded: {error}", "use another font"
        ) from error


def read_by(font: SoundFont, voice: Voice, n_needed: int, n_held: int | None = None) -> np.ndarray:
    """Read a sample as a voice does, from its start offset on, looped as far as needed.

    Args:
        font: of the sample.
        voice: its offsets and loop mode count.
        n_needed: frames of the sample at most.
        n_held: frames of the sample after which a loop that lasts while the key is held is left; None =
            never.

    Returns:
        [<= n_needed or a little more] float32.
    """
    first = max(0, voice.offset(gen.START, gen.START_COARSE))
    start, end = _loop(font.samples[voice.sample], voice)
    mode = int(voice.get(gen.LOOP_MODE))
    left_at = n_held if mode == gen.LOOPS_WHILE_HELD else None
    whole, n_all = _beginning(font, voice.sample, None if left_at is not None else first + n_needed)
    last = min(n_all, n_all + voice.offset(gen.END, gen.END_COARSE))
    is_looped = 0 <= start <= end - SHORTEST_LOOP and first < end <= last
    if mode not in (gen.LOOPS, gen.LOOPS_WHILE_HELD) or not is_looped:
        return whole[min(first, last) : min(last, first + n_needed)]
    if left_at is not None:
        turns = max(0, -(-(first + left_at - end) // (end - start)))
        return np.concatenate([whole[first:end], np.tile(whole[start:end], turns), whole[end:last]])
    if first + n_needed <= end:
        return whole[first : first + n_needed]
    turns = -(-(first + n_needed - end) // (end - start))
    return np.concatenate([whole[first:end], np.tile(whole[start:end], turns)])


def _loop(sample: Sample, voice: Voice) -> tuple[int, int]:
    """The loop's bounds in frames from the sample's start."""
    return (
        sample.loop[0] + voice.offset(gen.LOOP_START, gen.LOOP_START_COARSE),
        sample.loop[1] + voice.offset(gen.LOOP_END, gen.LOOP_END_COARSE),
    )
