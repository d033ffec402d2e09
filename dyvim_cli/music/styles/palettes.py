"""Palettes of the styles: instruments, mix settings and room."""

from dataclasses import dataclass, field

from dyvim_cli.music.mixing.reverb import Room


@dataclass(frozen=True)
class Part:
    """How one stream is played. Levels in dB, times in seconds."""

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
    length: float = 1.0  # of the written duration
    overlap_s: float = 0.0  # legato: a note reaches into the next
    velocities: tuple[int, int] = (48, 118)  # at level 0 and at level 7
    strum_s: float = 0.0  # between the notes of a chord
    pedal: bool = False  # notes ring until the chord changes
    power: bool = False  # chords are played as root, fifth and octave


@dataclass(frozen=True)
class Palette:
    """A style's orchestra, room and manner."""

    describe: str
    moods: tuple[str, ...]
    mood: tuple[float, float]  # (valence, arousal), each -1..1
    prefers_minor: bool
    bpm: tuple[int, int]
    parts: dict[str, Part]
    accent: Part  # doubles what is struck on accented steps with something quick to speak
    room: Room
    drum_keys: dict[str, tuple] = field(default_factory=dict)
    swing_eighths: float = 0.0  # 1 = triplets
    swing_sixteenths: float = 0.0
    loose_ms: float = 5.0  # spread of human timing
    human_drums: float = 1.0  # how far drums follow the drummers' placement; 0 = a machine
    backbeat: bool = False  # kick and snare take turns; together they strike accents alone
    duck_db: float = 0.0  # how far the kick pushes pad and arpeggio down
    drive: float = 0.0  # tape-like saturation of the mix
    low_pass_hz: float = 0.0  # 0 = open
    glue_ratio: float = 1.6
    tone: tuple[tuple[float, float], ...] = ()  # bells of the whole mix: (Hz, dB)
    air_db: float = 0.0  # shelf of the whole mix at 9 kHz
    width_db: float = 2.0  # gain of the whole mix's side signal
    open_voicing: bool = False
    steady_bars: int = 4  # at least so many of four beats after an odd one; fewer where nobody dances
    drift: float = 0.02  # how far the tempo may lean towards the film's events; more where nobody dances
    rubato_steps: int = 1  # steps over which the neighbours of a moved step give way


# Keys of a class, taken in turn; a tuple inside is struck together.
KIT = {
    "kick": (36,),
    "snare": (38,),
    "hat": (42,),
    "open_hat": (46,),
    "tom": (50, 47, 45, 43),
    "crash": (49, 57),
    "splash": (55,),  # instead of a crash while another rings; empty: nothing
}

RISER = 119  # reverse cymbal: swells into a new section

PALETTES: dict[str, Palette] = {
    "cinematic": Palette(
        "strings, horns and piano over taiko and timpani in a large hall",
        ("epic", "dramatic", "tense", "heroic"), (0.0, 0.5), True, (66, 130),
        {
            "melody": Part((60, 48, 0, 42), 0, pan=0.1, reverb=0.35, spread=0.15,
                           overlap_s=0.05),
            "bass": Part((48, 43), 0, low_cut_hz=35, reverb=0.2, overlap_s=0.04),
            "pad": Part((49, 48, 52), -8, reverb=0.4, overlap_s=0.1),
            "arp": Part((45, 46, 0), 1, velocities=(66, 112), pan=-0.25, reverb=0.2, length=0.6),
            "drums": Part((48,), -9, low_cut_hz=30, reverb=0.3, velocities=(44, 92)),
        },
        Part((47,), -10, low_cut_hz=35, reverb=0.4),
        Room(2.8, 0.03),
        {"kick": ((36, 87),), "snare": (86, 38), "hat": (70, 82), "open_hat": (54,),
         "tom": (86, 87), "crash": (57, 59), "splash": ()},
        open_voicing=True, steady_bars=2, drift=0.03, width_db=-0.5, air_db=3.0,
    ),
    "orchestral": Palette(
        "woodwinds, strings, harp and brass in a concert hall",
        ("majestic", "adventurous", "warm", "romantic"), (0.4, 0.2), False, (72, 132),
        {
            "melody": Part((73, 40, 68, 71, 56), 0, pan=-0.15, reverb=0.35, spread=0.15,
                           overlap_s=0.04),
            "bass": Part((43, 42, 70), 0, low_cut_hz=35, reverb=0.2, overlap_s=0.04),
            "pad": Part((48, 49, 60), -8, reverb=0.35, overlap_s=0.08),
            "arp": Part((46, 45, 8), 1, velocities=(66, 112), pan=0.3, reverb=0.2),
            "drums": Part((48,), -8, low_cut_hz=30, reverb=0.35, velocities=(44, 92)),
        },
        Part((45, 47), -8, low_cut_hz=35, reverb=0.4),
        Room(2.3, 0.025),
        {"kick": (36,), "snare": (38,), "hat": (81, 80), "open_hat": (54,),
         "tom": (36,), "crash": (57, 59), "splash": ()},
        open_voicing=True, steady_bars=2, drift=0.03, air_db=3.0,
    ),
    "ambient": Palette(
        "slow synthesizer pads, bells and glass in endless space",
        ("calm", "dreamy", "spacious", "meditative"), (0.2, -0.7), False, (60, 90),
        {
            "melody": Part((11, 92, 0, 88), 0, reverb=0.5, echo=0.25, spread=0.2, overlap_s=0.3),
            "bass": Part((89, 39), 0, low_cut_hz=30, reverb=0.1, overlap_s=0.1, side_db=-9),
            "pad": Part((89, 91, 94, 95), -8, reverb=0.5, overlap_s=0.6, side_db=-2),
            "arp": Part((98, 46, 10, 99), 1, velocities=(66, 112), reverb=0.3, echo=0.2, spread=0.25,
                        pedal=True),
            "drums": Part((48,), -9, low_cut_hz=30, reverb=0.5, velocities=(44, 88)),
        },
        Part((98, 9, 14), -9, octave=1, reverb=0.6, echo=0.3),
        Room(4.5, 0.04, brightness=1.3),
        {"kick": (87,), "snare": (86,), "hat": (82,), "open_hat": (81,),
         "tom": (36,), "crash": (84, 57), "splash": ()},
        loose_ms=9, open_voicing=True, steady_bars=2, drift=0.03, air_db=2.0,
    ),
    "lofi": Palette(
        "electric piano, jazz guitar and a dusty kit, low-passed, on tape",
        ("mellow", "nostalgic", "cosy", "late"), (0.2, -0.4), False, (68, 92),
        {
            "melody": Part((4, 11, 26, 0), 0, pan=0.15, reverb=0.2, echo=0.12, spread=0.15),
            "bass": Part((33, 32), 0, low_cut_hz=35, reverb=0.03, length=0.95),
            "pad": Part((4, 0), -8, reverb=0.2, strum_s=0.012, spread=0.2, pedal=True),
            "arp": Part((26, 24, 10), -6, pan=-0.3, reverb=0.25, spread=0.15),
            "drums": Part((32, 0), -4, low_cut_hz=30, reverb=0.08, treble_db=-2),
        },
        Part((4,), -5, reverb=0.25),
        Room(0.9, 0.01, brightness=0.7),
        {"kick": (36,), "snare": (38, 38, 40), "hat": (42,), "open_hat": (46,), "crash": (57,)},
        swing_sixteenths=0.55, loose_ms=9, backbeat=True, drive=0.9, low_pass_hz=9500, glue_ratio=2.2,
        width_db=4.5, tone=((45.0, -3.0),),
    ),
    "pop": Palette(
        "piano, guitars, synth pads and a tight kit",
        ("upbeat", "bright", "confident", "hopeful"), (0.6, 0.4), False, (92, 128),
        {
            "melody": Part((0, 81, 54, 11), 0, reverb=0.2, echo=0.15, spread=0.15),
            "bass": Part((33, 34, 38), 0, low_cut_hz=35, reverb=0.02, length=0.95),
            "pad": Part((0, 50, 89), -8, reverb=0.2, side_db=1, spread=0.15, overlap_s=0.02),
            "arp": Part((27, 25, 5, 88), -6, pan=-0.35, reverb=0.2, echo=0.15, spread=0.25),
            "drums": Part((8, 0), -4, low_cut_hz=30, reverb=0.1, treble_db=1),
        },
        Part((0, 61), -5, reverb=0.25),
        Room(1.3, 0.015),
        {"snare": (38, (38, 39))},
        loose_ms=4, backbeat=True, glue_ratio=2.0, width_db=4.0, air_db=2.0,
    ),
    "electronic": Palette(
        "saw leads, synth bass and drum machine, the pads pumping with the kick",
        ("driving", "futuristic", "energetic", "sleek"), (0.2, 0.7), True, (108, 140),
        {
            "melody": Part((81, 80, 87), 0, reverb=0.2, echo=0.3, spread=0.25),
            "bass": Part((38, 39), 0, low_cut_hz=30, reverb=0.0, length=0.85),
            "pad": Part((50, 90, 95, 89), -8, reverb=0.3, side_db=0, spread=0.2, overlap_s=0.02),
            "arp": Part((88, 81, 99, 5), -6, reverb=0.25, echo=0.35, spread=0.3, length=0.7),
            "drums": Part((24, 25), -4, low_cut_hz=28, reverb=0.06, treble_db=2.5),
        },
        Part((62, 90), -5, reverb=0.3),
        Room(1.8, 0.02, brightness=1.2),
        {"snare": ((38, 39), 39), "tom": (50, 47, 45, 43)},
        loose_ms=1.5, human_drums=0.0, duck_db=7.0, drive=0.5, glue_ratio=2.2, width_db=3.0,
        tone=((45.0, -3.0),), air_db=3.0,
    ),
    "acoustic": Palette(
        "nylon and steel guitars, upright bass, brushes and shaker in a wooden room",
        ("intimate", "sunny", "earthy", "honest"), (0.5, -0.1), False, (80, 124),
        {
            "melody": Part((24, 73, 40), 0, pan=0.15, reverb=0.2, spread=0.15),
            "bass": Part((32,), 0, low_cut_hz=35, reverb=0.05),
            "pad": Part((25, 24), -8, pan=-0.2, reverb=0.2, spread=0.3, strum_s=0.014, pedal=True),
            "arp": Part((25, 24, 46), -3, velocities=(66, 112), pan=0.35, reverb=0.2, spread=0.25,
                        pedal=True),
            "drums": Part((40, 0), -4, low_cut_hz=35, reverb=0.15),
        },
        Part((25, 0), -5, reverb=0.25),
        Room(1.1, 0.012, brightness=1.1),
        {"kick": (36,), "snare": (39, 37), "hat": (82, 70), "open_hat": (54,),
         "tom": (61, 64, 64), "crash": (57,), "splash": ()},
        loose_ms=7, steady_bars=2, drift=0.03, width_db=3.5, tone=((45.0, -3.0),), air_db=4.0,
    ),
    "jazz": Palette(
        "saxophone, muted trumpet or vibraphone with piano, walking bass and brushes",
        ("smooth", "playful", "urban", "witty"), (0.3, 0.1), False, (96, 176),
        {
            "melody": Part((66, 59, 26, 11), 0, pan=0.1, reverb=0.22, spread=0.2),
            "bass": Part((32,), 0, low_cut_hz=35, reverb=0.05, length=0.97),
            "pad": Part((0, 26), -8, pan=-0.2, reverb=0.18, spread=0.2, length=0.8, strum_s=0.004),
            "arp": Part((11, 26, 0), -6, pan=0.35, reverb=0.22),
            "drums": Part((32, 40), -4, low_cut_hz=35, reverb=0.15, treble_db=3),
        },
        Part((0, 61), -5, reverb=0.2),
        Room(1.2, 0.012),
        {"hat": (51, 51, (51, 44), 51), "snare": (38, 37, 40), "open_hat": (53,), "crash": (57, 59)},
        swing_eighths=0.85, loose_ms=7, backbeat=True, width_db=5.0, tone=((45.0, -3.0),), air_db=4.0,
    ),
    "rock": Palette(
        "distorted and clean guitars, picked bass and a big kit",
        ("powerful", "rebellious", "raw", "fast"), (0.2, 0.8), True, (96, 152),
        {
            "melody": Part((29, 30, 16), 0, pan=0.1, reverb=0.15, echo=0.12, spread=0.15),
            "bass": Part((34, 33), 0, low_cut_hz=38, reverb=0.02, length=0.95),
            "pad": Part((30, 29), -8, octave=-1, reverb=0.12, spread=0.4, power=True, strum_s=0.006),
            "arp": Part((27, 28, 16), -6, pan=-0.4, reverb=0.15, spread=0.2),
            "drums": Part((16, 8), -4, low_cut_hz=30, reverb=0.15, treble_db=1.5),
        },
        Part((30,), -5, reverb=0.15),
        Room(1.2, 0.012),
        {"crash": (49, 57)},
        loose_ms=4, backbeat=True, drive=0.6, glue_ratio=2.4, width_db=6.0, air_db=2.0,
    ),
    "playful": Palette(
        "pizzicato, marimba, clarinet and tuba with woodblocks and bells",
        ("funny", "quirky", "light", "cute"), (0.8, 0.4), False, (100, 148),
        {
            "melody": Part((71, 12, 73, 13), 0, pan=0.1, reverb=0.3, spread=0.3, length=0.95),
            "bass": Part((58, 32, 70), 0, low_cut_hz=38, reverb=0.15, length=0.85),
            "pad": Part((21, 24), -5, pan=-0.2, reverb=0.32, spread=0.25, pedal=True),
            "arp": Part((9, 12, 8), -6, pan=0.35, reverb=0.32, spread=0.25),
            "drums": Part((0,), -4, low_cut_hz=35, reverb=0.22),
        },
        Part((13, 9), -5, octave=1, reverb=0.25),
        Room(1.8, 0.015, brightness=1.1),
        {"snare": (37, 38), "hat": (76, 77, 82), "open_hat": (81, 54), "tom": (61, 60), "crash": (55, 57)},
        loose_ms=4, width_db=4.8, air_db=4.0,
    ),
}  # fmt: skip


def presets() -> set[tuple[int, int]]:
    """(bank, program) of everything that a palette may play."""
    found = {(0, RISER)}
    for palette in PALETTES.values():
        for name, part in [*palette.parts.items(), ("accent", palette.accent)]:
            found |= {(128 if name == "drums" else 0, program) for program in part.programs}
    return found
