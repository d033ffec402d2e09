"""Draw the gain curve that ducks the music under the film's own sound.

Under speech the music goes down just before the first word, rests through the whole phrase and comes back
gently; where the film's own sound is music, ours is silent. The film's own sound is never filtered.
"""

import numpy as np

from dyvim_cli.hearing import spans
from dyvim_cli.media.loudness import FLOOR_DB, LEVEL_RATE_HZ, mean_level_db
from dyvim_cli.types import OwnSound

CLEAR_DB = 14.0  # speech over music in its band, over a phrase's words: 10 are promised, pauses and all
CLEAR_MOMENT_DB = 11.5  # the same over the words in any stretch of MOMENT_S
MOMENT_S, MOMENT_STEP_S = 1.0, 0.25
# additional reduction where own sound is at full scale: clipping takes from it what the music adds
BESIDE_CLIPPED_DB = 8.0
BESIDE_LIMITED_DB = 2.0  # additional reduction: with music, own sound meets the limiter more often
DEEPEST_DB = -40.0
ATTACK_S = 0.12  # the music is lowered this long before a word
HOLD_S, RELEASE_S = 0.2, 0.8  # it waits, then comes back
PHRASE_GAP_S = 2.2  # pauses shorter than this would only be heard as pumping
ASIDE_OUT_S, ASIDE_IN_S = 1.0, 1.5  # fades before and after the film's own music
# shortest gap between two pieces of the film's own music in which a phrase of ours has room
ASIDE_GAP_S = 6.0


def phrases(speech: np.ndarray) -> np.ndarray:
    """Find the speech under which the music stays down.

    Args:
        speech: [N, 2] spans in seconds.

    Returns:
        [P, 2] seconds; short pauses are closed.
    """
    return spans.joined(speech, PHRASE_GAP_S)


def aside_spans(own: OwnSound) -> np.ndarray:
    """Find where the music steps aside for the film's own.

    Args:
        own: what was heard of the film.

    Returns:
        [M, 2] seconds.
    """
    found = spans.joined(own.music_s, ASIDE_GAP_S).copy()
    if len(found):  # what is left at either end has no room for music either
        found[0, 0] = 0.0 if found[0, 0] < ASIDE_GAP_S else found[0, 0]
        found[-1, 1] = own.duration_s if own.duration_s - found[-1, 1] < ASIDE_GAP_S else found[-1, 1]
    return found


def depths_db(speech_s: np.ndarray, own_levels_db: np.ndarray, music_levels_db: np.ndarray) -> np.ndarray:
    """[P] how far the music goes down under each phrase, at most 0.

    Args:
        speech_s: [N, 2] spans of speech in seconds.
        own_levels_db: [n] of the own sound as it is in the mix, speech band, LEVEL_RATE_HZ.
        music_levels_db: [m] of the music at its level in the mix, likewise.

    Returns:
        [P] dB, at most 0.
    """
    talk = spans.flags_of(speech_s, 1 / LEVEL_RATE_HZ, len(own_levels_db))
    found = []
    for start, end in phrases(speech_s):
        span = slice(round(start * LEVEL_RATE_HZ), round(end * LEVEL_RATE_HZ))
        missing = max(0, span.stop - len(music_levels_db))
        played = np.pad(music_levels_db, (0, missing), constant_values=FLOOR_DB)
        found.append(min(0.0, _room_db(own_levels_db[span], played[span], talk[span])))
    return np.maximum(np.array(found), DEEPEST_DB)


def _room_db(said: np.ndarray, played: np.ndarray, spoken: np.ndarray) -> float:
    """Gain of the music that leaves a phrase clear, on the whole and in each of its moments.

    Args:
        said: [n] dB of the own sound.
        played: [n or more] dB of the music.
        spoken: [n] bool, where there is a word.
    """
    played = played[: len(said)]
    room = mean_level_db(said[spoken]) - CLEAR_DB - mean_level_db(played[spoken])
    step, size = round(MOMENT_STEP_S * LEVEL_RATE_HZ), round(MOMENT_S * LEVEL_RATE_HZ)
    for start in range(0, max(1, len(said) - size + step), step):
        part = slice(start, start + size)
        if spoken[part].sum() >= size // 2:  # in less, a word's soft end would count for a sentence
            moment = mean_level_db(said[part]) - CLEAR_MOMENT_DB - mean_level_db(played[part])
            room = min(room, moment)
    return room


def gain_curve(own: OwnSound, depths: np.ndarray, aside: np.ndarray, duration_s: float) -> np.ndarray:
    """Draw the gain of the music: 1 where nothing else wants to be heard.

    Args:
        own: what was heard of the film.
        depths: [P] dB under each of the own sound's phrases.
        aside: [M, 2] seconds of silence.
        duration_s: of the output.

    Returns:
        [n] float32 linear, LEVEL_RATE_HZ.
    """
    times = np.arange(round(duration_s * LEVEL_RATE_HZ) + 1) / LEVEL_RATE_HZ
    gain_db = np.zeros(len(times))
    for (start, end), depth in zip(phrases(own.speech_s), depths, strict=True):
        low = _trapezium(times, start - ATTACK_S, start, end + HOLD_S, end + HOLD_S + RELEASE_S)
        gain_db = np.minimum(gain_db, depth * low)
    gain = 10 ** (gain_db / 20)
    for start, end in aside:
        gone = _trapezium(times, start - ASIDE_OUT_S, start, end, end + ASIDE_IN_S)
        gain *= np.where(gone >= 1, 0.0, 1 - gone)
    return gain.astype(np.float32)


def _trapezium(times: np.ndarray, rises: float, up: float, falls: float, down: float) -> np.ndarray:
    """0 outside, 1 between `up` and `falls`, rounded slopes (half a cosine) between."""
    slope = np.interp(times, [rises, up, falls, down], [0.0, 1.0, 1.0, 0.0])
    return 0.5 - 0.5 * np.cos(np.pi * slope)
