"""Train a small EnCodec: the encoder learns log-mel spectra, the codebooks the encoder's output.

A random encoder answers all sounds alike to a thousandth, and tokens fitted to that thousandth are next to
noise. A random decoder is as loud where the music is quiet (rank correlation .3 with it): it learns to sound
like what the tokens were made of, so that music of tokens can be judged.
Letters: B sounds, n samples, N frames, M mel bands.
"""

import time

import numpy as np
import torch
from torch import nn

N_MELS, LOW_HZ, HIGH_HZ, WINDOW, FLOOR = 40, 30.0, 16_000.0, 2048, 1e-3
BRIEF = 4  # a quarter of window, hop and bands resolves the time within a frame
CROP_S, BATCH, RATE = 2.0, 8, 3e-3
FITTED_ON = 20_000  # frames, 400 s of music


def teach_encoder(model, sounds: list[torch.Tensor], minutes: float, rng: np.random.Generator) -> float:
    """Train the encoder for some minutes of processor time.

    Args:
        model: codec.
        sounds: [1, n] each.
        minutes: of processor time.
        rng: draws crops.

    Returns:
        Share of the variance that is left.
    """
    rate_hz = model.config.sampling_rate
    hop = int(np.prod(model.config.upsampling_ratios))
    mel = LogMel(rate_hz, hop)
    spectra = torch.cat([mel(sound)[0] for sound in sounds])
    mean, spread = spectra.mean(dim=0), spectra.std(dim=0)
    head = nn.Linear(model.config.hidden_size, N_MELS)
    encoder = model.encoder.requires_grad_(True)
    _spread_evenly(encoder, _crops(sounds, BATCH // 2, rate_hz, rng))
    learned = [*encoder.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(learned, lr=RATE, weight_decay=0.0)
    began, left = time.thread_time(), []
    while (share := (time.thread_time() - began) / (60 * minutes)) < 1:
        optimizer.param_groups[0]["lr"] = RATE * (1 - share)
        crops = _crops(sounds, BATCH, rate_hz, rng)
        codes = encoder(crops).transpose(1, 2)
        target = (mel(crops[:, 0])[:, : codes.shape[1]] - mean) / spread
        loss = (head(codes) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        left.append(float(loss.detach()))
    encoder.requires_grad_(False)
    return float(np.mean(left[-20:]))


def teach_decoder(
    model, sounds: list[torch.Tensor], codes: list[torch.Tensor], minutes: float, rng: np.random.Generator
) -> float:
    """Train the decoder to reproduce the sounds that codes stand for.

    Args:
        model: codec.
        sounds: [1, n] each.
        codes: [K, N] of each sound.
        minutes: of processor time.
        rng: draws crops.

    Returns:
        Distance that is left, of log-mel spectra with long and short windows.
    """
    rate_hz = model.config.sampling_rate
    hop = int(np.prod(model.config.upsampling_ratios))
    mels = LogMel(rate_hz, hop), LogMel(rate_hz, hop // BRIEF, WINDOW // BRIEF, N_MELS // BRIEF)
    n_frames = round(CROP_S * rate_hz / hop)
    long = [i for i, piece in enumerate(codes) if piece.shape[1] > n_frames]
    decoder = model.decoder.requires_grad_(True)
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=RATE, weight_decay=0.0)
    began, left = time.thread_time(), []
    while (share := (time.thread_time() - began) / (60 * minutes)) < 1:
        optimizer.param_groups[0]["lr"] = RATE * (1 - share)
        places = [(i, int(rng.integers(codes[i].shape[1] - n_frames))) for i in rng.choice(long, size=BATCH)]
        told = torch.stack([codes[i][:, first : first + n_frames] for i, first in places], dim=1)
        meant = torch.stack([sounds[i][0, first * hop : (first + n_frames) * hop] for i, first in places])
        heard = decoder(model.quantizer.decode(told).detach())[:, 0, : meant.shape[1]]
        loss = sum((mel(heard) - mel(meant)).abs().mean() for mel in mels)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimizer.step()
        left.append(float(loss.detach()))
    decoder.requires_grad_(False)
    return float(np.mean(left[-20:]))


@torch.no_grad()
def fit_codebooks(model, sounds: list[torch.Tensor], n_codebooks: int, rng: np.random.Generator) -> None:
    """Fit the codebooks by k-means, each to the residual of those before.

    Args:
        model: codec.
        sounds: [1, n] each.
        n_codebooks: number of stages.
        rng: draws the frames.
    """
    from scipy.cluster.vq import kmeans2

    frames = torch.cat([model.encoder(sound[None])[0].T for sound in sounds]).numpy()
    rest = frames[rng.permutation(len(frames))[:FITTED_ON]].astype(np.float64)
    for layer in model.quantizer.layers[:n_codebooks]:
        centres, nearest = kmeans2(rest, len(layer.codebook.embed), minit="++", rng=rng)
        layer.codebook.embed.copy_(torch.from_numpy(centres))
        rest = rest - centres[nearest]


class LogMel:
    """Samples [B, n] -> [B, N, M], a frame every hop samples."""

    def __init__(self, rate_hz: int, hop: int, window: int = WINDOW, n_mels: int = N_MELS):
        from transformers.audio_utils import mel_filter_bank

        self.hop, self.window = hop, torch.hann_window(window)
        bank = mel_filter_bank(window // 2 + 1, n_mels, LOW_HZ, HIGH_HZ, rate_hz)
        self.bank = torch.from_numpy(bank).float()

    def __call__(self, samples: torch.Tensor) -> torch.Tensor:
        """Encode samples; see the class."""
        n, window = len(self.window), self.window
        spectrum = torch.stft(samples, n, self.hop, window=window, return_complex=True).abs()
        return torch.log(spectrum.transpose(1, 2) @ self.bank + FLOOR)


def _crops(sounds: list[torch.Tensor], n: int, rate_hz: int, rng: np.random.Generator) -> torch.Tensor:
    """[B, 1, n] from anywhere in the sounds; those that are too short are left out."""
    length = round(CROP_S * rate_hz)
    long = [sound for sound in sounds if sound.shape[-1] > length]
    rows = []
    for i in rng.integers(len(long), size=n):
        first = int(rng.integers(long[i].shape[-1] - length))
        rows.append(long[i][:, first : first + length])
    return torch.stack(rows)


@torch.no_grad()
def _spread_evenly(encoder: nn.Module, sounds: torch.Tensor) -> None:
    """Scale and shift each convolution to answer with mean 0, deviation 1 (LSUV, arXiv 1511.06422)."""
    for conv in [m for m in encoder.modules() if isinstance(m, nn.Conv1d)]:
        answers: list[torch.Tensor] = []
        hook = conv.register_forward_hook(lambda module, told, answer, kept=answers: kept.append(answer))
        encoder(sounds)
        spread = answers[-1].std()
        conv.parametrizations.weight.original0 /= spread  # weight norm's lengths
        conv.bias /= spread
        encoder(sounds)
        conv.bias -= answers[-1].mean(dim=(0, 2))
        hook.remove()
