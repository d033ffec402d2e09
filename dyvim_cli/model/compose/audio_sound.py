"""Render a recording to a finished soundtrack: decode, align, fade, master, in bounded memory."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import torch

from dyvim_cli.media.sound import conform
from dyvim_cli.model.compose.recording import Recording
from dyvim_cli.model.musicgen.codec import decoded_blocks
from dyvim_cli.model.musicgen.loading import AudioModel
from dyvim_cli.music.mixing.loudness import Meter
from dyvim_cli.music.mixing.mastering import BLOCK_FRAMES, finished
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.scratch import scratch_folder
from dyvim_cli.types import SAMPLE_RATE

FADE_IN_S, FADE_OUT_S = 0.01, 1.5  # MusicGen knows no ending: it goes as the picture goes


def recorded_blocks(
    piece: Recording,
    model: AudioModel,
    duration_s: float,
    progress: Progress | None = None,
    meter: Meter | None = None,
) -> Iterator[np.ndarray]:
    """Render a recording block by block.

    Args:
        piece: audio tokens and their alignment with the film.
        model: MusicGen, whose codec decodes them.
        duration_s: of the film.
        progress: notified of the stage "sound".
        meter: measures the loudness of what is given out; None = a new one.

    Yields:
        [m, 2] float32 at 48 kHz, round(duration_s * 48000) frames in all.
    """
    progress, codec = progress or Silent(), model.codec
    with scratch_folder() as folder:
        raw, laid = folder / "raw.wav", folder / "laid.wav"
        tokens = torch.from_numpy(piece.tokens.astype(np.int64))
        total = codec.sample_of(tokens.shape[1])
        with soundfile.SoundFile(raw, "w", codec.sample_rate, codec.channels, "FLOAT", format="RF64") as file:
            for block in decoded_blocks(codec, tokens):
                file.write(block.cpu().numpy().T)
                progress.update("sound", min(file.frames, total), total + 1)
        conform(raw, laid, start_s=piece.placing.start_s, speed=piece.placing.speed)
        raw.unlink()
        yield from finished(_cut(laid, round(duration_s * SAMPLE_RATE)), meter or Meter())
    progress.update("sound", 1, 1)


def _cut(path: Path, n_frames: int) -> Iterator[np.ndarray]:
    """Blocks [2, m] of a sound file, exactly n_frames in all, faded at both ends."""
    done = 0
    with soundfile.SoundFile(path) as file:
        while done < n_frames:
            wanted = min(BLOCK_FRAMES, n_frames - done)
            block = file.read(wanted, dtype="float32", always_2d=True, fill_value=0.0)
            block = np.pad(block, ((0, wanted - len(block)), (0, 0)))
            yield (block * _fades(done, wanted, n_frames)[:, None]).T.astype(np.float32)
            done += wanted


def _fades(start: int, n: int, n_frames: int) -> np.ndarray:
    """[n] gain of frames start .. start + n: half a cosine up at the beginning, down at the end."""
    at = np.arange(start, start + n)
    n_in = max(1, min(round(FADE_IN_S * SAMPLE_RATE), n_frames // 8))
    n_out = max(1, min(round(FADE_OUT_S * SAMPLE_RATE), n_frames // 4))
    rise, fall = np.clip(at / n_in, 0, 1), np.clip((n_frames - 1 - at) / n_out, 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * rise)) * (0.5 - 0.5 * np.cos(np.pi * fall))
