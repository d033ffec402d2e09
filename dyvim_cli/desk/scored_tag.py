"""Write into a film's comment how its music was made, and read it back so that it can be made again.

All that decides the notes is said: a film whose tag is read needs neither its first sound nor its plan file.
"""

import base64
import json
import re
import zlib
from dataclasses import asdict
from pathlib import Path

import numpy as np

from dyvim_cli.errors import UsageError
from dyvim_cli.film_plan import CLOSING, FilmPlan, PlannedHit, PlannedSection, Silence, Speech
from dyvim_cli.hearing import spans
from dyvim_cli.media.probe import SCORED_BY
from dyvim_cli.music.symbols.key_names import key_named
from dyvim_cli.options import EMBEDDED, ComposeOptions
from dyvim_cli.types import Key

FIELD = re.compile(r"(\w+)=(.*?)(?=\s\w+=|$)")
SPEECH_STEP_S = 0.1  # step to which the ends of spans of speech are rounded, outwards
SPEECH_GAP_S = 0.5  # shorter pauses are none for the composer, who leads and follows by more
LONGEST = 20_000  # characters of a field; what is longer is left out, and the music cannot be made again
TOO_LONG = "long"
MOST_PLAN_BYTES = 4 << 20  # largest unpacked plan in a tag: a stranger's may have been packed to burst
BOUNDS = {  # lowest and highest values of the numbers in a tag, which anybody may have edited
    "alpha": (0, 1), "tempo": (1, 1000), "bpm": (40, 220), "seed": (0, 2**63), "candidates": (1, 32),
    "guidance": (1, 5), "temperature": (0, 10),
}  # fmt: skip


def coarse_speech(speech_s: np.ndarray | None) -> np.ndarray | None:
    """Round spans of speech as the composer gets them and the tag says them.

    Args:
        speech_s: [N, 2] seconds; None = unknown.

    Returns:
        [M, 2] seconds.
    """
    if speech_s is None or not len(speech_s):
        return speech_s
    first, last = np.floor(speech_s[:, 0] / SPEECH_STEP_S), np.ceil(speech_s[:, 1] / SPEECH_STEP_S)
    rounded = np.column_stack([first, last]) * SPEECH_STEP_S
    return np.round(spans.joined(rounded, SPEECH_GAP_S), 1)


def tag_text(
    options: ComposeOptions, style: str, bpm: float, key: Key | None, speech_s: np.ndarray | None = None
) -> str:
    """Write the comment tag of a scored film.

    Args:
        options: what the music was composed with.
        style: that the notes were written in.
        bpm: base tempo that came out, beats a minute.
        key: of the piece; None = unknown.
        speech_s: [N, 2] spans of speech in seconds, by coarse_speech, that the composer was given.

    Returns:
        One line.
    """
    said = {
        "candidates": options.candidates if options.candidates != ComposeOptions.candidates else "",
        "key": key or "",
        **_changes(options),
        "speech": "" if options.under_speech == "same" else _short(_speech_text(speech_s)),
    }
    made = f"dyvim model={Path(options.model).name} seed={options.seed} alpha={options.alpha:g}"
    return f"{made} style={style} tempo={bpm:.2f}" + "".join(f" {k}={v}" for k, v in said.items() if v)


def _changes(options: ComposeOptions) -> dict[str, str]:
    """Options other than style, seed and alpha that differ from the defaults."""
    usual = options.temperature == ComposeOptions.temperature
    return {
        "bpm": "" if options.tempo_bpm is None else repr(float(options.tempo_bpm)),
        "asked": "" if options.key is None else "key",
        "mood": ",".join(repr(float(part)) for part in options.mood or ()),
        "guidance": "" if options.guidance is None else repr(float(options.guidance)),
        "temperature": "" if usual else repr(float(options.temperature)),
        "under_speech": options.under_speech or "",
        "soundfont": soundfont_text(Path(options.soundfont)) if options.soundfont else "",
        "plan": "" if options.plan is None else _short(_packed(options.plan)),
        "loop": "yes" if options.loops else "",
        "recut": "yes" if options.recut is not None else "",
        "orchestrate": options.orchestrate or "",
        "mute": ",".join(options.mute),
        "instrument": ",".join(f"{part}:{program}" for part, program in options.instruments),
        "reroll": "{}-{}:{}".format(*options.reroll_bars) if options.reroll_bars else "",
    }


def soundfont_text(path: Path) -> str:
    """Write a soundfont's file name as one word, without its folder, which is private.

    Args:
        path: of the soundfont.

    Returns:
        Its name, spaces as underscores.
    """
    return path.name.replace(" ", "_")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else TOO_LONG


def _speech_text(speech_s: np.ndarray | None) -> str:
    """Spans of seconds as "3-6.1,8.5-11.4"."""
    rows = [] if speech_s is None else speech_s.tolist()
    return ",".join(f"{round(start, 1):g}-{round(end, 1):g}" for start, end in rows)


def _packed(plan: FilmPlan) -> str:
    """A plan as one word."""
    text = json.dumps(asdict(plan), separators=(",", ":"))
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def unpacked_plan(word: str) -> FilmPlan:
    """Read the plan that a tag's word says.

    Args:
        word: base64 of packed JSON, without its padding.

    Returns:
        The plan.

    Raises:
        ValueError: the word holds no plan.
    """
    try:
        packed, unpacker = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)), zlib.decompressobj()
        raw = json.loads(unpacker.decompress(packed, MOST_PLAN_BYTES))
        sections = [PlannedSection(**row | {"parts": tuple(row["parts"])}) for row in raw["sections"]]
        return FilmPlan(
            **raw
            | {
                "key": Key(**raw["key"]),
                "hits": tuple(PlannedHit(**row) for row in raw["hits"]),
                "sections": tuple(sections),
                "silences": tuple(Silence(**row) for row in raw["silences"]),
                "instruments": tuple((part, int(program)) for part, program in raw.get("instruments", ())),
                "speech": None
                if (spoken := raw.get("speech")) is None
                else tuple(Speech(**row) for row in spoken),
                "last_chord": tuple(raw.get("last_chord", CLOSING)),
            }
        )
    except (KeyError, TypeError, RecursionError, zlib.error) as error:
        raise ValueError(f"no plan: {word[:20]}") from error


def number_in(said: dict[str, str], name: str) -> float:
    """Read a number of a tag.

    Args:
        said: fields_of the comment.
        name: of the field, one of BOUNDS.

    Returns:
        Its value.

    Raises:
        KeyError: the tag does not say it.
        ValueError: it is no number, or none within the bounds.
    """
    value, (low, high) = float(said[name]), BOUNDS[name]
    if not low <= value <= high:
        raise ValueError(f"{name}={said[name]}")
    return value


def whole_in(said: dict[str, str], name: str) -> int:
    """Read a whole number of a tag.

    Args:
        said: fields_of the comment.
        name: of the field, one of BOUNDS.

    Returns:
        Its value.

    Raises:
        KeyError: the tag does not say it.
        ValueError: it is no whole number, or none within the bounds.
    """
    number_in(said, name)
    return int(said[name])


def fields_of(comment: str) -> dict[str, str]:
    """Read what a scored film's comment says.

    Args:
        comment: of the film.

    Returns:
        Name -> text; nothing where dyvim did not write it.
    """
    if SCORED_BY not in comment:
        return {}
    return dict(FIELD.findall(comment[comment.index(SCORED_BY) :].removeprefix("dyvim ")))


def made_with(comment: str) -> tuple[ComposeOptions, np.ndarray | None] | None:
    """Read what music was composed with, by its film's comment.

    Args:
        comment: of the film.

    Returns:
        (options, [N, 2] seconds of speech); None where the comment does not say, or not all, or where more
        than this program is needed: another model, instruments of the user's, the cut that its piece was
        written for.
    """
    said = fields_of(comment)
    if said.get("model") != EMBEDDED or {"soundfont", "recut"} & set(said):
        return None
    if TOO_LONG in (said.get("plan"), said.get("speech")):
        return None
    try:
        return _options(said), speech_of(said.get("speech", ""))
    except (KeyError, ValueError, UsageError):  # an edited tag, or one of another version
        return None


def _options(said: dict[str, str]) -> ComposeOptions:
    """The options that a tag's fields say. Raises KeyError, ValueError, UsageError."""
    mood = [float(part) for part in said.get("mood", "").split(",") if part]
    bars = re.fullmatch(r"(\d+)-(\d+):(\d+)", said.get("reroll", ""))
    players = [pair.split(":") for pair in said.get("instrument", "").split(",") if pair]
    return ComposeOptions(
        seed=whole_in(said, "seed"),
        alpha=number_in(said, "alpha"),
        style=said["style"],
        candidates=whole_in(said, "candidates") if "candidates" in said else ComposeOptions.candidates,
        mood=(mood[0], mood[1]) if len(mood) == 2 else None,
        tempo_bpm=number_in(said, "bpm") if "bpm" in said else None,
        key=key_named(said["key"]) if "key" in said.get("asked", "") else None,
        under_speech=said.get("under_speech"),
        plan=unpacked_plan(said["plan"]) if "plan" in said else None,
        loops="loop" in said,
        orchestrate=said.get("orchestrate"),
        mute=tuple(said["mute"].split(",")) if "mute" in said else (),
        instruments=tuple((part, int(program)) for part, program in players),
        reroll_bars=(int(bars[1]), int(bars[2]), int(bars[3])) if bars else None,
        guidance=number_in(said, "guidance") if "guidance" in said else None,
        temperature=(number_in(said, "temperature") if "temperature" in said else ComposeOptions.temperature),
    )


def speech_of(text: str) -> np.ndarray | None:
    """Read spans of speech as a tag writes them.

    Args:
        text: such as "3-6.1,8.5-11.4".

    Returns:
        [N, 2] seconds; None for no speech.

    Raises:
        ValueError: the text is nothing of the kind.
    """
    rows = [[float(end) for end in pair.split("-")] for pair in text.split(",") if pair]
    return np.array(rows).reshape(-1, 2) if rows else None
