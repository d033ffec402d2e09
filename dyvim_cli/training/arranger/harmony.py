"""Choose the chord of every step, from roman numerals to chord tokens."""

from functools import cache
from typing import cast

import numpy as np

from dyvim_cli.music.idioms.progressions import LEADING, roman
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.training.arranger.form import Scene
from dyvim_cli.types import STEPS_PER_BAR

SCALES = {False: (0, 2, 4, 5, 7, 9, 11), True: (0, 2, 3, 5, 7, 8, 10)}
SEVENTHS = {"maj": "maj7", "min": "min7", "dim": "m7b5"}
# chords that may replace each other in a second pass (functional variation), by (root, quality)
SUBSTITUTES = {(5, "maj"): (2, "min"), (0, "maj"): (9, "min"), (5, "min"): (8, "maj"), (7, "maj"): (7,
"sus4"),
               (10, "maj"): (7, "min"), (0, "min"): (8, "maj")}  # fmt: skip


@cache
def pitch_class_costs(chord: int, is_minor: bool) -> np.ndarray:
    """Weigh how ill each pitch class suits a chord.

    Args:
        chord: a chord token.
        is_minor: mode of the key, whose tonic is pitch class 0.

    Returns:
        [12] costs: 0 member, 1 passing, 2.5 avoid note, 12 foreign.
    """
    members = tokens.chord_pitch_classes(chord)
    costs = np.full(12, 12.0)
    foreign = [p for p in members if p not in SCALES[is_minor]]
    for pitch in SCALES[is_minor]:
        if any((pitch - f) % 12 in (1, 11) for f in foreign):
            continue  # the natural seventh against a raised leading note
        rubs = any((pitch - m) % 12 in (1, 11) for m in members)
        costs[pitch] = 2.5 if rubs else 1.0
    costs[list(members)] = 0.0
    return costs


def write_harmony(rng: np.random.Generator, style: str, is_minor: bool, scenes: tuple[Scene, ...],
                  given: dict[int, np.ndarray], final: int) -> np.ndarray:  # fmt: skip
    """Write the chords: a loop a theme, a lead over into each next scene, and a cadence at the end.

    Args:
        rng: draws loops and substitutes.
        style: one of types.STYLES.
        is_minor: mode of the key.
        scenes: of the whole piece, in steps.
        given: label of a theme -> chords [n] taken from a source.
        final: step of the last chord.

    Returns:
        [S] int64 chord tokens.
    """
    chords = np.zeros(scenes[-1].end, dtype=np.int64)
    loops: dict[int, np.ndarray] = {label: _recolour(rng, row, style) for label, row in given.items()}
    for scene in scenes:
        if scene.label not in loops:
            loops[scene.label] = _draw_loop(rng, style, is_minor, scene)
        bar = scene.start // STEPS_PER_BAR * STEPS_PER_BAR
        chords[scene.start : scene.end] = _fill(rng, loops[scene.label], scene.end - bar)[scene.start - bar :]
    for scene, following in zip(scenes[:-1], scenes[1:], strict=True):
        _lead_over(rng, chords, scene, following, is_minor, style)
    _cadence(rng, chords, style, is_minor, final)
    return chords


def _known(token: int) -> tuple[int, str]:
    """(root pitch class, quality) of a token that is a chord."""
    return cast(tuple[int, str], tokens.chord_of(token))


def _draw_loop(rng: np.random.Generator, style: str, is_minor: bool, scene: Scene) -> np.ndarray:
    """One pass of a progression in steps: the brighter the scene, the earlier in the pool."""
    pool = RECORDS[style].progressions["minor" if is_minor else "major"]
    place = np.clip(0.5 - 0.35 * scene.valence + rng.normal(0, 0.3), 0, 0.999)
    numerals = pool[int(place * len(pool))].split()
    choices = RECORDS[style].arranger.harmonic_steps
    length = int(
        rng.choice(choices if abs(scene.arousal) < 0.4 else choices[1:] if scene.arousal < 0 else choices[:2])
    )
    if length * len(numerals) < 2 * STEPS_PER_BAR:
        length *= 2
    return np.repeat([_coloured(rng, roman(n), style) for n in numerals], length)


def _coloured(rng: np.random.Generator, token: int, style: str) -> int:
    """A triad takes the seventh or the open second of its style."""
    root, quality = _known(token)
    if quality == "maj" and RECORDS[style].arranger.dominant_sevenths and root == 7:
        return tokens.chord_token(root, "7")
    if quality in SEVENTHS and rng.random() < RECORDS[style].arranger.sevenths:
        seventh = "7" if (root, quality) == (7, "maj") else SEVENTHS[quality]
        return tokens.chord_token(root, seventh)
    if quality in ("maj", "min") and rng.random() < RECORDS[style].arranger.suspended:
        return tokens.chord_token(root, "sus2")
    return token


def _recolour(rng: np.random.Generator, row: np.ndarray, style: str) -> np.ndarray:
    """Colour every chord of a source once, the same each time it comes back."""
    colours = {int(t): _coloured(rng, int(t), style) if t > 0 else int(t) for t in np.unique(row)}
    return np.array([colours[int(t)] for t in row], dtype=np.int64)


def _fill(rng: np.random.Generator, loop: np.ndarray, n_steps: int) -> np.ndarray:
    """Repeat a loop over n_steps; later passes may exchange a chord for its relative."""
    filled = np.resize(loop, n_steps)
    for start in range(len(loop), n_steps, len(loop)):
        if rng.random() < 0.3:
            chord = filled[start + len(loop) // 2 : start + len(loop)]
            new = SUBSTITUTES.get(_known(int(chord[0]))) if len(chord) else None
            if new:
                chord[chord == chord[0]] = tokens.chord_token(*new)
    return filled


def _lead_over(
    rng: np.random.Generator,
    chords: np.ndarray,
    scene: Scene,
    following: Scene,
    is_minor: bool,
    style: str,
) -> None:
    """Before a section that opens on the tonic, half a bar to a bar of a chord that leads there."""
    opens_on_tonic = tokens.chord_pitch_classes(int(chords[following.start]))[:1] == (0,)
    if scene.n_steps < 2 * STEPS_PER_BAR or not opens_on_tonic or rng.random() < 0.25:
        return
    length = int(rng.choice([8, 16]))
    mode = "minor" if is_minor else "major"
    chords[following.start - length : following.start] = _coloured(
        rng, roman(rng.choice(LEADING[mode])), style
    )


def move_at_events(rng: np.random.Generator, chords: np.ndarray, hit: np.ndarray, cut: np.ndarray,
                   is_minor: bool, final: int) -> None:  # fmt: skip
    """Change chords in place at events: a cut brings a new one, a heavy hit often the next one early.

    Args:
        rng: draws the surprises.
        chords: [S] chord tokens, which are overwritten.
        hit: [S] weight of the hits, 0..1; from 0.6 on they count.
        cut: [S], above 0 at a cut.
        is_minor: mode of the key.
        final: step of the last chord, from which on nothing moves.
    """
    for step in np.flatnonzero((hit[:final] >= 0.6) | (cut[:final] > 0)):
        recent = np.any(chords[max(0, step - 8) : step] != chords[step])
        if step < 8 or recent:
            continue
        changes = np.flatnonzero(chords[step:final] != chords[step])
        end = step + int(changes[0]) if len(changes) else final
        if end - step <= 8 and end < final:
            chords[step:end] = chords[end]
        elif cut[step] or rng.random() < 0.3:
            chords[step : min(end, step + 2 * STEPS_PER_BAR)] = _surprise(rng, int(chords[step]), is_minor)


def _surprise(rng: np.random.Generator, chord: int, is_minor: bool) -> int:
    """Another colour of the key, the mediant relations included."""
    root, quality = _known(chord)
    options = [
        roman(n)
        for n in (("i", "bVI", "iv", "bIII", "bVII") if is_minor else ("IV", "vi", "bVI", "ii", "iii"))
    ]
    if root == 0 and not is_minor:
        options += [roman("IV"), roman("bVI")]
    options = [o for o in options if _known(o)[0] != root]
    new = int(rng.choice(options))
    has_seventh = len(tokens.CHORD_QUALITIES[quality]) == 4
    root, quality = _known(new)
    return tokens.chord_token(root, SEVENTHS.get(quality, quality)) if has_seventh else new


def _cadence(rng: np.random.Generator, chords: np.ndarray, style: str, is_minor: bool, final: int) -> None:
    """Close: the last chord is the tonic; the chords before it lead there within two bars."""
    mode = "minor" if is_minor else "major"
    numerals = str(rng.choice(RECORDS[style].cadences[mode])).split()
    room = min(final, 2 * STEPS_PER_BAR) // 8 * 8
    length = 8 if room < 32 or rng.random() < 0.5 else 16
    start = final
    for numeral in numerals[-2::-1]:
        if start - length < final - room or start - length < 0:
            break
        chords[start - length : start] = _coloured(rng, roman(numeral), style)
        start -= length
    tonic = (
        _coloured(rng, roman(numerals[-1]), style)
        if RECORDS[style].arranger.coloured_close
        else roman(numerals[-1])
    )
    chords[final:] = tonic if 0 in tokens.chord_pitch_classes(tonic) else roman(numerals[-1])
