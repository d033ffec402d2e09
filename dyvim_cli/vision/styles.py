"""Score musical styles by what a film shows and how it moves.

Every measure is about -1..1 and 0 for a typical film, or for content that is not seen. A style's score is the
softmax of (row x measures); the rows (record.Style.affinities) were written by hand and then adjusted, by
tenths, to a set of moments labelled by people (tests/data/style_labels.json).
"""

import numpy as np

from dyvim_cli.stylebook import RECORDS, STYLES
from dyvim_cli.vision.content import GROUPS

# measures of a film, besides the share of each content group
PACE = ("valence", "arousal", "camera", "subject", "cuts")  # mood; what moves; how often it is cut
# measures of the subject's and of the picture's light and colour
LIGHT = ("warmth", "variety", "painted", "backdrop", "darkness")
# measure of the film's own sound, which is heard after the picture is watched (vision/spoken.py)
SPEECH = "speech"
MEASURES = ("start", *PACE, *LIGHT, *GROUPS, SPEECH)

AFFINITIES = {name: style.affinities for name, style in RECORDS.items() if style.affinities is not None}
# indices in STYLES of the styles that may be chosen automatically
CHOSEN = [STYLES.index(name) for name in AFFINITIES]
SHARPNESS = 2.5  # factor of the scores in the softmax over styles
CLOSE = 0.8  # share of the best score from which on a style is a close second
LEAST_SHARE = 0.05  # least contribution to a logit that counts as a reason
MOST_REASONS = 4  # most reasons on each side of an explanation

VALENCE_WORDS = ("dark", "sombre", "neutral", "friendly", "bright")
AROUSAL_WORDS = ("still", "calm", "moderate", "lively", "driving")
WORD_BOUNDS = (-0.5, -0.15, 0.15, 0.5)  # values of valence and arousal (-1..1) between one word and the next


def style_scores(measures: dict[str, float], content: np.ndarray) -> np.ndarray:
    """Score the styles: the softmax of affinities x measures + content.

    Args:
        measures: name of MEASURES -> about -1..1; what is missing counts as 0.
        content: [len(AFFINITIES)] logits, 0 without CLIP.

    Returns:
        [len(STYLES)] float32 of sum 1, 0 for styles that are only played when asked for.
    """
    return _softmax(SHARPNESS * (_sums({"start": 1.0} | measures) + content))


def leaned_scores(scores: np.ndarray, changes: dict[str, float]) -> np.ndarray:
    """Score the styles again after measures have changed.

    Args:
        scores: [len(STYLES)] before.
        changes: name of MEASURES -> by how much it is more now.

    Returns:
        [len(STYLES)] float32 of sum 1.
    """
    return _softmax(np.log(np.maximum(scores[CHOSEN], 1e-9)) + SHARPNESS * _sums(changes))


def _sums(measures: dict[str, float]) -> np.ndarray:
    """[len(AFFINITIES)] sums of each style's affinities x measures."""
    return np.array([sum(w * measures.get(m, 0.0) for m, w in row.items()) for row in AFFINITIES.values()])


def _softmax(logits: np.ndarray) -> np.ndarray:
    """[len(STYLES)] float32 shares of sum 1 from [len(AFFINITIES)] logits."""
    shares = np.exp(logits - logits.max())
    scores = np.zeros(len(STYLES), dtype=np.float32)
    scores[CHOSEN] = shares / shares.sum()
    return scores


def as_row(measures: dict[str, float]) -> np.ndarray:
    """Put measures in the order of MEASURES.

    Args:
        measures: name -> value.

    Returns:
        [len(MEASURES)] float32; 0 for what was not measured.
    """
    row = {"start": 1.0} | measures
    return np.array([row.get(name, 0.0) for name in MEASURES], dtype=np.float32)


def close_styles(scores: np.ndarray) -> list[tuple[str, float]]:
    """List the best style and those close to it.

    Args:
        scores: [len(STYLES)].

    Returns:
        (style, score), best first.
    """
    order = np.argsort(-scores, kind="stable")
    return [(STYLES[i], float(scores[i])) for i in order if scores[i] >= CLOSE * scores.max()]


def draw_style(scores: np.ndarray, rng: np.random.Generator) -> str:
    """Draw one of the styles that come close, in proportion to the scores.

    Args:
        scores: [len(STYLES)].
        rng: source of chance.

    Returns:
        Name of the style.
    """
    close = close_styles(scores)
    shares = np.array([score for _, score in close])
    return close[int(rng.choice(len(close), p=shares / shares.sum()))][0] if len(close) > 1 else close[0][0]


def reasons(row: np.ndarray, style: str) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """Find the measures that move a style most, relative to the mean of all styles.

    Args:
        row: [len(MEASURES)] of as_row.
        style: name of the style.

    Returns:
        (for, against): measures and how far each moves it, most first; empty for a style that films are not
        given.
    """
    if style not in AFFINITIES:
        return [], []
    table = np.array([[AFFINITIES[name].get(m, 0.0) for m in MEASURES] for name in AFFINITIES])
    shares = (table - table.mean(axis=0))[list(AFFINITIES).index(style)] * row
    order = np.argsort(-np.abs(shares), kind="stable")
    named = [(MEASURES[i], float(shares[i])) for i in order if abs(shares[i]) >= LEAST_SHARE]
    speaks_for = [pair for pair in named if pair[1] > 0][:MOST_REASONS]
    return speaks_for, [pair for pair in named if pair[1] < 0][:MOST_REASONS]


def mood_words(valence: float, arousal: float) -> str:
    """Put a mood in two words.

    Args:
        valence: -1..1.
        arousal: -1..1.

    Returns:
        Such as `friendly, calm`.
    """
    pair = ((VALENCE_WORDS, valence), (AROUSAL_WORDS, arousal))
    return ", ".join(words[int(np.searchsorted(WORD_BOUNDS, value, side="right"))] for words, value in pair)
