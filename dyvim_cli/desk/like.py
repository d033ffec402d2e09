"""Read the composing options from a scored film, to make it again with changes."""

import re
from pathlib import Path
from typing import Any

from dyvim_cli.desk.scored_tag import TOO_LONG, unpacked_plan
from dyvim_cli.errors import UsageError
from dyvim_cli.media.probe import SCORED_BY, probe
from dyvim_cli.music.symbols.key_names import key_named
from dyvim_cli.options import ComposeOptions

PLAYED = ("orchestrate", "mute", "instrument", "reroll")  # said as the options are written
ASKED = ("bpm", "mood", "guidance")
FIELD = re.compile(r"(\w+)=(.*?)(?=\s\w+=|$)")


def made_by(path: Path, *, is_known: bool = False) -> dict[str, Any]:
    """How the music of a scored film was made, by name: style, key, tempo_bpm, alpha, seed, candidates,
    model, piece and plan; PLAYED and ASKED where they were asked for.

    is_known: what was decided beyond these is known otherwise. Raises UsageError where the film does not
    say, or unless that is known, not all of its plan, or followed an older cut; InputError where it cannot
    be read.
    """
    comment = probe(path).comment
    if SCORED_BY not in comment:
        raise UsageError(f"{path} does not say how its music was made", "name a film that dyvim scored")
    said = dict(FIELD.findall(comment[comment.index(SCORED_BY) :].removeprefix("dyvim ")))
    if "recut" in said and not is_known:
        raise UsageError(f"the music of {path} was fitted to a new cut", "name the film of the first cut")
    if said.get("plan") == TOO_LONG and not is_known:
        raise UsageError(f"the music of {path} follows a long plan", "name the plan: --plan film.toml")
    try:
        plan = unpacked_plan(said["plan"]) if said.get("plan", TOO_LONG) != TOO_LONG else None
        numbers = {name: float(said[name]) for name in ("alpha", "tempo")}
        seed = int(said["seed"])
    except (KeyError, ValueError) as error:
        raise UsageError(f"{path} says too little of its music: {comment}", "score it anew") from error
    return {
        "alpha": numbers["alpha"],
        "tempo_bpm": numbers["tempo"],
        "seed": seed,
        "candidates": int(said.get("candidates", ComposeOptions.candidates)),
        "style": said.get("style"),
        "key": key_named(said["key"]) if "key" in said else None,
        "model": said.get("model", ""),
        "piece": said.get("piece", ""),
        "plan": plan,
        "loops": "loop" in said,
        "is_free": not {"plan", "recut"} & set(said),
        **{name: said[name] for name in (*PLAYED, *ASKED) if name in said},
    }
