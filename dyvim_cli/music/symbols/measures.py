"""Measure score tokens: harmonicity, density, self-similarity of bars, singability.

The same measures serve the corpus (training/data/statistics.py) and what is composed (evaluation/), so
that the two can be held against each other. Each is taken only where its streams are known.
Pitch-class entropy and groove consistency as in Wu and Yang 2020 (The Jazz Transformer), on our grid.
"""

import numpy as np

from dyvim_cli.music.symbols.keys import SCALES
from dyvim_cli.music.symbols.tokens import (
    DRUM_CLASSES,
    FIRST_PITCH,
    HOLD,
    PITCHED,
    STREAM_INDEX,
    STREAMS,
    chord_pitch_classes,
)
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

BREATH_STEPS = 2  # least rest that separates two phrases
NEAR_BARS = 2  # bars nearer than this are not counted as a return
CHORD = STREAMS[STREAM_INDEX["chord"]]
# [chords, 12] whether a pitch class belongs to a chord; whether it clashes: a semitone from a chord
# tone without being one
CHORD_TONES = np.zeros((CHORD.cardinality, 12), dtype=bool)
for _token in range(1, CHORD.cardinality):
    CHORD_TONES[_token, list(chord_pitch_classes(_token))] = True
CLASHES = (np.roll(CHORD_TONES, 1, axis=1) | np.roll(CHORD_TONES, -1, axis=1)) & ~CHORD_TONES
SCALE_TONES = np.array([[pc in SCALES[mode] for pc in range(12)] for mode in (False, True)])


def measures(tokens: np.ndarray, is_minor: bool) -> dict[str, float]:
    """Measure one piece of whole bars.

    in_harmony, <stream>_in_harmony  share of notes in the sounding chord or the scale (chord known)
    <stream>_in_chord     share of notes in the sounding chord
    melody_clashes        share of melody notes on a beat a semitone from a chord tone and not in the chord
    pitch_class_entropy   bits, all pitched notes
    groove_consistency    1 - mean Hamming distance of neighbouring bars' onset patterns
    self_similarity       mean likeness (Jaccard, of onsets with their pitches) of each bar to its best
                          match two bars away or more
    density               steps with an onset in any stream a bar, where there is a bass to the tune;
                          <stream>_density: notes; drums_density: steps with a stroke, over the
                          bars in which there are drums
    chord_changes         a bar
    melody_*              see melody_measures

    Args:
        tokens: [K, S], UNKNOWN where a stream is not known.
        is_minor: mode of the key.

    Returns:
        Name -> figure, those whose streams are known.
    """
    figures: dict[str, float] = {}
    for name in PITCHED:
        figures |= _stream_measures(tokens, name, is_minor)
    onset_rows = {name: onsets(tokens, name) for name in (*PITCHED, "drums")}
    if (tokens[STREAM_INDEX["bass"]] >= 0).any():
        figures["density"] = _per_bar(sum(int(row.sum()) for row in onset_rows.values()), tokens)
    if onset_rows["drums"].any():
        figures["drums_density"] = _per_bar_played(onset_rows["drums"])
    chord = tokens[STREAM_INDEX["chord"]]
    if (chord > 0).any():
        figures["chord_changes"] = _per_bar((np.diff(chord) != 0).sum(), tokens)
        counts = {name: int((row & (chord > 0)).sum()) for name, row in onset_rows.items() if name != "drums"}
        shares = [figures.get(f"{name}_in_harmony", 1.0) * n for name, n in counts.items()]
        if sum(counts.values()):
            figures["in_harmony"] = float(sum(shares) / sum(counts.values()))
    return figures | _entropy(tokens) | _likeness(tokens) | melody_measures(tokens)


def onsets(tokens: np.ndarray, name: str) -> np.ndarray:
    """Find the steps at which a stream begins a note.

    Args:
        tokens: [K, S].
        name: of the stream.

    Returns:
        [S] bool; for drums, any stroke.
    """
    row = tokens[STREAM_INDEX[name]]
    return row > 0 if name == "drums" else row >= FIRST_PITCH


def melody_measures(tokens: np.ndarray) -> dict[str, float]:
    """Measure how the tune sings.

    melody_steps    share of its intervals that are steps (1 or 2 semitones)
    melody_repeats  share of its intervals that are none
    melody_leaps    share of its intervals wider than a fifth
    melody_range    semitones between its 5th and 95th percentile
    melody_run      longest run of one pitch repeated, in notes
    melody_hold     longest note, in bars
    phrase_bars     mean stretch without a breath, in bars

    Args:
        tokens: [K, S].

    Returns:
        Name -> figure; empty for fewer than four notes.
    """
    row = tokens[STREAM_INDEX["melody"]]
    starts = np.flatnonzero(row >= FIRST_PITCH)
    if len(starts) < 4:
        return {}
    pitches = row[starts].astype(int)
    intervals = np.abs(np.diff(pitches))
    return {
        "melody_steps": float(((intervals == 1) | (intervals == 2)).mean()),
        "melody_repeats": float((intervals == 0).mean()),
        "melody_leaps": float((intervals > 7).mean()),
        "melody_range": float(np.subtract(*np.percentile(pitches, [95, 5]))),
        "melody_run": float(longest_run(intervals == 0) + 1),
        "melody_hold": float(max(note_lengths(row)) / STEPS_PER_BAR),
        "phrase_bars": float(np.mean(_phrase_lengths(row)) / STEPS_PER_BAR),
    }


def note_lengths(row: np.ndarray) -> np.ndarray:
    """Measure the notes of a pitched stream.

    Args:
        row: [S] tokens.

    Returns:
        [notes] length of each in steps.
    """
    starts = np.flatnonzero(row >= FIRST_PITCH)
    breaks = np.append(np.flatnonzero(row != HOLD), len(row))
    return breaks[np.searchsorted(breaks, starts, side="right")] - starts


def longest_run(flags: np.ndarray) -> int:
    """Count how many True are side by side at most.

    Args:
        flags: [n] bool.

    Returns:
        0 where all are False.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(flags, dtype=int), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _phrase_lengths(row: np.ndarray) -> list[int]:
    """Steps between two breaths of a pitched row."""
    sounding = np.flatnonzero(row > 0)
    breaks = np.flatnonzero(np.diff(sounding) > BREATH_STEPS)
    firsts, lasts = np.append(0, breaks + 1), np.append(breaks, len(sounding) - 1)
    return (sounding[lasts] - sounding[firsts] + 1).tolist()


def _stream_measures(tokens: np.ndarray, name: str, is_minor: bool) -> dict[str, float]:
    """Density and harmony of one pitched stream; nothing where it is silent."""
    starts = np.flatnonzero(onsets(tokens, name))
    if not len(starts):
        return {}
    figures = {f"{name}_density": _per_bar(len(starts), tokens)}
    chord = tokens[STREAM_INDEX["chord"]]
    at = starts[chord[starts] > 0]
    if len(at):
        pcs = _pitch_classes(tokens, name)[at]
        in_chord = CHORD_TONES[chord[at], pcs]
        figures[f"{name}_in_chord"] = float(in_chord.mean())
        figures[f"{name}_in_harmony"] = float((in_chord | SCALE_TONES[int(is_minor), pcs]).mean())
        on_beat = at % STEPS_PER_BEAT == 0
        if name == "melody" and on_beat.any():
            figures["melody_clashes"] = float(CLASHES[chord[at], pcs][on_beat].mean())
    return figures


def _pitch_classes(tokens: np.ndarray, name: str) -> np.ndarray:
    """[S] above the tonic, where a note of the stream begins."""
    return (tokens[STREAM_INDEX[name]] - FIRST_PITCH + STREAMS[STREAM_INDEX[name]].low) % 12


def _per_bar(count: float, tokens: np.ndarray) -> float:
    return float(count * STEPS_PER_BAR / tokens.shape[1])


def _per_bar_played(onset_rows: np.ndarray) -> float:
    """Mean strokes of the bars that have any."""
    n_bars = -(-len(onset_rows) // STEPS_PER_BAR)
    counts = np.add.reduceat(onset_rows.astype(int), np.arange(n_bars) * STEPS_PER_BAR)
    return float(counts[counts > 0].mean())


def _entropy(tokens: np.ndarray) -> dict[str, float]:
    """Entropy of the pitch classes of all notes; nothing without notes."""
    pcs = [_pitch_classes(tokens, name)[onsets(tokens, name)] for name in PITCHED]
    counts = np.bincount(np.concatenate(pcs), minlength=12)
    if not counts.sum():
        return {}
    shares = counts[counts > 0] / counts.sum()
    return {"pitch_class_entropy": float(-(shares * np.log2(shares)).sum())}


def _likeness(tokens: np.ndarray) -> dict[str, float]:
    """Neighbouring bars' rhythm (groove), and how far every bar is heard again (self-similarity)."""
    rows = _struck_rows(tokens)
    n_bars = rows.shape[1] // STEPS_PER_BAR
    bars = rows[:, : n_bars * STEPS_PER_BAR].reshape(len(rows), n_bars, STEPS_PER_BAR)
    rhythm = np.asarray(bars.any(axis=0))
    if n_bars < 2 or not rhythm.any():
        return {}
    figures = {"groove_consistency": float(1 - (rhythm[1:] ^ rhythm[:-1]).mean())}
    if n_bars > 2 * NEAR_BARS:
        figures["self_similarity"] = float(_best_matches(bars).mean())
    return figures


def _struck_rows(tokens: np.ndarray) -> np.ndarray:
    """[rows, S] bool: one row a pitch of each pitched stream and a drum class, True where it begins."""
    rows = []
    for name in PITCHED:
        row = tokens[STREAM_INDEX[name]]
        rows += [row == token for token in np.unique(row[row >= FIRST_PITCH])]
    drums = np.maximum(tokens[STREAM_INDEX["drums"]], 0)
    rows += [(drums >> bit & 1).astype(bool) for bit in range(len(DRUM_CLASSES))]
    return np.stack(rows)


def _best_matches(bars: np.ndarray) -> np.ndarray:
    """[bars] Jaccard likeness of each bar with an onset to its best match elsewhere."""
    flat = bars.transpose(1, 0, 2).reshape(bars.shape[1], -1).astype(np.float32)
    common, counts = flat @ flat.T, flat.sum(axis=1)
    alike = common / np.maximum(counts[:, None] + counts[None] - common, 1)
    place = np.arange(len(flat))
    alike[np.abs(place[:, None] - place[None]) < NEAR_BARS] = 0
    return alike.max(axis=1)[counts > 0]
