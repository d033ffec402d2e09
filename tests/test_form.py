"""The plan of a piece covers the film, listens to its scenes, and ends."""

from dataclasses import fields

import numpy as np
import pytest

from dyvim_cli.music.form.film_on_grid import lay_on_grid
from dyvim_cli.music.form.form import continued_groove
from dyvim_cli.music.form.planning import plan_form
from dyvim_cli.music.idioms.progressions import LEADING, roman
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import SECTION_ROLES, STEPS_PER_BAR, STEPS_PER_BEAT, STYLES, TempoMap

STEP_S = 0.125
CHORD, MELODY, DRUMS, BASS = (tokens.STREAM_INDEX[n] for n in ("chord", "melody", "drums", "bass"))


def _film(n_steps: int, seed: int) -> dict:
    """Scenes every ten seconds or so, cuts at their beginnings, impacts here and there."""
    rng = np.random.default_rng(seed)
    starts = np.concatenate([[0.0], np.sort(rng.uniform(0, n_steps * STEP_S, n_steps // 80))])
    cuts = np.minimum(np.rint(starts / STEP_S / STEPS_PER_BEAT).astype(int) * STEPS_PER_BEAT, n_steps - 1)
    impacts = rng.integers(0, n_steps, n_steps // 20)
    return {
        "scene_starts_s": starts,
        "scene_labels": rng.integers(0, 3, len(starts)),
        "scene_moods": rng.uniform(-1, 1, (len(starts), 2)),
        "energy": np.clip(0.5 + 0.4 * np.sin(np.arange(n_steps) / 40), 0, 1),
        "event_steps": np.concatenate([cuts, impacts]),
        "event_weights": np.concatenate([np.full(len(cuts), 0.9), rng.uniform(0, 0.6, len(impacts))]),
    }


def _still(n_steps: int) -> dict:
    """A film of one picture."""
    return {
        "scene_starts_s": [0.0], "scene_labels": [0], "scene_moods": [[0.1, -0.6]],
        "energy": np.zeros(n_steps), "event_steps": [], "event_weights": [],
    }  # fmt: skip


def _plan(film: dict, **options):
    options = {"style": "cinematic", "is_minor": False} | options
    energy_share = options.pop("energy_share", 1.0)
    film, n_steps = dict(film), len(film["energy"])
    tempo_map, hits = TempoMap(np.arange(n_steps + 1) * STEP_S, 120.0), np.zeros(n_steps)
    np.maximum.at(hits, np.array(film.pop("event_steps"), dtype=int), film.pop("event_weights"))
    on_grid = lay_on_grid(tempo_map, **film, hits=hits, energy_share=energy_share)
    return plan_form(on_grid, tempo_map, **options)


def _same(one, other) -> bool:
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


@pytest.mark.parametrize("n_steps", [1, 7, 16, 30, 64, 200, 777, 4000])
def test_sections_cover_the_film_and_it_ends_on_the_tonic(n_steps):
    for seed, style in enumerate(STYLES):
        form = _plan(_film(n_steps, seed), style=style, is_minor=bool(seed % 2), seed=seed)
        borders = [s.start for s in form.sections] + [form.sections[-1].end]
        assert borders[0] == 0 and borders[-1] == n_steps and (np.diff(borders) > 0).all()
        assert {s.role for s in form.sections} <= set(SECTION_ROLES)
        root, quality = tokens.chord_of(form.chords[-1])
        assert root == 0 and quality in (("min", "min7") if seed % 2 else ("maj", "maj7"))
        assert (form.chords[form.final_step :] == form.chords[-1]).all()
        tokens.validate(form.forced)


def test_every_chord_is_planned_and_something_leads_to_the_last():
    form = _plan(_film(640, 1))
    assert len(form.chords) == 640 and (form.chords > tokens.NO_CHORD).all()
    assert form.chords[form.final_step - 1] != form.chords[form.final_step]


def test_the_last_chord_is_struck_on_a_strong_beat_and_rings():
    for n_steps in (64, 250, 1000, 1003):
        form = _plan(_film(n_steps, 3))
        assert form.final_step % (STEPS_PER_BAR // 2) == 0
        assert 1.0 <= (n_steps - form.final_step) * STEP_S <= 5.6
        assert form.active[BASS, form.final_step :].all()
        assert form.forced[BASS, form.final_step] == tokens.pitch_token(tokens.STREAMS[BASS], 36)
        struck_again = form.forced[BASS, form.final_step + 1 :] == form.forced[BASS, form.final_step]
        assert (form.forced[BASS, form.final_step + 1 :][~struck_again] == tokens.HOLD).all()
        free = form.active[BASS, : form.final_step]
        assert free.any() and (form.forced[BASS, : form.final_step][free] == tokens.UNKNOWN).all()


def test_the_last_chord_is_struck_again_where_the_picture_still_hits():
    film = _still(160)
    final = _plan(film).final_step
    events = [final + 1, final + 3, final + 9, 159]  # too near, heavy, light, and too late to ring
    film |= {"event_steps": events, "event_weights": [0.01, 0.06, 0.02, 0.06]}
    drums = tokens.STREAM_INDEX["drums"]
    for lightest, struck, late in ((0.0, [0, 3], [9]), (0.05, [0, 3], []), (0.75, [0], [])):
        form = _plan(film, lightest_late=lightest)
        assert form.final_step == final
        assert list(1 + np.flatnonzero(form.forced[drums, final + 1 :])) == late  # the chord rings out
        for row in (BASS, MELODY):
            assert list(np.flatnonzero(form.forced[row, final:] > tokens.HOLD)) == struck
            assert (np.delete(form.forced[row, final:], struck) == tokens.HOLD).all()


def test_a_tiny_film_is_one_chord_that_rings():
    form = _plan(_film(9, 0))
    assert form.final_step == 0 and len(form.sections) == 1
    assert len(set(form.chords)) == 1


def test_sections_begin_where_scenes_begin():
    film = _film(64 * STEPS_PER_BAR, 2) | {
        "scene_starts_s": [0.0, 32.0, 60.5, 96.0], "scene_labels": [0, 1, 0, 2],
        "scene_moods": [[0, 0], [0.8, 0.5], [0, 0], [-0.5, 0.2]],
        "event_steps": [256, 484, 768], "event_weights": [1.0, 0.9, 1.0],
    }  # fmt: skip
    form = _plan(film)
    assert {0, 256, 484, 768} <= {s.start for s in form.sections}
    for start in (256, 484, 768):  # a cut brings a new chord
        assert form.chords[start] != form.chords[start - 1]


def test_every_section_begins_with_a_new_chord():
    for seed, style in enumerate(STYLES):
        form = _plan(_film(1500, seed), style=style, is_minor=bool(seed % 2), seed=seed)
        starts = np.array([s.start for s in form.sections[1:]])
        starts = starts[starts < form.final_step - 2 * STEPS_PER_BAR]
        assert (form.chords[starts] != form.chords[starts - 1]).all()


def test_a_theme_returns_with_its_scene():
    film = _film(48 * STEPS_PER_BAR, 2) | {
        "scene_starts_s": [0.0, 20.0, 40.0, 60.0, 80.0], "scene_labels": [0, 1, 2, 1, 2],
        "scene_moods": np.zeros((5, 2)), "event_steps": [], "event_weights": [],
    }  # fmt: skip
    form = _plan(film)
    recaps = [s for s in form.sections if s.recap_of is not None and s.start >= 480]
    assert recaps
    for section in recaps:
        theme = form.sections[section.recap_of]
        assert theme.label == section.label and theme.start < section.start
    copied = np.flatnonzero(form.copy_from[MELODY] >= 0)
    sources = form.copy_from[MELODY, copied]
    assert len(copied) > 4 * STEPS_PER_BAR and (sources < copied).all()
    assert (sources % STEPS_PER_BAR == copied % STEPS_PER_BAR).all()
    assert (form.copy_from[DRUMS] == -1).all() and copied[-1] < form.final_step
    # but for closes of phrases, the chords that come back are the theme's
    assert np.mean(form.chords[copied] == form.chords[sources]) > 0.7


def _scenes(labels, bars, energy=None):
    """A film of scenes of this many bars each, that begin with cuts and move alike unless energy says."""
    steps = np.arange(len(labels)) * bars * STEPS_PER_BAR
    moves = np.repeat(np.full(len(labels), 0.5) if energy is None else energy, bars * STEPS_PER_BAR)
    return {
        "scene_starts_s": steps * STEP_S, "scene_labels": np.array(labels), "energy": moves,
        "scene_moods": np.zeros((len(labels), 2)),
        "event_steps": steps[1:], "event_weights": np.full(len(labels) - 1, 0.6),
    }  # fmt: skip


def _ideas(form) -> list[tuple[str, int]]:
    return [(s.role, s.label) for s in form.sections]


def test_a_theme_returns_although_no_picture_does():
    form = _plan(_scenes(range(9), 4))
    inner = [s for s in form.sections if s.role in ("theme", "contrast")]
    theme = [s for s in inner if s.role == "theme"]
    assert len(theme) >= 3 and len({s.label for s in theme}) == 1
    assert [s.role for s in inner[:4]] == ["theme", "contrast", "theme", "contrast"]
    assert len({s.label for s in inner if s.role == "contrast"}) == len(inner) - len(theme)
    assert form.sections[-1].role == "outro" and form.sections[-1].label == theme[0].label
    again = theme[1]
    assert (form.copy_from[MELODY, again.start : again.end] >= 0).sum() >= STEPS_PER_BAR


def test_pictures_that_return_keep_their_own_ideas():
    """B comes back with its scene; the theme is what returns most, and a quiet scene is none."""
    labels = [1, 2, 3, 2, 4, 2, 5]
    ideas = _ideas(_plan(_scenes(labels, 5)))
    assert {label for role, label in ideas if role == "theme"} == {2}
    calm = [0.6, 0.6, 0.05, 0.6, 0.6, 0.6]
    ideas = _ideas(_plan(_scenes([1, 2, 9, 3, 4, 5], 6, calm)))
    assert ("break", 9) in ideas and 9 not in {label for role, label in ideas if role == "theme"}


def test_short_scenes_are_merged():
    starts = np.arange(0, 60, 0.8)
    film = _film(480, 0) | {
        "scene_starts_s": starts, "scene_labels": np.arange(len(starts)) % 5,
        "scene_moods": np.random.default_rng(0).uniform(-1, 1, (len(starts), 2)),
    }  # fmt: skip
    lengths = [s.end - s.start for s in _plan(film).sections if s.role != "build"]
    assert min(lengths) >= 2 * STEPS_PER_BAR - STEPS_PER_BEAT * 3


def test_a_still_film_has_a_form_and_stays_calm():
    form = _plan(_still(40 * STEPS_PER_BAR), style="ambient")
    assert len({s.label for s in form.sections}) >= 2 and any(s.recap_of is not None for s in form.sections)
    assert not any(s.role == "build" for s in form.sections)
    assert not form.active[DRUMS, : form.final_step].any()


def test_the_heaviest_cut_is_built_up_to():
    n_steps = 40 * STEPS_PER_BAR
    film = _still(n_steps) | {
        "scene_starts_s": [0.0, 40.0], "scene_labels": [0, 1], "scene_moods": [[0, -0.3], [0.2, 0.8]],
        "energy": np.where(np.arange(n_steps) < 320, 0.2, 0.9), "event_steps": [320], "event_weights": [1.0],
    }  # fmt: skip
    build = next(s for s in _plan(film).sections if s.role == "build")
    assert build.end == 320 and STEPS_PER_BAR <= build.end - build.start <= 2 * STEPS_PER_BAR


def test_the_arrangement_grows_with_energy():
    counts = []
    for level in (0.0, 0.5, 1.0):
        film = _still(640) | {"energy": np.full(640, level), "scene_moods": [[0.0, 2 * level - 1]]}
        counts.append(np.mean([_plan(film, style=s, seed=i).active.mean() for i, s in enumerate(STYLES)]))
    assert counts[0] < counts[1] <= counts[2]


def test_phrases_start_on_bars_and_breathe():
    for seed in range(5):
        form = _plan(_film(900, seed), seed=seed)
        assert (form.phrase_starts % STEPS_PER_BAR == 0).all() and form.phrase_starts[0] == 0
        ends = 1 + np.flatnonzero(form.breath[:-1] & ~form.breath[1:])
        assert len(ends) and np.isin(ends, form.phrase_starts).all()


def test_no_share_of_energy_ignores_scenes_and_events():
    moods = np.zeros((1, 2))
    plans = [_plan(_film(500, seed) | {"scene_starts_s": [0.0], "scene_labels": [seed], "scene_moods": moods},
                   energy_share=0.0) for seed in (1, 2)]  # fmt: skip
    assert _same(*plans)


def test_seeds():
    film = _film(800, 5)
    assert _same(_plan(film, seed=1), _plan(film, seed=1))
    assert not _same(_plan(film, seed=1), _plan(film, seed=2))


def test_two_hours_are_planned():
    form = _plan(_film(57_600, 1))
    assert len(form.sections) > 100 and form.sections[-1].end == 57_600


def test_progressions_are_chords():
    for style in STYLES:
        for mode in ("major", "minor"):
            for progression in RECORDS[style].progressions[mode]:
                assert all(tokens.chord_of(roman(numeral)) for numeral in progression.split())
    for mode, quality in (("major", "maj"), ("minor", "min")):
        for cadence in (each for style in RECORDS.values() for each in style.cadences[mode]):
            root, found = tokens.chord_of(roman(cadence.split()[-1]))
            assert root == 0 and found.startswith(quality)
        assert all(roman(numeral) for numeral in LEADING[mode])


@pytest.mark.parametrize("change", [{"energy": np.zeros(3)}, {"hits": np.zeros(3)}, {"scene_labels": [0, 1]}])
def test_nonsense_is_refused(change):
    scenes = {"scene_starts_s": [0.0], "scene_labels": [0], "scene_moods": [[0.0, 0.0]]}
    film = scenes | {"energy": np.zeros(100), "hits": np.zeros(100)}
    tempo_map = TempoMap(np.arange(101) * STEP_S, 120.0)
    with pytest.raises(ValueError):
        lay_on_grid(tempo_map, **(film | change))
    with pytest.raises(ValueError):
        plan_form(lay_on_grid(tempo_map, **film), tempo_map, style="polka", is_minor=False)


def test_the_second_half_of_a_period_opens_as_the_first():
    opened = 0
    for seed in range(20):
        form = _plan(_film(1500, seed), style="pop", seed=seed)
        for section in form.sections:
            steps = np.arange(section.start, section.end)
            copied = steps[form.copy_from[MELODY, steps] >= 0]
            if section.recap_of is None and len(copied):
                sources = form.copy_from[MELODY, copied]
                assert (copied - sources == 4 * STEPS_PER_BAR).all() and (sources >= section.start).all()
                assert (form.chords[copied] == form.chords[sources]).all()
                opened += len(copied)
    assert opened >= 2 * STEPS_PER_BAR


def test_a_groove_goes_on_within_its_section_and_stops_for_events():
    film = _film(640, 4)
    form = _plan(film)
    hits = np.zeros(640)
    hits[200] = 1.0
    source = continued_groove(form, hits)
    starts = [s.start for s in form.sections]
    assert all((source[start : start + STEPS_PER_BAR] == -1).all() for start in starts)
    assert source[200] == source[200 + STEPS_PER_BAR] == -1
    on = source >= 0
    assert on.any() and (np.flatnonzero(on) - source[on] == STEPS_PER_BAR).all()


def test_a_film_shorter_than_a_bar_has_no_groove_to_go_on():
    assert (continued_groove(_plan(_film(4, 0)), np.zeros(4)) == -1).all()
