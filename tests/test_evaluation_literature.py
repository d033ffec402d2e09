"""The literature's metrics against cases worked out by hand."""

import math

import numpy as np
import pytest
from helpers.evaluation_planted import SAMPLE_RATE, clicks, every, picture

from dyvim_cli.evaluation.judge import literature as lit
from dyvim_cli.evaluation.judge.audio_events import analysis_signal, audio_events
from dyvim_cli.evaluation.judge.literature_report import D2MGAN_PICKING, LORIS_PICKING, literature_report
from dyvim_cli.evaluation.judge.rhythm import pick_peaks


def test_onsets_are_counted_by_the_second():
    occupied = lit.seconds_with_onsets(np.array([0.2, 0.9, 2.1, 7.0]), 3.5)
    assert occupied.tolist() == [True, False, True, False]


def test_d2mgan_divides_by_the_reference():
    generated, reference = np.array([1, 1, 1, 0]), np.array([0, 1, 0, 1])
    scores = lit.beat_scores_d2mgan(generated, reference)
    assert (scores.coverage, scores.hit) == (1.5, 0.5)  # 3 / 2 and 1 / 2
    assert lit.beat_scores_d2mgan(generated, np.zeros(4)) == lit.BeatScores(0.0, 0.0)


def test_loris_is_a_precision_and_a_recall():
    generated, reference = np.array([1, 1, 1, 0, 1]), np.array([0, 1, 0, 1])  # the fifth is cut off
    scores = lit.beat_scores_loris(generated, reference)
    assert scores.coverage == pytest.approx(1 / 3) and scores.hit == 0.5
    assert lit.beat_scores_loris(np.zeros(4), reference) == lit.BeatScores(0.0, 0.0)


def test_a_dense_click_track_has_a_perfect_bhs():
    everywhere = lit.seconds_with_onsets(np.arange(0.1, 20, 0.5), 20)
    reference = lit.seconds_with_onsets(np.array([2.2, 9.7, 13.1]), 20)
    assert lit.beat_scores_loris(everywhere, reference).hit == 1.0


def test_the_summary_of_a_set():
    summary = lit.beat_scores_of_set([lit.BeatScores(0.4, 0.8), lit.BeatScores(0.6, 1.0)])
    assert summary.bcs == pytest.approx(0.5) and summary.bhs == pytest.approx(0.9)
    assert summary.csd == pytest.approx(0.2 / math.sqrt(2)) and summary.hsd == pytest.approx(
        0.2 / math.sqrt(2)
    )
    assert summary.f1 == pytest.approx(2 * 0.5 * 0.9 / 1.4)
    assert lit.beat_scores_of_set([]).f1 == 0 and lit.beat_scores_of_set([lit.BeatScores(1, 1)]).csd == 0


def test_beat_alignment_by_hand_and_by_direction():
    motion, music = np.array([1.0, 2.0]), np.array([1.05, 2.0, 3.0])
    one_sigma = math.exp(-0.5)
    assert lit.beat_alignment(motion, music) == pytest.approx((one_sigma + 1) / 2)
    assert lit.beat_alignment(music, motion) == pytest.approx((one_sigma + 1 + 0) / 3, abs=1e-6)
    assert lit.beat_alignment(motion, np.zeros(0)) == 0.0


def test_motion_beats_are_where_motion_rests():
    times = np.arange(0, 6, 1 / 60)
    beats = lit.motion_beats(times, 1 + np.cos(2 * np.pi * times))
    assert beats == pytest.approx([0.5, 1.5, 2.5, 3.5, 4.5, 5.5], abs=0.02)


def test_motion_is_smoothed_over_the_same_time_at_any_frame_rate():
    counts = []
    for fps in (24, 60):  # a dip every 0.3 s: five frames of 24 a second would smooth it away
        times = np.arange(0, 6, 1 / fps)
        counts.append(len(lit.motion_beats(times, 1 + 0.5 * np.cos(2 * np.pi * times / 0.3 + 0.2))))
    assert counts == [20, 20]


def test_each_family_hears_with_its_own_settings():
    strength = np.array([0, 0, 1, 0.2, 0.8, 0, 0])  # the second peak comes two frames after the first
    assert pick_peaks(strength, **D2MGAN_PICKING).tolist() == [2, 4]
    assert pick_peaks(strength, **LORIS_PICKING).tolist() == [2]


def test_av_align_by_hand():
    # 1.0 and 2.02 lie within a frame (0.04 s) of a peak, 3.5 does not; union 3 + 4 - 2
    onsets, peaks = np.array([1.0, 2.02, 3.5]), np.array([1.01, 2.0, 5.0, 6.0])
    assert lit.av_align(onsets, peaks, fps=25) == pytest.approx(2 / 5)
    assert lit.av_align(np.array([1.0]), np.array([1.5]), fps=2) == 0  # exactly a frame away is outside
    assert lit.av_align(np.zeros(0), np.zeros(0), fps=25) == 0


def test_flow_peaks_are_strict():
    assert lit.flow_peaks(np.arange(6.0), np.array([0, 2, 1, 3, 3, 0])).tolist() == [1.0]


def test_transition_beat_iou_by_hand():
    # one to one: 1.4 takes 1.0, so that 1.3 has nothing left; 5.0 and 5.6 are too far apart
    assert lit.transition_beat_iou(np.array([1.0, 5.0]), np.array([1.3, 1.4, 5.6])) == pytest.approx(1 / 4)
    assert lit.transition_beat_iou(np.array([1.0]), np.array([1.5])) == 1.0
    assert lit.transition_beat_iou(np.zeros(0), np.array([1.0])) == 0.0


def test_cmt_by_hand():
    film, music = np.zeros((2, 16)), np.zeros((3, 16))
    film[0, 0], music[0, 0], music[1, 5] = 4, 2, 9  # the 9 falls where the film has no beat
    # density (1 + 9) / 2 = 5, strength (4 - 2)^2 / 32 = 0.125; the third bar is cut off
    score = lit.cmt_matching(np.array([3, 5]), np.array([4, 2, 8]), film, music)
    assert score == pytest.approx(1 / 5.125)
    assert lit.cmt_matching(np.array([3]), np.array([3]), film[:1], film[:1]) == math.inf
    assert lit.cmt_matching(np.zeros(0), np.zeros(0), film[:0], film[:0]) == 0.0


def test_the_report_of_a_film_names_every_family():
    film = picture(20, 8, seed=1)
    track = clicks(every(120, 20.0), 20.0)
    mono = analysis_signal(track, SAMPLE_RATE)
    alone = literature_report(film, audio_events(track, SAMPLE_RATE), mono)
    assert alone["loris_bhs"] is None and 0 < alone["tbiou"] <= 1 and alone["cmt_matching"] > 0
    itself = literature_report(film, audio_events(track, SAMPLE_RATE), mono, reference=mono)
    for name in ("d2mgan_bcs", "d2mgan_bhs", "loris_bcs", "loris_bhs", "biou"):
        assert itself[name] == 1.0, name
    silence = np.zeros(SAMPLE_RATE)
    empty = literature_report(film, audio_events(silence, SAMPLE_RATE), silence)
    assert empty["av_align"] == 0.0 and empty["bas_motion_to_music"] == 0.0
