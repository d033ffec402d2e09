"""Measure light and colour of pictures and of subjects before a plain backdrop.

A green screen, a table top or a test card's black says nothing of a film's mood; the subject does.
Letters: M pictures of H x W pixels.
"""

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # weights of red, green and blue (BT.601)
EDGE = 1 / 12  # width of the border that is compared with itself, as a share of the picture's height
SAME = 0.16  # colour distance (0..1) within which the border's colours may belong to one backdrop
MIXED, PLAIN = 0.5, 0.9  # share of the border in its own median colour: no backdrop yet, and one for certain
# Of the picture: with less before the backdrop than the first the whole picture is looked at, with more than
# the second its subject alone. A bar's last line or a logo is no subject.
NO_SUBJECT, SUBJECT = 0.02, 0.06


# the columns of looks_of, each 0..1 unless said otherwise
LOOKS = (
    "brightness",  # of the subject: mean luma
    "saturation",  # of the subject: mean chroma
    "warmth",  # of the subject, -1..1: red against blue, less what is backdrop
    "contrast",  # of the picture: standard deviation of luma, twice
    "flatness",  # of the picture: share of coloured pixels that equal their neighbour, as painted areas do
    "variety",  # of the subject: how far its colours differ from one another
    "backdrop",  # of the picture: the share that a plain backdrop takes
    "darkness",  # of the picture: 0 from a mean luma of .3 on, 1 at black
)


def colours(frames: list[np.ndarray]) -> np.ndarray:
    """Measure colour and light of whole frames.

    Brightness (mean luma), saturation (mean chroma: near black it is small, as it looks), warmth (red
    against blue, 0.5 = neutral), contrast (standard deviation of luma, twice), flatness (share of
    coloured pixels that equal their neighbour, as painted areas do).

    Args:
        frames: M pictures uint8 [H, W, 3].

    Returns:
        [M, 5] float32, each 0..1.
    """
    return np.stack([_colours(frame.astype(np.float32) / 255) for frame in frames]).astype(np.float32)


def _colours(pixels: np.ndarray) -> np.ndarray:
    luma, chroma = pixels @ LUMA, _chroma(pixels)
    warmth = 0.5 + (pixels[..., 0] - pixels[..., 2]).mean()
    contrast = min(1.0, 2 * luma.std())
    return np.array([luma.mean(), chroma.mean(), np.clip(warmth, 0, 1), contrast, _flatness(luma, chroma)])


def _chroma(pixels: np.ndarray) -> np.ndarray:
    return _extreme(np.maximum, pixels) - _extreme(np.minimum, pixels)


def _extreme(of_two: np.ufunc, colours: np.ndarray) -> np.ndarray:
    """Greatest or least of three channels [..., 3]; numpy's own max of so few takes thirty times as long."""
    red, green, blue = np.moveaxis(colours, -1, 0)
    return of_two(of_two(red, green), blue)


def _flatness(luma: np.ndarray, chroma: np.ndarray) -> float:
    slope = np.abs(np.diff(luma, axis=1))[:-1] + np.abs(np.diff(luma, axis=0))[:, :-1]
    return float(((slope < 0.012) & (chroma[:-1, :-1] > 0.25)).mean())


def looks_of(frames: list[np.ndarray]) -> np.ndarray:
    """Measure LOOKS of each frame.

    Args:
        frames: M pictures uint8 [H, W, 3].

    Returns:
        [M, 8] float32.
    """
    return np.stack([_looks(frame.astype(np.float32) / 255) for frame in frames]).astype(np.float32)


def _looks(pixels: np.ndarray) -> np.ndarray:
    luma, chroma = pixels @ LUMA, _chroma(pixels)
    weight, backdrop = subject_weights(pixels)
    own = 1 - backdrop  # what is left of colour when nearly all of it is a backdrop's
    brightness = (luma * weight).sum()
    saturation = (chroma * weight).sum()
    warmth = own * ((pixels[..., 0] - pixels[..., 2]) * weight).sum()
    contrast, darkness = min(1.0, 2 * luma.std()), np.clip((0.3 - luma.mean()) / 0.3, 0, 1)
    flatness = _flatness(luma, chroma)
    return np.array(
        [brightness, saturation, warmth, contrast, flatness, _variety(pixels, weight), backdrop, darkness]
    )


def _variety(pixels: np.ndarray, weight: np.ndarray) -> float:
    """Spread of the colours (Hasler and Suesstrunk's opponent axes) round their own mean."""
    red, green, blue = np.moveaxis(pixels, -1, 0)
    axes = np.stack([red - green, (red + green) / 2 - blue])
    centred = axes - (axes * weight).sum(axis=(1, 2), keepdims=True)
    return min(1.0, float(np.sqrt((centred**2 * weight).sum())))


def subject_weights(pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """Weigh what of a picture is no backdrop.

    A backdrop is there when the border is nearly all of one colour; pixels of that colour weigh nothing.

    Args:
        pixels: [H, W, 3] float, 0..1.

    Returns:
        (weights [H, W] of sum 1, share of the backdrop 0..1).
    """
    rim = max(2, int(pixels.shape[0] * EDGE))
    sides = (pixels[:rim], pixels[-rim:], pixels[:, :rim], pixels[:, -rim:])
    border = np.concatenate([side.reshape(-1, 3) for side in sides])
    colour = np.median(border, axis=0)
    of_one_colour = (_extreme(np.maximum, np.abs(border - colour)) < SAME).mean()
    certainty = np.clip((of_one_colour - MIXED) / (PLAIN - MIXED), 0, 1)
    near = np.clip(1.5 - _extreme(np.maximum, np.abs(pixels - colour)) / SAME, 0, 1)
    weight = 1 - certainty * near
    backdrop = float(1 - weight.mean())
    trust = np.clip((1 - backdrop - NO_SUBJECT) / (SUBJECT - NO_SUBJECT), 0, 1)
    of_subject = weight / max(weight.sum(), 1e-9)
    return trust * of_subject + (1 - trust) / weight.size, backdrop
