"""Decode a sample's frames, cut at its offsets and looped as far as needed."""

import io

import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.sampler import Voice
from dyvim_cli.music.synth.soundfont import Sample, SoundFont

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
    found = font.decoded.get(index)
    if found is None:
        found = decoded(font.samples[index])
        font.decoded.put(index, found.nbytes, found)
    return found


def decoded(sample: Sample) -> np.ndarray:
    """Decode a sample's own bytes.

    Args:
        sample: 16 or 24 bits, or Vorbis.

    Returns:
        [n] float32; one frame of silence for samples in a sound card's ROM.
    """
    if sample.type & ROM:
        return np.zeros(1, np.float32)  # it is in a sound card's ROM, not in the file
    if bytes(sample.data[:4]) == b"OggS":
        return _vorbis(sample)
    whole = np.frombuffer(sample.data, "<i2").astype(np.float32)
    if len(sample.low_bytes) == len(whole):
        whole += np.frombuffer(sample.low_bytes, np.uint8).astype(np.float32) / 256
    return whole / np.float32(32768)


def _vorbis(sample: Sample) -> np.ndarray:
    import soundfile

    try:
        return soundfile.read(io.BytesIO(bytes(sample.data)), dtype="float32", always_2d=True)[0][:, 0]
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
    whole = frames(font, voice.sample)
    first = max(0, voice.offset(gen.START, gen.START_COARSE))
    last = min(len(whole), len(whole) + voice.offset(gen.END, gen.END_COARSE))
    start, end = _loop(font.samples[voice.sample], voice)
    mode = int(voice.get(gen.LOOP_MODE))
    is_looped = 0 <= start <= end - SHORTEST_LOOP and first < end <= last
    if mode not in (gen.LOOPS, gen.LOOPS_WHILE_HELD) or not is_looped:
        return whole[min(first, last) : last]
    if mode == gen.LOOPS_WHILE_HELD and n_held is not None:
        turns = max(0, -(-(first + n_held - end) // (end - start)))
        return np.concatenate([whole[first:end], np.tile(whole[start:end], turns), whole[end:last]])
    turns = max(0, -(-(first + n_needed - end) // (end - start)))
    return np.concatenate([whole[first:end], np.tile(whole[start:end], turns)])


def _loop(sample: Sample, voice: Voice) -> tuple[int, int]:
    """The loop's bounds in frames from the sample's start."""
    return (
        sample.loop[0] + voice.offset(gen.LOOP_START, gen.LOOP_START_COARSE),
        sample.loop[1] + voice.offset(gen.LOOP_END, gen.LOOP_END_COARSE),
    )
