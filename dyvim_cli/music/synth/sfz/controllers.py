"""Know where controllers rest, and which of them velocity moves instead of a wheel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dyvim_cli.music.synth.sfz.opcodes import CONDITION, CONTROLLED
from dyvim_cli.music.synth.sfz.text import Said
from dyvim_cli.music.synth.sfz.values import number

RESTS = {7: 100.0, 10: 64.0, 11: 127.0}  # values of controllers that nobody has moved; all others rest at 0
VELOCITY_CC, KEY_CC = 131, 133  # controllers that stand for the note's own velocity and key
DYNAMICS = (1, 2, 11)  # wheels and pedals by which instruments change their dynamics
CURVES: dict[int, Callable[[float], float]] = {  # ARIA's own curves, of 0..1
    0: lambda x: x,
    1: lambda x: 2 * x - 1,
    2: lambda x: 1 - x,
    3: lambda x: 1 - 2 * x,
    4: lambda x: x * x,
    5: lambda x: x**0.5,
    6: lambda x: (1 - x) ** 0.5,
}


@dataclass(frozen=True)
class Moved:
    """A link from a controller to an opcode: the amount that it adds at its full value, along a curve."""

    cc: int
    amount: float
    curve: int = 0


@dataclass(frozen=True)
class Controllers:
    """The controllers of an instrument, all at rest; those of its dynamics follow velocity."""

    resting: Mapping[int, float] = field(default_factory=dict)
    dynamics: frozenset[int] = frozenset()

    def value(self, cc: int, key: float, velocity: float) -> float:
        """Find a controller's value as a note begins.

        Args:
            cc: number of the controller.
            key: MIDI number of the note.
            velocity: MIDI velocity of the note.

        Returns:
            0..127.
        """
        if cc == VELOCITY_CC or cc in self.dynamics:
            return velocity
        if cc == KEY_CC:
            return key
        return self.resting.get(cc, RESTS.get(cc, 0.0))

    def moved(self, link: Moved, key: float, velocity: float) -> float:
        """Find what a controller adds to an opcode.

        Args:
            link: controller, amount and curve.
            key: MIDI number of the note.
            velocity: MIDI velocity of the note.

        Returns:
            In the opcode's unit.
        """
        at = min(max(self.value(link.cc, key, velocity) / 127, 0.0), 1.0)
        return link.amount * CURVES.get(link.curve, CURVES[0])(at)


def controllers_of(control: Mapping[str, Said], names: set[str]) -> Controllers:
    """Find an instrument's controllers.

    Args:
        control: opcodes of the <control> headers.
        names: of all opcodes of its regions.

    Returns:
        Where they rest, and which of them fade recordings into each other.
    """
    resting = {}
    for name, said in control.items():
        found, value = CONDITION.match(name), number(said.value)
        if found and value is not None and found["kind"] in ("set_", "set_hd"):
            resting[int(found["cc"])] = value * (127 if "hdcc" in name else 1)
    bounds = [found for found in map(CONDITION.match, names) if found]
    fading = {int(found["cc"]) for found in bounds if found["kind"].startswith("xf")}
    return Controllers(resting, frozenset(fading & set(DYNAMICS)))


def links_of(opcodes: Mapping[str, Said]) -> dict[str, tuple[Moved, ...]]:
    """Find what controllers add to the opcodes of a region.

    Args:
        opcodes: of the region.

    Returns:
        By opcode.
    """
    found: dict[str, tuple[Moved, ...]] = {}
    for name, said in opcodes.items():
        controlled = CONTROLLED.match(name)
        if controlled is None or CONDITION.match(name) or "_oncc" not in name:
            continue
        base, cc = controlled["base"], int(controlled["cc"])
        curve = opcodes.get(f"{base}_curvecc{cc}")
        index = None if curve is None else number(curve.value)
        link = Moved(cc, number(said.value) or 0.0, int(index or 0))
        found[base] = (*found.get(base, ()), link)
    return found
