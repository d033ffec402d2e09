"""The feature cache: content is the key, entries are whole, nothing in it is trusted blindly."""

import os
import time
from dataclasses import replace

import numpy as np
import pytest
from helpers.film_features import features

from dyvim_cli import cache
from dyvim_cli.errors import InputError
from dyvim_cli.types import FilmFeatures


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DYVIM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(3_000_000))
    return path


def same(a: FilmFeatures, b: FilmFeatures) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in vars(a))


def test_what_is_stored_comes_back_to_the_bit(folder, film):
    key = cache.key_of(film, {})
    assert cache.load(key) is None
    cache.store(key, features(), film)
    assert same(cache.load(key), features())
    assert [entry.film for entry in cache.entries()] == ["film.mp4"]


def test_a_changed_byte_or_setting_is_a_new_key_a_new_name_is_not(film):
    key = cache.key_of(film, {"width": 160})
    assert cache.key_of(film, {"width": 161}) != key
    assert cache.key_of(film.rename(film.with_name("other.mp4")), {"width": 160}) == key
    content = bytearray(film.with_name("other.mp4").read_bytes())
    content[1_234_567] ^= 1
    film.write_bytes(content)
    assert cache.key_of(film, {"width": 160}) != key


@pytest.mark.parametrize("keep", [0, 7, 200, -1])
def test_a_torn_entry_is_no_entry(folder, film, keep):
    cache.store("k", features(), film)
    path = folder / "k.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    assert cache.load("k") is None
    cache.store("k", features(), film)
    assert same(cache.load("k"), features())


NONSENSE = {  # what a broken disk or an editor makes of a field
    "style_scores": np.zeros(11, np.float32),
    "times_s": np.arange(30)[::-1] / 12.5,
    "energy": np.full(30, np.nan, np.float32),
    "dynamics": np.zeros((29, 64), np.float32),
    "event_kinds": np.array([0, 9], np.int8),
    "event_times_s": np.array([1.3, 0.7]),
    "scene_starts_s": np.zeros(0),
    "key_times_s": np.array([99.0]),
    "duration_s": float("nan"),
}


@pytest.mark.parametrize("field", NONSENSE)
def test_features_that_make_no_sense_are_refused_and_found_anew(folder, film, field):
    cache.store("k", replace(features(), **{field: NONSENSE[field]}), film)
    assert cache.load("k") is None
    with pytest.raises(InputError, match="is damaged") as raised:
        cache.read_features(folder / "k.safetensors")
    assert "extract-features" in raised.value.hint


def test_an_unwritable_cache_does_not_stop_the_work(film, monkeypatch, tmp_path):
    monkeypatch.setenv("DYVIM_CACHE", str(film / "below-a-file"))
    cache.store("k", features(), film)
    assert cache.load("k") is None


def test_no_temporary_file_stays(folder, film):
    cache.store("k", features(), film)
    assert [p.name for p in folder.iterdir()] == ["k.safetensors"]


def test_clean_by_age_and_by_size(folder, film):
    for i, name in enumerate("abc"):
        cache.store(name, features(i), film)
        age = time.time() - (3 - i) * 86400
        os.utime(folder / f"{name}.safetensors", (age, age))
    assert cache.clean(older_than_days=2.5)[0] == 1
    one = cache.entries()[0].n_bytes
    removed, freed = cache.clean(keep_bytes=one)
    assert (removed, freed) == (1, one)
    assert [entry.path.stem for entry in cache.entries()] == ["c"]
    assert cache.clean()[0] == 1 and cache.entries() == []


def test_what_is_no_features_file_is_an_input_error(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_text("hello")
    with pytest.raises(InputError):
        cache.read_features(path)


@pytest.mark.skipif(os.name == "nt", reason="no umask")
def test_others_may_read_what_is_written_as_the_umask_says(tmp_path):
    """safetensors makes its files private."""
    import torch

    from dyvim_cli.model.score.checkpoint import save_tensors
    from dyvim_cli.training.data import shards

    before = os.umask(0o027)
    try:
        cache.write_features(features(), tmp_path / "features.safetensors")
        save_tensors({"a": torch.zeros(1)}, tmp_path / "weights.safetensors", {})
        shards.save([], tmp_path / "shard.safetensors")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}
