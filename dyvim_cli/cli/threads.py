"""Let products of matrices use one thread.

numpy's BLAS shares products out over all cores as it loads, and its threads spin while they wait for more.
What a command multiplies is small, and other threads work beside it: sound took twice the processor time.
"""

import os

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "1")  # read by OpenBLAS, which numpy brings, as it loads


def multiply_in_one_thread() -> None:
    """Ask for one thread, unless the user asks for another number; before numpy is loaded."""
    if "OMP_NUM_THREADS" not in os.environ:
        os.environ.setdefault(*ONE_THREAD)
