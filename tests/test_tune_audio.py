"""MusicGen tuned on films with music: prepared, tuned on every strategy, kept as an adapter."""

import json

import numpy as np
import pytest
import torch
from conftest import FRACTAL, MOVING, cut_film, steady_clock

pytest.importorskip("accelerate")

from dyvim_cli.cli.main import app  # noqa: E402
from dyvim_cli.errors import InputError, UsageError, WeightsError  # noqa: E402
from dyvim_cli.model.conditioning.token_dynamics import TokenDynamics  # noqa: E402
from dyvim_cli.model.musicgen.adapter import load_adapter, save_adapter  # noqa: E402
from dyvim_cli.model.musicgen.backbone import Memory, delayed, undelayed  # noqa: E402
from dyvim_cli.model.musicgen.loading import load_audio_model  # noqa: E402
from dyvim_cli.training.films import film_pairs  # noqa: E402
from dyvim_cli.training.films.film_pairs import SoundedFilm, encode_music, load_films, prepare_films  # noqa: E402
from dyvim_cli.training.learn.audio_learner import UNKNOWN, AudioLearner, stack_memories, token_losses  # noqa: E402
from dyvim_cli.training.learn.strategies import STRATEGIES, low_rank_terms, merge_lora  # noqa: E402
from dyvim_cli.training.learn.tune import TuneSettings, read_log, tune  # noqa: E402
from dyvim_cli.training.tasks import audio as tuning  # noqa: E402
from dyvim_cli.types import STYLES  # noqa: E402
from dyvim_cli.vision.settings import settings as seen_with  # noqa: E402

N_TOKENS, RATE_HZ = 64, 50


def sounded(seed: int, duration_s=4.0) -> SoundedFilm:
    """A film whose first codebook says whether it moves: still and moving stretches in turn."""
    rng = np.random.default_rng(seed)
    times = np.arange(0, duration_s, 0.08)
    bounds = np.sort(rng.uniform(0.3, duration_s - 0.3, 4))
    moving = np.searchsorted(bounds, times) % 2
    frames = np.searchsorted(bounds, (np.arange(int(duration_s * RATE_HZ)) + 0.5) / RATE_HZ) % 2
    codes = rng.integers(0, N_TOKENS, (4, len(frames)))
    codes[0] = np.where(frames == 1, 7, 3)
    return SoundedFilm(
        duration_s=duration_s, times_s=times,
        dynamics=(rng.normal(0, 0.1, (len(times), 64)) + moving[:, None]).astype(np.float32),
        energy=(0.01 + 0.4 * moving).astype(np.float32), novelty=np.zeros(len(times), np.float32),
        event_times_s=bounds, event_weights=np.ones(4, np.float32), event_kinds=np.ones(4, np.int8),
        scene_starts_s=np.zeros(1), scene_moods=np.zeros((1, 2), np.float32),
        scene_labels=np.zeros(1, np.int16), key_times_s=np.array([1.0, 3.0]),
        key_features=rng.normal(size=(2, 12)).astype(np.float32),
        style_scores=np.full(len(STYLES), 1 / len(STYLES), np.float32), codes=codes.astype(np.int16),
    )  # fmt: skip


def new_learner() -> AudioLearner:
    model = load_audio_model("debug")
    films = [sounded(i) for i in range(6)]
    return AudioLearner(model, films[:4], films[4:], n_frames=60, batch_size=3)


def test_films_are_prepared_once_and_bad_ones_listed(tmp_path):
    films, out = tmp_path / "films", tmp_path / "pairs"
    films.mkdir()
    cut_film(films / "a.mp4", MOVING, FRACTAL, seconds=0.8, audio="sine=frequency=330")
    cut_film(films / "b.mp4", FRACTAL, seconds=1.2, audio="sine=frequency=220")
    cut_film(films / "mute.mp4", MOVING, seconds=0.5)
    (films / "torn.mp4").write_bytes(b"no film")
    (films / "gone.mp4").symlink_to("nowhere.mp4")
    (films / "takes.mov").mkdir()  # a folder, whatever its name
    codec = load_audio_model("debug").codec
    facts = prepare_films(films, out, codec, "debug")
    assert facts["films"] == facts["prepared_now"] == 2
    assert (
        set(facts["failures"])
        == {"mute.mp4", "torn.mp4", "gone.mp4"}
        == set(json.loads((out / "failures.json").read_text()))
    )
    assert prepare_films(films, out, codec, "debug")["prepared_now"] == 0
    training, held_out, _ = load_films(out)
    lengths = sorted(f.codes.shape[1] for f in training + held_out)
    assert [len(training), len(held_out)] == [1, 1] and np.abs(np.array(lengths) - (60, 80)).max() <= 3
    with pytest.raises(InputError, match="another codec"):
        prepare_films(films, out, codec, "another")
    with pytest.raises(InputError, match="no films"):
        prepare_films(films / "takes.mov", out, codec, "debug")


def test_long_music_is_encoded_in_stretches_as_in_one(monkeypatch):
    codec = load_audio_model("debug").codec
    sound = torch.randn(1, 32_000 * 3, generator=torch.Generator().manual_seed(0)) * 0.1
    monkeypatch.setattr(film_pairs, "ENCODED_S", 1.2)
    whole, parts = codec.encode(sound), encode_music(sound, codec)
    assert whole.shape == parts.shape
    assert (whole != parts).float().mean() < 0.02  # codes at the seams see a second of context


def test_a_batch_is_what_the_sampler_would_be_told():
    learner = new_learner()
    batch = learner.judged_by[0]
    lead = learner.model.n_delays - 1
    film = learner.films[0]
    row = learner._window(film, 40, 1.0, is_conditioned=True)
    assert torch.equal(row["dynamics"][lead:-lead], film.dynamics(40, 60))
    assert torch.equal(row["tokens"], film.codes[:, 40:100])
    assert (learner._window(film, film.n_frames - 10, 1.0, True)["tokens"][:, 10:] == UNKNOWN).all()
    long = AudioLearner(load_audio_model("debug"), [sounded(9, 30.0)], [sounded(8)], n_frames=60)
    late = long._window(long.films[0], 1000, 1.0, is_conditioned=True)["visible"]  # one key frame in sight
    assert torch.equal(late, long.films[0].dynamics.visible(1000, 60 + lead)) and not late.all()
    unheard = learner._window(film, 40, 0.0, is_conditioned=False)
    assert row["memory"].mask.any() and not unheard["memory"].mask.any() and not unheard["embeddings"].any()
    told, none = learner.losses(batch), learner.held_out()
    assert none["true"] == none["none"]  # an untrained adapter changes nothing
    assert told.shape == (4,) and told.isfinite().all()


def test_words_of_unlike_length_stand_beside_each_other_unheard():
    rows = [Memory(torch.ones(1, n, 3), torch.ones(1, n, dtype=torch.long)) for n in (2, 4)]
    both = stack_memories(rows)
    assert both.states.shape == (2, 4, 3)
    assert both.mask.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert both.states[0, :2].all() and both.states[1].all()


def test_the_loss_is_that_of_each_token_given_those_before_it():
    learner = new_learner()
    model, batch = learner.eval().model, learner.judged_by[0]
    positions = delayed(batch.tokens, model.delays, N_TOKENS)
    inputs = torch.nn.functional.pad(positions[..., :-1], (1, 0), value=N_TOKENS)
    with torch.no_grad():
        logits = model(
            inputs,
            batch.memory,
            model.extend(batch.dynamics, batch.alpha),
            model.look(batch.embeddings, batch.visible),
        )
        nats = -logits.log_softmax(-1).gather(-1, positions.clamp(max=N_TOKENS - 1)[..., None])[..., 0]
        expected = undelayed(nats, model.delays).mean(dim=(0, 2))
        torch.testing.assert_close(learner.losses(batch), expected)


def test_the_top_of_musicgen_is_its_heads_and_its_last_layer():
    learner = new_learner()
    parts, decoder = learner.parts(), learner.model.backbone.decoder
    assert decoder.lm_heads in parts[0] and decoder.model.decoder.embed_tokens in parts[-1]
    assert [part[0] for part in parts[1:-1]] == list(decoder.model.decoder.layers)[::-1]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_adapter_plays_what_was_tuned(tmp_path, strategy):
    settings = TuneSettings(strategy, updates=6, evaluations=1, seed=3, new_gain=5.0)
    learner = new_learner()
    start = {n: p.detach().clone() for n, p in learner.model.backbone.named_parameters()}
    tune(learner, tmp_path, settings)
    terms = low_rank_terms(learner.model.backbone)
    assert bool(terms) == (strategy in ("lora", "annealing"))
    changes = terms or {n: p for n, p in learner.model.backbone.named_parameters() if not p.equal(start[n])}
    assert bool(changes) == (strategy != "frozen")
    path = save_adapter(learner.model, tmp_path, {"strategy": strategy}, changes)
    assert path.stat().st_size < 0.4 * sum(4 * p.numel() for p in start.values()) or strategy == "full"
    merge_lora(learner)
    fresh = load_audio_model("debug")
    before = AudioLearner(fresh, [sounded(0)], [sounded(4)], n_frames=60)
    batch = learner.judged_by[0]
    with torch.no_grad():
        untuned = before.losses(batch)
        assert load_adapter(fresh.musicgen, tmp_path) == {"strategy": strategy}
        torch.testing.assert_close(before.losses(batch), learner.eval().losses(batch), atol=2e-3, rtol=1e-3)
    assert (untuned - learner.losses(batch)).abs().max() > 5e-3


def test_a_changed_weight_that_the_backbone_lacks_is_refused(tmp_path):
    model = load_audio_model("debug").musicgen
    model.adapter = model.new_adapter(TokenDynamics.width)
    save_adapter(model, tmp_path, changes={"decoder.nothing.weight": torch.zeros(2, 2)})
    with pytest.raises(WeightsError):
        load_adapter(model, tmp_path)


def test_a_stopped_run_goes_on_to_the_last_digit(tmp_path):
    settings = TuneSettings("annealing", updates=8, evaluations=2, seed=1)
    tune(new_learner(), tmp_path / "whole", settings)
    tune(new_learner(), tmp_path / "parts", settings, stop_after=5)
    tune(new_learner(), tmp_path / "parts", settings)
    logs = [read_log(tmp_path / name / "log.jsonl") for name in ("whole", "parts")]
    assert logs[0] == logs[1] and len(logs[0]) == 8 + 3


def test_true_motion_beats_anothers_on_held_out_films(tmp_path):
    learner = new_learner()
    losses = tune(learner, tmp_path, TuneSettings("frozen", updates=80, evaluations=1, new_gain=5.0))[
        "held_out"
    ]
    assert losses["true"] < losses["shuffled"] - 0.01
    assert losses["true"] < losses["none"] - 0.01
    gains = learner.film_losses("shuffled") - learner.film_losses("true")
    assert gains.shape == (2,) and (gains > 0).all()
    assert gains.mean() == pytest.approx(losses["shuffled"] - losses["true"], abs=0.01)


def test_another_films_motion_is_another_films():
    """Windows that follow each other in a batch lend each other their motion: never two of one film."""
    films = [sounded(i, duration_s=6.0) for i in range(8)]
    learner = AudioLearner(load_audio_model("debug"), films[:4], films[4:], n_frames=60, batch_size=4)
    numbers = iter(learner.judged_films)
    for batch in learner.judged_by:
        own = [next(numbers) for _ in batch.tokens]
        assert all(a != b for a, b in zip(own, own[-1:] + own[:-1], strict=True))
    assert sorted(set(learner.judged_films)) == [0, 1, 2, 3]


def test_two_films_are_held_out_as_soon_as_there_are_four(tmp_path):
    from dyvim_cli import cache

    (tmp_path / "codec.json").write_text("{}")
    shares = []
    for i in range(16):
        cache.write_features(sounded(i), tmp_path / f"film-{i}.safetensors")
        if i:
            shares.append([len(part) for part in load_films(tmp_path)[:2]])
    assert shares[:4] == [[1, 1], [2, 1], [2, 2], [3, 2]] and shares[-1] == [14, 2]
    torn = tmp_path / "film-3.safetensors"
    torn.write_bytes(torn.read_bytes()[:500])
    with pytest.raises(InputError, match="film-3") as failure:
        load_films(tmp_path)
    assert "dyvim train prepare again" in failure.value.hint


def test_the_command_line_tunes_and_says_what_it_wrote(tmp_path):
    from typer.testing import CliRunner

    from dyvim_cli import cache
    from dyvim_cli.training.films.film_pairs import facts_of

    pairs, out = tmp_path / "pairs", tmp_path / "run"
    pairs.mkdir()
    audio = tuning.open_backbone("debug")
    facts = facts_of(audio.codec, tuning.codec_digest(audio.codec)) | seen_with()
    (pairs / "codec.json").write_text(json.dumps(facts | {"motion_encoder": "another"}))
    for i in range(3):
        cache.write_features(sounded(i), pairs / f"film-{i}.safetensors")
    with pytest.raises(InputError, match="another motion encoder"):
        tuning.learner(pairs, "debug")
    (pairs / "codec.json").write_text(json.dumps(facts))
    arguments = ["train", "tune", str(pairs), "-o", str(out), "--backbone", "debug", "--updates", "2"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["megabytes"] < 5 and (out / "adapter.safetensors").exists()
    weights = str(out / "adapter.safetensors")
    for option in (
        ["tune", "--start-from", weights],
        ["compare", "--film", weights],
    ):
        verb, *rest = option
        refused = CliRunner().invoke(
            app, ["train", verb, str(pairs), "-o", str(out), "--backbone", "debug", *rest]
        )
        assert isinstance(refused.exception, UsageError) and rest[0] in refused.exception.message


def test_several_processes_learn_together(tmp_path):
    """As torchrun or accelerate start them: one log, one state, and gradients of both."""
    import subprocess
    import sys

    from dyvim_cli import cache
    from dyvim_cli.training.films.film_pairs import facts_of

    pairs, out = tmp_path / "pairs", tmp_path / "run"
    pairs.mkdir()
    audio = tuning.open_backbone("debug")
    facts = facts_of(audio.codec, tuning.codec_digest(audio.codec)) | seen_with()
    (pairs / "codec.json").write_text(json.dumps(facts))
    for i in range(3):
        cache.write_features(sounded(i), pairs / f"film-{i}.safetensors")
    two = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "-m", "dyvim_cli"]
    two[3:3] = ["--standalone", "--local-addr", "127.0.0.1"]  # on any free port
    ask = ["train", "tune", str(pairs), "-o", str(out), "--backbone", "debug", "--updates", "2"]
    done = subprocess.run([*two, *ask], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["updates"] == 2  # said once
    updates = [record["update"] for record in read_log(out / "log.jsonl") if "loss" in record]
    assert updates == [1, 2] and (out / "adapter.safetensors").exists()


def test_rendered_films_come_with_their_own_music(tmp_path):
    """Pairs without any data: the film of a piece, and the piece as the players sound it."""
    from dataclasses import replace

    from dyvim_cli.training.arranger.library import arrange_pieces
    from dyvim_cli.training.data import shards

    pieces = [p for p in arrange_pieces(24, seed=5) if not p.name.startswith("free/")]
    short = [replace(p, tokens=p.tokens[:, :32], curves=p.curves[:32], bpm=170.0) for p in pieces[:2]]
    short = [replace(p, sections=(replace(p.sections[0], start=0, end=32),)) for p in short]
    shards.save(short, tmp_path / "short.safetensors")
    codec = tuning.open_codec(None, "debug")
    facts = tuning.prepare_rendered([tmp_path / "short.safetensors"], tmp_path / "pairs", codec, 2, 0)
    assert facts == {"films": 2, "prepared_now": 2, "failures": {}}
    training, held_out, _ = load_films(tmp_path / "pairs")
    duration_s = 32 * 15 / 170
    for film in training + held_out:
        assert film.duration_s == pytest.approx(duration_s)
        assert abs(film.codes.shape[1] - duration_s * RATE_HZ) <= 1
    sound = tuning.render_piece(short[0], np.arange(33) * 15 / 170, 32_000, 0)
    assert abs(len(sound) - duration_s * 32_000) < 100 and np.abs(sound).max() > 0.05
    again = tuning.prepare_rendered([tmp_path / "short.safetensors"], tmp_path / "pairs", codec, 2, 0)
    assert again["prepared_now"] == 0


def test_an_excerpt_is_whole_bars_of_the_piece():
    from dyvim_cli.training.arranger.library import arrange_pieces

    piece = next(p for p in arrange_pieces(24, seed=5) if p.tokens.shape[1] >= 128 and len(p.sections) > 2)
    part = tuning.excerpt(piece, 12.0, np.random.default_rng(1))
    n = part.tokens.shape[1]
    assert n % 16 == 0 and 12.0 - 240 / piece.bpm < n * 15 / piece.bpm <= 12.0
    first = next(
        a
        for a in range(0, piece.tokens.shape[1] - n + 1, 16)
        if np.array_equal(piece.tokens[:, a : a + n], part.tokens)
    )
    assert np.array_equal(part.curves, piece.curves[first : first + n])
    role = {step: s.role for s in piece.sections for step in range(s.start, s.end)}
    assert [role[first + step] for s in part.sections for step in range(s.start, s.end)] == [
        s.role for s in part.sections for _ in range(s.start, s.end)
    ]
    assert part.sections[0].start == 0 and part.sections[-1].end == n
    assert (part.starts_piece, part.ends_piece) == (first == 0, first + n == piece.tokens.shape[1])
    assert tuning.excerpt(piece, 1e4, np.random.default_rng(1)) is piece


def test_words_of_a_rendered_film_say_what_its_music_is():
    from dyvim_cli.training.arranger.library import arrange_pieces
    from dyvim_cli.training.learn.audio_learner import prompt_of

    piece = arrange_pieces(24, seed=5)[3]
    told, seen = tuning.prompt_of_piece(piece), prompt_of(tuning.with_mood_of(sounded(0), piece))
    assert told.rsplit(",", 1)[0] == seen.rsplit(",", 1)[0]  # all but the tempo, which is the film's own


def test_a_small_codec_hears_how_loud_it_is_and_is_as_loud(tmp_path, monkeypatch):
    """After a little training its first codebook distinguishes loud noise from soft noise that is new to it.

    And the sound that it makes of these tokens is strong and weak where that noise is.
    """
    from dyvim_cli.model.musicgen.debug import write_debug_checkpoint
    from dyvim_cli.model.musicgen.loading import open_checkpoint
    from tools import small_codec

    codec = open_checkpoint(write_debug_checkpoint(tmp_path), "small", "cpu").codec
    monkeypatch.setattr(small_codec.time, "thread_time", steady_clock(0.1))
    rng, n = np.random.default_rng(0), 640 * 120
    level = torch.from_numpy(rng.uniform(0.0, 0.3, (6, 12)).astype(np.float32)).repeat_interleave(n // 12, 1)
    noise = torch.from_numpy(rng.normal(0, 0.3, (6, n)).astype(np.float32))
    sounds = list((level * noise)[:, None])
    left = [small_codec.teach_encoder(codec.model, sounds[:4], minutes, rng) for minutes in (0.002, 0.075)]
    assert left[1] < 0.8 * left[0]  # of what the spectrum varies by
    small_codec.fit_codebooks(codec.model, sounds[:4], 4, rng)
    first = np.concatenate([encode_music(s, codec)[0].numpy() for s in sounds[4:]])
    strength = level[4:, ::640].numpy().ravel()
    within = [strength[first == code].std() * (first == code).sum() for code in np.unique(first)]
    assert len(np.unique(first)) > 8 and sum(within) / len(first) < 0.3 * strength.std()
    codes = [encode_music(sound, codec) for sound in sounds]
    monkeypatch.setattr(small_codec, "BATCH", 2)
    monkeypatch.setattr(small_codec, "CROP_S", 1.0)
    small_codec.teach_decoder(codec.model, sounds[:4], codes[:4], 0.2, rng)
    with torch.no_grad():
        heard = torch.cat([codec.decode(told)[0] for told in codes[4:]]).reshape(-1, 640).std(dim=1)
    assert np.corrcoef(heard, strength)[0, 1] > 0.7


def test_a_small_backbone_is_made_that_has_heard_music(tmp_path, monkeypatch):
    """Its tokens distinguish sounds, its decoder predicts them, and both can be opened again."""
    from dataclasses import replace

    from dyvim_cli.model.musicgen.loading import open_checkpoint
    from dyvim_cli.training.arranger.library import arrange_pieces
    from dyvim_cli.training.data import shards
    from dyvim_cli.training.films.pairs import choose_pieces
    from tools import small_backbone

    monkeypatch.setattr(small_backbone.time, "thread_time", steady_clock(0.25))
    pieces = [replace(p, bpm=100.0) for p in arrange_pieces(24, seed=5) if not p.name.startswith("free/")][:6]
    shards.save(pieces, tmp_path / "pieces.safetensors")
    loss = small_backbone.make(tmp_path / "pieces.safetensors", tmp_path / "made", 4, 2, minutes=0.8)
    assert loss < np.log(small_backbone.SMALL.n_tokens) - 0.03
    audio = open_checkpoint(tmp_path / "made", "made", "cpu")
    filmed = {p.name for p in choose_pieces(pieces, 2, 0)}
    heard = [small_backbone._sound(p, audio, 0) for p in pieces if p.name not in filmed]
    codes = torch.stack([encode_music(sound, audio.codec)[:, :500] for sound in heard])
    assert all(len(stream.unique()) > 40 for stream in codes.transpose(0, 1))
    nothing = audio.memory("").silenced().repeated(len(heard))
    with torch.no_grad():
        nats, known = token_losses(audio.musicgen, codes, nothing)
    assert float(nats.sum() / known.sum()) < np.log(small_backbone.SMALL.n_tokens) - 0.03
