"""Slurs, scoops, slides, bends and falls: who makes them, where, how they sound, what MIDI says."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from dyvim_cli.desk.recast import recast
from dyvim_cli.music.mixing.session import StyledMidi, session_of
from dyvim_cli.music.performance.gestures import LARGEST_GROUP, with_gestures
from dyvim_cli.music.symbols import tokens
from dyvim_cli.music.symbols.midi import write_midi
from dyvim_cli.music.symbols.midi_gestures import bends_of_notes
from dyvim_cli.music.symbols.midi_in import read_midi
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.orchestra import Orchestra
from dyvim_cli.music.synth.slurs import ATTACKS_S
from dyvim_cli.music.synth.soundfont import shipped_soundfont
from dyvim_cli.options import ComposeOptions
from dyvim_cli.types import SAMPLE_RATE, Gesture, Hit, Key, Note, Score, Stem, TempoMap

PIANO, NYLON, DISTORTED, MUTED_TRUMPET, SAX, CLARINET, FLUTE, SAW = 0, 24, 30, 59, 66, 71, 73, 81
STEP_S, N_STEPS = 0.125, 256
SLUR = Gesture("slur")


def tune(program: int, style: str = "jazz", n_held: int = 2, rests: int = 0) -> Score:
    """A scale up and down, of notes of n_held steps, with an accent and an event in every other bar."""
    rows = np.zeros((tokens.K, N_STEPS), np.int16)
    level = tokens.STREAM_INDEX["level"]
    rows[level], rows[level, 2::32] = 3, 7
    scale = [60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65, 64, 62]
    starts = range(0, N_STEPS, n_held + rests)
    notes = [
        Note(step * STEP_S, (step + n_held) * STEP_S, scale[i % len(scale)], 80)
        for i, step in enumerate(starts)
    ]
    hits = tuple(
        Hit(step * STEP_S + 0.02, 0.5, "impact", step * STEP_S, step, False, False) for step in (22, 86)
    )
    grid = TempoMap(np.arange(N_STEPS + 1) * STEP_S, 120.0, hits)
    return Score((Stem("melody", program, False, tuple(notes)),), grid, Key(0, False), style, rows, ())


def gestured(score: Score, seed: int = 1, **how) -> list[Note]:
    """The tune's notes with their gestures."""
    return list(with_gestures(score, seed, **how).stems[0].notes)


def kinds(notes: list[Note]) -> Counter:
    """How many gestures of each kind."""
    return Counter(note.gesture.kind for note in notes if note.gesture)


@pytest.mark.parametrize("program", [CLARINET, SAX, SAW, FLUTE])
def test_groups_are_slurred_within_half_a_bar_and_accents_are_not(program):
    score = tune(program)
    notes = gestured(score)
    assert kinds(notes)["slur"] > 20
    assert [replace(note, gesture=None) for note in notes] == list(score.stems[0].notes)
    plain_s = [2 * STEP_S + bar * 32 * STEP_S for bar in range(8)] + [22 * STEP_S, 86 * STEP_S]
    n_slurred = 0
    for note in notes:
        is_slur = note.gesture is not None and note.gesture.kind == "slur"
        n_slurred = n_slurred + 1 if is_slur else 0
        assert n_slurred < LARGEST_GROUP
        if note.gesture is not None:
            assert min(abs(note.start_s - at_s) for at_s in plain_s) > 0.08
        if is_slur:
            assert round(note.start_s / STEP_S) % 8


def test_bows_change_on_quick_notes_where_nobody_keeps_time():
    violin = 40
    assert not kinds(gestured(tune(violin, "orchestral"))) and kinds(gestured(tune(violin, "jazz")))["slur"]
    assert kinds(gestured(tune(violin, "orchestral", 3)))["slur"]


def test_the_seed_decides_and_an_earlier_cut_is_remembered():
    score = tune(CLARINET)
    first = [note.gesture for note in gestured(score)]
    assert first == [note.gesture for note in gestured(with_gestures(score, 9))]
    assert first != [note.gesture for note in gestured(score, 2)]
    late = gestured(score, drawn_as=np.arange(N_STEPS) + 64)  # every step is one of four bars later
    far = {round(note.start_s / STEP_S): note.gesture for note in gestured(score)}
    same = [note.gesture == far.get(round(note.start_s / STEP_S) + 64) for note in late[:90]]
    assert np.mean(same) > 0.9


def test_each_instrument_has_its_own_gestures_and_a_piano_none():
    assert not kinds(gestured(tune(PIANO))) and not kinds(gestured(tune(PIANO, n_held=6, rests=2)))
    held = {program: kinds(gestured(tune(program, n_held=6, rests=2))) for program in (NYLON, DISTORTED, SAX)}
    assert set(held[NYLON]) == {"slide"} and set(held[SAX]) == {"scoop"}
    assert set(held[DISTORTED]) == {"slide", "bend"}
    trumpet = gestured(tune(MUTED_TRUMPET, n_held=5, rests=3))
    assert kinds(trumpet)["fall"] and trumpet[-1].gesture is None or trumpet[-1].gesture.kind != "fall"
    assert set(kinds(gestured(tune(MUTED_TRUMPET, "orchestral", n_held=5, rests=3)))) <= {"slur"}
    cents = [note.gesture.cents for note in gestured(tune(NYLON, n_held=6, rests=2)) if note.gesture]
    assert {-100.0, -200.0} >= set(cents)  # a step of the scale


def test_another_player_makes_other_gestures():
    score = with_gestures(tune(CLARINET), 1)
    piano = recast(score, ComposeOptions(seed=1, instruments=(("melody", PIANO),)))
    assert kinds(list(score.stems[0].notes)) and not kinds(list(piano.stems[0].notes))


def played(program: int, notes: list[Note], seconds: float = 1.8) -> np.ndarray:
    """[n] the shipped font's instrument, in three blocks."""
    n = round(seconds * SAMPLE_RATE)
    instrument = SampledInstrument(shipped_soundfont(), False, program)
    blocks = instrument.blocks(notes, n, n // 3, bends_of_notes(notes))
    return np.concatenate(list(blocks), axis=1).mean(axis=0)


def share_of(sound: np.ndarray, hz: float, width_hz: float) -> np.ndarray:
    """[n] amplitude of what lies around hz."""
    from scipy.signal import fftconvolve, firwin, hilbert

    taps = firwin(int(1.3 * SAMPLE_RATE / width_hz) | 1, (hz - width_hz / 2, hz + width_hz / 2),
                  pass_zero=False, fs=SAMPLE_RATE)  # fmt: skip
    return np.abs(hilbert(fftconvolve(sound, taps, "same")))


def frame(time_s: float) -> int:
    return round(time_s * SAMPLE_RATE)


@pytest.mark.parametrize("program", [MUTED_TRUMPET, CLARINET, FLUTE])
def test_a_slur_changes_the_pitch_on_its_time_without_a_dip(program):
    low, high = 440 * 2 ** (3 / 12), 440 * 2 ** (7 / 12)
    notes = [Note(0.5, 1.0, 72, 85), Note(1.0, 1.5, 76, 85, SLUR)]
    sound = played(program, notes)
    before, after = (share_of(sound, hz, (high - low) * 0.9) for hz in (low, high))
    before /= np.median(before[frame(0.85) : frame(0.97)])
    after /= np.median(after[frame(1.03) : frame(1.15)])
    near = slice(frame(0.95), frame(1.05))
    crossed = np.flatnonzero(np.diff(np.sign((after - before)[near])))
    assert np.abs((crossed + near.start) / SAMPLE_RATE - 1.0).min() < 0.003
    level = np.sqrt(np.convolve(sound**2, np.full(480, 1 / 480), "same"))
    around = min(np.median(level[frame(0.9) : frame(0.97)]), np.median(level[frame(1.03) : frame(1.1)]))
    assert level[frame(0.97) : frame(1.03)].min() > 0.7 * around
    assert np.abs(np.diff(sound))[near].max() < 1.5 * np.abs(np.diff(sound))[frame(0.8) : frame(1.2)].max()


def test_what_is_slurred_goes_without_its_attack():
    """A flute's breath: high noise of the plain attack that the slurred one lacks."""
    plain = [Note(0.5, 1.0, 72, 85), Note(1.0, 1.5, 74, 85)]
    slurred = [plain[0], replace(plain[1], gesture=SLUR)]
    alone = [Note(0.2, 0.4, 60, 85), replace(plain[1], gesture=SLUR)]  # nothing there that it is slurred to
    for program in (FLUTE, SAX):
        assert np.array_equal(played(program, alone), played(program, [alone[0], plain[1]]))
        assert not np.array_equal(played(program, slurred), played(program, plain))
    assert np.array_equal(played(PIANO, slurred), played(PIANO, plain)) and PIANO not in ATTACKS_S
    # the note before ends with it instead of ringing on
    rings = [share_of(played(FLUTE, notes), 523.25, 40)[frame(1.06)] for notes in (plain, slurred)]
    assert rings[1] < 0.3 * rings[0]


def cents_of(sound: np.ndarray, hz: float) -> np.ndarray:
    """[n] the course of a partial near hz, in cents against it."""
    from scipy.signal import butter, hilbert, sosfiltfilt

    band = butter(2, (hz * 0.8, hz * 1.25), "bandpass", fs=SAMPLE_RATE, output="sos")
    phase = np.unwrap(np.angle(hilbert(sosfiltfilt(band, sound))))
    moved = np.convolve(np.diff(phase), np.full(240, 1 / 240), "same") * SAMPLE_RATE / (2 * np.pi)
    return 1200 * np.log2(np.maximum(moved, 1) / hz)


def heard_cents(program: int, gesture: Gesture, at_s: float, until_s: float = 1.5) -> float:
    """How far a note at 0.5 s is from its plain self, at a time."""
    hz = 440 * 2 ** (8 / 12)
    courses = [cents_of(played(program, [Note(0.5, until_s, 77, 85, each)]), hz) for each in (gesture, None)]
    return float(courses[0][frame(at_s)] - courses[1][frame(at_s)])


def test_scoops_slides_and_bends_come_from_below_and_falls_go_down():
    for program, gesture, soon_s, there_s in (
        (SAX, Gesture("scoop", -80), 0.51, 0.57),
        (NYLON, Gesture("slide", -200), 0.505, 0.57),
        (DISTORTED, Gesture("bend", -200), 0.54, 0.72),
    ):
        assert heard_cents(program, gesture, soon_s) < 0.5 * gesture.cents
        assert heard_cents(program, gesture, there_s) == pytest.approx(0, abs=12)
        assert heard_cents(program, gesture, 1.3) == pytest.approx(0, abs=5)  # with its vibrato, as without
    fall = Gesture("fall", -300)
    assert heard_cents(MUTED_TRUMPET, fall, 0.9, 1.2) == pytest.approx(0, abs=3)
    assert heard_cents(MUTED_TRUMPET, fall, 1.19, 1.2) < -200


def test_a_lead_glides_with_its_middle_on_the_notes_time():
    notes = [Note(0.5, 1.0, 69, 85), Note(1.0, 1.5, 73, 85, Gesture("slur", -400))]
    bend = bends_of_notes(notes)
    assert bend(np.array([0.96, 0.998, 1.0, 1.04])) == pytest.approx([0, 175, -200, 0], abs=30)
    cents = cents_of(played(CLARINET, notes), 440 * 2 ** (2 / 12))
    risen = np.flatnonzero(cents[frame(0.96) : frame(1.04)] > 0)[0] / SAMPLE_RATE + 0.96
    assert risen == pytest.approx(1.0, abs=0.008)  # two tones of other phases meet


def test_a_file_says_it_and_is_played_alike(tmp_path):
    for program in (SAW, SAX):
        score = with_gestures(tune(program), 1)
        held = with_gestures(tune(program, n_held=6, rests=2), 1)
        score = replace(score, stems=(score.stems[0], replace(held.stems[0], name="arp")))
        write_midi(score, tmp_path / "a.mid")
        read = read_midi(tmp_path / "a.mid")
        for stem, part in zip(score.stems, read.parts, strict=True):
            slurs = [note.gesture is not None and note.gesture.kind == "slur" for note in stem.notes]
            assert slurs == [note.gesture is not None for note in part.stem.notes]
        n = 12 * SAMPLE_RATE
        ours, again = (
            session_of(piece, Orchestra(), n, n).sources for piece in (score, StyledMidi(read, "jazz"))
        )
        for name in ("melody", "arp"):
            first, second = next(ours[name])[0], next(again[name])[0]
            assert np.corrcoef(first, second)[0, 1] > 0.999  # the wheel's steps are whole ticks in the file
