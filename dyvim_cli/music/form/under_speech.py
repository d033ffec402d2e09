"""Quantise the speech of a film's own sound to the grid and thin the band under it.

Reviewers of films call music under a voice "too bouncy, too varied in pitch": the writing disturbs as much
as the level. Under speech the melody and the arpeggio rest; kick, snare, bass and chords play on bar
lines, or half bars in slow music; no part enters, and only accents are louder than LOUDEST_LEVEL. In
the pauses the film is answered more, and nothing is taken over from what was written under speech: the tune
comes forward there.
"""

import numpy as np

from dyvim_cli.music.form.accents import HEAVY, MEDIUM
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, TempoMap

RESTING = ("melody", "arp")  # streams in the register of voices, and those that move fast
# streams of which one plays under speech
CARRYING = tuple(tokens.STREAM_INDEX[name] for name in ("pad", "bass"))
ENTERING = (*CARRYING, tokens.STREAM_INDEX["drums"])
KEPT_DRUMS = tokens.drum_token(("kick", "snare"))
HALF_BAR_STEPS = STEPS_PER_BAR // 2
LEAST_APART_S = 1.2  # least time between two strokes under speech: half bars that last as long, else bars
ENERGY_UNDER_SPEECH = 0.4  # share of the film's energy that is answered during speech
# share of the distance to full energy that is added in the pauses of a film with speech
ENERGY_IN_PAUSES = 0.35
LOUDEST_LEVEL = 3
LEAD_S = 0.25  # rest of the melody before a word, so that no phrase is cut off
TAIL_S = 0.4  # rest of the melody after a word: a pause for breath is no pause of the speech
LEAST_PAUSE_S = 1.0  # least pause in which medium events count beside the words; in breaths heavy ones do


def speech_on_grid(tempo_map: TempoMap, speech_s: np.ndarray, hit: np.ndarray | None = None) -> np.ndarray:
    """Steps of the grid that lie under speech.

    Args:
        tempo_map: the grid of S steps.
        speech_s: [N, 2] spans of speech in seconds.
        hit: [S] weights of events, 0..1: in a pause a medium or heavy one shortens the rest beside the words,
            in a breath a heavy one after the word, so that it is met.

    Returns:
        [S] bool.
    """
    starts_s, ends_s = tempo_map.step_times_s[:-1], tempo_map.step_times_s[1:]
    hit = np.zeros(tempo_map.n_steps) if hit is None else hit
    spans_s = np.asarray(speech_s, dtype=float).reshape(-1, 2)
    spans_s = spans_s[np.argsort(spans_s[:, 0])]
    pauses_s = np.r_[np.inf, spans_s[1:, 0] - spans_s[:-1, 1], np.inf]
    under = np.zeros(tempo_map.n_steps, dtype=bool)
    for i, (start_s, end_s) in enumerate(spans_s):
        is_pause_before, is_pause_after = pauses_s[i : i + 2] >= LEAST_PAUSE_S
        before = (hit >= MEDIUM) & (starts_s < start_s) & is_pause_before
        after = (hit >= (MEDIUM if is_pause_after else HEAVY)) & (starts_s >= end_s)
        from_s = max([start_s - LEAD_S, *ends_s[before]])
        until_s = min([end_s + TAIL_S, *starts_s[after]])
        under |= (ends_s > from_s) & (starts_s < until_s)
    return under


def rest_the_tune(forced: np.ndarray, under_speech: np.ndarray) -> None:
    """Write rests during speech, in place.

    Args:
        forced: [K, S] tokens; the RESTING streams are changed.
        under_speech: [S] bool.
    """
    for name in RESTING:
        forced[tokens.STREAM_INDEX[name], under_speech] = tokens.REST


def barred_steps(tempo_map: TempoMap, under_speech: np.ndarray) -> np.ndarray:
    """Find the steps under speech on which no note may start, except for accented events.

    Args:
        tempo_map: the grid of S steps.
        under_speech: [S] bool, True during speech.

    Returns:
        [S] bool.
    """
    half_bar_s = HALF_BAR_STEPS * 60 / tempo_map.bpm / STEPS_PER_BEAT
    apart = HALF_BAR_STEPS if half_bar_s >= LEAST_APART_S else STEPS_PER_BAR
    return under_speech & (np.arange(len(under_speech)) % apart != 0)


def answered_energy(energy: np.ndarray, under_speech: np.ndarray) -> np.ndarray:
    """Weigh the film's energy as the music answers it: less under speech, more in its pauses.

    Args:
        energy: [S] 0..1, of the film.
        under_speech: [S] bool, True during speech.

    Returns:
        [S] 0..1; unchanged in a film without speech.
    """
    if not under_speech.any():
        return energy
    lifted = energy + ENERGY_IN_PAUSES * (1 - energy)
    return np.where(under_speech, ENERGY_UNDER_SPEECH * energy, lifted)


def of_its_kind(sources: np.ndarray, under_speech: np.ndarray) -> np.ndarray:
    """Keep the sources of repeated music where both or neither are under speech.

    Args:
        sources: [..., S] steps, -1 = none.
        under_speech: [S] bool, True during speech.

    Returns:
        [..., S] steps, -1 also where only one of the two is under speech.
    """
    differs = under_speech[np.maximum(sources, 0)] != under_speech
    return np.where(differs, -1, sources)


def without_entries(active: np.ndarray, under_speech: np.ndarray, final_step: int) -> np.ndarray:
    """Delay entries during speech: a part waits for the pause.

    Parts that play when speech begins may continue; if neither chords nor bass do, both keep their entries.

    Args:
        active: [K, S] bool, who may play.
        under_speech: [S] bool, True during speech.
        final_step: from here on the last chord rings, which all parts play.

    Returns:
        [K, S] bool.
    """
    waiting = active.copy()
    edges = np.flatnonzero(np.diff(np.pad(under_speech.astype(np.int8), 1))).reshape(-1, 2)
    for start, end in edges.tolist():
        until, before = min(end, final_step), max(0, start - 1)
        absent = [row for row in ENTERING if not active[row, before]]
        if set(CARRYING) <= set(absent):
            absent = [row for row in absent if row not in CARRYING]
        waiting[absent, start:until] = False
    return waiting
