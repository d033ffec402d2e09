"""Hearing: who speaks when, and what of a film's own sound is music already."""

import numpy as np
import pytest
from helpers.voices import RATE, SENTENCES, laid, melody, noise, spoken
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import butter, resample_poly, sosfilt

from dyvim_cli.hearing import spans
from dyvim_cli.hearing.music import MusicListener
from dyvim_cli.hearing.speech import WINDOW_S, SpeechListener, loud_spans, reached, spans_of

SECONDS = 12.0


def heard(samples: np.ndarray, speech: np.ndarray = spans.NONE) -> tuple[np.ndarray, np.ndarray]:
    """(speech, music) spans of samples [n] at RATE, fed in uneven blocks."""
    talk, music = SpeechListener(), MusicListener()
    small = resample_poly(samples, 1, 3).astype(np.float32)
    for block in np.split(small, np.arange(777, len(small), 7919)):
        talk.feed(block)
        music.feed(block)
    found = talk.spans_s()
    return found, music.spans_s(speech if len(speech) else found)


def test_words_are_found_where_they_are_said(tmp_path):
    voices = [spoken(tmp_path, text) for text in SENTENCES]
    starts = (2.0, 9.0)
    speech, music = heard(laid(16, *zip(starts, voices, strict=True)) + noise(16, 0.001))
    phrases = spans.joined(speech, 1.5)
    ends = [start + len(voice) / RATE for start, voice in zip(starts, voices, strict=True)]
    assert phrases == pytest.approx(np.column_stack([starts, ends]), abs=0.25)
    assert not len(music)


@pytest.mark.parametrize("colour", [0.0, 2.0], ids=["hiss", "wind"])
def test_words_are_told_from_noise_as_loud_as_a_third_of_them(tmp_path, colour):
    voice = spoken(tmp_path, SENTENCES[1])
    level = np.sqrt(np.mean(voice**2)) * 10 ** (-10 / 20)
    start, end = 4.0, 4.0 + len(voice) / RATE
    speech, _ = heard(laid(12, (start, voice)) + noise(12, level, colour=colour))
    said = np.arange(0, 12, 0.01)
    truth = (said >= start) & (said < end)
    found = spans.flags_of(spans.joined(speech, 0.5), 0.01, len(said))
    assert (found & truth).sum() > 0.95 * truth.sum() and (found & truth).sum() > 0.9 * found.sum()


def test_one_word_is_enough(tmp_path):
    speech, _ = heard(laid(SECONDS, (7.0, spoken(tmp_path, "Behold!"))))
    assert len(spans.joined(speech, 0.5)) == 1 and speech[0, 0] == pytest.approx(7.0, abs=0.1)


def engine(seconds: float) -> np.ndarray:
    """Harmonics of a fundamental that wanders, and the noise of the road."""
    times = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(60 * (1 + 0.2 * np.sin(times) + 0.05 * np.sin(2.7 * times))) / RATE
    harmonics = sum(np.sin(k * phase + k) / k**0.8 for k in range(1, 25))
    return 0.05 * harmonics + noise(seconds, 0.02)


def applause(seconds: float) -> np.ndarray:
    """Many hands, each clap a short burst."""
    rng, claps = np.random.default_rng(4), np.zeros(round(seconds * RATE) + 4000)
    for start in rng.integers(0, len(claps) - 3000, 2000):
        claps[start : start + 2000] += rng.standard_normal(2000) * np.exp(-np.arange(2000) / 500)
    return 0.05 * claps[: round(seconds * RATE)]


def bell(seconds: float) -> np.ndarray:
    """The same inharmonic stroke every second."""
    times = np.arange(RATE) / RATE
    stroke = sum(np.sin(2 * np.pi * f * times) * np.exp(-4 * times) for f in (830, 1377, 2210, 3310))
    return 0.1 * np.tile(stroke, round(seconds))


def tone(seconds: float) -> np.ndarray:
    """The hum of the mains."""
    times = np.arange(round(seconds * RATE)) / RATE
    return 0.05 * sum(np.sin(2 * np.pi * 50 * k * times) / k for k in range(1, 12))


@pytest.mark.parametrize(
    "sound",
    [lambda s: noise(s, 0.1, colour=0.0), lambda s: noise(s, 0.1, colour=2.0), engine, applause, bell, tone],
    ids=["hiss", "wind", "engine", "applause", "bell", "hum"],
)
def test_what_is_neither_speech_nor_music(sound):
    speech, music = heard(sound(SECONDS))
    assert spans.total_s(speech) < 0.5 and not len(music)


def test_music_is_found_between_silences_and_under_a_voice(tmp_path):
    voice = spoken(tmp_path, SENTENCES[0])
    song = laid(30, (6.0, melody(16))) + noise(30, 0.0005)
    _, music = heard(song)
    assert music == pytest.approx(np.array([[6.0, 22.0]]), abs=0.6)
    speech, music = heard(song + laid(30, (12.0, voice)))
    assert spans.total_s(speech) > 3
    assert music == pytest.approx(np.array([[6.0, 22.0]]), abs=0.6)


def test_music_under_a_voice_is_told_by_the_pauses_between_the_words(tmp_path):
    first, second = (spoken(tmp_path, text) for text in SENTENCES)
    voice = laid(32, (1.5, first), (8.0, second), (14.5, first), (21.0, second), (27.0, first))
    room = noise(32, 0.0005)
    speech, none = heard(voice + room)
    assert spans.total_s(speech) > 16 and not len(none)
    _, music = heard(voice + 0.12 * melody(32, level=0.5) + room)
    assert spans.total_s(music) > 0.7 * 32  # the ends are a matter of stepping aside


def test_music_is_told_through_noise_that_is_softer():
    _, music = heard(melody(SECONDS) + noise(SECONDS, 0.02, colour=0.0))
    assert spans.total_s(music) > 0.8 * SECONDS


def test_a_jingle_is_no_reason_to_step_aside():
    assert not len(heard(laid(20, (8.0, melody(2))))[1])


def test_speech_lasts_until_it_is_clearly_over():
    likely = np.array([0.1, 0.4, 0.9, 0.4, 0.2, 0.4, 0.4, 0.1, 0.9, 0.1] + [0.0] * 20)
    found = spans_of(likely)
    assert len(found) == 1  # the doubtful stretch and the single window are no speech of their own
    assert found[0] == pytest.approx([WINDOW_S - 0.03, 4 * WINDOW_S + 0.08], abs=1e-6)


def test_without_a_detector_what_stands_out_counts():
    levels = np.full(1000, -50.0)
    levels[300:500] = -20.0
    assert loud_spans(levels, 0.01, -60) == pytest.approx(np.array([[3.0, 5.0]]))
    for silence in (np.full(1000, -90.0), np.zeros(0)):
        assert not len(loud_spans(silence, 0.01, -60))


def test_a_word_begins_where_the_sound_rose_to_it():
    levels, word = np.full(1000, -65.0), np.array([[3.0, 4.0]])
    levels[275:430] = -30.0  # a whisper, of which the detector hears the middle
    assert reached(word, levels, 0.01) == pytest.approx(np.array([[2.75, 4.3]]))
    levels[:] = -30.0  # a noise that is as loud has no edge there
    assert reached(word, levels, 0.01) == pytest.approx(word)
    assert not len(reached(spans.NONE, levels, 0.01))


@given(st.lists(st.booleans(), max_size=60), st.floats(0, 1))
def test_spans_and_flags_say_the_same(flags, gap_s):
    found = spans.of_flags(np.array(flags, bool), 0.1)
    assert spans.flags_of(found, 0.1, len(flags)).tolist() == flags
    closed = spans.joined(found, gap_s)
    assert spans.total_s(closed) >= spans.total_s(found) - 1e-9
    assert (closed[1:, 0] - closed[:-1, 1] >= gap_s - 1e-9).all()
    if len(found):
        assert (closed[0, 0], closed[-1, 1]) == (found[0, 0], found[-1, 1])


def test_music_goes_on_where_it_is_out_of_tune_for_a_while():
    tune = melody(24)
    times = np.arange(8 * RATE) / RATE
    bent = 0.3 * np.sin(2 * np.pi * times / 4)  # nearly a third of a semitone up and down
    places = np.cumsum(2 ** (bent / 12))
    tune[: 8 * RATE] = np.interp(places, np.arange(len(tune)), tune)
    _, music = heard(tune + noise(24, 0.0005))
    assert music == pytest.approx(np.array([[0.0, 24.0]]), abs=0.6)


def stroke(low_hz: float, high_hz: float, seconds: float, seed: int) -> np.ndarray:
    """Noise in a band that dies away."""
    rng, n = np.random.default_rng(seed), round(5 * seconds * RATE)
    band = butter(2, (low_hz, high_hz), "bandpass", fs=RATE, output="sos")
    wave = sosfilt(band, rng.standard_normal(n)) * np.exp(-np.arange(n) / RATE / seconds)
    return wave / np.abs(wave).max()


KICK, SNARE, HAT = (40, 120, 0.08), (200, 5000, 0.06), (5500, 7900, 0.02)


def struck(times_s, sounds, levels) -> np.ndarray:
    """[n] strokes in a room: sounds and levels are taken in turn."""
    hits = [(time_s, levels[i % len(levels)] * stroke(*sounds[i % len(sounds)], seed=i))
            for i, time_s in enumerate(times_s)]  # fmt: skip
    return 0.3 * laid(SECONDS, *hits) + noise(SECONDS, 0.0005)


def drum_loop(beat_s: float) -> np.ndarray:
    """Kick, snare and hat of a rock beat, played by hand: late and early, loud and soft."""
    rng, eighth_s = np.random.default_rng(6), beat_s / 2
    n = int((SECONDS - 0.8) / eighth_s)
    late_s = rng.normal(0, 0.006, n)
    loop = struck(np.arange(n) * eighth_s + 0.1 + late_s, [HAT], [0.5, 0.2, 0.35, 0.25])
    kicks, snares = ([i for i in range(n) if i % 8 in places] for places in ((0, 3, 4), (2, 6, 7)))
    loop += struck([i * eighth_s + 0.1 + late_s[i] for i in kicks], [KICK], [1.0, 0.6, 0.8])
    return loop + struck([i * eighth_s + 0.1 + late_s[i] for i in snares], [SNARE], [0.8, 0.7, 0.15])


@pytest.mark.parametrize("beat_s", [0.7, 0.4])
def test_drums_alone_are_music(beat_s):
    speech, music = heard(laid(18, (4.0, drum_loop(beat_s))) + noise(18, 0.0005))
    assert not len(speech)
    assert music == pytest.approx(np.array([[4.1, 15.4]]), abs=0.8)


@pytest.mark.parametrize(
    "sound",
    [
        struck(np.arange(0.1, 11, 0.45), [(60, 4000, 0.04)], [1.0, 0.4, 0.7]),
        struck(np.arange(0.1, 11, 0.25), [(60, 300, 0.04), (1500, 6000, 0.03)], [0.8, 0.5]),
        struck(np.arange(0.1, 11, 0.5), [(2000, 7000, 0.005)], [1.0]),
        struck(np.sort(np.random.default_rng(2).uniform(0.1, 11, 50)), [KICK, SNARE, HAT], [1.0, 0.3]),
        struck(
            (np.arange(0, 10, 0.55)[:, None] + [0.1, 0.22, 0.34]).ravel(),
            [(250, 4000, 0.03)],
            [0.5, 0.7, 1.0],
        ),
    ],
    ids=["hammer", "steps", "clock", "blows at random", "gallop"],
)
def test_what_strikes_without_being_drums(sound):
    assert not len(heard(sound)[1])


def test_who_counts_aloud_is_no_drummer(tmp_path):
    speech, music = heard(
        np.tile(laid(2.4, (0.1, spoken(tmp_path, "One. Two. Three. Four.")[: 2 * RATE])), 5)
    )
    assert spans.total_s(speech) > 4 and not len(music)
