"""Tune MusicGen on films with music: prepare tokens with its codec, tune, save an adapter."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from dyvim_cli.errors import InputError, quoted
from dyvim_cli.model.musicgen.adapter import save_adapter
from dyvim_cli.model.musicgen.codec import Codec
from dyvim_cli.model.musicgen.loading import AudioModel, load_audio_model, placement
from dyvim_cli.model.musicgen.prompt import describe_music
from dyvim_cli.model.musicgen.scratch import CODEC_FILE, CODECS, published_codec, write_scratch_checkpoint
from dyvim_cli.progress import Progress
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.data.shards import load
from dyvim_cli.training.films.film_pairs import facts_of, fit_channels, load_films, prepare_films, store
from dyvim_cli.training.films.pairs import choose_pieces
from dyvim_cli.training.films.rendered import Material, watch_film_of
from dyvim_cli.training.learn.audio_learner import AudioLearner
from dyvim_cli.training.learn.strategies import low_rank_terms
from dyvim_cli.training.learn.tune import TuneSettings, tune
from dyvim_cli.types import STEPS_PER_BAR, STYLES, FilmFeatures, Key, TempoMap
from dyvim_cli.vision.settings import settings as seen_with

# times strategies.NEW_RATE. An update moves a token's term by the rate times the sum of all its inputs,
# some hundreds: at 1 the loss of a decoder that knew music rose from 3.99 to 4.08 in sixty updates
AUDIO_GAIN = 0.12
SCRATCH = "scratch"  # name in place of a backbone: a new decoder, all of which learns
# length of rendered films: many short ones generalise (33 long ones were memorised)
FILM_S = 14.0
SCRATCH_GAIN = 10.0  # factor of strategies.DECODER_RATE: an untrained decoder learns at 1e-3


def open_backbone(name: str, progress: Progress | None = None) -> AudioModel:
    """Open a backbone to learn with: in single precision, whatever it is played in.

    Args:
        name: of the model or a folder.
        progress: notified of the download.

    Returns:
        The model; raises as loading does.
    """
    return load_audio_model(name, progress=progress, is_single=True, **placement())


def open_codec(name: str | None, backbone: str, progress: Progress | None = None) -> Codec:
    """The codec of this name (scratch.CODECS), or the backbone's where none is named.

    Args:
        name: one of scratch.CODECS; None takes the backbone's.
        backbone: name of the model or a folder.
        progress: notified of the download.

    Returns:
        The codec.
    """
    if name is None:
        return open_backbone(backbone, progress).codec
    return published_codec(name, **_weights_place(), progress=progress)


def _weights_place() -> dict[str, Any]:
    """Keyword arguments of the weights' folder and of downloads."""
    return {name: value for name, value in placement().items() if name != "device_name"}


def prepare_own_films(
    folder: Path, out: Path, codec: Codec, progress: Progress | None = None
) -> dict[str, Any]:
    """Cache the features of every film of a folder, and its music as the codec's tokens.

    Args:
        folder: searched with its sub-folders.
        out: folder of the prepared films.
        codec: for the music.
        progress: notified of each film.

    Returns:
        Facts for JSON.
    """
    return prepare_films(folder, out, codec, codec_digest(codec), progress)


def prepare_rendered(
    shards: list[Path], out: Path, codec: Codec, n_films: int, seed: int, progress: Progress | None = None
) -> dict[str, Any]:
    """Prepare rendered films, with the pieces as our own players sound them: pairs without any data.

    Args:
        shards: of pieces.
        out: folder of the prepared films.
        codec: for the music.
        n_films: how many.
        seed: of pieces and films.
        progress: notified of each film.

    Returns:
        Facts for JSON.
    """
    from dyvim_cli.training.tasks.motion import _textures as photographs

    facts = facts_of(codec, codec_digest(codec)) | seen_with() | {"film_s": FILM_S}
    pieces = choose_pieces([piece for path in shards for piece in load(path)], n_films, seed)
    material = Material(photographs())

    def make(piece: Piece, index: int) -> tuple[FilmFeatures, torch.Tensor]:
        rng = np.random.default_rng([seed, index])
        piece = excerpt(piece, FILM_S, rng)
        features, step_times_s = watch_film_of(piece, material, rng)
        sound = render_piece(piece, step_times_s, codec.sample_rate, index)
        return with_mood_of(features, piece), fit_channels(sound, codec)

    def items() -> Iterator[tuple[str, Any, Any]]:
        for i, piece in enumerate(pieces):
            name = piece.name.replace("/", "-")
            key = hashlib.sha256(json.dumps([facts, seed, i, name], sort_keys=True).encode()).hexdigest()
            yield name, lambda key=key: key, lambda piece=piece, i=i: make(piece, i)

    return store(items(), len(pieces), out, codec, facts, progress)


def excerpt(piece: Piece, most_s: float, rng: np.random.Generator) -> Piece:
    """Cut whole bars from anywhere in a piece.

    Args:
        piece: any.
        most_s: seconds that the bars may last (one bar at least is kept).
        rng: draws the place.

    Returns:
        The stretch; the piece itself when it is no longer.
    """
    bar_s = 240 / piece.bpm
    n_bars, n_kept = piece.tokens.shape[1] // STEPS_PER_BAR, max(1, int(most_s / bar_s))
    if n_kept >= n_bars:
        return piece
    first = STEPS_PER_BAR * int(rng.integers(n_bars - n_kept + 1))
    end = first + STEPS_PER_BAR * n_kept
    sections = tuple(
        replace(s, start=max(s.start, first) - first, end=min(s.end, end) - first)
        for s in piece.sections
        if s.start < end and s.end > first
    )
    return replace(
        piece,
        tokens=piece.tokens[:, first:end],
        curves=piece.curves[first:end],
        sections=sections,
        starts_piece=piece.starts_piece and first == 0,
        ends_piece=piece.ends_piece and end == piece.tokens.shape[1],
    )


def _mood(piece: Piece) -> tuple[float, float]:
    """Valence and arousal over the piece, -1..1."""
    lengths = [s.end - s.start for s in piece.sections]
    moods = [(s.valence, s.arousal) for s in piece.sections]
    valence, arousal = np.average(moods, axis=0, weights=lengths)
    return float(valence), float(arousal)


def prompt_of_piece(piece: Piece) -> str:
    """Write the prompt of a piece, as for scored films.

    Args:
        piece: any.

    Returns:
        The piece in words, as scored films describe theirs.
    """
    return describe_music(STYLES[max(piece.style, 0)], *_mood(piece), piece.bpm)


def with_mood_of(features: FilmFeatures, piece: Piece) -> FilmFeatures:
    """Give a film the style scores and mood of its music, so that prompts describe the music.

    Rendered textures show neither: a decoder tuned on them would unlearn its prompts.

    Args:
        features: of the film.
        piece: its music.

    Returns:
        The features with scores of style and moods of scenes replaced.
    """
    style = np.zeros(len(STYLES), np.float32)
    style[max(piece.style, 0)] = 1.0
    moods = np.tile(np.array(_mood(piece), np.float32), (len(features.scene_moods), 1))
    return replace(features, style_scores=style, scene_moods=moods)


def render_piece(piece: Piece, step_times_s: np.ndarray, sample_rate: int, seed: int) -> np.ndarray:
    """Play a piece in its own style.

    Args:
        piece: any.
        step_times_s: [S + 1] of its steps.
        sample_rate: Hz.
        seed: of the performance.

    Returns:
        [n, 2] samples, -1..1.
    """
    from math import gcd

    from scipy.signal import resample_poly

    from dyvim_cli.music.mixing.mastering import produce_blocks
    from dyvim_cli.music.performance.perform import perform
    from dyvim_cli.types import SAMPLE_RATE

    style, duration_s = STYLES[max(piece.style, 0)], float(step_times_s[-1])
    grid = TempoMap(step_times_s, piece.bpm)
    score = perform(piece.tokens, grid, Key(0, piece.is_minor), style, duration_s, seed)
    sound = np.concatenate(list(produce_blocks(score, duration_s)))
    common = gcd(sample_rate, SAMPLE_RATE)
    return resample_poly(sound, sample_rate // common, SAMPLE_RATE // common, axis=0)


def codec_digest(codec: Codec) -> str:
    """Digest a codec's weights, to distinguish 32 kHz EnCodec from a random one.

    Args:
        codec: any.

    Returns:
        Kind and the sum of that weight.
    """
    weight = next(cast(Any, codec).model.parameters())
    return f"{type(codec).__name__}-{float(weight.detach().float().abs().sum()):.4f}"


def untrained_backbone(pairs: Path, out: Path, seed: int) -> str:
    """Make a decoder that has learned nothing, for the codec that the films were prepared with.

    What an earlier run left there is kept.

    Args:
        pairs: folder of prepared films.
        out: folder of the training.
        seed: of the weights.

    Returns:
        Folder of the decoder.

    Raises:
        InputError: the films were prepared with a backbone's codec.
    """
    folder = out / "backbone"
    if not (folder / CODEC_FILE).is_file():
        name = _published_name(load_films(pairs)[2], pairs)
        write_scratch_checkpoint(folder, name, published_codec(name, **_weights_place()), seed)
    return str(folder)


def _published_name(facts: dict[str, Any], pairs: Path) -> str:
    """The published codec that prepared films' facts are of. Raises InputError."""
    for name, khz in CODECS.items():
        if facts["codec"].startswith("SegmentCodec-") and facts["sample_rate"] == 1000 * khz:
            return name
    raise InputError(
        f"{pairs}: prepared with a backbone's own codec", "dyvim train prepare --codec encodec_24khz"
    )


def learner(pairs: Path, backbone: str, batch_size: int = 4, n_frames: int = 500) -> AudioLearner:
    """Put a backbone with a new adapter and prepared films together.

    Args:
        pairs: folder of prepared films.
        backbone: name of the model or a folder.
        batch_size: windows a batch.
        n_frames: of a window.

    Returns:
        The learner.

    Raises:
        InputError: films and backbone do not belong together.
    """
    audio = open_backbone(backbone)
    training, held_out, facts = load_films(pairs)
    if any(facts[name] != value for name, value in facts_of(audio.codec, codec_digest(audio.codec)).items()):
        raise InputError(
            f"{pairs}: prepared with another codec", f"dyvim train prepare --backbone {quoted(backbone)}"
        )
    if facts.get("motion_encoder") != seen_with()["motion_encoder"]:
        raise InputError(f"{pairs}: these films were seen by another motion encoder", "dyvim train prepare")
    return AudioLearner(audio, training, held_out, n_frames, batch_size)


def tune_audio(
    pairs: Path,
    out: Path,
    backbone: str,
    settings: TuneSettings,
    batch_size: int = 4,
    log: Callable[[dict[str, Any]], None] = lambda record: None,
) -> dict[str, Any]:
    """Tune to the end; `out` then is what `score --adapter` takes.

    Args:
        pairs: folder of prepared films.
        out: folder of the run.
        backbone: name of the model, a folder, or SCRATCH: one that has learned nothing, of which all learns.
        settings: how to tune.
        batch_size: windows a batch.
        log: takes each record.

    Returns:
        Facts for JSON.
    """
    torch.manual_seed(settings.seed)
    if backbone == SCRATCH:
        backbone = untrained_backbone(pairs, out, settings.seed)
        settings = replace(settings, strategy="full", decoder_gain=SCRATCH_GAIN)
    one = learner(pairs, backbone, batch_size)
    before = {}
    if settings.strategy == "full":
        before = {n: p.detach().clone() for n, p in one.model.backbone.named_parameters()}
    facts = tune(one, out, settings, log) | {"backbone": backbone}
    changes = low_rank_terms(one.model.backbone)
    changes |= {
        n: p for n, p in one.model.backbone.named_parameters() if n in before and not p.equal(before[n])
    }
    path = save_adapter(one.model, out, facts, changes)
    return facts | {"adapter": str(path), "megabytes": round(path.stat().st_size / 1e6, 2)}
