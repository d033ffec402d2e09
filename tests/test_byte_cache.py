"""A cache limited by bytes, which several players share."""

import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from dyvim_cli.music.synth.byte_cache import ByteCache


class Slow(OrderedDict):
    """Lets other threads have their turn before it is iterated over."""

    def __iter__(self):
        found = super().__iter__()
        time.sleep(0.001)
        return found


def test_what_was_not_used_for_the_longest_time_makes_room():
    cache = ByteCache(10)
    for key in "abc":
        cache.put(key, 4, key.upper())
        cache.get("a")
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A", None, "C") and cache.n_bytes == 8
    cache.put("whole", 50, "large")
    assert len(cache) == 1 and cache.get("whole") == "large"


def test_players_in_several_threads_do_not_disturb_each_other():
    cache = ByteCache(40)
    cache._kept = Slow()

    def play(first: int) -> None:
        for i in range(60):
            key = (first + i) % 23
            cache.get((key + 1) % 23)
            cache.put(key, 3, key)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(play, range(0, 20, 5)))
    assert cache.n_bytes == 3 * len(cache) <= 40
