"""Compose with the shipped score decoder or a MusicGen; the only module that distinguishes them."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dyvim_cli import device, weights
from dyvim_cli.errors import UsageError, WeightsError
from dyvim_cli.mapped_libraries import release_library_pages
from dyvim_cli.model.musicgen.loading import (
    DEBUG,
    AudioModel,
    find_backbone,
    load_audio_model,
    placement,
)
from dyvim_cli.options import EMBEDDED, ComposeOptions, writes_score
from dyvim_cli.progress import Progress
from dyvim_cli.torch_loading import complete_torch, load_torch
from dyvim_cli.types import FilmFeatures, Score
from dyvim_cli.vision.settings import clip_folder

if TYPE_CHECKING:
    import numpy as np

    from dyvim_cli.model.compose.recording import Recording
    from dyvim_cli.model.score.decoder import Decoder
    from dyvim_cli.music.mixing.loudness import Meter
    from dyvim_cli.music.mixing.session import StyledMidi


def check_options(options: ComposeOptions, wants_score: bool) -> None:
    """Check that options and model agree and that the machine has what they need.

    Args:
        options: options of composing.
        wants_score: whether MIDI or stems are asked for.

    Raises:
        UsageError: they disagree.
        EnvironmentFault: the device is not there.
        WeightsError: the CLIP that shall see the film is not there.
    """
    device.check(placement()["device_name"])
    clip_folder()
    if not writes_score(options.model) and wants_score:
        raise UsageError(f"{options.model} makes sound, no score: no MIDI and no stems", "--model embedded")
    if not writes_score(options.model) and options.loops:
        raise UsageError(f"{options.model} makes no music that loops", "--model embedded")
    if not writes_score(options.model) and (options.plan or options.markers):
        raise UsageError(f"{options.model} follows no plan and no markers", "--model embedded")
    if writes_score(options.model) and (options.prompt is not None or options.adapter is not None):
        raise UsageError("--prompt and --adapter are for MusicGen", "--model musicgen-small, or --style")
    if not writes_score(options.model) and options.under_speech is not None:
        raise UsageError("--under-speech is for the embedded composer", "--model embedded, or --duck-db")
    if options.soundfont is not None:
        _check_soundfont(options.model, options.soundfont)


def _check_soundfont(model: str, soundfont: str) -> None:
    """Raise UsageError where no score is played, InputError where the file is no soundfont."""
    if not writes_score(model):
        raise UsageError(f"{model} makes sound itself: --soundfont has no say", "--model embedded")
    from dyvim_cli.music.synth.orchestra import opened

    opened(Path(soundfont))


def missing_weights(options: ComposeOptions) -> str:
    """Name the weights that a run would pull first.

    Args:
        options: options of composing.

    Returns:
        Name of the catalogue; "" when nothing is missing.

    Raises:
        UsageError: there is no such model.
        WeightsError: weights are damaged, or missing and must not be pulled.
    """
    if options.model == EMBEDDED:
        weights.embedded(weights.DECODER)
    elif writes_score(options.model):
        if not Path(options.model).is_file():
            raise WeightsError(f"{options.model}: no such decoder", "dyvim train pretrain or tune makes one")
    elif options.model != DEBUG:
        where = placement()
        try:
            find_backbone(options.model, where["weights_dir"], offline=True)
        except WeightsError:
            if where["offline"]:
                raise
            return options.model
    return ""


def prepare_model(options: ComposeOptions, progress: Progress | None = None) -> None:
    """Pull missing weights before a film is watched for nothing.

    Args:
        options: options of composing.
        progress: notified of the stage "pull".

    Raises:
        UsageError: there is no such model.
        WeightsError: the weights cannot be had.
    """
    if missing_weights(options):
        find_backbone(options.model, placement()["weights_dir"], progress=progress)


def load_model(options: ComposeOptions) -> "Decoder | AudioModel":
    """Load what composes; of MusicGens the last one is kept.

    Args:
        options: options of composing.

    Returns:
        A decoder of score tokens, or a MusicGen.

    Raises:
        WeightsError: weights are missing or damaged.
    """
    if options.model == EMBEDDED:
        return load_embedded()
    if writes_score(options.model):
        load_torch()
        from dyvim_cli.model.score.checkpoint import load_decoder

        device.one_torch_thread()
        hint = "name a decoder that `dyvim train` made with --model"
        return load_decoder(Path(options.model), hint=hint)
    complete_torch()
    model = _load_audio_model(options.model, options.adapter, **placement())
    if options.prompt != "":
        model.check_hears_words()
    return model


def load_embedded() -> "Decoder":
    """Load the shipped decoder.

    Returns:
        The shipped decoder, ready to play.

    Raises:
        WeightsError: the shipped weights are missing or damaged.
    """
    load_torch()
    from dyvim_cli.model.score.checkpoint import load_decoder

    device.one_torch_thread()
    decoder = load_decoder(weights.embedded(weights.DECODER), hint=weights.REINSTALL)
    release_library_pages()
    return decoder


@lru_cache(maxsize=1)
def _load_audio_model(name: str, adapter: str | None, **where: Any) -> "AudioModel":
    """Load a model; the last one is cached by name, adapter and `where` (placement)."""
    return load_audio_model(name, Path(adapter) if adapter else None, **where)


def compose(
    features: FilmFeatures,
    options: ComposeOptions,
    model: "Decoder | AudioModel",
    progress: Progress,
    speech_s: "np.ndarray | None" = None,
    keeps_tokens: bool = False,
) -> "Score | Recording":
    """Compose music for a film.

    Args:
        features: motion, events, scenes and style of the film.
        options: options of composing.
        model: of load_model.
        progress: notified of the stage "compose".
        speech_s: [N, 2] spans of speech in the film's own sound, seconds; MusicGen takes no
            notice of them.
        keeps_tokens: whether what a decoder draws may come from the cache.

    Returns:
        A score from score tokens, or a recording from MusicGen's audio tokens.
    """
    if writes_score(options.model):
        from dyvim_cli.desk.kept_pieces import with_old_piece
        from dyvim_cli.desk.recast import recast
        from dyvim_cli.model.compose.again import write_again
        from dyvim_cli.model.compose.score import write_score

        device.one_torch_thread()
        write = write_score if options.recut is None else write_again
        decoder = cast("Decoder", model)
        score = write(features, options, decoder, progress, speech_s=speech_s, keeps_tokens=keeps_tokens)
        return recast(with_old_piece(score, features, options.soundfont), options)
    from dyvim_cli.model.compose.recording import record

    device.torch_threads_of_the_machine()
    return record(features, options, cast("AudioModel", model), progress)


def sound_blocks(
    piece: "Score | Recording | StyledMidi",
    model: "Decoder | AudioModel | None",
    duration_s: float,
    progress: Progress,
    stems: "Callable[[str, np.ndarray], None] | None",
    meter: "Meter | None",
    is_grouped: bool = False,
    soundfont: str | None = None,
) -> Iterator["np.ndarray"]:
    """Make the sound of a piece block by block: synthesised from a score or MIDI, or decoded from tokens.

    Args:
        piece: what is to be heard.
        model: that made it; a score and MIDI need none.
        duration_s: of the film.
        progress: notified of the stage "sound".
        stems: takes each stem's name and next block [2, m]; None = no stems.
        meter: receives the finished sound; None = no meter.
        is_grouped: stems by groups instead of instruments.
        soundfont: path of the user's instruments; None = the shipped ones.

    Returns:
        Iterator over blocks [m, 2] float32 at 48 kHz.
    """
    from dyvim_cli.music.mixing.session import StyledMidi

    if isinstance(piece, Score | StyledMidi):
        from dyvim_cli.music.mixing.mastering import produce_blocks

        instruments = None if soundfont is None else Path(soundfont)
        return produce_blocks(piece, duration_s, progress, stems, meter, is_grouped, instruments)
    from dyvim_cli.model.compose.audio_sound import recorded_blocks

    return recorded_blocks(piece, cast("AudioModel", model), duration_s, progress, meter)


def notes_of(model: "Decoder | AudioModel") -> list[str]:
    """List notes for users of the model: its licence, its limits, the device it falls back to.

    Args:
        model: of load_model.

    Returns:
        Sentences; mostly none.
    """
    asked, used = placement()["device_name"], device_of(model)
    notes = list(getattr(model, "notes", ()))
    if used == "cpu" and asked not in (device.AUTO, "cpu"):
        notes.append(f"the shipped decoder computes on the {used}: --device {asked} is for MusicGen")
    elif asked == device.AUTO and used == "cpu" and hasattr(model, "musicgen"):
        notes.append("no GPU was found: MusicGen computes on the cpu, which takes long")
    return notes


def notes_of_instruments(piece: "Score | Recording", options: ComposeOptions) -> list[str]:
    """Say which instruments of a piece the user's soundfont has not.

    Args:
        piece: the piece.
        options: options of composing.

    Returns:
        Sentences; none without a soundfont of the user's.
    """
    if options.soundfont is None or not isinstance(piece, Score):
        return []
    from dyvim_cli.music.synth.orchestra import Orchestra

    return Orchestra(Path(options.soundfont)).notes(piece.stems)


def device_of(model: "Decoder | AudioModel") -> str:
    """Name the device that a model computes on.

    Args:
        model: of load_model.

    Returns:
        As --device says it.
    """
    if isinstance(model, AudioModel):
        return str(model.musicgen.weight.device)
    return str(next(model.parameters()).device)
