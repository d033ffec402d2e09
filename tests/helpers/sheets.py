"""MusicXML scores written on the spot."""

STEP_NAMES = [("C", 0), ("C", 1), ("D", 0), ("E", -1), ("E", 0), ("F", 0), ("F", 1), ("G", 0), ("A", -1),
              ("A", 0), ("B", -1), ("B", 0)]  # fmt: skip


def note(pitch, quarters, extra="", chord=False, staff=None):
    """XML of one note (pitch None: a rest), four divisions a quarter."""
    step, alter = STEP_NAMES[(pitch or 0) % 12]
    what = "<rest/>" if pitch is None else (
        f"<pitch><step>{step}</step><alter>{alter}</alter><octave>{pitch // 12 - 1}</octave></pitch>"
    )  # fmt: skip
    stave = f"<staff>{staff}</staff>" if staff else ""
    chord_tag = "<chord/>" if chord else ""
    return f"<note>{chord_tag}{what}<duration>{round(quarters * 4)}</duration>{extra}{stave}</note>"


def harmony_tag(step, kind):
    return f"<harmony><root><root-step>{step}</root-step></root><kind>{kind}</kind></harmony>"


def score(measures, fifths=0, beats=4, beat_type=4, more_parts=()):
    """A MusicXML document of one or more parts; each a list of measure contents."""
    head = (
        f"<attributes><divisions>4</divisions><key><fifths>{fifths}</fifths></key>"
        f"<time><beats>{beats}</beats><beat-type>{beat_type}</beat-type></time></attributes>"
    )
    parts, names = [], []
    for i, content in enumerate([measures, *more_parts]):
        bars = [f"<measure number='{n}'>{head if n == 0 else ''}{m}</measure>" for n, m in enumerate(content)]
        parts.append(f"<part id='P{i}'>{''.join(bars)}</part>")
        names.append(f"<score-part id='P{i}'><part-name>{i}</part-name></score-part>")
    return f"<score-partwise><part-list>{''.join(names)}</part-list>{''.join(parts)}</score-partwise>"


def written(folder, xml, name="song.musicxml"):
    path = folder / name
    path.write_text(xml, encoding="utf-8")
    return path


SCALE = "".join(note(p, 1) for p in (67, 69, 71, 72))
