"""Name the keys of a drum kit, and every instrument that some style plays."""

from dyvim_cli.stylebook import RECORDS

# Keys of a class, taken in turn; a tuple inside is played together.
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


def presets() -> set[tuple[int, int]]:
    """Collect everything that a style may play.

    Returns:
        (bank, program) of General MIDI; drum kits are in bank 128.
    """
    found = {(0, RISER)}
    for palette in (style.palette for style in RECORDS.values()):
        for name, part in [*palette.parts.items(), ("accent", palette.accent)]:
            found |= {(128 if name == "drums" else 0, program) for program in part.programs}
    return found
