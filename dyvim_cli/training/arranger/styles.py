"""What sets the ten styles apart at the level of the whole piece; the idioms stand with their parts."""

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
    boom: tuple[str, ...]  # drum classes struck on a heavy hit where no crash rings
    tap: tuple[
        str, ...
    ]  # drum classes struck on a medium hit, beside the hint; the backbeat is the snare's own
    entries: dict[str, float] = field(default_factory=dict)  # density a stream waits for; not drums, bass
    hint: tuple[str, ...] = ("open_hat",)  # drum classes that hint at a doubtful hit within the groove


STYLES = {
    "cinematic": Style((66, 112), 0.8, 0.1, 0.12, (16, 16, 32), "lyrical", 72, 24, ("kick", "tom", "crash"),
                       ("tom",), {"arp": 0.0, "melody": 0.1}, hint=("tom",)),
    "orchestral": Style((72, 132), 0.45, 0.12, 0.05, (8, 16, 16), "flowing", 74, 16, ("kick", "tom", "crash"),
                        ("tom", "snare"), {"arp": 0.05}, hint=("tom",)),
    "ambient": Style((60, 90), 0.4, 0.5, 0.3, (16, 32, 32), "lyrical", 74, 32, ("tom", "crash"), ("tom",),
                     {"melody": 0.15, "arp": -0.05}, hint=("hat",)),
    "lofi": Style((68, 92), 0.5, 0.9, 0.05, (8, 16, 16), "syncopated", 71, 10, ("kick", "crash"),
                  ("kick",), {"melody": 0.1}),
    "pop": Style((92, 128), 0.3, 0.12, 0.1, (8, 16, 16), "syncopated", 72, 10, ("kick", "crash"),
                 ("kick",)),
    "electronic": Style((108, 140), 0.75, 0.15, 0.08, (16, 16, 32), "syncopated", 73, 6, ("kick", "crash"),
                        ("kick",), {"arp": -0.05, "melody": 0.1}),
    "acoustic": Style((80, 124), 0.25, 0.15, 0.12, (8, 16, 16), "flowing", 71, 12, ("kick", "crash"),
                      ("snare",), {"arp": -0.1}, hint=("hat",)),
    "jazz": Style((96, 176), 0.4, 1.0, 0.0, (8, 16, 16), "swung", 71, 8, ("kick", "crash"), ("kick",),
                  {"arp": 0.3}, hint=("snare",)),
    "rock": Style((96, 152), 0.5, 0.02, 0.04, (8, 16, 16), "syncopated", 71, 8, ("kick", "crash"),
                  ("kick",), {"arp": 0.15}),
    "playful": Style((100, 148), 0.15, 0.08, 0.0, (8, 8, 16), "dance", 75, 3, ("kick", "crash"),
                     ("kick",), hint=("tom",)),
}  # fmt: skip
