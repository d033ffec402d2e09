"""The judge on planted cases: it must find out how good each piece of music is, and nothing else."""

import numpy as np
import pytest
from helpers.evaluation_planted import SAMPLE_RATE, clicks, every, on_grid, picture
from scipy.stats import spearmanr

from dyvim_cli.evaluation.judge.audio_events import audio_events
from dyvim_cli.evaluation.judge.chance import correct, draw_shifts
from dyvim_cli.evaluation.judge.sync import accent_weights, compare
from dyvim_cli.evaluation.judge.visual_events import VisualEvents

FILMS = [picture(40, 20, seed) for seed in (0, 1)] + [picture(25, 9, 2, impacts=0.0)]


def judged(film, track, sample_rate=SAMPLE_RATE):
    return compare(film, audio_events(track, sample_rate))


def headline(report):
    return report.cuts_hit_beyond_chance, report.events_hit_beyond_chance


@pytest.mark.parametrize("film", FILMS)
@pytest.mark.parametrize("make", [lambda f: clicks(f.event_times_s, f.duration_s), on_grid])
def test_music_that_hits_every_event_is_perfect(film, make):
    report = judged(film, make(film))
    assert min(headline(report)) >= 0.95
    assert report.matching[0.08].cut_recall.excess >= 0.95


def test_the_same_music_elsewhere_is_chance():
    film = FILMS[0]
    track = on_grid(film)
    for share in (0.13, 0.37, 0.59, 0.83):
        report = judged(film, np.roll(track, round(share * len(track))))
        assert np.abs(headline(report)).max() <= 0.1
        assert abs(report.matching[0.08].f1.beyond_chance) <= 0.1


@pytest.mark.parametrize("bpm", [40, 60, 93, 120, 177, 240, 480])
def test_click_tracks_of_any_tempo_are_chance(bpm):
    film = FILMS[0]
    for first_s in (0.05, 0.21):
        report = judged(film, clicks(every(bpm, film.duration_s, first_s), film.duration_s))
        assert np.abs(headline(report)).max() <= 0.1


def test_over_many_films_tempi_and_shifts_chance_is_nothing_and_the_mean_is_unbiased():
    rng = np.random.default_rng(0)
    excesses = []
    for seed in range(30):
        film = picture(rng.uniform(12, 30), int(rng.integers(5, 14)), seed)
        click = clicks(every(rng.uniform(40, 240), film.duration_s, rng.uniform(0, 0.3)), film.duration_s)
        bed = clicks(every(rng.uniform(70, 150), film.duration_s), film.duration_s, 0.1)
        hits = clicks(film.event_times_s, film.duration_s) + bed
        elsewhere = np.roll(hits, round(rng.uniform(0.1, 0.9) * len(hits)))
        reports = [judged(film, track) for track in (hits, elsewhere, click)]
        assert min(headline(reports[0])) >= 0.95
        assert np.abs([headline(report) for report in reports[1:]]).max() <= 0.1
        best = reports[0].matching[0.08]
        excesses.append([r.matching[0.08].recall.excess for r in reports[1:]])
        assert min(best.recall.excess, best.f1.excess) >= 0.95
    means, error = np.mean(excesses, axis=0), np.std(excesses, axis=0) / np.sqrt(len(excesses))
    assert (np.abs(means) < 3 * error).all() and (error > 0).all()  # luck is there, and cancels out


def test_precision_falls_when_accents_are_added():
    film = FILMS[0]
    right = film.event_times_s
    wrong = (right + 0.31 * np.diff(right, append=film.duration_s)) % film.duration_s
    alone = judged(film, clicks(right, film.duration_s)).matching[0.08]
    crowded = judged(film, clicks(np.concatenate([right, wrong]), film.duration_s)).matching[0.08]
    assert alone.precision.excess >= 0.95 > 0.7 >= crowded.precision.excess
    assert crowded.f1.excess < alone.f1.excess - 0.2


def test_twenty_tracks_come_back_in_order():
    film = picture(60, 28, seed=7)
    rng = np.random.default_rng(3)
    qualities = np.linspace(0, 1, 20)
    found = []
    for quality in qualities:
        hits = rng.permutation(len(film.event_times_s)) < round(quality * len(film.event_times_s))
        elsewhere = rng.uniform(0.5, film.duration_s - 0.5, len(hits))
        bed = clicks(every(100, film.duration_s), film.duration_s, 0.1)
        times = np.where(hits, film.event_times_s, elsewhere)
        found.append(judged(film, bed + clicks(times, film.duration_s)).events_hit_beyond_chance)
    assert spearmanr(qualities, found)[0] >= 0.9


def test_tolerances_tell_near_from_exact():
    film = FILMS[0]
    late = judged(film, clicks(film.event_times_s + 0.11, film.duration_s))
    recall = {tolerance: m.recall.beyond_chance for tolerance, m in late.matching.items()}
    assert recall[0.04] <= 0.1 and recall[0.08] <= 0.2 and recall[0.16] >= 0.9
    assert late.lag_s == pytest.approx(0.11, abs=0.021)
    assert judged(film, clicks(film.event_times_s, film.duration_s)).lag_s == pytest.approx(0, abs=0.021)


def test_loudness_that_follows_the_motion():
    film = picture(60, 10, seed=5)
    rng = np.random.default_rng(0)
    t = np.arange(round(film.duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    noise = rng.normal(size=len(t)) * np.interp(t, film.times_s, film.energy) * 0.3
    assert judged(film, noise).motion_loudness_correlation >= 0.95
    for share in (0.3, 0.6):
        shifted = judged(film, np.roll(noise, round(share * len(noise))))
        assert abs(shifted.motion_loudness_correlation) <= 0.1


def test_density_that_follows_the_motion():
    film = picture(60, 10, seed=6)
    phase = np.cumsum(film.energy) * 20 / 30
    times = film.times_s[np.diff(np.floor(phase), prepend=0) > 0]
    assert judged(film, clicks(times, film.duration_s)).motion_density_correlation >= 0.6
    even = judged(film, clicks(every(150, film.duration_s), film.duration_s))
    assert abs(even.motion_density_correlation) <= 0.1


@pytest.fixture(scope="module")
def half_right():
    """A film and music that hits about half of it."""
    film = FILMS[0]
    rng = np.random.default_rng(1)
    half = np.where(np.arange(20) % 2, film.event_times_s, rng.uniform(1, 39, 20))
    track = clicks(np.sort(half), film.duration_s) + clicks(every(100, 40.0), 40.0, 0.1)
    return film, track, judged(film, track)


@pytest.mark.parametrize(
    "change",
    [lambda x: 0.05 * x, lambda x: -x, lambda x: x + 0.2, lambda x: np.stack([x, x], axis=1)],
    ids=["quieter", "upside down", "constant added", "stereo"],
)
def test_nothing_else_matters(half_right, change):
    film, track, before = half_right
    assert 0.2 < before.events_hit_beyond_chance < 0.8
    assert headline(judged(film, change(track))) == pytest.approx(headline(before), abs=0.03)


@pytest.mark.parametrize("extension", ["mp3", "m4a", "opus"])
def test_codecs_do_not_matter(half_right, extension, tmp_path):
    from dyvim_cli.evaluation.judge.audio_events import read_sound
    from dyvim_cli.media.sound import write_audio

    film, track, before = half_right
    path = write_audio(tmp_path / f"track.{extension}", np.stack([track, track], axis=1), SAMPLE_RATE)
    assert headline(judged(film, *read_sound(path))) == pytest.approx(headline(before), abs=0.08)


def test_telephone_sound_does_not_matter(half_right):
    from scipy.signal import resample_poly

    film, track, before = half_right
    narrow = judged(film, resample_poly(track, 80, 441), 8000)
    assert headline(narrow) == pytest.approx(headline(before), abs=0.08)


@pytest.mark.parametrize(
    "track", [np.zeros(SAMPLE_RATE * 3), np.zeros(0), np.zeros(100), np.full(SAMPLE_RATE * 3, 0.3)]
)
def test_silence_scores_nothing(track):
    report = judged(FILMS[0], track)
    assert headline(report) == (0.0, 0.0) and report.motion_loudness_correlation == 0.0
    assert report.lag_s is None and report.n_onsets == 0


def test_a_picture_without_events_scores_nothing():
    still = VisualEvents(
        10.0,
        np.arange(0, 10, 0.04),
        np.zeros(250),
        np.zeros(250),
        np.zeros(0),
        np.zeros(0),
        np.zeros(0, bool),
    )
    frame = VisualEvents(
        0.0, np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(0), np.zeros(0), np.zeros(0, bool)
    )
    for film in (still, frame):
        report = judged(film, clicks(every(120, 10.0), 10.0))
        assert headline(report) == (0.0, 0.0) and report.motion_loudness_correlation == 0.0


def test_equal_onsets_share_the_accents():
    assert accent_weights(np.ones(40), 10) == pytest.approx(np.full(40, 0.25), abs=1e-6)
    weights = accent_weights(np.r_[np.full(10, 3.0), np.ones(90)], 10)
    assert weights[:10].min() > 0.99 and weights[10:].max() < 0.01
    assert accent_weights(np.ones(3), 10).tolist() == [1, 1, 1]


def test_correction_by_hand():
    plain = correct(np.array([0.8, 0.2, 0.2]))  # no luck in these shifts
    assert plain.excess == pytest.approx(0.75) and plain.beyond_chance == pytest.approx(0.75)
    lucky = correct(np.array([0.5, 0.1, 0.5]))  # chance 0.3, spread 0.2: within 2.5 spreads
    assert lucky.excess == pytest.approx(0.2 / 0.7) and lucky.beyond_chance == 0
    assert correct(np.array([1.0, 0.0, 0.2, 0.1])).beyond_chance == pytest.approx(1)
    assert correct(np.array([1.0, 1.0, 1.0])).beyond_chance == 0  # music that cannot miss


def test_shifts_are_seeded_and_never_none():
    shifts = draw_shifts(30.0, seed=4)
    assert shifts[0] == 0 and (shifts[1:] >= 0.4).all() and (shifts[1:] <= 29.6).all()
    assert np.array_equal(shifts, draw_shifts(30.0, seed=4))
    assert not np.array_equal(shifts, draw_shifts(30.0, seed=5))
