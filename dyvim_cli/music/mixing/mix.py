"""Mix stems: one channel strip per stem, a shared reverb and echo, and the bus."""

from collections.abc import Callable, Iterator
from typing import cast

import numpy as np

from dyvim_cli.background import background_threads
from dyvim_cli.filters import gains_of
from dyvim_cli.music.mixing import effects
from dyvim_cli.music.mixing.reverb import impulse_response
from dyvim_cli.music.mixing.stem_tracks import StemDesk, StemEffect, shared_gain
from dyvim_cli.music.performance.band_names import strip_of
from dyvim_cli.stylebook.record import Palette, Part

ECHO_FEEDBACK, ECHO_BEATS = 0.45, 0.75  # dotted eighths
ECHO_TO_ROOM = np.float32(0.3)
GLUE_THRESHOLD_DB = -20.0
ROOM_LOW_CUT_HZ = 180.0  # no reverb on the lowest octaves: it only blurs
DUCKED = ("pad", "arp")
DUCK_AT = 0.05  # level of the drums' low end that ducks in full
DUCK_RELEASE_S = 0.12
TUNE, YIELDING = "melody", "pad"
# level of the tune above the pad, and the most that the pad makes room for it
CLEAR_DB, MOST_YIELDED_DB = 3.0, 5.0
TUNE_S = 0.4  # time over which the levels of tune and pad are compared
TUNE_RESTS_DB, TUNE_PLAYS_DB = -50.0, -36.0  # levels of a tune that is silent and of one that plays


def mixed(
    stems: dict[str, Iterator[np.ndarray]],
    palette: Palette,
    bpm: float,
    expression: Callable[[int, int], np.ndarray],
    keep_stems: bool = False,
) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Mix stems block by block.

    Two threads prepare the stems of the next block while the bus works on this one.

    Args:
        stems: name -> blocks [2, n] float32, equally long in all.
        palette: levels, places and effects of the style.
        bpm: tempo, for the echo.
        expression: of (first frame, n) -> gain [n] that the players follow together.
        keep_stems: whether each stem's share is worked out as well.

    Yields:
        (mix, name -> its share of the mix), [2, n] float32 each; the shares add up to the mix.
    """
    parts = {name: strip_of(palette, name) for name in stems}
    strips = {name: _strip(part) for name, part in parts.items()}
    duck, make_room, returns, bus, tone = (
        _ducker(palette.duck_db),
        _yielder(),
        _returns(parts, palette, bpm),
        _bus(palette),
        _tone(palette),
    )
    desk = StemDesk(
        parts if keep_stems else (),
        lambda name: _returns({name: parts[name]}, palette, bpm),
        lambda: _tone(palette),
    )

    def prepared(name: str) -> np.ndarray | None:
        block = next(stems[name], None)
        return None if block is None else strips[name](block)

    done = 0
    with background_threads(2) as pool:
        ahead = {name: pool.submit(prepared, name) for name in stems}
        while ahead:
            blocks = {name: future.result() for name, future in ahead.items()}
            dry = {name: block for name, block in blocks.items() if block is not None}
            if len(dry) < len(blocks):
                return
            ahead = {name: pool.submit(prepared, name) for name in stems}
            course = expression(done, next(iter(dry.values())).shape[1])
            done += len(course)
            dry = make_room(duck({name: block * course for name, block in dry.items()}))
            together = sum(dry.values()) + returns(dry)
            glued = bus(together)
            yield tone(glued), desk(dry, shared_gain(together, glued)) if keep_stems else {}


def _strip(part: Part) -> effects.Effect:
    """Equaliser, level and place of one stem."""
    curve = [effects.high_pass(part.low_cut_hz)]
    if part.treble_db:
        curve.append(effects.shelf(5000.0, part.treble_db, high=True))
    return effects.chain(
        effects.filter_sections(np.concatenate(curve)),
        effects.placed(part.gain_db, part.pan, part.side_db, part.spread),
    )


def _returns(parts: dict[str, Part], palette: Palette, bpm: float) -> StemEffect:
    """Reverb and echo returns of the stems' sends."""
    room = effects.chain(
        effects.filter_sections(effects.high_pass(ROOM_LOW_CUT_HZ)),
        effects.convolver(impulse_response(palette.room)),
    )
    echo = effects.echo(60 / bpm * ECHO_BEATS, ECHO_FEEDBACK)
    to_room = {name: np.float32(part.reverb) for name, part in parts.items() if part.reverb}
    to_echo = {name: np.float32(part.echo) for name, part in parts.items() if part.echo}

    def returns(dry: dict[str, np.ndarray]) -> np.ndarray:
        wet = cast(np.ndarray, sum(dry[name] * send for name, send in to_room.items()))
        if not to_room:
            wet = np.zeros_like(next(iter(dry.values())))
        if not to_echo:
            return room(wet)
        echoes = echo(cast(np.ndarray, sum(dry[name] * send for name, send in to_echo.items())))
        return echoes + room(wet + ECHO_TO_ROOM * echoes)

    return returns


def _bus(palette: Palette) -> effects.Effect:
    """Apply glue compression and saturation to the whole mix."""
    steps = [effects.glue(GLUE_THRESHOLD_DB, palette.glue_ratio)]
    if palette.drive:
        steps.append(effects.saturate(palette.drive))
    return effects.chain(*steps)


def _tone(palette: Palette) -> effects.Effect:
    """Apply the style's equaliser and width to the whole mix."""
    steps = []
    curve = [effects.bell(hz, db) for hz, db in palette.tone]
    if palette.air_db:
        curve.append(effects.shelf(9000.0, palette.air_db, high=True))
    if palette.low_pass_hz:
        curve.append(effects.low_pass(palette.low_pass_hz))
    if curve:
        steps.append(effects.filter_sections(np.concatenate(curve)))
    return effects.chain(*steps, effects.widened(palette.width_db))


def _ducker(depth_db: float) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """Push pad and arpeggio down while the drums' low end sounds, as a side chain does."""
    if not depth_db:
        return lambda dry: dry
    follow, hold = effects.filter_sections(effects.low_pass(120.0)), effects.follower(DUCK_RELEASE_S)

    def duck(dry: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if "drums" not in dry:
            return dry
        amount = np.minimum(hold(follow(dry["drums"])) / DUCK_AT, 1)
        gain = gains_of(-depth_db * amount)
        return {name: block * gain if name in DUCKED else block for name, block in dry.items()}

    return duck


def _yielder() -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """Lower the pad slowly where it would cover the tune."""
    levels = {name: effects.follower(TUNE_S) for name in (TUNE, YIELDING)}

    def make_room(dry: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if not dry.keys() >= levels.keys():
            return dry
        tune_db, pad_db = (20 * np.log10(level(dry[name]) + 1e-6) for name, level in levels.items())
        plays = np.clip((tune_db - TUNE_RESTS_DB) / (TUNE_PLAYS_DB - TUNE_RESTS_DB), 0, 1)
        softer_db = plays * np.clip(pad_db + CLEAR_DB - tune_db, 0, MOST_YIELDED_DB)
        return dry | {YIELDING: dry[YIELDING] * gains_of(-softer_db)}

    return make_room
