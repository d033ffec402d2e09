"""Read the composing options from a scored film, to make it again with changes."""

import re
from glob import escape
from pathlib import Path
from typing import Any

from dyvim_cli.desk.kept_pieces import kept_piece
from dyvim_cli.desk.scored_tag import (
    BOUNDS,
    TOO_LONG,
    fields_of,
    number_in,
    soundfont_text,
    speech_of,
    unpacked_plan,
    whole_in,
)
from dyvim_cli.errors import UsageError
from dyvim_cli.media.probe import SCORED_BY, probe
from dyvim_cli.music.symbols.key_names import key_named
from dyvim_cli.options import EMBEDDED, ComposeOptions
from dyvim_cli.stylebook import STYLES

PLAYED = ("orchestrate", "mute", "instrument", "reroll")  # said as the options are written
ASKED = ("bpm", "mood", "guidance", "temperature", "under_speech", "soundfont")
PIECE = re.compile(r"[0-9a-f]{12}")  # a piece's name in the cache, and never a way out of its folder
LONGEST_SHOWN = 200  # characters of a comment in a message


def made_by(path: Path, *, is_known: bool = False) -> dict[str, Any]:
    """Read from a scored film's tag how its music was made.

    Args:
        path: of the film.
        is_known: the caller knows the plan and the cut already.

    Returns:
        By name: style, key, tempo_bpm, alpha, seed, candidates, model, piece, plan and speech_s; PLAYED and
        ASKED where the user set them.

    Raises:
        UsageError: the film does not say, or unless that is known, not all of its plan, or followed an older
            cut.
        InputError: the film cannot be read.
    """
    comment = probe(path).comment
    if SCORED_BY not in comment:
        raise UsageError(f"{path} does not say how its music was made", "name a film that dyvim scored")
    said = fields_of(comment)
    if "recut" in said and not is_known:
        raise UsageError(f"the music of {path} was fitted to a new cut", "name the film of the first cut")
    if said.get("plan") == TOO_LONG and not is_known:
        raise UsageError(f"the music of {path} follows a long plan", "name the plan: --plan film.toml")
    try:
        plan = unpacked_plan(said["plan"]) if said.get("plan", TOO_LONG) != TOO_LONG else None
        numbers = {name: number_in(said, name) for name in ("alpha", "tempo", *set(BOUNDS) & set(said))}
        seed, style = whole_in(said, "seed"), said.get("style")
        candidates = whole_in(said, "candidates") if "candidates" in said else ComposeOptions.candidates
        speech_s = None if said.get("speech") == TOO_LONG else speech_of(said.get("speech", ""))
        if said.get("model") == EMBEDDED and style not in STYLES:
            raise ValueError(f"style={style}")
    except (KeyError, ValueError) as error:
        reason = f"{path} does not describe its music, or not correctly: {comment[:LONGEST_SHOWN]}"
        raise UsageError(reason, "score it again") from error
    return {
        "alpha": numbers["alpha"],
        "tempo_bpm": numbers["tempo"],
        "seed": seed,
        "candidates": candidates,
        "style": style,
        "key": key_named(said["key"]) if "key" in said else None,
        "model": said.get("model", ""),
        "piece": said.get("piece", "") if PIECE.fullmatch(said.get("piece", "")) else "",
        "plan": plan,
        "loops": "loop" in said,
        "speech_s": speech_s,
        "is_free": "recut" not in said and said.get("plan") != TOO_LONG,
        **{name: said[name] for name in (*PLAYED, *ASKED) if name in said},
    }


def soundfont_again(made: dict[str, Any], film: Path) -> str | None:
    """Find the user's instruments that a scored film was played by.

    The film's tag has the file's name alone; it is searched for at its place when the piece was kept, next to
    the film and in the working folder.

    Args:
        made: from made_by.
        film: path of the scored film.

    Returns:
        The whole path; None for the shipped ones.

    Raises:
        UsageError: the file is not found.
    """
    name = made.get("soundfont")
    if name is None:
        return None
    kept = kept_piece(made["piece"])
    places = [Path(kept.soundfont)] if kept is not None and kept.soundfont else []
    spelled = escape(name).replace("_", "[ _]")  # the tag has underscores for spaces
    places += [path for folder in (film.absolute().parent, Path.cwd()) for path in folder.glob(spelled)]
    for path in places:
        if path.exists() and soundfont_text(path) == name:
            return str(path)
    raise UsageError(f"{film} was played by {name}, which is not found", f"--soundfont FOLDER/{name}")
