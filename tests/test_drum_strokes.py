"""Hats, cymbals, snares and rattles have strengths and takes: other strokes of the same drum."""

import itertools

import numpy as np
import pytest

from dyvim_cli.music.mixing.session import program_in
from dyvim_cli.music.synth import round_robin, sampler, strokes
from dyvim_cli.music.synth.attack import levels
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.orchestra import Orchestra
from dyvim_cli.music.synth.sample_data import decoded
from dyvim_cli.music.synth.soundfont import SoundFont, read_soundfont, shipped_soundfont, soundfont_paths
from dyvim_cli.types import SAMPLE_RATE, Note
from tools.another_stroke import another, bands, onset
from tools.drum_strokes import RECIPES, STRENGTHS
from tools.font_zones import text
from tools.piano_font import loudness
from tools.stroke_match import off_db, unshared_db

RATE = 44_100
HATS, CYMBALS = (42, 44, 46), (49, 51, 53, 55, 57)
RATTLES, STICK, CLAP = (54, 70, 82), 37, 39
N_RECORDED = {42: 3, 44: 3}  # takes that are recordings of their own; two of the others
EDGES_DB = {"cymbals": (-2.2, -0.05), "stick": (-4.0, -1.5)}  # that two takes do not share


@pytest.fixture(scope="module")
def kit() -> SampledInstrument:
    return SampledInstrument(shipped_soundfont(), True, 0)


@pytest.fixture(scope="module")
def drums() -> SoundFont:
    paths = {path.name: path for path in soundfont_paths()}
    return read_soundfont(paths["dyvim-drums.sf3"])


def sound(instrument: SampledInstrument, key: int, velocity: int, take: int) -> np.ndarray:
    return instrument.tones(key, velocity, SAMPLE_RATE, take)[0].samples[: 2 * SAMPLE_RATE]


PLAYED = [*HATS, *CYMBALS, *RATTLES, STICK, CLAP]


@pytest.mark.parametrize(
    ("program", "key"), [*((0, key) for key in PLAYED), *((25, key) for key in (42, 46, 49, CLAP))]
)
def test_a_key_has_three_strengths_and_two_takes_or_three(program, key):
    shipped = shipped_soundfont()
    preset = sampler.find_preset(shipped, sampler.DRUM_BANK, program)
    found = {
        tuple(one.sample for one in round_robin.voices(shipped, preset, key, velocity, take, True))
        for velocity in (20, 80, 120)
        for take in range(round_robin.N_TAKES)
    }
    assert len(found) == 3 * N_RECORDED.get(key, 2)


@pytest.mark.parametrize("key", PLAYED)
def test_takes_share_as_little_as_recorded_strokes_and_are_as_loud(kit, key):
    least, most = EDGES_DB["stick" if key == STICK else "cymbals"]
    for velocity in (40, 88, 112):
        one, *others = (sound(kit, key, velocity, take) for take in range(N_RECORDED.get(key, 2)))
        found = [unshared_db(one, other, SAMPLE_RATE) for other in others]
        assert least <= min(found) and max(found) <= most, found
    for velocity in (20, 60, 80, 100, 124):
        takes = [_loudness(kit, key, velocity, take) for take in range(N_RECORDED.get(key, 2))]
        assert np.ptp(takes) < 0.5, takes


def _loudness(kit: SampledInstrument, key: int, velocity: int, take: int) -> float:
    """Loudness of a take, through an instrument that plays no other."""

    class Alone:
        tones = staticmethod(lambda key, velocity, n: kit.tones(key, velocity, n, take))
        strength = staticmethod(kit.strength)

    return loudness(Alone(), key, velocity)


@pytest.mark.parametrize("key", HATS[:2])
def test_a_bar_of_eighth_hats_is_even_and_never_twice_the_same(kit, key):
    times_s = 0.2 + 0.25 * np.arange(8)
    notes = [Note(at, at + 0.1, key, 88) for at in times_s]
    bar = next(kit.blocks(notes, 3 * SAMPLE_RATE, 3 * SAMPLE_RATE))
    hits = [bar[:, round((at - 0.05) * SAMPLE_RATE) :][:, : SAMPLE_RATE // 5] for at in times_s]
    power = [levels(hit) for hit in hits]
    begun = [np.argmax(each > each.max() / 16) for each in power]
    assert np.ptp(begun) <= 0.002 * SAMPLE_RATE
    assert np.ptp([10 * np.log10((hit**2).sum()) for hit in hits]) < 1
    for one, other in itertools.pairwise(hits):
        assert unshared_db(one[0], other[0], SAMPLE_RATE) > -2


@pytest.mark.parametrize("name", ["Hi-Hat Closed", "Ride1", "Crsh 2", "Splash", "Clap", "Small Shaker"])
def test_a_shipped_stroke_has_the_bands_and_decays_of_the_drum(drums, name):
    samples = {text(one.name): one for one in drums.samples}
    own = decoded(samples[name])[0]
    rate = samples[name].sample_rate
    for take in range(1, RECIPES[name].n_takes):
        made = decoded(samples[f"{name[:15]} m{take}"])[0]
        assert abs(onset(made, rate) - onset(own, rate)) < 0.002 * rate
        assert off_db(own, made, rate) < 1.5


def cymbal(seed: int = 1) -> np.ndarray:
    """Noise that begins after 10 ms and dies away the faster the higher it is."""
    rng, times_s = np.random.default_rng(seed), np.arange(RATE) / RATE
    parts = bands(rng.standard_normal(RATE).astype(np.float32), RATE)
    ringing = sum(part * np.exp(-times_s * (3 + i)) for i, part in enumerate(parts))
    return np.concatenate([np.zeros(RATE // 100), ringing]).astype(np.float32)


@pytest.mark.parametrize("other", [None, 7])
def test_another_stroke_rings_alike_and_is_another(other):
    own = cymbal()
    taken = None if other is None else cymbal(other)[: RATE // 3]
    one, two = (another(own, RATE, np.random.default_rng(seed), 0.1, taken) for seed in (1, 2))
    assert len(one) == len(own) and abs(onset(one, RATE) - onset(own, RATE)) < RATE // 1000
    assert np.abs(one[: RATE // 100 - 44]).max() < 1e-6
    assert off_db(own, one, RATE) < 1.5
    assert -1.2 < unshared_db(own, one, RATE) < -0.2
    if taken is None:
        assert unshared_db(one, two, RATE) > -0.3
    else:  # the structure of the other recording is heard in it
        assert unshared_db(taken, one[: len(taken)], RATE) < -0.5


def test_a_steady_copy_is_wholly_shared_and_noise_is_not():
    one, other = (np.random.default_rng(seed).standard_normal(RATE) for seed in (1, 2))
    assert unshared_db(one, np.roll(0.5 * one, 20), RATE) < -20
    assert unshared_db(one, other, RATE) > -0.05


def test_a_duller_or_longer_sound_is_off():
    own = cymbal()
    fading = own * np.exp(-3 * np.arange(len(own)) / RATE)
    assert off_db(own, own, RATE) == 0 and off_db(own, fading, RATE) > 2
    assert off_db(own, strokes.shelved(own, -4.0, 7000.0), RATE) > 2.5


def test_kits_of_takes_are_no_instruments(kit):
    shipped = shipped_soundfont()
    banks = {preset.bank for preset in shipped.presets}
    assert {sampler.DRUM_BANK + take for take in range(round_robin.N_TAKES)} <= banks
    assert all(sampler.find_preset(shipped, 0, program).bank == 0 for program in range(128))
    assert all(0 <= program_in(Orchestra(), program, False) <= 127 for program in (8, 25, 40))
    assert sampler.find_take(shipped, kit.preset, 1).bank == sampler.DRUM_BANK + 1
    assert sampler.find_take(shipped, kit.preset, round_robin.N_TAKES) is None


def test_recipes_name_recordings_of_the_font(drums):
    names = {text(one.name) for one in drums.samples}
    assert set(RECIPES) <= names and all(len(name.encode()) < 20 for name in names)
    for name, recipe in RECIPES.items():
        title = f"{name[:15]} {{}}" if recipe.strengths == STRENGTHS else f"{name[:16]} "
        strengths = "smh" if recipe.strengths == STRENGTHS else "m"
        made = {f"{title.format(each)}{take}" for each in strengths for take in range(recipe.n_takes)}
        assert made - {f"{title.format('m')}0"} <= names, name
