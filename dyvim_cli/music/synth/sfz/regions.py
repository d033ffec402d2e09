"""Find the regions of an SFZ file that sound: inherited opcodes put together, idle regions left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dyvim_cli.music.synth.sfz.controllers import Controllers, Moved, controllers_of, links_of
from dyvim_cli.music.synth.sfz.opcodes import CONDITION, KEYS, NUMBERS, STRENGTH_POINT, is_followed
from dyvim_cli.music.synth.sfz.text import Said, Section, Text
from dyvim_cli.music.synth.sfz.values import key, number

INHERITED = ("global", "master", "group")  # headers, the wider first, whose opcodes regions inherit
SILENT_HEADERS = frozenset({"control", "region", "curve", "midi", *INHERITED})
SWITCHES = ("sw_last", "sw_lolast", "sw_hilast", "sw_default")
# bounds on what nobody moves: the wheel, aftertouch; and the channel, which is 1
RESTING = {
    "lochan": 1, "hichan": 1, "lobend": 0, "hibend": 0, "lochanaft": 0, "hichanaft": 0, "lopolyaft": 0,
    "hipolyaft": 0,
}  # fmt: skip
BOUNDS = ("loop_start", "loop_end", "end")  # frames of a recording
PLAYED_TRIGGERS = ("attack", "first")


@dataclass(frozen=True)
class Region:
    """A region with all that it inherits, its numbers read."""

    opcodes: Mapping[str, Said]
    default_path: str
    controllers: Controllers
    numbers: Mapping[str, float]
    links: Mapping[str, tuple[Moved, ...]]

    def text(self, name: str, otherwise: str = "") -> str:
        """Read an opcode as a word.

        Args:
            name: of the opcode.
            otherwise: what it is where it is not said.

        Returns:
            In lower case.
        """
        said = self.opcodes.get(name)
        return said.value.strip().lower() if said else otherwise

    def get(self, name: str, key: float = 60, velocity: float = 127) -> float:
        """Read a number, with what controllers add to it.

        Args:
            name: of the opcode.
            key: MIDI number of a note.
            velocity: MIDI velocity of the note.

        Returns:
            In the opcode's unit.
        """
        value = self.numbers.get(name, NUMBERS.get(name, KEYS.get(name, 0.0)))
        for link in self.links.get(name, ()):
            value += self.controllers.moved(link, key, velocity)
        return value

    def has(self, name: str) -> bool:
        """Check whether a number is said or moved by a controller.

        Args:
            name: of the opcode.

        Returns:
            True where it is.
        """
        return name in self.numbers or name in self.links


@dataclass
class Regions:
    """The regions of a file that sound, and the names of what is not honoured."""

    playing: list[Region] = field(default_factory=list)
    lacking: dict[str, None] = field(default_factory=dict)


def regions_of(text: Text) -> Regions:
    """Put together the regions of a file.

    Args:
        text: of the file.

    Returns:
        Those that sound when a note begins, with the keyswitch at rest.
    """
    found, everything = Regions(), list(_merged(text.sections))
    control = _inherited([one.opcodes for one in text.sections if one.header == "control"])
    names = {name for opcodes, _ in everything for name in opcodes}
    controllers = controllers_of(control, names)
    switch = _switch([opcodes for opcodes, _ in everything])
    for opcodes, within in everything:
        shift = _offset(within)
        region = Region(
            opcodes, _said(within, "default_path"), controllers,
            _numbers(opcodes, shift, found.lacking), links_of(opcodes),
        )  # fmt: skip
        if _sounds(region, switch):
            found.playing.append(region)
            found.lacking |= dict.fromkeys(name for name in opcodes if not is_followed(name))
        elif region.text("trigger").startswith("release"):
            found.lacking["trigger=release"] = None
    headers = {one.header for one in text.sections} - SILENT_HEADERS
    found.lacking |= dict.fromkeys(f"<{header}>" for header in sorted(headers))
    return found


def _merged(sections: list[Section]) -> Iterator[tuple[dict[str, Said], dict[str, Said]]]:
    """(opcodes of a region with those that it inherits, opcodes of <control> so far)."""
    control: dict[str, Said] = {}
    levels: dict[str, dict[str, Said]] = {header: {} for header in INHERITED}
    for one in sections:
        if one.header == "control":
            control = control | one.opcodes
        elif one.header in INHERITED:
            for header in INHERITED[INHERITED.index(one.header) :]:
                levels[header] = {}
            levels[one.header] = one.opcodes
        elif one.header == "region":
            yield _inherited([*levels.values(), one.opcodes]), control


def _inherited(levels: list[dict[str, Said]]) -> dict[str, Said]:
    """All opcodes; those of the narrower level count."""
    found: dict[str, Said] = {}
    for level in levels:
        found |= level
    return found


def _said(opcodes: Mapping[str, Said], name: str) -> str:
    return opcodes[name].value if name in opcodes else ""


def _offset(control: Mapping[str, Said]) -> float:
    """Semitones by which <control> moves all keys."""
    octaves = number(_said(control, "octave_offset")) or 0.0
    return (number(_said(control, "note_offset")) or 0.0) + 12 * octaves


def _numbers(opcodes: Mapping[str, Said], shift: float, lacking: dict[str, None]) -> dict[str, float]:
    """The opcodes that are numbers; of no sense are noted and left out."""
    found = {}
    for name, said in opcodes.items():
        is_key = name in KEYS or name in SWITCHES
        if not is_key and not _is_number(name):
            continue
        value = key(said.value) if is_key else number(said.value)
        if value is not None:
            found[name] = value + shift if name in KEYS and value >= 0 else value
        elif (name, said.value.strip().lower()) != ("pitch_keycenter", "sample"):
            lacking[f"{name}={said.value[:20]}"] = None
    return found


def _is_number(name: str) -> bool:
    if name in NUMBERS or name in RESTING or name in BOUNDS:
        return True
    return bool(CONDITION.match(name) or STRENGTH_POINT.match(name))


def _switch(regions: list[dict[str, Said]]) -> float | None:
    """The keyswitch at rest: what the file says, else the lowest."""
    defaults = [key(opcodes["sw_default"].value) for opcodes in regions if "sw_default" in opcodes]
    lasts = [key(opcodes["sw_last"].value) for opcodes in regions if "sw_last" in opcodes]
    lowest = min((value for value in lasts if value is not None), default=None)
    return next((value for value in defaults if value is not None), lowest)


def _sounds(region: Region, switch: float | None) -> bool:
    """Check whether a region may sound when a note begins."""
    name = _said(region.opcodes, "sample")
    if not name or name.lower() == "*silence" or region.get("hikey") < 0:
        return False
    if region.text("trigger", "attack") not in PLAYED_TRIGGERS or region.numbers.get("end") == -1:
        return False
    if any(each.startswith(("on_lo", "start_lo")) for each in region.opcodes):
        return False
    return _is_switched_on(region, switch) and _holds_at_rest(region)


def _is_switched_on(region: Region, switch: float | None) -> bool:
    if "sw_down" in region.opcodes or "sw_previous" in region.opcodes:
        return False
    numbers = region.numbers
    low = numbers.get("sw_lolast", numbers.get("sw_last"))
    high = numbers.get("sw_hilast", numbers.get("sw_last"))
    if low is None and high is None:
        return True
    return switch is not None and (low or 0) <= switch <= (127 if high is None else high)


def _holds_at_rest(region: Region) -> bool:
    """Check the bounds on controllers that velocity does not move, and on what nobody moves."""
    for name, at_rest in RESTING.items():
        bound = region.numbers.get(name)
        if bound is not None and not (bound <= at_rest if name.startswith("lo") else at_rest <= bound):
            return False
    for name, bound in region.numbers.items():
        found = CONDITION.match(name)
        if found is None or found["kind"] not in ("lo", "hi"):
            continue
        value = region.controllers.value(int(found["cc"]), 60, 64)
        bound *= 127 if "hdcc" in name else 1
        if not (bound <= value if found["kind"] == "lo" else value <= bound):
            return False
    return True
