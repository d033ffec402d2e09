"""Background work is waited for where all goes well, and let go of where it does not."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from dyvim_cli.background import background_threads

# the verb that is interrupted waits for a thread that would think for ten minutes
WAITING = """
import os, signal, sys, time
from dyvim_cli.background import background_threads
from dyvim_cli.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)

def verb(**_):
    with background_threads(1) as background:
        thought = background.submit(time.sleep, 600)
        print("waiting", flush=True)
        thought.result()

main.app = verb
sys.argv = ["dyvim"]
main.run()
"""


def test_work_is_done_when_the_caller_goes_on():
    with background_threads(2) as background:
        squares = [background.submit(pow, number, 2) for number in range(5)]
    assert [square.result() for square in squares] == [0, 1, 4, 9, 16]


def test_a_failure_waits_neither_for_what_runs_nor_for_what_is_due():
    go_on, begun = threading.Event(), threading.Event()

    def thinks():
        begun.set()
        return go_on.wait(60)

    with pytest.raises(ValueError, match="mine"), background_threads(1) as background:
        running, due = background.submit(thinks), background.submit(int)
        assert begun.wait(60)
        raise ValueError("mine")
    assert not running.done() and due.cancelled()
    go_on.set()
    assert running.result(60)


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_an_interrupted_run_ends_though_a_thread_thinks_on():
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.readline() == b"waiting\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 130 and b"interrupted" in said


# a worker of a batch whose model takes ten minutes to load; the batch dies meanwhile
LOADING = """
import sys, threading, time
from multiprocessing import Pipe
import dyvim_cli.pipeline
from dyvim_cli.batch import local
ours, theirs = Pipe()

def load():
    ours.close()
    time.sleep(600)

dyvim_cli.pipeline.load_embedded = load
local._serve(theirs, sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_a_worker_that_still_loads_ends_when_its_batch_has_died(tmp_path):
    done = subprocess.run([sys.executable, "-c", LOADING, str(tmp_path)], capture_output=True, timeout=100)
    assert done.returncode == 130, done.stderr


# a verb that tells how often garbage is searched for, and ends with a code; who says that it is taken apart?
ENDING = """
import atexit, gc, sys, threading, time
from dyvim_cli import __main__
from dyvim_cli.cli import main

class Torn:
    def __del__(self):
        print("torn")

def late():
    time.sleep(0.3)
    print("thread")

torn = Torn()
torn.itself = torn

def verb():
    print(gc.get_threshold()[0])
    atexit.register(print, "handler")
    threading.Thread(target=late).start()
    {end}

main.run = verb
__main__.run()
"""


def ended(end: str) -> subprocess.CompletedProcess[str]:
    """A command whose verb ends in this way."""
    program = ENDING.replace("{end}", end)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)


def test_a_command_searches_for_garbage_rarely_and_is_not_taken_apart_at_its_end():
    done = ended("sys.exit(5)")
    threshold, *said = done.stdout.split()
    assert done.returncode == 5 and int(threshold) >= 100_000
    assert said == ["thread", "handler"]


def test_a_command_that_fails_in_an_unforeseen_way_ends_as_python_does():
    done = ended("raise ValueError('unforeseen')")
    assert done.returncode == 1 and "ValueError: unforeseen" in done.stderr
    assert done.stdout.split()[1:] == ["thread", "handler", "torn"]
