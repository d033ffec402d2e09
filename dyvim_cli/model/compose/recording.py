"""Compose a recording: prompt, audio tokens, and the best of several takes.

With an adapter the dynamics steer the decoder token by token. Without one, MusicGen as it comes is
given mood, style and tempo, and its beats are aligned with the film.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from dyvim_cli.errors import WeightsError
from dyvim_cli.model.compose.character import choose_character, fit_grid
from dyvim_cli.model.conditioning.film_curves import ranks
from dyvim_cli.model.conditioning.token_dynamics import TokenDynamics
from dyvim_cli.model.musicgen.codec import decoded_blocks
from dyvim_cli.model.musicgen.loading import AudioModel
from dyvim_cli.model.musicgen.prompt import describe_music
from dyvim_cli.model.musicgen.sampling import AudioSettings, Sight, write_tokens
from dyvim_cli.music.timing.beats import (
    FRAME_S,
    MOST_STRETCH,
    ONSET_FRAMES,
    Alignment,
    OnsetEnvelope,
    find_tempo,
    place,
    track_beats,
)
from dyvim_cli.music.timing.tempo_map import hit_table
from dyvim_cli.options import ComposeOptions
from dyvim_cli.progress import Progress
from dyvim_cli.seeds import seed_of
from dyvim_cli.types import STEPS_PER_BEAT, FilmFeatures, Key, TempoMap

LEAD_S = 0.75  # half a beat at 40 BPM: so far the music may be moved


@dataclass(frozen=True)
class Recording:
    """Music as audio tokens, and its alignment with the film."""

    tokens: np.ndarray  # [K, N] int16
    placing: Alignment
    tempo_map: TempoMap  # the tracked beats in film time, and what they meet
    style: str
    prompt: str
    take: int
    key: Key | None = None
    sections: tuple[()] = ()
    stems: tuple[()] = ()  # MusicGen knows no instruments

    def facts(self) -> dict[str, Any]:
        """Collect what reports and tags say of it.

        Returns:
            Prompt, number of the take, beginning in seconds and speed, as plain values.
        """
        return {
            "prompt": self.prompt,
            "take": self.take,
            "music_start_s": round(self.placing.start_s, 3),
            "speed": round(self.placing.speed, 4),
        }


def record(
    features: FilmFeatures, options: ComposeOptions, model: AudioModel, progress: Progress | None = None
) -> Recording:
    """Compose sound for a film; same seed, same tokens.

    Args:
        features: motion, events, scenes and style of the film.
        options: options of composing.
        model: MusicGen, with or without an adapter.
        progress: notified of the stage "compose".

    Returns:
        The best of the takes and its alignment with the film.

    Raises:
        WeightsError: the film's key frames are of another encoder than the adapter learned with.
    """
    character = choose_character(features, options)
    bpm = fit_grid(features, character, options).bpm
    prompt = options.prompt
    if prompt is None:
        prompt = describe_music(character.style, character.valence, character.arousal, bpm, options.key)
    follows = model.follows_motion
    lead_s = 0.0 if follows else LEAD_S
    length_s = features.duration_s if follows else (features.duration_s + 2 * LEAD_S) * (1 + MOST_STRETCH)
    n_frames = int(np.ceil(length_s * model.codec.frame_rate_hz))
    seed = seed_of(options.seed, "audio")
    settings = AudioSettings(options.alpha, candidates=options.candidates, seed=seed)
    if options.guidance is not None:
        settings = replace(settings, guidance=options.guidance)
    sight = (
        sight_of(features, model) if follows and options.alpha > 0 else None
    )  # 0 = not its key frames either
    takes = write_tokens(model.musicgen, model.memory(prompt), n_frames, settings, sight, progress=progress)
    heard = [listen(model, take, bpm) for take in takes]
    placed = [place_take(beats, features, lead_s, options.alpha, follows) for beats in heard]
    chosen = int(np.argmax([placing.reward for placing in placed]))
    tempo_map = grid_of(heard[chosen], placed[chosen], features)
    tokens = takes[chosen].to(torch.int16).cpu().numpy()
    return Recording(tokens, placed[chosen], tempo_map, character.style, prompt, chosen, options.key)


def sight_of(features: FilmFeatures, model: AudioModel) -> Sight:
    """Show a film to the adapter.

    Args:
        features: motion, events, scenes and style of the film.
        model: MusicGen; without an adapter no key frames are shown.

    Returns:
        Dynamics and, where the adapter looks at them, key frames.

    Raises:
        WeightsError: the key frames are of another encoder than the adapter learned with.
    """
    dynamics = TokenDynamics(features, model.codec.frame_rate_hz)
    adapter, width = model.musicgen.adapter, features.key_features.shape[1]
    expected = adapter.config.d_pictures if adapter else 0
    if not expected:
        return Sight(dynamics)
    if width != expected:
        raise WeightsError(
            f"the adapter looks at key frames of width {expected}, the film's are of width {width}",
            "DYVIM_CLIP=clip (dyvim weights pull clip), or unset DYVIM_CLIP",
        )
    return Sight(dynamics, picture_embeddings(features), dynamics.visible)


def picture_embeddings(features: FilmFeatures) -> torch.Tensor:
    """Bring key frames to the scale that the adapter learned: each of length sqrt(F).

    Args:
        features: motion, events, scenes and style of the film.

    Returns:
        [M, F] float32.
    """
    keys = torch.from_numpy(np.asarray(features.key_features, dtype=np.float32))
    return torch.nn.functional.normalize(keys, dim=1) * keys.shape[1] ** 0.5


@dataclass(frozen=True)
class TakeBeats:
    """Onsets and beats detected in a take."""

    beats_s: np.ndarray  # [B] music time
    bpm: float
    envelope: np.ndarray  # [F] every 10 ms


def listen(model: AudioModel, tokens: torch.Tensor, asked_bpm: float) -> TakeBeats:
    """Find the beats of one take, heard block by block.

    Args:
        model: MusicGen, whose codec decodes the tokens.
        tokens: [K, N] audio tokens.
        asked_bpm: tempo of the prompt; it decides where the sound leaves a doubt.

    Returns:
        Beats, tempo and onset envelope.
    """
    listener = OnsetEnvelope(model.codec.sample_rate)
    for block in decoded_blocks(model.codec, tokens):
        listener.feed(block.mean(dim=0).cpu().numpy())
    envelope = listener.envelope
    bpm = find_tempo(envelope, asked_bpm)
    return TakeBeats(track_beats(envelope, bpm), bpm, envelope)


def place_take(
    heard: TakeBeats, features: FilmFeatures, lead_s: float, alpha: float, follows: bool
) -> Alignment:
    """Choose where a take begins and how fast it plays; at alpha 0 the film has no say in it.

    Args:
        heard: what was heard in the take.
        features: motion, events, scenes and style of the film.
        lead_s: seconds of music before the film's beginning, to choose from.
        alpha: 0..1, strength of the film's say.
        follows: whether an adapter wrote it to the film: then it stays where it is and is only judged.

    Returns:
        Beginning, speed and reward.
    """
    if alpha == 0:
        return Alignment(lead_s, 1.0, 0.0)
    if follows:  # it was written to the film: it is not moved, and is rated by the events that it meets
        return Alignment(0.0, 1.0, _onsets_at_events(heard.envelope, features))
    if not heard.envelope.any():  # beats of silence meet no event, however regular
        return Alignment(lead_s, 1.0, 0.0)
    events = features.event_times_s, features.event_weights, features.event_names
    return place(heard.beats_s, lead_s, *events)


def _onsets_at_events(envelope: np.ndarray, features: FilmFeatures) -> float:
    """Mean rank of the onset strength at the film's events, 0..1; 0 without events."""
    if not len(features.event_times_s) or not envelope.any():
        return 0.0
    near = np.lib.stride_tricks.sliding_window_view(np.pad(envelope, 4), 9).max(axis=1)  # 40 ms around
    frames = np.rint(features.event_times_s / FRAME_S - ONSET_FRAMES).astype(int)
    frames = np.clip(frames, 0, len(near) - 1)
    return float(np.average(ranks(near)[frames], weights=features.event_weights + 1e-9))


def grid_of(heard: TakeBeats, placing: Alignment, features: FilmFeatures) -> TempoMap:
    """Convert a take's beats to film time, four steps each, from the film's beginning to its end.

    Args:
        heard: what was heard in the take.
        placing: where it begins and how fast it plays.
        features: motion, events, scenes and style of the film.

    Returns:
        The grid with the hit table.
    """
    beats = placing.to_film(heard.beats_s)
    beat_s = 60 / heard.bpm / placing.speed
    if len(beats) < 2:
        beats = np.array([0.0, beat_s])
    before = np.arange(int(np.ceil(max(0.0, beats[0]) / beat_s)), 0, -1)
    after = np.arange(1, int(np.ceil(max(0.0, features.duration_s - beats[-1]) / beat_s)) + 1)
    beats = np.concatenate([beats[0] - before * beat_s, beats, beats[-1] + after * beat_s])
    quarters = np.arange((len(beats) - 1) * STEPS_PER_BEAT + 1) / STEPS_PER_BEAT
    grid = TempoMap(np.interp(quarters, np.arange(len(beats)), beats), heard.bpm * placing.speed)
    hits = hit_table(grid, features.event_times_s, features.event_weights, features.event_names)
    return TempoMap(grid.step_times_s, grid.bpm, hits)
