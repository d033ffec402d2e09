"""Properties that hold for any input: probe, tempo map, cut and mux plans, the batch's journal."""

import random
import shutil
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from helpers.media_films import make_film
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dyvim_cli.batch.journal import open_journal, read
from dyvim_cli.errors import InputError, UsageError
from dyvim_cli.media.containers import CONTAINERS, sound_plan, subtitle_plan
from dyvim_cli.media.cut import plan_cut
from dyvim_cli.media.probe import FilmInfo, probe
from dyvim_cli.media.tracks import Track
from dyvim_cli.music.timing.tempo_map import fit_tempo_map
from dyvim_cli.types import EVENT_KINDS, STEPS_PER_BEAT
from tools.fuzz.mutations import damaged

KINDS = [".mp4", ".mkv", ".avi", ".ts"]


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> dict[str, Path]:
    """A film of one second in every container."""
    folder = tmp_path_factory.mktemp("whole")
    return {kind: make_film(folder, kind, seconds=1) for kind in KINDS}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder that all examples of a test share."""
    return tmp_path_factory.mktemp("place")


# --- probe ------------------------------------------------------------------------------------


def check_sane(info: FilmInfo) -> None:
    """A film that probe lets pass is one that the other stages can work on."""
    assert info.n_frames >= 2 and info.width >= 1 and info.height >= 1
    assert 0 < info.duration_s < np.inf and 0 < info.fps < np.inf and np.isfinite(info.start_s)
    assert info.rotation in (0, 90, 180, 270)
    assert np.all(np.diff(info.key_times_s) > 0) and np.all(info.key_times_s >= 0)


@settings(max_examples=60)
@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32))
def test_probe_describes_a_film_or_says_why_not(films, place, kind, seed):
    path = place / f"damaged{kind}"
    others = [film.read_bytes() for other, film in films.items() if other != kind]
    path.write_bytes(damaged(films[kind].read_bytes(), random.Random(seed), others))
    try:
        check_sane(probe(path))
    except InputError as error:
        assert str(path) in error.message and error.hint and "\n" not in error.message


# --- tempo map --------------------------------------------------------------------------------

events = st.lists(st.tuples(st.floats(-5, 70), st.floats(0, 1), st.sampled_from(EVENT_KINDS)), max_size=40)


@settings(max_examples=40)
@given(st.floats(0.05, 60), events, st.floats(0, 1), st.floats(0, 0.1), st.integers(0, 2**31))
def test_the_grid_keeps_its_bounds_whatever_happens_in_the_film(duration_s, happens, strength, drift, seed):
    times, weights, kinds = ([event[i] for event in happens] for i in range(3))
    grid = fit_tempo_map(duration_s, times, weights, kinds, strength=strength, max_drift=drift, seed=seed)
    steps_s = np.diff(grid.step_times_s)
    base_s, allowed = 60 / grid.bpm / STEPS_PER_BEAT, drift * strength
    assert grid.step_times_s[0] == 0 and grid.step_times_s[-1] <= duration_s + base_s
    assert np.all(np.abs(steps_s / base_s - 1) <= allowed + 1e-6)
    assert sorted(hit.film_time_s for hit in grid.hits) == sorted(times)


@given(st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(0, 2))
def test_the_grid_is_never_laid_through_what_is_no_number(nonsense, place_of_it):
    values = [10.0, [1.0], [0.5]]
    values[place_of_it] = nonsense if place_of_it == 0 else [nonsense]
    with pytest.raises(ValueError):
        fit_tempo_map(*values, ["cut"])


# --- mux plan ---------------------------------------------------------------------------------


@lru_cache
def described(path: Path) -> FilmInfo:
    """A film, probed once for all examples."""
    return probe(path)


@settings(max_examples=60)
@given(st.sampled_from(KINDS), st.floats(0, 1.2), st.floats(0, 1.2))
def test_a_cut_starts_at_a_key_frame_and_holds_what_was_asked_for(films, kind, start_s, length_s):
    film, end_s = described(films[kind]), start_s + length_s
    frame_s = 1 / film.fps
    try:
        cut = plan_cut(film, start_s, end_s)
    except UsageError:
        assert min(end_s, film.duration_s) - start_s < 2 * frame_s + 1e-9
        return
    assume(min(end_s, film.duration_s) - start_s >= 2 * frame_s)
    assert np.abs(film.key_times_s - cut.start_s).min() < 1e-6
    assert cut.start_s <= start_s + frame_s
    assert min(end_s, film.duration_s) - frame_s <= cut.end_s <= film.duration_s + 1e-9
    assert cut.end_s > cut.start_s


CODECS = [
    "subrip",
    "ass",
    "mov_text",
    "webvtt",
    "dvd_subtitle",
    "hdmv_pgs_subtitle",
    "dvb_teletext",
    "unknown",
]


@given(st.lists(st.sampled_from(CODECS), max_size=6), st.sampled_from(sorted(CONTAINERS)))
def test_every_subtitle_track_is_copied_or_named(films, codecs, muxer):
    tracks = tuple(Track(position, codec) for position, codec in enumerate(codecs))
    film = FilmInfo(**(vars(described(films[".mp4"])) | {"subtitles": tracks}))
    kept, warnings = subtitle_plan(film, CONTAINERS[muxer])
    copied = [track for track, codec in kept if codec == "copy"]
    changed = [track for track in tracks if track not in copied]
    assert len(warnings) == len(changed)
    assert all(
        f"track {track.position + 1} " in words for track, words in zip(changed, warnings, strict=True)
    )


SOUNDS = ["aac", "opus", "flac", "pcm_s16le", "pcm_bluray", "truehd", "wmav2", "apac", "adpcm_ima_qt"]


@given(
    st.lists(st.tuples(st.sampled_from(SOUNDS), st.integers(0, 3), st.integers(1, 8)), max_size=6),
    st.sampled_from(sorted(CONTAINERS)),
)
def test_every_own_sound_track_is_copied_where_it_fits_else_encoded_or_named(sounds, muxer):
    tracks = [
        Track(position, codec, channels=channels, n_packets=n_packets)
        for position, (codec, n_packets, channels) in enumerate(sounds)
    ]
    kept, warnings = sound_plan(tracks, CONTAINERS[muxer])
    assert [track for track, _ in kept] == [track for track in tracks if track.is_known]  # in their order
    copied = [track for track, options in kept if options["codec"] == "copy"]
    assert all(track.codec in CONTAINERS[muxer].sound_codecs for track in copied)
    said = [words for words in warnings if "encoded as" in words or "dropped" in words]
    changed = [track for track in tracks if track not in copied]
    pairs = zip(changed, said, strict=True)
    assert all(f"sound track {track.position + 1} " in words for track, words in pairs)


# --- journal ----------------------------------------------------------------------------------

names = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..") and name.strip() == name
)
records = st.lists(st.tuples(names, st.sampled_from(["done", "failed"])), min_size=1, max_size=6)


def line_of(folder: Path, name: str, status: str, number: int) -> dict:
    """A record as the batch writes it."""
    output = str(folder / "out" / name)
    return {"input": str(folder / name), "output": output, "status": status, "fingerprint": number}


@settings(max_examples=60)
@given(records, records, st.integers(0, 400))
def test_a_torn_journal_loses_its_last_line_alone(place, before, after, n_torn):
    path = place / "journal.jsonl"
    path.unlink(missing_ok=True)
    lines = [line_of(place, name, status, i) for i, (name, status) in enumerate(before)]
    with open_journal(path) as journal:
        for line in lines:
            journal.append(line)
    whole = path.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    path.write_bytes(whole[: len(whole) - min(n_torn, last)])
    is_torn = n_torn >= 2  # the line without its end is still one
    expected = {Path(line["output"]): line for line in (lines[:-1] if is_torn else lines)}
    assert read(path) == expected
    again = [line_of(place, name, status, 100 + i) for i, (name, status) in enumerate(after)]
    with open_journal(path) as journal:
        assert journal.films == expected
        for line in again:
            journal.append(line)
    assert read(path) == expected | {Path(line["output"]): line for line in again}


@given(st.lists(st.tuples(names, st.binary(max_size=40)), max_size=6))
def test_a_journal_of_anybodys_bytes_is_read_and_goes_on(place, strange):
    path = place / "new" / "deeper" / "journal.jsonl"
    with open_journal(path):
        pass
    assert not path.parent.parent.exists()  # nothing was done: nothing is left
    with open_journal(path) as journal:
        for name, noise in strange:
            journal.append(line_of(place, name, "done", 1))
            path.write_bytes(path.read_bytes() + noise.replace(b"\n", b"") + b"\n")
    assert {record.name for record in read(path)} == {name for name, _ in strange}
    shutil.rmtree(place / "new", ignore_errors=True)
