"""Resample a film's features to the music's grid, as the curves that training took from music.

Both sides are ranked, so that their distributions meet (V2M-Zero); on the film's side the rank only
counts as far as the motion really differs, so that a still film stays calm.
"""

import numpy as np

from dyvim_cli.model.conditioning.decoder_inputs import D_MOTION
from dyvim_cli.types import EVENT_KINDS, STEPS_PER_BAR, FilmFeatures, TempoMap

# Picture widths a second: what reads as stillness, and as all the motion there is.
STILL_MOTION, FULL_MOTION = 0.004, 0.8
MOST_TRUST, WIDE_SPREAD = 0.7, 0.25  # share of the rank where the middle 80 % of the motion spread so widely
SLOW_STEPS = (
    STEPS_PER_BAR // 2
)  # energy is averaged over this many steps: the music follows scenes, not frames
CUT = EVENT_KINDS.index("cut")


def motion_on_scale(energy: np.ndarray) -> np.ndarray:
    """Put motion on a logarithmic scale.

    Args:
        energy: [T] mean flow in picture widths a second.

    Returns:
        [T] 0 (still) .. 1 (FULL_MOTION and more).
    """
    low, high = np.log(STILL_MOTION), np.log(FULL_MOTION)
    return np.clip((np.log(energy + 1e-6) - low) / (high - low), 0.0, 1.0)


def ranks(values: np.ndarray) -> np.ndarray:
    """Rank values among all; equal ones keep their own order.

    Args:
        values: [n].

    Returns:
        [n] 0..1.
    """
    return values.argsort(kind="stable").argsort(kind="stable") / max(len(values) - 1, 1)


def ranked_energy(energy: np.ndarray) -> np.ndarray:
    """Mix scale and rank of the motion; the rank counts as far as there is a spread to rank.

    Args:
        energy: [S] mean flow in picture widths a second.

    Returns:
        [S] 0..1; 0 for what is still.
    """
    if len(energy) == 0:
        return energy
    scaled = motion_on_scale(energy)
    spread = np.subtract(*np.percentile(scaled, [90, 10]))
    trust = MOST_TRUST * np.clip(spread / WIDE_SPREAD, 0.0, 1.0)
    return np.where(scaled > 0, (1 - trust) * scaled + trust * ranks(scaled), 0.0)


def step_means(values: np.ndarray, times_s: np.ndarray, step_times_s: np.ndarray) -> np.ndarray:
    """Average frame values within each grid step.

    Args:
        values: [T, ...] of the frames.
        times_s: [T] of the frames, ascending.
        step_times_s: [S + 1] where steps begin and end.

    Returns:
        [S, ...]; steps without a frame interpolate.
    """
    centres = (step_times_s[:-1] + step_times_s[1:]) / 2
    flat = values.reshape(len(values), -1)
    index = np.searchsorted(step_times_s, times_s, side="right") - 1
    inside = (index >= 0) & (index < len(centres))
    counts = np.bincount(index[inside], minlength=len(centres))
    columns = []
    for column in flat.T:
        sums = np.bincount(index[inside], weights=column[inside], minlength=len(centres))
        between = np.interp(centres, times_s, column)
        columns.append(np.where(counts > 0, sums / np.maximum(counts, 1), between))
    return np.stack(columns, axis=1).reshape(len(centres), *values.shape[1:])


def smooth(values: np.ndarray, n_steps: int) -> np.ndarray:
    """Take the moving mean, the ends held.

    Args:
        values: [S].
        n_steps: width of the mean.

    Returns:
        [S].
    """
    padded = np.pad(values, (n_steps // 2, n_steps - 1 - n_steps // 2), mode="edge")
    return np.convolve(padded, np.full(n_steps, 1 / n_steps), mode="valid")


def accent_strength(weight: float) -> float:
    """Turn an event's weight into the strength of its accent: a hint for doubtful ones.

    Smoothstep. Of the events lighter than .3 one in twenty is one to the judge of `dyvim evaluate`, of those
    from .4 on six in ten, of those from .8 on nearly all (34 films). Against a power of 1.5 and the decoder
    that went with it: events hit on edited films .84 -> .86, on single takes .45 -> .47.

    Args:
        weight: 0..1.

    Returns:
        0..1.
    """
    return weight * weight * (3 - 2 * weight)


def film_curves(
    features: FilmFeatures, tempo_map: TempoMap, lightest: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sample a film's events and motion on the grid.

    Args:
        features: motion, events, scenes and style of the film.
        tempo_map: the grid with its hits, S steps.
        lightest: accents of less strength are left out.

    Returns:
        Hit [S], cut [S] and energy [S], each 0..1.
    """
    n_steps = tempo_map.n_steps
    hit, cut = np.zeros(n_steps), np.zeros(n_steps)
    for event in tempo_map.hits:
        step = min(event.step, n_steps - 1)
        weight = accent_strength(event.weight)
        if weight < lightest:
            continue
        hit[step] = max(hit[step], weight)
        if event.kind == EVENT_KINDS[CUT]:
            cut[step] = 1.0
    energy = step_means(features.energy.astype(np.float64), features.times_s, tempo_map.step_times_s)
    return hit, cut, ranked_energy(smooth(energy, SLOW_STEPS))


def motion_features(features: FilmFeatures, tempo_map: TempoMap) -> np.ndarray:
    """Sample the motion encoder's z_d on the grid, standardised over the film.

    Args:
        features: motion, events, scenes and style of the film.
        tempo_map: the grid, S steps.

    Returns:
        [S, D_MOTION] float32, clipped at 4 deviations.
    """
    z = step_means(features.dynamics.astype(np.float64), features.times_s, tempo_map.step_times_s)
    z = (z - z.mean(axis=0)) / (z.std(axis=0) + 1e-3)
    return np.clip(z[:, :D_MOTION], -4, 4).astype(np.float32)
