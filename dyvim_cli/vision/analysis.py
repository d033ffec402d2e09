"""Analyse frames to FilmFeatures in one pass; memory hardly grows with the film's length."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

import numpy as np

from dyvim_cli import weights
from dyvim_cli.errors import InputError
from dyvim_cli.progress import Progress, Silent
from dyvim_cli.types import FilmFeatures
from dyvim_cli.vision import events, scenes
from dyvim_cli.vision.flow import Flow, FlowStream, split_motion
from dyvim_cli.vision.keyframes import Candidates
from dyvim_cli.vision.looks import colours
from dyvim_cli.vision.motion import MotionStream
from dyvim_cli.vision.motion_encoder import load
from dyvim_cli.vision.prints import N_BYTES, prints_of
from dyvim_cli.vision.rows import Rows
from dyvim_cli.vision.semantics import describe_scenes
from dyvim_cli.vision.settings import clip_folder
from dyvim_cli.vision.transitions import TransitionStream

# longest step between frames that the motion encoder sees: ten a second, also of NTSC's 29.97
MOST_STEP_S = 0.1002
MEMORY_S = 2.5  # the last seconds that novelty compares with
GROUP = 32  # frames compared together: Pillow and numpy take as long to begin as to work on one
LEAST_RATE_S = 5.0  # one cut in a very short film is no fast cutting
SHOT_DIFFERENCE = 0.35  # a provisional cut, for spreading key frames while the film runs


class FrameLike(Protocol):
    """Frame as media.decode.frames yields it."""

    @property
    def time_s(self) -> float:
        """Time of the frame in seconds."""

    @property
    def pixels(self) -> np.ndarray:
        """Picture [H, W, 3] uint8 RGB."""


def analyse(frames: Iterable[FrameLike], duration_s: float, progress: Progress | None = None) -> FilmFeatures:
    """Watch a film.

    Args:
        frames: every native frame in order, about settings.ANALYSIS_WIDTH wide.
        duration_s: of the film.
        progress: notified of the stage "vision", in seconds of the film.

    Returns:
        What was seen.

    Raises:
        InputError: there is not one frame.
    """
    progress = progress or Silent()
    seen, flow, newness, candidates = TransitionStream(), FlowStream(), Novelty(), Candidates()
    stream = MotionStream(load(weights.embedded(weights.MOTION_ENCODER)))
    new, prints, shot = [], Rows(np.uint8, N_BYTES), 0
    sampled = sample_frames(frames)
    while group := list(islice(sampled, GROUP)):
        looks = seen.see(np.stack([frame.pixels for frame, _ in group]))
        prints.extend(prints_of(looks.thumbs))
        differences = seen.watch.differences[-len(group) :, 0]
        for (frame, is_analysed), grey, histogram, difference in zip(
            group, looks.greys, looks.histograms, differences, strict=True
        ):
            flow.add(frame.time_s, grey)
            shot += difference > SHOT_DIFFERENCE
            if is_analysed:
                stream.add(frame.time_s, frame.pixels)
                new.append(newness.of(frame.time_s, histogram))
                candidates.offer(frame.time_s, shot, frame.pixels)
                progress.update("vision", min(frame.time_s, duration_s), duration_s)
    if not new:
        raise InputError("the film has no picture to analyse", "dyvim extract-frames shows what can be read")
    novelty = np.array(new, np.float32)
    features = _features(duration_s, seen, flow.finish(), stream, novelty, candidates, prints.array)
    progress.update("vision", duration_s, duration_s)
    return features


def sample_frames(frames: Iterable[FrameLike]) -> Iterator[tuple[FrameLike, bool]]:
    """Choose the frames that the motion encoder sees: as few as are ten a second, and the last.

    Args:
        frames: every native frame in order.

    Yields:
        (frame, whether the motion encoder sees it).
    """
    last_s, held = -np.inf, None
    for frame in frames:
        if held is not None:
            chosen = frame.time_s - last_s > MOST_STEP_S
            last_s = held.time_s if chosen else last_s
            yield held, chosen
        held = frame
    if held is not None:
        yield held, True


class Novelty:
    """Difference of a picture's colour and light from the last seconds."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, np.ndarray]] = deque()

    def of(self, time_s: float, histogram: np.ndarray) -> float:
        """Measure how unlike the last seconds the next frame is.

        Args:
            time_s: of the frame.
            histogram: of its colours (signatures).

        Returns:
            0..1.
        """
        while self._recent and time_s - self._recent[0][0] > MEMORY_S:
            self._recent.popleft()
        if not self._recent:
            value = 0.0
        else:
            usual = np.mean([h for _, h in self._recent], axis=0)
            value = min(1.0, float(np.abs(histogram - usual).sum()) / 10.0)
        self._recent.append((time_s, histogram))
        return value


def _features(
    duration_s: float,
    seen: TransitionStream,
    flow: Flow,
    stream: MotionStream,
    novelty: np.ndarray,
    candidates: Candidates,
    prints: np.ndarray,
) -> FilmFeatures:
    motion = stream.finish()
    found = seen.finish(flow.times_s)
    flow, cut_times, cut_weights = found.bridged(flow), flow.times_s[found.frames], found.weights
    energy = events.energy_curve(flow, motion.times_s, cut_times)
    hits = events.find_events(flow, cut_times, cut_weights)
    starts = scenes.scene_starts(duration_s, cut_times, cut_weights, motion.times_s, novelty)
    keys = candidates.nearest(scenes.choose_key_times(starts, duration_s))
    pictures, key_times = [key.pixels for key in keys], np.array([key.time_s for key in keys])
    cut_rate_hz = len(cut_times) / max(duration_s, LEAST_RATE_S)
    meant = describe_scenes(
        pictures,
        key_times,
        starts,
        duration_s,
        energy,
        motion.times_s,
        cut_rate_hz,
        clip_folder(),
        split_motion(flow, cut_times),
    )
    return FilmFeatures(
        duration_s=float(duration_s),
        times_s=motion.times_s,
        dynamics=events.bridge_cuts(motion.dynamics, motion.times_s, cut_times),
        energy=energy,
        novelty=novelty,
        event_times_s=hits.times_s,
        event_weights=hits.weights,
        event_kinds=hits.kinds,
        scene_starts_s=starts,
        scene_moods=meant.scene_moods,
        scene_labels=scenes.scene_labels(meant.key_features, colours(pictures), key_times, starts),
        key_times_s=key_times,
        key_features=meant.key_features,
        style_scores=meant.style_scores,
        style_measures=meant.style_measures,
        prints=prints,
        print_times_s=flow.times_s,
    )
