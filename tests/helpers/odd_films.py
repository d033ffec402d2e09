"""Films as cameras, phones, recorders and accidents make them; what ffmpeg does not write is edited in."""

from pathlib import Path

from conftest import run_ffmpeg

from helpers.media_films import BURSTS, CODECS, H264

TS_PACKET = 188  # bytes
SMALL = "testsrc2=s=160x90:r=25"


def small_film(path: Path, *, seconds: float = 3, sound: str | None = BURSTS, options=()) -> Path:
    """Three seconds of a small picture, as the name's extension says."""
    own = ["-f", "lavfi", "-t", str(seconds), "-i", sound] if sound else []
    codecs = CODECS.get(path.suffix, [*H264, "-c:a", "aac"])
    run_ffmpeg("-f", "lavfi", "-i", f"{SMALL}:d={seconds}", *own, *codecs, *options, str(path))
    return path


def joined(path: Path, *parts: Path) -> Path:
    """Recordings one after the other in one file, each with its own clock."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def sound_announced_but_not_sent(path: Path) -> Path:
    """A transport stream whose table names a sound that no packet carries."""
    whole = small_film(path.with_name(f"whole-{path.name}")).read_bytes()
    sent = [whole[at : at + TS_PACKET] for at in range(0, len(whole), TS_PACKET)]
    path.write_bytes(b"".join(p for p in sent if (p[1] & 0x1F) << 8 | p[2] != 0x101))
    return path


def film_order(path: Path) -> Path:
    """PCM 5.1 in the channel order of cinemas: left, centre, right, surrounds, bass."""
    tones = "|".join(f"0.2*sin({220 + 110 * channel}*2*PI*t)" for channel in range(6))
    sound = ["-f", "lavfi", "-i", f"aevalsrc={tones}:c=5.1:s=8000:d=1"]
    run_ffmpeg("-f", "lavfi", "-i", f"{SMALL}:d=1", *sound, *H264, "-c:a", "pcm_s16le", str(path))
    data = path.read_bytes()
    layout = data.index(b"chan") + 8  # kAudioChannelLayoutTag_MPEG_5_1_C: 123 << 16 | 6
    path.write_bytes(data[:layout] + bytes([0, 123, 0, 6]) + data[layout + 4 :])
    return path


def sound_from(path: Path, first_ms: int) -> Path:
    """An flv that says it has no sound, and after some seconds sends some."""
    whole = small_film(path.with_name(f"whole-{path.name}"), seconds=12).read_bytes()
    kept, at = bytearray(whole[:13]), 13
    kept[4] = 1  # the header's flags: picture only
    while at + 15 <= len(whole):
        kind, size = whole[at], int.from_bytes(whole[at + 1 : at + 4], "big")
        time_ms = int.from_bytes(whole[at + 4 : at + 7], "big")
        if kind == 9 or (kind == 8 and time_ms >= first_ms):
            kept += whole[at : at + 15 + size]
        at += 15 + size
    path.write_bytes(kept)
    return path


def still_beside(path: Path) -> Path:
    """A motion photo: a short film with a still of more pixels, both marked as default."""
    small = small_film(path.with_name(f"small-{path.name}"), seconds=2)
    still = path.with_name(f"still-{path.name}")
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:d=1", "-frames:v", "1", *H264, str(still))
    run_ffmpeg("-i", str(still), "-i", str(small), "-map", "0:v", "-map", "1", "-c", "copy",
               "-disposition:v:0", "default", "-disposition:v:1", "default", str(path))  # fmt: skip
    return path


def picture_that_stands(path: Path) -> Path:
    """A screen recording: the picture ends after 2 s, the sound continues to 8 s."""
    picture = ["-f", "lavfi", "-i", f"{SMALL}:d=2"]
    run_ffmpeg(*picture, "-f", "lavfi", "-i", "sine=d=8", *CODECS[path.suffix], str(path))
    return path


def slide_show(path: Path, last_s: int) -> Path:
    """Three pictures; two last a second, the last longer by its own duration."""
    durations = f"setts=duration=if(eq(N\\,2)\\,{last_s}/TB\\,1/TB)"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=1:d=3"]
    run_ffmpeg(*picture, *H264, "-bf", "0", "-bsf:v", durations, str(path), newest=True)
    return path
