"""Arrange the streams over time by the film's energy and each section's role."""

import numpy as np

from dyvim_cli.music.form.sections import Section
from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import STEPS_PER_BAR

# Intensity that a part waits for; a style adds to it (record.Style.needs).
NEEDS = {"pad": 0.05, "bass": 0.12, "melody": 0.1, "arp": 0.52, "drums": 0.42}
ROLE_INTENSITY = {
    "intro": -0.25, "theme": 0.05, "contrast": 0.05, "build": 0.3, "break": -0.3, "outro": -0.25,
}  # fmt: skip
# What a role adds to a need: the tune waits for its first statement, and rests in a break.
ROLE_NEEDS = {"intro": {"melody": 0.2}, "break": {"melody": 0.1}, "outro": {"arp": 0.1}}
# Who does not leave merely for a change; elsewhere tune and drums.
ROLE_KEEPS = {"break": (), "contrast": ("melody",), "intro": ()}
LONG_PIECE_BARS = 16  # length from which on a beat style may rest its drums in an intro or a break
LEAVING = 0.1  # sections differ rather by a part's entry than by its absence
WHIM = 0.25
MOST_SILENT = 2  # most parts that are silent at once, so that an event can still be played together
CLIMAX = 0.7  # part of the piece at which it is fullest, all else being equal


def plan_activity(
    rng: np.random.Generator, sections: tuple[Section, ...], energy: np.ndarray, style: str
) -> np.ndarray:
    """Choose the streams that may play, section by section.

    Args:
        rng: a little chance in each part's need.
        sections: of the piece, covering all S steps.
        energy: [S] 0..1 of the film.
        style: name of a style.

    Returns:
        [K, S] bool.
    """
    active = np.ones((tokens.K, len(energy)), dtype=bool)
    taste = {part: rng.normal(0, 0.08) for part in NEEDS}
    heard: dict[int, int] = {}
    before: list[str] | None = None
    main = style
    for section in sections:
        style = section.style or main
        times = heard.get(section.label, 0)
        heard[section.label] = times + 1
        lack = _lacks(_intensity(section, energy, times), section.role, style, taste)
        for part in _time_keepers(style, section.role, len(energy) // STEPS_PER_BAR):
            lack[part] = -np.inf
        silent = silent_parts(lack)
        if before is not None and set(silent) == set(before):
            silent = _another_band(rng, silent, lack, section.role)
        for part in silent:
            active[tokens.STREAM_INDEX[part], section.start : section.end] = False
        before = silent
    return active


def _time_keepers(style: str, role: str, n_bars: int) -> tuple[str, ...]:
    """Parts that play in a section whatever the film does: without them the music would stop."""
    if not RECORDS[style].keeps_beat:
        return ("arp",)
    return ("bass",) if role in ("intro", "break") and n_bars >= LONG_PIECE_BARS else ("drums", "bass")


def _lacks(intensity: float, role: str, style: str, taste: dict[str, float]) -> dict[str, float]:
    """Excess of each part's need over the intensity."""
    more = RECORDS[style].needs, ROLE_NEEDS.get(role, {}), taste
    return {part: need + sum(m.get(part, 0.0) for m in more) - intensity for part, need in NEEDS.items()}


def silent_parts(lack: dict[str, float]) -> list[str]:
    """List the parts whose need is not met.

    Args:
        lack: part -> by how much its need is missed; above 0 it rests.

    Returns:
        The most demanding first, MOST_SILENT at most; pad and arpeggio never rest both.
    """
    silent = sorted((part for part in lack if lack[part] > 0), key=lambda part: -lack[part])
    if "pad" in silent and "arp" in silent:  # one part has to play the chord
        silent.remove("pad")
    return silent[:MOST_SILENT]


def _another_band(
    rng: np.random.Generator, silent: list[str], lack: dict[str, float], role: str
) -> list[str]:
    """The silent parts with one part in or out, whichever is nearest to it: a new section is heard to begin.

    The tune and the drums stay in where they carry the section; a build-up only gains players.
    """
    choices = []
    for part in lack:
        other = [p for p in silent if p != part] if part in silent else [*silent, part]
        leaves = part not in silent
        if lack[part] == -np.inf:
            continue
        stays = role == "build" or part in ROLE_KEEPS.get(role, ("melody", "drums"))
        if len(other) > MOST_SILENT or {"pad", "arp"} <= set(other) or (leaves and stays):
            continue
        reluctance = abs(lack[part]) + LEAVING * leaves + rng.uniform(0, WHIM)
        choices.append((reluctance, other))
    return min(choices)[1] if choices else silent


def _intensity(section: Section, energy: np.ndarray, times_heard: int) -> float:
    """0..1 target density of a section; a returning theme is orchestrated more fully."""
    middle = (section.start + section.end) / 2 / len(energy)
    arc = 0.1 * (1 - abs(middle - CLIMAX) / CLIMAX)
    moving = 0.6 * (energy[section.start : section.end].mean() - 0.5)
    wanted = 0.5 + moving + 0.15 * section.arousal + arc + 0.05 * min(times_heard, 3)
    return float(np.clip(wanted + ROLE_INTENSITY[section.role], 0, 1))
