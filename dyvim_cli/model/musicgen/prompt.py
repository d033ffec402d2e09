"""Build the text prompt of a text-conditioned model from the film's content."""

from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import Key

# (valence, arousal) -> words; the nearest corner speaks, the centre is even-tempered
MOODS = {
    (0.7, 0.7): "joyful, energetic",
    (0.7, 0.0): "happy, warm",
    (0.7, -0.7): "peaceful, tender",
    (0.0, 0.7): "driving, intense",
    (0.0, 0.0): "even-tempered",
    (0.0, -0.7): "calm, sparse",
    (-0.7, 0.7): "tense, dramatic",
    (-0.7, 0.0): "dark, serious",
    (-0.7, -0.7): "sad, lonely",
}


def prompt_words(valence: float, arousal: float) -> str:
    """Find words for a mood.

    Args:
        valence: -1..1.
        arousal: -1..1.

    Returns:
        Adjectives, separated by commas.
    """
    return MOODS[min(MOODS, key=lambda at: (at[0] - valence) ** 2 + (at[1] - arousal) ** 2)]


def describe_music(style: str, valence: float, arousal: float, bpm: float, key: Key | None = None) -> str:
    """Write a prompt as MusicGen's training descriptions are written: mood, genre, instruments, tempo.

    Args:
        style: name of a style.
        valence: -1..1.
        arousal: -1..1.
        bpm: tempo, rounded in the text.
        key: None = the text names none.

    Returns:
        One line of English.
    """
    record = RECORDS[style]
    palette = record.palette
    mood = ", ".join(dict.fromkeys([*prompt_words(valence, arousal).split(", "), *palette.moods[:2]]))
    tonality = f", in {key}" if key else ""
    return (
        f"{mood} {record.title} film music with {palette.describe}, instrumental{tonality}, {round(bpm)} BPM"
    )
