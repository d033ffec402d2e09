"""Keep an instrument's tones from one note to the next that sounds the same, and no longer."""

from collections import Counter
from collections.abc import Callable

from dyvim_cli.music.synth.byte_cache import ByteCache
from dyvim_cli.music.synth.voice import RenderedVoice

TONES_BYTES = 48 << 20  # size of the tones that all instruments of a piece keep; one of 10 s is 2 MB a voice
Tones = list[RenderedVoice]


class KeptTones:
    """Tones of one instrument by name; a tone of which all expected notes have been played is dropped."""

    def __init__(self, cache: ByteCache | None = None):
        """Start without tones.

        Args:
            cache: where they stay, which instruments may share; None = one of its own.
        """
        self.cache = ByteCache(TONES_BYTES) if cache is None else cache
        self._own = object()  # tells its tones in the cache from those of others
        self.longest: dict[tuple[int, ...], int] = {}
        self._left: Counter[tuple[int, ...]] = Counter()

    def expect(self, name: tuple[int, ...], n_held: int) -> None:
        """Prepare for a note: a tone is made long enough for all notes that will ask for it.

        Args:
            name: of the tone.
            n_held: frames that the key is held.
        """
        self.longest[name] = max(n_held, self.longest.get(name, 0))
        self._left[name] += 1

    def tones(self, name: tuple[int, ...], n_held: int, n_usual: int, make: Callable[[int], Tones]) -> Tones:
        """Get a tone for a note.

        Args:
            name: of the tone.
            n_held: frames that the key is held.
            n_usual: frames that it is made for where nothing is expected.
            make: makes it for a number of frames.

        Returns:
            Its voices.
        """
        place = (self._own, name)
        n_ready, found = self.cache.get(place) or (-1, [])
        is_new = n_ready < n_held
        if is_new:
            n_ready = max(n_held, self.longest.get(name, n_usual))
            found = make(n_ready)
        if self._is_done_with(name):
            self.cache.drop(place)
        elif is_new:
            self.cache.put(place, sum(made.samples.nbytes for made in found), (n_ready, found))
        return found

    def _is_done_with(self, name: tuple[int, ...]) -> bool:
        """Count a note; True for the last one that was expected."""
        if name not in self._left:
            return False
        self._left[name] -= 1
        return self._left[name] <= 0
