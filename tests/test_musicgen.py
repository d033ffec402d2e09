"""The extension on MusicGen: proofs against transformers' own generate, on tiny random checkpoints."""

from dataclasses import replace

import pytest
import torch
from helpers.musicgen_tiny import START, backbone, extended, peers_tokens, words

from dyvim_cli.model.musicgen.backbone import MusicGen, delayed, undelayed
from dyvim_cli.model.musicgen.debug import write_debug_checkpoint
from dyvim_cli.model.musicgen.sampling import AudioSettings, Sight, write_tokens

N_FRAMES, PROMPT = 24, 9
KINDS = {"mono": {}, "stereo": {"stereo": True}, "melody": {"melody": True}}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    base = tmp_path_factory.mktemp("musicgen")
    return {kind: write_debug_checkpoint(base / kind, **flags) for kind, flags in KINDS.items()}


@pytest.fixture(scope="module")
def peers(checkpoints):
    """transformers' own models, untouched."""
    return {kind: backbone(folder, melody=kind == "melody") for kind, folder in checkpoints.items()}


@pytest.fixture(scope="module")
def models(checkpoints):
    """Ours over the same checkpoints; a test gives them the adapter that it wants."""
    return {kind: MusicGen(backbone(folder, melody=kind == "melody")) for kind, folder in checkpoints.items()}


def film(n_frames=N_FRAMES, width=5, seed=3):
    """z~ of a film by absolute frame, zeros outside."""
    curve = torch.randn(n_frames, width, generator=torch.Generator().manual_seed(seed))

    def dynamics(first, n):
        inside = torch.arange(first, first + n)
        known = (inside >= 0) & (inside < n_frames)
        return torch.where(known[:, None], curve[inside.clamp(0, n_frames - 1)], 0.0)

    return dynamics


def told(model, folder, text):
    given = words(folder, text)
    return model.memory(given.get("input_ids"), given.get("attention_mask"))


# transformers' melody model wants words, and without them there is nothing to guide towards
PROMPTS = [
    (kind, guidance, text)
    for kind in KINDS
    for guidance in (1.0, 3.0)
    for text in (None, "calm piano, 90 BPM")
    if text or (kind != "melody" and guidance == 1.0)
]


@pytest.mark.parametrize(("kind", "guidance", "text"), PROMPTS)
@pytest.mark.parametrize("sample", [False, True], ids=["greedy", "sampled"])
@pytest.mark.parametrize("carried", [False, True], ids=["from-nothing", "continued"])
@pytest.mark.parametrize("why", ["alpha-0", "untrained"])
def test_alpha_0_or_an_untrained_extension_is_musicgen_itself(
    checkpoints, peers, models, kind, sample, guidance, text, carried, why
):
    folder = checkpoints[kind]
    peer, model = peers[kind], models[kind]
    prompt = None
    if carried:
        prompt = torch.randint(
            0, START, (model.n_codebooks, PROMPT), generator=torch.Generator().manual_seed(5)
        )
    expected = peers_tokens(
        peer,
        words(folder, text),
        N_FRAMES,
        sample=sample,
        guidance=guidance,
        prompt=prompt,
        candidates=2,
        seed=11,
    )
    pictures = 7 if why == "untrained" and kind != "melody" else 0
    extended(model, d_pictures=pictures, trained=why == "alpha-0")
    seen = Sight(film(), torch.randn(3, 7), lambda first, n: torch.ones(n, 3, dtype=torch.bool))
    settings = AudioSettings(
        alpha=0.0 if why == "alpha-0" else 1.0,
        guidance=guidance,
        do_sample=sample,
        top_k=50,
        candidates=2,
        seed=11,
    )
    got = write_tokens(model, told(model, folder, text), N_FRAMES, settings, seen, prompt)
    assert torch.equal(got, expected)


def test_a_trained_extension_is_heard_and_more_with_more_alpha(checkpoints, models):
    model = extended(models["mono"])
    memory = told(model, checkpoints["mono"], "calm piano")
    start = torch.full((1, 4, 8), START)
    term = model.extend(film()(-3, 11)[None], torch.ones(1))
    with torch.no_grad():
        plain = model(start, memory)
        heard = [model(start, memory, a * term) for a in (0.0, 0.1, 0.3, 1.0)]
    differences = [float((logits - plain).abs().max()) for logits in heard]
    assert differences[0] == 0
    assert differences == sorted(differences) and differences[1] > 0


@pytest.mark.parametrize("kind", ["mono", "stereo"])
def test_each_codebook_gets_the_dynamics_of_its_own_token(models, kind):
    model = extended(models[kind])
    curve = torch.zeros(1, 30, 5)
    curve[0, 10, 2] = 1.0
    lead = model.n_delays - 1
    term = model.extend(torch.nn.functional.pad(curve, (0, 0, lead, 0)), torch.ones(1))[0]
    assert lead == 3 and term.shape[0] == 30
    scale = model.adapter.extension.gate
    for delay in range(4):  # position 10 + delay predicts frame 10 of the codebooks of that delay
        torch.testing.assert_close(term[10 + delay], scale * model.adapter.extension.weight[delay, 2])
    assert term[:10].abs().max() == 0 and term[14:].abs().max() == 0
    assert model.delays == ((0, 1, 2, 3) if kind == "mono" else (0, 0, 1, 1, 2, 2, 3, 3))


class Heard:
    """Listens to what really reaches the first layer: (past, embeddings) of every call."""

    def __init__(self, model):
        self.inputs, self.pasts = [], []
        positions = model.backbone.decoder.model.decoder.embed_positions
        positions.register_forward_hook(self._positions)
        model.backbone.decoder.model.decoder.register_forward_pre_hook(self._embeds, with_kwargs=True)

    def _embeds(self, module, args, kwargs):
        self.inputs.append(kwargs["inputs_embeds"].clone())

    def _positions(self, module, args, output):
        self.pasts.append((args[1], len(output)))


def terms_added(folder, dynamics, n_frames, settings):
    """The dynamics term at every (window, position), as it was added to the embeddings."""
    model = extended(MusicGen(backbone(folder)))
    heard, bare, added = Heard(model), MusicGen.forward, []

    def forward(self, tokens, memory, extension=None, pictures=None, cache=None):
        first = cache.get_seq_length()
        logits = bare(self, tokens, memory, extension, pictures, cache)
        tables = self.backbone.decoder.get_input_embeddings()
        plain = sum(table(tokens[:, k]) for k, table in enumerate(tables))
        if first == 0:
            added.append([])
        assert heard.pasts[-1] == (first, tokens.shape[-1])  # cache and positions agree
        added[-1].append(heard.inputs[-1] - plain)
        return logits

    MusicGen.forward = forward
    try:
        write_tokens(model, told(model, folder, "calm"), n_frames, settings, Sight(dynamics))
    finally:
        MusicGen.forward = bare
    return [torch.cat(parts, dim=1) for parts in added]


def test_alpha_scales_what_is_added_once_at_every_cache_state(checkpoints):
    terms = [
        terms_added(
            checkpoints["mono"], film(40), 40, AudioSettings(alpha, window_positions=24, stride_frames=12)
        )
        for alpha in (1.0, 0.25)
    ]
    for whole, quarter in zip(*terms, strict=True):
        torch.testing.assert_close(0.25 * whole, quarter, atol=1e-5, rtol=1e-4)
    assert len(terms[0]) > 2 and terms[0][1][:1].abs().mean() > 0.1


@pytest.mark.parametrize("shift", [1, 7])
def test_a_shifted_curve_shifts_the_extension_at_every_window_and_cache_state(checkpoints, shift):
    n_frames, width = 70, 5
    settings = AudioSettings(alpha=1.0, guidance=3.0, candidates=1, window_positions=30, stride_frames=18)
    curve = torch.randn(n_frames, width, generator=torch.Generator().manual_seed(3))

    def of(offset):
        def dynamics(first, n):
            at = torch.arange(first, first + n) - offset
            return torch.where(((at >= 0) & (at < n_frames))[:, None], curve[at.clamp(0, n_frames - 1)], 0.0)

        return dynamics

    still, moved = (terms_added(checkpoints["mono"], of(n), n_frames, settings) for n in (0, shift))
    assert len(still) == len(moved) == 4  # windows at 0, 18, 36, 54 (the last is short)
    for window, (a, b) in enumerate(zip(still, moved, strict=True)):
        told_rows, untold = b.chunk(2)
        assert untold.abs().max() < 1e-6  # the unguided half hears nothing of the film
        torch.testing.assert_close(told_rows[:, shift:], a[:1, : a.shape[1] - shift], atol=1e-5, rtol=1e-4)
        if window:  # the same film, seen through an overlapping window
            overlap = still[window - 1].shape[1] - 18
            torch.testing.assert_close(a[:, :overlap], still[window - 1][:, 18:], atol=1e-5, rtol=1e-4)
    assert still[0][:1].abs().mean() > 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_cached_steps_equal_the_whole_sequence_for_any_prefill(checkpoints, models, kind):
    model = extended(models[kind])
    memory = told(model, checkpoints[kind], "calm piano")
    memory = memory + model.without_words(memory)
    generator = torch.Generator().manual_seed(2)
    tokens = torch.randint(0, START + 1, (2, model.n_codebooks, 14), generator=generator)
    term = model.extend(film()(-3, 17)[None], torch.ones(1)).expand(2, -1, -1)
    with torch.no_grad():
        whole = model(tokens, memory, term)
        for prefill in (1, 6, 13):
            cache = model.new_cache()
            parts = [model(tokens[..., :prefill], memory, term[:, :prefill], None, cache)]
            for p in range(prefill, 14):
                parts.append(model(tokens[..., p : p + 1], memory, term[:, p : p + 1], None, cache))
            torch.testing.assert_close(torch.cat(parts, 2), whole, atol=1e-4, rtol=1e-4)


def near(first, n, times=(0, 8, 16)):
    """[n, 3] which key frames are seen: those within 5 frames, the nearest always."""
    distance = (torch.arange(first, first + n)[:, None] - torch.tensor(times)).abs()
    return (distance <= 5) | (distance == distance.min(1, keepdim=True).values)


@pytest.mark.parametrize("kind", ["mono", "stereo"])
def test_what_is_written_step_by_step_is_what_the_whole_sequence_says(checkpoints, models, kind):
    """Guided, with dynamics and key frames at half strength: one pass without a cache draws the same."""
    model = extended(models[kind], d_pictures=7)
    memory, alpha, guidance = told(model, checkpoints[kind], "calm piano"), 0.5, 2.0
    keys = torch.randn(3, 7, generator=torch.Generator().manual_seed(1))
    settings = AudioSettings(alpha, guidance, do_sample=False)
    written = write_tokens(model, memory, N_FRAMES, settings, Sight(film(), keys, near))
    positions = delayed(written, model.delays, START)
    inputs = torch.nn.functional.pad(positions[..., :-1], (1, 0), value=START)
    lead, n = model.n_delays - 1, positions.shape[-1]
    term = model.extend(film()(-lead, n + lead)[None], torch.full((1,), alpha))
    with torch.no_grad():
        hears = model(inputs, memory, term, model.look(keys[None], near(0, n)))
        deaf = model(inputs, model.without_words(memory), None, model.look(0 * keys[None], near(0, n)))
    drawn = (deaf + (hears - deaf) * guidance).argmax(-1)
    assert torch.equal(undelayed(drawn, model.delays), written)


@pytest.mark.parametrize("kind", KINDS)
def test_windowed_equals_unwindowed_where_they_overlap(checkpoints, models, kind):
    model = extended(models[kind], d_pictures=7)
    memory = told(model, checkpoints[kind], "calm piano")
    keys = torch.randn(4, 7, generator=torch.Generator().manual_seed(1))

    def visible(first, n):
        distance = (torch.arange(first, first + n)[:, None] - torch.tensor([0, 20, 40, 60])).abs()
        return (distance <= 10) | (distance == distance.min(1, keepdim=True).values)

    sight = Sight(film(70), keys, visible)
    once = AudioSettings(alpha=1.0, seed=4, candidates=2, window_positions=90)
    whole = write_tokens(model, memory, 70, once, sight)
    slid = write_tokens(model, memory, 70, replace(once, window_positions=30, stride_frames=18), sight)
    assert torch.equal(slid[..., :27], whole[..., :27])
    assert not torch.equal(slid, whole)  # later windows hear less of the past
    # a later window is what one window makes of the tokens it was given, its dynamics at their own time
    from_18 = write_tokens(
        model, memory, 52, AudioSettings(alpha=1.0, do_sample=False, window_positions=90),
        Sight(lambda first, n: film(70)(first + 18, n), keys, lambda first, n: visible(first + 18, n)),
        prompt=slid[0, :, 18:27],
    )  # fmt: skip
    greedy = write_tokens(
        model, memory, 70,
        AudioSettings(alpha=1.0, do_sample=False, window_positions=30, stride_frames=18), sight,
        prompt=slid[0, :, :27],
    )  # fmt: skip
    assert torch.equal(greedy[..., 27:45], from_18[..., 9:27])


def test_pictures_and_words_speak_together(checkpoints, models):
    model = extended(models["mono"], d_pictures=7)
    memory = told(model, checkpoints["mono"], "calm piano")
    tokens = torch.full((1, 4, 6), START)
    keys = torch.randn(1, 3, 7)
    everything = torch.ones(6, 3, dtype=torch.bool)
    with torch.no_grad():
        both = model(tokens, memory, None, model.look(keys, everything))
        words_alone = model(tokens, memory)
        pictures_alone = model(tokens, memory.silenced(), None, model.look(keys, everything))
        first_only = everything.clone()
        first_only[:, 1:] = False
        one = model(tokens, memory, None, model.look(keys, first_only))
        other_keys = torch.cat([keys[:, :1], torch.randn(1, 2, 7)], dim=1)
        same_one = model(tokens, memory, None, model.look(other_keys, first_only))
    for other in (words_alone, pictures_alone, one):
        assert (both - other).abs().max() > 1e-3
    torch.testing.assert_close(one, same_one)  # what is not visible is not looked at


def test_candidates_differ_and_a_seed_repeats_them(checkpoints, models):
    model = extended(models["mono"], trained=False)
    memory = told(model, checkpoints["mono"], "calm piano")
    draws = [write_tokens(model, memory, 20, AudioSettings(candidates=2, seed=seed)) for seed in (3, 3, 4)]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])
    assert not torch.equal(draws[0][0], draws[0][1])
    assert int(draws[0].min()) >= 0 and int(draws[0].max()) < START


def test_half_precision_as_on_a_gpu(checkpoints):
    model = extended(
        MusicGen(backbone(checkpoints["mono"]).bfloat16()), d_pictures=7
    )  # the adapter stays single
    memory = told(model, checkpoints["mono"], "calm piano")
    sight = Sight(film(), torch.randn(3, 7), lambda first, n: torch.ones(n, 3, dtype=torch.bool))
    tokens = write_tokens(model, memory, 12, AudioSettings(alpha=1.0, candidates=2), sight)
    assert memory.states.dtype == torch.bfloat16 and tokens.shape == (2, 4, 12) and int(tokens.max()) < START
