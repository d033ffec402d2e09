"""Write the files beside the film: the music alone, MIDI, stems."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dyvim_cli.composer import sound_blocks
from dyvim_cli.endings import MIDI, check_ending
from dyvim_cli.errors import OutputError, UsageError, cannot_write
from dyvim_cli.options import Delivery
from dyvim_cli.progress import Progress
from dyvim_cli.types import Score

if TYPE_CHECKING:
    from dyvim_cli.atomic import PendingFiles
    from dyvim_cli.media.film_clock import FilmClock
    from dyvim_cli.model.compose.recording import Recording
    from dyvim_cli.model.musicgen.loading import AudioModel
    from dyvim_cli.model.score.decoder import Decoder
    from dyvim_cli.music.mixing.loudness import Meter
    from dyvim_cli.music.mixing.session import StyledMidi


@contextmanager
def whole_set(delivery: Delivery, output: Path | None = None) -> Iterator["PendingFiles"]:
    """Group all that is delivered: film, music, MIDI and stems appear at once, or none of them.

    The folders of the film and of the stems are made if need be.

    Args:
        delivery: options of the output.
        output: path of the film; None = there is none.

    Yields:
        The group.

    Raises:
        OutputError: a folder or file cannot be written.
    """
    from dyvim_cli.atomic import together
    from dyvim_cli.media.output import made_folder

    with ExitStack() as stack:
        if output is not None:
            stack.enter_context(made_folder(output.parent))
        if delivery.stems is not None:
            stack.enter_context(made_folder(delivery.stems))
        yield stack.enter_context(together())


@contextmanager
def sound_file(
    piece: "Score | Recording | StyledMidi",
    model: "Decoder | AudioModel | None",
    duration_s: float,
    delivery: Delivery,
    progress: Progress,
    meter: "Meter | None" = None,
    group: "PendingFiles | None" = None,
    soundfont: str | None = None,
) -> Iterator[Path]:
    """Render a piece to a lossless file, gone afterwards; stems are written on the way if asked for.

    Args:
        piece: what is to be heard.
        model: that made it; a score and MIDI need none.
        duration_s: of the film.
        delivery: options of the output.
        progress: notified of the stages "sound" and "master".
        meter: listens to the finished sound.
        group: the stems appear when its others do.
        soundfont: path of the user's instruments; None = the shipped ones.

    Yields:
        Path of the wav.
    """
    from dyvim_cli.media.sound import sound_writer, stem_writer
    from dyvim_cli.scratch import scratch_folder
    from dyvim_cli.types import SAMPLE_RATE

    with scratch_folder() as folder:
        path, done = folder / "music.wav", 0
        with ExitStack() as stack:
            write = stack.enter_context(sound_writer(path, duration_s, "FLOAT"))
            stems = None
            if delivery.stems is not None:
                writer = stem_writer(delivery.stems, duration_s, overwrite=delivery.overwrite, group=group)
                stems = stack.enter_context(writer)
            is_grouped = delivery.stem_groups
            for block in sound_blocks(
                piece, model, duration_s, progress, stems, meter, is_grouped, soundfont
            ):
                write(block)
                done += len(block)
                progress.update("master", done, round(duration_s * SAMPLE_RATE))
        yield path


def check_extras(delivery: Delivery, film_path: Path | None, folder: Path | None = None) -> None:
    """Check, before the work starts, that MIDI, stems, music and markers can be written.

    Args:
        delivery: options of the output.
        film_path: that must not be replaced; None = there is none.
        folder: of the scored film, which is made where it is not there; None = none is made.

    Raises:
        UsageError: a name is of no known format, or two are the same.
        OutputError: a file cannot be written.
    """
    from dyvim_cli.markers.files import check_markers_name
    from dyvim_cli.media.output import check_output
    from dyvim_cli.media.programs import find_ffmpeg
    from dyvim_cli.media.sound import check_sound_name, is_lossy

    inputs = (film_path,) if film_path else ()
    _check_apart(delivery)
    if delivery.music is not None:
        check_sound_name(delivery.music)
        if is_lossy(delivery.music):
            find_ffmpeg()  # raises where there is none that can write it
    if delivery.markers_out is not None:
        check_markers_name(delivery.markers_out)
    for path in (delivery.music, delivery.midi, delivery.markers_out):
        if path is not None and not _lies_in_new(folder, path):
            check_output(path, inputs=inputs, overwrite=delivery.overwrite)
    if delivery.midi is not None:
        check_ending(delivery.midi, MIDI, "MIDI file")
    if delivery.stems is not None:
        check_stems(delivery.stems, delivery.overwrite)


def _lies_in_new(folder: Path | None, path: Path) -> bool:
    """Check whether a file goes into the film's output folder, which does not exist yet."""
    return folder is not None and not folder.exists() and path.absolute().parent == folder.absolute()


def _check_apart(delivery: Delivery) -> None:
    """Raise UsageError when two requested files are the same, or one would be a stem as well."""
    named = (delivery.music, delivery.midi, delivery.markers_out, delivery.stems)
    paths = [Path(os.path.abspath(path)) for path in named if path is not None]
    if len(set(paths)) < len(paths):
        twice = max(paths, key=paths.count)
        raise UsageError(f"{twice} is asked for twice", "give each file a name of its own")
    folder = None if delivery.stems is None else Path(os.path.abspath(delivery.stems))
    for path in paths:
        if path.parent == folder and _is_stem(path):
            raise UsageError(f"{path} is the name of a stem", "give each file a name of its own")


def _is_stem(path: Path) -> bool:
    """Check whether a stem could have a file's name, such as melody.wav or melody-jazz.wav."""
    from dyvim_cli.music.mixing.stem_tracks import GROUPS
    from dyvim_cli.music.performance.band_names import part_of

    return path.suffix.lower() == ".wav" and part_of(path.stem) in {*GROUPS, *GROUPS.values()}


def check_stems(folder: Path, overwrite: bool) -> None:
    """Check that stems can be written into a folder.

    Args:
        folder: which need not exist.
        overwrite: replace stems that are there.

    Raises:
        OutputError: they cannot be written.
    """
    from dyvim_cli.media.output import check_folder

    check_folder(folder)
    there = sorted(path.stem for path in folder.glob("*.wav") if _is_stem(path))
    if there and not overwrite:
        reason = f"{folder} holds stems already ({there[0]}.wav)"
        raise OutputError(reason, "add --overwrite, or name another folder")


def write_extras(
    piece: "Score | Recording | StyledMidi",
    music: Path,
    delivery: Delivery,
    metadata: dict[str, Any] | None = None,
    group: "PendingFiles | None" = None,
) -> None:
    """Write the music alone and the MIDI file, each whole, or with the group that they belong to.

    Args:
        piece: the music.
        music: its lossless file.
        delivery: options of the output.
        metadata: tags of the music's file.
        group: the files appear when its others do.

    Raises:
        OutputError: a file cannot be written.
    """
    from dyvim_cli.media.output import commit
    from dyvim_cli.media.sound import convert_audio
    from dyvim_cli.music.performance.expression import expression_gain
    from dyvim_cli.music.symbols.midi import write_midi

    if delivery.music is not None:
        convert_audio(
            music, delivery.music, overwrite=delivery.overwrite, metadata=metadata or {}, group=group
        )
    if delivery.midi is not None and isinstance(piece, Score):
        with commit(delivery.midi, overwrite=delivery.overwrite, group=group) as part:
            write_midi(piece, part, expression_gain(piece))


def write_markers_of(
    piece: "Score | Recording", clock: "FilmClock", film: Path, delivery: Delivery, group: "PendingFiles"
) -> None:
    """Write sections, cuts and hits as markers, if asked for.

    Args:
        piece: the music.
        clock: of the film that is delivered.
        film: path of that film.
        delivery: options of the output.
        group: the file appears when its others do.

    Raises:
        OutputError: the file cannot be written.
    """
    from dyvim_cli.markers.files import url_from, write_markers
    from dyvim_cli.markers.of_music import markers_of
    from dyvim_cli.media.output import commit

    path = delivery.markers_out
    if path is None:
        return
    markers = markers_of(piece.sections, piece.tempo_map)
    with commit(path, overwrite=delivery.overwrite, group=group) as part:
        write_markers(markers, clock, part, path.suffix, path.stem, url_from(path, film))


def stamp_sounds(group: "PendingFiles", clock: "FilmClock", title: str) -> None:
    """Write the time of every WAV of a delivery on the film's timeline into it (Broadcast Wave).

    Args:
        group: files that wait for their names.
        clock: of the film that is delivered.
        title: begins each description.

    Raises:
        OutputError: a file cannot be written again, or has gone with its disk.
        EnvironmentFault: the disk is full.
    """
    from dyvim_cli.media.broadcast_wave import stamp
    from dyvim_cli.types import SAMPLE_RATE

    samples = clock.samples_since_midnight(SAMPLE_RATE)
    for pending in group:
        if pending.path.suffix.lower() == ".wav":
            try:
                stamp(pending.part, samples, f"{title}: {pending.path.stem}")
            except OSError as error:
                raise cannot_write(pending.path, error) from error
