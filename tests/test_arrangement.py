"""Arrangement: neighbouring sections differ in the parts that play."""

from itertools import pairwise

import numpy as np
import pytest

from dyvim_cli.music.form.arrangement import MOST_SILENT, plan_activity
from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.symbols import tokens
from dyvim_cli.types import STYLES

ROLES = ("intro", "theme", "theme", "contrast", "build", "theme", "break", "outro")
STEPS = 64


def bands(style: str, seed: int) -> list[frozenset[str]]:
    """The streams that play in each of eight sections over a film that moves alike throughout."""
    sections = tuple(
        Section(i * STEPS, (i + 1) * STEPS, role, i % 3, 0.0, 0.0) for i, role in enumerate(ROLES)
    )
    active = plan_activity(np.random.default_rng(seed), sections, np.full(STEPS * len(ROLES), 0.5), style)
    names = [stream.name for stream in tokens.STREAMS]
    return [frozenset(np.array(names)[active[:, s.start]].tolist()) for s in sections]


@pytest.mark.parametrize("style", STYLES)
def test_neighbouring_sections_have_other_bands(style):
    pairs = [pair for seed in range(20) for pair in pairwise(bands(style, seed))]
    assert np.mean([one == other for one, other in pairs]) <= 0.15  # a build-up of all only rises


@pytest.mark.parametrize("style", STYLES)
def test_a_change_of_band_leaves_the_chord_and_the_tune(style):
    everybody = {stream.name for stream in tokens.STREAMS}
    for seed in range(20):
        for role, band in zip(ROLES, bands(style, seed), strict=True):
            assert len(everybody - band) <= MOST_SILENT and band & {"pad", "arp"}
            assert "melody" in band or role in ("intro", "break") or style in ("ambient", "electronic")
