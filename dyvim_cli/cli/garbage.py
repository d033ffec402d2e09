"""Keep Python's garbage collector from searching the libraries again and again.

torch and scipy make half a million objects that live as long as the program. The collector would walk through
them dozens of times while they load and twice more at the end, for a twentieth of a short film's processor time.
"""

import gc

# new objects between searches of the young; ten such searches, of the middle-aged: a command makes a million
YOUNG_OBJECTS, SEARCHES = 200_000, 10


def collect_rarely() -> None:
    """Search for garbage every two hundred thousand new objects instead of every seven hundred."""
    gc.set_threshold(YOUNG_OBJECTS, SEARCHES, SEARCHES)


def leave_the_rest() -> None:
    """Let the end of the process take what is left, without a last search through all of it."""
    gc.freeze()
