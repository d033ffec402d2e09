"""Find steady partials of a sound, which notes have and noise, voices and engines have not.

Spectral peaks that stand out from their surroundings are followed from frame to frame (McAulay and Quatieri,
"Speech analysis/synthesis based on a sinusoidal representation", 1986); only tracks that last and hardly move
are kept.
"""

from dataclasses import dataclass, field

import numpy as np

from dyvim_cli.filters import window_mean

SAMPLE_RATE = 16_000  # Hz
FRAME, HOP = 4096, 512  # samples: 3.9 Hz a bin, a frame every 32 ms
HOP_S = HOP / SAMPLE_RATE
LOW_BIN, HIGH_BIN = 25, 1024  # 100 Hz to 4 kHz: below, semitones are closer than bins
SURROUNDINGS = 41  # bins whose mean level a peak must stand out from
PROMINENCE_DB = 13.0
RANGE_DB = 40.0  # range below the frame's highest peak in which partials are searched for
STEP_SEMITONES = 0.25  # a partial moves no further from frame to frame
STEADY_SEMITONES = 0.35  # furthest that a steady partial moves in its whole life
STEADY_FRAMES = 6  # 190 ms: an eighth note at 158 beats a minute


@dataclass
class Partial:
    """A partial that is followed: semitones from A4 and power, one value per frame."""

    start: int  # frame
    pitches: list[float] = field(default_factory=list)
    powers: list[float] = field(default_factory=list)

    @property
    def is_steady(self) -> bool:
        """True if it lasts and holds its pitch."""
        return len(self.pitches) >= STEADY_FRAMES and float(np.ptp(self.pitches)) < STEADY_SEMITONES


def within(partial: Partial, kept: np.ndarray) -> Partial | None:
    """Cut a partial to the frames that are kept.

    Args:
        partial: with a value per frame.
        kept: [F] bool, of all frames.

    Returns:
        Its longest stretch in them, None without one.
    """
    end = partial.start + len(partial.powers)
    edges = np.flatnonzero(np.diff(np.pad(kept[partial.start : end].astype(np.int8), 1))).reshape(-1, 2)
    if not len(edges):
        return None
    first, last = edges[np.argmax(edges[:, 1] - edges[:, 0])].tolist()
    return Partial(partial.start + first, partial.pitches[first:last], partial.powers[first:last])


def steady_partials(samples: np.ndarray) -> tuple[list[Partial], np.ndarray]:
    """Find the partials that last and hardly move.

    Args:
        samples: [n] float, mono, at SAMPLE_RATE.

    Returns:
        (the partials, [F] power within their band, one per frame); none below one frame.
    """
    if len(samples) < FRAME:
        return [], np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(FRAME).astype(np.float32), axis=1))
    spectra = spectra[:, LOW_BIN - SURROUNDINGS // 2 : HIGH_BIN + SURROUNDINGS // 2]
    found = _followed(_peaks(spectra))
    return [partial for partial in found if partial.is_steady], (spectra**2).sum(axis=1)


def _peaks(spectra: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Spectral peaks of every frame: (pitches in semitones from A4, powers)."""
    levels = 20 * np.log10(spectra + 1e-7)
    surroundings = window_mean(levels, SURROUNDINGS, "symmetric")
    middle = levels[:, 1:-1]
    is_peak = (middle > levels[:, :-2]) & (middle >= levels[:, 2:])
    is_peak &= middle > surroundings[:, 1:-1] + PROMINENCE_DB
    is_peak &= middle > levels.max(axis=1, keepdims=True) - RANGE_DB
    return [_located(frame, spectrum, np.flatnonzero(peaks) + 1)
            for frame, spectrum, peaks in zip(levels, spectra, is_peak, strict=True)]  # fmt: skip


def _located(levels: np.ndarray, spectrum: np.ndarray, bins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pitches and powers of the peaks at `bins`, placed between the bins by a parabola."""
    left, top, right = levels[bins - 1], levels[bins], levels[bins + 1]
    offsets = 0.5 * (left - right) / (left - 2 * top + right - 1e-9)
    hertz = (bins + offsets + LOW_BIN - SURROUNDINGS // 2) * SAMPLE_RATE / FRAME
    return 12 * np.log2(hertz / 440), 1.5 * spectrum[bins] ** 2  # a Hann peak spreads over 1.5 bins


def _followed(frames: list[tuple[np.ndarray, np.ndarray]]) -> list[Partial]:
    """Partials through the peaks of successive frames: each continues to the nearest peak still free."""
    living: list[Partial] = []
    ended: list[Partial] = []
    for number, (pitches, powers) in enumerate(frames):
        free = np.ones(len(pitches), bool)
        gone_on = []
        for partial in living:
            nearest = int(np.abs(pitches - partial.pitches[-1]).argmin()) if len(pitches) else -1
            near = nearest >= 0 and abs(pitches[nearest] - partial.pitches[-1]) < STEP_SEMITONES
            if near and free[nearest]:
                free[nearest] = False
                partial.pitches.append(float(pitches[nearest]))
                partial.powers.append(float(powers[nearest]))
                gone_on.append(partial)
            else:
                ended.append(partial)
        begun = [Partial(number, [float(pitches[i])], [float(powers[i])]) for i in np.flatnonzero(free)]
        living = gone_on + begun
    return ended + living
