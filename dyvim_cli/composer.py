"""Compose with the shipped score decoder or a MusicGen; the only module that tells them apart."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dyvim_cli import device, weights
from dyvim_cli.desk.kept_pieces import with_old_piece
from dyvim_cli.desk.recast import recast
from dyvim_cli.errors import UsageError, WeightsError
from dyvim_cli.model.compose.again import write_again
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.model.musicgen.loading import (
    DEBUG,
    AudioModel,
    content_of_weights,
    find_backbone,
    load_audio_model,
    placement,
)
from dyvim_cli.options import EMBEDDED, ComposeOptions, writes_score
from dyvim_cli.progress import Progress
from dyvim_cli.types import FilmFeatures, Score
from dyvim_cli.vision.settings import clip_folder

if TYPE_CHECKING:
    import numpy as np

    from dyvim_cli.model.compose.recording import Recording
    from dyvim_cli.model.score.decoder import Decoder
    from dyvim_cli.music.mixing.loudness import Meter
    from dyvim_cli.music.mixing.session import StyledMidi


def check_options(options: ComposeOptions, wants_score: bool) -> None:
    """Raise UsageError where options and model disagree, EnvironmentFault where the device is not there.

    WeightsError where the CLIP that shall see the film is not. wants_score: MIDI or stems are asked for.
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
    """The name of weights that a run would pull first, else empty. Raises UsageError, WeightsError."""
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
    """Pull missing weights before a film is watched for nothing. Raises UsageError, WeightsError."""
    if missing_weights(options):
        find_backbone(options.model, placement()["weights_dir"], progress=progress)


def named_weights(options: ComposeOptions) -> str:
    """A digest of the model and adapter that the options name; "" for what is shipped, or not here yet."""
    if options.model == EMBEDDED:
        return ""
    adapter = Path(options.adapter) if options.adapter else None
    return content_of_weights(options.model, adapter, placement()["weights_dir"])


def load_model(options: ComposeOptions) -> "Decoder | AudioModel":
    """What composes for these options; of MusicGens the last one is kept."""
    if options.model == EMBEDDED:
        return load_embedded()
    if writes_score(options.model):
        from dyvim_cli.model.score.checkpoint import load_decoder

        device.one_torch_thread()
        hint = "name a decoder that `dyvim train` made with --model"
        return load_decoder(Path(options.model), hint=hint)
    model = _load_audio_model(options.model, options.adapter, **placement())
    if options.prompt != "":
        model.check_hears_words()
    return model


def load_embedded() -> "Decoder":
    """The shipped decoder."""
    from dyvim_cli.model.score.checkpoint import load_decoder

    device.one_torch_thread()
    return load_decoder(weights.embedded(weights.DECODER), hint=weights.REINSTALL)


@lru_cache(maxsize=1)
def _load_audio_model(name: str, adapter: str | None, **where: Any) -> "AudioModel":
    """The last model that was loaded; `where` (placement) is a part of what it is remembered by."""
    return load_audio_model(name, Path(adapter) if adapter else None, **where)


def compose(
    features: FilmFeatures,
    options: ComposeOptions,
    model: "Decoder | AudioModel",
    progress: Progress,
    speech_s: "np.ndarray | None" = None,
    keeps_tokens: bool = False,
) -> "Score | Recording":
    """Music for a film: score tokens from the shipped decoder, audio tokens from MusicGen.

    speech_s: [N, 2] spans in seconds in which the film's own sound has somebody speak;
    MusicGen takes no notice of them. keeps_tokens: whether what a decoder draws may come from the cache.
    """
    if writes_score(options.model):
        device.one_torch_thread()
        write = write_score if options.recut is None else write_again
        decoder = cast("Decoder", model)
        score = write(features, options, decoder, progress, speech_s=speech_s, keeps_tokens=keeps_tokens)
        return recast(with_old_piece(score, features), options)
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
    """The soundtrack's blocks [m, 2]: synthesised from a score or MIDI, or decoded from audio tokens."""
    from dyvim_cli.music.mixing.session import StyledMidi

    if isinstance(piece, Score | StyledMidi):
        from dyvim_cli.music.mixing.mastering import produce_blocks

        instruments = None if soundfont is None else Path(soundfont)
        return produce_blocks(piece, duration_s, progress, stems, meter, is_grouped, instruments)
    from dyvim_cli.model.compose.audio_sound import recorded_blocks

    return recorded_blocks(piece, cast("AudioModel", model), duration_s, progress, meter)


def notes_of(model: "Decoder | AudioModel") -> list[str]:
    """What whoever uses the model has to know: its licence, what it cannot do, where it computes instead."""
    asked, used = placement()["device_name"], device_of(model)
    notes = list(getattr(model, "notes", ()))
    if used == "cpu" and asked not in (device.AUTO, "cpu"):
        notes.append(f"the shipped decoder computes on the {used}: --device {asked} is for MusicGen")
    elif asked == device.AUTO and used == "cpu" and hasattr(model, "musicgen"):
        notes.append("no GPU was found: MusicGen computes on the cpu, which takes long")
    return notes


def notes_of_instruments(piece: "Score | Recording", options: ComposeOptions) -> list[str]:
    """Which instruments of a piece the user's soundfont has not."""
    if options.soundfont is None or not isinstance(piece, Score):
        return []
    from dyvim_cli.music.synth.orchestra import Orchestra

    return Orchestra(Path(options.soundfont)).notes(piece.stems)


def device_of(model: "Decoder | AudioModel") -> str:
    """Where a model computes, as --device says it."""
    if isinstance(model, AudioModel):
        return str(model.musicgen.weight.device)
    return str(next(model.parameters()).device)
