"""Train a MusicGen of a million weights, to compare tuning strategies without a GPU.

python -m tools.small_backbone SHARD -o FOLDER [--pieces N] [--films N] [--minutes M]

The files and classes are transformers' own. The codec learns to encode and decode the pieces as they are
played here (small_codec.py). The decoder then learns these pieces' tokens, prompted with their descriptions,
without any film, as MusicGen did: what a strategy adapts to films is a decoder that knows music and words.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from dyvim_cli.model.musicgen.backbone import Memory
from dyvim_cli.model.musicgen.debug import Size, write_debug_checkpoint
from dyvim_cli.model.musicgen.loading import AudioModel, open_checkpoint
from dyvim_cli.training.data.piece import Piece
from dyvim_cli.training.data.shards import load
from dyvim_cli.training.films.film_pairs import encode_music, fit_channels
from dyvim_cli.training.films.pairs import choose_pieces
from dyvim_cli.training.learn.audio_learner import stack_memories, token_losses
from dyvim_cli.training.tasks.audio import prompt_of_piece, render_piece
from dyvim_cli.types import STEPS_PER_BAR
from tools.small_codec import fit_codebooks, teach_decoder, teach_encoder

SMALL = Size(hidden=160, n_layers=4, n_tokens=128, spread=0.05)
HEARD_BARS = 12  # bars of each piece that are learned
N_FRAMES, BATCH, RATE = 500, 4, 1e-3
CODEC_SHARE = 1 / 8  # share of the decoder's minutes that each half of the codec gets
N_FILMS = 240
UNTOLD_SHARE = 0.2  # share of the windows that are heard without words, for guidance


def make(shard: Path, out: Path, n_pieces: int, n_films: int, minutes: float, seed: int = 0) -> float:
    """Train a small MusicGen on a shard's pieces and write its checkpoint.

    Args:
        shard: path of pieces.
        out: folder of the checkpoint.
        n_pieces: pieces to learn from.
        n_films: first pieces that are left out, since `train prepare` makes films of them.
        minutes: processor time of learning.
        seed: of weights and windows.

    Returns:
        Loss of the last updates, nats a token.
    """
    pieces = load(shard)
    filmed = {piece.name for piece in choose_pieces(pieces, n_films, 0)}
    rng = np.random.default_rng(seed)
    others = [piece for piece in pieces if piece.name not in filmed]
    chosen = [others[i] for i in rng.permutation(len(others))[:n_pieces]]
    with tempfile.TemporaryDirectory() as folder:
        audio = open_checkpoint(write_debug_checkpoint(Path(folder), seed=seed, size=SMALL), "small", "cpu")
        sounds = [_sound(piece, audio, i) for i, piece in enumerate(chosen)]
        teach_encoder(audio.codec.model, sounds, CODEC_SHARE * minutes, rng)
        fit_codebooks(audio.codec.model, sounds, len(audio.codec.cardinalities), rng)
        codes = [encode_music(sound, audio.codec).clone() for sound in sounds]  # born outside of autograd
        teach_decoder(audio.codec.model, sounds, codes, CODEC_SHARE * minutes, rng)
        loss = _learn(audio, codes, [audio.memory(prompt_of_piece(piece)) for piece in chosen], minutes, rng)
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
    return fit_channels(render_piece(beginning, times_s, audio.codec.sample_rate, seed), audio.codec)


def _learn(
    audio: AudioModel,
    codes: list[torch.Tensor],
    words: list[Memory],
    minutes: float,
    rng: np.random.Generator,
) -> float:
    """Teach the decoder the tokens [K, N] of the pieces for some minutes of processor time."""
    model = audio.musicgen.float().train()
    decoder = list(model.backbone.decoder.requires_grad_(True).parameters())
    optimizer = torch.optim.AdamW(decoder, lr=RATE, betas=(0.9, 0.95), weight_decay=0.01)
    long = [i for i, piece in enumerate(codes) if piece.shape[1] > N_FRAMES]
    began, losses = time.thread_time(), []
    while (share := (time.thread_time() - began) / (60 * minutes)) < 1:
        optimizer.param_groups[0]["lr"] = RATE * (1 - share)
        rows, told = [], []
        for i in rng.choice(long, size=BATCH):
            first = int(rng.integers(codes[i].shape[1] - N_FRAMES))
            rows.append(codes[i][:, first : first + N_FRAMES])
            told.append(words[i].silenced() if rng.random() < UNTOLD_SHARE else words[i])
        nats, known = token_losses(model, torch.stack(rows), stack_memories(told))
        step = nats.sum() / known.sum()
        optimizer.zero_grad()
        step.backward()
        torch.nn.utils.clip_grad_norm_(decoder, 1.0)
        optimizer.step()
        losses.append(float(step.detach()))
    model.eval()
    return float(np.mean(losses[-20:]))


def main() -> None:
    """Make one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shard", type=Path, help="pieces, of `dyvim train prepare-music`")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--pieces", type=int, default=120, help="how many it hears")
    parser.add_argument(
        "--films", type=int, default=N_FILMS, help="films of `train prepare`, of whose music it hears none"
    )
    parser.add_argument("--minutes", type=float, default=8.0, help="processor time of the decoder's learning")
    options = parser.parse_args()
    loss = make(options.shard, options.out, options.pieces, options.films, options.minutes)
    sys.stderr.write(f"{options.out}: {loss:.3f} nats a token\n")


if __name__ == "__main__":
    main()
