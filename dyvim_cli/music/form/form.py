"""Hold everything about a piece that is decided before notes: options, plans and markers are edits of it."""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.music.form.accents import Accents
from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR

PLAYERS = tuple(tokens.STREAM_INDEX[name] for name in (*tokens.PITCHED, "drums"))  # rows of parts that sound
CHORD = tokens.STREAM_INDEX["chord"]


@dataclass(frozen=True)
class Form:
    """A piece on the grid of S steps and K streams, before a note is drawn."""

    style: str  # style of the piece; sections may have their own
    is_minor: bool
    sections: tuple[Section, ...]  # cover 0..S without gaps
    phrase_starts: np.ndarray  # [P] int, bar lines where a phrase begins (a section's first bar line)
    final_step: int  # where the last chord begins
    played: np.ndarray  # [S] bool, steps that last
    active: np.ndarray  # [K, S] bool, which streams may play
    forced: np.ndarray  # [K, S] int64 tokens that are decided, UNKNOWN = free
    copy_from: np.ndarray  # [K, S] int64 earlier step whose token returns here, -1 = none
    gesture_from: np.ndarray  # [S] int64 earlier step whose melodic gesture may be taken up, -1 = none
    groove_from: np.ndarray  # [S] int64 earlier step whose pattern may continue, -1 = none
    breath: np.ndarray  # [S] bool, where the melody is biased to rest between phrases
    accents: Accents  # events that are accented whatever the decoder draws
    marked: np.ndarray  # [M] int, steps that a person asked to be hits
    silent: np.ndarray  # [S] bool, where nobody plays
    under_speech: np.ndarray  # [S] bool, speech in the film's own sound
    barred: np.ndarray  # [S] bool, steps under speech on which no note may start

    @property
    def n_steps(self) -> int:
        """S."""
        return len(self.played)

    @property
    def chords(self) -> np.ndarray:
        """[S] chord tokens."""
        return self.forced[CHORD]

    @property
    def may_sound(self) -> np.ndarray:
        """[K, S] bool, where each stream may play and no silence is asked for."""
        return self.active & ~self.silent


def free_form(n_steps: int, style: str = "pop", is_minor: bool = False) -> Form:
    """Make a form that decides nothing: one section in which everybody may play.

    Args:
        n_steps: S.
        style: name of a style.
        is_minor: mode of the key.

    Returns:
        The form, with arrays of its own.
    """
    steps, nowhere = np.full(n_steps, -1, dtype=np.int64), np.zeros(n_steps, dtype=bool)
    return Form(
        style=style,
        is_minor=is_minor,
        sections=(Section(0, n_steps, "theme", 0, 0.0, 0.0),),
        phrase_starts=np.zeros(1, dtype=int),
        final_step=n_steps,
        played=~nowhere,
        active=np.ones((tokens.K, n_steps), dtype=bool),
        forced=np.full((tokens.K, n_steps), tokens.UNKNOWN, dtype=np.int64),
        copy_from=np.full((tokens.K, n_steps), -1, dtype=np.int64),
        gesture_from=steps,
        groove_from=steps.copy(),
        breath=nowhere,
        accents=Accents(np.zeros(n_steps, dtype=np.int64), np.zeros(n_steps, dtype=np.int64)),
        marked=np.zeros(0, dtype=int),
        silent=nowhere.copy(),
        under_speech=nowhere.copy(),
        barred=nowhere.copy(),
    )


def decided_tokens(
    active: np.ndarray, played: np.ndarray, chords: np.ndarray, ending: np.ndarray
) -> np.ndarray:
    """Write what a form decides as tokens.

    Args:
        active: [K, S] bool, which streams may play.
        played: [S] bool, steps that last.
        chords: [S] chord tokens.
        ending: [K, S] tokens of the last chord as it rings, UNKNOWN = free.

    Returns:
        [K, S] int64 tokens, UNKNOWN = free.
    """
    forced = np.full(active.shape, tokens.UNKNOWN, dtype=np.int64)
    for row in PLAYERS:
        forced[row, ~played] = tokens.HOLD if tokens.STREAMS[row].name in tokens.PITCHED else tokens.REST
        forced[row, ~active[row]] = tokens.REST
    forced[CHORD] = chords
    return np.where(ending != tokens.UNKNOWN, ending, forced)


def continued_groove(form: Form, hits: np.ndarray) -> np.ndarray:
    """Find the step a bar ago whose pattern may continue.

    Args:
        form: of the piece.
        hits: [S] weights of events.

    Returns:
        [S] int64 steps, -1 where a section is new or an event is.
    """
    steps = np.arange(len(hits))
    first = np.concatenate([np.full(s.end - s.start, s.start) for s in form.sections])
    before = steps - STEPS_PER_BAR
    earlier = np.maximum(before, 0)
    eventless = (hits <= 0) & (hits[earlier] <= 0)
    free = (before >= first) & eventless & (steps < form.final_step) & form.played[earlier]
    return np.where(free, before, -1)
