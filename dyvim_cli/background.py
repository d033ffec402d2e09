"""Run work on background threads, abandoned when the caller fails or is interrupted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def background_threads(n_threads: int) -> Iterator[ThreadPoolExecutor]:
    """Give background threads; their work is waited for where all goes well, and nowhere else.

    What they do must leave nothing behind when the process ends in its midst.

    Args:
        n_threads: at work at once.

    Yields:
        The pool of threads.
    """
    pool = ThreadPoolExecutor(n_threads)
    try:
        yield pool
    except BaseException:  # an interrupt above all: who presses Ctrl-C does not wait for a model to load
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
