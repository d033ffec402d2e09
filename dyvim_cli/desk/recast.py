"""Reassign the instruments of a finished score: another style's, a named one, or none."""

from dataclasses import replace
from pathlib import Path

from dyvim_cli.music.mixing.session import program_in
from dyvim_cli.music.performance.band_names import part_of
from dyvim_cli.music.performance.gestures import with_gestures
from dyvim_cli.music.performance.instrument_ranges import in_compass
from dyvim_cli.music.synth.effects_player import is_effect
from dyvim_cli.music.synth.orchestra import Orchestra
from dyvim_cli.options import ComposeOptions
from dyvim_cli.seeds import generator_of
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import Score, Stem


def recast(score: Score, options: ComposeOptions) -> Score:
    """Reassign the instruments as the options say; notes keep their times, octaves fit the new instruments.

    Args:
        score: as it was composed.
        options: of the composer: orchestrate, instruments and mute.

    Returns:
        The score.

    Raises:
        UsageError: an instrument is not there.
    """
    plan = options.recut.old.plan if options.recut is not None else options.plan
    named = dict(() if plan is None else plan.instruments) | dict(options.instruments)
    if not (options.orchestrate or named or options.mute):
        return score
    orchestra = Orchestra(None if options.soundfont is None else Path(options.soundfont))
    if options.orchestrate is not None:
        score = _orchestrated(score, options.orchestrate, options.seed, orchestra)
    stems = [_renamed(stem, named, orchestra) for stem in score.stems]
    kept = tuple(stem for stem in stems if part_of(stem.name) not in options.mute)
    return with_gestures(replace(score, stems=kept), options.seed, score.extras.get("drawn_as"))


def _renamed(stem: Stem, named: dict[str, int], orchestra: Orchestra) -> Stem:
    """The stem with the instrument that was chosen for its part, in any band."""
    program = named.get(part_of(stem.name))
    return stem if program is None else _played_by(stem, program, orchestra)


def _orchestrated(score: Score, style: str, seed: int, orchestra: Orchestra) -> Score:
    """The score with one style's instruments and mix, drawn by the seed, in all sections."""
    rng, palette = generator_of(seed, "orchestra"), RECORDS[style].palette
    stems = []
    for stem in _one_band(score.stems):
        if is_effect(stem):
            stems.append(stem)
            continue
        part = palette.strip(stem.name)
        stems.append(_played_by(stem, int(rng.choice(part.programs)), orchestra))
    return replace(score, stems=tuple(stems), style=style)


def _one_band(stems: tuple[Stem, ...]) -> list[Stem]:
    """Every part once, with the notes that it has in all bands."""
    together: dict[str, Stem] = {}
    for stem in stems:
        part = part_of(stem.name)
        before = together.get(part, replace(stem, name=part, notes=()))
        notes = sorted((*before.notes, *stem.notes), key=lambda note: (note.start_s, note.pitch))
        together[part] = replace(before, notes=tuple(notes))
    return list(together.values())


def _played_by(stem: Stem, program: int, orchestra: Orchestra) -> Stem:
    """The stem with another program, or the nearest that the orchestra has."""
    program = program_in(orchestra, program, stem.is_drums)
    notes = stem.notes if stem.is_drums else tuple(in_compass(part_of(stem.name), program, stem.notes))
    return replace(stem, program=program, notes=notes)
