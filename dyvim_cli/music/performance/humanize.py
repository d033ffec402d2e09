"""Humanise timing and velocity: swing, looseness, phrasing; accents stay exact."""

import json
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np

from dyvim_cli import weights
from dyvim_cli.music.performance.accent_force import accent_forces
from dyvim_cli.music.symbols.tokens import DRUM_CLASSES, N_LEVELS, STREAM_INDEX, UNKNOWN
from dyvim_cli.stylebook.record import Palette, Part
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT, TempoMap

ACCENT_LEVEL = 6  # steps at least so loud are hits: they sound exactly on the grid
DEFAULT_LEVEL = 3  # level of steps whose level is unknown
LEVEL_POWER = 1.1  # exponent of the level in the velocity
# Share of the velocity range at each level of a drummer, who keeps time steadily and strikes accents hardest.
# With the band's own course for the drums, loud strokes of the groove sounded as strong as accents.
STROKE_SHARES = np.array([0.2, 0.25, 0.3, 0.36, 0.42, 0.5, 0.95, 1.13])
# metric accents of a bar of sixteenths, in velocity
METRIC = np.array([3, -3, -1, -3, 1, -3, -1, -3, 2, -3, -1, -3, 1, -3, -1, -2])
VELOCITY_SPREAD = 3.0
TIMING, STRENGTH = 0, 1  # columns of a player's deviations
INNER_VOICE = -6  # velocity of a chord's lower voices against its top
SHORTEST_S = 0.04  # length of the shortest note
EIGHTH_STEPS = STEPS_PER_BEAT // 2
# Earliest onset: ffmpeg's AAC spoils a first frame that begins loud (up to 4 dB over).
FIRST_SOUND_S = 1024 / 44100
# Release the last chord 0.3 x RT60 before the end, so that the reverb is down 18 dB at the last frame;
# at most 35 % of the ring-out, so that a dry room does not leave the picture in silence.
LET_GO_DECAYS, RING_SHARE = 0.3, 0.35

PLACED_AS = {"splash": "crash"}  # class in the statistics of an instrument that they lack
GROOVE_FILE = "groove-feel.json"  # timing and accents of human drummers (tools/groove_feel.py)
GROOVE_LOOSENESS = 0.3  # share of the drummers' spread in time that is played
GROOVE_ACCENT = 0.3  # share of their accent pattern that is played on top of the level


@lru_cache(maxsize=16)
def groove(style: str) -> dict[str, np.ndarray]:
    """Load how drummers place a style's hits.

    Args:
        style: name of a style.

    Returns:
        Tables [6 classes, 16 positions]: `offset_mean` and `offset_std` in steps, `accent` in velocity
        against the class's mean. Zeros without statistics.
    """
    path = weights.folder() / GROOVE_FILE
    families = json.loads(path.read_text(encoding="utf-8"))["families"] if path.is_file() else {}
    family = families.get(style, families.get("all"))
    if family is None:
        return dict.fromkeys(("offset_mean", "offset_std", "accent"), np.zeros((6, STEPS_PER_BAR)))
    tables = {
        name: np.array(family[name], dtype=float) for name in ("offset_mean", "offset_std", "velocity_mean")
    }
    is_played = ~np.isnan(tables["velocity_mean"]).all(axis=1)
    means = np.zeros((6, 1))
    means[is_played, 0] = np.nanmean(tables["velocity_mean"][is_played], axis=1)
    tables["accent"] = tables.pop("velocity_mean") - means
    return {name: np.nan_to_num(table) for name, table in tables.items()}


def articulation(length: float, n_steps: int) -> float:
    """Find the share of a written duration that is played.

    A part's staccato shortens short notes; notes of a bar or more are held.

    Args:
        length: share that the part plays of short notes.
        n_steps: written duration.

    Returns:
        Between `length` and 1; 1 from a bar on.
    """
    held = np.clip((n_steps - STEPS_PER_BEAT) / (STEPS_PER_BAR - STEPS_PER_BEAT), 0, 1)
    return length + (1 - length) * float(held)


@dataclass(frozen=True)
class Habits:
    """Deviations and length of the steps of a new cut: a step that is kept keeps both."""

    steps: np.ndarray  # [S] number of the step by which its deviations were drawn
    lengths_s: np.ndarray  # [S] step by which its swing and its drummer's delays are measured


class Feel:
    """The timing and dynamics of one performance, shared by all players."""

    def __init__(
        self,
        tokens: np.ndarray,
        tempo_map: TempoMap,
        palette: Palette,
        style: str,
        duration_s: float,
        seed: int,
        loops: bool = False,
        habits: Habits | None = None,
    ):
        level = tokens[STREAM_INDEX["level"]]
        self.n_steps = min(tokens.shape[1], tempo_map.n_steps)
        self.times_s = np.asarray(tempo_map.step_times_s, dtype=float)[: self.n_steps + 1]
        self.levels = np.where(level == UNKNOWN, DEFAULT_LEVEL, level)[: self.n_steps]
        self.steps_s = np.append(np.diff(self.times_s), 0.0)
        lasts = self.steps_s[: self.n_steps] > 0
        self.levels[~lasts] = 0  # what lasts no time is no accent
        self.drawn_as = np.arange(self.n_steps + 1) if habits is None else np.append(habits.steps, 0)
        self.n_drawn = int(self.drawn_as.max(initial=0)) + 1
        if habits is not None:
            self.steps_s[:-1] = np.where(lasts, habits.lengths_s[: self.n_steps], 0.0)
        self.last_accent_s = float(self.times_s[: self.n_steps][self.levels >= ACCENT_LEVEL].max(initial=0.0))
        self.forces = accent_forces(tempo_map, self.levels >= ACCENT_LEVEL)
        self.palette, self.groove = palette, groove(style)
        self.duration_s, self.seed, self.loops = duration_s, seed, loops
        self.deviations: dict[str, np.ndarray] = {}
        self.first_s = 0.0 if loops else FIRST_SOUND_S
        self.played_s = self.times_s + self._swing() * self.steps_s

    def _swing(self) -> np.ndarray:
        """[S + 1] delays in steps; accented steps stay on the grid."""
        late = np.zeros(STEPS_PER_BEAT)
        late[1::2] = self.palette.swing_sixteenths / 3
        late += np.array([0, 1, 2, 1]) * self.palette.swing_eighths / 3
        delays = late[np.arange(self.n_steps + 1) % STEPS_PER_BEAT]
        delays[:-1][self.levels >= ACCENT_LEVEL] = 0
        return delays

    def _deviation(self, player: str, step: int, of: int) -> float:
        """Standard normal deviation of a player at a step; no other note changes it.

        So a hit that moves in a new cut, or a stroke that is added, leaves all others where they were.
        """
        if player not in self.deviations:
            rng = np.random.default_rng([self.seed, crc32(player.encode())])
            self.deviations[player] = rng.normal(size=(self.n_drawn, 2))
        return float(self.deviations[player][self.drawn_as[step], of])

    def is_accented(self, step: int) -> bool:
        """Check whether a step is a hit, which is played exactly.

        Args:
            step: of the grid.

        Returns:
            True from ACCENT_LEVEL on.
        """
        return bool(self.levels[step] >= ACCENT_LEVEL)

    def start_s(self, step: int, player: str) -> float:
        """Time a pitched note.

        Args:
            step: of the grid.
            player: name of the part.

        Returns:
            Seconds; exact on accents, else with swing and looseness.
        """
        if self.is_accented(step):
            return max(self.first_s, float(self.times_s[step]))
        drift = np.clip(self._deviation(player, step, TIMING), -2, 2) * self.palette.loose_ms / 1000
        return max(self.first_s, float(self.played_s[step]) + drift)

    def stroke_s(self, step: int, drum: str) -> float:
        """Time a drum stroke as a drummer of the style places it.

        Args:
            step: of the grid.
            drum: name of the class.

        Returns:
            Seconds; exact on accents.
        """
        if self.is_accented(step):
            return max(self.first_s, float(self.times_s[step]))
        at = DRUM_CLASSES.index(PLACED_AS.get(drum, drum)), step % STEPS_PER_BAR
        deviation = np.clip(self._deviation(drum, step, TIMING), -2, 2)
        spread = deviation * self.groove["offset_std"][at] * GROOVE_LOOSENESS
        human = self.palette.human_drums * (self.groove["offset_mean"][at] + spread)
        return max(self.first_s, float(self.played_s[step] + human * self.steps_s[step]))

    def span(self, start: int, end: int, part: Part, player: str, place: int = 0) -> tuple[float, float]:
        """Time the beginning and end of a note, by articulation.

        What leads into a hit is held up to it: a detached end there would tear a hole before the accent.

        Args:
            start: first step.
            end: step after the last; the last notes ring into the end of the film.
            part: how it is played.
            player: name of the part.
            place: number of the note within a strummed chord.

        Returns:
            (start, end) in seconds.
        """
        start_s = self.start_s(start, f"{player} {place}")
        if place and not self.is_accented(start):
            start_s += part.strum_s * place
        last_s = np.inf if self.loops else max(self.duration_s - 0.01, SHORTEST_S)
        start_s = min(start_s, last_s - SHORTEST_S)
        if end >= self.n_steps and not self.loops:
            room_s = LET_GO_DECAYS * self.palette.room.decay_s
            let_go_s = self.duration_s - min(RING_SHARE * (self.duration_s - start_s), room_s)
            end_s = max(let_go_s, self.last_accent_s)  # else an accent after it would come out of silence
        else:
            written_s = self.played_s[end] - start_s
            leads_in = end < self.n_steps and self.is_accented(end) and end - start >= EIGHTH_STEPS
            share = 1.0 if leads_in else articulation(part.length, end - start)
            end_s = start_s + written_s * share + part.overlap_s
        return start_s, float(min(max(end_s, start_s + SHORTEST_S), last_s))

    def velocity(self, step: int, part: Part, player: str, inner: bool = False) -> int:
        """Choose the strength of a pitched note.

        Args:
            step: of the grid.
            part: how it is played.
            player: name of the part, or of one of its voices.
            inner: whether it is a chord's inner voice.

        Returns:
            MIDI velocity.
        """
        lean = part.lean * METRIC[step % STEPS_PER_BAR] + (INNER_VOICE if inner else 0)
        share = (self.levels[step] / (N_LEVELS - 1)) ** LEVEL_POWER
        return self._velocity(step, part, player, lean, share)

    def stroke(self, step: int, part: Part, drum: str) -> int:
        """Choose the strength of a drum stroke.

        Args:
            step: of the grid.
            part: how the drums are played.
            drum: name of the class.

        Returns:
            MIDI velocity.
        """
        at = DRUM_CLASSES.index(PLACED_AS.get(drum, drum)), step % STEPS_PER_BAR
        lean = 0.0 if self.is_accented(step) else GROOVE_ACCENT * self.groove["accent"][at]
        return self._velocity(step, part, drum, lean, float(STROKE_SHARES[self.levels[step]]))

    def _velocity(self, step: int, part: Part, player: str, lean: float, share: float) -> int:
        """Velocity at a share of the part's range, with what is human about it."""
        low, high = part.velocities
        value = (low + (high - low) * share) * self.forces.get(step, 1.0)
        deviation = VELOCITY_SPREAD * self._deviation(player, step, STRENGTH)
        return int(np.clip(round(value + lean + deviation), 1, 127))
