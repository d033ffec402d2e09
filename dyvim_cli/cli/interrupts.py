"""Make interrupts end a run in order: by an exception that cleans up, then by the exit code."""

import signal


def raise_interrupts() -> None:
    """Let a kill and a terminal that is closed raise KeyboardInterrupt, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # not under nohup
        signal.signal(signal.SIGHUP, signal.default_int_handler)


def forget_interrupt() -> None:
    """Let an interrupted run end by its exit code.

    Python remembers an interrupt that passed through an exec of text, as imports do, and ends by the signal
    instead; the next text that it runs makes it forget.
    """
    exec("")
