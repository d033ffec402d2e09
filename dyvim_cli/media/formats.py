"""Formats that ffmpeg may open: films and sounds, never playlists of other files.

A file from a stranger can be a playlist, a list of files to join or a pattern of picture names, whatever
it is called; ffmpeg would follow it to any file or address. So every call names the one protocol and the
demuxers that it may use, and none of these opens a second file.
"""

from pathlib import Path

PROTOCOLS = "file"

FILMS = (
    "mov", "matroska", "avi", "mpegts", "mpeg", "asf", "flv", "mxf", "mxf_opatom", "ogg", "gif", "apng",
    "webp_anim", "dv", "rm", "wtv", "gxf", "lxf", "nut", "nsv", "ty", "ivf", "yuv4mpegpipe", "smk", "bink",
    "flic", "dhav", "mlv", "cine", "pva", "swf",
)  # fmt: skip
RAW_PICTURES = (  # their packets have no times: known so that they can be distinguished from what is no film
    "h264", "hevc", "vvc", "av1", "obu", "mpegvideo", "m4v", "mjpeg", "vc1", "h261", "h263", "dirac",
    "cavsvideo", "dnxhd", "evc",
)  # fmt: skip
SOUNDS = (
    "wav", "w64", "aiff", "caf", "au", "voc", "flac", "mp3", "aac", "ac3", "eac3", "dts", "dtshd", "truehd",
    "mlp", "ape", "wv", "tta", "tak", "shn", "mpc", "mpc8", "amr", "amrnb", "amrwb", "gsm", "dsf", "iff",
    "oma", "qcp", "loas", "ac4", "spdif", "sox", "ircam", "xwma", "ilbc",
)  # fmt: skip
# single pictures, so that they are not taken for broken films; image2 is what a name ending in .jpg
# means to ffmpeg, which would take a pattern in it for a row of files (`LITERALLY`)
STILLS = (
    "image2", "png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe", "jpegxl_pipe", "jpegxl_anim",
    "j2k_pipe", "psd_pipe", "exr_pipe", "ico",
)  # fmt: skip
LITERALLY = {"pattern_type": "none"}

FOR_FFMPEG = FILMS + SOUNDS
FOR_LOOKING = FOR_FFMPEG + RAW_PICTURES + STILLS

PNG, RIFF = b"\x89PNG\r\n\x1a\n", (b"RIFF", b"RF64")
EBML = b"\x1aE\xdf\xa3"  # how matroska and webm begin
WEBP_HEAD_BYTES = 64  # bytes of a webp up to the flag that says that it moves
HEAD_BYTES = 4096  # enough for what precedes a picture's first data, and for a list's first lines
LISTS = {  # how the files begin that only name other files, in small letters -> what they are
    b"#extm3u": "a playlist",
    b"ffconcat": "a list of files to join",
    b"[playlist]": "a playlist",
    b"<asx": "a playlist",
    b"<smil": "a playlist",
    b"[reference]": "a playlist",
    b"rtsptext": "a playlist",
}
LISTS_IN_XML = (b"<mpd", b"<playlist", b"<smil", b"<assetmap")


def allowed_options(demuxers: tuple[str, ...]) -> dict[str, str]:
    """Write ffmpeg's options for one input: allowed formats and protocols.

    Args:
        demuxers: names of libavformat.

    Returns:
        Options of the input.
    """
    return {"protocol_whitelist": PROTOCOLS, "format_whitelist": ",".join(demuxers)}


def head_of(path: Path, n_bytes: int = HEAD_BYTES) -> bytes:
    """Read the first bytes of a file.

    Args:
        path: of any file.
        n_bytes: how many at most.

    Returns:
        Bytes; none where it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read(n_bytes)
    except OSError:
        return b""


def demuxer_of(path: Path) -> str | None:
    """Find the demuxer to name outright where ffmpeg would be led astray by a file's name or sound.

    Moving pictures in png with a pattern for a name would become a row of files; a steady tone in wav can
    look like a transport stream.

    Args:
        path: of any file.

    Returns:
        Its name; None where ffmpeg finds it.
    """
    head = head_of(path)
    if head.startswith(RIFF) and head[8:12] == b"WAVE":  # avi begins with RIFF as well
        return "wav"
    return "apng" if head.startswith(PNG) and b"acTL" in head else None


def is_animated_webp(path: Path) -> bool:
    """Tell whether a file holds moving pictures in webp, of which most ffmpegs see none or one.

    Args:
        path: of any file.

    Returns:
        True where its head says so.
    """
    head = head_of(path)
    return head.startswith(RIFF) and head[8:12] == b"WEBP" and b"ANIM" in head[:WEBP_HEAD_BYTES]


def list_of_files(path: Path) -> str:
    """Check whether a file only names other files.

    Args:
        path: of any file.

    Returns:
        What it is, in words; "" when it is none.
    """
    head = head_of(path).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    named = next((what for mark, what in LISTS.items() if head.startswith(mark)), "")
    if not named and head.startswith((b"<?xml", b"<!--")):
        return "a playlist" if any(mark in head for mark in LISTS_IN_XML) else ""
    return named
