"""Compare the sampler with FluidSynth on a test score of every preset of a font, note by note.

python -m tools.fluidsynth_parity [FONT] prints one line per preset: the worst difference of its notes in
onset (ms), pitch (cents) and level (dB; attack, course and release each). It needs the `fluidsynth` program.

Two things of FluidSynth's own are kept out of the comparison. It rounds pitches to whole cents, so layers
that are a cent or two apart beat at other moments: of presets with such layers (DETUNED: string sections)
each layer is compared alone. It leaves out a decay that takes no time, by which the level should fall at
once (a test holds that ours does): both play one of SHORT_DECAY instead.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import soundfont
from dyvim_cli.music.synth.instrument import SampledInstrument
from dyvim_cli.music.synth.sampler import DRUM_BANK, FURTHER_TAKES
from dyvim_cli.music.synth.soundfont import Patch, SoundFont, Zone
from dyvim_cli.types import SAMPLE_RATE
from tools.soundfont_writer import to_bytes

HELD_S, SLOT_S, QUIET_S = 0.7, 1.6, 0.1
KEYS, DRUM_KEYS = (36, 48, 60, 67, 72, 84), (36, 38, 42, 46, 49, 51)
VELOCITIES = (55, 103)  # middles of the sampler's velocity steps
ALL_SOUND_OFF = 120  # the controller that ends all sound
GAIN = 0.5  # gain of FluidSynth's output
WINDOWS_S = ((0.0, 0.05), (0.05, 0.22), (0.28, 0.7), (0.72, 0.95))  # what levels are compared in
HEARD_DB = -40.0  # level of a window against the note's loudest below which it is not compared
LAG_S = 0.02  # the longest lag that is searched for
STIRS_DB = -50.0  # level against the note's loudest at which it has begun
STIRS_S = 0.01  # time over which that level is taken
DETUNED = {48, 49}  # programs of the shipped font
SHORT_DECAY = -7973  # timecents: 10 ms
TICKS_A_BEAT, BEAT_US = 480, 500_000


@dataclass(frozen=True)
class Difference:
    """Differences of one note from FluidSynth's; nan where it cannot be measured."""

    key: int
    velocity: int
    onset_ms: float
    pitch_cents: float
    levels_db: tuple[float, ...]


@dataclass(frozen=True)
class Parity:
    """All notes of one preset."""

    preset: Patch
    notes: tuple[Difference, ...]

    def worst(self) -> tuple[float, float, float]:
        """Find the largest deviation of each kind among the notes.

        Returns:
            (ms, cents, dB).
        """
        onset = max(abs(one.onset_ms) for one in self.notes)
        pitch = np.nanmax([0.0, *(abs(one.pitch_cents) for one in self.notes)])
        level = np.nanmax([0.0, *(abs(db) for one in self.notes for db in one.levels_db)])
        return onset, float(pitch), float(level)


def compare(path: Path) -> list[Parity]:
    """Compare every preset of a font with FluidSynth's rendering.

    Args:
        path: of the soundfont.

    Returns:
        One record per preset; of DETUNED ones with the notes of each layer.
    """
    font = with_short_decays(soundfont.read_soundfont(path))
    takes = range(DRUM_BANK + 1, DRUM_BANK + 1 + FURTHER_TAKES)  # the same kits, out of FluidSynth's reach
    font = replace(font, presets=tuple(preset for preset in font.presets if preset.bank not in takes))
    layers = {i: _layers(preset) for i, preset in enumerate(font.presets)}
    alone = [(i, layer) for i, found in layers.items() for layer in found if len(found) > 1]
    whole = [(i, found[0]) for i, found in layers.items() if len(found) == 1]
    numbered = [(i, replace(layer, bank=0, program=n)) for n, (i, layer) in enumerate(alone)]
    notes: dict[int, tuple[Difference, ...]] = {}
    for listed in (whole, numbered):
        compared = _compared(replace(font, presets=tuple(layer for _, layer in listed))) if listed else []
        for (i, _), found in zip(listed, compared, strict=True):
            notes[i] = notes.get(i, ()) + tuple(found)
    return [Parity(preset, notes[i]) for i, preset in enumerate(font.presets)]


def _layers(preset: Patch) -> list[Patch]:
    """Each layer of a DETUNED preset as a preset of its own; else the preset."""
    own = [zone for zone in preset.zones if zone.target is not None]
    if preset.bank or preset.program not in DETUNED or len(own) == 1:
        return [preset]
    shared = tuple(zone for zone in preset.zones if zone.target is None)
    return [replace(preset, zones=(*shared, zone)) for zone in own]


def with_short_decays(font: SoundFont) -> SoundFont:
    """Write SHORT_DECAY where a level would fall at once from its peak.

    Args:
        font: any font.

    Returns:
        The font with other instruments.
    """

    def spelled(patch: Patch) -> Patch:
        shared = next((zone.generators for zone in patch.zones if zone.target is None), {})
        return replace(patch, zones=tuple(_with_short_decay(zone, shared) for zone in patch.zones))

    return replace(font, instruments=tuple(map(spelled, font.instruments)))


def _with_short_decay(zone: Zone, shared: dict[int, int]) -> Zone:
    amounts = shared | zone.generators
    falls = amounts.get(gen.VOLUME_ENV_SUSTAIN, 0) > 0
    if zone.target is None or not falls or amounts.get(gen.VOLUME_ENV + gen.DECAY, -12000) > -12000:
        return zone
    return replace(zone, generators=zone.generators | {gen.VOLUME_ENV + gen.DECAY: SHORT_DECAY})


def _compared(font: SoundFont) -> list[list[Difference]]:
    """The differences of every preset's notes from FluidSynth's."""
    theirs, found, at = _fluidsynth(font), [], 0
    for preset in font.presets:
        notes: list[Difference] = []
        instrument = SampledInstrument(font, preset.bank == DRUM_BANK, preset.program, is_shaded=False)
        for key, velocity in _notes(preset):
            sound = theirs[:, at : at + round(SLOT_S * SAMPLE_RATE)]
            at += round(SLOT_S * SAMPLE_RATE)
            ours = GAIN * _ours(instrument, key, velocity)
            if np.abs(sound).max() > 1e-4 or np.abs(ours).max() > 1e-4:
                notes.append(_difference(key, velocity, ours, sound))
        found.append(notes)
    return found


def _notes(preset: Patch) -> list[tuple[int, int]]:
    keys = DRUM_KEYS if preset.bank == DRUM_BANK else KEYS
    return [(key, velocity) for key in keys for velocity in VELOCITIES]


def _ours(instrument: SampledInstrument, key: int, velocity: int) -> np.ndarray:
    """One note of our own [2, n], as the font says, begun at once."""
    n_held = round(HELD_S * SAMPLE_RATE)
    sound = np.zeros((2, round(SLOT_S * SAMPLE_RATE)), np.float32)
    for tone in instrument.tones(key, velocity, n_held):
        piece = tone.released(n_held)[: sound.shape[1]]
        sound[:, : len(piece)] += np.outer((tone.left, tone.right), piece)
    return sound


def _fluidsynth(font: SoundFont) -> np.ndarray:
    """FluidSynth's rendering [2, n] of all presets' notes, one every SLOT_S."""
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        path, midi, sound = Path(folder, "font.sf3"), Path(folder, "notes.mid"), Path(folder, "notes.wav")
        path.write_bytes(to_bytes(font))
        midi.write_bytes(_midi(font.presets))
        settings = ["synth.dynamic-sample-loading=1", "synth.polyphony=512", "player.timing-source=sample"]
        options = [word for setting in settings for word in ("-o", setting)]
        command = ["fluidsynth", "-ni", "-q", "-R", "0", "-C", "0", "-g", str(GAIN), "-r", str(SAMPLE_RATE)]
        command += [*options, "-T", "wav", "-O", "float", "-F", str(sound), str(path), str(midi)]
        subprocess.run(command, check=True, capture_output=True)
        frames = soundfile.read(sound, dtype="float32", always_2d=True)[0].T
    n = sum(len(_notes(preset)) for preset in font.presets) * round(SLOT_S * SAMPLE_RATE)
    return np.pad(frames, ((0, 0), (0, max(0, n - frames.shape[1]))))


def _midi(presets: Sequence[Patch]) -> bytes:
    """A Standard MIDI File of the notes; kits on channel 10, the others on the first."""
    track, waited_s = b"\x00\xff\x51\x03" + BEAT_US.to_bytes(3, "big"), 0.0
    for preset in presets:
        channel = 9 if preset.bank == DRUM_BANK else 0
        bank = 0 if preset.bank == DRUM_BANK else preset.bank
        control = [(0xB0, 0, bank), (0xB0, 7, 127), (0xB0, 10, 64), (0xB0, 11, 127)]
        for status, *values in [*control, (0xC0, preset.program)]:
            track += _delta(waited_s) + bytes([status | channel, *values])
            waited_s = 0.0
        for key, velocity in _notes(preset):
            track += _delta(waited_s) + bytes([0x90 | channel, key, velocity])
            track += _delta(HELD_S) + bytes([0x80 | channel, key, 0])
            track += _delta(SLOT_S - HELD_S - QUIET_S) + bytes([0xB0 | channel, ALL_SOUND_OFF, 0])
            waited_s = QUIET_S
    track += _delta(waited_s) + b"\xff\x2f\x00"
    header = b"MThd" + (6).to_bytes(4, "big") + b"".join(n.to_bytes(2, "big") for n in (0, 1, TICKS_A_BEAT))
    return header + b"MTrk" + len(track).to_bytes(4, "big") + track


def _delta(seconds: float) -> bytes:
    """A time step as a variable-length quantity."""
    ticks = round(seconds * TICKS_A_BEAT * 1e6 / BEAT_US)
    groups = [ticks & 0x7F]
    while ticks := ticks >> 7:
        groups.append(ticks & 0x7F | 0x80)
    return bytes(reversed(groups))


def _difference(key: int, velocity: int, ours: np.ndarray, theirs: np.ndarray) -> Difference:
    lag = _lag(ours, theirs)
    levels = tuple(_level_db(ours, theirs, lag, window) for window in WINDOWS_S)
    return Difference(key, velocity, -1000 * lag / SAMPLE_RATE, _cents(ours, theirs), levels)


def _lag(ours: np.ndarray, theirs: np.ndarray) -> int:
    """Frames by which theirs comes later.

    The start of a swell and the phase of a steady tone may each be misread by one turn of the wave, in
    different notes: the smaller of the two lags is the true one.
    """
    return min(_lag_of_starts(ours, theirs), _lag_of_waves(ours, theirs), key=abs)


def _lag_of_starts(ours: np.ndarray, theirs: np.ndarray) -> int:
    """Lag of where the level of each first rises above STIRS_DB of its loudest moment.

    The level is that of STIRS_S, so that a turn more or less of a swelling wave counts for little.
    """
    first, size = [], round(STIRS_S * SAMPLE_RATE)
    for sound in (ours, theirs):
        power = np.cumsum((sound[:, : round(HELD_S * SAMPLE_RATE)].astype(np.float64) ** 2).sum(axis=0))
        level = np.concatenate([power[:size], power[size:] - power[:-size]])
        first.append(int(np.argmax(level > level.max() * 10 ** (STIRS_DB / 10))))
    return first[1] - first[0]


def _lag_of_waves(ours: np.ndarray, theirs: np.ndarray) -> int:
    """Lag at which the first tenth of a second of both agrees best."""
    n, reach = round(0.1 * SAMPLE_RATE), round(LAG_S * SAMPLE_RATE)
    size = 1 << (2 * n).bit_length()
    one, other = (np.fft.rfft(sound[:, :n].sum(axis=0), size) for sound in (ours, theirs))
    agreement = np.fft.irfft(np.conj(one) * other, size)
    lags = np.arange(-reach, reach + 1)
    return int(lags[np.argmax(agreement[lags])])


def _level_db(ours: np.ndarray, theirs: np.ndarray, lag: int, window_s: tuple[float, float]) -> float:
    """Ours against theirs in a window; nan where both are next to silent."""
    first, last = (round(at * SAMPLE_RATE) for at in window_s)
    loudest = max(_power(theirs[:, i : i + 2400]) for i in range(0, theirs.shape[1], 2400))
    one = _power(ours[:, first:last])
    other = _power(theirs[:, max(0, first + lag) : last + lag])
    if other <= loudest * 10 ** (HEARD_DB / 10):
        return np.nan if one < loudest * 10 ** (HEARD_DB / 10) * 1.5 else np.inf
    return float(10 * np.log10(max(one, 1e-20) / other))


def _power(sound: np.ndarray) -> float:
    return float((sound.astype(np.float64) ** 2).mean())


def _cents(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Difference of the strongest partial of a held note; nan for what has died away or is noise."""
    window = slice(round(0.15 * SAMPLE_RATE), round(HELD_S * SAMPLE_RATE))
    spectra = [_spectrum(sound[:, window].sum(axis=0)) for sound in (theirs, ours)]
    peak = int(np.argmax(spectra[0]))
    if spectra[0][peak] < 30 * np.median(spectra[0]) or peak < 100:
        return np.nan
    reach = max(3, round(peak * 0.02))
    nearby = peak - reach + int(np.argmax(spectra[1][peak - reach : peak + reach + 1]))
    return float(1200 * np.log2(_summit(spectra[1], nearby) / _summit(spectra[0], peak)))


def _spectrum(sound: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 18))


def _summit(spectrum: np.ndarray, peak: int) -> float:
    """Position of a peak by parabolic interpolation, in bins."""
    before, here, after = np.log(spectrum[peak - 1 : peak + 2] + 1e-20)
    return peak + 0.5 * (before - after) / (before - 2 * here + after)


def main(paths: list[Path]) -> None:
    """Print one line per preset.

    Args:
        paths: of soundfonts.
    """
    print("bank program  onset ms  pitch cents  level dB  name")
    for parity in [parity for path in paths for parity in compare(path)]:
        name, (onset, pitch, level) = parity.preset.name.rstrip(b"\0").decode("latin-1"), parity.worst()
        numbers = f"{parity.preset.bank:4d} {parity.preset.program:7d}"
        print(f"{numbers} {onset:9.2f} {pitch:12.1f} {level:9.1f}  {name}")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or soundfont.soundfont_paths())
