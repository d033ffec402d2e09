"""Choose the soundfont of a stem: the user's where it has the instrument, else the shipped one."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.music.synth.byte_cache import ByteCache
from dyvim_cli.music.synth.effects_player import EffectsPlayer, is_effect
from dyvim_cli.music.synth.instrument import PROBE_VELOCITY, SampledInstrument
from dyvim_cli.music.synth.kept_tones import TONES_BYTES
from dyvim_cli.music.synth.placing import TimedBend
from dyvim_cli.music.synth.sampler import DRUM_BANK, find_preset, voices
from dyvim_cli.music.synth.sfz.band import is_band
from dyvim_cli.music.synth.sfz.identity import kept_band
from dyvim_cli.music.synth.soundfont import SoundFont, read_soundfont, shipped_soundfont
from dyvim_cli.regular_files import MISSING
from dyvim_cli.types import Note, Stem

STANDARD_KIT = 0
NAMING = ("INAM", "ICMT")  # descriptions of a font that may call it a drum kit
KIT_WORDS = re.compile(r"drum|percussion|\bkit\b", re.IGNORECASE)


class Orchestra:
    """The instruments of General MIDI, by program."""

    def __init__(self, soundfont: Path | None = None):
        self.soundfont, self.tone_cache = soundfont, ByteCache(TONES_BYTES)
        self.fonts = (shipped_soundfont(),) if soundfont is None else (opened(soundfont), shipped_soundfont())

    def blocks(
        self,
        stem: Stem,
        n_frames: int,
        block_frames: int,
        bend: TimedBend | None = None,
        first_frame: int = 0,
    ) -> Iterator[np.ndarray]:
        """Play a stem, each note by the first font that has it.

        Args:
            stem: its program and notes.
            n_frames: in all.
            block_frames: of a block at most.
            bend: times [n] in seconds of the piece to cents [n] by which its notes are bent; None = by none.
            first_frame: where the first block begins, a multiple of block_frames.

        Yields:
            [2, <= block_frames] float32, consecutive.
        """
        if is_effect(stem):
            yield from EffectsPlayer(stem.name).blocks(stem.notes, n_frames, block_frames, first_frame)
            return
        span = (n_frames, block_frames, bend, first_frame)
        players = [
            SampledInstrument(font, stem.is_drums, program, tone_cache=self.tone_cache).blocks(notes, *span)
            for font, program, notes in self._shared_out(stem)
        ]
        for parts in zip(*players, strict=True):
            yield sum(parts[1:], start=parts[0])

    def notes(self, stems: Iterable[Stem]) -> list[str]:
        """List notes for the user: instruments, or keys of theirs, that the soundfont lacks.

        Args:
            stems: of the piece.

        Returns:
            Sentences, also of what of it is not honoured; none without a soundfont of the user's.
        """
        found = list(self.fonts[0].notes)
        for stem in stems if self.soundfont is not None else ():
            if is_effect(stem):
                continue
            shared = [notes for font, _, notes in self._shared_out(stem) if font is self.fonts[-1]]
            if shared:
                found.append(self._missing(stem, shared[0]))
        return list(dict.fromkeys(found))

    def _missing(self, stem: Stem, lent: tuple[Note, ...]) -> str:
        bank = DRUM_BANK if stem.is_drums else 0
        name = find_preset(self.fonts[-1], bank, stem.program).name.rstrip(b"\0").decode("latin-1")
        what = f"{'drum kit' if stem.is_drums else 'program'} {stem.program} ({name})"
        if len(lent) < len(stem.notes):
            keys = ", ".join(map(str, sorted({note.pitch for note in lent})))
            what = f"sound on key {keys} of {what}"
        name = self.soundfont.name if self.soundfont else ""
        return f"{name} has no {what}: the shipped instrument plays it"

    def _shared_out(self, stem: Stem) -> list[tuple[SoundFont, int, tuple[Note, ...]]]:
        """(font, program, its notes): each note goes to the first font that makes a sound of it."""
        rest = tuple(stem.notes)
        shared: list[tuple[SoundFont, int, tuple[Note, ...]]] = []
        for font in self.fonts:
            program = _program(font, stem)
            is_last = font is self.fonts[-1]
            if program is None and not is_last:
                continue
            keys = {note.pitch for note in rest}
            if program is not None and not is_last:
                keys = _sounding_keys(font, stem, program)
            taken = tuple(note for note in rest if note.pitch in keys)
            rest = tuple(note for note in rest if note.pitch not in keys)
            if taken or (is_last and not shared):
                shared.append((font, stem.program if program is None else program, taken))
        return shared


def _program(font: SoundFont, stem: Stem) -> int | None:
    """The program of a font that is the stem's instrument; of kits the standard one stands in."""
    bank = DRUM_BANK if stem.is_drums else 0
    here = {preset.program for preset in font.presets if preset.bank == bank}
    for program in (stem.program, STANDARD_KIT) if stem.is_drums else (stem.program,):
        if program in here:
            return program
    return None


def _sounding_keys(font: SoundFont, stem: Stem, program: int) -> set[int]:
    preset = find_preset(font, DRUM_BANK if stem.is_drums else 0, program)
    return {key for key in {note.pitch for note in stem.notes} if voices(font, preset, key, PROBE_VELOCITY)}


def opened(path: Path) -> SoundFont:
    """Open the user's soundfont; the last one is kept.

    Args:
        path: .sf2 or .sf3; SFZ instruments as sfz/band.py has them.

    Returns:
        The font.

    Raises:
        InputError: it cannot be read.
    """
    path = Path(path)
    if is_band(path):
        return kept_band(path)
    try:
        return _opened(path, path.stat().st_mtime_ns)
    except FileNotFoundError as error:
        raise InputError(f"no such soundfont: {path}", MISSING) from error
    except OSError as error:
        reason = f"cannot read the soundfont {path}: {error.strerror}"
        raise InputError(reason, "check the file after --soundfont") from error


@lru_cache(maxsize=1)
def _opened(path: Path, modified_ns: int) -> SoundFont:
    return _with_kit(read_soundfont(path))


def _with_kit(font: SoundFont) -> SoundFont:
    """The font; a lone preset that is by its words a drum kit goes to the bank of the kits."""
    if len(font.presets) != 1 or font.presets[0].bank == DRUM_BANK:
        return font
    words = b" ".join((font.presets[0].name, *(font.info.get(each, b"") for each in NAMING)))
    if not KIT_WORDS.search(words.decode("latin-1")):
        return font
    return replace(font, presets=(replace(font.presets[0], bank=DRUM_BANK, program=STANDARD_KIT),))
