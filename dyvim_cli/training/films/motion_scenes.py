"""Frame sequences with known optical flow: moving textures, and real clips with DIS flow as the teacher.

A sequence is frames [L, H, W, 3] uint8 and flow [L - 2, 2, 2, H, W] float32 for the frames
1..L-2: direction (to the previous, to the following frame), (x, y), in px; plus trust
[L - 2, 2, H, W] 0..1, how far the flow is to be believed.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from dyvim_cli.errors import InputError
from dyvim_cli.media.pictures import pictures

# (texture float32 0..255, mask 0..1, affine [L, 3, 3] from texture to picture)
Layer = tuple[np.ndarray, np.ndarray, list[np.ndarray]]
CLIP_WIDTH_PX = 192  # clips are kept this wide: the teacher sees more than the pupil
STILL_SHARE = 0.15  # sequences in which nothing moves, whatever the light and the sensor do
MAX_SPEED_PX, MIN_SPEED_PX = 24.0, 0.05  # a frame, drawn log-uniformly between the two


@dataclass(frozen=True)
class FlowExample:
    """One sequence; see the module's docstring for the shapes."""

    frames: np.ndarray
    flow: np.ndarray
    trust: np.ndarray


# --- moving textures -------------------------------------------------------------------------


def texture_sequence(
    rng: np.random.Generator, textures: Sequence[np.ndarray], length: int, size: tuple[int, int]
) -> FlowExample:
    """Move a background and up to four sprites, each on an affine path of its own: flow is exact.

    Args:
        rng: draws textures and paths.
        textures: [H, W, 3] uint8 each.
        length: L, frames.
        size: (height, width) px.

    Returns:
        Frames, flow and trust; see the module's docstring for the shapes.
    """
    height, width = size
    still = rng.random() < STILL_SHARE
    n_sprites = int(rng.integers(0, 5))
    layers = [
        _layer(rng, textures, size, is_sprite=i > 0, still=still, length=length) for i in range(n_sprites + 1)
    ]
    frames, owner = [], np.zeros((length, height, width), np.int8)
    for t in range(length):
        picture = np.zeros((height, width, 3), np.float32)
        for k, (texture, mask, paths) in enumerate(layers):
            border = cv2.BORDER_REFLECT if k == 0 else cv2.BORDER_CONSTANT
            warped = cv2.warpAffine(texture, paths[t][:2], (width, height), borderMode=border)
            cover = cv2.warpAffine(mask, paths[t][:2], (width, height), borderMode=border)[..., None]
            picture = picture * (1 - cover) + warped * cover
            owner[t][cover[..., 0] > 0.5] = k
        frames.append(picture)
    flow = np.stack(
        [[_layer_flow(layers, owner[t], t, t + step) for step in (-1, 1)] for t in range(1, length - 1)]
    )
    trust = np.ones((*flow.shape[:2], height, width), np.float32)
    return FlowExample(camera_faults(rng, np.stack(frames)), flow.astype(np.float32), trust)


def _layer(
    rng: np.random.Generator,
    textures: Sequence[np.ndarray],
    size: tuple[int, int],
    *,
    is_sprite: bool,
    still: bool,
    length: int,
) -> Layer:
    """(texture float32 0..255, mask 0..1, affine [L, 3, 3] from texture to picture)."""
    height, width = size
    side = int(rng.integers(10, 48)) if is_sprite else int(1.5 * max(size))
    texture = _crop(rng, textures, side, side)
    mask = np.ones((side, side), np.float32)
    if is_sprite and rng.random() < 0.7:
        mask = np.zeros((side, side), np.float32)
        axes = (int(side * rng.uniform(0.2, 0.5)), int(side * rng.uniform(0.2, 0.5)))
        cv2.ellipse(mask, (side // 2, side // 2), axes, rng.uniform(0, 180), 0, 360, 1.0, -1, cv2.LINE_AA)
    centre = rng.uniform(0.1, 0.9, 2) * (width, height) if is_sprite else np.array([width, height]) / 2
    at_rest = still or rng.random() < (0.2 if is_sprite else 0.4)
    flat = not is_sprite and texture.std() < 8  # what has no texture must not claim to move
    path = _still_path(centre, length) if at_rest or flat else _path(rng, centre, length)
    return texture, mask, [_affine(side, *step) for step in path]


def _still_path(centre: np.ndarray, length: int) -> list[tuple[float, float, float, float]]:
    return [(centre[0], centre[1], 0.0, 1.0)] * length


def _path(
    rng: np.random.Generator, centre: np.ndarray, length: int
) -> list[tuple[float, float, float, float]]:
    """(x, y, angle, scale) a frame: steady motion that may start, stop, bounce or shake."""
    speed = np.exp(rng.uniform(np.log(MIN_SPEED_PX), np.log(MAX_SPEED_PX)))
    heading = rng.uniform(0, 2 * np.pi)
    velocity = speed * np.array([np.cos(heading), np.sin(heading)])
    spin = rng.normal(0, 0.05) * (rng.random() < 0.4)
    zoom = rng.normal(0, 0.04) * (rng.random() < 0.4)
    gain = np.ones(length)
    change, kind = int(rng.integers(1, length)), rng.random()
    if kind < 0.35:  # start, stop or bounce at one frame
        gain[change:] = rng.choice([0.0, -1.0, 3.0])
    elif kind < 0.5:
        gain[:change] = 0.0
    shake = rng.normal(0, rng.uniform(0, 2), (length, 2)) * (rng.random() < 0.2)
    travelled = np.cumsum(gain)
    middle = travelled[length // 2]
    return [
        (*(centre + velocity * (s - middle) + jitter), spin * (s - middle), np.exp(zoom * (s - middle)))
        for s, jitter in zip(travelled, shake, strict=True)
    ]


def _affine(side: int, x: float, y: float, angle: float, scale: float) -> np.ndarray:
    """3 x 3 matrix that puts a texture of `side` px with its centre at (x, y)."""
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    to_centre = np.array([[1, 0, -side / 2], [0, 1, -side / 2], [0, 0, 1.0]])
    to_place = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
    return to_place @ turn @ to_centre


def _layer_flow(layers: Sequence[Layer], owner: np.ndarray, here: int, there: int) -> np.ndarray:
    """[2, H, W]: where each pixel's layer takes it between two frames."""
    height, width = owner.shape
    ys, xs = np.mgrid[:height, :width]
    points = np.stack([xs, ys, np.ones_like(xs)]).astype(float)
    flow = np.zeros((2, height, width))
    for k, (_, _, paths) in enumerate(layers):
        inside = owner == k
        move = paths[there] @ np.linalg.inv(paths[here])
        flow[:, inside] = (move @ points[:, inside])[:2] - points[:2, inside]
    return flow


def _crop(rng: np.random.Generator, textures: Sequence[np.ndarray], height: int, width: int) -> np.ndarray:
    """A float32 patch: of a picture, or procedural (smooth noise, grating, checks, plain)."""
    if len(textures) and rng.random() < 0.7:
        picture = textures[int(rng.integers(len(textures)))]
        side = int(min(picture.shape[:2]) * rng.uniform(0.3, 1.0))
        y, x = (rng.integers(0, n - side + 1) for n in picture.shape[:2])
        patch = cv2.resize(picture[y : y + side, x : x + side], (width, height), interpolation=cv2.INTER_AREA)
        return np.rot90(patch, int(rng.integers(4))).astype(np.float32).reshape(height, width, 3)
    low, high = rng.uniform(0, 255, (2, 3))
    shade = _PATTERNS[rng.integers(len(_PATTERNS))](rng, height, width)[..., None]
    return (low + (high - low) * shade).astype(np.float32)


def _noise(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    shade = np.zeros((height, width), np.float32)
    for octave in range(2, 6):
        coarse = rng.random((2**octave, 2**octave), np.float32)
        smooth: Any = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        shade += smooth / (1 + rng.random() * octave)
    return np.clip(shade / shade.max(), 0, 1)


def _grating(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    ys, xs = np.mgrid[:height, :width]
    angle, period = rng.uniform(0, np.pi), rng.uniform(6, 40)
    wave = np.sin(2 * np.pi * (xs * np.cos(angle) + ys * np.sin(angle)) / period)
    return 0.5 + 0.5 * (np.sign(wave) if rng.random() < 0.5 else wave)


def _checks(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    ys, xs = np.mgrid[:height, :width]
    period = int(rng.integers(4, 24))
    return ((xs // period + ys // period) % 2).astype(np.float32)


def _plain(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    return np.linspace(0, rng.uniform(0, 1), width, dtype=np.float32)[None].repeat(height, axis=0)


_PATTERNS = (_noise, _noise, _grating, _checks, _plain)


def camera_faults(rng: np.random.Generator, frames: np.ndarray) -> np.ndarray:
    """Add blur, flicker, sensor noise and compression: none is motion.

    Args:
        rng: draws which, and how much.
        frames: [L, H, W, 3] 0..255.

    Returns:
        [L, H, W, 3] uint8.
    """
    if rng.random() < 0.3:
        sigma = rng.uniform(0.3, 1.5)
        frames = np.stack([cv2.GaussianBlur(f, (0, 0), sigma) for f in frames])
    if rng.random() < 0.4:
        gain = 1 + rng.normal(0, rng.uniform(0, 0.25), (len(frames), 1, 1, 1))
        frames = frames * gain + rng.normal(0, rng.uniform(0, 12), (len(frames), 1, 1, 1))
    if rng.random() < 0.6:
        frames = frames + rng.normal(0, rng.uniform(0.5, 6) * rng.random(), frames.shape)
    frames = np.clip(frames, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        frames = np.stack([_compress(f, int(rng.integers(25, 90))) for f in frames])
    return frames


def _compress(frame: np.ndarray, quality: int) -> np.ndarray:
    decoded = cv2.imdecode(
        cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR
    )
    return cast(np.ndarray, decoded)


# --- real clips --------------------------------------------------------------------------------


def read_clip(path: Path, max_frames: int = 900) -> np.ndarray:
    """Frames [N, H, W, 3] uint8 of a clip, CLIP_WIDTH_PX wide (empty when it cannot be read).

    Args:
        path: of a video.
        max_frames: from its beginning.

    Returns:
        [N, H, W, 3] uint8, CLIP_WIDTH_PX wide; N is 0 when it cannot be read.
    """
    frames = []
    with suppress(InputError):
        for frame in islice(pictures(path), max_frames):
            height = round(frame.shape[0] * CLIP_WIDTH_PX / frame.shape[1])
            frames.append(cv2.resize(frame, (CLIP_WIDTH_PX, height), interpolation=cv2.INTER_AREA))
    return np.stack(frames) if frames else np.zeros((0, CLIP_WIDTH_PX, CLIP_WIDTH_PX, 3), np.uint8)


def clip_sequence(
    rng: np.random.Generator, clip: np.ndarray, length: int, size: tuple[int, int]
) -> FlowExample:
    """Crop a real clip and play it at a third to full rate, either way; DIS flow is the teacher.

    Args:
        rng: draws rate, place, crop and mirror.
        clip: [N, H, W, 3] uint8, N >= length.
        length: L, frames.
        size: (height, width) px.

    Returns:
        Frames, flow and trust; see the module's docstring for the shapes.
    """
    frames = excerpt(rng, clip, length)
    flow, trust = teacher_flow(frames, size)
    small = resized(frames, size)
    return FlowExample(camera_faults(rng, small) if rng.random() < 0.3 else small, flow, trust)


def excerpt(rng: np.random.Generator, clip: np.ndarray, length: int) -> np.ndarray:
    """Cut a part out of a real clip, in time and in the picture.

    Args:
        rng: draws rate, place, crop and mirror.
        clip: [N, H, W, 3] uint8, N >= length.
        length: L, frames.

    Returns:
        [L, h, w, 3] uint8.
    """
    stride = int(min(int(rng.integers(1, 4)), (len(clip) - 1) // (length - 1)))
    start = int(rng.integers(0, len(clip) - stride * (length - 1)))
    frames = clip[start : start + stride * (length - 1) + 1 : stride][:: rng.choice([-1, 1])]
    share = rng.uniform(0.6, 1.0)
    height, width = (int(n * share) for n in frames.shape[1:3])
    y, x = (int(rng.integers(0, n - m + 1)) for n, m in zip(frames.shape[1:3], (height, width), strict=True))
    frames = frames[:, y : y + height, x : x + width]
    if rng.random() < 0.5:
        frames = frames[:, :, ::-1]
    return np.ascontiguousarray(frames)


def resized(frames: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Shrink frames, each pixel a mean.

    Args:
        frames: [L, H, W, 3] uint8.
        size: (height, width) px.

    Returns:
        [L, *size, 3] uint8.
    """
    return np.stack([cv2.resize(f, size[::-1], interpolation=cv2.INTER_AREA) for f in frames])


def teacher_flow(frames: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Take the DIS flow (Kroeger 2016) of frames, and where both ways agree.

    Args:
        frames: [L, H, W, 3] uint8.
        size: (height, width) px of the result.

    Returns:
        (flow [L - 2, 2, 2, h, w] to the frame before and after, trust [L - 2, 2, h, w]).
    """
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # type: ignore[attr-defined]
    grey = [cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in frames]
    ahead = [dis.calc(a, b, None) for a, b in zip(grey, grey[1:], strict=False)]
    back = [dis.calc(b, a, None) for a, b in zip(grey, grey[1:], strict=False)]
    flow = [[_scaled(back[t - 1], size), _scaled(ahead[t], size)] for t in range(1, len(grey) - 1)]
    trust = [[_agreement(back[t - 1], ahead[t - 1], size), _agreement(ahead[t], back[t], size)]
             for t in range(1, len(grey) - 1)]  # fmt: skip
    return np.stack(flow), np.stack(trust)


def _scaled(flow: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """[h, w, 2] px of the clip -> [2, H, W] px of `size`."""
    ratio = np.array(size[::-1]) / flow.shape[1::-1]
    return cv2.resize(flow * ratio.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA).transpose(
        2, 0, 1
    )


def _agreement(flow: np.ndarray, reverse: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """1 where going there and back ends where it began, 0 at cuts and covered places."""
    ys, xs = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    returned = cv2.remap(
        reverse, xs + flow[..., 0], ys + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    error = np.linalg.norm(flow + returned, axis=-1)
    allowed = 0.5 + 0.1 * (np.linalg.norm(flow, axis=-1) + np.linalg.norm(returned, axis=-1))
    return cv2.resize((error < allowed).astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
