"""Codecs behind one interface, and decoding in blocks without seams."""

import numpy as np
import pytest
import torch
from encodec import EncodecModel as PackageModel

from dyvim_cli.errors import WeightsError
from dyvim_cli.model.musicgen.codec import ENCODEC_FILES, SegmentCodec, decoded_blocks, encodec_codec
from dyvim_cli.model.musicgen.debug import write_debug_checkpoint
from dyvim_cli.model.musicgen.loading import open_checkpoint


@pytest.fixture(scope="module", params=["mono", "stereo"])
def encodec(request, tmp_path_factory):
    """MusicGen's codec, tiny."""
    folder = write_debug_checkpoint(tmp_path_factory.mktemp("codec"), stereo=request.param == "stereo")
    return open_checkpoint(folder, "tiny", "cpu").codec


def package_model(stereo: bool):
    """The package's own classes at a hundredth of their size; segments and normalisation as at 48 kHz."""
    from encodec import modules
    from encodec.quantization import ResidualVectorQuantizer

    torch.manual_seed(0)
    sizes = dict(channels=1 + stereo, dimension=16, n_filters=2, norm="weight_norm", causal=not stereo)
    rate = 48_000 if stereo else 24_000
    return PackageModel(
        modules.SEANetEncoder(**sizes), modules.SEANetDecoder(**sizes), ResidualVectorQuantizer(16, 16, 1024),
        [6.0], rate, 1 + stereo, normalize=stereo, segment=1.0 if stereo else None,
    )  # fmt: skip


def tune(seconds, rate, channels):
    times = np.arange(round(seconds * rate)) / rate
    swell = 0.3 * (0.2 + np.abs(np.sin(times)))
    rows = [swell * np.sin(2 * np.pi * (220 + 110 * c) * times) for c in range(channels)]
    return torch.tensor(np.stack(rows), dtype=torch.float32)


def test_musicgens_codec_is_transformers_own(encodec):
    tokens = torch.randint(0, 64, (len(encodec.cardinalities), 30))
    assert encodec.frame_rate_hz == 50 and encodec.sample_rate == 32_000
    ours = encodec.decode(tokens)
    step = encodec.channels
    for channel in range(step):  # left: codebooks 0, 2, 4 ..., right: the others
        with torch.no_grad():
            peer = encodec.model.decode(tokens[None, None, channel::step], [None]).audio_values[0, 0]
        torch.testing.assert_close(ours[channel], peer)
    assert ours.shape == (step, encodec.sample_of(30))
    again = encodec.encode(tune(0.6, 32_000, step))
    assert again.shape == tokens.shape and again.min() >= 0 and again.max() < 64


def test_of_several_bandwidths_the_richest_is_taken(encodec, monkeypatch):
    (only,) = encodec.model.config.target_bandwidths
    monkeypatch.setattr(encodec.model.config, "target_bandwidths", [only / 2, only])
    assert len(encodec.encode(tune(0.2, 32_000, encodec.channels))) == len(encodec.cardinalities)


@pytest.mark.parametrize("stereo", [False, True], ids=["24 kHz", "48 kHz"])
def test_the_packages_codecs_through_tokens_alone(stereo):
    model = package_model(stereo)
    codec = SegmentCodec(model)
    sound = tune(2.5, codec.sample_rate, codec.channels)
    tokens = codec.encode(sound)
    for row, cardinality in zip(tokens, codec.cardinalities, strict=True):
        assert int(row.min()) >= 0 and int(row.max()) < cardinality
    with torch.no_grad():
        peer = model(sound[None])[0]
    ours = codec.decode(tokens)
    n = round(1.9 * codec.sample_rate)  # before the last segment, which ours fills up with silence
    if stereo:  # volumes are rounded to whole decibels
        ratio = (ours[:, :n] * peer[:, :n]).sum() / (peer[:, :n] ** 2).sum()
        assert abs(20 * np.log10(float(ratio))) < 0.6
        assert tokens.shape[1] % codec.block == 0 and codec.block == 150
        assert codec.sample_of(150) == 47_520 and codec.frame_rate_hz == pytest.approx(151.515, abs=0.01)
    else:
        torch.testing.assert_close(ours[:, :n], peer[:, :n], atol=1e-5, rtol=1e-4)


def test_a_quiet_segment_stays_quiet_and_a_loud_one_loud():
    codec = SegmentCodec(package_model(True))
    sound = tune(1.9, 48_000, 2)
    sound[:, : 48_000 // 2] *= 0.001
    sound = torch.cat([0.01 * sound[:, :47_520], sound[:, :48_000]], dim=1)
    levels = codec.encode(sound)[-1]
    assert levels[10] - levels[200] > 15  # tokens count decibels down


def blocks_and_whole(codec, tokens, block_s):
    return torch.cat(list(decoded_blocks(codec, tokens, block_s)), dim=1), codec.decode(tokens)


def test_blocks_join_without_a_seam(encodec):
    generator = torch.Generator().manual_seed(4)
    tokens = torch.randint(0, 64, (len(encodec.cardinalities), 330), generator=generator)
    joined, whole = blocks_and_whole(encodec, tokens, 2.0)
    assert joined.shape == whole.shape
    # the LSTM restarts in every block: its memory of more than a second ago is all that differs
    assert (joined - whole).abs().max() < 0.02 * whole.abs().max()
    steps, seam = joined.diff(dim=1).abs(), encodec.sample_of(100)
    assert steps[:, seam - 2000 : seam + 2000].max() <= 1.2 * steps.max(dim=1).values.min()
    power = whole.square().mean(0).unfold(0, 3200, 1600).mean(1)
    power_joined = joined.square().mean(0).unfold(0, 3200, 1600).mean(1)
    assert (10 * (power_joined / power).log10()).abs().max() < 0.2  # loudness even across the seams


class Counting:
    """A codec whose every decoding sounds otherwise: the n-th is all n."""

    sample_rate, channels, hop, block, n_decoded = 1000, 1, 10, 1, 0

    def sample_of(self, frame: int) -> int:
        return frame * self.hop

    def decode(self, tokens):
        self.n_decoded += 1
        return torch.full((1, tokens.shape[1] * self.hop), float(self.n_decoded))


def test_one_block_fades_into_the_next():
    joined = torch.cat(list(decoded_blocks(Counting(), torch.zeros(1, 700), block_s=2.0)), dim=1)[0]
    assert len(joined) == 7000 and joined[0] == 1 and joined[-1] == 4
    assert 0 < joined.diff().max() < 0.2 and joined.diff().min() >= 0


def test_segments_join_exactly():
    codec = SegmentCodec(package_model(True))
    tokens = codec.encode(tune(4.2, 48_000, 2))
    joined, whole = blocks_and_whole(codec, tokens, 2.0)
    torch.testing.assert_close(joined, whole, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("khz", [24, 48])
def test_published_weights_that_are_not_there_or_torn(khz, tmp_path):
    (tmp_path / ENCODEC_FILES[khz]).write_bytes(b"not weights")
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(WeightsError) as error:
            encodec_codec(khz, folder)
        assert error.value.hint == f"dyvim weights pull encodec-{khz}khz"


def test_published_weights_are_read(tmp_path):
    model = PackageModel.encodec_model_24khz(pretrained=False)
    torch.save(model.state_dict(), tmp_path / ENCODEC_FILES[24])
    codec = encodec_codec(24, tmp_path)
    assert codec.frame_rate_hz == 75 and len(codec.cardinalities) == 8
    state = model.state_dict()
    assert all(torch.equal(state[name], value) for name, value in codec.model.state_dict().items())
