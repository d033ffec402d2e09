"""Track beats of recorded music and align it with a film by small shifts and stretches.

Beat tracking by dynamic programming (Ellis 2007, "Beat Tracking by Dynamic Programming") on an onset
envelope that is listened to block by block. Frames of the envelope last 10 ms.
"""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.music.timing.tempo_map import IMPORTANCE

FRAME_S = 0.01
ONSET_FRAMES = -1.5  # a sound that begins at t peaks at frame t / FRAME_S + 1.5 (measured on clicks)
N_BANDS = 24
LOUDNESS_EXPONENT = 0.3  # Stevens: loudness grows as intensity to this power
TIGHTNESS = 400.0  # what a beat that comes twice too late or early costs, in units of the envelope
TEMPO_SPREAD_OCTAVES = 0.4
LEAST_BPM, MOST_BPM = 40.0, 220.0
MOST_STRETCH = 0.04
HIT_WIDTH_S = 0.03  # a beat this near an event has nearly met it
MOVE_COST = 0.05  # the largest shift and stretch together cost as much as this share of the reward


class OnsetEnvelope:
    """Onset strength of a sound that comes in mono blocks: `envelope` has a value every 10 ms."""

    def __init__(self, sample_rate: int):
        self.hop, self.size = round(sample_rate * FRAME_S), 4 * round(sample_rate * FRAME_S)
        self.window = np.hanning(self.size).astype(np.float32)
        frequencies = np.fft.rfftfreq(self.size, 1 / sample_rate)
        edges = np.geomspace(40.0, min(12_000.0, sample_rate / 2.2), N_BANDS + 1)
        self.band = np.searchsorted(edges, frequencies) - 1  # outside: -1 and N_BANDS
        # silence before the first sound: what begins with the film is an onset too
        self.rest = np.zeros(self.size - self.hop // 2, np.float32)
        self.loudness: list[np.ndarray] = []
        self.power: list[np.ndarray] = []

    def feed(self, block: np.ndarray) -> None:
        """Hear the next block.

        Args:
            block: [n] float, mono; any length.
        """
        sound = np.concatenate([self.rest, block.astype(np.float32)])
        n = max(0, (len(sound) - self.size) // self.hop + 1)
        self.rest = sound[n * self.hop :]
        if n == 0:
            return
        frames = np.lib.stride_tricks.sliding_window_view(sound, self.size)[:: self.hop][:n]
        power = np.abs(np.fft.rfft(frames * self.window)) ** 2
        inside = (self.band >= 0) & (self.band < N_BANDS)
        bands = np.zeros((n, N_BANDS), np.float32)
        np.add.at(bands.T, self.band[inside], power.T[inside])
        self.loudness.append(bands**LOUDNESS_EXPONENT)
        self.power.append(bands.sum(axis=1))

    @property
    def envelope(self) -> np.ndarray:
        """[F] >= 0, standard deviation 1 (all zero for silence)."""
        loudness = np.concatenate([np.zeros((2, N_BANDS), np.float32), *self.loudness])
        rise = np.maximum(loudness[2:] - loudness[:-2], 0).sum(axis=1)
        spread = rise.std()
        return rise / spread if spread > 1e-9 else np.zeros(len(rise))


def find_tempo(envelope: np.ndarray, bpm_prior: float) -> float:
    """Find the strongest period of an onset envelope, with a prior around the requested tempo.

    Args:
        envelope: [F] every 10 ms.
        bpm_prior: tempo that was requested.

    Returns:
        Beats a minute; the prior where nothing is heard.
    """
    lags = np.arange(round(60 / MOST_BPM / FRAME_S), round(60 / LEAST_BPM / FRAME_S) + 1)
    lags = lags[lags < len(envelope) // 2]
    if not len(lags) or not envelope.any():
        return bpm_prior
    centred = envelope - envelope.mean()
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: len(centred)]
    octaves = np.log2(60 / FRAME_S / lags / bpm_prior)
    score = np.maximum(correlation[lags], 0) * np.exp(-0.5 * (octaves / TEMPO_SPREAD_OCTAVES) ** 2)
    best = int(np.argmax(score))
    around = slice(max(0, best - 1), best + 2)
    return 60 / FRAME_S / float(np.average(lags[around], weights=score[around] + 1e-12))


def track_beats(envelope: np.ndarray, bpm: float) -> np.ndarray:
    """Track beats near a tempo (Ellis 2007).

    Args:
        envelope: [F] every 10 ms.
        bpm: tempo.

    Returns:
        [B] seconds, ascending; evenly spaced where nothing is heard.
    """
    period = 60 / bpm / FRAME_S
    offsets = np.arange(round(period / 2), round(2 * period) + 1)
    cost = TIGHTNESS / 100 * np.log(offsets / period) ** 2
    smooth = np.convolve(envelope, np.exp(-0.5 * (np.arange(-8, 9) / (period / 32)) ** 2), mode="same")
    n = len(smooth)
    score, before = smooth.copy(), np.full(n, -1)
    for frame in range(offsets[0], n):
        reach = offsets[offsets <= frame]
        values = score[frame - reach] - cost[: len(reach)]
        best = int(np.argmax(values))
        score[frame] = smooth[frame] + values[best]
        before[frame] = frame - reach[best]
    if n == 0:
        return np.zeros(0)
    frame = n - 1 - int(np.argmax(score[::-1][: max(1, round(period))]))
    beats = []
    while frame >= 0:
        beats.append(frame)
        frame = int(before[frame])
    return (np.array(beats[::-1]) + ONSET_FRAMES) * FRAME_S


@dataclass(frozen=True)
class Alignment:
    """Alignment of recorded music with the film: film time = (music time - start_s) / speed."""

    start_s: float  # time in the music at which the film begins
    speed: float  # 1.04 = four per cent faster
    reward: float  # share of the events' weight that falls on beats, 0..1

    def to_film(self, music_s: np.ndarray) -> np.ndarray:
        """Convert times of the music to times of the film.

        Args:
            music_s: [n] seconds.

        Returns:
            [n] seconds.
        """
        return (np.asarray(music_s) - self.start_s) / self.speed


def place(
    beats_s: np.ndarray, lead_s: float, event_times_s: np.ndarray, event_weights: np.ndarray, kinds: list[str]
) -> Alignment:
    """Find the placing that puts most events on beats: half a beat from lead_s at most, 4 % faster or slower.

    Args:
        beats_s: [B] beats in the music, seconds.
        lead_s: how long the music begins before the film.
        event_times_s: [E] of the film.
        event_weights: [E] 0..1.
        kinds: [E] names of types.EVENT_KINDS.

    Returns:
        Beginning, speed and share of the events' weight on beats; unmoved without beats or events.
    """
    still = Alignment(lead_s, 1.0, 0.0)
    if len(beats_s) < 3 or not len(event_times_s):
        return still
    importance = event_weights * np.array([IMPORTANCE[kind] for kind in kinds])
    half_beat_s = min(float(np.median(np.diff(beats_s))) / 2, lead_s)
    shifts = np.linspace(-half_beat_s, half_beat_s, 2 * int(np.ceil(half_beat_s / 0.01)) + 1)
    speeds = 1 + np.linspace(-MOST_STRETCH, MOST_STRETCH, 33)
    music_s = lead_s + shifts[None, :, None] + speeds[:, None, None] * event_times_s  # [speeds, shifts, E]
    met = np.exp(-0.5 * (_distance(beats_s, music_s) / speeds[:, None, None] / HIT_WIDTH_S) ** 2)
    reward = met @ importance / importance.sum()
    move = np.abs(shifts) / max(half_beat_s, 1e-9) + np.abs(speeds[:, None] - 1) / MOST_STRETCH
    speed, shift = np.unravel_index(np.argmax(reward - MOVE_COST / 2 * move), reward.shape)
    return Alignment(lead_s + float(shifts[shift]), float(speeds[speed]), float(reward[speed, shift]))


def _distance(beats_s: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Seconds to the nearest beat."""
    after = np.clip(np.searchsorted(beats_s, times_s), 1, len(beats_s) - 1)
    return np.minimum(np.abs(times_s - beats_s[after - 1]), np.abs(times_s - beats_s[after]))
