"""Public Python functions: analyse a film, compose, render and mux, or all of it at once.

    import dyvim_cli as dyvim

    features = dyvim.analyse("clip.mp4")
    music = dyvim.compose(features, style="jazz", alpha=0.5, seed=7)
    sound = dyvim.render(music)
    dyvim.mux("clip.mp4", sound, "out.mp4")
    result = dyvim.score("clip.mp4", "out.mp4", style="jazz", seed=7, overwrite=True)

Everything raises `DyvimError` with a message and a hint. Names, arguments and results of this module stay
as they are within a minor version; other modules may change.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dyvim_cli import api_arguments as arguments
from dyvim_cli.errors import UsageError
from dyvim_cli.options import writes_score
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import FilmFeatures, Score, Soundtrack

if TYPE_CHECKING:
    import numpy as np

    from dyvim_cli.evaluation.judge.sync import SyncReport
    from dyvim_cli.media.mux import MuxResult
    from dyvim_cli.pipeline import Result

__all__ = ["Style", "analyse", "compose", "evaluate", "export", "mux", "render", "score", "styles"]


@dataclass(frozen=True)
class Style:
    """One of the styles that music can be composed in."""

    name: str
    description: str
    moods: tuple[str, ...]
    bpm: tuple[int, int]  # slowest and fastest tempo


def styles() -> tuple[Style, ...]:
    """List the styles that `compose` and `score` take.

    Returns:
        One record per style, in the order of the stylebook.

    Example:
        >>> from dyvim_cli import styles
        >>> "jazz" in [style.name for style in styles()]
        True
    """
    shown = ((style.name, style.palette) for style in RECORDS.values())
    return tuple(Style(name, one.describe, one.moods, one.bpm) for name, one in shown)


@arguments.with_python_hints
def analyse(
    film: str | Path,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    use_cache: bool = True,
    progress: Progress | None = None,
) -> FilmFeatures:
    """Watch a film: motion, events, scenes, mood and style.

    Args:
        film: path of the film.
        start_s: seconds at which to begin; None = the beginning.
        end_s: seconds at which to end; None = the end.
        use_cache: take what was seen before, and keep what is seen now.
        progress: notified of the stage "vision".

    Returns:
        The features that `compose` takes: motion, events, scenes, mood, style; times count from start_s.

    Raises:
        InputError: the film cannot be read.
        UsageError: start_s and end_s enclose no part of the film.
    """
    from dyvim_cli.media.probe import probe
    from dyvim_cli.pipeline import features_of

    arguments.check_progress(progress)
    info = probe(arguments.path_of(film))
    arguments.check_span(start_s, end_s, info.duration_s)
    return features_of(info, start_s=start_s, end_s=end_s, use_cache=use_cache, progress=progress)


@arguments.with_python_hints
def compose(
    features: FilmFeatures,
    *,
    speech_s: "np.ndarray | None" = None,
    device: str | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Score:
    """Compose for a film with the shipped decoder, or one of your own.

    Args:
        features: from `analyse`.
        speech_s: [N, 2] spans of speech in the film's own sound, seconds.
        device: auto, cpu, cuda, cuda:N or mps; None = the variable DYVIM_DEVICE, else auto.
        progress: notified of the stage "compose".
        **options: alpha (0..1), style (a name of `styles`), mood (valence, arousal), tempo_bpm, key
            ("D minor"), seed, and the other fields of `options.ComposeOptions`.

    Returns:
        The score: notes by instrument, tempo map, key, sections.

    Raises:
        UsageError: an option is unknown or out of its range, or the model makes sound and no score.
    """
    from dyvim_cli import composer

    film = arguments.instance_of(features, FilmFeatures, "features", "dyvim.compose(dyvim.analyse(film))")
    asked = arguments.compose_options(options)
    arguments.check_progress(progress)
    if not writes_score(asked.model):
        raise UsageError(f"{asked.model} makes sound, no score", "dyvim.score(film, output, model=...)")
    with arguments.on_device(device):
        composer.check_options(asked, wants_score=True)
        piece = composer.compose(film, asked, composer.load_model(asked), progress or Silent(), speech_s)
    return cast(Score, piece)


@arguments.with_python_hints
def render(
    score: Score,
    duration_s: float | None = None,
    *,
    stems: bool = False,
    soundfont: str | Path | None = None,
    progress: Progress | None = None,
) -> Soundtrack:
    """Play a score: synthesis, mix and mastering, in memory.

    Args:
        score: from `compose`.
        duration_s: length of the sound; None = to the end of the score's grid, which is the film's end.
        stems: also keep each instrument; together they are the soundtrack.
        soundfont: your own instruments: .sf2, .sf3, .sfz, a folder of SFZ or a .toml file of
            them; None = the shipped ones.
        progress: notified of the stages "sound" and "master".

    Returns:
        48 kHz stereo. A notebook shows it as a player.

    Raises:
        UsageError: the score is none, or the duration is not above 0.
        InputError: the soundfont cannot be read.
    """
    from dyvim_cli.music.mixing.mastering import produce

    piece = arguments.instance_of(
        score, Score, "score", "dyvim.render(dyvim.compose(features)); MIDI: dyvim render"
    )
    arguments.check_progress(progress)
    length_s = float(piece.tempo_map.step_times_s[-1]) if duration_s is None else duration_s
    font = None if soundfont is None else arguments.path_of(soundfont, "soundfont")
    length_s = arguments.positive_seconds(length_s, "duration_s")
    return produce(piece, length_s, progress, keep_stems=stems, soundfont=font)


@arguments.with_python_hints
def export(
    sound: Soundtrack,
    path: str | Path,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a soundtrack, or a part of it, in any format that ffmpeg knows by the path's suffix.

    Args:
        sound: from `render`.
        path: file to write, for example "music.flac" or "preview.mp3".
        start_s: where the part begins, in seconds.
        end_s: where it ends; None = the end.
        overwrite: replace a file that exists.

    Returns:
        The path.

    Raises:
        UsageError: the part is empty, or there is no such format.
        OutputError: the file exists or cannot be written.
    """
    from dyvim_cli.media.excerpts import write_excerpt

    track = arguments.instance_of(sound, Soundtrack, "sound", "dyvim.export(dyvim.render(music), path)")
    return write_excerpt(track, arguments.path_of(path, "path"), start_s, end_s, overwrite=overwrite)


@arguments.with_python_hints
def mux(film: str | Path, sound: Soundtrack | str | Path, output: str | Path, **options: Any) -> "MuxResult":
    """Put a soundtrack under a film; the picture's packets are copied.

    Args:
        film: path of the film.
        sound: from `render`, or the path of a sound file.
        output: path of the film to write.
        **options: keep_audio ("auto", "duck", "mix", "track", "drop"), loudness ("web", "podcast", "ebu",
            "atsc"), overwrite, progress and the other keyword arguments of `media.mux.mux`.

    Returns:
        What was written and how loud it is.

    Raises:
        InputError: film or sound cannot be read.
        OutputError: the output exists or cannot be written.
        UsageError: options contradict the film.
    """
    from dyvim_cli.media.mux import mux as mux_film
    from dyvim_cli.media.probe import probe

    if isinstance(sound, Score):
        raise UsageError("sound is a Score, not a Soundtrack", "dyvim.mux(film, dyvim.render(music), output)")
    if isinstance(sound, Soundtrack):
        music: Path | tuple[np.ndarray, int] = (sound.samples, sound.sample_rate)
    else:
        music = arguments.path_of(sound, "sound")
    known, path = arguments.mux_options(options), arguments.path_of(output, "output")
    return mux_film(probe(arguments.path_of(film)), music, path, **known)


@arguments.with_python_hints
def score(
    film: str | Path,
    output: str | Path | None = None,
    *,
    use_cache: bool = True,
    device: str | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> "Result":
    """Do all of it: watch, compose, render, mux.

    Args:
        film: path of the film.
        output: path, folder or template of the result; None = beside the film.
        use_cache: take what was seen before, and keep what is seen now.
        device: auto, cpu, cuda, cuda:N or mps; None = the variable DYVIM_DEVICE, else auto.
        progress: notified of every stage.
        **options: those of `compose`, and keep_audio, loudness ("web", "podcast", "ebu", "atsc"), start_s,
            end_s, midi, stems, music, overwrite and the other fields of `options.Delivery`.

    Returns:
        Output path, score, facts as plain values, warnings.

    Raises:
        DyvimError: with a message, a hint and the exit code that the command line would have.
    """
    from dyvim_cli import pipeline

    asked, delivery = arguments.split_options(options)
    delivery = replace(delivery, output=output)
    arguments.check_progress(progress)
    with arguments.on_device(device):
        return pipeline.score(
            arguments.path_of(film), asked, delivery, use_cache=use_cache, progress=progress
        )


@arguments.with_python_hints
def evaluate(film: str | Path, music: str | Path | None = None, *, seed: int = 0) -> "SyncReport":
    """Judge how well music follows a film, beyond chance. Needs the extra `evaluate`.

    Args:
        film: path of the film.
        music: path of the music; None = the film's own sound.
        seed: of the random shifts that the figures are corrected by.

    Returns:
        Figures of sync, 0 = chance, 1 = perfect.

    Raises:
        InputError: film or music cannot be read.
        EnvironmentFault: the extra is not installed.
    """
    from dyvim_cli.evaluation.judge.extra import check_installed
    from dyvim_cli.evaluation.judge.sync import sync_report

    check_installed()
    return sync_report(
        arguments.path_of(film), None if music is None else arguments.path_of(music, "music"), seed
    )
