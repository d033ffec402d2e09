"""Copy bars that return: a theme note by note, and the second half of a period."""

import numpy as np

from dyvim_cli.music.form.film_on_grid import FilmOnGrid
from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR

MELODY, CHORD, BASS, DRUMS = (tokens.STREAM_INDEX[name] for name in ("melody", "chord", "bass", "drums"))
RETURNING = (MELODY, CHORD)  # streams that a theme brings back note by note
ACCOMPANYING = (BASS, DRUMS)  # the same where nothing happens and the picture moves alike
ALIKE = 0.15  # difference of two bars' energy up to which the picture moves alike
PERIOD_BARS, OPENING_BARS = 4, 2  # half a period, and how much of it comes back
FREE_WEIGHT = 0.7  # events of at least this weight interrupt a recapitulation
ROOM_STEPS = (2, 4)  # steps that the interruption takes before the event and from it on


def returns(
    sections: tuple[Section, ...],
    phrase_starts: np.ndarray,
    film: FilmOnGrid,
    active: np.ndarray,
    final_step: int,
) -> np.ndarray:
    """Find what a recap repeats: its theme's melody and chords, and bass and drums with them.

    The last bar of each phrase and what is around heavy events is written again by the decoder.

    Args:
        sections: of the piece, covering all S steps.
        phrase_starts: [P] steps at which phrases begin.
        film: energy and hits on the grid.
        active: [K, S] bool, which streams may play.
        final_step: of the last chord.

    Returns:
        [K, S] int64 earlier step whose token returns here, -1 = none.
    """
    copy_from = np.full((tokens.K, film.n_steps), -1, dtype=np.int64)
    last_bars = np.append(phrase_starts[1:], film.n_steps) - STEPS_PER_BAR
    bar = np.arange(film.n_steps) // STEPS_PER_BAR * STEPS_PER_BAR
    is_anew = np.isin(bar, last_bars) | _around(film.hits >= FREE_WEIGHT) | (bar + STEPS_PER_BAR > final_step)
    level, is_eventless = bar_means(film.energy), bar_means(film.hits) == 0
    for section in sections:
        if section.recap_of is None:
            continue
        theme = sections[section.recap_of]
        steps = np.arange(section.start, section.end)
        sources = steps - section.first_bar + theme.first_bar
        keep = (sources >= theme.start) & (sources < theme.end) & ~is_anew[steps]
        steps, sources = steps[keep], sources[keep]
        for k in RETURNING:
            copy_from[k, steps] = sources
        alike = np.abs(level[steps] - level[sources]) <= ALIKE
        alike &= is_eventless[steps] & is_eventless[sources] & (section.style == theme.style)
        for k in ACCOMPANYING:
            again = alike & active[k, sources]
            copy_from[k, steps[again]] = sources[again]
    return copy_from


def bar_means(values: np.ndarray) -> np.ndarray:
    """Average values over each one's bar.

    Args:
        values: [S].

    Returns:
        [S], constant within a bar.
    """
    starts = np.arange(0, len(values), STEPS_PER_BAR)
    counts = np.diff(np.append(starts, len(values)))
    return np.repeat(np.add.reduceat(values, starts) / counts, counts)


def _around(heavy: np.ndarray) -> np.ndarray:
    """[S] the steps near a heavy one, itself included."""
    before, after = ROOM_STEPS
    padded = np.pad(heavy, (after - 1, before))
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, before + after).any(axis=1))


def periods(
    copy_from: np.ndarray,
    sections: tuple[Section, ...],
    chords: np.ndarray,
    hits: np.ndarray,
    final_step: int,
) -> np.ndarray:
    """Let the second four bars of a section open as the first did (a period: same question, other answer).

    Only in a section that is no return, where the harmony allows it and no heavy event is met.

    Args:
        copy_from: [K, S] earlier steps; changed in place.
        sections: of the piece, covering all S steps.
        chords: [S] chord tokens.
        hits: [S] weights of events.
        final_step: of the last chord.

    Returns:
        [K, S] the same array.
    """
    for section in sections:
        if section.recap_of is not None or section.role == "build":
            continue
        for number in range(PERIOD_BARS, section.n_bars):
            start = section.first_bar + number * STEPS_PER_BAR
            source, end = start - PERIOD_BARS * STEPS_PER_BAR, start + STEPS_PER_BAR
            if end > min(section.end, final_step):
                break
            opens = number % PERIOD_BARS < OPENING_BARS and source >= section.start
            is_alike = np.array_equal(chords[start:end], chords[source : source + STEPS_PER_BAR])
            if opens and is_alike and not (hits[start:end] >= FREE_WEIGHT).any():
                copy_from[MELODY, start:end] = np.arange(source, source + STEPS_PER_BAR)
    return copy_from
