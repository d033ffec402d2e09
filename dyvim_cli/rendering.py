"""Render a MIDI file to a finished soundtrack: one of ours, edited elsewhere, or any General MIDI file."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dyvim_cli.desk.pauses import in_silence
from dyvim_cli.errors import InputError, UsageError
from dyvim_cli.extras import check_extras, sound_file, whole_set, write_extras
from dyvim_cli.film_plan import FilmPlan
from dyvim_cli.limits import MAX_DURATION_VARIABLE, limits
from dyvim_cli.options import Delivery
from dyvim_cli.progress import Progress, Silent

if TYPE_CHECKING:
    from dyvim_cli.music.mixing.loudness import Meter
    from dyvim_cli.music.mixing.session import StyledMidi

RING_S = 3.0  # ring-out after the last note


@dataclass(frozen=True)
class Rendered:
    """Result of a run; facts holds plain values for JSON."""

    output: Path
    facts: dict[str, Any]


def render(
    midi_path: Path,
    delivery: Delivery,
    *,
    style: str | None = None,
    length_s: float | None = None,
    plan: FilmPlan | None = None,
    soundfont: Path | None = None,
    progress: Progress | None = None,
) -> Rendered:
    """Play a MIDI file and write it to delivery.music, with stems if asked for.

    Args:
        midi_path: the file.
        delivery: options of the output.
        style: whose mix it gets; None = the plan's, else the one whose instruments it plays.
        length_s: of the sound; None = the plan's film's, else to the end of the last note's ring.
        plan: its silences are kept.
        soundfont: the user's instruments; None = the shipped ones.
        progress: notified of the stages.

    Returns:
        Where the music is, and facts about it.

    Raises:
        DyvimError: the file cannot be read, or the output not be written.
    """
    from dyvim_cli.music.mixing.loudness import Meter
    from dyvim_cli.music.mixing.session import StyledMidi, style_of_midi
    from dyvim_cli.music.symbols.midi_in import read_midi
    from dyvim_cli.music.synth.orchestra import Orchestra

    if delivery.music is None:
        raise UsageError("no file to write the music to", "name one with -o music.wav")
    if length_s is not None and length_s <= 0:
        raise UsageError(f"--length {length_s:g}: music needs some time", "--length 0:30")
    check_extras(delivery, midi_path)
    midi, meter = read_midi(midi_path), Meter()
    if plan is not None:
        midi, style = in_silence(midi, plan.silences), style or plan.style
        length_s = plan.duration_s if length_s is None else length_s
    piece = StyledMidi(midi, style or style_of_midi(midi))
    length_s = midi.end_s + RING_S if length_s is None else length_s
    check_length(midi_path, length_s)
    warnings = Orchestra(soundfont).notes(part.stem for part in midi.parts)
    font, how = None if soundfont is None else str(soundfont), progress or Silent()
    with (
        whole_set(delivery) as group,
        sound_file(piece, None, length_s, delivery, how, meter, group, font) as music,
    ):
        write_extras(piece, music, delivery, group=group)
    facts = _facts(midi_path, piece, length_s, meter)
    return Rendered(delivery.music, facts | {"output": str(delivery.music), "warnings": warnings})


def check_length(midi_path: Path, length_s: float) -> None:
    """Check how long the music would be: a damaged file may place a note years away.

    Args:
        midi_path: the file, for the message.
        length_s: of the sound.

    Raises:
        InputError: it is longer than a film may be.
    """
    most_s = limits().max_duration_s
    if length_s > most_s:
        reason = f"{midi_path} plays for {length_s:.0f} s, the limit is {most_s:.0f} s"
        hint = f"--length 3:00, or {MAX_DURATION_VARIABLE}={math.ceil(length_s)}"
        raise InputError(reason, hint)


def _facts(midi_path: Path, piece: "StyledMidi", length_s: float, meter: "Meter") -> dict[str, Any]:
    """Facts about the MIDI file and its rendering, plain values."""
    from dyvim_cli.timeline import loudness_facts

    tracks = [
        {
            "name": part.stem.name,
            "role": part.role,
            "program": part.stem.program,
            "notes": len(part.stem.notes),
        }
        for part in piece.midi.parts
    ]
    facts = {
        "input": str(midi_path),
        "style": piece.style,
        "duration_s": round(length_s, 3),
        "tracks": tracks,
    }
    return facts | {"tempo_bpm": round(piece.midi.bpm, 3)} | loudness_facts(meter)
