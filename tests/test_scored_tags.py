"""Edited comments of scored films: nonsense is refused in one line, never obeyed."""

import base64
import zlib

import pytest
from helpers.media_films import make_film
from hypothesis import given
from hypothesis import strategies as st

from dyvim_cli.cli.options.desk import as_like
from dyvim_cli.desk import like
from dyvim_cli.desk.scored_tag import MOST_PLAN_BYTES, made_with
from dyvim_cli.errors import UsageError
from dyvim_cli.options import ComposeOptions

GOOD = "dyvim model=embedded seed=3 alpha=0.5 style=jazz tempo=112.00"


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_film(tmp_path_factory.mktemp("tagged"), ".mkv", seconds=1)


@pytest.fixture
def says(film, monkeypatch):
    """A film whose comment is what the test says."""
    info = like.probe(film)

    def says(comment: str):
        changed = type(info)(**vars(info) | {"comment": comment})
        monkeypatch.setattr(like, "probe", lambda path: changed)
        return film

    return says


def test_a_whole_tag_is_obeyed(says):
    options = as_like(ComposeOptions(), says(f"{GOOD} candidates=2 bpm=90.0"), set())
    assert (options.seed, options.style, options.candidates, options.tempo_bpm) == (3, "jazz", 2, 90.0)


@pytest.mark.parametrize(
    "edit",
    ["seed=-1", "seed=x", "seed=1e300", "alpha=nan", "alpha=7", "style=polka", "tempo=inf", "candidates=x",
     "candidates=1000000", "bpm=fast", "guidance=900", "mood=5,5", "mute=spoons", "reroll=x"],
)  # fmt: skip
def test_a_tag_that_makes_no_sense_is_refused(says, edit):
    name = edit.split("=")[0]
    kept = " ".join(word for word in GOOD.split() if not word.startswith(f"{name}="))
    with pytest.raises(UsageError):
        as_like(ComposeOptions(), says(f"{kept} {edit}"), set())


def test_a_piece_is_looked_for_in_the_cache_alone(says):
    assert like.made_by(says(f"{GOOD} piece=0123456789ab"))["piece"] == "0123456789ab"
    assert like.made_by(says(f"{GOOD} piece=/../../../etc/x"))["piece"] == ""


def test_a_plan_that_was_packed_to_burst_is_not_unpacked():
    bomb = base64.urlsafe_b64encode(zlib.compress(bytes(8 * MOST_PLAN_BYTES), 9)).decode().rstrip("=")
    assert made_with(f"{GOOD} plan={bomb}") is None


@given(st.text(max_size=60))
def test_no_comment_is_a_fault(text):
    made_with(f"{GOOD} {text}")
    made_with(f"dyvim {text}")
