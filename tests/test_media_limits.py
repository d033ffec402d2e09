"""What is too much is said before the work, in seconds and little memory."""

import struct

import pytest

from dyvim_cli.errors import InputError, UsageError
from dyvim_cli.media.limits import Limits, limits
from dyvim_cli.media.probe import probe


def gif(path, width: int, height: int, n_pictures: int, delay_hundredths: int):
    """A gif of two colours in which one pixel moves."""
    data = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    for index in range(n_pictures):
        data += b"\x21\xf9\x04\0" + struct.pack("<H", delay_hundredths) + b"\0\0"
        data += b"\x2c" + struct.pack("<HHHH", index % width, 0, 1, 1) + b"\0\x02\x02\x4c\x01\0"
    path.write_bytes(data + b"\x3b")
    return path


def test_a_picture_of_too_many_pixels_is_refused_with_the_way_out(tmp_path, monkeypatch):
    film = gif(tmp_path / "large.gif", 16000, 16000, 3, 10)
    with pytest.raises(InputError, match="16000x16000 are 256 million pixels, the limit is 100") as caught:
        probe(film)
    assert "256000000" in caught.value.hint
    small = gif(tmp_path / "small.gif", 100, 100, 3, 10)
    assert probe(small).n_frames == 3
    monkeypatch.setenv("DYVIM_MAX_PIXELS", "9999")
    with pytest.raises(InputError, match="100x100"):
        probe(small)


def test_limits_come_from_the_environment_and_must_be_numbers(monkeypatch):
    assert limits() == Limits()
    monkeypatch.setenv("DYVIM_MAX_DURATION", "90")
    assert limits().max_duration_s == 90
    for nonsense in ("much", "0", "-1", "inf", "nan"):
        monkeypatch.setenv("DYVIM_MAX_PIXELS", nonsense)
        with pytest.raises(UsageError, match="DYVIM_MAX_PIXELS"):
            limits()
