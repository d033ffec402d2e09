"""Score a film: probe, watch, compose, render, mux. Start reading here.

score() is the whole way; each step is also a verb of the command line. Nothing here prints.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dyvim_cli import device
from dyvim_cli.background import background_threads
from dyvim_cli.cache import read_features as read_features
from dyvim_cli.composer import (
    compose,
    device_of,
    load_embedded,
    load_model,
    notes_of,
    notes_of_instruments,
    prepare_model,
)
from dyvim_cli.describe import comment, describe, each_once, heard_hits
from dyvim_cli.desk.kept_pieces import keep_piece
from dyvim_cli.desk.planning import speech_to_clear
from dyvim_cli.desk.scored_tag import coarse_speech
from dyvim_cli.errors import InputError
from dyvim_cli.extras import stamp_sounds, whole_set, write_extras, write_markers_of
from dyvim_cli.film_planning import with_plan
from dyvim_cli.job_checks import checked_film
from dyvim_cli.options import ComposeOptions, Delivery, writes_score
from dyvim_cli.own_sound import own_sound_of
from dyvim_cli.preview import part_to_deliver
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.sounding import Sounded, sounded
from dyvim_cli.types import FilmFeatures, OwnSound, Score
from dyvim_cli.watching import features_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    import numpy as np

    from dyvim_cli.atomic import PendingFiles
    from dyvim_cli.media.cut import Cut
    from dyvim_cli.media.film_clock import FilmClock
    from dyvim_cli.media.mux import MuxResult
    from dyvim_cli.media.probe import FilmInfo
    from dyvim_cli.model.compose.recording import Recording
    from dyvim_cli.model.musicgen.loading import AudioModel
    from dyvim_cli.model.score.decoder import Decoder

# re-exported for the layers above
__all__ = ["compose", "features_of", "load_embedded", "load_model", "notes_of", "prepare_model"]


@dataclass(frozen=True)
class Result:
    """Result of a run; facts holds plain values for JSON."""

    output: Path
    score: "Score | Recording"
    facts: dict[str, Any] = field(repr=False)
    warnings: tuple[str, ...] = ()


@dataclass
class StageTimer:
    """Seconds a stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside the context; several times of one name add up.

        Args:
            name: of the stage.

        Yields:
            Nothing.
        """
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - began


@dataclass(frozen=True)
class Watched:
    """A watched film: everything that is known before composing."""

    film: "FilmInfo"
    cut: "Cut"
    output: Path
    features: FilmFeatures
    clock: StageTimer
    own: OwnSound | None = None  # its own sound, where that is kept in the mix
    notes: tuple[str, ...] = ()  # notes for the user about anything unusual
    use_cache: bool = True


def score(
    film_path: Path,
    options: ComposeOptions,
    delivery: Delivery = Delivery(),
    *,
    use_cache: bool = True,
    progress: Progress | None = None,
) -> Result:
    """Compose for a film and deliver it with its music; the picture's packets are copied.

    Args:
        film_path: the film.
        options: options of composing.
        delivery: options of the output.
        use_cache: whether features of earlier runs count, and are kept.
        progress: notified of the stages.

    Returns:
        Where the film is, the music, and facts about both.

    Raises:
        DyvimError: of the family in errors; nothing is left half-written.
    """
    prepared = checked_film(film_path, options, delivery)
    prepare_model(options, progress)
    with background_threads(1) as background:
        studio: list[Future[Decoder | AudioModel]] = []
        # loaded while the film is watched; before that, loading would hold up the first frame
        watched = _see(
            *prepared,
            delivery.keep_audio,
            use_cache,
            progress,
            lambda: studio.append(background.submit(_open_studio, options)),
        )
        model = studio[0].result()
    return compose_and_mux(watched, options, delivery, model, progress=progress)


def watch(
    film_path: Path,
    options: ComposeOptions,
    delivery: Delivery = Delivery(),
    *,
    use_cache: bool = True,
    progress: Progress | None = None,
) -> Watched:
    """Do the first half of score(): every check that needs no work, then the film is seen.

    Args:
        film_path: the film.
        options: options of composing.
        delivery: options of the output.
        use_cache: whether features of earlier runs count, and are kept.
        progress: notified of the stages.

    Returns:
        What is known before a note is written.

    Raises:
        DyvimError: as score().
    """
    return _see(*checked_film(film_path, options, delivery), delivery.keep_audio, use_cache, progress)


def _see(
    film: "FilmInfo",
    cut: "Cut",
    output: Path,
    keep_audio: str,
    use_cache: bool,
    progress: Progress | None,
    begun: Callable[[], object] = lambda: None,
) -> Watched:
    clock = StageTimer()
    notes: list[str] = []
    with clock.stage("vision"):
        features = features_of(
            film,
            start_s=cut.start_s,
            end_s=cut.end_s,
            use_cache=use_cache,
            progress=progress,
            notes=notes,
            begun=begun,
        )
    device.give_back_memory()
    with clock.stage("listening"):
        own = own_sound_of(film, cut, keep_audio, use_cache, progress, notes)
    from dyvim_cli.vision.spoken import with_speech  # after the first frame: it brings numpy

    features = with_speech(features, own)
    notes = [*cut.warnings, *notes]
    return Watched(film, cut, output, features, clock, own, tuple(notes), use_cache)


def seen_and_heard(
    film_path: Path, *, use_cache: bool = True, progress: Progress | None = None, notes: list[str]
) -> FilmFeatures:
    """Watch a film and listen to it, as score() does before it chooses a style.

    Args:
        film_path: the film.
        use_cache: whether features of earlier runs count, and are kept.
        progress: notified of the stages.
        notes: takes what did not go as usual.

    Returns:
        The features; sound that cannot be read is noted and leans nothing.

    Raises:
        InputError: the film cannot be read.
    """
    from dyvim_cli.media.cut import plan_cut
    from dyvim_cli.media.probe import probe

    film = probe(film_path)
    features = features_of(film, use_cache=use_cache, progress=progress, notes=notes)
    from dyvim_cli.vision.spoken import with_speech  # after the first frame: it brings numpy

    try:
        own = own_sound_of(film, plan_cut(film, None, None), "auto", use_cache, progress, notes)
    except InputError as error:
        notes.append(f"{error.message}: whether it is spoken is unknown")
        return features
    return with_speech(features, own)


def compose_and_mux(
    watched: Watched,
    options: ComposeOptions,
    delivery: Delivery,
    model: "Decoder | AudioModel",
    *,
    progress: Progress | None = None,
) -> Result:
    """Do the second half of score(): compose, sound, mux.

    Args:
        watched: of watch.
        options: options of composing.
        delivery: options of the output.
        model: of load_model(options).
        progress: notified of the stages.

    Returns:
        Where the film is, the music, and facts about both.

    Raises:
        DyvimError: as score().
    """
    from dyvim_cli.media.film_clock import clock_of
    from dyvim_cli.timeline import timeline

    progress = progress or Silent()
    film, features, clock = watched.film, watched.features, watched.clock
    delivered = clock_of(film, watched.cut.start_s, watched.cut.end_s)
    options, speech_s, own = _with_speech(watched, options, delivery, delivered)
    with clock.stage("compose"):
        piece = compose(features, options, model, progress, speech_s, keeps_tokens=watched.use_cache)
    tags = {"comment": comment(piece, options, speech_s)}
    kept = keep_piece(piece, film.path) if watched.use_cache else []
    device.give_back_memory()
    with (
        clock.stage("sound"),
        whole_set(delivery, watched.output) as group,
        sounded(
            piece, model, film, watched.cut, features.duration_s, delivery, progress, group,
            options.soundfont, watched.use_cache,
        ) as sound,
    ):  # fmt: skip
        device.give_back_memory()  # the mastering's curves
        muxed, part_notes = _mux_part(watched, sound, delivery, own, tags, progress, group)
        write_extras(piece, sound.path, delivery, tags, group)
        write_markers_of(piece, delivered, watched.output, delivery, group)
        stamp_sounds(group, delivered, film.path.stem)
    clock.seconds["sound"] -= clock.seconds["mux"]
    notes = watched.notes, kept, part_notes, muxed.warnings, notes_of(model)
    facts = describe(piece, features, options) | timeline(piece, features, sound.meter)
    facts |= _facts_of_film(facts, film, muxed, delivery) | {
        "device": device_of(model),
        "warnings": each_once(*notes, notes_of_instruments(piece, options)),
        "seconds": {name: round(s, 2) for name, s in clock.seconds.items()},
    }
    return Result(muxed.path, piece, facts, tuple(facts["warnings"]))


def _mux_part(
    watched: Watched,
    sound: Sounded,
    delivery: Delivery,
    own: OwnSound | None,
    tags: dict[str, str],
    progress: Progress,
    group: "PendingFiles",
) -> "tuple[MuxResult, tuple[str, ...]]":
    """Mux the music with the film, or with the part to be previewed. Returns the result and notes."""
    from dyvim_cli.media.mux import mux

    with (
        watched.clock.stage("mux"),
        part_to_deliver(watched.film, watched.cut, sound.path, delivery, sound.start_s) as part,
    ):
        muxed = mux(
            watched.film,
            part.music,
            watched.output,
            **delivery.mix_options() | part.options,
            metadata=tags,
            progress=progress,
            group=group,
            own=own if delivery.preview_s is None else None,
            music_peak_db=sound.peak_db if delivery.preview_s is None else None,
        )
        return muxed, tuple(part.notes)


def _facts_of_film(
    facts: dict[str, Any], film: "FilmInfo", muxed: "MuxResult", delivery: Delivery
) -> dict[str, Any]:
    """Facts that a piece gains once it is muxed with its film, as plain values."""
    from dyvim_cli.timeline import delivered_sound

    return {
        "input": str(film.path),
        "output": str(muxed.path),
        "duration_s": muxed.duration_s,
        "start_s": muxed.start_s,
        "picture_copied": muxed.picture_copied,
        **delivered_sound(muxed, facts),
        "hits": heard_hits(facts["hits"], muxed.own_music_s if delivery.preview_s is None else ()),
    }


def _with_speech(
    watched: Watched, options: ComposeOptions, delivery: Delivery, clock: "FilmClock"
) -> "tuple[ComposeOptions, np.ndarray | None, OwnSound | None]":
    """(options with the plan, [N, 2] seconds of speech for the composer, the film's own sound).

    Where a plan says who speaks when, the music makes room there; of sound that is not heard with the music
    nobody needs to know.
    """
    from dyvim_cli.model.compose.obey import speech_told

    own, is_edited = watched.own, options.plan is not None
    if options.plan is not None and delivery.keep_audio in ("track", "drop"):
        options = replace(options, plan=replace(options.plan, speech=None))
    heard_s = None if own is None else coarse_speech(own.speech_s)
    options = with_plan(watched.features, options, clock, heard_s)
    if options.plan is not None and own is not None and is_edited:
        own = replace(own, speech_s=speech_to_clear(own.speech_s, options.plan))
    return options, speech_told(options.plan, heard_s), own


def _open_studio(options: ComposeOptions) -> "Decoder | AudioModel":
    """Load all that composing and sounding need; returns what composes."""
    from dyvim_cli.music.synth.soundfont import shipped_soundfont

    model = load_model(options)
    if writes_score(options.model):
        shipped_soundfont()
    return model
