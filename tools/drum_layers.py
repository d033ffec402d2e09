"""Give kicks, snares and toms of the kits softer and harder recordings: three strengths where there is one.

A drum's own recording goes on playing its middle strengths; the others come from recordings of like drums in
the full font and in a folder of files. Each is tuned to the drum, rings as long, and is as loud as the drum
was there. tools/drums_font.py makes the shipped kits with them.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.sample_data import decoded
from dyvim_cli.music.synth.sampler import DRUM_BANK
from dyvim_cli.music.synth.soundfont import Patch, Sample, SoundFont, Zone
from tools.drum_rings import faster_db_per_s, ring_s, tone_hz
from tools.font_zones import ALL, narrowed, text, value_range
from tools.piano_font import CB_A_DB, loudness
from tools.soundfont_subset import COMPRESSION

OWN = ""  # name that stands for a drum's own recording
DRIVEN = {"Std Snr 2": 0.8, "Snr 2-2": 0.6}  # drive into a soft clipper of recordings that would be too soft
EDGE = 12  # velocities below a layer's highest: its level is set there, so that it joins the next
LONGEST_S, FADE_S = 6.0, 0.5  # seconds of a recording that are kept, and those of the fade at its end
DECAY_DB = 96.0  # fall of an envelope over its decay time (SoundFont 2.04, generator 36)
FARTHEST_CENTS = 700  # a recording is tuned by so much at most


@dataclass(frozen=True)
class Drum:
    """One drum: its instrument in the font, its keys, (highest velocity, recording) from soft to hard.

    Highest velocities are edges of the sampler's steps; what is struck at 80 is the drum's own recording.
    """

    instrument: str
    keys: tuple[int, ...]
    layers: tuple[tuple[int, str], ...]
    is_tuned: bool = True

    def spans(self) -> list[tuple[tuple[int, int], str]]:
        """List the layers.

        Returns:
            ((lowest, highest velocity), recording) of each, from soft to hard.
        """
        lows = (0, *(highest + 1 for highest, _ in self.layers))
        return [((low, high), name) for low, (high, name) in zip(lows, self.layers, strict=False)]


KICK, SNARE = (35, 36), (38,)
DRUMS = (
    Drum("Std Kick", KICK, ((31, "Std Kick 4"), (63, "Std Kick 7"), (127, OWN))),
    Drum("Std Kick 6", KICK, ((31, "Std Kick 4"), (63, "Std Kick 7"), (127, OWN))),
    Drum("Std Kick 4", KICK, ((95, OWN), (111, "Std Kick 5"), (127, "Std Kick"))),
    Drum("Power Kick", (36,), ((63, "Power Kick 3"), (127, OWN))),
    Drum("Std Snare 1", SNARE, ((63, "RmPwr 1-1"), (95, OWN), (127, "Std Snr 2"))),
    Drum("Std Snare 4", SNARE, ((63, "Std Snr 1"), (95, OWN), (127, "Snr 2-2"))),
    Drum("Power Snares", SNARE, ((63, "RmPwr 1-2"), (127, OWN))),
    Drum("Std Tom", (41, 43, 45), ((47, "drum_tom_lo_soft"), (63, "drum_tom_lo_hard"), (127, OWN))),
    Drum("Std Tom", (47, 48), ((47, "drum_tom_mid_soft"), (63, "drum_tom_mid_hard"), (127, OWN))),
    Drum("Std Tom", (50,), ((47, "drum_tom_hi_soft"), (63, "drum_tom_hi_hard"), (127, OWN))),
    Drum("OrchPerc27-40", KICK, ((31, "MBass-6 hit 4"), (47, "MBass-6 hit 2"), (127, OWN))),
    Drum("OrchPerc54-72", (57, 59), ((31, "MCym1 crash mf2"), (47, "MCym1 crash ff3"), (127, OWN)), False),
)


def layered(font: SoundFont, full: SoundFont, folder: Path) -> SoundFont:
    """Give the drums their layers.

    Args:
        font: kits, each drum with one recording.
        full: the font that it was cut from.
        folder: of the other recordings, .flac.

    Returns:
        The kits with layers.
    """
    pool = _Pool(font, full, folder)
    level = _layered(font, pool, {})
    return _layered(font, pool, _softer_db(font, level))


class _Pool:
    """The recordings by name; each is encoded once and numbered after the font's own samples."""

    def __init__(self, font: SoundFont, full: SoundFont, folder: Path):
        self.full = {text(one.name): one for one in full.samples}
        self.folder, self.first = folder, len(font.samples)
        self.samples: list[Sample] = []
        self.sounds: list[np.ndarray] = []

    def number(self, name: str) -> int:
        """Number a recording among the samples of the font that is written.

        Args:
            name: of a sample of the full font, or of a file without its ending.

        Returns:
            Its index.
        """
        for i, one in enumerate(self.samples):
            if text(one.name) == name[:19]:
                return self.first + i
        sound, rate = self._read(name)
        file = io.BytesIO()
        sound = _faded(sound[: round(LONGEST_S * rate)], rate)
        if name in DRIVEN:
            sound = np.tanh(DRIVEN[name] * sound) / np.tanh(DRIVEN[name])
        _write(file, sound, rate)
        self.samples.append(Sample(name[:19].encode(), file.getvalue(), (0, 0), rate, 60, 0, 0, 1))
        self.sounds.append(sound)
        return self.first + len(self.samples) - 1

    def _read(self, name: str) -> tuple[np.ndarray, int]:
        import soundfile

        if name in self.full:
            return np.array(decoded(self.full[name])[0]), self.full[name].sample_rate
        sound, rate = soundfile.read(self.folder / f"{name}.flac", dtype="float32", always_2d=True)
        return sound.mean(axis=1), rate


def _write(file: io.BytesIO, sound: np.ndarray, rate: int) -> None:
    import soundfile

    soundfile.write(file, sound, rate, format="OGG", subtype="VORBIS", compression_level=COMPRESSION)


def _faded(sound: np.ndarray, rate: int) -> np.ndarray:
    """The sound [n], faded at its end."""
    n = min(len(sound) // 4, round(FADE_S * rate))
    return np.concatenate([sound[: len(sound) - n], sound[len(sound) - n :] * np.linspace(1, 0, n)])


def _layered(font: SoundFont, pool: _Pool, softer_db: dict[tuple[str, int, int], float]) -> SoundFont:
    """The font whose DRUMS have layers, each softer by so much [(instrument, key, layer)]."""
    instruments = []
    for patch in font.instruments:
        zones = tuple(new for zone in patch.zones for new in _split(patch, zone, font, pool, softer_db))
        instruments.append(replace(patch, zones=zones))
    return replace(font, instruments=tuple(instruments), samples=(*font.samples, *pool.samples))


def _split(
    patch: Patch, zone: Zone, font: SoundFont, pool: _Pool, softer_db: dict[tuple[str, int, int], float]
) -> Iterator[Zone]:
    """The zones that take a zone's place: itself, or one for every key of a drum and every strength."""
    drums = [one for one in DRUMS if one.instrument == text(patch.name)]
    low, high = value_range(zone, gen.KEY_RANGE)
    keys = {key: one for one in drums for key in one.keys if low <= key <= high}
    if zone.target is None or not keys:
        yield zone
        return
    common = patch.zones[0].generators if patch.zones[0].target is None else {}
    rest = [key for key in range(low, high + 1) if key not in keys]
    yield from (narrowed(zone, (key, key), ALL) for key in rest)
    for key, drum in keys.items():
        for layer, (velocities, name) in enumerate(drum.spans()):
            narrow = narrowed(zone, (key, key), velocities)
            lowest, highest = value_range(narrow, gen.VELOCITY_RANGE)
            if lowest <= highest and name == OWN:
                yield narrow
            elif lowest <= highest:
                shift_db = softer_db.get((drum.instrument, key, layer), 0.0)
                yield _replaced(common, narrow, pool.number(name), font, pool, drum.is_tuned, shift_db)


def _replaced(
    common: dict[int, int],
    zone: Zone,
    number: int,
    font: SoundFont,
    pool: _Pool,
    is_tuned: bool,
    softer_db: float,
) -> Zone:
    """A zone that plays another recording: as long, at the same pitch, softer by so much."""
    own, new = font.samples[zone.target or 0], pool.samples[number - pool.first]
    sound, own_sound = pool.sounds[number - pool.first], decoded(own)[0]
    amounts = common | zone.generators
    cents = own.correction + amounts.get(gen.FINE_TUNE, 0)
    if is_tuned:
        away = 1200 * np.log2(tone_hz(own_sound, own.sample_rate) / tone_hz(sound, new.sample_rate))
        cents += round(float(away)) if abs(away) <= FARTHEST_CENTS else 0
    coarse, fine = divmod(cents + 50, 100)
    root = amounts.get(gen.ROOT_KEY, -1)
    changed = {
        gen.ROOT_KEY: own.pitch if root < 0 else root,
        gen.COARSE_TUNE: amounts.get(gen.COARSE_TUNE, 0) + coarse,
        gen.FINE_TUNE: fine - 50,
        gen.ATTENUATION: amounts.get(gen.ATTENUATION, 0) + round(CB_A_DB * softer_db),
    }
    rate = faster_db_per_s(sound, new.sample_rate, ring_s(own_sound, own.sample_rate))
    if rate and not amounts.get(gen.VOLUME_ENV_SUSTAIN):
        changed[gen.VOLUME_ENV + 3] = round(1200 * np.log2(DECAY_DB / rate))
        changed[gen.VOLUME_ENV_SUSTAIN] = 1000
    return Zone(zone.generators | changed, zone.modulators, number)


def _softer_db(before: SoundFont, level: SoundFont) -> dict[tuple[str, int, int], float]:
    """Gains by which each layer has to be softer, so that its drum is as loud as before."""
    found = {}
    for drum in DRUMS:
        program = _program(before, drum.instrument)
        old, new = (SampledInstrument(font, True, program) for font in (before, level))
        for key in drum.keys:
            for layer, ((low, high), name) in enumerate(drum.spans()):
                if name != OWN:
                    velocity = max((low + high) // 2, high - EDGE)
                    louder_db = loudness(new, key, velocity) - loudness(old, key, velocity)
                    found[drum.instrument, key, layer] = louder_db
    return found


def _program(font: SoundFont, instrument: str) -> int:
    """The first kit that plays an instrument."""
    number = [text(one.name) for one in font.instruments].index(instrument)
    kits = (one for one in font.presets if one.bank == DRUM_BANK)
    return min(one.program for one in kits if any(zone.target == number for zone in one.zones))
