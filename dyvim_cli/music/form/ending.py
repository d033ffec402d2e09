"""Plan the ending: the last chord, its time, and the accents while it rings."""

import numpy as np

from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, TempoMap

HALF_BAR_STEPS = STEPS_PER_BAR // 2
MELODY, PAD = tokens.STREAM_INDEX["melody"], tokens.STREAM_INDEX["pad"]
LAST_CHORD_STREAMS = [tokens.STREAM_INDEX[name] for name in ("level", "chord", "melody", "bass", "pad")]
RING_S = 2.8  # preferred ring-out of the last chord
RING_SHARE, SHORTEST_RING_S = 0.09, 1.55  # ring-out as a share of a short film, and the shortest
LAST_STROKE_S = 0.25  # latest accent, before the film's end
LAST_CHORD_S = 1.55  # latest last chord before the end: it must ring a second; later accents go to the drums
# latest last chord of a piece without drums to which later accents could go
LAST_CHORD_ALONE_S = 0.7
SHORT_SHARE = 0.4  # latest last chord before the end, as a share of a short film
MISSED_COST = 2.5  # cost of an event of weight 1 that comes after the last chord, in seconds of ring
# Semitones that a part would rather go than close on tonic, third, fifth: the tune wants the tonic, a chord's
# top voice goes to whatever is near
CLOSING_COST = {MELODY: (0, 2, 99), PAD: (1, 0, 0)}
STOPS = 0.6  # events of at least this weight may carry the last chord on any step


def choose_final_step(tempo_map: TempoMap, hits: np.ndarray) -> int:
    """Choose the strong beat, or heavy event, for the last chord.

    It rings about RING_S, less in a short film. An event attracts it, and so do events that would come after
    it, for then no accent follows.

    Args:
        tempo_map: the grid, S steps.
        hits: [S] weights of events.

    Returns:
        Step of the last chord.
    """
    n_steps = tempo_map.n_steps
    steps = np.arange(max(1, n_steps - STEPS_PER_BEAT))
    candidates = steps[(steps % HALF_BAR_STEPS == 0) | (hits[steps] >= STOPS)]
    candidates = candidates[tempo_map.played[candidates]]
    rest_s = tempo_map.step_times_s[-1] - tempo_map.step_times_s[candidates]
    film_s = tempo_map.step_times_s[-1] - tempo_map.step_times_s[0]
    wanted_s = np.clip(RING_SHARE * film_s, min(SHORTEST_RING_S, SHORT_SHARE * film_s), RING_S)
    rings = rest_s >= min(LAST_CHORD_S, SHORT_SHARE * film_s)  # a later event is accented by the drums
    candidates, rest_s = (candidates[rings], rest_s[rings]) if rings.any() else (candidates, rest_s)
    cost = np.abs(rest_s - wanted_s) + 0.5 * (candidates % STEPS_PER_BAR != 0)
    near = rest_s <= 2 * RING_S
    cost[near] -= 0.8 * hits[candidates[near]]
    cost += MISSED_COST * (hits.sum() - np.cumsum(hits)[candidates])
    return 0 if n_steps < STEPS_PER_BAR else int(candidates[np.argmin(cost)])


def last_strokes(tempo_map: TempoMap, hits: np.ndarray, final_step: int, lightest: float) -> np.ndarray:
    """Find the events after the last chord at which it is played once more.

    Args:
        tempo_map: the grid, S steps.
        hits: [S] weights of events.
        final_step: of the last chord.
        lightest: events that weigh less are left out.

    Returns:
        [R] steps, as long as there is time for the chord to ring.
    """
    left_s = tempo_map.step_times_s[-1] - tempo_map.step_times_s[:-1]
    again = (hits > 0) & (hits >= lightest) & (left_s >= LAST_STROKE_S)
    again[: final_step + STEPS_PER_BEAT // 2] = False
    return np.flatnonzero(again)


def last_chord(
    tempo_map: TempoMap, final_step: int, strokes: np.ndarray, is_minor: bool, with_drums: bool = True
) -> np.ndarray:
    """Write the last chord: tonic in the bass, third or tonic on top, held to the end or to the next stroke.

    Nothing else starts after it but the drums of the last strokes.

    Args:
        tempo_map: the grid, S steps.
        final_step: of the last chord.
        strokes: [R] steps at which it is played again.
        is_minor: mode of the key.
        with_drums: whether drums play the strokes that come too late for the chord.

    Returns:
        [K, S] tokens, UNKNOWN = free.
    """
    ending = tokens.empty(tempo_map.n_steps)
    least_s = LAST_CHORD_S if with_drums else LAST_CHORD_ALONE_S
    late = tempo_map.step_times_s[-1] - tempo_map.step_times_s[strokes] < least_s
    third = 3 if is_minor else 4
    for name, pitch in (("bass", 36), ("pad", 60 + third), ("melody", 72)):
        row = tokens.STREAM_INDEX[name]
        ending[row, final_step + 1 :] = tokens.HOLD
        ending[row, [final_step, *strokes[~late]]] = tokens.pitch_token(tokens.STREAMS[row], pitch)
    ending[tokens.STREAM_INDEX["drums"], final_step + 1 :] = 0
    ending[tokens.STREAM_INDEX["drums"], strokes[late]] = tokens.drum_token(("kick", "tom"))
    ending[tokens.STREAM_INDEX["arp"], final_step:] = tokens.REST
    return ending


def settle(piece: np.ndarray, final_step: int, is_minor: bool) -> np.ndarray:
    """Let tune and chords close where they were going: on the tone of the last chord next to their last note.

    Cadences fall by a step or rise by one (CLOSING_COST); a leap would open them again.

    Args:
        piece: [K, S] tokens.
        final_step: of the last chord.
        is_minor: mode of the key.

    Returns:
        [K, S] tokens, a copy.
    """
    settled = piece.copy()
    for stream in CLOSING_COST:
        row = settled[stream]
        line = row[:final_step][row[:final_step] >= tokens.FIRST_PITCH]
        closing = row[final_step:]
        if len(line):
            closing[closing >= tokens.FIRST_PITCH] = _closing_token(stream, int(line[-1]), is_minor)
    return settled


def _closing_token(stream: int, last: int, is_minor: bool) -> int:
    """Token of the tone that a stream closes on after a token."""
    costs = dict(zip((0, 3 if is_minor else 4, 7), CLOSING_COST[stream], strict=True))
    steps = {}
    for token in range(tokens.FIRST_PITCH, tokens.STREAMS[stream].cardinality):
        degree = tokens.token_pitch(tokens.STREAMS[stream], token) % 12
        if degree in costs:
            steps[token] = abs(token - last) + costs[degree]
    return min(steps, key=lambda token: steps[token])
