"""Figures of the music by itself, distances between sets, and intervals."""

import numpy as np
import pytest
from helpers.evaluation_planted import SAMPLE_RATE, clicks, every, tones

from dyvim_cli.evaluation.judge import musicality as m
from dyvim_cli.evaluation.judge.audio_events import analysis_signal, audio_events
from dyvim_cli.evaluation.judge.bootstrap import mean_interval
from dyvim_cli.evaluation.judge.distributions import (
    SIZE,
    density_coverage,
    distances,
    embed_sound,
    frechet_distance,
)
from dyvim_cli.evaluation.judge.musicality_midi import bars_of, figures_of_notes, score_figures

C_MAJOR_SCALE = (60, 62, 64, 65, 67, 69, 71)


def figures(track):
    return m.musicality(track, SAMPLE_RATE, audio_events(track, SAMPLE_RATE))


def test_a_tune_in_c():
    tune = tones([60, 64, 67, 64, 65, 69, 67, 60] * 4)
    found = figures(tune)
    assert found.key == "C major" and found.key_clarity > 0.7
    assert 1.5 < found.pitch_class_entropy_bits < 3.35
    assert found.tempo_bpm == pytest.approx(120, rel=0.05) and found.beat_strength > 0.4
    assert found.repetition > 0.9  # the tune comes back three times
    assert found.silence == 0 and found.clipping == 0


def test_noise_has_no_key_and_does_not_repeat():
    noise = 0.1 * np.random.default_rng(0).normal(size=16 * SAMPLE_RATE)
    found, tune = figures(noise), figures(tones([60, 64, 67, 64, 65, 69, 67, 60] * 4))
    assert found.pitch_class_entropy_bits > 3.5
    assert found.beat_strength < tune.beat_strength and found.repetition < tune.repetition


def test_loudness_and_peak_by_their_standards():
    t = np.arange(5 * 48000) / 48000
    sine = np.sin(2 * np.pi * 997 * t)
    stereo = np.stack([sine, sine], axis=1) * 10 ** (-23 / 20)
    assert m.loudness_lufs(stereo, 48000) == pytest.approx(-23.0, abs=0.1)  # EBU Tech 3341, case 1
    # a quarter of the rate, 45 degrees off: no sample comes near the true peak
    quarter = np.sin(2 * np.pi * 12000 * t + np.pi / 4)[:, None]
    assert np.abs(quarter).max() < 0.71
    assert m.true_peak_dbtp(quarter) == pytest.approx(0.0, abs=0.4)


def test_faults_of_the_sound_are_seen():
    track = tones([60] * 8)
    clipped = figures(np.clip(track * 20, -1, 1))
    assert clipped.clipping > 0.05
    half_silent = np.concatenate([track, np.zeros_like(track)])
    assert figures(half_silent).silence == pytest.approx(0.5, abs=0.1)
    steady = 0.3 * np.sin(2 * np.pi * 220 * np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE)
    assert figures(steady).ending_drop_db == pytest.approx(0, abs=0.5)  # cut off
    assert figures(steady * np.linspace(1, 0, len(steady)) ** 2).ending_drop_db > 20


@pytest.mark.parametrize("n", [0, 10, SAMPLE_RATE])
def test_silence_has_defined_figures(n):
    found = figures(np.zeros(n))
    assert found.key == "" and found.silence == 1.0 and found.loudness_lufs == -np.inf
    assert found.true_peak_dbtp == -np.inf and found.tempo_bpm == 0


def test_groove_by_hand():
    same, other = [1, 0, 1, 0], [1, 1, 0, 0]
    assert m.groove_consistency(np.array([same, same, other], bool)) == pytest.approx((1 + 0.5) / 2)
    assert m.groove_consistency(np.zeros((1, 4), bool)) == 0
    # every bar half full: 1/2 by chance, and 3/4 of the steps agree
    assert m.groove_beyond_chance(np.array([same, same, other], bool)) == pytest.approx(0.5)
    assert (
        m.groove_beyond_chance(np.ones((5, 16), bool)) == m.groove_beyond_chance(np.zeros((1, 4), bool)) == 0
    )


def song(rng, shuffle=False) -> np.ndarray:
    """Sixteen bars of C, F, G, C: bass, arpeggios and clicks; or its notes at random pitches and times."""
    seconds, notes = 32.0, []
    for bar in range(16):
        root = (48, 53, 55, 48)[bar % 4]
        for eighth in range(8):
            notes.append((2 * bar + eighth / 4, root + (0, 16, 19, 24)[eighth % 4] + 12 * (eighth % 2)))
        notes.append((2 * bar, root - 12))
    if shuffle:
        notes = [(rng.uniform(0, seconds - 1), pitch + rng.integers(-6, 7)) for _, pitch in notes]
    track = (
        clicks(every(60, seconds), seconds, 0.2) if not shuffle else np.zeros(round(seconds * SAMPLE_RATE))
    )
    for start_s, pitch in notes:
        start = round(start_s * SAMPLE_RATE)
        tone = tones([pitch], each_s=1.5, level=rng.uniform(0.1, 0.15))
        track[start : start + len(tone)] += tone[: len(track) - start]
    return track


def test_music_is_told_from_shuffled_notes_and_these_from_noise():
    rng = np.random.default_rng(0)
    music, shuffled = song(rng), song(rng, shuffle=True)
    noise, silence = 0.1 * rng.normal(size=len(music)), np.zeros(len(music))
    ranks = [figures(track) for track in (music, shuffled, noise)]
    for name in ("key_clarity", "beat_strength", "repetition"):
        values = [getattr(found, name) for found in ranks]
        assert values == sorted(values, reverse=True) and values[0] > values[1] + 0.1, name
    for name in ("pitch_class_entropy_bits", "novelty"):
        values = [getattr(found, name) for found in ranks]
        assert values == sorted(values), name
    assert ranks[0].groove_beyond_chance > 0.5 > 0.3 > ranks[1].groove_beyond_chance
    assert abs(ranks[2].groove_beyond_chance) < 0.3
    monos = [analysis_signal(track, SAMPLE_RATE) for track in (music, shuffled, noise, silence)]
    other = [analysis_signal(song(np.random.default_rng(1)), SAMPLE_RATE)]
    apart = [distances([mono], other) for mono in monos]
    assert apart[0]["frechet_distance"] < apart[1]["frechet_distance"] < apart[2]["frechet_distance"]
    assert apart[0]["coverage"] > apart[1]["coverage"] >= apart[2]["coverage"] == apart[3]["coverage"] == 0
    assert np.isnan(apart[3]["frechet_distance"])


def test_entropy_and_key_by_hand():
    assert m.entropy_bits(np.ones(12)) == pytest.approx(np.log2(12))
    assert m.entropy_bits(np.array([1.0, 1.0, 0, 0])) == 1.0 and m.entropy_bits(np.zeros(12)) == 0.0
    assert m.key_of(np.roll(m.MINOR, 9)) == ("A minor", pytest.approx(1.0))
    assert m.key_of(np.ones(12)) == ("", 0.0)


def notes(*bars, drums=()):
    """Quarter notes at 480 ticks: each bar a tuple of pitches, and drum hits on the same clock."""
    rows = [
        (480 * (4 * bar + beat), 480 * (4 * bar + beat + 1), pitch, 0)
        for bar, pitches in enumerate(bars)
        for beat, pitch in enumerate(pitches)
    ]
    return np.array(rows + [(480 * b, 480 * b + 60, 36, 1) for b in drums], float)


def test_a_score_by_hand():
    found = figures_of_notes(notes((60, 64, 67, 72), (60, 64, 67, 72), (), (62, 65), drums=(0, 4)), 480)
    assert found.n_notes == 12 and found.pitch_range == 12 and found.polyphony == 1.0
    assert found.empty_bars == 0.25 and found.repeated_bars == 0.5 and found.key == "C major"
    # bars 1-2 alike, 2-3 differ in four of 16 steps, 3-4 in two
    assert found.groove_consistency == pytest.approx((1 + 12 / 16 + 14 / 16) / 3)
    assert len(bars_of(notes((60,), (60,)), 480)) == 2
    assert figures_of_notes(np.zeros((0, 4)), 480).empty_bars == 1.0


def test_a_midi_file_is_read(tmp_path):
    import symusic

    score = symusic.Score(480)
    track = symusic.Track(program=0)
    for i, pitch in enumerate(C_MAJOR_SCALE + (72,)):
        track.notes.append(symusic.Note(480 * i, 480, pitch, 80))
    score.tracks.append(track)
    score.dump_midi(str(tmp_path / "scale.mid"))
    found = score_figures(tmp_path / "scale.mid")
    assert found.n_notes == 8 and found.key_clarity > 0.6 and found.empty_bars == 0


def test_frechet_by_hand():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(4000, 3))
    b = 2 * rng.normal(size=(4000, 3)) + [1, 0, 0]
    # means 1 apart, deviations 1 and 2: 1 + 3 (2 - 1)^2
    assert frechet_distance(a, b) == pytest.approx(4.0, abs=0.3)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert np.isnan(frechet_distance(a[:1], b))


def test_density_and_coverage():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(300, 4))
    density, coverage = density_coverage(real, rng.normal(size=(300, 4)))
    assert density == pytest.approx(1, abs=0.2) and coverage > 0.9
    assert density_coverage(real, real + 100) == (0.0, 0.0)
    one_mode = density_coverage(real, np.tile(real[:1], (300, 1)))
    assert one_mode[1] < 0.1  # one sound, over and over, covers next to nothing
    assert density_coverage(real[:3], real) == (0.0, 0.0)


def test_like_music_is_nearer_than_unlike():
    def mono(track):
        return analysis_signal(track, SAMPLE_RATE)

    rng = np.random.default_rng(0)
    tunes = [mono(tones(rng.choice(C_MAJOR_SCALE, 40))) for _ in range(3)]
    hits = mono(clicks(every(170, 20.0), 20.0) + 0.05 * rng.normal(size=20 * SAMPLE_RATE))
    assert embed_sound(tunes[0]).shape == (9, SIZE)
    near, far = distances(tunes[:1], tunes[1:]), distances([hits], tunes[1:])
    assert near["frechet_distance"] < far["frechet_distance"] and near["coverage"] > far["coverage"]
    assert embed_sound(0.05 * tunes[0]) == pytest.approx(
        embed_sound(tunes[0]), abs=1e-3
    )  # volume is no style
    assert embed_sound(np.zeros(SAMPLE_RATE)).shape == (0, SIZE)


def test_intervals():
    interval = mean_interval([0.1, 0.2, 0.3, 0.4, None, float("nan")])
    assert interval.n == 4 and interval.mean == pytest.approx(0.25)
    assert 0.1 < interval.low < 0.25 < interval.high < 0.4
    assert mean_interval([0.1, 0.2, 0.3, 0.4]) == mean_interval([0.1, 0.2, 0.3, 0.4])
    assert mean_interval([0.7]).low == 0.7 and mean_interval([None]) is None
    # two seeds of one film are one observation; a single film varies over its seeds
    films = mean_interval([0.0, 1.0, 0.5, 0.5], films=["a", "a", "b", "b"])
    assert films.n == 2 and films.low == films.high == 0.5
    assert mean_interval([0.0, 1.0], films=["a", "a"]).low == 0.0
