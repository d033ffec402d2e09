"""Draw the form: the scenes of an imagined film, and the musical idea of each."""

from dataclasses import dataclass

import numpy as np

from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

# a scene may begin on any beat; most begin with a bar
SCENE_BARS = (2, 2, 3, 4, 4, 4, 4, 6, 8, 8, 12)
ROLE_AROUSAL = {"intro": -0.35, "theme": 0.1, "contrast": 0.0, "build": 0.35, "break": -0.45, "outro": -0.2}


@dataclass(frozen=True)
class Scene:
    """One section in steps [start, end): its role, theme label and mood."""

    start: int
    end: int
    role: str
    label: int
    valence: float  # -1..1
    arousal: float  # -1..1
    silent: frozenset[str] = frozenset()  # parts that do not play in the whole scene
    mover: str = "drums"  # the part that keeps time; never silent but in some intros and breaks

    @property
    def n_steps(self) -> int:
        """Length in steps."""
        return self.end - self.start


def draw_n_bars(rng: np.random.Generator) -> int:
    """Draw the length of a piece: mostly 8..48 bars, some of 2..7 because short films exist.

    Args:
        rng: two draws.

    Returns:
        Bars of four beats.
    """
    if rng.random() < 0.17:
        return int(rng.integers(2, 8))
    return int(round(np.exp(rng.uniform(np.log(8), np.log(48)))))


def draw_form(rng: np.random.Generator, style: str, n_bars: int) -> tuple[Scene, ...]:
    """Divide a piece into scenes with roles, themes, moods and parts that play.

    Args:
        rng: draws all of it.
        style: one of types.STYLES; it shifts the mood and says who keeps time.
        n_bars: length of the piece.

    Returns:
        Scenes that cover n_bars without gaps.
    """
    starts = _starts(rng, n_bars)
    ends = [*starts[1:], n_bars * STEPS_PER_BAR]
    roles = _roles(rng, np.diff([*starts, n_bars * STEPS_PER_BAR]))
    labels = _labels(rng, roles)
    movers = _movers(rng, style, labels)
    valence = np.clip(RECORDS[style].arranger.valence + rng.normal(0, 0.35), -1, 1)
    arousal = rng.normal(0, 0.4)
    scenes = []
    for start, end, role, label in zip(starts, ends, roles, labels, strict=True):
        v = float(np.clip(valence + rng.normal(0, 0.15) + 0.1 * (label % 2), -1, 1))
        a = float(np.clip(arousal + ROLE_AROUSAL[role] + rng.normal(0, 0.2), -1, 1))
        mover = movers[label]
        scenes.append(Scene(start, end, role, label, v, a, _silent(rng, style, role, a, mover), mover))
    return tuple(scenes)


# probability that a part is silent in a scene, by role; a style adds to it (record.Arranger.more_absent)
ABSENT = {
    "intro": {"melody": 0.45, "drums": 0.35, "bass": 0.15, "arp": 0.25, "pad": 0.1},
    "theme": {"melody": 0.04, "drums": 0.04, "bass": 0.03, "arp": 0.2, "pad": 0.06},
    "contrast": {"melody": 0.08, "drums": 0.1, "bass": 0.05, "arp": 0.2, "pad": 0.1},
    "build": {"melody": 0.3, "drums": 0.05, "bass": 0.08, "arp": 0.1, "pad": 0.05},
    "break": {"melody": 0.35, "drums": 0.5, "bass": 0.25, "arp": 0.25, "pad": 0.08},
    "outro": {"melody": 0.15, "drums": 0.25, "bass": 0.08, "arp": 0.25, "pad": 0.04},
}
MOVER_ABSENT = {"intro": 0.15, "break": 0.2}  # how often the drums of a beat style are silent, by role


def _movers(rng: np.random.Generator, style: str, labels: list[int]) -> dict[int, str]:
    """The part that keeps time under each theme: drums in a beat style, else arpeggio or moving pad."""
    if RECORDS[style].keeps_beat:
        return dict.fromkeys(labels, "drums")
    return {label: "arp" if rng.random() < 0.7 else "pad" for label in labels}


def _silent(rng: np.random.Generator, style: str, role: str, arousal: float, mover: str) -> frozenset[str]:
    """Draw the silent parts, at most two, more of them in calm scenes."""
    odds = {
        p: o + RECORDS[style].arranger.more_absent.get(p, 0) - 0.15 * arousal * (o > 0.1)
        for p, o in ABSENT[role].items()
    }
    odds[mover] = MOVER_ABSENT.get(role, 0.0) if RECORDS[style].keeps_beat else 0.0
    absent = [part for part, chance in odds.items() if rng.random() < chance]
    if "pad" in absent and "arp" in absent:  # one part has to play the chord
        absent.remove("pad")
    return frozenset(rng.permutation(absent)[:2].tolist())


def _starts(rng: np.random.Generator, n_bars: int) -> list[int]:
    """First steps of the scenes."""
    starts, bar = [0], 0
    while True:
        bar += int(rng.choice(SCENE_BARS))
        if bar > n_bars - 2:
            break
        # a cut that no tempo drift could bring to the bar line falls on another beat
        shift = STEPS_PER_BEAT * int(rng.integers(1, 4)) if rng.random() < 0.15 else 0
        starts.append(bar * STEPS_PER_BAR + shift)
    return starts


def _roles(rng: np.random.Generator, lengths: np.ndarray) -> list[str]:
    """A role for each scene of this many steps; what frames the piece is never long."""
    n_scenes, frame = len(lengths), 5 * STEPS_PER_BAR
    if n_scenes == 1:
        return ["theme"]
    roles = ["intro" if n_scenes > 2 and lengths[0] <= frame and rng.random() < 0.75 else "theme"]
    while len(roles) < n_scenes:
        roles.append(_next_role(rng, roles))
    if n_scenes > 2 and lengths[-1] <= frame and rng.random() < 0.8:
        roles[-1] = "outro"
    elif roles[-1] == "build":
        roles[-1] = "theme"
    return roles


def _next_role(rng: np.random.Generator, roles: list[str]) -> str:
    if roles[-1] in ("intro", "build"):
        return "theme"
    if roles[-1] == "break":
        return "build" if rng.random() < 0.4 else "theme"
    options = ("theme", "contrast", "build", "break") if roles[-1] == "theme" else ("theme", "theme", "build")
    return str(rng.choice(options))


def _labels(rng: np.random.Generator, roles: list[str]) -> list[int]:
    """Number the themes: theme 0 returns; contrasts bring new ones, which may return as well."""
    labels, newest = [], 0
    for role in roles:
        if role in ("contrast", "break") and rng.random() < 0.75:
            newest = newest + 1 if newest == 0 or rng.random() < 0.5 else newest
            labels.append(newest)
        else:
            labels.append(0)
    return labels
