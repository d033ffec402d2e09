"""Catalogue of the downloadable weights and sounds: name, source, licence.

Sizes are rough; the exact ones, and the SHA-256 of every file, come with the source's own listing
and are kept in the manifest beside the files.
"""

from dataclasses import dataclass

HUB = "https://huggingface.co"
NON_COMMERCIAL = "CC-BY-NC-4.0"


@dataclass(frozen=True)
class Source:
    """Weights or sounds by name. `repo` is a repository of the hub; `files` are single addresses instead."""

    name: str
    purpose: str
    licence: str
    about_gb: float
    repo: str = ""
    files: tuple[tuple[str, str], ...] = ()  # (address, how its SHA-256 begins)
    n_bytes: int | None = None  # size of the single file, where it is known beforehand

    @property
    def is_commercial(self) -> bool:
        """True if what it makes may be sold."""
        return "-NC" not in self.licence

    @property
    def where(self) -> str:
        """The source as a person would look it up."""
        return f"{HUB}/{self.repo}" if self.repo else self.files[0][0]


def _musicgen(kind: str, about_gb: float) -> Source:
    name = f"musicgen-{kind}"
    return Source(name, "music decoder, text encoder, codec", NON_COMMERCIAL, about_gb, f"facebook/{name}")


def _encodec(khz: int, checkpoint: str) -> Source:
    address = f"https://dl.fbaipublicfiles.com/encodec/v0/{checkpoint}"
    begins = checkpoint.removesuffix(".th").rsplit("-", 1)[1]
    return Source(f"encodec-{khz}khz", f"codec, {khz} kHz", "MIT", 0.1, files=((address, begins),))


CATALOGUE = {
    source.name: source
    for source in (
        _musicgen("small", 2.4),
        _musicgen("medium", 8),
        _musicgen("large", 13),
        _musicgen("melody", 8),
        _musicgen("melody-large", 13),
        _musicgen("stereo-small", 1.2),
        _musicgen("stereo-medium", 4),
        _musicgen("stereo-large", 7),
        _musicgen("stereo-melody", 4),
        _musicgen("stereo-melody-large", 11),
        Source("clip", "what key frames show", "MIT", 0.6, "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
        _encodec(24, "encodec_24khz-d7cc33bc.th"),
        _encodec(48, "encodec_48khz-7e698e3e.th"),
    )
}

MUSESCORE = "https://ftp.osuosl.org/pub/musescore/soundfont/MuseScore_General/MuseScore_General"
SOUNDS = {
    source.name: source
    for source in (
        Source(
            "musescore-general",
            "all of General MIDI, compressed",
            "MIT",
            0.04,
            files=((f"{MUSESCORE}.sf3", "5b85b6c2c61d10b2b91cddd41efcce7b25cd31c8271d511c73afafbef20b6fa3"),),
            n_bytes=39_900_972,
        ),
        Source(
            "musescore-general-lossless",
            "all of General MIDI, 16 bits",
            "MIT",
            0.21,
            files=((f"{MUSESCORE}.sf2", "ee51d2c4b1525e70f19a45909c4fd7a2e26d91d115fa89dbf5a6bc413d8b9bf3"),),
        ),
    )
}


def licence_note(source: Source) -> str:
    """Say what a user has to know at pull and at use.

    Args:
        source: entry of the catalogue.

    Returns:
        One sentence; empty when the licence allows commercial use.
    """
    if source.is_commercial:
        return ""
    return f"{source.name} is licensed {source.licence}: neither it nor its music may be used commercially"
