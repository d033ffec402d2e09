"""Examples that each verb's help shows; every one of them is run by a test.

They name clip.mp4, films/, song.wav, notes.mid and results of the examples before.
"""

# verb -> (command line, what it is for)
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "score": (
        ("dyvim score clip.mp4", "style, key, tempo and mood from the film"),
        ("dyvim score clip.mp4 --style jazz --seed 7 -o jazz.mp4", "the same seed, the same music"),
        ("dyvim score clip.mp4 --alpha 1 -o closer.mp4", "every movement answered"),
        ("dyvim score clip.mp4 --preview 0:01-0:03 --midi clip.mid", "a part of it, and the notes"),
    ),
    "batch": (
        ("dyvim batch films/ -o scored/", "a folder; run it again and it goes on"),
        ("dyvim batch films/ -o scored/ --jobs 2 --retry-failed", "two films at once; failed ones again"),
    ),
    "plan": (
        ("dyvim plan clip.mp4 -o clip.toml", "decisions before composing, to be edited"),
        ("dyvim score clip.mp4 --plan clip.toml -o planned.mp4", "follow them"),
    ),
    "rescore": (
        ("dyvim rescore films/one.mp4 --from clip.dyvim.mp4 -o recut.mp4", "the old music, a new cut"),
    ),
    "generate": (("dyvim generate clip.mp4 -o clip.flac --midi score.mid", "the music alone"),),
    "render": (("dyvim render notes.mid -o notes.wav --style rock", "sound notes that you edited"),),
    "mux": (("dyvim mux clip.mp4 song.wav -o with-song.mp4 --fade-out 1", "music of your own"),),
    "evaluate": (
        ("dyvim evaluate clip.dyvim.mp4", "does the music meet the picture, does it flow"),
        ("dyvim evaluate clip.mp4 --music song.wav --json", "judge music that is not on the film yet"),
    ),
    "extract-frames": (("dyvim extract-frames clip.mp4 -o frames/ --fps 2", "two pictures a second"),),
    "extract-features": (("dyvim extract-features clip.mp4 --explain", "why this style and mood"),),
    "styles": (("dyvim styles --json", "for programs"),),
    "doctor": (("dyvim doctor", "a line a check, with what to do"),),
    "cache list": (("dyvim cache list", "the longest unused first"),),
    "cache clean": (("dyvim cache clean --older-than 30", "entries that were not used for a month"),),
    "cache path": (("dyvim cache path", ""),),
    "weights list": (("dyvim weights list", ""),),
    "weights path": (("dyvim weights path", ""),),
    "sounds list": (("dyvim sounds list", "larger packs of instruments"),),
    "weights verify": (("dyvim weights verify", "every byte of all that is here"),),
}


def epilog(verb: str) -> str | None:
    """Write the examples of a verb as Rich markup, their comments below each other.

    Args:
        verb: its name.

    Returns:
        Lines; None without any.
    """
    shown = EXAMPLES.get(verb, ())
    if not shown:
        return None
    lines = [f"  [cyan]{command}[/]" + (f"\n      [dim]{why}[/]" if why else "") for command, why in shown]
    return "[bold]Examples[/]\n" + "\n".join(lines)


FIRST_STEPS = (
    "[bold]First steps[/]\n"
    "  [cyan]dyvim score clip.mp4[/]\n      [dim]writes clip.dyvim.mp4, the film with its music[/]\n"
    "  [cyan]dyvim score --help[/]\n      [dim]every option; the variable DYVIM_SOME_OPTION, or some-option\n"
    "      in the configuration, sets --some-option for every run[/]"
)
