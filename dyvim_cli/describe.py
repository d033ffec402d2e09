"""Describe a film and its music as plain values, for the film's comment tag and for JSON."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from dyvim_cli.cache import FEATURES_VERSION
from dyvim_cli.desk.scored_tag import tag_text
from dyvim_cli.music.timing.nearest_onsets import onsets_near
from dyvim_cli.options import ComposeOptions
from dyvim_cli.types import STYLES, FilmFeatures, Hit, Score

if TYPE_CHECKING:
    from dyvim_cli.model.compose.recording import Recording

LEAST_SEEN = 0.2  # share (0..1) below which seen content is not mentioned


def comment(piece: "Score | Recording", options: ComposeOptions, speech_s: np.ndarray | None = None) -> str:
    """Write the film's comment tag, which holds enough to compose the music again.

    Args:
        piece: the music.
        options: options that it was composed with.
        speech_s: [N, 2] seconds of speech that the composer was given.

    Returns:
        One line.
    """
    text = tag_text(options, _written_in(piece), piece.tempo_map.bpm, piece.key, speech_s)
    return text + (
        f" piece={piece.extras['id']}" if isinstance(piece, Score) and "id" in piece.extras else ""
    )


def _written_in(piece: "Score | Recording") -> str:
    """The style that the notes were written in, whatever instruments play them."""
    character = piece.extras.get("character") if isinstance(piece, Score) else None
    return character.style if character is not None else piece.style


def describe(piece: "Score | Recording", features: FilmFeatures, options: ComposeOptions) -> dict[str, Any]:
    """Collect plain facts about a composition: choices, form, and the place of every event.

    Args:
        piece: the music.
        features: motion, events, scenes and style of the film.
        options: options that it was composed with.

    Returns:
        JSON values.
    """
    grid = piece.tempo_map.step_times_s
    recorded = {} if isinstance(piece, Score) else piece.facts()
    return recorded | {
        "model": options.model,
        "seed": options.seed,
        "alpha": options.alpha,
        "style": piece.style,
        **style_choice(features, piece.style, options),
        "mood": mood_of(features, options),
        "key": str(piece.key) if piece.key else None,
        "tempo_bpm": round(piece.tempo_map.bpm, 3),
        "sections": [
            {"start_s": round(float(grid[a]), 3), "end_s": round(float(grid[b]), 3), "role": role}
            for a, b, role in piece.sections
        ],
        "scenes": len(features.scene_starts_s),
        "hits": hits_of(piece),
        **({"recut": piece.extras["recut"]} if isinstance(piece, Score) and "recut" in piece.extras else {}),
    }


def hits_of(piece: "Score | Recording") -> list[dict[str, Any]]:
    """List every event of the film and what meets it: the onset of a score, the beat of a recording.

    Where no note starts near an event, music_s and error_ms are None and it is not met.

    Args:
        piece: the music.

    Returns:
        JSON values, one record an event.
    """
    hits = piece.tempo_map.hits
    times: list[float | None] = [hit.music_time_s for hit in hits]
    if isinstance(piece, Score):
        times = onsets_near(piece.stems, np.array([hit.film_time_s for hit in hits]))
    return [_hit(hit, music_s) for hit, music_s in zip(hits, times, strict=True)]


def _hit(hit: Hit, music_s: float | None) -> dict[str, Any]:
    is_met = music_s is not None
    return {
        "film_s": round(hit.film_time_s, 4),
        "music_s": None if music_s is None else round(music_s, 4),
        "error_ms": None if music_s is None else round(1000 * (music_s - hit.film_time_s), 1),
        "is_met": is_met,
        "kind": hit.kind,
        "weight": round(hit.weight, 3),
        "on_beat": is_met and hit.on_beat,
        "on_downbeat": is_met and hit.on_downbeat,
    }


def heard_hits(hits: list[dict[str, Any]], silent_s: Sequence[tuple[float, float]]) -> list[dict[str, Any]]:
    """Remove the hits at which the delivered music is silent.

    Args:
        hits: of hits_of.
        silent_s: [N, 2] seconds without music.

    Returns:
        Records in the same order.
    """
    return [
        hit | {"music_s": None, "error_ms": None, "is_met": False, "on_beat": False, "on_downbeat": False}
        if any(start <= hit["film_s"] <= end for start, end in silent_s)
        else hit
        for hit in hits
    ]


def style_choice(features: FilmFeatures, style: str, options: ComposeOptions) -> dict[str, Any]:
    """Describe how clear the choice of the style was.

    Args:
        features: motion, events, scenes and style of the film.
        style: that was chosen.
        options: options of composing.

    Returns:
        Its score and those that came close to it; nothing when the style was asked for.
    """
    from dyvim_cli.vision.styles import close_styles

    if options.style:
        return {}
    close = [(name, score) for name, score in close_styles(features.style_scores) if name != style]
    return {
        "style_score": round(float(features.style_scores[STYLES.index(style)]), 3),
        "style_also": [{"style": name, "score": round(score, 3)} for name, score in close],
    }


def mood_of(features: FilmFeatures, options: ComposeOptions | None = None) -> dict[str, Any]:
    """Describe a film's mood, or the requested one.

    Args:
        features: motion, events, scenes and style of the film.
        options: options of composing; None = what was seen counts.

    Returns:
        Valence and arousal, each -1..1, and two words.
    """
    from dyvim_cli.vision.styles import mood_words

    moods = features.scene_moods
    seen = moods.mean(axis=0).tolist() if len(moods) else (0.0, 0.0)
    valence, arousal = (options and options.mood) or seen
    return {
        "valence": round(valence, 3),
        "arousal": round(arousal, 3),
        "words": mood_words(valence, arousal),
    }


def explain(features: FilmFeatures) -> list[str]:
    """Explain why a film got its style.

    Args:
        features: motion, events, scenes and style of the film.

    Returns:
        Lines: the scores, what speaks for and against the best, the mood, what is seen and heard.
    """
    from dyvim_cli.vision.content import GROUPS
    from dyvim_cli.vision.styles import MEASURES, SPEECH, reasons

    ranked = sorted(zip(STYLES, features.style_scores.tolist(), strict=True), key=lambda pair: -pair[1])
    best, mood = ranked[0][0], mood_of(features)
    lines = ["styles: " + ", ".join(f"{style} {short(score)}" for style, score in ranked[:4])]
    lines.append(f"mood: {mood['words']} (valence {mood['valence']:+.2f}, arousal {mood['arousal']:+.2f})")
    if not len(features.style_measures):
        return lines
    speaks_for, against = reasons(features.style_measures, best)
    lines.append(f"for {best}: " + (_signed(speaks_for) or "nothing more than for others"))
    lines.append(f"against it: {_signed(against) or 'nothing'}")
    levels = dict(zip(MEASURES, features.style_measures.tolist(), strict=True))
    seen = sorted(((g, levels[g]) for g in GROUPS if levels[g] > LEAST_SEEN), key=lambda pair: -pair[1])
    lines.append("seen: " + (", ".join(f"{name} {short(level)}" for name, level in seen) or "nothing known"))
    return [*lines, *([f"heard: speech {short(levels[SPEECH])}"] if levels[SPEECH] else [])]


def short(score: float) -> str:
    """Write a number from 0 to 1 as editors do.

    Args:
        score: 0..1.

    Returns:
        `.18`.
    """
    return f"{score:.2f}".removeprefix("0")


def _signed(shares: list[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {share:+.2f}" for name, share in shares)


def describe_features(features: FilmFeatures) -> dict[str, Any]:
    """Collect plain facts about a film's features.

    Args:
        features: motion, events, scenes and style of the film.

    Returns:
        JSON values: events, scenes, mood, styles.
    """
    times, weight = features.event_times_s.tolist(), features.event_weights.tolist()
    return {
        "duration_s": features.duration_s,
        "frames": len(features.times_s),
        "events": [
            {"time_s": round(t, 4), "kind": k, "weight": round(w, 3)}
            for t, k, w in zip(times, features.event_names, weight, strict=True)
        ],
        "scenes": [
            {"start_s": round(float(s), 3), "label": int(label), "mood": [round(float(m), 3) for m in mood]}
            for s, label, mood in zip(
                features.scene_starts_s, features.scene_labels, features.scene_moods, strict=True
            )
        ],
        "version": FEATURES_VERSION,
        "mood": mood_of(features),
        "styles": dict(zip(STYLES, (round(float(x), 3) for x in features.style_scores), strict=True)),
    }


def each_once(*notes: Iterable[str]) -> list[str]:
    """Join notes in order, without those that were said before.

    Args:
        notes: what is to be said, from several sources.

    Returns:
        All of it, each once.
    """
    return list(dict.fromkeys(chain(*notes)))
