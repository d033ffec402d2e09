"""MusicGen tuned on films with music: prepared with its own codec, tuned, kept as an adapter of megabytes."""

from collections.abc import Callable
from pathlib import Path

import torch

from dyvim_cli.errors import InputError
from dyvim_cli.model.adapter import save_adapter
from dyvim_cli.model.loading import AudioModel, load_audio_model, placement
from dyvim_cli.progress import Progress
from dyvim_cli.training.audio_learner import AudioLearner
from dyvim_cli.training.film_pairs import facts_of, load_films, prepare_films
from dyvim_cli.training.strategies import low_rank_terms
from dyvim_cli.training.tune import TuneSettings, tune

AUDIO_GAIN = 5.0  # a new adapter knows nothing that it could lose


def open_backbone(name: str, progress: Progress | None = None) -> AudioModel:
    """A backbone to learn with: in single precision, whatever it is played in. Raises as loading does."""
    audio = load_audio_model(name, progress=progress, **placement())
    audio.musicgen.float()
    return audio


def prepare(folder: Path, out: Path, backbone: str, progress: Progress | None = None) -> dict:
    """Cache what is seen and heard in every film of a folder; the codec is the backbone's."""
    audio = open_backbone(backbone, progress)
    return prepare_films(folder, out, audio.codec, codec_name(audio), progress)


def codec_name(audio: AudioModel) -> str:
    """The codec's weights in short: a first weight tells 32 kHz EnCodec from a random one."""
    weight = next(audio.codec.model.parameters())
    return f"{type(audio.codec).__name__}-{float(weight.detach().float().abs().sum()):.4f}"


def learner(pairs: Path, backbone: str, batch_size: int = 4, n_frames: int = 500) -> AudioLearner:
    """The backbone with a new adapter and prepared films. Raises InputError unless they belong together."""
    audio = open_backbone(backbone)
    training, held_out, facts = load_films(pairs)
    if any(facts[name] != value for name, value in facts_of(audio.codec, codec_name(audio)).items()):
        raise InputError(
            f"{pairs}: prepared with another codec", f"dyvim train prepare --backbone {backbone}"
        )
    return AudioLearner(audio, training, held_out, n_frames, batch_size)


def tune_audio(
    pairs: Path,
    out: Path,
    backbone: str,
    settings: TuneSettings,
    batch_size: int = 4,
    log: Callable[[dict], None] = lambda record: None,
) -> dict:
    """Tune to the end; `out` then is what `score --adapter` takes. Returns plain facts."""
    torch.manual_seed(settings.seed)
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
