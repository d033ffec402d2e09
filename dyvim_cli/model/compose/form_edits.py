"""Edit a form as film, plan and markers ask: speech, silences, accents, patterns of unlearned styles."""

from dataclasses import replace

import numpy as np

from dyvim_cli.model.compose.bands import accents_of, bands_of
from dyvim_cli.music.form.form import PLAYERS, Form, continued_groove
from dyvim_cli.music.form.style_patterns import write_patterns
from dyvim_cli.music.form.under_speech import of_its_kind, rest_the_tune, without_entries
from dyvim_cli.music.symbols import tokens
from dyvim_cli.seeds import generator_of


def with_speech(form: Form, under_speech: np.ndarray, barred: np.ndarray) -> Form:
    """Thin the band during speech: no entries, no tune, and nothing that returns from elsewhere.

    Args:
        form: of the piece, S steps.
        under_speech: [S] bool.
        barred: [S] bool, steps under speech on which no note may start.

    Returns:
        The form with later entries and rests.
    """
    active = without_entries(form.active, under_speech, form.final_step)
    forced = np.where(form.active & ~active, tokens.REST, form.forced)
    rest_the_tune(forced, under_speech)
    return replace(
        form,
        active=active,
        forced=forced,
        copy_from=of_its_kind(form.copy_from, under_speech),
        gesture_from=of_its_kind(form.gesture_from, under_speech),
        under_speech=under_speech,
        barred=barred,
    )


def with_silence(form: Form, silent: np.ndarray) -> Form:
    """Rest all parts in silences.

    Args:
        form: of the piece, S steps.
        silent: [S] bool.

    Returns:
        The form with rests.
    """
    forced = form.forced.copy()
    forced[np.ix_(np.array(PLAYERS), np.flatnonzero(silent))] = tokens.REST
    return replace(form, forced=forced, silent=silent)


def with_accents(form: Form, hits: np.ndarray, lightest: float) -> Form:
    """Accent the film's events, each as its band plays it; between them the groove continues.

    Args:
        form: of the piece, S steps, with its speech.
        hits: [S] weights of events, 0 = none.
        lightest: events that weigh less are left to the decoder.

    Returns:
        The form with accents.
    """
    drums_play = form.active[tokens.STREAM_INDEX["drums"]]
    accents = accents_of(bands_of(form.sections, form.style), hits, lightest, drums_play)
    groove_from = of_its_kind(continued_groove(form, hits), form.under_speech)
    return replace(form, accents=accents, groove_from=groove_from)


def with_patterns(form: Form, untrained: tuple[str, ...], energy: np.ndarray, seed: int) -> Form:
    """Write the patterns of the bands whose styles the decoder did not learn, where tokens are free.

    Args:
        form: of the piece, S steps, with its accents.
        untrained: styles that the decoder did not learn.
        energy: [S] 0..1, of the film as far as it has a say.
        seed: of the piece; each band begins to draw anew.

    Returns:
        The form with more decided tokens.
    """
    bands = bands_of(form.sections, form.style)
    for style, plays in bands.items():
        if style in untrained:
            own = replace(form, sections=tuple(s for s in form.sections if plays[s.start]))
            written = write_patterns(own, style, energy, generator_of(seed, "patterns"))
            form = replace(form, forced=np.where(plays, written, form.forced))
    return form
