"""The plan of a piece: every decision made before a note is written, as one editable object.

Options, plan files and markers are edits of it; the composer obeys it and asks for nothing else.
"""

from dataclasses import dataclass, field

from dyvim_cli.types import Key

PARTS = ("melody", "bass", "drums", "pad", "arp")  # parts that a section may have or go without
CLOSING = ("melody", "bass", "drums", "pad")  # parts that a last chord may have
MARKED = "marked"  # the kind of a hit that a person asked for


@dataclass(frozen=True)
class PlannedHit:
    """An event that the music meets."""

    at_s: float
    weight: float  # 0..1
    kind: str  # one of types.EVENT_KINDS; "marked": asked for by a person, met exactly


@dataclass(frozen=True)
class PlannedSection:
    """A section of the music; it lasts until the next one begins."""

    at_s: float
    role: str  # one of types.SECTION_ROLES
    theme: int  # equal numbers: the same theme
    valence: float  # -1..1
    arousal: float  # -1..1
    parts: tuple[str, ...]  # those of PARTS that may play
    style: str | None = None  # style of the band that plays it, where that is not the piece's
    energy: float | None = None  # 0..1, mean of the motion that is answered; None: as the film moves
    seen_energy: float | None = field(default=None, compare=False)  # the film's own value, for display


@dataclass(frozen=True)
class Silence:
    """A stretch without music."""

    from_s: float
    to_s: float


@dataclass(frozen=True)
class Speech:
    """A stretch of speech in the film's own sound."""

    from_s: float
    to_s: float


@dataclass(frozen=True)
class FilmPlan:
    """Plan of the music of one film."""

    duration_s: float
    style: str
    key: Key
    bpm: float
    valence: float
    arousal: float
    alpha: float
    seed: int  # the piece's own: drawn from the requested seed and the film
    hits: tuple[PlannedHit, ...]
    sections: tuple[PlannedSection, ...]
    silences: tuple[Silence, ...] = ()
    instruments: tuple[tuple[str, int], ...] = ()  # (part, General MIDI program), where chosen
    speech: tuple[Speech, ...] | None = None  # None: as detected; (): no speech
    last_chord: tuple[str, ...] = ()  # those of CLOSING that rest in the last section and join its last chord
    written: str = field(default="", compare=False)  # file and line that say its length, for errors
