"""Tell which General MIDI program an SFZ instrument is, by the words of its name."""

import re
from itertools import islice
from pathlib import Path

from dyvim_cli.music.symbols.instruments import program_named
from dyvim_cli.music.synth.sfz.text import Text

DRUMS = -1  # stands for the drum kits
NUMBERED = re.compile(r"(\d{3})(?!\d)[ _.-]*")  # three digits before a name: the program itself
MOST_LABELS = 20  # labels that are looked at
LABELS = ("global_label", "master_label", "group_label")
# words of a name -> programs that it plays, the narrower first; words are whole and in lower case
WORDS: tuple[tuple[str, tuple[int, ...]], ...] = (
    (r"steel drums?|steel ?pan", (114,)), (r"taikos?", (116,)), (r"melodic toms?", (117,)),
    (r"synth drums?", (118,)), (r"orchestra hit", (55,)), (r"tubular bells?|chimes", (14,)),
    (r"music box", (10,)), (r"drums?|drum ?kit|kit|percussions?|perc|tr ?[89]0[89]", (DRUMS,)),
    (r"electric grand|cp ?[78]0", (2,)), (r"honky ?tonk|saloon", (3,)),
    (r"e ?piano|electric piano|rhodes|wurli\w*|ep", (4, 5)), (r"harpsichord|cembalo", (6,)),
    (r"clavi(?:net)?", (7,)), (r"celest[ae]", (8,)), (r"glockenspiel|glock", (9,)),
    (r"vibra?phone|vibes", (11,)), (r"marimba", (12,)), (r"xylophone|xylo", (13,)),
    (r"dulcimer|cimbalom|santur", (15,)), (r"(?:church|pipe) organ", (19,)),
    (r"reed organ|harmonium", (20,)), (r"rock organ", (18,)), (r"organ|hammond|b3", (16, 17, 18, 19)),
    (r"bandoneon|tango accordion", (23,)), (r"accordion", (21,)), (r"harmonica", (22,)),
    (r"(?:nylon|classical|spanish) guitar|nylon", (24,)),
    (r"(?:steel|acoustic|folk) (?:string )?guitar", (25, 24)), (r"jazz guitar", (26,)),
    (r"muted guitar", (28,)), (r"overdriven? guitar", (29,)), (r"distort\w*(?: guitar)?", (30,)),
    (r"(?:clean|electric|e) guitar", (27, 26)), (r"guitar|gtr", (24, 25)), (r"banjo", (105,)),
    (r"bass clarinet|clarinet", (71,)), (r"english horn|cor anglais", (69,)), (r"bassoon|fagott?o?", (70,)),
    (r"slap bass", (36, 37)), (r"synth bass", (38, 39)), (r"fretless(?: bass)?", (35,)),
    (r"(?:acoustic|upright|jazz) bass", (32,)),
    (r"contra ?bass(?:es)?|double ?bass(?:es)?|basses", (43, 32)), (r"pick(?:ed)? bass", (34,)),
    (r"bass trombone|trombones?", (57,)), (r"bass", (33, 34)), (r"fiddle", (110, 40)),
    (r"violins?|vln", (40,)), (r"violas?|vla", (41,)), (r"cellos?|celli|violoncello|vlc", (42,)),
    (r"trem\w* strings?|strings? trem\w*", (44,)), (r"pizz\w* strings?|strings? pizz\w*", (45,)),
    (r"synth strings?", (50, 51)), (r"strings?", (48, 49)), (r"harp", (46,)),
    (r"timpani|kettledrums?", (47,)), (r"choir|chorus|aahs?", (52, 53)),
    (r"voices?|vocals?|oohs?", (53, 52)),
    (r"harmon mute|mute\w* trumpets?|trumpets? (?:\w+ )?mute\w*", (59,)), (r"trumpets?|cornet", (56,)),
    (r"tubas?", (58,)), (r"(?:f|french) ?horns?|horns?", (60,)), (r"synth brass", (62, 63)),
    (r"brass", (61,)), (r"soprano sax\w*", (64,)), (r"alto sax\w*", (65,)), (r"tenor sax\w*", (66,)),
    (r"bari\w* sax\w*", (67,)), (r"sax\w*", (65, 66)), (r"oboes?", (68,)), (r"piccolo", (72,)),
    (r"pan ?flute", (75,)), (r"flutes?", (73,)), (r"recorders?", (74,)), (r"shakuhachi", (77,)),
    (r"whistle", (78,)), (r"ocarina", (79,)), (r"square lead", (80,)), (r"saw lead|lead", (81, 80)),
    (r"choir pad", (91,)), (r"pad", (89, 88)), (r"sitar", (104,)), (r"shamisen", (106,)), (r"koto", (107,)),
    (r"kalimba|mbira", (108,)), (r"bagpipes?", (109,)),
    (r"piano|grand|pianoforte|steinway|bosendorfer|bechstein|upright", (0, 1)),
)  # fmt: skip
# ways of playing that are not an instrument's usual one
ARTICULATIONS = re.compile(
    r"\b(?:pizz\w*|stac\w*|spic\w*|trem\w*|mut\w*|quiet|rolls?|marcato|accent\w*|trills?|harm\w*|col legno"
    r"|soft|legno|ks|keyswitch\w*|slide\w*|fx|noise\w*|pedal|rr|flutter\w*|fall\w*|non ?vib\w*|nv|stop\w*"
    r"|release\w*)\b"
)


def words_of(name: str) -> str:
    """Take a name apart.

    Args:
        name: of a file or a label, as "ViolinEnsSusVib" or "01_FHorn-sus".

    Returns:
        Its words in lower case with single spaces.
    """
    apart = re.sub(r"([a-z])([A-Z])|([A-Z])([A-Z][a-z])|(?<=[a-zA-Z])(\d)", _apart, name)
    return " ".join(re.findall(r"[^\W_]+", apart.lower()))


def _apart(found: re.Match[str]) -> str:
    one = [part for part in found.groups() if part]
    return " ".join(one) if len(one) > 1 else " " + one[0]


def programs_named(text: str) -> tuple[int, ...]:
    """Find the programs that a name means.

    Args:
        text: of a file, a label, or what somebody wrote: "073 Flute", "Salamander Grand Piano", "drums".

    Returns:
        General MIDI programs, DRUMS for the kits; none where it tells none.
    """
    numbered = NUMBERED.match(text)
    if numbered and int(numbered[1]) <= 127:
        return (int(numbered[1]),)
    words = words_of(text)
    for pattern, programs in WORDS:
        if re.search(rf"\b(?:{pattern})\b", words):
            return programs
    named = program_named(text)
    return () if named is None or not words else (named,)


def programs_of(path: Path, text: Text | None) -> tuple[int, ...]:
    """Find the programs that a file plays: by its name, its labels, or its folder's name.

    Args:
        path: of the .sfz file.
        text: of the file; None where the name alone shall tell.

    Returns:
        As programs_named.
    """
    names = [path.stem]
    if text is not None:
        said = (one.opcodes[name].value for one in text.sections for name in LABELS if name in one.opcodes)
        names += [*islice(said, MOST_LABELS), path.absolute().parent.name]
    return next(filter(None, map(programs_named, names)), ())


def unusual(path: Path) -> int:
    """Count the words for ways of playing in a file's name.

    Args:
        path: of the file.

    Returns:
        0 for the instrument as it is usually played.
    """
    return len(ARTICULATIONS.findall(words_of(path.stem)))
