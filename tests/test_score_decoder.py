"""The decoder, its extension, the delay pattern and sampling, on a small random decoder."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.small_decoders import small_decoder
from hypothesis import given, settings
from hypothesis import strategies as st

from dyvim_cli.errors import WeightsError
from dyvim_cli.model.conditioning import decoder_inputs
from dyvim_cli.model.conditioning.decoder_inputs import Conditions
from dyvim_cli.model.score import guidance, motif, stepping
from dyvim_cli.model.score.checkpoint import load_decoder, save_decoder
from dyvim_cli.model.score.decoder import Decoder, DecoderConfig
from dyvim_cli.model.score.delay import delay, delayed_times, undelay
from dyvim_cli.model.score.guidance import GuidedDecoder
from dyvim_cli.model.score.musical_bias import MusicalBias
from dyvim_cli.model.score.products import MISSING, product
from dyvim_cli.model.score.sampling import SamplingSettings, sample_pieces
from dyvim_cli.model.score.stepping import Stepper
from dyvim_cli.music.form.form import free_form
from dyvim_cli.music.symbols import tokens

N_STEPS = 48


def has_halves() -> bool:
    """Whether this torch multiplies by weights of 16 bits."""
    try:
        torch.ops.quantized.linear_prepack_fp16(torch.ones(1, 1), None)
    except MISSING:
        return False
    return True


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    model = small_decoder(n_layers=4, window=12).eval()
    torch.nn.init.normal_(model.extension.weight, std=0.3)
    torch.nn.init.normal_(model.head.weight, std=0.5)
    for block in model.blocks:  # what is looked at counts
        for weight in () if block.cross_attention is None else block.cross_attention.parameters():
            torch.nn.init.normal_(weight, std=0.3)
    return model


@pytest.fixture(scope="module")
def conditions() -> Conditions:
    rng = np.random.default_rng(0)
    sections = [(0, 16, 0), (16, N_STEPS, 1)]
    curves = decoder_inputs.event_curves(
        (rng.random(N_STEPS) > 0.9) * 1.0, np.zeros(N_STEPS), rng.random(N_STEPS)
    )
    return Conditions(
        dynamics=decoder_inputs.dynamics(curves),
        place=decoder_inputs.form_place(N_STEPS, sections, True, True),
        activity=np.ones((N_STEPS, 2 * tokens.K), dtype=np.float32),
        semantics=rng.normal(size=(3, decoder_inputs.D_SEMANTICS)).astype(np.float32),
        section_of_step=np.repeat([1, 2], [16, N_STEPS - 16]),
    )


@given(st.integers(1, 6), st.integers(1, 30), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_delay_round_trip(k_streams, n_steps, seed):
    generator = torch.Generator().manual_seed(seed)
    piece = torch.randint(0, 9, (2, k_streams, n_steps), generator=generator)
    delayed = delay(piece, torch.full((k_streams,), 9))
    assert torch.equal(undelay(delayed), piece)
    times = delayed_times(n_steps, k_streams)
    for k in range(k_streams):
        inside = (times[:, k] >= 0) & (times[:, k] < n_steps)
        assert torch.equal(delayed[0, k, inside], piece[0, k])
        assert (delayed[0, k, ~inside] == 9).all()


def _refuse(*_):
    raise NotImplementedError


def without(monkeypatch, *kinds: str) -> None:
    """A torch that lacks libraries: FBGEMM, oneDNN."""
    where = {"FBGEMM": ("quantized", "linear_prepack_fp16"), "oneDNN": ("mkldnn", "_reorder_linear_weight")}
    for kind in kinds:
        library, name = where[kind]
        monkeypatch.setattr(getattr(torch.ops, library), name, _refuse)


def halved(decoder: Decoder) -> Decoder:
    """A decoder whose weights are numbers of 16 bits, as those of a file."""
    model = Decoder(decoder.config).eval()
    model.load_state_dict({name: tensor.half().float() for name, tensor in decoder.state_dict().items()})
    return model


def played(decoder: Decoder, n_rows: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of a random sequence, more than two windows long: of the whole, and step by step for n_rows."""
    n_positions = 40
    generator = torch.Generator().manual_seed(1)
    shape = (2, n_positions)
    rows = [torch.randint(0, s.cardinality + 1, shape, generator=generator) for s in tokens.STREAMS]
    inputs = torch.stack(rows, 1)
    condition = torch.randn(2, n_positions, 32, generator=generator)
    semantics = torch.randn(3, decoder_inputs.D_SEMANTICS, generator=generator)
    seen = torch.ones(n_positions, 3, dtype=torch.bool)
    seen[:25, 2], seen[25:, 1] = False, False
    with torch.no_grad():
        whole = decoder(inputs, condition, semantics.expand(2, -1, -1), seen[None, None])
        stepper, steps = Stepper(decoder, semantics, n_rows), []
        for p in range(n_positions):
            stepper.look_at(seen[p])
            steps.append(stepper.step(inputs[:n_rows, :, p], condition[:n_rows, p]))
    return whole, torch.stack(steps, 1)


@pytest.mark.parametrize("lacking", [(), ("FBGEMM",), ("FBGEMM", "oneDNN")])
@pytest.mark.parametrize("is_half", [True, False])
def test_stepwise_equals_whole_sequence_beyond_the_window(decoder, lacking, is_half, monkeypatch):
    monkeypatch.setattr(stepping, "TURNS_AHEAD", 7)
    without(monkeypatch, *lacking)
    whole, steps = played(halved(decoder) if is_half else decoder)
    torch.testing.assert_close(steps, whole, atol=1e-5, rtol=1e-4)


def test_weights_of_more_than_16_bits_are_not_rounded(monkeypatch):
    asked = []
    prepack = torch.ops.quantized.linear_prepack_fp16
    monkeypatch.setattr(
        torch.ops.quantized, "linear_prepack_fp16", lambda *args: asked.append(args) or prepack(*args)
    )
    weight, x = torch.full((4, 8), 0.1), torch.ones(2, 8)
    torch.testing.assert_close(product(weight, None, 2)(x), torch.full((2, 4), 0.8), atol=1e-7, rtol=0)
    assert not asked
    product(weight.half().float(), None, 2)
    assert len(asked) == 1


@pytest.mark.skipif(not has_halves(), reason="this torch has no FBGEMM")
def test_a_row_is_the_same_whoever_is_beside_it(decoder):
    model = halved(decoder)
    assert torch.equal(played(model, 1)[1], played(model, 2)[1][:1])


def test_conditions_told_piece_by_piece_are_those_of_the_whole(decoder, conditions, monkeypatch):
    def told() -> list[torch.Tensor]:
        with torch.no_grad():
            inputs = guidance.conditioning_chunks(decoder, conditions, 0.5)
            return [torch.stack(part) for part in zip(*inputs, strict=True)]

    place, extension = whole = told()
    dynamics = torch.from_numpy(conditions.dynamics)[None]
    torch.testing.assert_close(extension, decoder.extension(dynamics, torch.tensor([0.5]))[0])
    assert len(place) == N_STEPS + tokens.K - 1 and (place[N_STEPS:] == place[N_STEPS - 1]).all()
    for ahead in (N_STEPS + 2, 7, 5):  # a last piece beyond the last step; pieces as short as the delay
        monkeypatch.setattr(guidance, "CONDITIONING_CHUNK", ahead)
        torch.testing.assert_close(told(), whole)


def test_a_shifted_curve_shifts_the_extension(decoder):
    curve = torch.zeros(1, N_STEPS, decoder_inputs.D_DYNAMICS)
    curve[0, 10, 0] = 1.0
    one = torch.ones(1)
    moved = decoder.extension(curve.roll(5, dims=1), one)
    torch.testing.assert_close(moved, decoder.extension(curve, one).roll(5, dims=1))


def test_extension_gives_each_stream_the_dynamics_of_its_own_step(decoder):
    curve = torch.zeros(1, N_STEPS, decoder_inputs.D_DYNAMICS)
    curve[0, 10, 0] = 1.0
    extended = decoder.extension(curve, torch.ones(1))[0]
    for k in range(tokens.K):
        torch.testing.assert_close(extended[10 + k], decoder.extension.weight[k, 0])
    assert extended[:10].abs().max() == 0 and extended[10 + tokens.K :].abs().max() == 0


def test_alpha_scales_the_extension_linearly_and_zero_removes_it(decoder):
    curve = torch.randn(3, N_STEPS, decoder_inputs.D_DYNAMICS)
    out = decoder.extension(curve[:1].expand(3, -1, -1), torch.tensor([0.0, 0.5, 1.0]))
    assert out[0].abs().max() == 0
    torch.testing.assert_close(2 * out[1], out[2])


def test_an_untrained_extension_leaves_the_decoder_as_it_was(conditions):
    model = Decoder(DecoderConfig(cardinalities=(5, 5), d_model=16, n_layers=2, n_heads=2, d_ff=16))
    assert model.extension(torch.randn(1, 9, model.config.d_dynamics), torch.ones(1)).abs().max() == 0


def test_guidance_leads_away_from_what_is_written_without_motion(decoder, conditions):
    written = np.array([[stream.cardinality for stream in tokens.STREAMS]] * 2)

    def logits(alpha: float, guidance: float) -> np.ndarray:
        guided = GuidedDecoder(decoder, conditions, 2, alpha, guidance)
        with torch.no_grad():
            return guided.logits(written, 0)

    without, moved = logits(0.0, 2.5), logits(0.8, 1.0)
    assert np.abs(moved - without).max() > 0.1
    np.testing.assert_allclose(logits(0.8, 2.5), without + 2.5 * (moved - without), atol=1e-4)


def test_same_seed_same_tokens_another_seed_others(decoder, conditions):
    draw = [
        sample_pieces(decoder, conditions, free_form(N_STEPS), SamplingSettings(seed=s)) for s in (3, 3, 4)
    ]
    assert np.array_equal(draw[0], draw[1])
    assert not np.array_equal(draw[0], draw[2])
    tokens.validate(draw[0][0])


def test_alpha_zero_ignores_the_dynamics(decoder, conditions):
    still = Conditions(**{**vars(conditions), "dynamics": np.zeros_like(conditions.dynamics)})
    at_zero = [
        sample_pieces(decoder, c, free_form(N_STEPS), SamplingSettings(alpha=0.0))
        for c in (conditions, still)
    ]
    at_one = [
        sample_pieces(decoder, c, free_form(N_STEPS), SamplingSettings(alpha=1.0))
        for c in (conditions, still)
    ]
    assert np.array_equal(*at_zero)
    assert not np.array_equal(*at_one)


def test_forced_tokens_and_returning_themes_are_kept(decoder, conditions):
    form = free_form(N_STEPS)
    chord, melody = tokens.STREAM_INDEX["chord"], tokens.STREAM_INDEX["melody"]
    form.forced[chord] = tokens.chord_token(0, "maj")
    form.copy_from[melody, 32:48] = np.arange(0, 16)
    piece = sample_pieces(decoder, conditions, form, SamplingSettings(candidates=2))
    assert (piece[:, chord] == tokens.chord_token(0, "maj")).all()
    assert np.array_equal(piece[:, melody, 32:48], piece[:, melody, 0:16])


def test_nothing_is_held_that_does_not_sound_and_no_note_is_stuck(decoder, conditions):
    piece = sample_pieces(
        decoder, conditions, free_form(N_STEPS), SamplingSettings(candidates=3, temperature=1.5)
    )
    for k, stream in enumerate(tokens.STREAMS):
        if stream.name in tokens.PITCHED:
            held = piece[:, k, 1:] == tokens.HOLD
            assert (piece[:, k, 0] != tokens.HOLD).all()
            assert not (held & (piece[:, k, :-1] == tokens.REST)).any()


def test_the_melody_breathes_where_the_form_says(decoder, conditions, monkeypatch):
    monkeypatch.setattr(motif, "BREATH", -40.0)  # a random decoder is surer of itself than a trained one
    breath = np.zeros(N_STEPS, bool)
    breath[8:16] = breath[24:32] = True
    started = []
    for form in (free_form(N_STEPS), replace(free_form(N_STEPS), breath=breath)):
        piece = sample_pieces(decoder, conditions, form, SamplingSettings(candidates=12))
        struck = piece[:, tokens.STREAM_INDEX["melody"]] >= tokens.FIRST_PITCH
        started.append((struck[:, breath].mean(), struck[:, ~breath].mean()))
    assert started[1][0] < 0.2 * started[0][0]
    assert started[1][1] > 0.8 * started[0][1]


def test_event_curves_look_ahead():
    hit = np.zeros(64)
    hit[40] = 0.8
    curves = decoder_inputs.event_curves(hit, hit > 0, np.full(64, 0.5))
    assert curves.shape == (64, decoder_inputs.N_CURVES)
    nearness = curves[:, 4]  # how soon the next hit comes
    assert nearness[40] == 1 and (np.diff(nearness[:41]) > 0).all() and nearness[41:].max() < 1e-6


def test_checkpoint_round_trip_and_damage(decoder, tmp_path):
    path = tmp_path / "decoder.safetensors"
    save_decoder(decoder, path, half=False)
    again = load_decoder(path)
    for name, tensor in decoder.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError):
        load_decoder(path)


def test_taste_prefers_steps_to_leaps_and_a_pattern_to_none():
    melody, drums = tokens.STREAM_INDEX["melody"], tokens.STREAM_INDEX["drums"]
    preferences = MusicalBias(1, 64, np.where(np.arange(32) >= 16, np.arange(32) - 16, -1))
    written = np.zeros((1, tokens.K), dtype=np.int64)
    written[0, melody] = 20
    preferences.advance(written)
    delayed = np.zeros((1, tokens.K, 40), dtype=np.int64)
    delayed[0, drums, 4 + drums] = 5
    bias = preferences.bias(delayed, 20 + drums)[0]
    assert bias[melody, 22] > bias[melody, 20] > bias[melody, 34]
    assert bias[drums, 5] == bias[drums].max() > 0
    assert preferences.bias(delayed, 3 + drums)[0, drums].max() == 0
