"""Describe bossa nova: nylon guitar, double bass, soft drums with a cross-stick clave, flute or saxophone."""

from dyvim_cli.stylebook.record import Arranger, Palette, Part, Room, Strokes, Style

STYLE = Style(
    name="bossa nova",
    nearest="jazz",
    palette=Palette(
        describe="nylon guitar, double bass, soft drums with a cross-stick, flute, saxophone or vibraphone",
        moods=("relaxed", "warm", "intimate", "sunny"),
        mood=(0.4, -0.1),
        prefers_minor=False,
        bpm=(110, 145),
        parts={
            "melody": Part((73, 66, 11, 24), gain_db=0, pan=0.12, spread=0.2, reverb=0.25, overlap_s=0.02),
            "bass": Part((32,), gain_db=0, reverb=0.05, low_cut_hz=35),
            "pad": Part(
                (24,), gain_db=-6, pan=-0.2, spread=0.25, reverb=0.18, length=0.9, strum_s=0.006, ninths=True
            ),
            "arp": Part((11, 0, 24), gain_db=-7, pan=0.35, spread=0.2, reverb=0.25),
            "drums": Part((40, 32), gain_db=-6, reverb=0.15, low_cut_hz=35, velocities=(40, 100)),
        },
        accent=Part((24, 11), gain_db=-5, reverb=0.25),
        room=Room(1.3, 0.014),
        # the snare's class is the stick across its rim, the hat a shaker and a hat by turns, the tom a surdo
        drum_keys={
            "snare": (37,),
            "hat": (70, 42),
            "open_hat": (53,),
            "tom": (87,),
            "crash": (57, 59),
        },
        loose_ms=6,
        steady_bars=4,
        tone=((45.0, -3.0), (700.0, -3.0), (1900.0, 1.5)),
        air_db=3.5,
        width_db=4.0,
    ),
    # two bars each: the cross-stick's clave three and two or two and three, the surdo on the third beat
    grooves=(
        {
            "kick": "1.....3.2.....4.1.....3.2.....4.",
            "snare": "2.....2.....2.......2.....2.....",
            "hat": "1.2.1.2.1.2.1.2.1.2.1.2.1.2.1.2.",
            "tom": "........4...............4.......",
        },
        {
            "kick": "1.....3.2.....4.1.....3.2.....4.",
            "snare": "....2.....2.....2.....2.....2...",
            "hat": "1.271.271.271.271.271.271.271.27",
            "tom": "........5...............5.......",
        },
        {
            "kick": "1.....4.1.....4.1.....4.1.....4.",
            "snare": "2.....2.....2.......2.....2..6..",
            "hat": "1.2.162.1.2.162.1.2.162.1.2.162.",
        },
    ),
    bass=("bossa", "bossa", "bossa_half"),
    # pairs of bars: the thumb's beats are the bass's, so the fingers play around them and before the bar
    comping=(
        "1.....2...3...4.....2...3.....4.",
        "....2...3.....1...2...3.....2...",
        "1.....3.....2.......2.....3.....",
    ),
    progressions={
        "major": (
            "ii7 V7 Imaj7 Imaj7",
            "Imaj7 II7 ii7 V7",
            "Imaj7 vi7 ii7 V7",
            "Imaj7 Imaj7 II7 II7 ii7 V7 Imaj7 Imaj7",
            "IVmaj7 iv7 iii7 VI7 ii7 V7 Imaj7 Imaj7",
            "iii7 VI7 ii7 V7",
            "Imaj7 bIIImaj7 ii7 bII7",
        ),
        "minor": (
            "iv7 bVII7 bIIImaj7 bVImaj7 iim7b5 V7 i7 i7",
            "i7 i7 iim7b5 V7",
            "i7 iv7 iim7b5 V7",
            "i7 bVImaj7 iim7b5 V7",
            "i7 IV7 bVImaj7 V7",
        ),
    },
    cadences={
        "major": ("ii7 V7 Imaj7", "ii7 bII7 Imaj7", "iv7 bVII7 Imaj7"),
        "minor": ("iim7b5 V7 i7", "bVI7 V7 i7"),
    },
    harmonic_rhythm=(32, 16, 16),
    half_closes=0.4,
    keeps_beat=True,
    accent_strokes=Strokes(heavy=("kick", "crash"), medium=("kick", "snare"), hint=("snare",)),
    needs={"drums": -0.2, "arp": 0.3},
    words="a beach, a cafe terrace or a sunny city street by the sea",
    arranger=Arranger(
        bpm=(110, 145),
        minor=0.35,
        sevenths=1.0,
        suspended=0.0,
        harmonic_steps=(16, 16, 32),
        rhythm="syncopated",
        centre=71,
        ring=12,
        valence=0.4,
        pads=("bossa", "bossa_sparse"),
        arps=(("counter", "", 60, 10), ("second", "", 60, 8), ("offbeat", "bell", 60, 6)),
        entries={"arp": 0.25},
        more_absent={"arp": 0.4},
        chromatic=0.2,
        quotes=True,
        coloured_close=True,
        dominant_sevenths=True,
    ),
)
