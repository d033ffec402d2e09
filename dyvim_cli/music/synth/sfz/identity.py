"""Tell whether SFZ instruments have changed: their texts by content, their samples by size and time."""

import hashlib
from pathlib import Path

from dyvim_cli.music.synth.sfz.band import MAP, SFZ, is_band, read_band
from dyvim_cli.music.synth.soundfont import SoundFont

Stamps = tuple[tuple[str, int, int], ...]
_kept: dict[Path, tuple[Stamps, SoundFont]] = {}  # the band that was opened last


def kept_band(path: Path) -> SoundFont:
    """Open SFZ instruments; the last ones are kept until a file of theirs changes.

    Args:
        path: as band.read_band takes it.

    Returns:
        They as presets.

    Raises:
        InputError: something cannot be read.
    """
    stamps, font = _kept.get(path, ((), None))
    if font is None or stamps != _stamps(path, font):
        font = read_band(path)
        _kept.clear()
        _kept[path] = _stamps(path, font), font
    return font


def _stamps(path: Path, font: SoundFont) -> Stamps:
    """(path, bytes, time of the last change) of all files, and of the folder that they are looked for in."""
    found = []
    for file in (path, *font.files):
        try:
            state = file.stat()
            found.append((str(file), state.st_size, state.st_mtime_ns))
        except OSError:
            found.append((str(file), -1, 0))
    return tuple(found)


def files_of(soundfont: Path) -> list[Path]:
    """List the files that decide how a soundfont sounds.

    Args:
        soundfont: as --soundfont takes it.

    Returns:
        Itself, or all files of SFZ instruments.

    Raises:
        InputError: SFZ instruments cannot be read.
    """
    return list(kept_band(soundfont).files) if is_band(soundfont) else [soundfont]


def band_identity(path: Path) -> list[tuple[str, str]]:
    """Describe SFZ instruments so that a change of any of their files shows.

    Args:
        path: as band.read_band takes it.

    Returns:
        (file's name, digest of a text's content or size and time of a sample), in order.

    Raises:
        InputError: something cannot be read.
    """
    font = kept_band(path)
    texts = {file for file in font.files if file.suffix.lower() in (SFZ, MAP, ".txt")}
    programs = "".join(f"{one.bank}:{one.program} " for one in font.presets)
    return [("programs", programs), *((file.name, _mark(file, file in texts)) for file in font.files)]


def _mark(file: Path, is_text: bool) -> str:
    if is_text:
        return hashlib.blake2b(file.read_bytes(), digest_size=20).hexdigest()
    state = file.stat()
    return f"{state.st_size} {state.st_mtime_ns}"
