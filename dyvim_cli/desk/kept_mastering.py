"""Keep the mastering of a piece in the cache, so that another part of it is heard without playing it all."""

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from dyvim_cli import cache, code_digest
from dyvim_cli.hearing.metering import CELLS_A_HOP, hop_powers
from dyvim_cli.music.mixing.loudness import Mastering, Meter
from dyvim_cli.music.symbols.tokens import STREAM_INDEX
from dyvim_cli.music.synth.sfz.identity import files_of
from dyvim_cli.music.synth.soundfont import soundfont_paths
from dyvim_cli.types import Score

PREFIX = "mastering-"  # beginning of a cache entry's name
CODE = ("music", "filters", "hearing", "stylebook", "types.py")  # sources that the sound may depend on


@dataclass(frozen=True)
class _Record:
    """A mastering as the cache writes it."""

    duration_s: float
    lifted: np.ndarray  # gains of quiet passages, [cells] float32
    gains: np.ndarray  # gains of the mastering, [cells] float64
    powers: np.ndarray  # K-weighted powers of the mastered sound, [hops]
    peak: np.ndarray  # true peak of the mastered sound, [1]
    mastering: np.ndarray  # what loudness.Mastering holds, [2]


def name_of_sound(score: Score, n_frames: int, soundfont: str | None) -> str:
    """Name the sound of a piece by all that decides it.

    Args:
        score: the piece.
        n_frames: of its sound.
        soundfont: path of the user's instruments; None = the shipped ones alone.

    Returns:
        Hexadecimal digits that only this sound has.
    """
    digest = hashlib.blake2b(digest_size=20)
    fonts = [*soundfont_paths(), *(files_of(Path(soundfont)) if soundfont is not None else [])]
    played = [(stem.name, stem.program, stem.is_drums, len(stem.notes)) for stem in score.stems]
    facts = [version("numpy"), version("scipy"), code_digest.digest(CODE), n_frames, score.style, played]
    facts += [score.tempo_map.bpm, [(str(font), _stamp(font)) for font in fonts]]
    digest.update(json.dumps(facts).encode())
    for stem in score.stems:
        notes = [(note.start_s, note.end_s, note.pitch, note.velocity) for note in stem.notes]
        digest.update(np.array(notes, np.float64).tobytes())
        digest.update(repr([note.gesture for note in stem.notes if note.gesture]).encode())
    digest.update(np.asarray(score.tempo_map.step_times_s, np.float64).tobytes())
    digest.update(np.asarray(score.tokens[STREAM_INDEX["level"]], np.int64).tobytes())
    return digest.hexdigest()


def _stamp(font: Path) -> tuple[int, int]:
    """(bytes, time of the last change) of a file; zeros where there is none."""
    try:
        return font.stat().st_size, font.stat().st_mtime_ns
    except OSError:
        return 0, 0


def keep_mastering(name: str, meter: Meter, film: Path) -> None:
    """Keep the mastering that a meter shows; a cache that cannot be written is no fault.

    Args:
        name: of name_of_sound.
        meter: that heard the piece and holds the gains.
        film: path, whose name is kept.
    """
    if meter.curves is None or not len(meter.powers):
        return
    lifted, gains = meter.curves
    peak = np.array([meter.peaks.max(initial=0.0)])
    told = np.array(meter.mastering, np.float64)
    cache.store(PREFIX + name, _Record(0.0, lifted, gains, hop_powers(meter.powers), peak, told), film)


def kept_mastering(name: str) -> Meter | None:
    """Find a kept mastering.

    Args:
        name: of name_of_sound.

    Returns:
        A meter that shows the mastered piece and holds the gains, if they are still kept.
    """
    record = cache.load(PREFIX + name, _Record)
    if record is None:
        return None
    powers = np.repeat(record.powers, CELLS_A_HOP)
    meter = Meter.recalled(powers, record.peak, Mastering(*record.mastering.tolist()))
    meter.curves = record.lifted, record.gains
    return meter
