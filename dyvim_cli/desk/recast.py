"""Reassign the instruments of a finished score: another style's, a named one, or none."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from dyvim_cli.music.mixing.session import program_in
from dyvim_cli.music.performance.instrument_ranges import in_compass
from dyvim_cli.music.synth.effects_player import is_effect
from dyvim_cli.music.synth.orchestra import Orchestra
from dyvim_cli.options import ComposeOptions
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import Score, Stem


def recast(score: Score, options: ComposeOptions) -> Score:
    """The same notes at the same times, played as the options say; octaves fit the new instruments."""
    if not (options.orchestrate or options.instruments or options.mute):
        return score
    orchestra = Orchestra(None if options.soundfont is None else Path(options.soundfont))
    if options.orchestrate is not None:
        score = _orchestrated(score, options.orchestrate, options.seed, orchestra)
    named = dict(options.instruments)
    stems = [
        _played_by(stem, named[stem.name], orchestra) if stem.name in named else stem for stem in score.stems
    ]
    return replace(score, stems=tuple(stem for stem in stems if stem.name not in options.mute))


def _orchestrated(score: Score, style: str, seed: int, orchestra: Orchestra) -> Score:
    """The score with a style's instruments and mix, drawn by the seed."""
    rng, palette = np.random.default_rng(seed), RECORDS[style].palette
    stems = []
    for stem in score.stems:
        if is_effect(stem):
            stems.append(stem)
            continue
        part = palette.strip(stem.name)
        stems.append(_played_by(stem, int(rng.choice(part.programs)), orchestra))
    return replace(score, stems=tuple(stems), style=style)


def _played_by(stem: Stem, program: int, orchestra: Orchestra) -> Stem:
    """The stem with another program, or the nearest that the orchestra has."""
    program = program_in(orchestra, program, stem.is_drums)
    notes = stem.notes if stem.is_drums else tuple(in_compass(stem.name, program, stem.notes))
    return replace(stem, program=program, notes=notes)
