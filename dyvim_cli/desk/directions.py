"""Choose directions for a film's takes: styles and tempi apart, as the film is seen, livelier and calmer."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from dyvim_cli.options import ComposeOptions
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STYLES, FilmFeatures, TempoMap

LIKELY = 0.25  # share of the likeliest style's score below which a style is no direction
FEWEST_STYLES = 3  # are tried all the same
TEMPO_DECIMALS = 2  # decimals of the tempo (beats a minute) that a take's command says
APART = 1.12  # least ratio of two takes' tempi, wherever the styles leave room for it
TRIED = 32  # tempi of a style, evenly from its slowest to its fastest
FAR = 0.5  # share of the film's events that an octave away from the wanted tempo is worth
MET_S = 0.02  # sound so near a picture reads as together with it
CUTS = 3.0  # how much more a cut weighs than another event, when tempi are compared


class Turn(NamedTuple):
    """Change of a take relative to the film's own plan."""

    lift: float  # added to the arousal, on which the density hangs
    tempo: float  # factor of the first take's tempo


# directions in turn: as seen, livelier, calmer
TURNS = (Turn(0.0, 1.0), Turn(0.45, 1.2), Turn(-0.45, 1 / 1.2))


def directions(features: FilmFeatures, options: ComposeOptions, n_takes: int) -> list[ComposeOptions]:
    """Choose options of takes that really differ; the first is the piece that a single take would be.

    Styles go round by likelihood unless one is asked for; every take has a seed and, unless one is asked for,
    a tempo of its own.

    Args:
        features: motion, events, scenes and style of the film.
        options: of the composer.
        n_takes: how many.

    Returns:
        One per take.
    """
    drawn = style_of(features, options)
    styles = [drawn, *([] if options.style else _others(features, drawn))]
    asked = [options, *(_in_mood(features, options, styles, i) for i in range(1, n_takes))]
    return asked[:n_takes] if options.tempo_bpm is not None else _in_own_tempi(features, asked)[:n_takes]


def _in_own_tempi(features: FilmFeatures, asked: list[ComposeOptions]) -> list[ComposeOptions]:
    """The takes, each but the first with a tempo that no other take is near."""
    found, tempi = list(asked), [fitted_grid(features, asked[0]).bpm]
    for i in _least_room_first(asked, tempi[0]):
        tempi.append(_own_tempo(features, asked[i], tempi[0] * TURNS[i % len(TURNS)].tempo, tempi))
        found[i] = replace(asked[i], tempo_bpm=tempi[-1])
    return found


def _least_room_first(asked: list[ComposeOptions], first_bpm: float) -> list[int]:
    """Numbers of the takes but the first: the livelier before the calmer where there is no room above."""
    if len(asked) < 3:
        return [*range(1, len(asked))]
    _, high = RECORDS[str(asked[1].style)].palette.bpm
    is_fast = first_bpm * TURNS[1].tempo > high
    return [*((1, 2) if is_fast else (2, 1)), *range(3, len(asked))]


def style_of(features: FilmFeatures, options: ComposeOptions) -> str:
    """Find the style that the film gets without takes: the one asked for, else drawn among the likely.

    Args:
        features: motion, events, scenes and style of the film.
        options: of the composer.

    Returns:
        Its name.
    """
    from dyvim_cli.model.compose.character import choose_character, with_own_seed

    own = with_own_seed(features, options)
    return choose_character(features, own).style


def _others(features: FilmFeatures, drawn: str) -> list[str]:
    """Other likely styles; of the first two the faster one comes first, as the livelier take has it."""
    others = [style for style in likely_styles(features) if style != drawn]
    return sorted(others[:2], key=lambda style: -np.prod(RECORDS[style].palette.bpm)) + others[2:]


def likely_styles(features: FilmFeatures) -> list[str]:
    """List styles that suit a film.

    Args:
        features: motion, events, scenes and style of the film.

    Returns:
        Names, the likeliest first; FEWEST_STYLES at least.
    """
    order = np.argsort(-features.style_scores, kind="stable")
    scores = features.style_scores[order]
    n = max(FEWEST_STYLES, int(np.count_nonzero(scores >= LIKELY * scores[0])))
    return [STYLES[i] for i in order[:n]]


def fitted_grid(features: FilmFeatures, options: ComposeOptions) -> TempoMap:
    """Lay the grid that a piece gets.

    Args:
        features: motion, events, scenes and style of the film.
        options: of the composer.

    Returns:
        Its tempo map with the hits.
    """
    from dyvim_cli.model.compose.character import choose_character, fit_grid, with_own_seed

    own = with_own_seed(features, options)
    return fit_grid(features, choose_character(features, own), own)


def _own_tempo(features: FilmFeatures, asked: ComposeOptions, wanted: float, taken: list[float]) -> float:
    """A tempo of the style apart from those taken that meets the film's events, near the wanted one."""
    low, high = RECORDS[str(asked.style)].palette.bpm
    tempi = np.round(np.geomspace(low, high, TRIED), TEMPO_DECIMALS)
    room = np.abs(np.log(tempi[:, None] / np.array(taken))).min(axis=1)
    apart = tempi[room >= np.log(APART)] if room.max() >= np.log(APART) else tempi[[room.argmax()]]
    beyond = apart[apart > max(taken)] if wanted > taken[0] else apart[apart < min(taken)]
    apart = beyond if len(beyond) else apart

    def worth(bpm: float) -> float:
        grid = fitted_grid(features, replace(asked, tempo_bpm=bpm))
        return _share_met(grid) - FAR * abs(np.log2(bpm / wanted))

    return max(apart.tolist(), key=worth)


def _share_met(grid: TempoMap) -> float:
    """Share of the events' weights that the grid's beats meet; cuts count the more."""
    heavy = np.array([hit.weight * (CUTS if hit.kind == "cut" else 1.0) for hit in grid.hits])
    met = np.array([hit.on_beat and abs(hit.error_s) <= MET_S for hit in grid.hits], float)
    return float((heavy * met).sum() / max(heavy.sum(), 1e-9))


def _in_mood(features: FilmFeatures, options: ComposeOptions, styles: list[str], i: int) -> ComposeOptions:
    """Options of take i but for its tempo."""
    asked = replace(options, style=styles[i % len(styles)], seed=options.seed + i)
    lift = TURNS[i % len(TURNS)].lift
    return replace(asked, mood=_lifted(options.mood or _seen_mood(features), lift)) if lift else asked


def _seen_mood(features: FilmFeatures) -> tuple[float, float]:
    moods = features.scene_moods
    valence, arousal = moods.mean(axis=0) if len(moods) else (0.0, 0.0)
    return float(valence), float(arousal)


def _lifted(mood: tuple[float, float], lift: float) -> tuple[float, float]:
    """A mood with more or less arousal, as far as there is room. Two decimals."""
    valence, arousal = mood
    return round(valence, 2), round(float(np.clip(arousal + lift, -1, 1)), 2)
