"""Build one SFZ file as a preset: its zones, the samples behind them, its takes."""

from dataclasses import dataclass, replace
from pathlib import Path

from dyvim_cli.errors import InputError
from dyvim_cli.music.synth.sfz import levels
from dyvim_cli.music.synth.sfz.recordings import FileSample, Recording, recording
from dyvim_cli.music.synth.sfz.regions import Region, Regions, regions_of
from dyvim_cli.music.synth.sfz.takes import Takes
from dyvim_cli.music.synth.sfz.text import Text
from dyvim_cli.music.synth.sfz.timbre import is_filtered, low_pass
from dyvim_cli.music.synth.sfz.zone import CUT_LINKS, SfzZone, fixed_amounts, how_played

NAMED_AT_MOST = 8  # opcodes that a note names
STEREO = (levels.LEFT, levels.RIGHT)


@dataclass(frozen=True)
class SfzInstrument:
    """The zones of each take, whose targets count from the instrument's own first sample."""

    takes: tuple[tuple[SfzZone, ...], ...]
    samples: tuple[FileSample, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...]


class _Shelf:
    """Samples of an instrument, each recording opened once."""

    def __init__(self, path: Path):
        self.folder, self.samples = path.parent, list[FileSample]()
        self._recordings: dict[str, Recording] = {}
        self._places: dict[tuple[Path, int], int] = {}

    def recording(self, region: Region) -> Recording:
        said = region.opcodes["sample"]
        name = region.default_path + said.value
        if name not in self._recordings:
            self._recordings[name] = recording(self.folder, region.default_path, said)
        return self._recordings[name]

    def place(self, found: Recording, channel: int) -> int:
        """Number of the sample of a recording's channel."""
        if (found.path, channel) not in self._places:
            self._places[found.path, channel] = len(self.samples)
            name = found.path.name.encode()[:20]
            head = (name, b"", (0, 0), found.sample_rate, 60, 0, 0, 1)
            self.samples.append(FileSample(*head, recording=found, channel=channel))
        return self._places[found.path, channel]


def read_instrument(path: Path, is_drums: bool, text: Text | None = None) -> SfzInstrument:
    """Read an SFZ file and the headers of its samples.

    Args:
        path: of the .sfz file.
        is_drums: whether it is a kit, whose drums sound to their end.
        text: of the file, where it has been read.

    Returns:
        The instrument.

    Raises:
        InputError: it, or a file that it names, is missing or cannot be read, or no region of it sounds.
    """
    text = text or Text(path)
    regions = regions_of(text)
    playing = [region for region in regions.playing if not _is_made_up(region, regions)]
    shelf, takes = _Shelf(path), Takes(playing)
    zones = [_zones(region, shelf, is_drums) for region in playing]
    if not any(zones):
        raise InputError(f"{path}: no region of it sounds", "give a .sfz file with <region> and sample=")
    loudest_db = max(levels.most_db(region) + low_pass(region, 60, 127)[1] for region in playing)
    zones = [[replace(zone, loudest_db=loudest_db) for zone in both] for both in zones]
    dealt = tuple(
        tuple(
            zone
            for region, both in zip(playing, zones, strict=True)
            if takes.sounds(region, take)
            for zone in both
        )
        for take in range(takes.count)
    )
    files = (*text.files, *dict.fromkeys(one.recording.path for one in shelf.samples if one.recording))
    return SfzInstrument(dealt, tuple(shelf.samples), files, _notes(path, regions, playing))


def _is_made_up(region: Region, regions: Regions) -> bool:
    """Check for a sound that a player would make by itself (sample=*sine), which is not honoured."""
    name = region.opcodes["sample"].value
    if name.startswith("*"):
        regions.lacking[f"sample={name[:20]}"] = None
    return name.startswith("*")


def _zones(region: Region, shelf: _Shelf, is_drums: bool) -> list[SfzZone]:
    """One zone for a mono recording, two for a stereo one."""
    found = shelf.recording(region)
    played = how_played(region, found, is_drums)
    fixed = fixed_amounts(region, found, played)
    channels = STEREO if found.n_channels > 1 else (levels.MONO,)
    return [
        SfzZone({}, CUT_LINKS, shelf.place(found, i), region, found, played, channel, 0.0, fixed)
        for i, channel in enumerate(channels)
    ]


def _notes(path: Path, regions: Regions, playing: list[Region]) -> tuple[str, ...]:
    """One sentence for all that is not honoured."""
    lacking = dict(regions.lacking)
    for region in playing:
        if region.has("cutoff") and not is_filtered(region):
            lacking[f"fil_type={region.text('fil_type')[:20]}"] = None
        if region.text("off_mode") in ("normal", "time"):
            lacking[f"off_mode={region.text('off_mode')}"] = None
        if region.get("fileg_depth") and region.get("pitcheg_depth"):
            lacking["pitcheg's own times besides fileg's"] = None
    if not lacking:
        return ()
    named = ", ".join(sorted(lacking)[:NAMED_AT_MOST])
    more = f" and {len(lacking) - NAMED_AT_MOST} more" if len(lacking) > NAMED_AT_MOST else ""
    return (f"{path.name} plays without {named}{more} (docs/instruments.md, SFZ)",)
