"""The arranger: valid music in every style that answers its curves."""

import os
import subprocess
import sys

import numpy as np
import pytest

from dyvim_cli.music.symbols import tokens
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.training.arranger import arrange, corpus
from dyvim_cli.training.arranger.harmony import SCALES
from dyvim_cli.training.arranger.library import arrange_pieces
from dyvim_cli.training.data import shards
from dyvim_cli.training.data.piece import Piece, PieceSection
from dyvim_cli.types import STYLES

INDEX = tokens.STREAM_INDEX
HEAVY = 0.6


@pytest.fixture(scope="module")
def pieces() -> list[Piece]:
    return arrange_pieces(120, seed=3)


@pytest.fixture(scope="module")
def following(pieces) -> list[Piece]:
    return [piece for piece in pieces if piece.name.startswith("follow/")]


def onset_counts(piece: Piece) -> np.ndarray:
    """[S] how many streams start something at each step."""
    rows = [piece.tokens[INDEX[name]] >= tokens.FIRST_PITCH for name in tokens.PITCHED]
    return np.sum([*rows, piece.tokens[INDEX["drums"]] > 0], axis=0)


def sounding_pitch(piece: Piece, name: str) -> np.ndarray:
    """[S] MIDI pitch that sounds, -1 in silence."""
    row, stream = piece.tokens[INDEX[name]], tokens.STREAMS[INDEX[name]]
    pitch, current = np.full(len(row), -1), -1
    for step, token in enumerate(row):
        current = current if token == tokens.HOLD else -1
        current = tokens.token_pitch(stream, token) if token >= tokens.FIRST_PITCH else current
        pitch[step] = current
    return pitch


def longest_run(flags: np.ndarray) -> int:
    runs = np.split(flags, np.flatnonzero(np.diff(flags.astype(int))) + 1)
    return max((len(run) for run in runs if run[0]), default=0)


def test_every_style_writes_valid_whole_bars(pieces):
    assert {piece.style for piece in pieces} == set(range(len(STYLES)))
    for piece in pieces:
        tokens.validate(piece.tokens)
        n_steps = piece.tokens.shape[1]
        assert piece.tokens.min() >= 0 and n_steps % 16 == 0
        assert piece.curves.shape == (n_steps, 3) and piece.curves.dtype == np.float32
        assert piece.curves.min() >= 0 and piece.curves.max() <= 1
        ends = [section.end for section in piece.sections]
        assert [section.start for section in piece.sections] == [0, *ends[:-1]] and ends[-1] == n_steps


def test_holds_follow_notes_and_no_note_is_stuck(pieces):
    for piece in pieces:
        for name in tokens.PITCHED:
            row = piece.tokens[INDEX[name]]
            assert row[0] != tokens.HOLD
            assert not np.any((row[1:] == tokens.HOLD) & (row[:-1] == tokens.REST))
            assert longest_run(row == tokens.HOLD) < 64


def test_a_piece_ends_at_home(pieces):
    for piece in pieces:
        last = int(piece.tokens[INDEX["chord"], -1])
        assert tokens.chord_pitch_classes(last)[0] == 0
        tune = sounding_pitch(piece, "melody")[-16:]
        assert set(tune[tune >= 0] % 12) <= set(tokens.chord_pitch_classes(last))
        bass = sounding_pitch(piece, "bass")[-1]
        assert bass < 0 or bass % 12 == 0


def test_notes_belong_to_chord_or_scale_and_do_not_clash(pieces):
    inside, notes, clashes, beats = 0, 0, 0, 0
    for piece in pieces:
        chords = [tokens.chord_pitch_classes(int(c)) for c in piece.tokens[INDEX["chord"]]]
        for name in tokens.PITCHED:
            pitch = sounding_pitch(piece, name)
            starts = np.flatnonzero(piece.tokens[INDEX[name]] >= tokens.FIRST_PITCH)
            notes += len(starts)
            inside += sum(pitch[s] % 12 in (*SCALES[piece.is_minor], *chords[s]) for s in starts)
        tune = sounding_pitch(piece, "melody")
        for step in np.flatnonzero(tune >= 0)[::1]:
            if step % 4 == 0:
                beats += 1
                rubs = any((tune[step] - c) % 12 in (1, 11) for c in chords[step])
                clashes += rubs and tune[step] % 12 not in chords[step]
    assert inside / notes > 0.97
    assert clashes / beats < 0.03


def beat_styles(pieces: list[Piece], with_beat: bool) -> list[Piece]:
    return [piece for piece in pieces if RECORDS[STYLES[piece.style]].keeps_beat == with_beat]


def test_accents_are_louder_and_fuller_than_what_is_around_them(following):
    heavy, elsewhere = [], []
    for piece in following:
        hit, level = piece.curves[:, 0], piece.tokens[INDEX["level"]]
        assert level[hit == 0].max(initial=0) <= 5
        assert level[hit >= HEAVY].min(initial=7) >= 6
        counts = onset_counts(piece)
        heavy.extend(counts[hit >= HEAVY])
        elsewhere.extend(counts[hit == 0])
    assert np.mean(heavy) > 2 * np.mean(elsewhere)


def test_the_groove_goes_on_through_events(following):
    """Around a heavy hit there are as many onsets as elsewhere: nothing is thinned out for it."""
    around, elsewhere = [], []
    for piece in beat_styles(following, True):
        hit, struck = piece.curves[:, 0], onset_counts(piece) > 0
        heavy = hit[:-32] >= HEAVY
        near = np.zeros(len(heavy), dtype=bool)
        for step in np.flatnonzero(heavy):
            near[max(0, step - 4) : step + 5] = True
        quiet = hit[:-32] == 0
        around.extend(struck[:-32][near & quiet])
        elsewhere.extend(struck[:-32][~near & quiet])
    assert np.mean(around) > 0.9 * np.mean(elsewhere)


def test_a_breath_is_short_and_rare(pieces):
    for piece in pieces:
        counts, n = onset_counts(piece)[:-32], piece.tokens.shape[1]
        runs = np.diff(np.flatnonzero(np.concatenate([[True], counts > 0, [True]])))
        seconds = runs.max() * 60 / piece.bpm / 4
        assert seconds < 3.5 or n <= 48, (piece.name, seconds)


@pytest.mark.parametrize(("with_beat", "most_empty"), [(True, 0.05), (False, 0.12)])
def test_hardly_half_a_second_is_without_an_onset(following, with_beat, most_empty):
    empty = []
    for piece in beat_styles(following, with_beat):
        steps = np.flatnonzero(onset_counts(piece)[: max(16, piece.tokens.shape[1] - 32)])
        window = (steps * 60 / piece.bpm / 4 / 0.5).astype(int)
        empty.append(1 - len(np.unique(window)) / (window.max() + 1))
    assert np.mean(empty) <= most_empty


def test_level_and_density_follow_energy_from_a_floor(following):
    level = np.concatenate([p.tokens[INDEX["level"]] for p in following]).astype(float)
    energy = np.concatenate([p.curves[:, 2] for p in following])
    counts = np.concatenate([onset_counts(p) for p in following])
    calm = np.concatenate([p.curves[:, 0] for p in following]) == 0
    assert np.corrcoef(level[calm], energy[calm])[0, 1] > 0.6
    bins = [counts[calm & (energy >= low) & (energy < low + 0.25)].mean() for low in (0.0, 0.25, 0.5, 0.75)]
    assert bins == sorted(bins) and 1.3 * bins[0] < bins[3] < 5 * bins[0]


def test_a_groove_stays_the_same_from_bar_to_bar(pieces):
    same = []
    for piece in pieces:
        drums = piece.tokens[INDEX["drums"]]
        eventless = (piece.curves[16:, 0] == 0) & (piece.curves[:-16, 0] == 0)
        same.extend((drums[16:] == drums[:-16])[eventless])
    assert np.mean(same) > 0.75


def test_free_music_has_neutral_curves_and_a_groove(pieces):
    free = [piece for piece in pieces if piece.name.startswith("free/")]
    assert 0.15 < len(free) / len(pieces) < 0.4
    for piece in free:
        assert not piece.curves[:, :2].any() and np.all(piece.curves[:, 2] == 0.5)
        assert onset_counts(piece).sum() > 2 * piece.tokens.shape[1] // 16


def test_same_seed_same_music():
    one, other = (arrange(np.random.default_rng(5), "jazz") for _ in range(2))
    assert one.name == other.name and np.array_equal(one.tokens, other.tokens)
    third = arrange(np.random.default_rng(6), "jazz")
    assert one.name != third.name


def test_same_seed_same_music_in_another_process():
    code = (
        "import numpy as np; from dyvim_cli.training.arranger import arrange;"
        "print([arrange(np.random.default_rng(i), 'pop').tokens.tolist() for i in range(4)])"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        for seed in ("1", "2")
    ]
    assert printed[0].stdout == printed[1].stdout


def lead_sheet() -> Piece:
    """Eight bars of a tune in quarter notes over I and V."""
    matrix = tokens.empty(128)
    matrix[INDEX["chord"]] = np.resize(
        np.repeat([tokens.chord_token(0, "maj"), tokens.chord_token(7, "maj")], 16), 128
    )
    scale = [72, 74, 76, 72, 71, 74, 79, 74]
    tune = tokens.STREAMS[INDEX["melody"]]
    matrix[INDEX["melody"]] = tokens.HOLD
    matrix[INDEX["melody"], ::4] = np.resize([tokens.pitch_token(tune, p) for p in scale], 32)
    curves = np.zeros((128, 3), dtype=np.float32)
    return Piece("sheet/tune", "openewld", matrix, curves, (PieceSection(0, 128),), False, 100.0, -1)


def test_a_lead_sheet_gives_its_theme():
    def times_heard(source) -> int:
        heard = 0
        for seed in range(20):
            piece = arrange(np.random.default_rng(seed), "acoustic", source)
            tune = sounding_pitch(piece, "melody")[::4] % 12
            heard += any(np.array_equal(tune[i : i + 4], [0, 2, 4, 0]) for i in range(len(tune)))
        return heard

    assert times_heard(lead_sheet()) >= 7 > 2 >= times_heard(None)


def test_corpus_can_be_read_back(tmp_path):
    bars = corpus(tmp_path / "music.safetensors", 10, seed=1)
    read = shards.load(tmp_path / "music.safetensors")
    assert sum(piece.tokens.shape[1] for piece in read) == 16 * bars
    assert [piece.name for piece in read] == [piece.name for piece in arrange_pieces(10, seed=1)]
