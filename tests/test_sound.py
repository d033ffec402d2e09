"""The sound from tokens to a finished soundtrack: players, instruments, mix, mastering, MIDI."""

import json

import numpy as np
import pytest
from helpers.music_levels import measured_lufs, stem_blocks
from helpers.songs import C_MAJOR, RATE, STEP_S, grid, played, song

from dyvim_cli import weights
from dyvim_cli.errors import WeightsError
from dyvim_cli.hearing import metering
from dyvim_cli.music.idioms import kit
from dyvim_cli.music.mixing import loudness
from dyvim_cli.music.mixing.mastering import produce, produce_blocks
from dyvim_cli.music.performance.humanize import FIRST_SOUND_S
from dyvim_cli.music.performance.perform import key_shift, note_spans, perform, power_chord, smooth_voicing
from dyvim_cli.music.symbols import tokens
from dyvim_cli.music.symbols.midi import key_signature, tempo_events, write_midi
from dyvim_cli.music.synth import envelopes, instrument, sampler, soundfont, voice
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STYLES, Key, Note, Stem, TempoMap


def stem(score, name: str) -> Stem:
    return next(part for part in score.stems if part.name == name)


def pitch_hz(sound: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 18))
    hz = np.fft.rfftfreq(1 << 18, 1 / RATE)
    near = (hz > 380) & (hz < 510)
    return float(hz[near][np.argmax(spectrum[near])])


def test_font_has_every_preset_of_the_palettes():
    font = soundfont.shipped_soundfont()
    assert kit.presets() <= {(preset.bank, preset.program) for preset in font.presets}
    sizes = [path.stat().st_size for path in soundfont.soundfont_paths()]
    assert max(sizes) <= 20_000_000
    assert sum(path.stat().st_size for path in weights.folder().iterdir() if path.is_file()) <= 60 << 20


def test_every_drum_of_every_palette_sounds():
    font = soundfont.shipped_soundfont()
    for palette in (style.palette for style in RECORDS.values()):
        kits = palette.parts["drums"].programs
        keys = {
            k for turn in (kit.KIT | palette.drum_keys).values() for one in turn for k in np.atleast_1d(one)
        }
        for drums in kits:
            preset = sampler.find_preset(font, 128, drums)
            assert all(
                sampler.voices(font, preset, int(key), v) for key in keys for v in (20, 70, 90, 120)
            ), drums


def test_bad_font_is_a_weights_error(tmp_path, monkeypatch):
    for broken in (tmp_path / "broken.sf3", tmp_path / "missing.sf3"):
        if "broken" in broken.name:
            broken.write_bytes(b"RIFF....sfbkLIST")
        monkeypatch.setattr(soundfont, "soundfont_paths", lambda path=broken: [path])
        soundfont.shipped_soundfont.cache_clear()
        with pytest.raises(WeightsError, match=broken.name):
            soundfont.shipped_soundfont()


@pytest.mark.parametrize("program", [0, 73, 48, 24])
def test_instruments_are_in_tune(program):
    font = soundfont.shipped_soundfont()
    voices = sampler.voices(font, sampler.find_preset(font, 0, program), 69, 90)
    sound = voice.render(font, voices[0], RATE).samples[:RATE]
    assert abs(1200 * np.log2(pitch_hz(sound) / 440)) < 25


def test_harder_is_louder_and_brighter():
    font = soundfont.shipped_soundfont()
    preset = sampler.find_preset(font, 0, 0)

    def spectrum(velocity):
        voices = sampler.voices(font, preset, 60, velocity)
        sound = sum(voice.render(font, one, RATE).samples[:RATE] for one in voices)
        return np.abs(np.fft.rfft(sound))

    soft, hard = spectrum(40), spectrum(120)
    centre = np.arange(len(soft))
    assert (hard**2).sum() > 10 * (soft**2).sum()
    assert (hard * centre).sum() / hard.sum() > 1.1 * (soft * centre).sum() / soft.sum()


def test_blocks_have_no_seams_and_repeat_exactly():
    font, part = soundfont.shipped_soundfont(), stem(played("lofi"), "melody")
    n = 4 * RATE
    whole = next(stem_blocks(font, part, n, n))
    pieces = np.concatenate(list(stem_blocks(font, part, n, RATE // 2)), axis=1)
    assert whole.shape == (2, n) and np.abs(whole).max() > 0
    np.testing.assert_array_equal(whole, pieces)


@pytest.mark.parametrize(
    ("program", "is_drums", "key", "late_s"),
    [(0, False, 60, 0.006), (25, False, 64, 0.006), (34, False, 36, 0.008), (0, True, 36, 0.008),
     (48, False, 60, 0.06), (52, False, 60, 0.06)],
)  # fmt: skip
def test_sound_has_risen_where_the_note_is(program, is_drums, key, late_s):
    """With any attack: a pick 40 ms before its string, a slow bow."""
    part = Stem("a", program, is_drums, (Note(0.5, 0.9, key, 100),))
    sound = next(stem_blocks(soundfont.shipped_soundfont(), part, RATE, RATE))
    envelope = np.abs(sound[:, : round(0.65 * RATE)]).max(axis=0)
    risen_s = np.flatnonzero(envelope > 0.4 * envelope.max())[0] / RATE
    assert -0.002 < risen_s - 0.5 < late_s
    assert envelope[: round(0.43 * RATE)].max() < 0.02 * envelope.max()


def test_a_note_makes_room_for_the_next():
    """Both begin early by the same time: a rest before an accent keeps its length."""
    font, silence_s = soundfont.shipped_soundfont(), []
    for n in (1, 2):
        notes = (Note(0.5, 0.8, 60, 90), Note(0.9, 1.2, 67, 90))[:n]
        part = Stem("a", 80, False, notes)
        sound = np.abs(next(stem_blocks(font, part, 2 * RATE, 2 * RATE))).max(axis=0)
        silence_s.append(np.flatnonzero(sound > 0.5 * sound[: RATE // 2 + RATE // 4].max()) / RATE)
    let_go, starts = silence_s[0].max(), silence_s[1][silence_s[1] > 0.85].min()
    assert starts - let_go == pytest.approx(0.1, abs=0.012)


@pytest.mark.parametrize("style", STYLES)
def test_accents_stand_on_the_grid_in_every_stem(style):
    score = played(style, n_bars=4)
    starts = {part.name: np.array([note.start_s for note in part.notes]) for part in score.stems}
    for name in ("melody", "bass", "pad", "drums", "accent"):
        for bar in range(4):
            assert np.abs(starts[name] - max(bar * 2.0, FIRST_SOUND_S)).min() < 0.001, name


@pytest.mark.parametrize("style", STYLES)
def test_notes_lie_inside_the_film(style):
    rows = song(2)
    score = perform(rows, grid(32, start_s=0.2), C_MAJOR, style, 3.7, 5)
    for part in score.stems:
        for note in part.notes:
            assert 0 <= note.start_s < note.end_s <= 3.7 and 1 <= note.velocity <= 127


def test_jazz_swings_and_electronic_does_not():
    rows = song(4)
    rows[tokens.STREAM_INDEX["level"]] = 3  # no accents

    def lateness(style):
        score = perform(rows, grid(64), C_MAJOR, style, 8.0, 3)
        late = [n.start_s - round(n.start_s / 0.5) * 0.5 for n in stem(score, "arp").notes]
        return np.median([x for x in late if 0.2 < x % 0.5 < 0.45])

    assert lateness("jazz") % 0.5 > 0.3 and abs(lateness("electronic") % 0.5 - 0.25) < 0.01


def test_key_and_seed():
    plain, moved = stem(played(), "melody").notes, stem(played(key=Key(3, False)), "melody").notes
    assert {m.pitch - p.pitch for m, p in zip(moved, plain, strict=True)} == {3}
    assert played(seed=4).stems == played(seed=4).stems
    assert len({tuple(s.program for s in played(seed=i).stems) for i in range(6)}) > 1
    assert key_shift(Key(7, False)) == -5


def test_louder_levels_are_played_harder():
    rows = song(2)
    rows[0] = 1
    soft = perform(rows, grid(32), C_MAJOR, "pop", 4.0, 1)
    rows[0] = 5
    hard = perform(rows, grid(32), C_MAJOR, "pop", 4.0, 1)
    for name in ("melody", "drums", "pad"):
        assert np.mean([n.velocity for n in stem(hard, name).notes]) > 15 + np.mean(
            [n.velocity for n in stem(soft, name).notes]
        )


def test_note_spans_and_voicings():
    assert note_spans(np.array([5, 1, 1, 0, 6, 7])) == [(0, 3, 5), (4, 5, 6), (5, 6, 7)]
    chord = tokens.chord_token(0, "maj7")
    voices = smooth_voicing(chord, 71, ())
    assert voices[-1] == 71 and {v % 12 for v in voices} == {0, 4, 7, 11} and voices[-1] - voices[0] > 12
    assert [p % 12 for p in power_chord(tokens.chord_token(7, "min"), 70)] == [7, 2, 7]


def test_loudness_agrees_with_a_reference_meter():
    import pyloudnorm

    rng = np.random.default_rng(0)
    sound = rng.normal(0, 0.1, (2, 6 * RATE)) * np.linspace(0.02, 1, 6 * RATE)
    expected = pyloudnorm.Meter(RATE).integrated_loudness(sound.T)
    assert measured_lufs(sound.astype(np.float32)) == pytest.approx(expected, abs=0.1)


def test_true_peak_sees_between_samples():
    times = np.arange(RATE) / RATE
    wave = np.sin(2 * np.pi * 12000 * times + np.pi / 4).astype(np.float32)  # samples reach only 0.707
    assert np.abs(wave).max() < 0.71
    assert metering.true_peak_db(np.stack([wave, wave])[:, 100:-100]) == pytest.approx(0, abs=0.5)


def master(sound: np.ndarray, block: int = 32 * 1000) -> np.ndarray:
    blocks = [sound[:, i : i + block].astype(np.float32) for i in range(0, sound.shape[1], block)]
    meter = loudness.Meter()
    for piece in blocks:
        meter.feed(piece)
    return np.concatenate(list(loudness.mastered(blocks, meter)), axis=1)


def test_mastering_meets_loudness_and_ceiling():
    rng = np.random.default_rng(1)
    sound = rng.normal(0, 0.003, (2, 5 * RATE))
    sound[:, :: RATE // 2] = 0.4  # clicks, 40 dB above the rest
    out = master(sound)
    assert out.shape == sound.shape
    assert metering.true_peak_db(out) <= -1.0
    assert measured_lufs(out) == pytest.approx(loudness.TARGET_LUFS, abs=0.5)


@pytest.mark.parametrize("n", [1, 100, RATE // 10, RATE // 3])
def test_mastering_of_next_to_nothing(n):
    assert not np.any(master(np.zeros((2, n))))
    out = master(np.full((2, n), 0.01) * np.sin(np.arange(n)))
    assert out.shape == (2, n) and np.all(np.isfinite(out)) and np.abs(out).max(initial=0) <= 1


@pytest.mark.parametrize("style", ["cinematic", "lofi", "electronic", "jazz"])
def test_soundtrack_is_finished(style):
    sound = produce(played(style), 4.3, keep_stems=True)
    samples = sound.samples
    assert samples.shape == (round(4.3 * RATE), 2) and samples.dtype == np.float32
    assert measured_lufs(samples.T) == pytest.approx(-14, abs=0.5)
    assert metering.true_peak_db(samples.T) <= -1
    assert np.all(np.abs(samples[-1]) < 1e-4)
    middle, side = samples.mean(axis=1), (samples[:, 0] - samples[:, 1]) / 2
    assert -20 < 10 * np.log10((side**2).mean() / (middle**2).mean()) < -2
    assert {"melody", "bass", "pad", "drums"} <= sound.stems.keys()
    assert all(part.shape == samples.shape for part in sound.stems.values())


def test_same_seed_same_samples():
    first, again = (np.concatenate(list(produce_blocks(played("rock", 1), 2.0))) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("duration_s", [0.05, 0.4])
def test_very_short_films_get_music(duration_s):
    rows = song(1)
    score = perform(rows[:, :1], TempoMap(np.array([0.0, duration_s]), 120.0), C_MAJOR, "pop", duration_s, 1)
    samples = produce(score, duration_s).samples
    assert samples.shape == (round(duration_s * RATE), 2) and np.all(np.isfinite(samples))


def test_silent_score_gives_silence():
    rows = np.zeros((tokens.K, 16), dtype=np.int16)
    score = perform(rows, grid(16), C_MAJOR, "ambient", 2.0, 1)
    samples = produce(score, 2.0).samples
    assert samples.shape == (2 * RATE, 2) and not samples.any()


def test_midi_keeps_time_to_the_millisecond(tmp_path):
    import symusic

    rows, rng = song(4), np.random.default_rng(0)
    times = 0.3 + np.concatenate([[0], np.cumsum(STEP_S * rng.uniform(0.96, 1.04, 64))])
    score = perform(
        rows, TempoMap(times, 120.0), Key(9, True), "pop", 9.0, 2, ((0, 32, "intro"), (32, 64, "theme"))
    )
    write_midi(score, tmp_path / "song.mid")
    file = symusic.Score(tmp_path / "song.mid")
    seconds = file.to("second")
    for part in score.stems:
        track = next(track for track in seconds.tracks if track.name == part.name)
        assert (track.program, track.is_drum) == (part.program, part.is_drums)
        starts = np.sort([note.start_s for note in part.notes])
        np.testing.assert_allclose(np.sort([note.time for note in track.notes]), starts, atol=0.001)
    assert [marker.text for marker in file.markers] == ["intro", "theme"]
    assert (file.key_signatures[0].key, file.key_signatures[0].tonality) == (0, 1)


def test_even_grid_needs_one_tempo():
    assert tempo_events(np.arange(65) * STEP_S) == [(0, 500000)]
    assert key_signature(Key(2, False)) == 2 and key_signature(Key(2, True)) == -1


def test_styles_verb():
    from typer.testing import CliRunner

    from dyvim_cli.cli.main import app

    result = CliRunner().invoke(app, ["styles", "--json"])
    assert result.exit_code == 0 and tuple(json.loads(result.stdout)) == STYLES
    assert "cinematic" in CliRunner().invoke(app, ["styles"]).stdout


def test_tones_of_a_long_piece_do_not_pile_up():
    """Every key is another tone: the cache stays within its bytes, and a tone sounds the same again."""
    strings = instrument.SampledInstrument(soundfont.shipped_soundfont(), False, 48)
    first, cache = strings.tones(40, 80, 48_000), strings.kept.cache
    cache.limit_bytes = 4 * sum(made.samples.nbytes for made in first)
    for key in [*range(40, 70), 69]:
        strings.tones(key, 80, 48_000)
        assert 0 < cache.n_bytes <= cache.limit_bytes
    assert 1 < len(cache) < 30
    again = strings.tones(40, 80, 48_000)
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(first, again, strict=True))


def test_what_rings_for_long_leaves_no_long_curves_behind(monkeypatch):
    """A synthetic bass decays for 20 s: no curve is made beyond what the note lasts."""
    longest, curves = 0, []
    make = envelopes.slope
    for module in (voice, envelopes):
        monkeypatch.setattr(module, "slope", lambda rate, n, *at: curves.append(n) or make(rate, n, *at))
    voice.fall.cache_clear()
    bass = instrument.SampledInstrument(soundfont.shipped_soundfont(), False, 38)
    for key in range(24, 100, 3):
        for made in bass.tones(key, 80, 24_000):
            longest = max(longest, len(made.samples))
    assert curves and max(curves) <= longest
