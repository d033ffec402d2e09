"""Detect cuts and motion events in the picture, with detectors independent of the generator's.

Cuts come from PySceneDetect, motion from OpenCV's DIS optical flow; the film is read once,
frame by frame, at thumbnail size.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from dyvim_cli import cache
from dyvim_cli.errors import InputError
from dyvim_cli.evaluation.judge.extra import need

FRAME_WIDTH = 160  # pixels; DIS errs by 0.1-0.3 px at this size and takes about 1 ms a frame
CELLS = (3, 4)  # the picture is pooled to rows x columns of mean flow vectors
# a lenient detector suspects, what motion cannot explain decides
SUSPICION = {"adaptive_threshold": 1.5, "min_content_val": 5.0, "min_scene_len": 3}
TEXTURE_PX = 15  # flow is believed where there is texture this near,
TEXTURE_LEVELS = 1.0  # grey levels a pixel: in fades from black the flow sees storms
CUT_CHANGE = 7.0  # grey levels of 255 that are left over, mean over the picture
CUT_CONTRAST = 4.0  # least ratio of a cut's left-over difference to that of the two frames before and after
IMPACT_WINDOW_S = 0.1  # velocity after minus velocity before, each averaged over this long
IMPACT_SPACING_S = 0.25  # nearer events merge into the heavier one
SURE_CONTRAST = 3.0  # an impact this far above the ordinary weighs as much as a cut
STILL = 0.004  # picture widths a second: slower than this is noise of the codec and the flow
THIS_CODE = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()  # other code, other findings


@dataclass(frozen=True)
class VisualEvents:
    """The picture's side of the comparison."""

    duration_s: float
    times_s: np.ndarray  # [T] float64, frames
    flow: np.ndarray  # [T] float32, mean optical flow into the frame, picture widths a second
    energy: np.ndarray  # [T] float32, the same with the jumps at cuts bridged
    event_times_s: np.ndarray  # [E] float64, ascending
    event_weights: np.ndarray  # [E] float32, 0..1; a cut weighs 1
    is_cut: np.ndarray  # [E] bool; the others are motion impacts

    @property
    def cut_times_s(self) -> np.ndarray:
        """[C] float64, the first frame after each hard cut."""
        return self.event_times_s[self.is_cut]


def visual_events(film: Path | str, use_cache: bool = False) -> VisualEvents:
    """Read a film once and return its cuts, motion impacts and motion energy.

    Args:
        film: a film, or a single picture.
        use_cache: a film that was read before, by this very code, is not read again.

    Returns:
        The picture's side of the comparison.

    Raises:
        InputError: the film cannot be read.
        EnvironmentFault: the extra `evaluate` is not installed.
    """
    film = Path(film)
    if not use_cache or not film.is_file():
        return events_of_frames(_read_frames(film))
    key = cache.key_of(film, {"judge": THIS_CODE})
    if (known := cache.load(key, VisualEvents)) is None:
        cache.store(key, known := events_of_frames(_read_frames(film)), film)
    return known


def events_of_frames(frames: Iterable[tuple[float, np.ndarray]]) -> VisualEvents:
    """Find the events of frames that are read already.

    Args:
        frames: (time in seconds, RGB uint8 [H, W, 3]) of every frame of the film in order.

    Returns:
        The picture's side of the comparison.

    Raises:
        EnvironmentFault: the extra `evaluate` is not installed.
    """
    times, flows, speed, cuts = _watch(frames)
    duration_s = float(times[-1] + np.median(np.diff(times))) if len(times) > 1 else 0.0
    energy = _bridge(times, speed, cuts)
    at, weights = _impacts(times, flows, energy, cuts)
    event_times = np.concatenate([times[cuts], at])
    order = np.argsort(event_times, kind="stable")
    return VisualEvents(
        duration_s=duration_s,
        times_s=times,
        flow=speed.astype(np.float32),
        energy=energy.astype(np.float32),
        event_times_s=event_times[order],
        event_weights=np.concatenate([np.ones(len(cuts)), weights])[order].astype(np.float32),
        is_cut=(np.arange(len(event_times)) < len(cuts))[order],
    )


def _watch(
    frames: Iterable[tuple[float, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Frame times [T], pooled flow [T, cells, 2] and its mean magnitude [T], indices of the cuts."""
    cv2, scenedetect = need("cv2"), need("scenedetect")
    detector = scenedetect.AdaptiveDetector(**SUSPICION)
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    times: list[float] = []
    flows: list[np.ndarray] = []
    speed: list[float] = []
    left_over: list[float] = []
    suspects: list[int] = []
    before: np.ndarray | None = None
    grey_before: np.ndarray | None = None
    for index, (time_s, pixels) in enumerate(frames):
        # the detector counts frames only: any constant rate will do, the times are ours
        stamp = scenedetect.FrameTimecode(index, 30.0)
        suspects += [cut.frame_num for cut in detector.process_frame(stamp, pixels[:, :, ::-1])]
        grey, before = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), pixels if before is None else before
        grey_before = grey if grey_before is None else grey_before
        flow = dis.calc(grey_before, grey, None)
        left_over.append(_left_over(cv2, before, pixels, flow))
        flow *= _trust(cv2, grey_before)[..., None]
        flow /= pixels.shape[1] * (max(time_s - times[-1], 1e-3) if times else 1.0)
        flows.append(cv2.resize(flow, CELLS[::-1], interpolation=cv2.INTER_AREA).reshape(-1, 2))
        speed.append(float(np.hypot(flow[..., 0], flow[..., 1]).mean()))
        times.append(float(time_s))
        before, grey_before = pixels, grey
    return np.array(times), np.array(flows), np.array(speed), _confirmed(suspects, np.array(left_over))


def _trust(cv2: ModuleType, grey: np.ndarray) -> np.ndarray:
    """[H, W] 0..1, how far flow can be known: by the weaker direction of the texture near each pixel.

    (Shi and Tomasi 1994: the smaller eigenvalue of the structure tensor.) A fading ramp seems to move.
    """
    across, down = (cv2.Scharr(grey, cv2.CV_32F, *axes) / 32 for axes in ((1, 0), (0, 1)))
    products = np.dstack([across * across, down * down, across * down])
    xx, yy, xy = cv2.split(cv2.boxFilter(products, -1, (TEXTURE_PX, TEXTURE_PX)))
    weaker = np.maximum(0, (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy))
    return weaker / (weaker + TEXTURE_LEVELS**2)


def _left_over(cv2: ModuleType, before: np.ndarray, now: np.ndarray, flow: np.ndarray) -> float:
    """Mean absolute difference that remains when the motion is taken back, if that helps at all."""
    rows, columns = np.indices(flow.shape[:2], np.float32)
    back = cv2.remap(
        now, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return min(float(cv2.absdiff(image, before).mean()) for image in (back, now))


def _confirmed(suspects: list[int], left_over: np.ndarray) -> np.ndarray:
    """The suspected cuts (frame indices) that motion does not explain.

    PySceneDetect looks at colour, which jumps about in dark pictures and in fast pans.
    """
    padded = np.pad(left_over, 2, mode="edge")
    around = np.median([padded[:-4], padded[1:-3], padded[3:-1], padded[4:]], axis=0)
    cut = (left_over >= CUT_CHANGE) & (left_over >= CUT_CONTRAST * around)
    return np.array([i for i in suspects if cut[i]], int)


def _bridge(times: np.ndarray, values: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Values at cuts replaced by interpolation: flow between two shots means nothing."""
    good = np.ones(len(times), bool)
    good[cuts] = False
    good[:1] = False  # nothing moves into the first frame
    return np.interp(times, times[good], values[good]) if good.any() else np.zeros(len(times))


def _impacts(
    times: np.ndarray, flows: np.ndarray, energy: np.ndarray, cuts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Times [I] and weights [I] of sudden velocity changes: hits, starts, stops, reversals."""
    from scipy.ndimage import median_filter, uniform_filter1d
    from scipy.signal import find_peaks

    if len(times) < 4:
        return np.zeros(0), np.zeros(0)
    fps = 1.0 / np.median(np.diff(times))
    reach = max(1, round(IMPACT_WINDOW_S * fps))
    change = _velocity_change(flows, reach, cuts)
    span = max(3, round(2 * fps))
    ordinary = 0.5 * uniform_filter1d(energy, span, mode="nearest") + 1.5 * median_filter(change, span)
    contrast = change / (ordinary + STILL)  # above 1: not what this passage does all the time
    peaks, _ = find_peaks(contrast, height=1.0, distance=max(1, round(IMPACT_SPACING_S * fps)))
    at = (times[peaks] + times[peaks + 1]) / 2  # the eye sees a change of pace one frame later
    if len(cuts):
        alone = np.abs(at[:, None] - times[cuts][None, :]).min(axis=1) > IMPACT_SPACING_S
        at, peaks = at[alone], peaks[alone]
    return at, np.minimum(1.0, (contrast[peaks] / SURE_CONTRAST) ** 2)  # doubtful ones weigh little


def _velocity_change(flows: np.ndarray, reach: int, cuts: np.ndarray) -> np.ndarray:
    """[T] mean over the cells of |mean flow after the frame - mean flow up to it|; 0 across cuts."""
    n = len(flows)
    change = np.zeros(n)
    cut = np.zeros(n, bool)
    cut[cuts] = True
    cut[:2] = True  # nothing moves into the first frame; encoders spend the second on repairing it
    for i in range(reach, n - 1):
        low, high = i - reach + 1, min(n, i + reach + 1)
        if not cut[low:high].any():
            jump = flows[i + 1 : high].mean(axis=0) - flows[low : i + 1].mean(axis=0)
            change[i] = np.linalg.norm(jump, axis=-1).mean()
    return change


def _read_frames(film: Path) -> Iterator[tuple[float, np.ndarray]]:
    """(time_s, RGB) of every frame; a single picture, which is no film elsewhere, is one here."""
    from dyvim_cli.media.decode import frames
    from dyvim_cli.media.probe import probe

    try:
        info = probe(Path(film))
    except InputError:
        picture = _single_picture(film)
        if picture is None:
            raise
        yield 0.0, picture
        return
    for frame in frames(info, FRAME_WIDTH, within_bars=True):
        yield frame.time_s, frame.pixels


def _single_picture(film: Path) -> np.ndarray | None:
    """The only frame of a film or still image; None if there is none or there are more."""
    import cv2

    from dyvim_cli.media.pictures import single_picture

    picture = single_picture(Path(film))
    return None if picture is None else cv2.resize(picture, (FRAME_WIDTH, FRAME_WIDTH * 9 // 16))
