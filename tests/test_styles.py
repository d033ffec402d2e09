"""Every style is whole: what it names is there, and nothing else in the package lists styles by name."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import dyvim_cli
from dyvim_cli import weights
from dyvim_cli.composer import load_embedded
from dyvim_cli.model.conditioning.decoder_inputs import D_SEMANTICS
from dyvim_cli.model.score import checkpoint
from dyvim_cli.model.score.checkpoint import load_decoder, load_tensors, save_decoder
from dyvim_cli.model.score.decoder import Decoder, DecoderConfig
from dyvim_cli.music.idioms.grooves import BASS_IDIOMS
from dyvim_cli.music.idioms.progressions import roman
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import FIRST, RECORDS, STYLES, style_named
from dyvim_cli.training.arranger import arp, melody, pad
from dyvim_cli.training.arranger.writer import arrange
from dyvim_cli.types import STEPS_PER_BAR
from dyvim_cli.vision.styles import MEASURES

PACKAGE = Path(dyvim_cli.__file__).parent
PARTS = {"melody", "bass", "pad", "arp", "drums"}
# they translate a data set's words and players
# names of corpora, and of General MIDI's drum kits: "jazz" and "electronic" are two of them
NAMES_STYLES = {"training/sources/groove.py", "training/sources/roles.py", "music/symbols/instruments.py"}

each_style = pytest.mark.parametrize("style", RECORDS.values(), ids=STYLES)


@each_style
def test_palette_and_patterns_are_whole(style):
    palette = style.palette
    assert set(palette.parts) == PARTS and palette.accent.programs
    assert all(part.programs for part in palette.parts.values())
    assert all(-1 <= value <= 1 for value in palette.mood) and palette.bpm[0] < palette.bpm[1]
    assert style.grooves and set(style.bass) <= set(BASS_IDIOMS) and set(style.needs) <= PARTS
    for groove in style.grooves:
        assert set(groove) <= set(tokens.DRUM_CLASSES)
        for pattern in groove.values():
            assert len(pattern) in (STEPS_PER_BAR, 2 * STEPS_PER_BAR) and re.fullmatch(r"[\d.]+", pattern)
    strokes = style.accent_strokes
    assert strokes.heavy and set(strokes.heavy + strokes.medium + strokes.hint) <= set(tokens.DRUM_CLASSES)


@each_style
def test_harmony_is_in_both_modes_and_closes_on_the_tonic(style):
    for loops in (style.progressions, style.cadences):
        assert set(loops) == {"major", "minor"} and all(loops.values())
    for mode, cadences in style.cadences.items():
        quality = {"major": "maj", "minor": "min"}[mode]
        for cadence in cadences:
            root, found = tokens.chord_of(roman(cadence.split()[-1]))
            assert root == 0 and found.startswith(quality), cadence
    slow, medium, fast = style.harmonic_rhythm
    assert slow >= medium >= fast > 0 and 0 <= style.half_closes <= 1


@each_style
def test_films_and_words_are_known(style):
    assert style.words and style.title and style.palette.describe and len(style.palette.moods) >= 2
    assert style.affinities is None or (style.affinities and set(style.affinities) <= set(MEASURES))


@each_style
def test_the_arranger_writes_it(style):
    habits = style.arranger
    assert habits.rhythm in melody.BEAT_CELLS and habits.roll in (None, *tokens.DRUM_CLASSES)
    assert {name for name in (*habits.pads, *habits.moving_pads) if name} <= set(pad.PATTERNS)
    assert style.keeps_beat or habits.moving_pads
    for rate, cycle, _, _ in habits.arps:
        assert (rate in arp.RATES and cycle in arp.CYCLES) or rate in (arp.COUNTER, arp.SECOND)
    piece = arrange(np.random.default_rng(3), style.name)
    assert STYLES[piece.style] == style.name and piece.tokens.shape[0] == tokens.K


def test_the_first_styles_keep_their_places():
    assert STYLES[: len(FIRST)] == FIRST  # inputs of the first decoders, and numbers in training data
    assert all(record.name == name for name, record in RECORDS.items())


def test_names_are_found_as_people_write_them():
    assert style_named("Lo-Fi") == style_named("lo_fi") == style_named(" lofi") == "lofi"
    assert style_named("polka") is None and style_named("") is None


def test_no_other_file_tells_styles_apart():
    quoted = re.compile("|".join(f'"{re.escape(name)}"' for name in STYLES))
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).as_posix()
        if place not in NAMES_STYLES and path.parent != PACKAGE / "stylebook":
            named = set(quoted.findall(path.read_text(encoding="utf-8")))
            assert len(named) < 2, (place, named)  # one alone may be a figure called "rock"


def semantics(path: Path) -> torch.Tensor:
    return load_tensors(path)[0]["semantics.weight"]


def test_a_decoder_has_an_input_for_each_style_by_name(tmp_path, monkeypatch):
    sizes = {"cardinalities": (5, 5), "d_model": 16, "n_layers": 2, "n_heads": 2, "d_ff": 16}
    decoder = Decoder(DecoderConfig(**sizes, d_semantics=9, styles=("rock", "gone", "jazz")))
    save_decoder(decoder, tmp_path / "decoder.safetensors", half=False)
    learned = semantics(tmp_path / "decoder.safetensors")
    waltz = replace(RECORDS["pop"], name="waltz", nearest="polka")
    polka = replace(RECORDS["pop"], name="polka", nearest="jazz")
    monkeypatch.setattr(checkpoint, "STYLES", ("jazz", "waltz", "rock"))
    monkeypatch.setattr(checkpoint, "RECORDS", {"waltz": waltz, "polka": polka, **RECORDS})
    monkeypatch.setattr(checkpoint, "D_SEMANTICS", 9)
    loaded = load_decoder(tmp_path / "decoder.safetensors")
    assert torch.equal(loaded.semantics.weight, learned[:, [2, 2, 0, 3, 4, 5, 6, 7, 8]])
    assert loaded.config.styles == ("jazz", "waltz", "rock")


def test_the_shipped_decoder_knows_every_style():
    decoder, learned = load_embedded(), semantics(weights.embedded(weights.DECODER)).float()
    assert decoder.config.styles == STYLES and decoder.semantics.in_features == D_SEMANTICS
    assert torch.equal(decoder.semantics.weight[:, : len(FIRST)], learned[:, : len(FIRST)])
    for style in STYLES[len(FIRST) :]:
        nearest = STYLES.index(RECORDS[style].nearest)
        column = decoder.semantics.weight[:, STYLES.index(style)]
        assert torch.equal(column, decoder.semantics.weight[:, nearest])
