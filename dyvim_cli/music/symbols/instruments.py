"""Name General MIDI's instruments, and find programs by what people write: cello, electric piano."""

NAMES = (
    "acoustic grand piano", "bright acoustic piano", "electric grand piano", "honky-tonk piano",
    "electric piano 1", "electric piano 2", "harpsichord", "clavinet",
    "celesta", "glockenspiel", "music box", "vibraphone", "marimba", "xylophone", "tubular bells", "dulcimer",
    "drawbar organ", "percussive organ", "rock organ", "church organ", "reed organ", "accordion", "harmonica",
    "tango accordion", "nylon guitar", "steel guitar", "jazz guitar", "clean guitar", "muted guitar",
    "overdriven guitar", "distortion guitar", "guitar harmonics",
    "acoustic bass", "fingered bass", "picked bass", "fretless bass", "slap bass 1", "slap bass 2",
    "synth bass 1", "synth bass 2",
    "violin", "viola", "cello", "contrabass", "tremolo strings", "pizzicato strings", "harp", "timpani",
    "strings 1", "strings 2", "synth strings 1", "synth strings 2", "choir aahs", "voice oohs", "synth voice",
    "orchestra hit",
    "trumpet", "trombone", "tuba", "muted trumpet", "french horn", "brass", "synth brass 1", "synth brass 2",
    "soprano sax", "alto sax", "tenor sax", "baritone sax", "oboe", "english horn", "bassoon", "clarinet",
    "piccolo", "flute", "recorder", "pan flute", "blown bottle", "shakuhachi", "whistle", "ocarina",
    "square lead", "saw lead", "calliope lead", "chiff lead", "charang lead", "voice lead", "fifths lead",
    "bass lead",
    "new age pad", "warm pad", "polysynth pad", "choir pad", "bowed pad", "metallic pad", "halo pad",
    "sweep pad",
    "rain", "soundtrack", "crystal", "atmosphere", "brightness", "goblins", "echoes", "sci-fi",
    "sitar", "banjo", "shamisen", "koto", "kalimba", "bagpipe", "fiddle", "shanai",
    "tinkle bell", "agogo", "steel drums", "woodblock", "taiko", "melodic tom", "synth drum",
    "reverse cymbal",
    "guitar fret noise", "breath noise", "seashore", "bird tweet", "telephone", "helicopter", "applause",
    "gunshot",
)  # fmt: skip
USUAL = {"piano": 0, "guitar": 25, "bass": 33, "strings": 48, "horn": 60, "sax": 65, "organ": 16, "choir": 52}
# drum kits of General MIDI 2, by their programs
KITS = {
    "standard": 0, "room": 8, "power": 16, "electronic": 24, "808": 25, "jazz": 32, "brush": 40,
    "orchestra": 48,
}  # fmt: skip


def program_named(text: str) -> int | None:
    """Find the General MIDI program that a text means.

    Args:
        text: a name, a part of one, or a number 0..127; of several names that hold the text the first one
            counts.

    Returns:
        0..127; None where it means none.

    Example:
        >>> program_named("cello")
        42
    """
    name = " ".join(text.lower().replace("_", " ").split())
    if name.isdecimal():
        return int(name) if int(name) < len(NAMES) else None
    if name in USUAL:
        return USUAL[name]
    if name in NAMES:
        return NAMES.index(name)
    return next((i for i, each in enumerate(NAMES) if name and name in each), None)


def player_named(part: str, text: str) -> int | None:
    """Find the program that a text means for a part; drums are a kit's.

    Args:
        part: of a score, such as "melody" or "drums".
        text: an instrument's name or a kit's, or a number 0..127.

    Returns:
        0..127; None where it means none.

    Example:
        >>> player_named("drums", "jazz kit")
        32
    """
    if part != "drums":
        return program_named(text)
    name = text.strip().lower().removesuffix("kit").strip()
    if name in KITS:
        return KITS[name]
    return int(name) if name.isdecimal() and int(name) < len(NAMES) else None
