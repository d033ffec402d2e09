"""Options of composing and of delivery."""

from dataclasses import dataclass
from pathlib import Path

from dyvim_cli.types import Key

EMBEDDED = "embedded"
OWN_DECODER = ".safetensors"  # how a score decoder of the user's ends


@dataclass(frozen=True)
class ComposeOptions:
    """What the user asked for; None leaves the decision to the film."""

    alpha: float = 0.5
    style: str | None = None
    mood: tuple[float, float] | None = None  # valence, arousal
    tempo_bpm: float | None = None
    key: Key | None = None
    seed: int = 0
    candidates: int = 3
    guidance: float | None = None  # None = the model's own
    temperature: float = 0.9
    # or a score decoder's file, or what model/musicgen/loading.py knows: debug, a catalogue name, a folder
    model: str = EMBEDDED
    adapter: str | None = None  # folder of the new modules that were tuned on it
    prompt: str | None = None  # words for it; None = from mood, style and tempo


def writes_score(model: str) -> bool:
    """Whether a model, by its name in the wishes, writes score tokens: the shipped decoder or one like it."""
    return model == EMBEDDED or model.endswith(OWN_DECODER)


@dataclass(frozen=True)
class Delivery:
    """How the music and the film come together, and what else is written."""

    output: str | Path | None = None  # folder or template, a Path as it is; None = beside the film
    keep_audio: str = "auto"
    duck_db: float = -12.0
    music_gain_db: float = 0.0
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0
    start_s: float | str | None = None  # seconds, or a timecode of the film
    end_s: float | str | None = None
    overwrite: bool = False
    midi: Path | None = None
    stems: Path | None = None  # folder
    music: Path | None = None  # the music alone, as a sound file
    markers_out: Path | None = None  # sections, cuts and hits, in an editor's format
