"""Moving pictures drawn with numpy whose every motion, cut and hit is known."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, shift

FPS = 25.0
HEIGHT, WIDTH = 90, 160


@dataclass(frozen=True)
class Frame:
    time_s: float
    pixels: np.ndarray


def texture(seed: int, height=2 * HEIGHT, width=3 * WIDTH) -> np.ndarray:
    """Smooth noise around a colour of its own, [height, width, 3] float."""
    rng = np.random.default_rng(seed)
    colour = rng.uniform(60, 190, 3)
    blotches = gaussian_filter(rng.normal(size=(height, width, 3)), (2.5, 2.5, 0))
    return np.clip(colour + 40 * blotches / blotches.std(), 0, 255)


def window(picture: np.ndarray, x: float, y: float = 20.0) -> np.ndarray:
    """The HEIGHT x WIDTH part of a texture at (x, y), fractions of a pixel included."""
    left, top = int(np.floor(x)), int(np.floor(y))
    part = picture[top : top + HEIGHT + 1, left : left + WIDTH + 1]
    return shift(part, (top - y, left - x, 0), order=1, mode="nearest")[:HEIGHT, :WIDTH]


def pan(seed: int, n: int, px_a_frame: float, start=10.0) -> list[np.ndarray]:
    """A camera that moves at constant speed."""
    picture = texture(seed)
    return [window(picture, start + px_a_frame * i) for i in range(n)]


def ball(positions: np.ndarray, seed=3, radius=18.0, ground: np.ndarray | None = None) -> list[np.ndarray]:
    """A textured ball on a ground, textured unless one is given, at positions [N, 2] (x, y)."""
    ground = window(texture(seed), 0) if ground is None else ground
    skin = texture(seed + 50)
    ys, xs = np.mgrid[:HEIGHT, :WIDTH]
    frames = []
    for x, y in positions:
        moved = window(skin, 160 - x, 60 - y)
        inside = np.clip(radius - np.hypot(xs - x, ys - y), 0, 1)[..., None]
        frames.append(ground * (1 - inside) + moved * inside)
    return frames


def film(pictures, fps=FPS, noise=1.5, seed=0) -> list[Frame]:
    """Pictures as frames with a little sensor noise."""
    rng = np.random.default_rng(seed)
    return [
        Frame(i / fps, np.clip(p + rng.normal(0, noise, p.shape), 0, 255).astype(np.uint8))
        for i, p in enumerate(pictures)
    ]
