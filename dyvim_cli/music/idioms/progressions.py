"""Read chords written as roman numerals above the tonic (flats written out).

Lower case = minor; suffixes as in tokens.CHORD_QUALITIES ("ii7" = min7, "V7" = dominant seventh). The styles'
progressions were written for this project along common practice; the modal mixtures were looked up in
free-midi-chords (MIT, (c) Ludovic Drolez).
"""

import re
from functools import cache

from dyvim_cli.music.symbols.tokens import chord_token

_DEGREES = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}


@cache
def roman(numeral: str) -> int:
    """Read a roman numeral as a chord.

    Args:
        numeral: such as "bVI", "ii7", "Vsus4" or "Imaj7".

    Returns:
        Chord token.

    Raises:
        ValueError: it is no roman numeral, or its suffix is unknown.

    Example:
        >>> from dyvim_cli.music.symbols.tokens import chord_pitch_classes
        >>> chord_pitch_classes(roman("V7"))
        (7, 11, 2, 5)
    """
    found = re.fullmatch(r"(b?)([IViv]+)(.*)", numeral)
    if found is None:
        raise ValueError(f"no roman numeral: {numeral!r}")
    flat, degree, suffix = found.groups()
    root = _DEGREES[degree.lower()] - (flat == "b")
    if suffix == "7":
        quality = "7" if degree.isupper() else "min7"
    else:
        quality = suffix or ("maj" if degree.isupper() else "min")
    return chord_token(root, quality)


# chords that lead over a border to a new section
LEADING = {"major": ["V", "V", "Vsus4", "V7", "bVII", "IV"], "minor": ["V", "V", "bVII", "bVII", "iv", "V7"]}
