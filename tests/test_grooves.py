"""What drums and bass of a style would play over a film."""

import numpy as np
import pytest

from dyvim_cli.model.score.style_bias import BASS, DRUM_IDIOM, DRUMS, MELODY, PAD, Taste
from dyvim_cli.music.form.film_on_grid import FilmOnGrid
from dyvim_cli.music.form.recapitulation import returns
from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.form.style_patterns import Ground, plan_ground
from dyvim_cli.music.performance.drumming import play_drums
from dyvim_cli.music.performance.humanize import ACCENT_LEVEL, Feel
from dyvim_cli.music.performance.perform import perform
from dyvim_cli.music.styles.grooves import BEAT_STYLES
from dyvim_cli.music.styles.palettes import PALETTES
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STEPS_PER_BAR, STYLES, Key, TempoMap

KICK, SNARE, HAT = (1 << tokens.DRUM_CLASSES.index(name) for name in ("kick", "snare", "hat"))


def sections(*roles: str, bars: int = 4) -> tuple[Section, ...]:
    """Sections of as many bars, each with a label of its own."""
    length = bars * STEPS_PER_BAR
    return tuple(Section(i * length, (i + 1) * length, role, i, 0.0, 0.0) for i, role in enumerate(roles))


def ground(style: str, energy: float = 0.5, roles=("theme",), hits=None, final=None, seed: int = 0) -> Ground:
    parts = sections(*roles)
    n = parts[-1].end
    hits = np.zeros(n) if hits is None else hits
    return plan_ground(
        np.random.default_rng(seed), parts, np.full(n, energy), hits, style, n if final is None else final
    )


def test_every_style_has_a_groove_that_energy_fills():
    for style in STYLES:
        strokes = [[tokens.drum_classes(t) for t in ground(style, e).drums] for e in (0.1, 0.5, 0.95)]
        counts = [sum(map(len, row)) for row in strokes]
        assert counts[0] <= counts[1] <= counts[2] and counts[0] < counts[2], style


@pytest.mark.parametrize("seed", range(4))
def test_styles_keep_their_idiom(seed):
    rock = ground("rock", seed=seed).drums.reshape(-1, STEPS_PER_BAR)
    assert (rock[:, [4, 12]] & SNARE).all() or (rock[:, ::4] & KICK).all()  # backbeat, or on the floor
    jazz = ground("jazz", seed=seed).drums.reshape(-1, STEPS_PER_BAR)
    assert (jazz[:, [0, 4, 8, 12]] & HAT).all()  # the ride goes through
    walking = ground("jazz", seed=seed).bass.reshape(-1, STEPS_PER_BAR)
    assert walking[:, [0, 4, 8, 12]].all() or walking[:, [0, 8]].all()


def test_nothing_is_said_about_events_and_the_last_chord():
    hits = np.zeros(64)
    hits[20] = 1.0
    plan = ground("pop", hits=hits, final=48)
    for row in (plan.drums, plan.bass):
        assert row[20] == tokens.UNKNOWN and (row[48:] == tokens.UNKNOWN).all()
        assert (row[:20] != tokens.UNKNOWN).all()


def test_a_calm_film_keeps_a_thin_groove():
    for style in STYLES:
        assert (ground(style, energy=0.0).drums > 0).any() or style not in BEAT_STYLES


def test_a_pattern_is_kept_for_two_bars():
    energy = np.repeat([0.1, 0.9, 0.9, 0.1], STEPS_PER_BAR)
    plan = plan_ground(np.random.default_rng(0), sections("theme"), energy, np.zeros(64), "pop", 64)
    bars = plan.drums.reshape(-1, STEPS_PER_BAR)
    assert np.array_equal(bars[0], bars[1]) and np.array_equal(bars[2], bars[3])


def test_a_section_that_leads_on_ends_with_a_fill():
    plain, turned = ground("pop", 0.6).drums[:64], ground("pop", 0.6, ("theme", "contrast")).drums[:64]
    assert np.array_equal(plain[:48], turned[:48]) and not np.array_equal(plain[48:], turned[48:])


def test_taste_leans_to_the_style():
    drums, bass = np.full(8, tokens.UNKNOWN), np.full(8, tokens.UNKNOWN)
    drums[3], bass[3] = KICK | HAT, 0
    taste = Taste(1, 64, None, Ground(drums, bass))
    delayed = np.zeros((1, tokens.K, 16), dtype=int)
    import torch

    bias = taste.bias(torch.from_numpy(delayed), 3 + DRUMS)
    assert bias[0, DRUMS, KICK | HAT] == DRUM_IDIOM and bias[0, DRUMS].sum() == DRUM_IDIOM
    sounding = torch.full((1, tokens.K), tokens.REST)
    sounding[:, PAD] = tokens.FIRST_PITCH
    taste.advance(sounding)
    bias = taste.bias(torch.from_numpy(delayed), 3 + BASS)
    assert (bias[0, BASS, : tokens.FIRST_PITCH] > 0).all() and not bias[0, BASS, tokens.FIRST_PITCH :].any()


def test_drums_keep_their_groove_the_firmer_the_more_the_film_moves():
    import torch

    leans = []
    for energy in (0.2, 0.8):
        plan = ground("rock", energy)
        step = int(np.flatnonzero(plan.drums > 0)[0])
        bias = Taste(1, 64, None, plan).bias(torch.zeros(1, tokens.K, 80, dtype=torch.long), step + DRUMS)
        leans.append(float(bias[0, DRUMS, int(plan.drums[step])]))
    assert DRUM_IDIOM < leans[0] < leans[1] - 2


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


KIT_STYLES = ("lofi", "pop", "electronic", "jazz", "rock", "acoustic", "playful")


@pytest.mark.parametrize("style", KIT_STYLES)
def test_a_kit_keeps_eighths_and_fills_them_in_when_the_picture_moves(style):
    """Held-out drummers strike 7.7 to 15 steps a bar."""
    for seed in range(6):
        calm, moving = (ground(style, energy, seed=seed).drums for energy in (0.4, 0.8))
        struck = [(row.reshape(-1, STEPS_PER_BAR) > 0).sum(axis=1).mean() for row in (calm, moving)]
        assert struck[0] >= 7 and struck[1] >= 8 and struck[1] >= struck[0], (style, seed, struck)


@pytest.mark.parametrize("seed", range(6))
def test_the_ride_skips_where_swing_puts_it(seed):
    """Swing delays the second eighth of a beat to the triplet; a sixteenth before the beat is none."""
    ride = (ground("jazz", 0.6, seed=seed).drums & HAT) > 0
    ride = ride.reshape(-1, STEPS_PER_BAR)
    assert not ride[:, 1::2].any() and ride[:, [2, 6, 10, 14]].any(axis=1).all()


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


@pytest.mark.parametrize("style", STYLES)
def test_a_build_up_rises_to_its_border(style):
    plan = ground(style, 0.5, ("theme", "build", "theme"))
    first, second = plan.drums[64:96], plan.drums[96:128]
    assert (second > 0).sum() > (first > 0).sum(), style
    assert plan.lift[64] == -1 and plan.lift[127] == 1 and (np.diff(plan.lift[64:128]) > 0).all()
    assert not plan.lift[:64].any() and not plan.lift[128:].any()


def test_taste_lifts_the_level_but_into_no_accent():
    import torch

    lift = np.zeros(8)
    lift[[2, 5]] = -1, 1
    taste = Taste(1, 64, None, Ground(np.zeros(0), np.zeros(0), lift))
    low, plain, high = (taste.bias(torch.zeros(1, tokens.K, 16).long(), step)[0, 0] for step in (2, 3, 5))
    assert (high[:6].diff() > 0).all() and (low[:6].diff() < 0).all()
    assert not plain.any() and not high[6:].any() and not low[6:].any()


def test_the_builds_roll_is_believed():
    """A decoder that is sure of silence: the groove is its own, the roll of a build-up is not its choice."""
    import torch

    drums, lift = np.full(8, SNARE), np.zeros(8)
    lift[5] = 1
    taste = Taste(1, 64, None, Ground(drums, np.full(8, tokens.UNKNOWN), lift))
    sure = torch.zeros(64).index_fill(0, torch.tensor([0]), 30.0)
    chosen = [
        int((sure + taste.bias(torch.zeros(1, tokens.K, 16).long(), step + DRUMS)[0, DRUMS]).argmax())
        for step in (3, 5)
    ]
    assert chosen == [0, SNARE]


def test_a_build_grows_however_calm_the_decoder_would_stay():
    """Its second half gets louder than the decoder is sure of, and goes in eighths."""
    import torch

    lift = np.zeros(16)
    lift[[2, 8, 9]] = -1, 1, 1
    taste = Taste(1, 64, None, Ground(np.zeros(0), np.zeros(0), lift))
    written = torch.zeros(1, tokens.K, 32).long()
    sure = torch.zeros(64).index_fill(0, torch.tensor([1]), 10.0)
    assert [int((sure + taste.bias(written, step)[0, 0]).argmax()) for step in (2, 8)] == [
        1,
        ACCENT_LEVEL - 1,
    ]
    for name in ("bass", "pad", "arp"):
        k = tokens.STREAM_INDEX[name]
        begins = [float(taste.bias(written, step + k)[0, k, tokens.FIRST_PITCH]) for step in (2, 8, 9)]
        usual = float(taste.bias(written, 5 + k)[0, k, tokens.FIRST_PITCH])
        assert begins[1] > usual + 3 and begins[0] == begins[2] == usual, name


def test_what_keeps_time_is_softer_than_what_meets_an_event():
    n_steps = 4 * STEPS_PER_BAR
    piece = tokens.empty(n_steps)
    piece[DRUMS] = tokens.drum_token(["kick"])
    piece[tokens.STREAM_INDEX["level"]] = ACCENT_LEVEL - 1
    piece[tokens.STREAM_INDEX["level"], ::STEPS_PER_BAR] = ACCENT_LEVEL
    grid = TempoMap(np.arange(n_steps + 1) * 0.125, 120.0)
    feel = Feel(piece, grid, PALETTES["pop"], "pop", 8.0, np.random.default_rng(0))
    notes = play_drums(piece[DRUMS], PALETTES["pop"], PALETTES["pop"].parts["drums"], feel)
    struck = np.array([note.velocity for note in notes if note.pitch == notes[0].pitch])
    at = np.rint(np.array([note.start_s for note in notes if note.pitch == notes[0].pitch]) / 0.125).astype(
        int
    )
    accented = at % STEPS_PER_BAR == 0
    assert struck[accented].mean() - struck[~accented].mean() > 7


def test_a_tune_goes_on_after_a_long_rest_on_a_half_bar():
    import torch

    taste, blank = Taste(1, 64, None), torch.zeros(1, tokens.K, 64).long()
    rest, note = torch.zeros(1, tokens.K).long(), torch.zeros(1, tokens.K).long()
    note[0, MELODY] = 20

    def leaning(step: int) -> float:
        return float(taste.bias(blank, step + MELODY)[0, MELODY, tokens.FIRST_PITCH + 5])

    for _ in range(27):
        taste.advance(rest)
    assert leaning(32) == 0
    taste.advance(rest)
    assert leaning(32) > 5 and leaning(33) == 0
    taste.advance(note)
    assert leaning(40) < 5
