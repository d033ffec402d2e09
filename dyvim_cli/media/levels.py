"""Levels of the film's own sound and of the music in the mix.

The film's own sound comes first: it keeps its level unless another is asked for. Under a film that speaks the
music follows the voice; without speech it makes up what the film's own sound leaves of the usual loudness.
When a loudness is asked for, voice and music move together; noise alone is never raised: the music is.
"""

from dataclasses import dataclass, replace

import numpy as np

from dyvim_cli.types import TARGET_LUFS, OwnSound

UNDER_VOICE_LU = 3.0  # the music in the pauses, below the voice
SOFTEST_LUFS = -50.0  # least loudness of music that follows a voice
LEAST_BESIDE_NOISE_LUFS = -18.0  # least loudness of music under loud own sound that is no speech
USUAL_PEAK_DBTP = -1.0
CLIPPED_AT_DB = -0.45  # peak relative to full scale from which on AAC's encoder turns sound down
LOSSY_DB = 1.4  # largest overshoot of a lossy encoder
MOST_CHANGE_DB = 40.0
# most that peaks of both together may be turned down by, the film's own sound with them
BESIDE_MUSIC_DB = 2.0
LEAST_STEP_DB = 0.5  # least step by which music is lowered for which there is no room
MOST_LOWERED_DB = 6.0  # most that music is lowered where the film's own peaks leave no room


@dataclass(frozen=True)
class Levels:
    """Gains in dB."""

    own_gain_db: float
    music_gain_db: float


def usual_levels(
    own: OwnSound, music_lufs: float, own_gain_db: float = 0.0, music_gain_db: float = 0.0
) -> Levels:
    """Levels when no loudness is asked for.

    Args:
        own: the film's own sound.
        music_lufs: loudness of the music as it was given.
        own_gain_db: asked for on top.
        music_gain_db: asked for on top.

    Returns:
        Gains of both.
    """
    return Levels(own_gain_db, _music_lufs(own, own_gain_db) - music_lufs + music_gain_db)


def _music_lufs(own: OwnSound, own_gain_db: float) -> float:
    """Loudness of the music where the film's own sound leaves room."""
    own_lufs = own.loudness_lufs + own_gain_db
    if len(own.speech_s):
        return float(np.clip(own_lufs - UNDER_VOICE_LU, SOFTEST_LUFS, TARGET_LUFS))
    return max(_remainder(TARGET_LUFS, own_lufs), LEAST_BESIDE_NOISE_LUFS)


def _remainder(whole_lufs: float, part_lufs: float) -> float:
    """Loudness of the rest of a mix, from those of the whole and a part; -inf where the part is louder."""
    power = 10 ** (whole_lufs / 10) - 10 ** (part_lufs / 10)
    return 10 * float(np.log10(power)) if power > 0 else -np.inf


def to_loudness(levels: Levels, own: OwnSound, found_lufs: float, target_lufs: float) -> Levels:
    """Bring a mix from the loudness that was found to the one that is requested.

    Speech and music move together, and so does everything that must become softer. Without speech, and
    the film's own sound is no music, ours alone is raised.

    Args:
        levels: gains that gave the loudness.
        own: the film's own sound.
        found_lufs: of the mix.
        target_lufs: requested loudness.

    Returns:
        Other gains.
    """
    change = float(np.clip(target_lufs - found_lufs, -MOST_CHANGE_DB, MOST_CHANGE_DB))
    if change > 0 and not len(own.speech_s) and not len(own.music_s):
        wanted = _remainder(target_lufs, own.loudness_lufs + levels.own_gain_db)
        present = _remainder(found_lufs, own.loudness_lufs + levels.own_gain_db)
        if np.isfinite(wanted) and np.isfinite(present):
            change = min(wanted - present, MOST_CHANGE_DB)
        return replace(levels, music_gain_db=levels.music_gain_db + change)
    return Levels(levels.own_gain_db + change, levels.music_gain_db + change)


@dataclass(frozen=True)
class Ceiling:
    """Peak limit of the mix before encoding."""

    db: float  # dB relative to full scale
    clips: bool = False  # True: higher samples are clipped instead of limited


def ceiling_of(wanted_dbtp: float | None, own_peak_db: float | None = None) -> Ceiling:
    """The ceiling of a mix.

    Args:
        wanted_dbtp: true peak that was requested; None where none was.
        own_peak_db: true peak of the film's own sound in the mix. Unasked, it keeps the peaks it came with:
            at full scale a limiter would turn it down wherever music is added.

    Returns:
        Where peaks are held, before a lossy coding raises them.
    """
    limit = (USUAL_PEAK_DBTP if wanted_dbtp is None else wanted_dbtp) - LOSSY_DB
    if wanted_dbtp is not None or own_peak_db is None or own_peak_db <= limit:
        return Ceiling(limit)
    return Ceiling(min(own_peak_db, CLIPPED_AT_DB), clips=own_peak_db > USUAL_PEAK_DBTP)


def lower_music(levels: Levels, beside_db: float, lowest_db: float) -> Levels:
    """Lower the music by what its peaks beside the film's own are too high.

    Args:
        levels: of both.
        beside_db: that the highest peak of both together is turned down by.
        lowest_db: gain below which the music is not lowered.

    Returns:
        The same where nothing is to be lowered.
    """
    if beside_db <= BESIDE_MUSIC_DB:
        return levels
    step_db = max(LEAST_STEP_DB, beside_db - BESIDE_MUSIC_DB)
    return replace(levels, music_gain_db=max(lowest_db, levels.music_gain_db - step_db))


def is_crowded(own_peak_db: float, music_peak_db: float, ceiling: Ceiling) -> bool:
    """Tell whether peaks of own sound and music may be turned down by more than BESIDE_MUSIC_DB.

    Args:
        own_peak_db: true peak of the film's own sound in the mix.
        music_peak_db: true peak of the music in the mix.
        ceiling: of the mix.

    Returns:
        False where both peaks together leave room, and where peaks are cut off instead.
    """
    both_db = 20 * np.log10(10 ** (own_peak_db / 20) + 10 ** (music_peak_db / 20))
    return not ceiling.clips and bool(both_db > ceiling.db + BESIDE_MUSIC_DB)
