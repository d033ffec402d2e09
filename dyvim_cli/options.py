"""Options of composing and of delivery."""

from dataclasses import dataclass
from math import inf
from numbers import Integral
from pathlib import Path
from typing import Any

from dyvim_cli.errors import UsageError, one_of
from dyvim_cli.film_plan import FilmPlan
from dyvim_cli.old_piece import Recut
from dyvim_cli.stylebook import STYLES, style_named
from dyvim_cli.types import Key

EMBEDDED = "embedded"
OWN_DECODER = ".safetensors"  # how a score decoder of the user's ends


KEEP_AUDIO = ("auto", "duck", "mix", "track", "drop")
UNDER_SPEECH = ("thin", "same")  # what the music does during speech in the film's own sound
TEMPO_BPM = (40, 220)
LONGEST_S = 1e6  # longest fade and latest cut: eleven days


@dataclass(frozen=True)
class ComposeOptions:
    """The user's composing options; None leaves the decision to the film.

    Raises UsageError for a value that no music can be made with.
    """

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
    under_speech: str | None = None  # one of UNDER_SPEECH; None = thin where a score is written
    soundfont: str | None = None  # a file of instruments by General MIDI programs; None = the shipped ones
    plan: FilmPlan | None = None  # decisions that are already made; the options above are edits of it
    orchestrate: str | None = None  # a style whose instruments and mix the finished notes get
    mute: tuple[str, ...] = ()  # parts that are left out of the finished notes
    instruments: tuple[tuple[str, int], ...] = ()  # (part, General MIDI program)
    # first and last bar, from 1 on, to be written again, and in which of many ways; the others stay
    reroll_bars: tuple[int, int, int] | None = None
    markers: Path | None = None  # orders for the music, in an editor's format
    loops: bool = False  # the music continues from its end to its beginning
    recut: Recut | None = None  # music that is kept as far as the film shows what it was written for

    def __post_init__(self) -> None:
        _check_range("alpha", self.alpha, 0, 1)
        _check_whole("seed", self.seed, 0, inf)
        _check_whole("candidates", self.candidates, 1, 32)
        _check_range("temperature", self.temperature, 0.01, 10)
        for name in ("style", "orchestrate"):
            if (said := getattr(self, name)) is not None:
                object.__setattr__(self, name, _known_style(said))
        if self.under_speech not in (None, *UNDER_SPEECH):
            said = repr(self.under_speech)
            raise UsageError(f"unknown under_speech {said}", one_of(str(self.under_speech), UNDER_SPEECH))
        if self.mood is not None:
            _check_mood(self.mood)
        if self.tempo_bpm is not None:
            _check_range("tempo", self.tempo_bpm, *TEMPO_BPM)
        if self.guidance is not None:
            _check_range("guidance", self.guidance, 1, 5)
        if self.key is not None and not isinstance(self.key, Key):
            raise UsageError(f"key = {self.key!r} is not a Key", "for example 'D minor' or 'F# major'")


def _known_style(said: object) -> str:
    """The style that is named, whatever its case, spaces and hyphens. Raises UsageError."""
    style = style_named(said) if isinstance(said, str) else None
    if style is None:
        raise UsageError(f"unknown style {said!r}", one_of(str(said), STYLES))
    return style


def writes_score(model: str) -> bool:
    """Check by a model's name whether it writes score tokens: the shipped decoder or one like it.

    Args:
        model: name or path.

    Returns:
        False for MusicGen.
    """
    return model == EMBEDDED or model.endswith(OWN_DECODER)


@dataclass(frozen=True)
class Loudness:
    """Target loudness of the whole programme."""

    lufs: float  # integrated, ITU-R BS.1770
    peak_dbtp: float = -1.0  # highest true peak


LOUDNESS = {
    "web": Loudness(-14.0, -1.0),  # what music and video platforms play at
    "podcast": Loudness(-16.0, -1.0),  # Apple Podcasts
    "ebu": Loudness(-23.0, -1.0),  # European television: EBU R 128
    "atsc": Loudness(-24.0, -2.0),  # American television: ATSC A/85
}


@dataclass(frozen=True)
class Delivery:
    """Options of the mix and of the further files."""

    output: str | Path | None = None  # folder or template, a Path as it is; None = beside the film
    keep_audio: str = "auto"
    duck_db: float | None = None  # None = as much as the speech needs
    own_gain_db: float = 0.0
    music_gain_db: float = 0.0
    loudness: Loudness | None = None  # None = the own sound keeps its level
    over_own_music: bool = False
    fade_in_s: float = 0.0
    fade_out_s: float | None = None  # None = only where the music is cut off
    start_s: float | str | None = None  # seconds, or a timecode of the film
    end_s: float | str | None = None
    overwrite: bool = False
    midi: Path | None = None
    stems: Path | None = None  # folder
    stem_groups: bool = False  # drums, bass, harmony and melody instead of each instrument
    music: Path | None = None  # the music alone, as a sound file
    preview_s: tuple[float, float] | None = None  # deliver this part of the film and of the same piece
    markers_out: Path | None = None  # sections, cuts and hits, in an editor's format

    def __post_init__(self) -> None:
        if self.keep_audio not in KEEP_AUDIO:
            said = f"unknown keep_audio {self.keep_audio!r}"
            raise UsageError(said, one_of(str(self.keep_audio), KEEP_AUDIO))
        if self.duck_db is not None:
            _check_range("duck_db", self.duck_db, -60, 0)
        _check_range("own_gain_db", self.own_gain_db, -40, 40)
        _check_range("music_gain_db", self.music_gain_db, -40, 20)
        for name in ("fade_in_s", "fade_out_s", "start_s", "end_s"):
            if (value := getattr(self, name)) is not None and not isinstance(value, str):
                _check_range(name, value, 0, LONGEST_S)
        for name in ("midi", "stems", "music", "markers_out"):
            if isinstance(path := getattr(self, name), str):
                object.__setattr__(self, name, Path(path))

    def settled_output(self) -> Path:
        """The film's path, where it is settled.

        Returns:
            An absolute or relative path of a file.

        Raises:
            TypeError: the output is still a template, or left open.
        """
        if not isinstance(self.output, Path):
            raise TypeError(f"the output is not settled: {self.output!r}")
        return self.output

    def mix_options(self) -> dict[str, Any]:
        """Collect the keyword arguments of media.mux.mux that say how music and film come together.

        Returns:
            Name -> value.
        """
        names = (
            "keep_audio", "duck_db", "own_gain_db", "music_gain_db", "loudness", "over_own_music",
            "fade_in_s", "fade_out_s", "start_s", "end_s", "overwrite",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


def _check_range(name: str, value: Any, lowest: float, highest: float) -> None:
    """Raise UsageError for a value that is no number from lowest to highest, nan included."""
    try:
        fits = lowest <= value <= highest
    except TypeError:
        fits = False
    if not fits:
        span = f"{lowest:g} or more" if highest == inf else f"from {lowest:g} to {highest:g}"
        raise UsageError(f"{name} = {value!r} is not a number {span}", "see `dyvim score --help`")


def _check_whole(name: str, value: Any, lowest: float, highest: float) -> None:
    """Raise UsageError for a value that is no whole number from lowest to highest."""
    _check_range(name, value, lowest, highest)
    if not isinstance(value, Integral):
        raise UsageError(f"{name} = {value!r} is not a whole number", f"for example {name}=7")


def _check_mood(mood: object) -> None:
    """Raise UsageError unless it is a pair of numbers from -1 to 1."""
    if not isinstance(mood, (tuple, list)) or len(mood) != 2:
        raise UsageError(f"mood = {mood!r} is not (valence, arousal)", "for example (0.5, -0.3)")
    _check_range("valence", mood[0], -1, 1)
    _check_range("arousal", mood[1], -1, 1)
