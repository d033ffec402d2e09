"""The musician's side of the evaluation: measures of tokens, faults of scores, rolls, the gallery page."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import MOVING, STILL, cut_film

from benchmarks import composed, gallery, musicality_check
from benchmarks.imagined import imagined_film, still_film
from benchmarks.piano_roll import chord_name
from dyvim_cli.model.compose.score import write_score
from dyvim_cli.music.idioms.progressions import roman
from dyvim_cli.music.symbols import tokens
from dyvim_cli.music.symbols.measures import measures
from dyvim_cli.options import ComposeOptions
from dyvim_cli.pipeline import features_of, load_embedded
from dyvim_cli.types import Key

MELODY, CHORD, BASS = (tokens.STREAM_INDEX[n] for n in ("melody", "chord", "bass"))


def pitch(stream: int, midi: int) -> int:
    return tokens.pitch_token(tokens.STREAMS[stream], midi)


def silent(n_bars: int) -> np.ndarray:
    piece = np.zeros((tokens.K, 16 * n_bars), np.int16)
    piece[CHORD] = roman("I")
    return piece


@pytest.fixture(scope="module")
def decoder():
    return load_embedded()


@pytest.fixture(scope="module")
def piece(decoder):
    film = imagined_film(np.random.default_rng(3), 12.0, "pop")
    score = write_score(film, ComposeOptions(alpha=1.0, style="pop", seed=2, candidates=1), decoder)
    return composed.Composed("one", film, score)


def test_a_tune_is_told_from_an_arpeggio_and_from_one_note():
    scale, broken, one = silent(2), silent(2), silent(2)
    scale[MELODY, ::4] = [pitch(MELODY, p) for p in (72, 74, 76, 77, 79, 77, 76, 74)]
    broken[MELODY, ::4] = [pitch(MELODY, p) for p in (60, 76, 60, 76, 60, 76, 60, 76)]
    one[MELODY, ::4] = pitch(MELODY, 72)
    sung, leapt, stuck = (measures(m, False) for m in (scale, broken, one))
    assert sung["melody_steps"] == 1 and sung["melody_leaps"] == 0
    assert leapt["melody_steps"] == 0 and leapt["melody_leaps"] == 1
    assert stuck["melody_repeats"] == 1 and stuck["melody_run"] == 8


def test_breaths_part_phrases():
    row = silent(4)
    row[MELODY, :30] = tokens.HOLD
    row[MELODY, [0, 16]] = pitch(MELODY, 72)
    row[MELODY, 36:60] = tokens.HOLD
    row[MELODY, [36, 40]] = pitch(MELODY, 74)
    assert measures(row, False)["phrase_bars"] == pytest.approx((30 + 24) / 2 / 16)


def test_a_returning_bar_is_heard_as_such():
    rng = np.random.default_rng(0)
    bars = [rng.permutation(16)[:6] for _ in range(4)]
    often, never = silent(8), silent(8)
    for bar in range(8):
        often[BASS, bar * 16 + bars[bar % 4]] = pitch(BASS, 36 + bar % 4)
        never[BASS, bar * 16 + bars[bar % 4]] = pitch(BASS, 36 + bar)
    assert measures(often, False)["self_similarity"] == 1
    assert measures(never, False)["self_similarity"] < 0.1


def test_the_shipped_decoder_writes_a_piece_without_faults(piece):
    assert composed.faults(piece) == ()
    found = composed.figures(piece)
    assert found["in_harmony"] >= 0.95 and found["density"] > 3


def test_faults_are_found(piece):
    score = piece.score
    stuck = score.tokens.copy()
    stuck[MELODY, 1 : 5 * 16 + 2] = tokens.HOLD
    stuck[MELODY, [0, 90]] = pitch(MELODY, 72)
    assert "melody" in composed.stuck_streams(replace(score, tokens=stuck))
    elsewhere = score.tokens.copy()
    elsewhere[CHORD] = roman("V")
    assert not composed.ends_on_tonic(replace(score, tokens=elsewhere))
    mute = replace(piece, score=replace(score, stems=()))
    assert composed.silent_bars(mute) > 2
    assert composed.silent_bars(replace(mute, features=still_film(12.0, "pop"))) == 0
    late = replace(score.stems[0], notes=(replace(score.stems[0].notes[-1], end_s=99.0),))
    assert not composed.last_ring(replace(piece, score=replace(score, stems=(late,))))[1]


def test_pieces_are_told_apart(piece, decoder):
    def again(**options):
        options = {"alpha": 1.0, "style": "pop", "seed": 2, "candidates": 1} | options
        return write_score(piece.features, ComposeOptions(**options), decoder)

    assert composed.likeness(piece.score, again()) == 1
    assert composed.likeness(piece.score, again(seed=3)) < 0.5
    other = again(style="jazz")
    assert composed.instrument_likeness(piece.score, other) < 0.5
    assert composed.rhythm_likeness(piece.score, other) < composed.rhythm_likeness(piece.score, again())


def test_the_report_says_what_is_inside_the_band(piece):
    report = musicality_check.judge([piece])
    assert report["pieces"] == 1 and not report["faults"]
    for row in report["measures"].values():
        assert row["corpus"][0] <= row["corpus"][1] <= row["corpus"][2]
        within = row["corpus"][0] <= row["ours"][1] <= row["corpus"][2]
        assert (row["inside"] == 1) == within
    assert "in_harmony" in musicality_check.text_of(report)


def test_drums_are_judged_where_a_drummer_keeps_time(piece):
    timpani = replace(piece, score=replace(piece.score, style="orchestral"))
    kit, both = musicality_check.judge([piece]), musicality_check.judge([piece, timpani])
    assert kit["measures"]["drums_density"] == both["measures"]["drums_density"]
    assert "drums_density" not in musicality_check.judge([timpani])["measures"]


def test_chords_are_named_in_the_key():
    assert chord_name(roman("V7"), Key(2, False)) == "A7"
    assert chord_name(roman("i"), Key(9, True)) == "Am"
    assert chord_name(0, Key(0, False)) == ""


def test_the_gallery_is_one_page_with_everything_beside_it(tmp_path, decoder):
    from PIL import Image

    film = cut_film(tmp_path / "film.mp4", MOVING, STILL, seconds=1.5)
    folder = tmp_path / "gallery"
    films = [(film, features_of(film))]
    options = ComposeOptions(candidates=1)
    index = gallery.write_gallery(films, decoder, folder, options, lambda line: None)
    page = index.read_text(encoding="utf-8")
    rolls = sorted(path for path in folder.glob("*.png") if "waveform" not in path.name)
    assert {roll.stem for roll in rolls} == {f"film.alpha{alpha}" for alpha in ("0", "0.5", "1")}
    assert "Flow beside sync" in page and "<td>cut</td>" in page
    for roll in rolls:
        endings = (".png", ".waveform.png", ".mp3", ".mid", ".mp4")
        assert {f"{roll.stem}{end}" for end in endings} <= {path.name for path in folder.iterdir()}
        assert roll.name in page and f"{roll.stem}.waveform.png" in page
        with Image.open(roll) as picture:
            assert np.asarray(picture.convert("L")).std() > 5
    assert len(json.loads((folder / "gallery.json").read_text())) == 3


def test_films_are_synthesised_where_there_are_none(tmp_path):
    paths = gallery.films_or_synthesised([tmp_path / "missing.mp4"], tmp_path / "made")
    assert len(paths) == 1 and paths[0].stat().st_size > 10_000
    assert gallery.films_or_synthesised([*paths, tmp_path / "missing.mp4"], tmp_path) == paths
