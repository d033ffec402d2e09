"""Compose a scored film's music again from its comment tag, so that it can be evaluated alone.

The tag names the seed and the settings. Whether they gave the same music is not believed but checked: the tag
of what was composed must be the film's, and the film's sound must hold it.
"""

import re
import shutil
from pathlib import Path

import numpy as np

from dyvim_cli.evaluation.judge.audio_events import SAMPLE_RATE, analysis_signal, read_sound
from dyvim_cli.options import EMBEDDED, ComposeOptions
from dyvim_cli.progress import Silent

TAG = re.compile(r"dyvim model=(?P<model>\S+) seed=(?P<seed>\d+) alpha=(?P<alpha>\S+) style=(?P<style>\S+)")
CANDIDATES = re.compile(r"\bcandidates=(\d+)")
ALIKE = 0.5  # correlation of a second of music with the film's sound, where nothing else is loud
CLEAR_SHARE = 0.2  # of the seconds must be that alike


def composed_again(film: Path, folder: Path) -> Path | None:
    """The music alone of a film that dyvim scored, as a wav in `folder`.

    Args:
        film: a scored film.
        folder: where the wav is written.

    Returns:
        Its path; None where the film's tag does not tell enough, or other music comes out.

    Raises:
        InputError: the film cannot be read.
    """
    from dyvim_cli.describe import comment
    from dyvim_cli.extras import sound_file
    from dyvim_cli.media.probe import probe
    from dyvim_cli.options import Delivery
    from dyvim_cli.pipeline import compose, features_of, load_embedded

    tag = probe(film).comment
    wishes = wishes_of(tag)
    if wishes is None:
        return None
    features, model = features_of(film), load_embedded()
    piece = compose(features, wishes, model, Silent())
    if comment(piece, wishes) not in tag:
        return None
    path = folder / f"{film.stem}.music.wav"
    with sound_file(piece, model, features.duration_s, Delivery(), Silent()) as sound:
        shutil.copyfile(sound, path)
    return path if holds(read_sound(film), read_sound(path)) else None


def wishes_of(tag: str) -> ComposeOptions | None:
    """What a film's comment says its music was composed with; None where that cannot be repeated."""
    found = TAG.search(tag)
    if not found or found["model"] != EMBEDDED:
        return None
    candidates = CANDIDATES.search(tag)
    given = {"candidates": int(candidates[1])} if candidates else {}
    return ComposeOptions(alpha=float(found["alpha"]), style=found["style"], seed=int(found["seed"]), **given)


def holds(whole: tuple[np.ndarray, int], part: tuple[np.ndarray, int]) -> bool:
    """Whether a sound ([n, channels], sample_rate) holds another, second by second, at whatever level."""
    signals = [analysis_signal(*sound) for sound in (whole, part)]
    n = min(map(len, signals)) // SAMPLE_RATE
    if not n:
        return False
    mixed, alone = (signal[: n * SAMPLE_RATE].reshape(n, -1) for signal in signals)
    power = np.sqrt((mixed**2).sum(axis=1) * (alone**2).sum(axis=1))
    alike = (mixed * alone).sum(axis=1) / np.maximum(power, 1e-9)
    return bool(np.mean(alike > ALIKE) > CLEAR_SHARE)
