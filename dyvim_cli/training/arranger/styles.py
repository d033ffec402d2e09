"""Style parameters of whole pieces; the parts' patterns are with the parts."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Style:
    """Tempo, mode, colour and orchestration habits of a style."""

    bpm: tuple[int, int]
    minor: float  # probability of a minor key
    sevenths: float  # probability that a triad is coloured with a seventh
    suspended: float  # probability that a triad opens to sus2
    harmonic_steps: tuple[int, ...]  # steps a chord lasts, drawn evenly
    rhythm: str  # family of melodic rhythms, see melody.BEAT_CELLS
    centre: int  # MIDI pitch around which the melody sings
    ring: int  # longest melody note in steps: short = detached
    entries: dict[str, float] = field(default_factory=dict)  # density a stream waits for; not drums, bass


STYLES = {
    "cinematic": Style((66, 112), 0.8, 0.1, 0.12, (16, 16, 32), "lyrical", 72, 24,
                      {"arp": 0.0, "melody": 0.1}),
    "orchestral": Style((72, 132), 0.45, 0.12, 0.05, (8, 16, 16), "flowing", 74, 16, {"arp": 0.05}),
    "ambient": Style((60, 90), 0.4, 0.5, 0.3, (16, 32, 32), "lyrical", 74, 32,
                     {"melody": 0.15, "arp": -0.05}),
    "lofi": Style((68, 92), 0.5, 0.9, 0.05, (8, 16, 16), "syncopated", 71, 10, {"melody": 0.1}),
    "pop": Style((92, 128), 0.3, 0.12, 0.1, (8, 16, 16), "syncopated", 72, 10),
    "electronic": Style((108, 140), 0.75, 0.15, 0.08, (16, 16, 32), "syncopated", 73, 6,
                      {"arp": -0.05, "melody": 0.1}),
    "acoustic": Style((80, 124), 0.25, 0.15, 0.12, (8, 16, 16), "flowing", 71, 12, {"arp": -0.1}),
    "jazz": Style((96, 176), 0.4, 1.0, 0.0, (8, 16, 16), "swung", 71, 8,
                  {"arp": 0.3}),
    "rock": Style((96, 152), 0.5, 0.02, 0.04, (8, 16, 16), "syncopated", 71, 8, {"arp": 0.15}),
    "playful": Style((100, 148), 0.15, 0.08, 0.0, (8, 8, 16), "dance", 75, 3),
}  # fmt: skip
