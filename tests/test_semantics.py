"""Scenes, moods and styles: on colour fields and noise whose answer is known."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.moments import steps_off
from dyvim_cli.errors import WeightsError
from dyvim_cli.types import STYLES
from dyvim_cli.vision import content, looks, scenes, semantics, styles

QUIET = np.zeros(0)


def picture(colour: tuple[int, int, int], seed: int = 0, noise: float = 12.0) -> np.ndarray:
    """A field [90, 160, 3] of one colour with coarse, smooth unevenness."""
    rng = np.random.default_rng(seed)
    blotches = np.kron(rng.normal(0, noise, (9, 16)), np.ones((10, 10)))
    return np.clip(np.array(colour) + blotches[..., None], 0, 255).astype(np.uint8)


def described(colour=(120, 110, 100), energy: float = 0.05, cut_rate_hz: float = 0.1) -> semantics.Semantics:
    """Semantics of a 10 s film of one scene and two key frames."""
    times = np.arange(0, 10, 0.1)
    frames = [picture(colour, seed) for seed in (1, 2)]
    starts = np.array([0.0])
    return semantics.describe_scenes(
        frames, np.array([2.5, 7.5]), starts, 10.0, np.full(len(times), energy), times, cut_rate_hz
    )


def starts_of(duration_s, cuts, weights=None, times=QUIET, novelty=QUIET):
    cuts = np.array(cuts, float)
    weights = np.full(len(cuts), 0.8) if weights is None else np.array(weights)
    return scenes.scene_starts(duration_s, cuts, weights, times, novelty)


def test_cuts_begin_scenes():
    assert starts_of(20.0, [5.0, 11.0]).tolist() == [0.0, 5.0, 11.0]
    assert starts_of(20.0, []).tolist() == [0.0]
    assert starts_of(20.0, [5.0]).dtype == np.float64


def test_crowded_cuts_leave_the_heavier():
    assert starts_of(20.0, [8.0, 9.0, 10.0], [0.7, 1.0, 0.7]).tolist() == [0.0, 9.0]
    assert starts_of(20.0, [1.0, 19.0]).tolist() == [0.0]  # neither a first nor a last scene of a second


def test_scenes_of_a_montage_are_long_enough():
    rng = np.random.default_rng(3)
    cuts = np.sort(rng.uniform(0, 60, 80))
    starts = starts_of(60.0, cuts, rng.uniform(0.7, 1, 80))
    assert np.diff(np.append(starts, 60.0)).min() >= scenes.LEAST_SCENE_S
    assert len(starts) > 10


def test_strong_novelty_divides_long_shots_only():
    times = np.arange(0, 40, 0.1)
    novelty = 0.1 + 0.8 * np.exp(-(((times - 20) / 0.8) ** 2))
    assert starts_of(40.0, [], times=times, novelty=novelty) == pytest.approx([0.0, 20.0], abs=0.05)
    assert starts_of(40.0, [15.0, 25.0], times=times, novelty=novelty).tolist() == [0.0, 15.0, 25.0]
    for dull in (0.6 * novelty, np.maximum(novelty, 0.7)):  # weak, or restless all the time
        assert starts_of(40.0, [], times=times, novelty=dull).tolist() == [0.0]


def test_key_times_cover_every_scene():
    starts = np.array([0.0, 3.0, 20.0, 50.0])
    keys = scenes.choose_key_times(starts, 60.0)
    assert set(np.searchsorted(starts, keys, side="right") - 1) == {0, 1, 2, 3}
    assert np.all(np.diff(keys) > 0)
    assert 12 <= len(keys) <= 16


@pytest.mark.parametrize("starts", [np.array([0.0]), np.arange(0, 3600, 30.0), np.arange(0, 3600, 300.0)])
def test_key_times_of_long_films_are_capped(starts):
    keys = scenes.choose_key_times(starts, 3600.0)
    assert 24 <= len(keys) <= 48
    assert keys[0] >= 0 and keys[-1] < 3600


def test_scenes_that_look_alike_share_a_label():
    rng = np.random.default_rng(0)
    places = rng.random((3, 64)) ** 3
    seen = [0, 1, 0, 2, 1]
    features = np.array([places[p] + 0.05 * rng.random(64) for p in seen], np.float32)
    keys, starts = np.arange(5) * 4.0 + 2, np.arange(5) * 4.0
    same_light = np.full((5, 3), 0.4)
    labels = scenes.scene_labels(features, same_light, keys, starts)
    assert labels.tolist() == seen and labels.dtype == np.int16
    dusk = same_light.copy()
    dusk[2] = 0.1  # the first place again, by night
    assert scenes.scene_labels(features, dusk, keys, starts).tolist() == [0, 1, 2, 3, 1]


def test_a_scene_without_key_frame_takes_the_nearest():
    features = np.eye(2, 8, dtype=np.float32)
    starts = np.array([0.0, 4.0, 8.0])
    labels = scenes.scene_labels(features, np.zeros((2, 1)), np.array([1.0, 9.0]), starts)
    assert labels.tolist() == [0, 1, 1]


def test_bright_colourful_pictures_please():
    dark, grey, bright = (
        described(colour).scene_moods[0, 0] for colour in [(25, 25, 30), (110, 110, 110), (250, 190, 120)]
    )
    assert dark < -0.3 < grey < bright
    assert bright > 0.3


def test_saturation_motion_and_cuts_excite():
    calm = described((120, 120, 120)).scene_moods[0, 1]
    assert described((220, 60, 60)).scene_moods[0, 1] > calm
    arousal = [described(energy=energy).scene_moods[0, 1] for energy in (0.0, 0.02, 0.1, 0.5)]
    assert np.all(np.diff(arousal) > 0.05)
    assert described(cut_rate_hz=1.0).scene_moods[0, 1] > described(cut_rate_hz=0.0).scene_moods[0, 1]
    assert np.abs(arousal).max() <= 1


def test_each_scene_has_its_own_mood():
    frames = [picture((20, 20, 25)), picture((250, 200, 130))]
    times = np.arange(0, 10, 0.1)
    energy = np.where(times < 5, 0.01, 0.3)
    found = semantics.describe_scenes(
        frames, np.array([2.5, 7.5]), np.array([0.0, 5.0]), 10.0, energy, times, 0.1
    )
    assert found.scene_moods.shape == (2, 2)
    assert np.all(found.scene_moods[1] > found.scene_moods[0] + 0.3)


def test_shapes_sums_and_repeatability():
    first, second = described(), described()
    assert first.key_features.shape == (2, 1280) and first.key_features.dtype == np.float32
    assert first.style_scores.shape == (len(STYLES),)
    assert first.style_scores.sum() == pytest.approx(1, abs=1e-5)
    for name in ("key_features", "scene_moods", "style_scores"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


@pytest.mark.parametrize("frame", [
    np.zeros((90, 160, 3), np.uint8),
    np.full((160, 88, 3), 255, np.uint8),
    np.repeat(np.kron(np.eye(4, 4, dtype=np.uint8) * 255, np.ones((8, 40), np.uint8))[..., None], 3, axis=2),
])  # fmt: skip
def test_cards_of_any_shape_are_described(frame):
    found = semantics.describe_scenes([frame], np.zeros(1), np.zeros(1), 0.04, np.zeros(1), np.zeros(1), 0.0)
    assert all(np.isfinite(a).all() for a in (found.key_features, found.scene_moods, found.style_scores))


def test_class_groups_are_disjoint_imagenet_classes():
    classes = [c for name in content.GROUPS for c in content.group_classes(name)]
    assert len(classes) == len(set(classes))
    assert min(classes) >= 0 and max(classes) < 1000


WOULD_CHOOSE = {
    "cinematic": {"valence": -0.6, "arousal": -0.1, "darkness": 0.5, "variety": -0.5},
    "orchestral": {"valence": 0.4, "arousal": 0.4, "camera": 0.5, "epic": 0.4, "nature": 0.6},
    "ambient": {
        "arousal": -0.6,
        "subject": -0.7,
        "cuts": -0.7,
        "nature": 0.5,
        "backdrop": 0.6,
        "variety": -0.7,
    },
    "lofi": {"valence": 0.1, "arousal": -0.5, "warmth": 0.3, "home": 0.7, "screens": 0.3},
    "pop": {"valence": 0.5, "arousal": 0.4, "subject": 0.3, "cuts": 0.5, "people": 0.7},
    "electronic": {"valence": 0.0, "arousal": 0.3, "warmth": -0.6, "screens": 0.8, "cuts": 0.2},
    "acoustic": {"valence": 0.5, "arousal": -0.3, "warmth": 0.6, "nature": 0.6, "animals": 0.4},
    "jazz": {"valence": -0.1, "arousal": -0.2, "warmth": 0.5, "elegance": 0.5, "stage": 0.5, "food": 0.3},
    "rock": {"valence": 0.1, "arousal": 0.8, "subject": 0.6, "cuts": 0.6, "sport": 0.6, "vehicles": 0.4},
    "playful": {"valence": 0.5, "arousal": 0.2, "variety": 0.6, "things": 0.6, "animals": 0.4},
}


@pytest.mark.parametrize("style", styles.AFFINITIES)
def test_every_style_can_be_reached(style):
    scores = styles.style_scores(WOULD_CHOOSE[style], np.zeros(len(styles.AFFINITIES)))
    assert STYLES[int(np.argmax(scores))] == style


def on_green(subject: int) -> np.ndarray:
    """A figure of one grey level in front of a green screen."""
    frame = np.full((90, 160, 3), (30, 255, 10), np.uint8)
    frame[20:, 65:95] = subject
    return frame


def test_a_backdrop_counts_for_nothing():
    black, white = looks.looks_of([on_green(0), on_green(255)])
    assert black[looks.LOOKS.index("brightness")] < 0.05 and white[looks.LOOKS.index("brightness")] > 0.95
    assert abs(black[looks.LOOKS.index("saturation")]) < 0.05
    assert 0.7 < black[looks.LOOKS.index("backdrop")] < 0.9


def test_a_landscape_has_no_backdrop():
    sky = np.concatenate([np.full((45, 160, 3), (150, 180, 250)), np.full((45, 160, 3), (60, 130, 40))])
    assert looks.looks_of([sky.astype(np.uint8)])[0, looks.LOOKS.index("backdrop")] < 0.05


def test_content_that_is_not_recognised_is_no_content():
    assert max(content.group_levels(np.full((2, 1000), 0.001)).values()) < 1e-3
    cat = np.full((1, 1000), 0.0005)
    cat[0, 281] = 0.5005
    assert content.group_levels(cat)["animals"] > 0.6


def test_classes_that_look_at_one_another_are_kept_apart():
    shown = np.full((1, 1000), 1e-4)
    shown[0, [291, 970]] = 0.45  # a lion, an alp
    levels = content.group_levels(shown)
    assert min(levels["wild"], levels["landscape"]) > 0.6 and max(levels["animals"], levels["nature"]) < 0.05


def test_a_sky_over_a_landscape_is_no_painting(monkeypatch):
    def embedded(seen_class: int):
        chances = np.full((2, 1000), 1e-4, np.float32)
        chances[:, seen_class] = 0.9
        return lambda frames: (np.zeros((2, 1280), np.float32), chances)

    def painted(seen_class: int) -> float:
        monkeypatch.setattr(semantics, "embed_frames", embedded(seen_class))
        sky = np.concatenate([np.full((45, 160, 3), (90, 140, 240)), np.full((45, 160, 3), (200, 120, 40))])
        times = np.arange(0, 10, 0.1)
        frames, keys = [sky.astype(np.uint8)] * 2, np.array([2.5, 7.5])
        found = semantics.describe_scenes(frames, keys, np.zeros(1), 10.0, np.zeros(100), times, 0.0)
        return float(found.style_measures[styles.MEASURES.index("painted")])

    assert painted(917) > 0.5 > 3 * painted(970)  # a comic book, an alp


def test_black_and_white_backdrops_are_light_and_coloured_ones_are_not():
    def light(backdrop: tuple[int, int, int]) -> float:
        frame = np.full((90, 160, 3), backdrop, np.uint8)
        frame[20:70, 60:100] = 128
        seen = looks.looks_of([frame])
        return float(semantics.with_black_and_white(seen, looks.colours([frame]))[0, 0])

    assert light((0, 0, 0)) < 0.3 and light((255, 255, 255)) > 0.75
    assert light((30, 255, 10)) == pytest.approx(0.5, abs=0.05)  # the grey figure's own


def test_close_calls_are_drawn_in_proportion_and_clear_ones_are_not():
    scores = np.full(len(STYLES), 0.08, np.float32)
    scores[[STYLES.index("acoustic"), STYLES.index("pop")]] = 0.19, 0.17
    assert [style for style, _ in styles.close_styles(scores)] == ["acoustic", "pop"]
    drawn = [styles.draw_style(scores, np.random.default_rng(seed)) for seed in range(2000)]
    assert set(drawn) == {"acoustic", "pop"}
    assert drawn.count("acoustic") / 2000 == pytest.approx(0.19 / 0.36, abs=0.05)
    scores[STYLES.index("acoustic")] = 0.3
    assert {styles.draw_style(scores, np.random.default_rng(seed)) for seed in range(50)} == {"acoustic"}


def test_reasons_add_up_to_the_choice():
    measures = WOULD_CHOOSE["orchestral"]
    speaks_for, against = styles.reasons(styles.as_row(measures), "orchestral")
    assert speaks_for[0][0] in ("nature", "epic") and all(value < 0 for _, value in against)


def test_moods_have_words():
    assert styles.mood_words(0.6, -0.3) == "bright, calm"
    assert styles.mood_words(-0.9, 0.9) == "dark, driving"
    assert styles.mood_words(0.0, 0.0) == "neutral, moderate"


@pytest.fixture(scope="module")
def tiny_clip(tmp_path_factory):
    """A folder with a random CLIP of a few thousand weights and a tokenizer of single letters."""
    torch = pytest.importorskip("torch")
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

    folder = tmp_path_factory.mktemp("clip")
    letters = sorted("abcdefghijklmnopqrstuvwxyz,.-")
    vocabulary = letters + [letter + "</w>" for letter in letters] + ["<|startoftext|>", "<|endoftext|>"]
    numbered = {token: i for i, token in enumerate(vocabulary)}
    (folder / "vocab.json").write_text(json.dumps(numbered), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "CLIPTokenizer", "model_max_length": 77}), encoding="utf-8"
    )
    small = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    words = {"vocab_size": len(numbered), "max_position_embeddings": 77, "eos_token_id": len(numbered) - 1}
    config = CLIPConfig(
        text_config=small | words | {"bos_token_id": len(numbered) - 2, "pad_token_id": len(numbered) - 1},
        vision_config=small | {"image_size": 32, "patch_size": 16},
        projection_dim=24,
    )
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(folder)
    size = {"shortest_edge": 32}
    CLIPImageProcessor(size=size, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def test_clip_speaks_the_same_language(tiny_clip):
    frames = [picture((200, 80, 40), seed) for seed in range(3)]
    keys, starts, times = np.array([1.0, 3.0, 8.0]), np.array([0.0, 5.0]), np.arange(0, 10, 0.1)
    found = semantics.describe_scenes(frames, keys, starts, 10.0, np.full(100, 0.05), times, 0.1, tiny_clip)
    assert found.key_features.shape == (3, 24) and found.key_features.dtype == np.float32
    assert found.scene_moods.shape == (2, 2) and np.abs(found.scene_moods).max() <= 1
    assert found.style_scores.shape == (len(STYLES),)
    assert found.style_scores.sum() == pytest.approx(1, abs=1e-5)


def test_no_clip_is_said(tmp_path):
    with pytest.raises(WeightsError, match="CLIP"):
        semantics.read_with_clip([picture((0, 0, 0))], tmp_path)


def test_an_explanation_names_what_was_seen_and_a_close_call_is_said(tmp_path, monkeypatch):
    from conftest import MOVING, cut_film
    from typer.testing import CliRunner

    from dyvim_cli.cli.main import app

    monkeypatch.setenv("DYVIM_CACHE", str(tmp_path / "cache"))
    film = cut_film(tmp_path / "film.mp4", MOVING, seconds=1)
    told = CliRunner().invoke(
        app, ["extract-features", str(film), "--explain", "--json", "--progress", "none"]
    )
    assert told.exit_code == 0, told.output
    summary = json.loads(told.stdout.splitlines()[-1])
    best = max(summary["styles"], key=summary["styles"].get)
    lines = summary["explanation"]
    assert lines[0].startswith(f"styles: {best} .") and lines[1].startswith("mood: ")
    assert any(line.startswith(f"for {best}: ") for line in lines) and lines[-1].startswith("seen: ")
    assert summary["version"] and summary["mood"]["words"] in lines[1]


def test_the_result_line_says_close_calls_and_the_mood():
    from dyvim_cli.cli.show.console import style_line

    facts = {"style": "acoustic", "mood": {"words": "bright, calm"}}
    assert style_line(facts) == "acoustic (bright, calm)"
    facts |= {"style_score": 0.18, "style_also": [{"style": "pop", "score": 0.17}]}
    assert style_line(facts) == "acoustic .18, also pop .17 (bright, calm)"


def labelled(which: str) -> tuple[list[dict], list[dict]]:
    """Labels and measures of a set of moments."""
    folder = Path(__file__).parent / "data"
    labels, measured = (
        json.loads((folder / f"style_{name}{which}.json").read_text(encoding="utf-8"))
        for name in ("labels", "measures")
    )
    assert len(labels) == len(measured)
    return labels, measured


@pytest.mark.parametrize(
    ("which", "half", "least"),
    [
        ("", None, 60), ("_later", None, 20), ("_packages", "a", 40), ("_packages", "b", 40),
        ("_more", "a", 60), ("_more", "b", 60),
    ],
)  # fmt: skip
def test_the_table_chooses_what_people_accept_and_no_style_too_often(which, half, least):
    """Moments of free films, labelled by looking; `python -m benchmarks.moments` measures the films again."""
    labels, measured = labelled(which)
    kept = [i for i, label in enumerate(labels) if label.get("half") == half]
    scores = [styles.style_scores(measured[i], np.zeros(len(styles.AFFINITIES))) for i in kept]
    best = [styles.close_styles(score)[0][0] for score in scores]
    met = [style in labels[i]["styles"] for i, style in zip(kept, best, strict=True)]
    assert len(kept) >= least and sum(met) / len(met) >= 0.75
    assert max(best.count(style) for style in STYLES) <= len(best) / 3


def test_the_words_of_the_mood_are_a_step_off_at_most():
    labels, measured = labelled("_packages")
    said = [styles.mood_words(seen.get("valence", 0.0), seen.get("arousal", 0.0)) for seen in measured]
    steps = np.abs([steps_off(*pair) for pair in zip(said, (x["mood"] for x in labels), strict=True)])
    assert ((steps <= 1).mean(axis=0) >= 0.85).all()


def test_the_documented_table_is_the_one_that_chooses():
    text = (Path(__file__).parent.parent / "docs" / "seeing.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "|" in line]
    head = next(i for i, row in enumerate(rows) if row[0] == "measure")
    told = {row[0]: row[1:] for row in rows[head + 2 :][: len(styles.MEASURES)]}
    assert list(told) == list(styles.MEASURES)
    for column, style in enumerate(rows[head][1:]):
        written = {name: float(cells[column]) for name, cells in told.items() if cells[column]}
        assert written == styles.AFFINITIES[style]
