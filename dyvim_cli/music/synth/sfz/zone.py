"""Answer the sampler as a SoundFont's zone does, with the opcodes of an SFZ region."""

import math
from dataclasses import dataclass, field

import numpy as np

from dyvim_cli.music.synth import generators as gen
from dyvim_cli.music.synth.modulators import DEFAULT_LINKS, MODULATOR
from dyvim_cli.music.synth.sampler import EMU_ATTENUATION
from dyvim_cli.music.synth.sfz import levels, timbre
from dyvim_cli.music.synth.sfz.recordings import Recording
from dyvim_cli.music.synth.sfz.regions import Region
from dyvim_cli.music.synth.soundfont import Zone

SILENT = 1e-7  # linear gain of what is heard on neither side
LONGEST_SHOT_S = 60.0  # a recording that a released key does not end sounds this long at most
# regions answer velocity by themselves: a SoundFont's usual link from it to the level is cut
CUT_LINKS = np.array(
    [(source, target, 0, scale, transform) for source, target, scale, transform in DEFAULT_LINKS], MODULATOR
).tobytes()


@dataclass(frozen=True)
class Played:
    """The way a recording is read: bounds in frames, loop mode, and whether a key's end matters."""

    start: int
    end: int
    loop: tuple[int, int]
    mode: int
    is_shot: bool  # sounds to its end, however short the key is held


@dataclass(frozen=True)
class SfzZone(Zone):
    """A region as one zone, or as two for both channels of its recording."""

    region: Region | None = None
    recording: Recording | None = None
    played: Played | None = None
    channel: int = levels.MONO
    loudest_db: float = 0.0  # gain of the instrument's loudest region, which sounds without attenuation
    fixed: dict[int, float] = field(default_factory=dict)

    def holds(self, key: int) -> bool:
        """Check whether a key falls into the region.

        Args:
            key: MIDI number.

        Returns:
            True where its range of keys holds it.
        """
        numbers = self.parts[0].numbers
        return numbers.get("lokey", 0) <= key <= numbers.get("hikey", 127)

    def covers(self, key: int, velocity: int) -> bool:
        """Check whether a note falls into the region.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.

        Returns:
            True where both ranges hold it.
        """
        numbers = self.parts[0].numbers
        if not self.holds(key):
            return False
        if not numbers.get("lovel", 0) <= velocity <= numbers.get("hivel", 127):
            return False
        return levels.crossfade(self.parts[0], key, velocity) > 0

    @property
    def parts(self) -> tuple[Region, Recording, Played]:
        """The region, its recording, and how that is read."""
        if self.region is None or self.recording is None or self.played is None:
            raise ValueError("a zone of an SFZ instrument has a region and a recording")
        return self.region, self.recording, self.played

    def amounts(self, key: int, velocity: int) -> dict[int, float]:
        """Find the generators of a note.

        Args:
            key: MIDI number.
            velocity: MIDI velocity.

        Returns:
            By number, each in its own unit.
        """
        region, recording, played = self.parts
        tuning, cents = timbre.pitch(region, root_key(region, recording), key, velocity)
        filtered, makeup_db = timbre.low_pass(region, key, velocity)
        left, right = levels.sides(region, self.channel, key, velocity)
        gain_db = levels.gain_db(region, key, velocity) + makeup_db
        gain_db += 20 * math.log10(max(math.hypot(left, right), SILENT))
        found = self.fixed | tuning | filtered
        found |= timbre.loudness_envelope(region, key, velocity) | timbre.oscillators(region, key, velocity)
        found |= timbre.other_envelope(region, key, velocity)
        found[gen.PAN] = 500 * (math.atan2(right, left) / (math.pi / 4) - 1)
        found[gen.ATTENUATION] = 10 * (self.loudest_db - gain_db) / EMU_ATTENUATION
        if played.is_shot:
            speed = recording.sample_rate * 2 ** (cents / 1200)
            found[gen.LEAST_S] = min((played.end - played.start) / speed, LONGEST_SHOT_S)
        return found


def root_key(region: Region, recording: Recording) -> float:
    """Find the key at which a recording sounds as it is.

    Args:
        region: that says it, or leaves it to the recording.
        recording: whose file may know.

    Returns:
        MIDI number, 60 where nothing says it.
    """
    if region.text("pitch_keycenter") == "sample":
        return 60.0 if recording.key is None else recording.key
    return region.get("pitch_keycenter")


def how_played(region: Region, recording: Recording, is_drum: bool) -> Played:
    """Find how a recording is read.

    Args:
        region: that plays it.
        recording: whose file may have a loop.
        is_drum: whether what has no loop sounds to its end, where the region does not say.

    Returns:
        All bounds within the recording.
    """
    n, said = recording.n_frames, region.text("loop_mode")
    last = region.numbers.get("end", n - 1)
    end = int(min(max(last + 1, 0), n)) if last >= 0 else n
    mode = said or ("loop_continuous" if recording.loop else "no_loop")
    own = recording.loop or (0, n)
    loop = int(region.numbers.get("loop_start", own[0])), int(region.numbers.get("loop_end", own[1] - 1)) + 1
    loop = loop[0], min(loop[1], end)
    is_looped = mode in ("loop_continuous", "loop_sustain") and 0 <= loop[0] < loop[1]
    kind = {"loop_continuous": gen.LOOPS, "loop_sustain": gen.LOOPS_WHILE_HELD}[mode] if is_looped else 0
    is_shot = mode == "one_shot" or (is_drum and not said and not is_looped)
    start = int(min(max(region.get("offset"), 0), end))
    return Played(start, end, loop, kind, is_shot)


def fixed_amounts(region: Region, recording: Recording, played: Played) -> dict[int, float]:
    """Find the generators that are the same for every note.

    Args:
        region: that sounds.
        recording: of the region.
        played: how that is read.

    Returns:
        By number.
    """
    return {
        gen.START: played.start,
        gen.END: played.end - recording.n_frames,
        gen.LOOP_START: played.loop[0],
        gen.LOOP_END: played.loop[1],
        gen.LOOP_MODE: played.mode,
        gen.EXCLUSIVE_CLASS: max(int(region.get("group")), 0),
        gen.ENDED_BY: max(int(region.get("off_by")), 0),
    }
