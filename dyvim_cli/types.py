"""Data types passed between the stages; units and shape letters are defined here once.

Letters: T analysed frames; N notes; S grid steps (sixteenth notes); K score streams; E visual
events; M key frames; C scenes; D motion feature width. Times are seconds from the first
frame of the (trimmed) film.
"""

from __future__ import annotations

import wave
from base64 import b64encode
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from dyvim_cli.stylebook import STYLES as STYLES

if TYPE_CHECKING:  # the command line's help needs the names, not a tenth of a second of numpy
    import numpy as np

STEPS_PER_BEAT = 4
STEPS_PER_BAR = 16  # four-four, sixteenth notes: the grid of every score token
SAMPLE_RATE = 48_000  # Hz, of all sound that is written
TARGET_LUFS = -14.0  # integrated loudness of a finished soundtrack

AUDIBLE_DB = -60.0  # a film whose loudest tenth of a second stays below is silent

SECTION_ROLES = ("intro", "theme", "contrast", "build", "break", "outro")

# hard cut; sudden motion or collision; motion that ends; what a person asks to be hit
EVENT_KINDS = ("cut", "impact", "stop", "marked")

# slurred to the note before; reached from below at once, or by a slide; bent up on the string; let fall
GESTURES = ("slur", "scoop", "slide", "bend", "fall")


def _nothing() -> np.ndarray:
    import numpy as np

    return np.zeros(0, np.float32)


def _no_prints() -> np.ndarray:
    import numpy as np

    return np.zeros((0, 20), np.uint8)


@dataclass(frozen=True)
class FilmFeatures:
    """All that the generator needs to know of a film (vision's output, the cache's content)."""

    duration_s: float
    times_s: np.ndarray  # [T] float64, ascending, the analysed frames (>= 10 a second)
    dynamics: np.ndarray  # [T, D] float32, z_d: the motion encoder's pooled features
    energy: np.ndarray  # [T] float32, mean optical flow, picture widths a second
    novelty: np.ndarray  # [T] float32 0..1, how new the picture is against the last seconds
    event_times_s: np.ndarray  # [E] float64, ascending; cuts exact to the frame
    event_weights: np.ndarray  # [E] float32 0..1; hard cuts 0.7..1, impacts and stops by strength
    event_kinds: np.ndarray  # [E] int8, index into EVENT_KINDS
    scene_starts_s: np.ndarray  # [C] float64, first is 0.0
    scene_moods: np.ndarray  # [C, 2] float32, (valence, arousal), each -1..1
    scene_labels: np.ndarray  # [C] int16, scenes that look alike share a label
    key_times_s: np.ndarray  # [M] float64
    key_features: np.ndarray  # [M, F] float32, image embedding of each key frame
    style_scores: np.ndarray  # [len(STYLES)] float32, sums to 1
    style_measures: np.ndarray = field(
        default_factory=_nothing
    )  # float32, vision.styles.MEASURES; may be empty
    # [N, vision.prints.N_BYTES] uint8 fingerprints of all frames, and [N] float64 when they are; may be empty
    prints: np.ndarray = field(default_factory=_no_prints)
    print_times_s: np.ndarray = field(default_factory=_nothing)

    @property
    def event_names(self) -> list[str]:
        """[E] of EVENT_KINDS."""
        return [EVENT_KINDS[kind] for kind in self.event_kinds]

    def __repr__(self) -> str:
        """One line: the arrays are too long to print."""
        counts = f"{len(self.event_times_s)} events, {len(self.scene_starts_s)} scenes"
        return f"FilmFeatures({self.duration_s:.2f} s, {counts})"


@dataclass(frozen=True)
class OwnSound:
    """Analysis of a film's own sound (hearing's output, cached with the features)."""

    duration_s: float
    levels_db: np.ndarray  # [n] float32, speech band (300 Hz to 4 kHz), every 10 ms, dB full scale
    speech_s: np.ndarray  # [N, 2] float64, ascending spans of speech
    music_s: np.ndarray  # [M, 2] float64, ascending spans that are music
    loudness: np.ndarray  # [3] float64: integrated LUFS, true peak dBTP, level of the loudest 100 ms in dB

    @property
    def loudness_lufs(self) -> float:
        """Integrated loudness (ITU-R BS.1770); -70 for silence."""
        return float(self.loudness[0])

    @property
    def true_peak_db(self) -> float:
        """The highest true peak in dBTP."""
        return float(self.loudness[1])

    @property
    def is_audible(self) -> bool:
        """True if any part of it is audible, be it one word."""
        return float(self.loudness[2]) > AUDIBLE_DB


@dataclass(frozen=True)
class Hit:
    """One line of the hit table: a visual event and where the music put it."""

    film_time_s: float
    weight: float
    kind: str
    music_time_s: float  # time of the nearest grid step
    step: int
    on_beat: bool
    on_downbeat: bool

    @property
    def error_s(self) -> float:
        """Signed distance music - film."""
        return self.music_time_s - self.film_time_s

    @property
    def label(self) -> str:
        """Marker text: cut or hit, and its weight."""
        return f"{'cut' if self.kind == 'cut' else 'hit'} {self.weight:.2f}"


@dataclass(frozen=True)
class TempoMap:
    """Grid times that follow the film: step s sounds at step_times_s[s].

    Bars have STEPS_PER_BAR steps; those that a shorter bar goes without last no time (timing/bar_lines.py).
    """

    step_times_s: np.ndarray  # [S + 1] float64, ascending; step 0 is a downbeat
    bpm: float  # the base tempo
    hits: tuple[Hit, ...] = ()

    @property
    def n_steps(self) -> int:
        """Number of whole steps on the grid."""
        return len(self.step_times_s) - 1

    @property
    def played(self) -> np.ndarray:
        """[S] bool: steps that last; a shorter bar goes without the others."""
        return self.step_times_s[1:] > self.step_times_s[:-1]


@dataclass(frozen=True)
class Gesture:
    """A player's way to a note or away from it (performance/gestures.py)."""

    kind: str  # one of GESTURES
    cents: float = 0.0  # where the pitch comes from, of a fall where it goes to, against the note's own


@dataclass(frozen=True)
class Note:
    """One sounding note. pitch is MIDI (drums: General MIDI drum key), velocity 1..127."""

    start_s: float
    end_s: float
    pitch: int
    velocity: int
    gesture: Gesture | None = None  # None = begun and ended plainly


@dataclass(frozen=True)
class Stem:
    """The notes of one instrument."""

    name: str  # the stream it comes from: melody, bass, drums, pad, arp
    program: int  # General MIDI program 0..127 (drums: kit program)
    is_drums: bool
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Key:
    """A tonic pitch class (0 = C) and a mode."""

    tonic: int
    is_minor: bool

    NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

    def __str__(self) -> str:
        return f"{self.NAMES[self.tonic]} {'minor' if self.is_minor else 'major'}"


@dataclass(frozen=True)
class Score:
    """A finished composition: who plays what, when."""

    stems: tuple[Stem, ...]
    tempo_map: TempoMap
    key: Key
    style: str
    tokens: np.ndarray  # [K, S] int16
    sections: tuple[tuple[int, int, str], ...]  # (first step, end step, role)
    extras: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """One line: the notes are too many to print."""
        names = ", ".join(stem.name for stem in self.stems)
        return f"Score({self.style}, {self.key}, {self.tempo_map.bpm:.1f} BPM: {names})"


@dataclass(frozen=True)
class Soundtrack:
    """Finished sound."""

    samples: np.ndarray  # [n_samples, 2] float32, -1..1
    sample_rate: int
    stems: dict[str, np.ndarray] = field(default_factory=dict)  # name -> [n_samples, 2]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate

    def __repr__(self) -> str:
        """One line: the samples are too many to print."""
        stems = f", {len(self.stems)} stems" if self.stems else ""
        return f"Soundtrack({self.duration_s:.2f} s, {self.sample_rate} Hz{stems})"

    def wav_bytes(self) -> bytes:
        """Encode the sound as a WAV file of 16 bits.

        Returns:
            The file's bytes.
        """
        import numpy as np

        content = BytesIO()
        with wave.open(content, "wb") as file:
            file.setnchannels(self.samples.shape[1])
            file.setsampwidth(2)
            file.setframerate(self.sample_rate)
            file.writeframes((np.clip(self.samples, -1, 1) * 32767).astype("<i2").tobytes())
        return content.getvalue()

    def _repr_html_(self) -> str:
        """A player, where a notebook shows the soundtrack."""
        data = b64encode(self.wav_bytes()).decode("ascii")
        return f'<audio controls src="data:audio/wav;base64,{data}"></audio>'
