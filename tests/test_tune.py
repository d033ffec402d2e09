"""Tuning on rendered pairs: films of pieces, the schedule of learning, runs that resume exactly."""

import json
import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from helpers.small_decoders import small_decoder
from PIL import Image

pytest.importorskip("accelerate")
pytest.importorskip("cv2")

from dyvim_cli import weights  # noqa: E402
from dyvim_cli.errors import InputError, OutputError, WeightsError  # noqa: E402
from dyvim_cli.model.conditioning import decoder_inputs  # noqa: E402
from dyvim_cli.model.score.checkpoint import load_tensors, save_decoder
from dyvim_cli.music.symbols import tokens  # noqa: E402
from dyvim_cli.training.arranger.library import arrange_pieces  # noqa: E402
from dyvim_cli.training.data import shards  # noqa: E402
from dyvim_cli.training.figures.compare import compare  # noqa: E402
from dyvim_cli.training.films import choreography, pairs, rendered
from dyvim_cli.training.films.pairs import Pair, Ready  # noqa: E402
from dyvim_cli.training.learn.same_run import check_same_run  # noqa: E402
from dyvim_cli.training.learn.score_learner import VIEWS, ScoreLearner, seen_as  # noqa: E402
from dyvim_cli.training.learn.score_loss import losses  # noqa: E402
from dyvim_cli.training.learn.strategies import STRATEGIES, add_lora, merge_lora, phase  # noqa: E402
from dyvim_cli.training.learn.tune import STATE, TuneSettings, TuningRun, read_log, tune  # noqa: E402
from dyvim_cli.training.tasks import motion
from dyvim_cli.training.tasks.release import release_decoder  # noqa: E402


@pytest.fixture(scope="module")
def pieces():
    """A few arranged pieces that follow curves, and some that do not."""
    return arrange_pieces(24, seed=5)


new_decoder = partial(small_decoder, n_layers=3, window=32, dropout=0.1)


def telling_pair(piece, seed) -> Pair:
    """A pair whose z_d holds the onsets: no film, but all the information that a film could have."""
    rng = np.random.default_rng(seed)
    drums = piece.tokens[tokens.STREAM_INDEX["drums"]]
    z_d = rng.normal(0, 0.1, (len(drums), decoder_inputs.D_MOTION)).astype(np.float32)
    z_d[:, 0] += drums > 0
    return Pair(piece, piece.curves, z_d)


@pytest.fixture()
def learner(pieces) -> ScoreLearner:
    followers = [p for p in pieces if not p.name.startswith("free/")]
    told = [telling_pair(p, i) for i, p in enumerate(followers[:12])]
    ready = Ready.of(told[:8], [p for p in pieces if p.name.startswith("free/")])
    return ScoreLearner(
        new_decoder(),
        ready,
        Ready.of(told[8:], []),
        n_steps=64,
        batch_size=4,
    )


def test_the_film_of_a_piece_cuts_jolts_and_moves_with_it(pieces):
    piece = next(p for p in pieces if (p.curves[:, 1] > 0).sum() >= 2 and (p.curves[:, 0] > 0).sum() >= 4)
    film = choreography.choreograph(piece, 25.0, np.random.default_rng(2))
    step_s = 15 / piece.bpm
    cuts_s = [film.times_s[shot.start] for shot in film.shots[1:]]
    steps_s = np.flatnonzero(piece.curves[:, 1] > 0) * step_s
    assert cuts_s and all(-1e-6 <= t - steps_s[np.abs(steps_s - t).argmin()] < 0.041 for t in cuts_s)
    calm = replace(piece, curves=piece.curves * (1, 1, 0) + (0, 0, 0.1)).curves
    wild = calm + (0, 0, 0.8)

    def travelled(curves):
        film = choreography.choreograph(replace(piece, curves=curves), 25.0, np.random.default_rng(2))
        return np.abs(np.diff(film.camera, axis=0)).sum()

    assert travelled(wild) > 2 * travelled(calm)


def test_a_rendered_film_is_seen_as_it_was_meant(pieces):
    """The whole way: pixels, motion encoder, events, grid."""
    n, half = 96, 48
    source = next(p for p in pieces if p.tokens.shape[1] >= n)
    curves = np.zeros((n, 3), np.float32)
    curves[:, 2] = np.repeat([0.1, 0.9], half)
    curves[half, :2] = 1.0
    piece = replace(source, tokens=source.tokens[:, :n], curves=curves, bpm=180.0)
    pair = rendered.render_pair(piece, rendered.Material(motion._textures()), np.random.default_rng(2))
    assert pair.curves.shape == (n, 3) and pair.motion.shape == (n, decoder_inputs.D_MOTION)
    cuts = np.flatnonzero(pair.curves[:, 1])
    assert len(cuts) == 1 and abs(cuts[0] - half) <= 1
    assert pair.curves[half + 4 : -4, 2].mean() > pair.curves[4 : half - 4, 2].mean() + 0.3
    assert np.abs(pair.motion).max() > 1


def test_pairs_are_cached_and_made_once(pieces, tmp_path):
    calls = []

    def make(piece, rng):
        calls.append(piece.name)
        return telling_pair(piece, 0)

    pairs.prepare_pairs(pieces, tmp_path, 10, 0, make, {"encoder": "a"})
    assert len(calls) == 10
    (tmp_path / "pairs-0001.safetensors").unlink()
    pairs.prepare_pairs(pieces, tmp_path, 10, 0, make, {"encoder": "a"})
    assert len(calls) == 12  # two of the ten were in the second shard
    training, held_out, music, made_with = pairs.load_pairs(tmp_path)
    assert len(training) + len(held_out) == 10 and made_with["encoder"] == "a"
    assert music
    known = {shards.work_of(p.name) for p in shards.split(pieces)[1]}
    assert all(shards.work_of(p.piece.name) in known for p in held_out)
    assert not known & {shards.work_of(p.name) for p in [*music, *(p.piece for p in training)]}
    np.testing.assert_array_equal(training[0].motion, telling_pair(training[0].piece, 0).motion)
    pairs.prepare_pairs(pieces, tmp_path, 10, 0, make, {"encoder": "b"})
    assert len(calls) == 22  # another encoder: all films are watched again
    with pytest.raises(InputError):
        pairs.load_pairs(tmp_path / "nothing")


def test_a_film_is_told_how_its_music_begins_and_moves_on_the_scale_of_the_music(pieces):
    piece = next(p for p in pieces if np.ptp(p.curves[:, 2]) > 0.3)
    own = piece.curves.copy()
    own[0, :2] = 0.9, 1.0
    seen = own.copy()
    seen[:, :2] = 0
    seen[8, 0] = 0.4
    seen[:, 2] = 0.5 * own[::-1, 2]
    before = seen.copy()
    told = pairs.with_film_curves(
        Pair(replace(piece, curves=own), seen, np.zeros((len(seen), 64), np.float32))
    )
    np.testing.assert_array_equal(seen, before)
    np.testing.assert_array_equal(told[0, :2], own[0, :2])
    np.testing.assert_array_equal(told[1:, :2], seen[1:, :2])
    np.testing.assert_array_equal(told[:, 2], own[::-1, 2])


def test_views_show_what_they_say(learner):
    batch = learner.judged_by[0]
    n = decoder_inputs.N_CURVES
    seen = {view: seen_as(batch, view) for view in VIEWS}
    assert torch.equal(seen["true"].dynamics, batch.dynamics)
    assert (seen["none"].alpha == 0).all()
    assert not seen["curves"].dynamics[..., n:].any() and not seen["z_d"].dynamics[..., :n].any()
    assert not torch.equal(seen["curves, shuffled z_d"].dynamics[..., n:], batch.dynamics[..., n:])
    assert torch.equal(seen["curves, shuffled z_d"].dynamics[..., :n], batch.dynamics[..., :n])


def test_what_is_heard_without_film_is_the_music_of_pretraining(learner):
    """At full dropout every crop has its own curves and no z_d; at none every crop has a film."""
    ready = learner.training_pairs
    told = Ready(ready.films, [pairs.with_conditions(p.piece) for p in ready.films])
    rng = np.random.default_rng(3)
    music = pairs.draw_batch(told, 64, 16, 1.0, rng).dynamics
    films = pairs.draw_batch(told, 64, 16, 0.0, rng).dynamics
    n = decoder_inputs.N_CURVES
    assert not music[..., n:].any() and music[..., :n].any()
    assert films[..., n:].any()


def test_annealing_thaws_from_the_top_and_ends_at_zero():
    phases = [phase("annealing", x, 5) for x in np.linspace(0, 1, 101)]
    thawed = [p.n_thawed for p in phases]
    assert set(thawed) == {0, 1, 2, 3, 4, 5} and thawed == sorted(thawed)  # part by part
    second = [p for p in phases if p.n_thawed]
    rates, dropouts = [p.decoder_rate for p in second], [p.dropout for p in second]
    assert rates == sorted(rates, reverse=True) and rates[-1] == 0 < rates[0]
    assert dropouts == sorted(dropouts, reverse=True) and dropouts[0] > dropouts[-1]
    assert all(phase("frozen", x, 5).n_thawed == 0 for x in (0, 0.5, 1))
    assert phase("full", 0.0, 5).n_thawed == 5


def test_the_top_of_the_decoder_is_its_head_and_its_last_layer(learner):
    parts, model = learner.parts(), learner.model
    assert model.head in parts[0] and model.embedding in parts[-1]
    assert [part[0] for part in parts[1:-1]] == list(model.blocks)[::-1]


def test_lora_begins_as_nothing_and_merges_into_the_weights():
    model = new_decoder().eval()
    batch = (
        torch.randint(0, 5, (1, tokens.K, 9)),
        torch.zeros(1, 9, 32),
        torch.zeros(1, 2, decoder_inputs.D_SEMANTICS),
    )
    with torch.no_grad():
        before = model(*batch)
        learned = add_lora([model.blocks[0], model.blocks[2]])
        torch.testing.assert_close(model(*batch), before)
        for p in learned:
            p.add_(0.1)
        adapted = model(*batch)
        merge_lora(model)
        torch.testing.assert_close(model(*batch), adapted)
    assert (adapted - before).abs().max() > 1e-3
    assert set(model.state_dict()) == set(new_decoder().state_dict())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_stopped_run_goes_on_to_the_last_digit(learner, pieces, tmp_path, strategy):
    settings = TuneSettings(strategy, updates=9, evaluations=3, seed=4)
    stop = int(np.random.default_rng(len(strategy)).integers(1, 8))
    start = {n: t.clone() for n, t in learner.model.state_dict().items()}
    whole = tune(learner, tmp_path / "whole", settings)
    merge_lora(learner)
    trained = learner.model.state_dict()
    again = ScoreLearner(new_decoder(), learner.training_pairs, Ready([], []), 64, 4)
    again.judged_by = learner.judged_by
    part = tune(again, tmp_path / "parts", settings, stop_after=stop)
    assert part == {"update": stop, "total": 9}
    again.model = new_decoder()
    rest = tune(again, tmp_path / "parts", settings)
    merge_lora(again)
    assert rest["held_out"] == whole["held_out"]
    logs = [read_log(tmp_path / name / "log.jsonl") for name in ("whole", "parts")]
    assert logs[0] == logs[1]
    assert all(torch.equal(t, again.model.state_dict()[n]) for n, t in trained.items())
    changed = {n.split(".")[0] for n, t in trained.items() if not torch.equal(t, start[n])}
    assert "extension" in changed
    assert (changed == {"extension"}) == (strategy == "frozen")
    curves = slice(None), slice(decoder_inputs.N_CURVES)
    assert torch.equal(trained["extension.weight"][curves], start["extension.weight"][curves])
    assert torch.equal(trained["extension.gate"], start["extension.gate"])


def test_a_folder_goes_on_with_its_own_run_alone(learner, tmp_path):
    settings = TuneSettings("annealing", updates=4, evaluations=1, seed=1)
    tune(learner, tmp_path, settings, stop_after=2)
    log = (tmp_path / "log.jsonl").read_bytes()
    for other in ({"strategy": "frozen"}, {"updates": 9}, {"seed": 2}, {"mixed_precision": "bf16"}):
        learner.model = new_decoder()
        with pytest.raises(OutputError, match=next(iter(other))):
            check_same_run(tmp_path / STATE, vars(replace(settings, **other)))
    with pytest.raises(OutputError, match="strategy annealing, not frozen"):
        tune(learner, tmp_path, replace(settings, strategy="frozen"))
    learner.model = new_decoder()
    learner.model.head.weight.data[0, 0] += 0.5
    with pytest.raises(OutputError, match="other weights"):
        tune(learner, tmp_path, settings)
    assert (tmp_path / "log.jsonl").read_bytes() == log
    learner.model = new_decoder()
    assert tune(learner, tmp_path, settings)["updates"] == 4
    (tmp_path / STATE).write_bytes((tmp_path / STATE).read_bytes()[:-9])
    with pytest.raises(WeightsError, match="cannot be read"):
        tune(learner, tmp_path, settings)


def test_a_state_of_a_crash_between_saves_replays_the_same(learner, tmp_path):
    settings = TuneSettings("annealing", updates=6, evaluations=2, seed=1, save_every_s=1e9)
    tune(learner, tmp_path, settings, stop_after=3)
    saved = (tmp_path / STATE).read_bytes()
    learner.model = new_decoder()
    tune(learner, tmp_path, settings, stop_after=2)  # continues to 5
    before = read_log(tmp_path / "log.jsonl")
    (tmp_path / STATE).write_bytes(saved)  # as if it had crashed before it could save
    learner.model = new_decoder()
    tune(learner, tmp_path, settings, stop_after=2)
    assert read_log(tmp_path / "log.jsonl") == before


def test_a_run_that_is_killed_before_it_saves_keeps_to_its_number_of_updates(learner, tmp_path, monkeypatch):
    settings, save = TuneSettings("annealing", minutes=0.01, evaluations=1, save_every_s=1e9), TuningRun.save
    monkeypatch.setattr(TuningRun, "save", lambda run: save(run) if run.clock.update == 0 else None)

    def kill(record):
        if "loss" in record:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(learner, tmp_path, settings, kill)
    monkeypatch.undo()
    learner.model, planned = new_decoder(), []
    facts = tune(learner, tmp_path, settings, lambda record: planned.append(record["total"]))
    assert set(planned) == {facts["updates"]}
    assert json.loads(load_tensors(tmp_path / STATE)[1]["clock"])["total"] == facts["updates"]
    updates = [record["update"] for record in read_log(tmp_path / "log.jsonl") if "loss" in record]
    assert updates == list(range(1, facts["updates"] + 1))


def test_z_d_is_learned_where_it_tells_something(learner, tmp_path):
    """Frozen decoder: only the extension can have learned; drums follow the z_d that encodes them."""
    weight = learner.model.extension.weight
    tune(learner, tmp_path, TuneSettings("frozen", updates=70, evaluations=1, seed=2, new_gain=30.0))
    assert weight[:, decoder_inputs.N_CURVES :].abs().max() > 0
    drums = tokens.STREAM_INDEX["drums"]
    with torch.no_grad():
        views = ("true", "curves, shuffled z_d")
        told, misled = (learner.eval().stream_losses(view)[drums] for view in views)
    assert told < misled - 0.01


def test_updates_are_planned_from_minutes(learner, tmp_path, monkeypatch):
    """On a processor that takes the longer the more has thawed."""
    spent_s, backward = [0.0], TuningRun.backward

    def slow(run, now, update):
        spent_s[0] += 0.01 * (1 + now.n_thawed)
        return backward(run, now, update)

    monkeypatch.setattr(TuningRun, "backward", slow)
    monkeypatch.setattr(TuningRun, "now_s", lambda run: spent_s[0])
    facts = tune(learner, tmp_path, TuneSettings("annealing", minutes=0.02, evaluations=1))
    assert facts["updates"] > 20
    assert facts["seconds"] / 1.2 == pytest.approx(1, abs=0.2)


def test_alpha_zero_takes_no_gradient_into_the_extension(learner):
    batch = learner.judged_by[0]
    losses(learner.model, replace(batch, alpha=torch.zeros_like(batch.alpha))).nansum().backward()
    assert learner.model.extension.weight.grad.abs().max() == 0


def test_strategies_are_compared_in_a_table_and_a_picture(learner, tmp_path, monkeypatch):
    from dyvim_cli.training.figures import drawing
    from dyvim_cli.training.figures.drawing import figure

    def make():
        learner.model = new_decoder()
        return learner

    shown = []
    monkeypatch.setattr(drawing, "figure", lambda *size: shown.append(figure(*size)) or shown[-1])
    settings, accents = TuneSettings(updates=3, evaluations=1), iter([0.25] * 4 + [0.75] * 4)
    whole = sum(p.numel() for m in learner.parts() for n in m for p in n.parameters())
    rows = compare(make, tmp_path, settings, lambda one: {"accent": next(accents)}, seeds=range(2))
    assert tuple(rows) == STRATEGIES
    assert rows["frozen"][0]["learned"] == rows["annealing"][0]["learned"] - whole
    losses = [facts["held_out"]["true"] for facts in rows["full"]]
    assert losses[0] != losses[1]
    table = (tmp_path / "strategies.txt").read_text().splitlines()
    assert (
        len(table) == 5 and len({len(line) for line in table}) == 1 and "+0.500 (+0.250..+0.750)" in table[1]
    )
    assert "shuffled - true" in table[0] and "none - true" in table[0]
    assert all(re.search(r"[+-][.\d]+ \[[+-][.\d]+\.\.[+-]", row) for row in table[1:])
    assert np.asarray(Image.open(tmp_path / "strategies.png").convert("L")).std() > 5
    drawn = [[text.get_text() for text in axes.texts] for axes in shown[0].axes][1]  # over the bars
    gain = np.mean([np.subtract(f["films"]["shuffled"], f["films"]["true"]) for f in rows["full"]])
    assert drawn[4] == f"{gain:.3g}" and f"{gain:+.4f} [" in table[3]  # picture, table and facts agree
    again = compare(make, tmp_path, settings, lambda one: pytest.fail("ran again"), seeds=range(2))
    assert again == rows
    with pytest.raises(OutputError, match="updates 3, not 4"):
        compare(make, tmp_path, replace(settings, updates=4), seeds=range(2))


def test_what_is_released_is_half_the_size_and_listed(tmp_path):
    """Into a folder that is not there yet, as the README has it."""
    save_decoder(new_decoder(), tmp_path / "decoder.safetensors", half=False)
    released = release_decoder(
        tmp_path / "decoder.safetensors", tmp_path / "new" / "weights", {"tuned": "no"}
    )
    listed = json.loads((released.parent / weights.MANIFEST).read_text())[released.name]
    assert listed["sha256"] == weights.sha256(released) and listed["bytes"] == released.stat().st_size
    assert released.stat().st_size < 0.7 * (tmp_path / "decoder.safetensors").stat().st_size
    assert load_tensors(released)[1]["card"] == json.dumps({"tuned": "no"})


def test_alpha_of_held_out_loss_is_the_knob_of_score(learner, film, monkeypatch):
    from dyvim_cli.model.compose.score import write_score
    from dyvim_cli.options import ComposeOptions
    from dyvim_cli.pipeline import features_of, load_embedded

    class Asked(Exception):
        """Carries what the sampler was asked for."""

    def ask(model, conditions, plan, settings, progress):
        raise Asked(settings.alpha)

    monkeypatch.setattr("dyvim_cli.model.score.sampling.sample_pieces", ask)
    with pytest.raises(Asked) as asked:
        write_score(features_of(film), ComposeOptions(alpha=0.25), load_embedded())
    learner.eval()
    torch.nn.init.normal_(learner.model.extension.weight, std=0.2)  # so that a share of it is felt
    found = learner.held_out(("true",), alpha=0.25)["true"]
    told, as_it_stands = (
        float(learner.stream_losses("true", alpha).nansum() / tokens.K)
        for alpha in (asked.value.args[0], 0.25)
    )
    assert found == pytest.approx(told, abs=1e-6) and abs(found - as_it_stands) > 1e-4
