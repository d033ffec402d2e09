"""Grooves by style, and how a kit plays what is written."""

import numpy as np
import pytest

from dyvim_cli.model.score.musical_bias import BASS, DRUMS, MELODY, MusicalBias
from dyvim_cli.music.form.film_on_grid import FilmOnGrid
from dyvim_cli.music.form.recapitulation import returns
from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.idioms.grooves import density_of, needs
from dyvim_cli.music.performance.drumming import play_drums, ringing_crashes
from dyvim_cli.music.performance.humanize import ACCENT_LEVEL, Feel
from dyvim_cli.music.performance.perform import perform
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR, STYLES, Key, TempoMap

KICK, SNARE, HAT = (1 << tokens.DRUM_CLASSES.index(name) for name in ("kick", "snare", "hat"))


def test_a_return_brings_its_band_where_the_picture_moves_alike():
    first = Section(0, 64, "theme", 0, 0.0, 0.0)
    again = Section(64, 128, "theme", 0, 0.0, 0.0, recap_of=0)
    energy, hits = np.full(144, 0.5), np.zeros(144)
    energy[64:80], hits[82] = 0.9, 0.4
    film = FilmOnGrid(np.array([0]), np.array([0]), np.zeros((1, 2)), energy, hits)
    active = np.ones((tokens.K, 144), dtype=bool)
    active[DRUMS, 32:64] = False
    parts = (first, again, Section(128, 144, "outro", 1, 0.0, 0.0))
    copies = returns(parts, np.array([0, 64, 128]), film, active, 136)
    melody = copies[tokens.STREAM_INDEX["melody"]]
    assert np.array_equal(melody[64:112], np.arange(48)) and (melody[112:] == -1).all()
    assert (copies[BASS, 64:96] == -1).all() and np.array_equal(copies[BASS, 96:112], np.arange(32, 48))
    assert (copies[DRUMS] == -1).all()  # other picture, an event, or no drums before


def struck_steps(style: str, pattern: dict[str, str], motion: float, role: str = "theme") -> int:
    """Number of a bar's steps on which a groove plays under a constant motion."""
    density = density_of(style, role, "drums", np.full(STEPS_PER_BAR, motion))
    played = [needs(row[:STEPS_PER_BAR]) <= density for row in pattern.values()]
    return int(np.any(played, axis=0).sum())


@pytest.mark.parametrize("style", STYLES)
def test_every_groove_fills_with_motion_and_a_kit_never_stops(style):
    for groove in RECORDS[style].grooves:
        steps = [struck_steps(style, groove, motion) for motion in (0.0, 0.4, 0.8)]
        assert steps == sorted(steps) and steps[0] < 17
        assert steps[0] >= (5 if RECORDS[style].keeps_beat else 0), (groove, steps)


@pytest.mark.parametrize("style", [name for name, style in RECORDS.items() if style.keeps_beat])
def test_a_kit_keeps_eighths_and_fills_them_in_when_the_picture_moves(style):
    """Held-out drummers play on 7.7 to 15 steps per bar."""
    for groove in RECORDS[style].grooves:
        calm, moving = (struck_steps(style, groove, motion) for motion in (0.4, 0.9))
        assert calm >= 7 and moving >= 8, (groove, calm, moving)


def test_a_part_keeps_its_density_over_its_steady_bars():
    motion = np.repeat([0.1, 0.9, 0.9, 0.1], STEPS_PER_BAR)
    drums = density_of("pop", "theme", "drums", motion).reshape(4, -1)
    assert np.ptp(drums[:2]) == np.ptp(drums[2:]) == 0
    assert np.ptp(density_of("pop", "theme", "melody", motion)) > 0.5
    late = density_of("pop", "theme", "drums", motion[4:], first=4)  # a section that begins on a second beat
    assert np.ptp(late[: 2 * STEPS_PER_BAR - 4]) == 0 and late[-1] == late[2 * STEPS_PER_BAR]


def test_a_crash_is_not_struck_into_the_ring_of_another():
    row = np.zeros(96, dtype=np.int16)
    row[[0, 8, 31, 32, 70]] = tokens.drum_token(["crash"])
    assert ringing_crashes(row) == {8, 31}
    keys = {step: key for step, key, _ in drummed(row, hits=(0, 8, 31, 32, 70))}
    assert keys[8] == keys[31] == 55 and 55 not in (keys[0], keys[32], keys[70])


def drummed(row, style="rock", hits=()):
    """(step, key, velocity) of every stroke of a drum row at 120 BPM; hits: steps that are accents."""
    score = np.zeros((tokens.K, len(row)), dtype=np.int16)
    score[0], score[DRUMS] = 4, row
    score[0, list(hits)] = 7
    tempo_map = TempoMap(np.arange(len(row) + 1) * 0.125, 120.0)
    stems = perform(score, tempo_map, Key(0, False), style, len(row) / 8, 1).stems
    notes = next(stem.notes for stem in stems if stem.is_drums)
    return [(round(n.start_s / 0.125), n.pitch, n.velocity) for n in notes]


def test_kick_and_snare_take_turns_but_at_accents():
    row = np.zeros(64, dtype=np.int16)
    row[[4, 7, 10, 20, 26]] = KICK | SNARE
    row[30] = KICK | SNARE | tokens.drum_token(["crash"])
    played = {(step, key) for step, key, _ in drummed(row, "rock", hits=(26,))}
    kicks, snares = ({step for step, key in played if key == drum} for drum in (36, 38))
    assert kicks == {7, 10, 26, 30} and snares == {4, 20, 26, 30}  # the backbeat is the snare's
    machine = {(step, key) for step, key, _ in drummed(row, "electronic")}
    assert {step for step, key in machine if key == 36} == {4, 7, 10, 20, 26, 30}  # four on the floor


def test_the_hat_goes_on_over_a_lesser_event():
    row = np.zeros(64, dtype=np.int16)
    row[0:16:2], row[16:32:4] = HAT, HAT
    row[[6, 34]], row[10] = KICK, KICK | SNARE
    hats = {step for step, key, _ in drummed(row, "pop", hits=(10,)) if key == 42}
    assert hats == {0, 2, 4, 6, 8, 12, 14, 16, 20, 24, 28}  # not where the film is hit, nor where none went


def test_ghost_notes_are_touched_and_rolls_are_not():
    row = np.zeros(64, dtype=np.int16)
    row[[4, 12, 20, 28]], row[[7, 9, 15, 23]] = SNARE, SNARE
    row[44:48] = SNARE  # a roll
    loudness = {step: velocity for step, _, velocity in drummed(row)}
    ghosts, beats = [loudness[s] for s in (7, 9, 15, 23)], [loudness[s] for s in (4, 12, 20)]
    roll = [loudness[s] for s in range(44, 48)]
    assert max(ghosts) < 0.65 * min(beats) and min(roll) > max(ghosts)


def test_what_keeps_time_is_softer_than_what_meets_an_event():
    n_steps = 4 * STEPS_PER_BAR
    piece = tokens.empty(n_steps)
    piece[DRUMS] = tokens.drum_token(["kick"])
    piece[tokens.STREAM_INDEX["level"]] = ACCENT_LEVEL - 1
    piece[tokens.STREAM_INDEX["level"], ::STEPS_PER_BAR] = ACCENT_LEVEL
    grid = TempoMap(np.arange(n_steps + 1) * 0.125, 120.0)
    feel = Feel(piece, grid, RECORDS["pop"].palette, "pop", 8.0, seed=0)
    notes = play_drums(piece[DRUMS], RECORDS["pop"].palette, RECORDS["pop"].palette.parts["drums"], feel)
    struck = np.array([note.velocity for note in notes if note.pitch == notes[0].pitch])
    at = np.rint(np.array([note.start_s for note in notes if note.pitch == notes[0].pitch]) / 0.125).astype(
        int
    )
    accented = at % STEPS_PER_BAR == 0
    assert struck[accented].mean() - struck[~accented].mean() > 20


def test_a_tune_goes_on_after_a_long_rest_on_a_half_bar():
    preferences, blank = MusicalBias(1, 64, None), np.zeros((1, tokens.K, 64), dtype=np.int64)
    rest, note = np.zeros((2, 1, tokens.K), dtype=np.int64)
    note[0, MELODY] = 20

    def leaning(step: int) -> float:
        return float(preferences.bias(blank, step + MELODY)[0, MELODY, tokens.FIRST_PITCH + 5])

    for _ in range(27):
        preferences.advance(rest)
    assert leaning(32) == 0
    preferences.advance(rest)
    assert leaning(32) > 5 and leaning(33) == 0
    preferences.advance(note)
    assert leaning(40) < 5


def test_an_added_stroke_moves_no_other():
    """The deviations are each player's and step's own, so a hit that moves leaves the rest as it was."""
    n_steps = 4 * STEPS_PER_BAR
    piece = np.zeros((tokens.K, n_steps), dtype=np.int16)
    piece[tokens.STREAM_INDEX["level"]] = 3
    piece[DRUMS, ::4] = tokens.drum_token(["kick"])
    piece[tokens.STREAM_INDEX["bass"], ::8] = tokens.FIRST_PITCH + 5
    more = piece.copy()
    more[DRUMS, 2] = tokens.drum_token(["snare"])
    grid = TempoMap(np.arange(n_steps + 1) * 0.125, 120.0)
    before, after = (perform(one, grid, Key(0, False), "jazz", 8.0, seed=3) for one in (piece, more))
    added = set(after.stems[-1].notes) - set(before.stems[-1].notes)
    assert [stem.name for stem in after.stems] == ["bass", "drums"] and len(added) == 1
    assert {note for stem in after.stems for note in stem.notes} - added == {
        note for stem in before.stems for note in stem.notes
    }
    deviations = np.array([note.start_s for note in before.stems[-1].notes]) % 0.5
    assert len(set(deviations.round(6))) > 4  # people play it
