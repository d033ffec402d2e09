"""Compare SFZ opcodes with sfizz, a player for SFZ, on notes of instruments made on the spot.

python -m tools.sfizz_parity prints a table: for every line of opcodes the differences in onset (ms) and pitch
(cents), and the largest in level (dB, either side, in eight windows). It needs `pip install pysfizz`.

Differences by design: the oscillators are triangles (those of sfizz are sines), the falls of pitch and filter
are straight lines of the same area (those of sfizz are exponential).
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth import sampler, voice
from dyvim_cli.music.synth.orchestra import opened
from dyvim_cli.music.synth.sfz.zone import SfzZone
from dyvim_cli.types import SAMPLE_RATE

HELD_S, LASTS_S = 1.0, 1.6  # seconds of every note
WINDOWS_S = (
    (0.02, 0.07), (0.1, 0.2), (0.25, 0.35), (0.4, 0.6), (0.7, 0.9), (1.02, 1.07), (1.1, 1.2), (1.3, 1.4),
)  # fmt: skip
HEARD_DB = -50.0  # level of a window against the loudest below which it is not compared
BLOCK_FRAMES, TRIES = 64, 40  # frames that sfizz renders at once; tries until it has read the sample
CASES = (
    ("tone", "", 60, 100), ("tone", "volume=-7 amplitude=60", 60, 100), ("tone", "pan=-40", 60, 100),
    ("both", "pan=60", 60, 100), ("left", "width=30 position=-40", 60, 100),
    ("tone", "amp_veltrack=60", 60, 50), ("tone", "amp_veltrack=-80", 60, 50),
    ("tone", "amp_velcurve_64=0.8", 60, 40), ("tone", "amp_keytrack=-2", 65, 90),
    ("tone", "xfin_lovel=20 xfin_hivel=100", 60, 60), ("tone", "xfout_lovel=20 xfout_hivel=100", 60, 60),
    ("tone", "xfin_lokey=50 xfin_hikey=70", 62, 90), ("tone", "tune=37 transpose=-3", 60, 90),
    ("tone", "pitch_keytrack=40", 72, 90), ("tone", "pitch_keycenter=c5", 65, 90),
    ("tone", "pitch_veltrack=150", 60, 90), ("tone", "ampeg_delay=0.2 ampeg_attack=0.3", 60, 90),
    ("tone", "ampeg_hold=0.2 ampeg_decay=1 ampeg_sustain=20", 60, 90),
    ("tone", "ampeg_release=0.8", 60, 90), ("tone", "ampeg_attack=0.1 ampeg_vel2attack=0.4", 60, 90),
    ("tone", "offset=20000", 60, 90), ("tone", "end=30000", 60, 90),
    ("tone", "loop_mode=one_shot", 60, 90),
    ("tone", "loop_mode=loop_continuous loop_start=4800 loop_end=9599", 60, 90),
    ("noise", "cutoff=900", 60, 90), ("noise", "cutoff=900 resonance=9", 60, 90),
    ("noise", "pitch_keytrack=0 cutoff=700 fil_keytrack=100", 75, 90),
    ("noise", "cutoff=700 fil_veltrack=2400", 60, 60),
    ("noise", "cutoff=600 fileg_depth=2400 fileg_attack=0.5", 60, 90),
    ("noise", "cutoff=600 fileg_depth=2400 fileg_decay=2 fileg_sustain=20", 60, 90),
    ("tone", "pitcheg_depth=200", 60, 90), ("tone", "amplfo_freq=5 amplfo_depth=4", 60, 90),
    ("tone", "volume_oncc20=-6", 60, 90), ("tone", "amplitude_oncc11=50", 60, 90),
)  # fmt: skip


def write_samples(folder: Path) -> None:
    """Write the sounds that the cases play.

    Args:
        folder: of the instruments.
    """
    tone = 0.25 * np.sin(2 * np.pi * 480 * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE)
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE)
    sounds = {"tone": tone, "both": np.outer(tone, (1, 1)), "left": np.outer(tone, (1, 0)), "noise": noise}
    for name, sound in sounds.items():
        soundfile.write(folder / f"{name}.wav", sound, SAMPLE_RATE, subtype="FLOAT")


def played_here(path: Path, key: int, velocity: int) -> np.ndarray:
    """Play a note with our sampler.

    Args:
        path: of the .sfz file.
        key: MIDI number.
        velocity: MIDI velocity.

    Returns:
        [2, LASTS_S] at its own level.
    """
    font = opened(path)
    zone = font.instruments[0].zones[0]
    n, sound = round(HELD_S * SAMPLE_RATE), np.zeros((2, round(LASTS_S * SAMPLE_RATE)))
    for one in sampler.voices(font, font.presets[0], key, velocity):
        n_held = max(n, round(one.get(gen.LEAST_S) * SAMPLE_RATE))
        tone = voice.render(font, one, n_held, n_held)
        if tone is not None:
            samples = tone.released(n_held)[: sound.shape[1]]
            sound[:, : len(samples)] += np.outer((tone.left, tone.right), samples)
    return sound * 10 ** ((zone.loudest_db if isinstance(zone, SfzZone) else 0.0) / 20)


def played_by_sfizz(path: Path, key: int, velocity: int) -> np.ndarray:
    """Play a note with sfizz, after it has read the samples.

    Args:
        path: of the .sfz file.
        key: MIDI number.
        velocity: MIDI velocity.

    Returns:
        [2, LASTS_S] at its own level.
    """
    import pysfizz

    synth = pysfizz.Synth(SAMPLE_RATE, BLOCK_FRAMES)
    if not synth.load_sfz_file(path):
        raise ValueError(f"sfizz cannot read {path}")
    for _ in range(TRIES):
        if np.any(synth.render_note(key, velocity, HELD_S, LASTS_S)[:, : SAMPLE_RATE // 2]):
            break
        time.sleep(0.05)
    synth.render_note(key, 1, 0.01, 3.0)  # what rings is over
    return synth.render_note(key, velocity, HELD_S, LASTS_S)


def levels_db(sound: np.ndarray) -> np.ndarray:
    """Measure a note.

    Args:
        sound: [2, n].

    Returns:
        [2, windows] dB.
    """
    spans = [slice(round(a * SAMPLE_RATE), round(b * SAMPLE_RATE)) for a, b in WINDOWS_S]
    powers = np.array([[(side[span] ** 2).mean() for span in spans] for side in sound])
    return 10 * np.log10(np.maximum(powers, 1e-14))


def hertz(sound: np.ndarray) -> float:
    """Find the pitch of a note.

    Args:
        sound: [2, n].

    Returns:
        Hz of its strongest partial while it is held.
    """
    part = sound.sum(axis=0)[round(0.3 * SAMPLE_RATE) : round(0.6 * SAMPLE_RATE)]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 20))
    return float(np.argmax(spectrum) * SAMPLE_RATE / (1 << 20))


def onset_ms(sound: np.ndarray) -> float:
    """Find when a note begins.

    Args:
        sound: [2, n].

    Returns:
        Milliseconds.
    """
    loud = np.abs(sound).max(axis=0)
    return float(np.argmax(loud > 0.05 * loud.max()) / SAMPLE_RATE * 1000)


def difference(ours: np.ndarray, theirs: np.ndarray, gain_db: float) -> tuple[float, float, float]:
    """Compare two renderings of a note.

    Args:
        ours: [2, n].
        theirs: sfizz's [2, n].
        gain_db: by which ours is louder throughout.

    Returns:
        (ms, cents, dB), none below 0.
    """
    level, other = levels_db(ours) - gain_db, levels_db(theirs)
    is_heard = other > other.max() + HEARD_DB
    cents = 1200 * np.log2(hertz(ours) / hertz(theirs))
    return abs(onset_ms(ours) - onset_ms(theirs)), abs(cents), float(np.abs(level - other)[is_heard].max())


def compare() -> Iterator[tuple[float, float, float]]:
    """Play all cases with both; the first one, without opcodes, tells how much louder ours is.

    Yields:
        (ms, cents, dB) of each.
    """
    with tempfile.TemporaryDirectory() as name:
        write_samples(Path(name))
        gain_db = None
        for i, (sample, opcodes, key, velocity) in enumerate(CASES):
            path = Path(name) / f"{i} Piano.sfz"
            path.write_text(f"<region> sample={sample}.wav {opcodes}")
            ours, theirs = played_here(path, key, velocity), played_by_sfizz(path, key, velocity)
            if gain_db is None:
                gain_db = float((levels_db(ours) - levels_db(theirs))[0, 3])
            yield difference(ours, theirs, gain_db)


def main() -> int:
    """Print the table.

    Returns:
        Exit code.
    """
    print("| sample | opcodes | onset ms | pitch cents | level dB |\n|---|---|---:|---:|---:|")
    for (sample, opcodes, *_), (ms, cents, db) in zip(CASES, compare(), strict=True):
        shown = "" if sample == "noise" else f"{cents:.1f}"
        print(f"| {sample} | `{opcodes or '(none)'}` | {ms:.1f} | {shown} | {db:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
