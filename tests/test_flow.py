"""Flow, on music made by hand, against its golden file and librosa's onsets; see golden/make_flow.py."""

import json
from dataclasses import asdict, astuple

import numpy as np
import pytest
from golden.make_flow import FILE
from helpers.evaluation_planted import SAMPLE_RATE, clicks, every
from helpers.flow_planted import DURATION_S, HOLES_S, comb, drum_loop, pad, tracks, with_holes

from dyvim_cli.evaluation.judge import flow as measures
from dyvim_cli.evaluation.judge.audio_events import analysis_signal
from dyvim_cli.evaluation.judge.flow import FlowReport, flow
from dyvim_cli.evaluation.judge.onsets import detect_onsets

GOLDEN = json.loads(FILE.read_text(encoding="utf-8"))
TRACKS = tracks()
SILENT = FlowReport(
    empty=1.0, longest_gap_s=DURATION_S - 1, holes_a_minute=0.0, pulse=0.0, range_db=0.0, onsets_a_s=0.0
)


def heard(track, duration_s=None) -> FlowReport:
    return flow(track, SAMPLE_RATE, duration_s)


@pytest.mark.parametrize("name", TRACKS)
def test_figures_are_what_they_were(name):
    assert asdict(heard(TRACKS[name])) == pytest.approx(GOLDEN[name]["flow"], abs=2e-3)


@pytest.mark.parametrize("name", [name for name in TRACKS if name not in ("pad", "silence")])
def test_onsets_are_librosa_s(name):
    known = GOLDEN[name]["librosa_onsets_s"]
    assert detect_onsets(analysis_signal(TRACKS[name], SAMPLE_RATE)) == pytest.approx(known, abs=1e-4)
    assert heard(TRACKS[name]).onsets_a_s == pytest.approx(len(known) / DURATION_S)


def test_a_held_chord_has_no_onset_though_librosa_finds_its_ripples():
    assert len(GOLDEN["pad"]["librosa_onsets_s"]) > 10
    held = heard(TRACKS["pad"])
    assert held.onsets_a_s == held.pulse == held.holes_a_minute == 0
    assert held.empty == 1 and held.range_db < 2


def test_a_click_track():
    two_a_second = heard(clicks(every(120, 16.0), 16.0))
    assert two_a_second.empty == 0 and two_a_second.pulse > 0.9
    assert two_a_second.onsets_a_s == pytest.approx(2.0)
    assert two_a_second.longest_gap_s == pytest.approx(0.5, abs=0.03)
    one_a_second = heard(clicks(every(60, 16.0), 16.0))
    assert one_a_second.empty == pytest.approx(0.5, abs=0.04)
    assert one_a_second.longest_gap_s == pytest.approx(1.0, abs=0.03)
    uneven = heard(clicks(np.sort(np.random.default_rng(0).uniform(0, 15, 32)), 16.0))
    assert uneven.pulse < 0.4


def test_a_drum_loop_flows():
    loop = heard(drum_loop())
    assert loop.empty == loop.holes_a_minute == 0
    assert loop.pulse > 0.9 and loop.range_db < 4 and 3.5 < loop.onsets_a_s < 4.5


@pytest.mark.parametrize(("length_s", "counted"), [(0.02, 0), (0.18, 5), (0.5, 5), (0.8, 0)])
def test_holes_are_counted_by_their_length(length_s, counted):
    cut = with_holes(drum_loop(), length_s, HOLES_S)
    assert heard(cut).holes_a_minute == pytest.approx(60 * counted / DURATION_S)


def test_a_dip_that_is_not_deep_is_no_hole():
    quieter = with_holes(drum_loop(), 0.18) + 0.2 * drum_loop()  # falls by 15.6 dB
    assert heard(quieter).holes_a_minute > 10
    quieter = with_holes(drum_loop(), 0.18) + 0.25 * drum_loop()  # by 14
    assert heard(quieter).holes_a_minute == 0


def test_silence_before_and_after_the_music_is_no_hole():
    gap = np.zeros(round(0.3 * SAMPLE_RATE))
    assert heard(np.concatenate([gap, drum_loop(), gap])).holes_a_minute == 0


def test_a_comb_is_told_from_a_groove():
    times = [0.7, 2.1, 5.4, 6.2, 9.0, 11.9, 13.1]
    alone, together = heard(comb(times)), heard(comb(times) + drum_loop())
    assert alone.empty > 0.7 and alone.pulse < 0.2 and alone.range_db > 30
    assert alone.longest_gap_s == pytest.approx(3.3, abs=0.05)
    assert together.empty == 0 and together.pulse > 0.6 and together.range_db < 6


def test_silence_and_what_is_too_short():
    assert heard(TRACKS["silence"]) == SILENT
    assert heard(np.zeros(0)) is None and heard(drum_loop(2.4)) is None
    assert heard(drum_loop(2.6)).pulse > 0


def test_neither_volume_nor_channels_nor_rate_matter():
    loop, known = drum_loop(), heard(drum_loop())
    assert astuple(heard(0.01 * loop)) == pytest.approx(astuple(known), abs=1e-3)
    assert astuple(heard(np.stack([loop, loop], axis=1))) == pytest.approx(astuple(known), abs=1e-3)
    slow = flow(analysis_signal(loop, SAMPLE_RATE), 22050)
    assert astuple(slow) == pytest.approx(astuple(known), abs=1e-3)


def test_music_counts_from_the_film_s_first_frame_to_its_last():
    loop = drum_loop()
    half = heard(loop, 2 * DURATION_S)
    assert half.longest_gap_s == pytest.approx(DURATION_S - 1, abs=0.3)
    assert half.empty == pytest.approx(0.47, abs=0.04) and half.holes_a_minute == 0
    longer = heard(np.concatenate([loop, np.zeros(9 * SAMPLE_RATE)]), DURATION_S)
    assert astuple(longer) == pytest.approx(astuple(heard(loop)), abs=2e-3)
    assert heard(loop, 0.0) == heard(loop)


def test_the_last_second_may_ring_out():
    rung = drum_loop().copy()
    rung[round((DURATION_S - 0.95) * SAMPLE_RATE) :] = 0
    assert heard(rung).empty == 0 and heard(rung).longest_gap_s < 0.5
    rung[round((DURATION_S - 2.95) * SAMPLE_RATE) :] = 0
    assert heard(rung).empty == pytest.approx(0.1)
    assert heard(rung).longest_gap_s == pytest.approx(2.0, abs=0.3)


def test_pulse_knows_its_periods():
    rate, n = 50.0, 1000
    for period, found in ((30, 1.0), (10, 1.0), (80, 0.0)):  # 0.6 s, 0.2 s (twice and more), 1.6 s
        strength = np.zeros(n)
        strength[::period] = 5.0
        assert measures.pulse(strength, rate) == pytest.approx(found, abs=0.08), period
    assert measures.pulse(np.full(n, 3.0), rate) == 0 == measures.pulse(np.zeros(0), rate)


def test_range_is_from_quiet_to_loud_passages():
    steps = np.repeat([1.0, 100.0], 500)  # 10 s, the second half 20 dB louder
    assert measures.range_db(steps) == pytest.approx(20.0, abs=0.1)
    assert measures.range_db(np.ones(1000)) == measures.range_db(np.zeros(0)) == 0
    assert heard(0.5 * pad() + drum_loop()).range_db < 5
