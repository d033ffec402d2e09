"""A MusicGen of a million weights that has heard music: what the strategies are compared on without a GPU.

python -m dyvim_cli.training.small_backbone SHARD -o FOLDER [--pieces N] [--films N] [--minutes M]

The files and classes are transformers' own. EnCodec's convolutions stay random; its codebooks are fitted
to how the pieces sound as they are played here, stage by stage on what the stages before left over, so that
tokens carry loudness and timbre. The decoder then learns these pieces' tokens without any film, as MusicGen
did: what a strategy adapts to films is a decoder that knows music.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from dyvim_cli.model.loading import AudioModel, open_checkpoint
from dyvim_cli.model.musicgen_debug import Size, write_debug_checkpoint
from dyvim_cli.training.audio import played
from dyvim_cli.training.audio_learner import token_losses
from dyvim_cli.training.film_pairs import encoded, fitted
from dyvim_cli.training.pairs import choose
from dyvim_cli.training.piece import Piece
from dyvim_cli.training.shards import load
from dyvim_cli.types import STEPS_PER_BAR

SMALL = Size(hidden=160, n_layers=4, n_tokens=128, spread=0.05)
HEARD_BARS = 12  # of each piece
N_FRAMES, BATCH, RATE = 500, 4, 1e-3
FITTED_ON = 20_000  # frames, 400 s of music


def make(shard: Path, out: Path, n_pieces: int, n_films: int, minutes: float, seed: int = 0) -> float:
    """Write the checkpoint; the first n_films that `train prepare` would film are not heard.

    Returns the last loss in nats a token.
    """
    pieces = load(shard)
    filmed = {piece.name for piece in choose(pieces, n_films, 0)}
    rng = np.random.default_rng(seed)
    others = [piece for piece in pieces if piece.name not in filmed]
    chosen = [others[i] for i in rng.permutation(len(others))[:n_pieces]]
    with tempfile.TemporaryDirectory() as folder:
        audio = open_checkpoint(write_debug_checkpoint(Path(folder), seed=seed, size=SMALL), "small", "cpu")
        sounds = [_sound(piece, audio, i) for i, piece in enumerate(chosen)]
        fit_codebooks(audio, sounds, rng)
        codes = [encoded(sound, audio.codec).clone() for sound in sounds]  # born outside of autograd
        loss = _learn(audio, codes, minutes, rng)
        backbone = audio.musicgen.backbone
        out.mkdir(parents=True, exist_ok=True)
        backbone.save_pretrained(out)
        audio.tokenizer.save_pretrained(out)
    return loss


def _sound(piece: Piece, audio: AudioModel, seed: int) -> torch.Tensor:
    """The piece's beginning [C, n], in an even tempo."""
    n_steps = min(piece.tokens.shape[1], HEARD_BARS * STEPS_PER_BAR)
    times_s = np.arange(n_steps + 1) * 240 / STEPS_PER_BAR / piece.bpm
    beginning = replace(piece, tokens=piece.tokens[:, :n_steps])
    return fitted(played(beginning, times_s, audio.codec.sample_rate, seed), audio.codec)


@torch.no_grad()
def fit_codebooks(audio: AudioModel, sounds: list[torch.Tensor], rng: np.random.Generator) -> None:
    """k-means, stage by stage, on what EnCodec's encoder makes of the sounds."""
    from scipy.cluster.vq import kmeans2

    model = audio.codec.model
    frames = torch.cat([model.encoder(sound[None])[0].T for sound in sounds]).numpy()
    rest = frames[rng.permutation(len(frames))[:FITTED_ON]].astype(np.float64)
    for layer in model.quantizer.layers[: len(audio.codec.cardinalities)]:
        centres, nearest = kmeans2(rest, len(layer.codebook.embed), minit="++", rng=rng)
        layer.codebook.embed.copy_(torch.from_numpy(centres))
        rest = rest - centres[nearest]


def _learn(audio: AudioModel, codes: list[torch.Tensor], minutes: float, rng: np.random.Generator) -> float:
    """Teach the decoder the tokens [K, N] of the pieces for some minutes of processor time."""
    model = audio.musicgen.float().train()
    nothing = audio.memory("").silenced().repeated(BATCH)
    decoder = list(model.backbone.decoder.requires_grad_(True).parameters())
    optimizer = torch.optim.AdamW(decoder, lr=RATE, betas=(0.9, 0.95), weight_decay=0.01)
    codes = [piece for piece in codes if piece.shape[1] > N_FRAMES]
    began, loss = time.thread_time(), float("nan")
    while (share := (time.thread_time() - began) / (60 * minutes)) < 1:
        optimizer.param_groups[0]["lr"] = RATE * (1 - share)
        rows = []
        for i in rng.integers(len(codes), size=BATCH):
            first = int(rng.integers(codes[i].shape[1] - N_FRAMES))
            rows.append(codes[i][:, first : first + N_FRAMES])
        nats, known = token_losses(model, torch.stack(rows), nothing)
        step = nats.sum() / known.sum()
        optimizer.zero_grad()
        step.backward()
        torch.nn.utils.clip_grad_norm_(decoder, 1.0)
        optimizer.step()
        loss = float(step.detach())
    model.eval()
    return loss


def main() -> None:
    """Make one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shard", type=Path, help="pieces, of `dyvim train prepare-music`")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--pieces", type=int, default=120, help="how many it hears")
    parser.add_argument(
        "--films", type=int, default=60, help="films of `train prepare`, whose music it must not hear"
    )
    parser.add_argument("--minutes", type=float, default=4.0, help="of learning, processor time")
    options = parser.parse_args()
    loss = make(options.shard, options.out, options.pieces, options.films, options.minutes)
    sys.stderr.write(f"{options.out}: {loss:.3f} nats a token\n")


if __name__ == "__main__":
    main()
