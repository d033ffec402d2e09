"""What comes back: a theme's return note by note, and the second half of a period."""

import numpy as np

from dyvim_cli.music import tokens
from dyvim_cli.music.grooves import bar_means
from dyvim_cli.music.sections import FilmOnGrid, Section
from dyvim_cli.types import STEPS_PER_BAR

RETURNING = ("melody", "chord")  # streams that a theme brings back note by note
ACCOMPANYING = ("bass", "drums")  # the same where nothing happens and the picture moves alike
ALIKE = 0.15  # difference of two bars' energy up to which the picture moves alike
PERIOD_BARS, OPENING_BARS = 4, 2  # half a period, and how much of it comes back
FREE_WEIGHT = 0.7  # a returning theme makes room for an event as heavy as this:
ROOM_STEPS = (2, 4)  # so long before it and from it on


def returns(
    sections: tuple[Section, ...],
    phrase_starts: np.ndarray,
    film: FilmOnGrid,
    active: np.ndarray,
    final_step: int,
) -> np.ndarray:
    """[K, S]: a recap repeats its theme's melody and chords, but for the last bar of each phrase and for
    what is around heavy events, which the decoder writes anew; and bass and drums with them."""
    hits = film.hits
    copy_from = np.full((tokens.K, len(hits)), -1, dtype=np.int64)
    rows = [tokens.STREAM_INDEX[name] for name in RETURNING]
    last_bars = np.append(phrase_starts[1:], len(hits)) - STEPS_PER_BAR
    busy = _around(hits >= FREE_WEIGHT)
    level, eventless = bar_means(film.energy), bar_means(hits) == 0
    for section in sections:
        if section.recap_of is None:
            continue
        theme = sections[section.recap_of]
        steps = np.arange(section.start, section.end)
        sources = steps - section.first_bar + theme.first_bar
        bar = steps // STEPS_PER_BAR * STEPS_PER_BAR
        keep = (sources >= theme.start) & (sources < theme.end) & (bar + STEPS_PER_BAR <= final_step)
        keep &= ~np.isin(bar, last_bars) & ~busy[steps]
        steps, sources = steps[keep], sources[keep]
        copy_from[np.ix_(rows, steps)] = sources
        alike = eventless[steps] & eventless[sources] & (np.abs(level[steps] - level[sources]) <= ALIKE)
        for row in (tokens.STREAM_INDEX[name] for name in ACCOMPANYING):
            again = alike & active[row, sources]
            copy_from[row, steps[again]] = sources[again]
    return copy_from


def _around(heavy: np.ndarray) -> np.ndarray:
    """[S] the steps near a heavy one, itself included."""
    before, after = ROOM_STEPS
    padded = np.pad(heavy, (after - 1, before))
    return np.lib.stride_tricks.sliding_window_view(padded, before + after).any(axis=1)


def periods(copy_from: np.ndarray, sections, chords: np.ndarray, hits, final_step: int) -> np.ndarray:
    """[K, S]: in a section that is no return, the second four bars open as the first did (a period: the
    same question, another answer), where the harmony allows it and no heavy event is met.
    """
    melody = tokens.STREAM_INDEX["melody"]
    for section in sections:
        if section.recap_of is not None or section.role == "build":
            continue
        for number in range(PERIOD_BARS, section.n_bars):
            target = section.first_bar + number * STEPS_PER_BAR
            source = target - PERIOD_BARS * STEPS_PER_BAR
            end = target + STEPS_PER_BAR
            if number % PERIOD_BARS >= OPENING_BARS or source < section.start:
                continue
            if end > min(section.end, final_step):
                break
            alike = np.array_equal(chords[target:end], chords[source : source + STEPS_PER_BAR])
            if alike and not (hits[target:end] >= FREE_WEIGHT).any():
                copy_from[melody, target:end] = np.arange(source, source + STEPS_PER_BAR)
    return copy_from
