"""Open SFZ instruments as a soundfont: one file, a folder of them, or a TOML file that assigns them."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dyvim_cli.errors import InputError
from dyvim_cli.music.synth.sampler import DRUM_BANK
from dyvim_cli.music.synth.sfz.instrument import SfzInstrument, read_instrument
from dyvim_cli.music.synth.sfz.naming import DRUMS, NUMBERED, programs_named, programs_of, unusual
from dyvim_cli.music.synth.sfz.places import found_file
from dyvim_cli.music.synth.sfz.text import Text
from dyvim_cli.music.synth.soundfont import Patch, Sample, SoundFont, Zone
from dyvim_cli.regular_files import read_regular

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SFZ, MAP = ".sfz", ".toml"
MOST_MAP_BYTES = 1 << 20
MOST_FILES = 5000  # .sfz files of a folder that are looked at
HINT = (
    'name it as "040 Name.sfz" (a program 000..127), "Violin.sfz" or "Drums.sfz"; or write a band.toml: '
    '40 = "Name.sfz"'
)
Assigned = dict[int, Path]  # program (DRUMS for the kits) -> its file


@dataclass(frozen=True)
class _Band:
    assigned: Assigned
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()  # what says who plays, besides the instruments


def is_band(path: Path) -> bool:
    """Check whether a path is meant as SFZ instruments.

    Args:
        path: of a file or folder.

    Returns:
        True for a .sfz or .toml file and for a folder.
    """
    return path.suffix.lower() in (SFZ, MAP) or path.is_dir()


def read_band(path: Path) -> SoundFont:
    """Open SFZ instruments; their samples are read as they are played.

    Args:
        path: a .sfz file, a folder of such files, or a .toml file that assigns them to programs.

    Returns:
        They as presets, by General MIDI programs.

    Raises:
        InputError: something cannot be read, or it cannot be told what a file plays.
    """
    band = _members(path)
    built: dict[Path, tuple[SfzInstrument, int]] = {}
    presets: list[Patch] = []
    instruments: list[Patch] = []
    samples: list[Sample] = []
    for program, file in band.assigned.items():
        if file not in built:
            built[file] = read_instrument(file, program == DRUMS), len(instruments)
            for zones in built[file][0].takes:
                moved = tuple(_moved(zone, len(samples)) for zone in zones)
                instruments.append(Patch(file.stem.encode()[:20], moved))
            samples.extend(built[file][0].samples)
        found, first = built[file]
        presets.append(_preset(file, program, first, len(found.takes)))
    all_files = [*band.files, *(each for found, _ in built.values() for each in found.files)]
    notes = [*band.notes, *(note for found, _ in built.values() for note in found.notes)]
    info = {"INAM": path.stem.encode()}
    return SoundFont(
        tuple(presets), tuple(instruments), tuple(samples), info,
        files=tuple(dict.fromkeys(all_files)), notes=tuple(notes), has_vibrato=True,
    )  # fmt: skip


def _moved(zone: Zone, by: int) -> Zone:
    return replace(zone, target=(zone.target or 0) + by)


def _preset(file: Path, program: int, first: int, n_takes: int) -> Patch:
    """A preset whose takes are instruments from a number on."""
    bank, program = (DRUM_BANK, 0) if program == DRUMS else (0, program)
    name = file.stem.encode()[:20]
    takes = tuple(Patch(name, (Zone({}, b"", first + i),), bank, program) for i in range(n_takes))
    return Patch(name, takes[0].zones, bank, program, takes if n_takes > 1 else ())


def _members(path: Path) -> _Band:
    if path.is_dir():
        return _of_folder(path)
    return _of_map(path) if path.suffix.lower() == MAP else _alone(path)


def _alone(path: Path) -> _Band:
    programs = programs_of(path, None) or programs_of(path, Text(path))
    if not programs:
        raise InputError(f"{path}: its name does not tell which instrument it is", HINT)
    return _Band(dict.fromkeys(programs, path))


def _of_folder(folder: Path) -> _Band:
    """The files of a folder by their names; of several for one program the plainest plays."""
    files = sorted(_sfz_files(folder), key=lambda path: _plainness(path, folder))
    assigned: Assigned = {}
    main: Assigned = {}
    for path in files:
        programs = programs_named(path.stem)
        for i, program in enumerate(programs):
            (main if i == 0 else assigned).setdefault(program, path)
    assigned |= main  # a file that is an instrument goes before one that may stand in for it
    if not assigned:
        what = "has only .sfz files whose names tell no instrument" if files else "holds no .sfz file"
        raise InputError(f"{folder} {what}", HINT)
    n_playing = len(set(assigned.values()))
    idle = f"{folder.name}: {n_playing} of its {len(files)} .sfz files play, one an instrument"
    notes = (f"{idle}; a .toml file chooses others",) if n_playing < len(files) else ()
    return _Band(dict(sorted(assigned.items())), notes)


def _sfz_files(folder: Path) -> Iterator[Path]:
    n = 0
    for path in folder.rglob("*"):
        if path.suffix.lower() != SFZ or not path.is_file():
            continue
        n += 1
        if n > MOST_FILES:
            reason = f"{folder} holds more than {MOST_FILES} .sfz files"
            raise InputError(reason, "name the folder of one library")
        yield path


def _plainness(path: Path, folder: Path) -> tuple[bool, int, int, int, str]:
    """Order of files: numbers first, few words for ways of playing, few folders, a short name."""
    inner = path.relative_to(folder)
    return not NUMBERED.match(path.stem), unusual(path), len(inner.parts), len(path.stem), str(inner)


def _of_map(path: Path) -> _Band:
    """The files that a TOML file assigns: 0 = "Grand.sfz", violin = "Vln.sfz", drums = "Kit.sfz"."""
    hint = '0 = "Grand.sfz", violin = "Violins/Sus.sfz" or drums = "Kit.sfz", one a line'
    try:
        values = tomllib.loads(read_regular(path, "map of instruments", MOST_MAP_BYTES).decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: not TOML: {error}", hint) from error
    assigned: Assigned = {}
    for name, value in values.items():
        programs = (int(name),) if name.isdecimal() and int(name) <= 127 else programs_named(name)
        if not programs or name.isdecimal() and int(name) > 127:
            raise InputError(f"{path}: {name!r} is no instrument", hint)
        file = found_file(path.parent, value) if isinstance(value, str) else None
        if file is None or file.suffix.lower() != SFZ:
            raise InputError(f"{path}: {name} = {value!r} is no .sfz file", hint)
        for program in programs[:1] if name.isdecimal() else programs:
            assigned.setdefault(program, file)
    if not assigned:
        raise InputError(f"{path}: it assigns nothing", hint)
    return _Band(assigned, files=(path,))
