"""Compose a scored film's music again from its comment tag, so that it can be evaluated alone.

The tag names the seed and the settings. Whether they gave the same music is not believed but checked: the tag
of what was composed must be the film's, and the film's sound must hold it.
"""

import shutil
from pathlib import Path

from dyvim_cli.evaluation.held_music import holds
from dyvim_cli.evaluation.judge.audio_events import read_film_sound, read_sound
from dyvim_cli.progress import Silent


def composed_again(film: Path, folder: Path) -> Path | None:
    """The music alone of a film that dyvim scored, as a wav in `folder`.

    Args:
        film: a scored film.
        folder: where the wav is written.

    Returns:
        Its path; None where the film's tag is incomplete, or other music comes out.

    Raises:
        InputError: the film cannot be read.
    """
    from dyvim_cli.describe import comment
    from dyvim_cli.desk.scored_tag import made_with
    from dyvim_cli.extras import sound_file
    from dyvim_cli.media.probe import probe
    from dyvim_cli.options import Delivery
    from dyvim_cli.pipeline import compose, features_of, load_embedded

    tag = probe(film).comment
    made = made_with(tag)
    if made is None:
        return None
    options, speech_s = made
    features, model = features_of(film), load_embedded()
    piece = compose(features, options, model, Silent(), speech_s)
    if comment(piece, options, speech_s) not in tag:
        return None
    path = folder / f"{film.stem}.music.wav"
    with sound_file(piece, model, features.duration_s, Delivery(), Silent()) as sound:
        shutil.copyfile(sound, path)
    return path if holds(read_film_sound(film), read_sound(path)) else None
