"""Score musical styles by what a film shows and how it moves.

Every measure is about -1..1 and 0 for a typical film, or for content that is not seen. A style's score is the
softmax of (row x measures); the rows (record.Style.affinities) were written down first and then leaned, by
tenths, towards a set of moments that people had labelled (tests/data/style_labels.json).
"""

import numpy as np

from dyvim_cli.stylebook import RECORDS, STYLES
from dyvim_cli.vision.content import GROUPS

# what a film is measured by, beside how much of each content group is seen
PACE = ("valence", "arousal", "camera", "subject", "cuts")  # mood; what moves; how often it is cut
LIGHT = ("warmth", "variety", "painted", "backdrop", "darkness")  # of the subject; of the picture
MEASURES = ("start", *PACE, *LIGHT, *GROUPS)

AFFINITIES = {name: style.affinities for name, style in RECORDS.items() if style.affinities is not None}
# the styles that a film may be given without a person's asking, by their place in STYLES
CHOSEN = [STYLES.index(name) for name in AFFINITIES]
SHARPNESS = 2.5  # of the softmax over styles
CLOSE = 0.8  # of the best score: a style that reaches it might as well have been chosen
LEAST_SHARE = 0.05  # of a logit: what moves a style by less is no reason
MOST_REASONS = 4  # on each side of an explanation

VALENCE_WORDS = ("dark", "sombre", "neutral", "friendly", "bright")
AROUSAL_WORDS = ("still", "calm", "moderate", "lively", "driving")
WORD_BOUNDS = (-0.5, -0.15, 0.15, 0.5)  # of valence and arousal, -1..1, between one word and the next


def style_scores(measures: dict[str, float], content: np.ndarray) -> np.ndarray:
    """Soft scores [len(STYLES)] float32, sum 1, 0 for styles that are only played when asked for.

    They are the softmax of affinities x measures + content, logits [len(AFFINITIES)].
    """
    measures = {"start": 1.0} | measures
    logits = [sum(w * measures.get(m, 0.0) for m, w in row.items()) for row in AFFINITIES.values()]
    logits = SHARPNESS * (np.array(logits) + content)
    scores = np.exp(logits - logits.max())
    all_scores = np.zeros(len(STYLES), dtype=np.float32)
    all_scores[CHOSEN] = scores / scores.sum()
    return all_scores


def as_row(measures: dict[str, float]) -> np.ndarray:
    """[len(MEASURES)] float32, in the order of MEASURES; 0 for what was not measured."""
    row = {"start": 1.0} | measures
    return np.array([row.get(name, 0.0) for name in MEASURES], dtype=np.float32)


def close_styles(scores: np.ndarray) -> list[tuple[str, float]]:
    """(style, score) of the best and those close to it, best first, from scores [len(STYLES)]."""
    order = np.argsort(-scores, kind="stable")
    return [(STYLES[i], float(scores[i])) for i in order if scores[i] >= CLOSE * scores.max()]


def draw_style(scores: np.ndarray, rng: np.random.Generator) -> str:
    """The best style or, where others come close, one of them, by chance in proportion to the scores."""
    close = close_styles(scores)
    shares = np.array([score for _, score in close])
    return close[int(rng.choice(len(close), p=shares / shares.sum()))][0] if len(close) > 1 else close[0][0]


def reasons(row: np.ndarray, style: str) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """(for, against) a style: measures and how far each moves it beside the mean of all styles, most first.

    row [len(MEASURES)]: what as_row gave. Nothing speaks for or against a style that films are not given.
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
    """A mood, each -1..1, in two words: `friendly, calm`."""
    pair = ((VALENCE_WORDS, valence), (AROUSAL_WORDS, arousal))
    return ", ".join(words[int(np.searchsorted(WORD_BOUNDS, value, side="right"))] for words, value in pair)
