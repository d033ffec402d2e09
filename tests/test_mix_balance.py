"""The sound of the whole: as wide as a record is, and bright where there are cymbals."""

import numpy as np
import pytest
from helpers.music_levels import measured_lufs, stem_blocks
from helpers.songs import C_MAJOR, RATE, grid, song

from dyvim_cli.music.mixing.mastering import produce
from dyvim_cli.music.performance.perform import perform
from dyvim_cli.music.symbols import tokens
from dyvim_cli.music.synth.soundfont import shipped_soundfont
from dyvim_cli.types import STYLES

CYMBALS = ("pop", "electronic", "jazz", "rock")
SIDE_DB = (-12.0, -4.0)  # of the side against the middle
BRIGHT_HZ = 9000.0
WINDOW = 2048


def side_db(sound: np.ndarray) -> float:
    left, right = sound.T
    return float(10 * np.log10(((left - right) ** 2).mean() / ((left + right) ** 2).mean()))


def roll_off_hz(sound: np.ndarray, share: float = 0.95) -> float:
    """Mean over windows of the frequency below which so much of the magnitude lies (as librosa's)."""
    windows = np.lib.stride_tricks.sliding_window_view(sound.mean(axis=1), WINDOW)[:: WINDOW // 2]
    summed = np.cumsum(np.abs(np.fft.rfft(windows * np.hanning(WINDOW), axis=1)), axis=1)
    summed = summed[summed[:, -1] > 0.01 * summed[:, -1].max()]
    return float((np.argmax(summed >= share * summed[:, -1:], axis=1) * RATE / WINDOW).mean())


def trio() -> np.ndarray:
    """The same without arpeggio, accents and crashes: tune, bass, chords and what keeps time."""
    rows = song(4)
    rows[tokens.STREAM_INDEX["level"]], rows[tokens.STREAM_INDEX["arp"]] = 3, tokens.REST
    drums = rows[tokens.STREAM_INDEX["drums"]]
    drums[drums > 0] = tokens.drum_token(("hat",))
    drums[::16] = tokens.drum_token(("kick", "hat"))
    return rows


@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_wide_and_what_has_cymbals_is_bright(style):
    for seed, rows in ((0, song(4)), (1, trio()), (2, song(4)), (3, trio())):
        score = perform(rows, grid(64), C_MAJOR, style, 8.0, seed)
        sound = produce(score, 8.0).samples
        players = [(stem.name, stem.program) for stem in score.stems]
        assert SIDE_DB[0] <= side_db(sound) <= SIDE_DB[1], (side_db(sound), players)
        assert style not in CYMBALS or roll_off_hz(sound) >= BRIGHT_HZ, (roll_off_hz(sound), players)


@pytest.mark.parametrize("style", STYLES)
def test_no_drum_covers_the_others_and_none_is_struck_twice_at_once(style):
    """The crash of some kits is 8 LU louder than their kick; in an orchestra kick and tom are one drum."""
    rows = np.zeros((tokens.K, 96), dtype=np.int16)
    drums = rows[tokens.STREAM_INDEX["drums"]]
    rows[tokens.STREAM_INDEX["level"], ::16] = 7
    drums[:16] = tokens.drum_token(("kick", "tom", "snare"))
    drums[[32, 64]] = tokens.drum_token(("kick",)), tokens.drum_token(("crash",))
    for seed in range(4):
        kit = perform(rows, grid(96), C_MAJOR, style, 12.0, seed).stems[0]
        assert kit.is_drums
        struck = [note.pitch for note in kit.notes if note.start_s < 2.5]
        assert max(map(struck.count, struck)) <= 16
        sound = next(stem_blocks(shipped_soundfont(), kit, 12 * RATE, 12 * RATE))
        kick, crash = (measured_lufs(sound[:, round(RATE * at) - 960 :][:, : RATE // 5]) for at in (4, 8))
        assert crash < kick + 6, (kit.program, kick, crash)
