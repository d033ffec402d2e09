"""Moments made of files of packages: pictures are found, fitted to the screen, moved over and joined."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.shots import PLATE, film_of, found, opened, pictures_in, plate_of
from dyvim_cli.media.decode import frames
from dyvim_cli.media.probe import probe


def picture(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Noise of coarse blocks; with an alpha channel its left half is cut out."""
    blocks = np.random.default_rng(width).integers(0, 256, (height // 20, width // 20, 3), np.uint8)
    pixels = Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST).convert(mode)
    if mode == "RGBA":
        pixels.paste((0, 0, 0, 0), (0, 0, width // 2, height))
    return pixels


@pytest.fixture
def packages(tmp_path):
    """A folder with one unpacked package: a photograph, and a resource file with a button and a picture."""
    folder = tmp_path / "packages" / "some-data" / "usr" / "share"
    folder.mkdir(parents=True)
    picture(400, 300).save(folder / "photo.png")
    parts = [b"head"]
    for size in ((40, 40), (240, 200)):
        written = io.BytesIO()
        picture(*size).save(written, "PNG")
        parts += [written.getvalue(), b"between"]
    (folder / "all.rcc").write_bytes(b"".join(parts))
    return tmp_path / "packages"


def test_files_are_found_by_the_end_of_their_path(packages):
    assert opened("some-data:share/photo.png", packages).size == (400, 300)
    assert opened("some-data:all.rcc#0", packages).size == (240, 200)  # the button does not count
    assert len(pictures_in(found("some-data:all.rcc", packages))) == 1
    with pytest.raises(FileNotFoundError, match="some-data"):
        found("some-data:other.png", packages)


def test_a_photograph_fills_the_screen_and_a_cut_out_stands_on_white():
    full, alone = (np.asarray(plate_of(picture(300, 400, mode))) for mode in ("RGB", "RGBA"))
    assert full.shape == alone.shape == (PLATE[1], PLATE[0], 3)
    assert (full[:, [0, -1]] != 255).any() and (alone[:, :600] == 255).all() and (alone != 255).any()


def test_shots_are_moved_over_and_joined(packages, tmp_path):
    path = tmp_path / "moment.mp4"
    film_of(
        [["some-data:photo.png", 0.8, "quick left"], ["some-data:all.rcc#0", 0.4, "hold"]], packages, path
    )
    seen = np.stack([frame.pixels for frame in frames(probe(path), 160)]).astype(int)
    steps = np.abs(np.diff(seen, axis=0)).mean(axis=(1, 2, 3))
    assert len(seen) == 30 and steps.argmax() == 19  # the cut
    assert steps[:19].min() > 1 > steps[20:].max()  # a camera that hurries, and one that rests
    assert [file.name for file in tmp_path.glob("moment*")] == ["moment.mp4"]
