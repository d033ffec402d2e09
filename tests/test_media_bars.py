"""Black bars are no picture: a film with bars is seen as without them."""

import numpy as np
import pytest
from conftest import MOVING, cut_film, run_ffmpeg

from dyvim_cli.media import bars
from dyvim_cli.media.bars import WHOLE, Area, picture_area
from dyvim_cli.media.decode import analysis_size, frames
from dyvim_cli.media.probe import probe
from dyvim_cli.pipeline import features_of

ROOM, WALL = "smptehdbars=size=320x180:rate=25", "color=c=0xc09060:size=320x180:rate=25"
H264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"]
BARS = {  # (what is left of 320x180, how it stands in bars, share of width and height)
    "letterbox": ("crop=320:134", "pad=320:180:0:23", (1.0, 134 / 180)),
    "pillarbox": ("crop=102:180", "pad=320:180:109:0", (102 / 320, 1.0)),
    "windowbox": ("scale=200:112", "pad=320:180:60:34", (200 / 320, 112 / 180)),
}


@pytest.fixture(scope="module", name="film")
def _film(tmp_path_factory):
    return cut_film(tmp_path_factory.mktemp("bars") / "film.mp4", MOVING, WALL, ROOM, MOVING)


def filtered(film, name, *filters, options=()):
    path = film.with_name(f"{name}.mp4")
    run_ffmpeg("-i", str(film), "-vf", ",".join(filters), *H264, *options, str(path))
    return path


def area_of(path):
    film = probe(path)
    return picture_area(film, 0.0, film.duration_s)


@pytest.mark.parametrize("how", BARS)
def test_a_film_in_bars_is_seen_as_without(film, how):
    left, pad, share = BARS[how]
    bare, barred = filtered(film, f"bare-{how}", left), filtered(film, f"barred-{how}", left, pad)
    assert area_of(bare) == WHOLE
    area = area_of(barred)
    assert (area.across, area.down) == pytest.approx(share, abs=0.03)
    seen, expected = features_of(barred, use_cache=False), features_of(bare, use_cache=False)
    cuts, expected_cuts = (f.event_times_s[f.event_kinds == 0] for f in (seen, expected))
    assert len(cuts) == 3 and cuts == pytest.approx(expected_cuts, abs=1e-3)
    assert seen.scene_moods == pytest.approx(expected.scene_moods, abs=0.08)
    assert np.corrcoef(seen.energy, expected.energy)[0, 1] > 0.98
    assert seen.energy.mean() == pytest.approx(expected.energy.mean(), rel=0.15)


def test_bars_of_lying_and_of_interlaced_pictures(film):
    left, pad, share = BARS["pillarbox"]
    barred = filtered(film, "upright", left, pad)
    turned = film.with_name("turned.mp4")
    run_ffmpeg("-display_rotation", "90", "-i", str(barred), "-c", "copy", str(turned), newest=True)
    width, height = analysis_size(probe(turned), 160, area_of(turned))
    assert width > height  # tall, and turned on its side
    first = next(frames(probe(turned), 160, within_bars=True)).pixels
    assert first.shape == (height, width, 3)
    assert min(first.mean((1, 2)).min(), first.mean((0, 2)).min()) > 20
    left, pad, share = BARS["letterbox"]
    options = ["-flags", "+ilme+ildct", "-x264opts", "tff=1"]
    fields = filtered(film, "fields", left, pad, "tinterlace=interleave_top", options=options)
    assert probe(fields).is_interlaced
    first = next(frames(probe(fields), 160, within_bars=True)).pixels
    assert first.shape[:2] == (64, 160) and first.mean((1, 2)).min() > 20


def test_what_is_no_bar_stays(film):
    grain = "if(lt(abs(Y-H/2),H/4),lum(X,Y),18+mod(X*7+Y*3+N*5,10))"
    night = f"geq=lum='{grain}':cb=128:cr=128"  # as dark as bars are, but alive
    for name, *filters in (
        ("night", night),
        ("one-sided", "crop=320:140", "pad=320:180:0:40"),  # the sky of a night, say
        ("edge", "crop=318:180", "pad=320:180:1:0"),
        ("black", "drawbox=color=black:t=fill"),
        ("spark", "drawbox=color=black:t=fill", "drawbox=x=150:y=80:w=20:h=20:color=white:t=fill"),
    ):
        assert area_of(filtered(film, name, *filters)) == WHOLE, name


def test_bars_that_are_not_always_there(film):
    left, pad, share = BARS["letterbox"]
    logo = "drawbox=color=gray:t=fill:enable='lt(t,0.6)'"
    options = ["-g", "10"]
    area = area_of(filtered(film, "logo", left, pad, logo, options=options))
    assert area.across == 1.0 and area.down == pytest.approx(share[1], abs=0.03)
    half = "drawbox=color=gray:t=fill:enable='lt(t,3.2)'"
    assert area_of(filtered(film, "half", left, pad, half, options=options)) == WHOLE


def test_the_part_that_is_scored_decides(film):
    left, pad, _ = BARS["letterbox"]
    full = "drawbox=color=gray:t=fill:enable='lt(t,3.2)'"
    later = filtered(film, "later", left, pad, full, options=["-g", "10"])
    info = probe(later)
    assert picture_area(info, 0.0, 3.2) == WHOLE
    assert picture_area(info, 3.2, info.duration_s).down < 0.8


@pytest.mark.parametrize("n_keys", [1, 2, 3, 5, 8])
def test_looking_ends_as_soon_as_the_rest_cannot_matter(film, monkeypatch, n_keys):
    """The result is that of all looks, of which some show nothing."""
    rng, info, least = np.random.default_rng(n_keys), probe(film), 99
    n_frames = 1 if n_keys > 3 else bars.FRAMES_A_KEY
    n_looks = n_keys * (1 if n_frames == 1 else 3)
    monkeypatch.setattr(bars, "_looked_at", lambda *film: (np.arange(n_keys), n_frames))
    monkeypatch.setattr(bars, "_within", lambda look: look)
    for _ in range(300):
        looks = [None if x < 0.15 else Area(*rng.choice([1.0, 0.8, 0.5], 2)) for x in rng.random(n_looks)]
        left = iter(looks)
        monkeypatch.setattr(bars, "_looks", lambda *film, left=left: left)
        found = picture_area(info, 0.0, info.duration_s)
        shown = [(look.across, look.down) for look in looks if look] or [(1.0, 1.0)]
        sides = np.quantile(shown, bars.SHARE_OF_LOOKS, axis=0, method="higher")
        assert (found.across, found.down) == tuple(sides)
        least = min(least, n_looks - len(list(left)))
    assert least == {1: 1, 2: 2, 3: 3, 5: 2, 8: 2}[n_keys]  # of 3, 6, 9, 5 and 8 looks
