"""Chord progressions by style, as roman numerals above the tonic.

Written for this project along common practice; the modal mixtures were looked up in free-midi-chords
(MIT, (c) Ludovic Drolez). Lower case = minor; suffixes as in tokens.CHORD_QUALITIES ("ii7" = min7,
"V7" = dominant seventh). Each pool runs from bright to dark.
"""

import re
from functools import cache

from dyvim_cli.music.symbols.tokens import chord_token

_DEGREES = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}


@cache
def roman(numeral: str) -> int:
    """Chord token of a roman numeral such as "bVI", "ii7", "Vsus4" or "Imaj7"."""
    flat, degree, suffix = re.fullmatch(r"(b?)([IViv]+)(.*)", numeral).groups()
    root = _DEGREES[degree.lower()] - (flat == "b")
    if suffix == "7":
        quality = "7" if degree.isupper() else "min7"
    else:
        quality = suffix or ("maj" if degree.isupper() else "min")
    return chord_token(root, quality)


PROGRESSIONS = {
    "cinematic": {
        "major": ["I V vi IV", "IV I V vi", "I bVII IV I", "I vi iii IV", "vi IV I V", "I I bVI bVII",
                  "I v IV iv"],
        "minor": ["i bIII bVII IV", "bVI bVII i i", "i bVI bIII bVII", "i bVII bVI bVII", "i v bVI bVII",
                  "i bVI iv V", "i iv bVI V", "i i bVI bVI", "i bVI i v", "i bII i V", "i iv i bII"],
    },
    "orchestral": {
        "major": ["I IV V I", "I vi IV V", "I V vi iii IV I ii V", "I ii V I", "IV V iii vi", "I iii IV V",
                  "I V ii vi IV I ii V", "I IV iv I"],
        "minor": ["i bVII bIII bVI iv V i i", "i iv V i", "i bVI bIII V", "i iv bVII bIII", "i V i iv",
                  "i bVI iidim V", "i v iv V"],
    },
    "ambient": {
        "major": ["Imaj7 IVmaj7", "I Isus2 IV Isus2", "Imaj7 vi7 IVmaj7 Vsus4", "IVmaj7 I Vsus2 vi7",
                  "Imaj7 iii7 IVmaj7 Imaj7", "Isus2 bVII IVsus2 I", "vi7 IVmaj7 Imaj7 Vsus2"],
        "minor": ["i7 bVImaj7", "isus2 bVI bIIImaj7 bVIIsus2", "i7 IV i7 IV", "bVImaj7 bVII i7 i7",
                  "i7 v7 bVImaj7 iv7", "i7 bIIImaj7 iv7 bVImaj7"],
    },
    "lofi": {
        "major": ["ii7 V7 Imaj7 vi7", "Imaj7 vi7 ii7 V7", "IVmaj7 iii7 ii7 Imaj7", "IVmaj7 V7 iii7 vi7",
                  "Imaj7 iii7 IVmaj7 iv7", "IVmaj7 iii7 vi7 vi7", "ii7 iii7 IVmaj7 V7"],
        "minor": ["i7 iv7 bVII7 bIIImaj7", "i7 bVImaj7 iv7 v7", "bVImaj7 v7 i7 i7", "iim7b5 V7 i7 i7",
                  "i7 bVII bVImaj7 v7", "iv7 v7 i7 bIIImaj7"],
    },
    "pop": {
        "major": ["I V vi IV", "I IV vi V", "vi IV I V", "IV I V vi", "I vi IV V", "I iii IV V", "IV V vi I",
                  "I IV I V", "IV V iii vi", "I V ii IV"],
        "minor": ["i bVI bIII bVII", "bVI bVII i i", "i bIII bVII IV", "i bVII bVI bVII", "i iv bVI bVII",
                  "bVI bIII bVII i", "i v bVI bVII"],
    },
    "electronic": {
        "major": ["vi IV I V", "I V vi IV", "IV V vi vi", "IV vi I V", "I bVII IV IV", "ii IV vi V"],
        "minor": ["i bVI bIII bVII", "i bIII bVII bVI", "i i bVI bVII", "bVI bVII i bIII", "i bVII iv bVI",
                  "i v bVI iv", "i i iv bVI", "i bVI i bVII"],
    },
    "acoustic": {
        "major": ["I IV I V", "I V IV IV", "I vi IV V", "I IV vi V", "I Isus4 I V", "I ii IV I",
                  "I iii vi IV",
                  "IV I V vi", "I bVII IV I", "vi V IV V"],
        "minor": ["i bVII bVI bVII", "i bVI bIII bVII", "i iv bVII bIII", "i bIII bVII iv", "i v bVI iv"],
    },
    "jazz": {
        "major": ["ii7 V7 Imaj7 Imaj7", "Imaj7 vi7 ii7 V7", "iii7 vi7 ii7 V7",
                  "Imaj7 IV7 iii7 VI7 ii7 V7 Imaj7 V7",
                  "Imaj7 I7 IVmaj7 iv7", "ii7 V7 iii7 VI7", "IVmaj7 bVII7 Imaj7 VI7", "I7 IV7 I7 V7"],
        "minor": ["iim7b5 V7 i7 i7", "i7 iv7 iim7b5 V7", "i7 bVImaj7 iim7b5 V7", "iv7 bVII7 bIIImaj7 bVImaj7 "
                  "iim7b5 V7 i7 i7", "i7 IV7 i7 V7", "i7 bVII7 bVI7 V7"],
    },
    "rock": {
        "major": ["I bVII IV I", "I IV V IV", "I V IV V", "I IV I V", "I V vi IV", "I bIII IV I",
                  "I bVI bVII I"],
        "minor": ["i bVI bVII i", "i bVII bVI bVII", "i bIII bVII IV", "i bVII IV i", "i iv bVI V",
                  "i bIII iv bVI",
                  "i i bVII bVI"],
    },
    "playful": {
        "major": ["I IV V I", "I vi ii V", "I V I IV", "I IV I V", "I VI7 II7 V7", "I I7 IV V", "I ii V I",
                  "I III7 vi V", "IV I V I", "I bVI V I"],
        "minor": ["i V i V", "i iv V i", "i bVII bIII V", "i bVI V i"],
    },
}  # fmt: skip

# the last chord of each is the tonic that rings out
CADENCES = {
    "major": ["V I", "IV V I", "ii V I", "IV I", "iv I", "bVII IV I", "Vsus4 V I", "bVI bVII I", "V7 I"],
    "minor": ["V i", "iv V i", "bVI bVII i", "bVII i", "iv i", "V7 i", "bII V i"],
}
JAZZ_CADENCES = {"major": ["ii7 V7 Imaj7", "iv7 bVII7 Imaj7"], "minor": ["iim7b5 V7 i7", "bVI7 V7 i7"]}

# chords that lead over a border to a new section
LEADING = {"major": ["V", "V", "Vsus4", "V7", "bVII", "IV"], "minor": ["V", "V", "bVII", "bVII", "iv", "V7"]}
