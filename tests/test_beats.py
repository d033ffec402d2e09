"""Beats of recorded music, and laying it under a film."""

import numpy as np
import pytest

from dyvim_cli.music.timing.beats import MOST_STRETCH, OnsetEnvelope, find_tempo, place, track_beats

RATE = 16_000


def clicks(times_s, seconds, rate=RATE, seed=0):
    """Decaying noise bursts over a faint tone."""
    rng = np.random.default_rng(seed)
    sound = 0.01 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * rate)) / rate)
    burst = rng.normal(size=rate // 10) * np.exp(-np.arange(rate // 10) / (rate / 60))
    for time_s in times_s:
        start = round(time_s * rate)
        sound[start : start + len(burst)] += burst[: len(sound) - start]
    return sound.astype(np.float32)


def heard(sound, block=RATE):
    listener = OnsetEnvelope(RATE)
    for start in range(0, len(sound), block):
        listener.feed(sound[start : start + block])
    return listener.envelope


@pytest.mark.parametrize("bpm", [72.0, 100.0, 140.0])
def test_beats_of_a_click_track(bpm):
    times = np.arange(0.37, 20, 60 / bpm)
    envelope = heard(clicks(times, 20))
    assert find_tempo(envelope, 110) == pytest.approx(bpm, rel=0.01)
    beats = track_beats(envelope, find_tempo(envelope, 110))
    inside = times[(times > 1) & (times < 19)]
    errors = np.abs(beats[:, None] - inside).min(axis=0)
    assert errors.max() < 0.025
    assert np.diff(beats)[1:] == pytest.approx(60 / bpm, abs=0.05)


def test_the_envelope_does_not_depend_on_the_blocks():
    sound = clicks(np.arange(0.3, 8, 0.6), 8)
    np.testing.assert_allclose(heard(sound, 1234), heard(sound, len(sound)), atol=1e-4)


def test_silence_has_no_onsets_and_even_beats():
    envelope = heard(np.zeros(5 * RATE, np.float32))
    assert not envelope.any()
    assert find_tempo(envelope, 96) == 96
    beats = track_beats(envelope, 96)
    assert len(beats) > 5 and np.diff(beats) == pytest.approx(60 / 96, abs=0.011)


@pytest.mark.parametrize("speed,shift_s", [(1.0, 0.0), (1.03, 0.11), (0.97, -0.2)])
def test_a_planted_placing_is_found(speed, shift_s):
    lead_s, beats = 0.75, np.arange(0.1, 40, 0.6)
    events = (beats[[4, 9, 15, 31, 44]] - lead_s - shift_s) / speed
    placing = place(beats, lead_s, events, np.ones(5), ["cut"] * 5)
    assert placing.reward > 0.95
    assert np.abs(placing.to_film(beats)[:, None] - events).min(axis=0).max() < 0.02
    assert abs(placing.start_s - lead_s) <= 0.3 + 1e-9 and abs(placing.speed - 1) <= MOST_STRETCH + 1e-9


def test_random_events_never_move_the_music_too_far():
    rng = np.random.default_rng(1)
    beats = np.arange(0.2, 60, 0.5)
    for _ in range(5):
        placing = place(beats, 0.75, np.sort(rng.uniform(0, 50, 9)), rng.random(9), ["impact"] * 9)
        assert abs(placing.start_s - 0.75) <= 0.25 + 1e-9 and abs(placing.speed - 1) <= MOST_STRETCH + 1e-9
        assert 0 <= placing.reward <= 1


def test_music_is_stretched_by_four_per_cent_and_moved_by_half_a_beat_even_where_more_would_meet_more():
    beats = np.arange(0.1, 60, 0.6)
    faster = place(beats, 0.75, (beats[[4, 30, 60, 80]] - 0.75) / 1.07, np.ones(4), ["cut"] * 4)
    assert 0.96 <= faster.speed <= 1.04
    gap = np.delete(np.arange(0.0, 30, 0.5), 20)  # 9.5 s, then 10.5 s
    alone = place(gap, 0.75, np.array([9.95 - 0.75]), np.ones(1), ["cut"])
    assert abs(alone.start_s - 0.75) <= 0.25 + 1e-9


def test_heavy_events_count_more():
    beats = np.arange(0.0, 30, 0.5)
    cuts, others = beats[[6, 20]] - 0.75, beats[[9, 13, 17]] - 0.75 + 0.2
    times = np.concatenate([cuts, others])
    placing = place(beats, 0.75, times, np.ones(5), ["cut", "cut", "stop", "stop", "stop"])
    assert np.abs(placing.to_film(beats)[:, None] - cuts).min(axis=0).max() < 0.03


def test_without_events_nothing_moves():
    placing = place(np.arange(0, 9, 0.5), 0.75, np.zeros(0), np.zeros(0), [])
    assert placing.start_s == 0.75 and placing.speed == 1.0
