"""Read what a film shows and how it feels: image embeddings, (valence, arousal) a scene, musical style.

Letters: M key frames, F embedding width, C scenes, T analysed frames. Embedded: EfficientNet-Lite0
(ImageNet) for content, colour and light for the mood. With a local CLIP, its words join in.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dyvim_cli.errors import WeightsError
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.vision.content import PLACES, group_levels
from dyvim_cli.vision.image_encoder import embed_frames
from dyvim_cli.vision.looks import LOOKS, colours, looks_of
from dyvim_cli.vision.scenes import scene_of_keys
from dyvim_cli.vision.styles import AFFINITIES, as_row, style_scores

BATCH = 2  # images that CLIP reads at a time
CLIP_SHARE = 0.5  # how much CLIP's words weigh in mood

COLOURED = 0.12  # chroma (0..1) from which on a backdrop is coloured: a screen or a table, and no light
NEUTRAL_SHARE = 0.7  # how much of its part in the picture a backdrop without colour counts for the light


@dataclass(frozen=True)
class Semantics:
    """Semantics of a film's key frames."""

    key_features: np.ndarray  # [M, F] float32
    scene_moods: np.ndarray  # [C, 2] float32, (valence, arousal), each -1..1
    style_scores: np.ndarray  # [len(STYLES)] float32, sums to 1
    style_measures: np.ndarray  # [len(MEASURES)] float32: what the scores were made of


MOOD_WORDS = (
    ("a sad, dark, gloomy scene", "a happy, bright, cheerful scene"),
    ("a calm, still, quiet scene", "an exciting, fast, intense scene"),
)


def describe_scenes(
    frames: list[np.ndarray],
    key_times_s: np.ndarray,
    scene_starts_s: np.ndarray,
    duration_s: float,
    energy: np.ndarray,
    times_s: np.ndarray,
    cut_rate_hz: float | np.ndarray,
    clip_folder: Path | None = None,
    speeds: tuple[float, float] | None = None,
) -> Semantics:
    """Read a film's content, moods and styles from its key frames.

    Args:
        frames: M pictures uint8 [H, W, 3].
        key_times_s: [M] of the key frames.
        scene_starts_s: [C] where scenes begin.
        duration_s: of the film.
        energy: [T] mean optical flow, picture widths a second.
        times_s: [T] of the energy.
        cut_rate_hz: cuts a second, of the film or [C] of each scene.
        clip_folder: a local CLIP in transformers' format instead of EfficientNet-Lite0.
        speeds: of the camera and of what moves before it, picture widths a second; None = half of the energy
            each.

    Returns:
        Embeddings, moods of the scenes, style scores and what they were made of.

    Raises:
        WeightsError: the CLIP cannot be read.
    """
    looks = looks_of(frames)
    lit = with_black_and_white(looks, colours(frames))
    scenes = scene_of_keys(key_times_s, scene_starts_s)
    scene_looks = np.stack([looks[keys].mean(axis=0) for keys in scenes])
    lengths = np.diff(np.append(scene_starts_s, duration_s))
    motion = motion_level(_scene_means(energy, times_s, scene_starts_s))
    cuts = np.broadcast_to(cut_level(cut_rate_hz), motion.shape)
    moods = scene_moods(np.stack([lit[keys].mean(axis=0) for keys in scenes]), motion, cuts)
    share = lengths / lengths.sum()
    camera, subject = speeds or (float(np.mean(energy)) / 2 if len(energy) else 0.0,) * 2
    measures = {"camera": float(part_level(camera)), "subject": float(part_level(subject))}
    measures |= {"cuts": float(share @ cuts)} | picture_measures(share @ scene_looks)
    if clip_folder is None:
        features, probabilities = embed_frames(frames)
        measures |= (seen := group_levels(probabilities))
        measures["painted"] *= 1 - max(seen[name] for name in PLACES)
        content = np.zeros(len(AFFINITIES))
    else:
        features, clip_moods, content = read_with_clip(frames, clip_folder)
        heard = np.stack([clip_moods[keys].mean(axis=0) for keys in scenes])
        moods = (1 - CLIP_SHARE) * moods + CLIP_SHARE * heard
    measures["valence"], measures["arousal"] = (share @ moods).tolist()
    return Semantics(features, moods.astype(np.float32), style_scores(measures, content), as_row(measures))


def _scene_means(energy: np.ndarray, times_s: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Mean energy [C] of each scene (the whole film's where no analysed frame falls into it)."""
    scene = np.searchsorted(starts, times_s, side="right") - 1
    whole = float(np.mean(energy)) if len(energy) else 0.0
    return np.array([energy[scene == c].mean() if (scene == c).any() else whole for c in range(len(starts))])


def motion_level(energy: np.ndarray) -> np.ndarray:
    """Put flow on a logarithmic scale: equal steps double it.

    Args:
        energy: picture widths a second, any shape.

    Returns:
        About -1..1; 0 is ordinary motion.
    """
    return np.tanh(0.5 * np.log2((np.asarray(energy) + 0.005) / 0.04))


def part_level(speed: float) -> float:
    """Put the camera's or the subject's part of the motion on a logarithmic scale.

    Args:
        speed: picture widths a second.

    Returns:
        About -1..1; 0 is ordinary motion.
    """
    return float(np.tanh(0.5 * np.log2((speed + 0.005) / 0.03)))


def cut_level(cut_rate_hz: float | np.ndarray) -> np.ndarray:
    """Put the rate of cuts on a logarithmic scale.

    Args:
        cut_rate_hz: cuts a second, any shape.

    Returns:
        About -1..1; 0 is a cut every eight seconds.
    """
    return np.tanh(0.5 * np.log2((np.asarray(cut_rate_hz) + 0.04) / 0.16))


def scene_moods(looks: np.ndarray, motion: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Find the mood of scenes.

    Valdez and Mehrabian (1994): pleasure = .69 brightness + .22 saturation, arousal = -.31 brightness
    + .60 saturation, on scales standardised here over typical films; motion and cuts excite. With this centre
    of brightness the words are on the whole neither brighter nor darker than people's.

    Args:
        looks: [C, 8] of the scenes.
        motion: [C] motion levels.
        cuts: [C] cut levels.

    Returns:
        [C, 2] valence and arousal, each -1..1.
    """
    brightness = (looks[:, 0] - 0.44) / 0.16
    saturation = (looks[:, 1] - 0.20) / 0.11
    pleasure = 0.69 * brightness + 0.22 * saturation
    arousal = -0.31 * brightness + 0.60 * saturation
    return np.tanh(np.stack([0.6 * pleasure, 0.25 * arousal + 0.6 * motion + 0.35 * cuts], axis=1))


def with_black_and_white(looks: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Let a backdrop without colour count for the light of a picture.

    A green screen or a brown table says nothing of the mood. White writing on black is dark all the same, and
    a car on white is bright.

    Args:
        looks: [M, 8] of looks_of.
        whole: [M, 5] of colours, of the same pictures.

    Returns:
        [M, 8] looks with another brightness.
    """
    brightness, saturation, share = looks[:, 0], looks[:, 1], looks[:, LOOKS.index("backdrop")]
    light, chroma = (
        (whole[:, i] - (1 - share) * own) / np.maximum(share, 1e-3)
        for i, own in ((0, brightness), (1, saturation))
    )
    weight = NEUTRAL_SHARE * share * np.clip(1 - chroma / COLOURED, 0, 1)
    lit = looks.copy()
    lit[:, 0] = (1 - weight) * brightness + weight * np.clip(light, 0, 1)
    return lit


def picture_measures(look: np.ndarray) -> dict[str, float]:
    """Centre and scale a film's looks.

    Args:
        look: [8] mean looks.

    Returns:
        Measures of styles.LIGHT, about -1..1.
    """
    seen = dict(zip(LOOKS, map(float, look), strict=True))
    painted = max(0.0, seen["flatness"] * (1 - seen["backdrop"]) - 0.05)  # a plain backdrop is no painting
    return {
        "warmth": float(np.tanh(6 * seen["warmth"])),
        "variety": float(np.tanh(8 * (seen["variety"] - 0.12))),
        "painted": float(np.tanh(4 * painted)),
        "backdrop": seen["backdrop"],
        "darkness": seen["darkness"],
    }


@lru_cache(maxsize=1)
def _clip(folder: Path) -> tuple[Any, Any]:  # classes of transformers, whose types differ between versions
    """(model, processor) of a CLIP in transformers' format. Raises WeightsError."""
    from transformers import CLIPModel, CLIPProcessor

    try:
        model: Any = CLIPModel.from_pretrained(folder, local_files_only=True)
        return model.eval(), CLIPProcessor.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        hint = "give the folder of a CLIP model in transformers' format, or leave it out"
        raise WeightsError(f"no CLIP can be read from {folder}", hint) from error


@torch.inference_mode()
def read_with_clip(frames: list[np.ndarray], folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read frames with zero-shot CLIP.

    Each axis of mood is the softmax between two opposite phrases; the style logits are the logarithm
    of the mean probability of the style's phrase against chance.

    Args:
        frames: M pictures uint8 [H, W, 3].
        folder: of a CLIP in transformers' format.

    Returns:
        Embeddings [M, F], (valence, arousal) [M, 2] in -1..1, and centred style logits [len(AFFINITIES)].

    Raises:
        WeightsError: the CLIP cannot be read.
    """
    model, processor = _clip(Path(folder))
    phrases = [phrase for pair in MOOD_WORDS for phrase in pair]
    phrases += [RECORDS[style].words for style in AFFINITIES]
    words = processor(text=phrases, return_tensors="pt", padding=True)
    features, logits = [], []
    for first in range(0, len(frames), BATCH):
        images = processor(images=frames[first : first + BATCH], return_tensors="pt")
        out = model(**words, pixel_values=images["pixel_values"])
        features.append(out.image_embeds)
        logits.append(out.logits_per_image)
    logit = torch.cat(logits).float()  # [M, 4 + styles]
    moods = torch.tanh((logit[:, [1, 3]] - logit[:, [0, 2]]) / 2)
    style = logit[:, 4:].softmax(dim=1).mean(dim=0)
    content = (style * len(AFFINITIES)).clamp(min=1e-3).log() / 2
    return torch.cat(features).float().numpy(), moods.numpy(), content.numpy()
