"""Define the record of a musical style: who plays, what they can play, which films it suits.

A style is one file of this package with such a record in it, called STYLE. Patterns are strings of
sixteenths: a digit d plays once the density of the part reaches d / 10, a dot never. Chords are roman
numerals (music/idioms/progressions.py).
"""

from dataclasses import dataclass, field
from typing import NamedTuple

HALF_CLOSES = 0.6  # share of phrases that end on a chord which leads on
CADENCES = {  # the last chord of each is the tonic that rings out
    "major": ("V I", "IV V I", "ii V I", "IV I", "iv I", "bVII IV I", "Vsus4 V I", "bVI bVII I", "V7 I"),
    "minor": ("V i", "iv V i", "bVI bVII i", "bVII i", "iv i", "V7 i", "bII V i"),
}


@dataclass(frozen=True)
class Room:
    """A room's size and colour."""

    decay_s: float  # time to fall by 60 dB
    predelay_s: float
    brightness: float = 1.0  # scales the decay of the top band
    early: float = 0.6  # level of the first reflections against the tail


@dataclass(frozen=True)
class Part:
    """Instrument and mix of one stream. Levels in dB, times in seconds."""

    programs: tuple[int, ...]  # General MIDI programs (drums: kits) to choose from, by seed
    gain_db: float = 0.0
    octave: int = 0  # shift of everything that is played
    pan: float = 0.0  # -1 left .. 1 right
    side_db: float = 0.0  # gain of the instrument's own stereo side
    spread: float = 0.0  # pseudo-stereo for what is recorded in mono
    reverb: float = 0.2  # send, linear
    echo: float = 0.0  # send, linear
    low_cut_hz: float = 120.0
    treble_db: float = 0.0  # shelf at 5 kHz
    length: float = 1.0  # sounding share of the written duration
    overlap_s: float = 0.0  # legato: a note reaches into the next
    velocities: tuple[int, int] = (48, 118)  # velocities at level 0 and at level 7
    strum_s: float = 0.0  # delay between the notes of a chord
    pedal: bool = False  # notes ring until the chord changes
    power: bool = False  # chords are played as root, fifth and octave
    lean: float = 1.0  # strength of its metric accents, relative to players' average
    shortest_step_s: float = 0.0  # length of a sixteenth below which it plays eighths
    ninths: bool = False  # chords of four notes are played without root, with the ninth in its place


IMPACT = Part((118,), gain_db=-3, reverb=0.25, low_cut_hz=24)
RISER = Part((119,), gain_db=-6, reverb=0.3, low_cut_hz=150)


@dataclass(frozen=True)
class Palette:
    """A style's orchestra, room and manner."""

    describe: str
    moods: tuple[str, ...]
    mood: tuple[float, float]  # (valence, arousal), each -1..1
    prefers_minor: bool
    bpm: tuple[int, int]
    parts: dict[str, Part]
    accent: Part  # doubles what starts on accented steps with something quick to speak
    room: Room
    impacts: bool = False  # whether booms and risers go with the heaviest accents
    # drum class -> MIDI keys that take turns; a tuple inside is played together
    drum_keys: dict[str, tuple[int | tuple[int, ...], ...]] = field(default_factory=dict)
    swing_eighths: float = 0.0  # 1 = triplets
    swing_sixteenths: float = 0.0
    loose_ms: float = 5.0  # spread of human timing
    human_drums: float = 1.0  # how far drums follow the drummers' placement; 0 = a machine
    backbeat: bool = False  # kick and snare take turns; together they play accents alone
    duck_db: float = 0.0  # reduction of pad and arpeggio by the kick
    drive: float = 0.0  # tape-like saturation of the mix
    low_pass_hz: float = 0.0  # 0 = open
    glue_ratio: float = 1.3
    tone: tuple[tuple[float, float], ...] = ()  # bells of the whole mix: (Hz, dB)
    air_db: float = 0.0  # shelf of the whole mix at 9 kHz
    width_db: float = 2.0  # gain of the whole mix's side signal
    open_voicing: bool = False
    steady_bars: int = 4  # least bars of four beats after an odd one; fewer in styles not for dancing
    drift: float = 0.02  # largest tempo change towards the film's events; more in styles not for dancing
    rubato_steps: int = 1  # steps over which the neighbours of a moved step give way

    def strip(self, name: str) -> Part:
        """Find how a stem is played and mixed.

        Args:
            name: melody, bass, pad, arp, drums, accent, impact or riser.

        Returns:
            The part; impacts and risers are the same in every style.
        """
        return {"accent": self.accent, "impact": IMPACT, "riser": RISER}.get(name) or self.parts[name]


class Strokes(NamedTuple):
    """Drum classes that an event adds to the groove."""

    heavy: tuple[str, ...]
    medium: tuple[str, ...]  # the backbeat is the snare's own: lesser events leave it alone
    hint: tuple[str, ...]  # strokes for a doubtful event


# Kick and snare together: a kick alone was heard no better than the groove's snare (cuts met .82 for .87).
KIT_STROKES = Strokes(("kick", "snare", "crash"), ("kick", "snare", "open_hat"), ("open_hat",))


@dataclass(frozen=True)
class Arranger:
    """Settings of a style for the arranger that writes training music (training/arranger)."""

    bpm: tuple[int, int]
    minor: float  # probability of a minor key
    sevenths: float  # probability that a triad is coloured with a seventh
    suspended: float  # probability that a triad opens to sus2
    harmonic_steps: tuple[int, ...]  # steps a chord lasts, drawn evenly
    rhythm: str  # family of melodic rhythms, see melody.BEAT_CELLS
    centre: int  # MIDI pitch around which the melody sings
    ring: int  # longest melody note in steps: short = detached
    valence: float  # mean of the imagined films, -1..1
    pads: tuple[str | None, ...]  # names of pad.PATTERNS, None = chords that are held
    arps: tuple[tuple[str, str, int, int], ...]  # (rate, cycle, lowest pitch, longest note in steps), see arp
    moving_pads: tuple[str, ...] = ()  # patterns of a pad that keeps time; only where no drums do
    entries: dict[str, float] = field(default_factory=dict)  # density a stream waits for; not drums, bass
    more_absent: dict[str, float] = field(default_factory=dict)  # added to form.ABSENT, by stream
    chromatic: float = 0.0  # share of upbeats that lead into the next note by a semitone
    roll: str | None = "snare"  # drum class of a build-up, None = no rolls
    plays_kit: bool = True  # False: neither fills nor crashes
    quotes: bool = False  # suits old tunes
    coloured_close: bool = False  # the last chord may have a seventh
    dominant_sevenths: bool = False  # a major triad on the fifth degree always has its seventh


@dataclass(frozen=True)
class Style:
    """All that makes a style."""

    name: str
    palette: Palette
    grooves: tuple[dict[str, str], ...]  # drum class -> pattern of 16 or 32 steps
    bass: tuple[str, ...]  # names of grooves.BASS_IDIOMS
    progressions: dict[str, tuple[str, ...]]  # mode -> loops of roman numerals, from bright to dark
    harmonic_rhythm: tuple[int, int, int]  # steps that a chord lasts, slow to fast; arousal chooses
    keeps_beat: bool  # drums and bass keep time; elsewhere arpeggio or pad
    words: str  # a film that it suits, for a model that compares pictures with words (CLIP)
    arranger: Arranger
    affinities: dict[str, float] | None = None  # vision.styles.MEASURES -> weight; None = only when asked for
    accent_strokes: Strokes = KIT_STROKES
    time_keepers: tuple[str, ...] = ()  # "arp" and "hat" fill the eighths: music/form/time_keeping.py
    fills_on_toms: bool = False  # its drums are toms rather than a kit
    slurs_alone: bool = False  # its tunes are slurred, and neither slide, scoop, bend nor fall
    cadences: dict[str, tuple[str, ...]] = field(default_factory=lambda: CADENCES)
    half_closes: float = HALF_CLOSES
    needs: dict[str, float] = field(default_factory=dict)  # added to arrangement.NEEDS, by stream
    comping: tuple[str, ...] = ()  # patterns of the pad's chords, for decoders that did not learn the style
    nearest: str = ""  # an older style: how decoders play it that did not learn this one
    spoken: str = ""  # its name in a prompt, where that is not `name`

    @property
    def title(self) -> str:
        """The style's name as people write it."""
        return self.spoken or self.name
