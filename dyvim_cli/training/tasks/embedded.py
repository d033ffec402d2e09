"""Tune the shipped decoder on rendered pairs: render, watch, cache, tune, evaluate, write."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dyvim_cli import weights
from dyvim_cli.atomic import write_json
from dyvim_cli.errors import InputError
from dyvim_cli.model.score.checkpoint import load_decoder, save_decoder, save_tensors
from dyvim_cli.music.symbols import tokens
from dyvim_cli.progress import Progress
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.data.shards import load
from dyvim_cli.training.films.footage import read_takes
from dyvim_cli.training.films.pairs import Ready, load_pairs, prepare_pairs
from dyvim_cli.training.films.rendered import Material, render_pair
from dyvim_cli.training.learn.score_learner import VIEWS, ScoreLearner
from dyvim_cli.training.learn.strategies import merge_lora
from dyvim_cli.training.learn.tune import ADAPTER, TuneSettings, tune
from dyvim_cli.training.tasks.motion import _textures as photographs
from dyvim_cli.vision.settings import settings as seen_with

N_STEPS = 256  # steps a crop
# z_d's weights begin at nothing; the decoder is what people like to hear already (times strategies' rates)
NEW_GAIN, DECODER_GAIN = 1.5, 0.3
TAKES = 4  # a film and alpha that sync is judged on
DECODER, HELD_OUT = "decoder.safetensors", "held-out.json"


def render(
    shards: list[Path],
    out: Path,
    n_films: int,
    seed: int,
    clips: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Render films for the pieces of some shards; resumes where it stopped.

    Args:
        shards: of pieces.
        out: folder of the pairs.
        n_films: how many.
        seed: of pieces and films.
        clips: folder of real footage for some of the sets; None makes all of textures.
        progress: notified of each film.

    Returns:
        Facts for JSON.
    """
    pieces = [piece for path in shards for piece in load(path)]
    material = Material(photographs(), read_takes(clips) if clips else ())

    def make(piece: Piece, rng: np.random.Generator) -> Any:
        return render_pair(piece, material, rng)

    shown = {"takes": len(material.takes), "frames": sum(len(take.frames) for take in material.takes)}
    return prepare_pairs(pieces, out, n_films, seed, make, seen_with() | shown, progress) | shown


def learner(pairs: Path, start_from: Path | None = None, batch_size: int = 6) -> ScoreLearner:
    """Put the decoder and its data together.

    Args:
        pairs: folder of rendered pairs.
        start_from: decoder; None takes the shipped one.
        batch_size: crops a batch.

    Returns:
        The learner.

    Raises:
        InputError: there are too few films, or another motion encoder saw them.
    """
    training, held_out, music, made_with = load_pairs(pairs)
    expected = seen_with()
    if any(made_with.get(name) != value for name, value in expected.items()):
        raise InputError(f"{pairs}: these films were seen by another motion encoder", "dyvim train render")
    if not training or not held_out:
        raise InputError(f"{pairs}: too few films to learn from and to hold out", "dyvim train render")
    model = load_decoder(start_from or weights.embedded(weights.DECODER)).requires_grad_(True)
    return ScoreLearner(model, Ready.of(training, music), Ready.of(held_out, []), N_STEPS, batch_size)


def tune_embedded(
    pairs: Path,
    out: Path,
    settings: TuneSettings,
    start_from: Path | None = None,
    batch_size: int = 6,
    log: Callable[[dict[str, Any]], None] = lambda record: None,
) -> dict[str, Any]:
    """Tune to the end; writes decoder, adapter (what changed) and the held-out table.

    Args:
        pairs: folder of rendered pairs.
        out: folder of the run.
        settings: how to tune.
        start_from: decoder; None takes the shipped one.
        batch_size: crops a batch.
        log: takes each record.

    Returns:
        Facts for JSON.
    """
    torch.manual_seed(settings.seed)
    start_from = start_from or weights.embedded(weights.DECODER)
    one = learner(pairs, start_from, batch_size)
    before = {name: tensor.clone() for name, tensor in one.model.state_dict().items()}
    facts = tune(one, out, settings, log)
    merge_lora(one)
    model = one.model.eval()
    facts |= {"backbone": str(start_from.name), "backbone_sha256": weights.sha256(start_from)} | seen_with()
    facts |= {"z_d": told_by(one), "above_true": above_true(one)}
    save_decoder(model, out / DECODER, half=False, card=facts)
    changed = {n: t.half() for n, t in model.state_dict().items() if not torch.equal(t, before[n])}
    save_tensors(changed, out / ADAPTER, {"card": json.dumps(facts)})
    write_json(out / HELD_OUT, facts)
    return facts


def sync_on(films: list[Path]) -> Callable[[ScoreLearner], dict[str, float]]:
    """Make a judge of music for real films: how far alpha 1 follows events and motion beyond alpha 0.

    Mean over the films and a few takes of each. Of the tokens, before any player: accent is the mean rank
    (-1..1) of the strength at events, following the rank correlation of strength and motion by beat
    (model/score/ranking.py).

    Args:
        films: paths of videos, which are analysed once.

    Returns:
        Function of a learner that gives the two differences by name.
    """
    from dyvim_cli.model.compose.score import write_score
    from dyvim_cli.options import ComposeOptions
    from dyvim_cli.pipeline import features_of

    seen = [features_of(path) for path in films]

    def judge(one: ScoreLearner) -> dict[str, float]:
        takes = {
            options.alpha: [take for f in seen for take in write_score(f, options, one.model).extras["takes"]]
            for options in (ComposeOptions(alpha=alpha, candidates=TAKES) for alpha in (1.0, 0.0))
        }
        return {
            name: float(np.mean([getattr(a, name) for a in takes[1.0]]))
            - float(np.mean([getattr(a, name) for a in takes[0.0]]))
            for name in ("accent", "following")
        }

    return judge if seen else lambda one: {}


def told_by(one: ScoreLearner) -> dict[str, dict[str, float]]:
    """Take the held-out loss by the inputs from the film.

    Args:
        one: tuned learner; it is left in evaluation mode.

    Returns:
        View -> "all" or stream -> nats a token.
    """
    one.eval()
    table = {}
    for view in VIEWS:
        losses = one.stream_losses(view)
        rows = dict(zip((s.name for s in tokens.STREAMS), losses.tolist(), strict=True))
        table[view] = {n: round(x, 4) for n, x in ({"all": float(losses.nansum() / tokens.K)} | rows).items()}
    return table


def above_true(one: ScoreLearner, n_draws: int = 2000) -> dict[str, tuple[float, float, float]]:
    """Take how much more a held-out film costs under a view than with all that is true of it.

    Args:
        one: tuned learner; it is left in evaluation mode.
        n_draws: of the bootstrap (Efron 1979).

    Returns:
        View -> (mean, low, high) over the films, nats a token; low to high is the 95 % interval.
    """
    one.eval()
    films = {view: one.film_losses(view) for view in VIEWS}
    drawn = np.random.default_rng(0).integers(len(films["true"]), size=(n_draws, len(films["true"])))
    table = {}
    for view in (v for v in VIEWS if v != "true"):
        more = films[view] - films["true"]
        low, high = np.percentile(more[drawn].mean(axis=1), [2.5, 97.5])
        mean, low, high = (round(float(x), 4) for x in (more.mean(), low, high))
        table[view] = (mean, low, high)
    return table
