"""Choose directions for a film's takes: likely styles, then other moods."""

from dataclasses import replace
from typing import Any

import numpy as np

from dyvim_cli.options import ComposeOptions
from dyvim_cli.types import STYLES, FilmFeatures

LIKELY = 0.25  # of the likeliest style's score; what is less likely is no direction
FEWEST_STYLES = 3  # are tried all the same
MOODS = (0.0, 0.45, -0.45)  # added to the arousal by turns, as a style comes again: tempo and density follow


def directions(features: FilmFeatures, options: ComposeOptions, n_takes: int) -> list[ComposeOptions]:
    """Choose options of pieces that really differ; the first is what the film gets without takes.

    Styles go round by likelihood unless one is asked for; every take has a seed of its own.

    Args:
        features: what was seen of the film.
        options: of the composer.
        n_takes: how many.

    Returns:
        One per take.
    """
    drawn = style_of(features, options)
    others = [] if options.style else [style for style in likely_styles(features) if style != drawn]
    styles = [drawn, *others]
    return [_direction(features, options, styles, i) for i in range(n_takes)]


def style_of(features: FilmFeatures, options: ComposeOptions) -> str:
    """Find the style that the film gets without takes: the one asked for, else drawn among the likely.

    Args:
        features: what was seen of the film.
        options: of the composer.

    Returns:
        Its name.
    """
    from dyvim_cli.model.compose.character import choose_character, with_own_seed

    own = with_own_seed(features, options)
    return choose_character(features, own, np.random.default_rng(own.seed)).style


def likely_styles(features: FilmFeatures) -> list[str]:
    """List styles that suit a film.

    Args:
        features: what was seen of the film.

    Returns:
        Names, the likeliest first; FEWEST_STYLES at least.
    """
    order = np.argsort(-features.style_scores, kind="stable")
    scores = features.style_scores[order]
    n = max(FEWEST_STYLES, int(np.count_nonzero(scores >= LIKELY * scores[0])))
    return [STYLES[i] for i in order[:n]]


def _direction(features: FilmFeatures, options: ComposeOptions, styles: list[str], i: int) -> ComposeOptions:
    turn = i // len(styles)
    change: dict[str, Any] = {"style": styles[i % len(styles)], "seed": options.seed + i}
    lift = MOODS[turn % len(MOODS)]
    if lift:
        change["mood"] = _lifted(options.mood or _seen_mood(features), lift)
    return replace(options, **(change if i else {}))


def _seen_mood(features: FilmFeatures) -> tuple[float, float]:
    moods = features.scene_moods
    valence, arousal = moods.mean(axis=0) if len(moods) else (0.0, 0.0)
    return float(valence), float(arousal)


def _lifted(mood: tuple[float, float], lift: float) -> tuple[float, float]:
    """A mood with more or less arousal; where there is no room, with as much less or more. Two decimals."""
    valence, arousal = mood
    lift = lift if -1 <= arousal + lift <= 1 else -lift
    return round(valence, 2), round(float(np.clip(arousal + lift, -1, 1)), 2)
