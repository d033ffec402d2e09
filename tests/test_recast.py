"""One thing changed and the rest kept: other players, a part muted, bars written again."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.imagined_films import film as imagined

from dyvim_cli.cli.options.players import parse_bars, parse_instruments, parse_mute
from dyvim_cli.composer import load_embedded
from dyvim_cli.desk.recast import recast
from dyvim_cli.errors import UsageError
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.music.symbols.instruments import program_named
from dyvim_cli.options import ComposeOptions
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR

WISHES = ComposeOptions(style="pop", seed=3, candidates=1)


@pytest.fixture(scope="module")
def decoder():
    return load_embedded()


@pytest.fixture(scope="module")
def score(decoder):
    return write_score(imagined(1, 6.0), WISHES, decoder)


def times_of(score):
    """(name, starts and ends) of each stem."""
    return {
        stem.name: [(note.start_s, note.end_s, note.velocity) for note in stem.notes] for stem in score.stems
    }


def test_another_styles_instruments_play_the_same_notes_at_the_same_times(score):
    other = recast(score, replace(WISHES, orchestrate="jazz"))
    assert times_of(other) == times_of(score) and other.style == "jazz"
    for before, after in zip(score.stems, other.stems, strict=True):
        palette = RECORDS["jazz"].palette
        part = palette.accent if after.name == "accent" else palette.parts[after.name]
        assert after.program in part.programs
        if not after.is_drums:
            assert [n.pitch % 12 for n in after.notes] == [n.pitch % 12 for n in before.notes]


def test_a_part_is_muted_and_an_instrument_named(score):
    other = recast(score, replace(WISHES, mute=("drums",), instruments=(("melody", program_named("cello")),)))
    assert {stem.name for stem in score.stems} - {stem.name for stem in other.stems} == {"drums"}
    assert next(stem for stem in other.stems if stem.name == "melody").program == 42


def test_bars_are_written_anew_and_no_token_elsewhere(score, decoder):
    anew = write_score(imagined(1, 6.0), replace(WISHES, reroll_bars=(2, 3, 1)), decoder)
    assert {s.name: s.program for s in anew.stems} == {s.name: s.program for s in score.stems}
    inside = np.zeros(score.tokens.shape[1], dtype=bool)
    inside[STEPS_PER_BAR : 3 * STEPS_PER_BAR] = True
    assert np.array_equal(anew.tokens[:, ~inside], score.tokens[:, ~inside])
    assert not np.array_equal(anew.tokens[:, inside], score.tokens[:, inside])
    with pytest.raises(UsageError, match="there are no bars 2 to 99"):
        write_score(imagined(1, 6.0), replace(WISHES, reroll_bars=(2, 99, 1)), decoder)


@pytest.mark.parametrize(
    "text, program",
    [
        ("cello", 42),
        ("Electric Piano", 4),
        ("piano", 0),
        ("33", 33),
        ("flute", 73),
        ("kazoo", None),
        ("128", None),
    ],
)
def test_instruments_are_found_by_what_people_write(text, program):
    assert program_named(text) == program


def test_what_is_no_part_instrument_or_bar_is_refused():
    assert parse_instruments(["melody=cello, bass=33"]) == (("melody", 42), ("bass", 33))
    assert parse_mute("drums, arp") == ("drums", "arp") and parse_bars("4") == (4, 4, 1)
    assert parse_bars("12-20:2") == (12, 20, 2)
    for wrong in (
        lambda: parse_mute("kazoo"),
        lambda: parse_instruments(["melody"]),
        lambda: parse_bars("a-b"),
        lambda: parse_bars("9-3"),
        lambda: parse_bars("0-3"),
    ):
        with pytest.raises(UsageError):
            wrong()
