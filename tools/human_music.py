"""Read excerpts of human music as notes for our own instruments.

Notes, times and velocities stay unchanged; only what a source lacks is added: a plain bass to Groove's
drummers, held chords to OpenEWLD's chord symbols. Written music is played in strict time.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dyvim_cli.music.symbols.tokens import CHORD_QUALITIES, DRUM_KEYS
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.training.sources import drums, groove, lieder, openewld, roles, sheet, texture
from dyvim_cli.training.sources.dynamics import MARK_LEVEL
from dyvim_cli.types import Note

EXCERPT_S = 20.0
DRUMMED_HITS_A_S = 1.0  # hits a second from which on a drummer keeps time
CALM_STYLES = ("ambient", "cinematic", "orchestral", "acoustic")  # whose rooms written music is played in
KIT_KEYS = range(35, 60)  # General MIDI's drum keys; drummers' electronic kits send others too
SOFTEST_VELOCITY, VELOCITY_A_LEVEL, PLAIN_LEVEL, ACCENT = 40, 10, 4, 12
BASS_BARS = (40, 45)  # E2 and A2, a bar each, under a drummer
BASS_VELOCITY = 88
MIDI_BPM = 120.0  # what MIDI itself assumes
TOGETHER_S = 0.02  # notes that start so near each other are one chord
HELD_S = 0.25  # a note that ends so soon after the excerpt's beginning is left out
PIANO = 0  # General MIDI program
CHORD_LOW, ROOT_LOW = 48, 36  # lowest MIDI pitches of a chord's notes and of its bass


@dataclass(frozen=True)
class Player:
    """The notes of one instrument."""

    part: str  # part of the palette whose place in the mix it takes: melody, bass, drums, pad, arp
    program: int  # General MIDI
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Excerpt:
    """EXCERPT_S of one piece."""

    name: str
    source: str
    style: str  # one of types.STYLES, in whose room and mix it is played
    bpm: float
    players: tuple[Player, ...]

    @property
    def has_beat(self) -> bool:
        """True if a drummer keeps time."""
        hits = sum(len(player.notes) for player in self.players if player.part == "drums")
        return hits >= DRUMMED_HITS_A_S * EXCERPT_S


def freedoom(path: Path, _index: int) -> Excerpt | None:
    """Read a multitrack song on the instruments and at the velocities that it names.

    Args:
        path: of its MIDI file.
        _index: unused.

    Returns:
        The excerpt; None for one that is too short.
    """
    import symusic

    score = symusic.Score(str(path), ttype="second")
    tracks = [t for t in roles.tracks_of(score) if len(t.notes) and (t.is_drums or t.is_pitched)]
    pitched = [t for t in tracks if t.is_pitched]
    if not pitched or score.end() < EXCERPT_S:
        return None
    players = [Player(_role(t), t.program, _notes_of_track(t)) for t in tracks]
    has_drums = any(t.is_drums for t in tracks)
    style = roles.style(pitched, has_drums) or ("rock" if has_drums else "cinematic")
    bpm = score.tempos[0].qpm if len(score.tempos) else MIDI_BPM
    return _excerpt(path.stem, "freedoom", style, float(bpm), players)


def groove_take(path: Path, _index: int) -> Excerpt | None:
    """Read a drummer's take, over a bass that plays a root on the first and third beat; four-four only.

    Args:
        path: of its MIDI file.
        _index: unused.

    Returns:
        The excerpt; None for one that cannot be used.
    """
    facts = groove.take_facts(path)
    style = groove.STYLE_OF.get(re.split("[/-]", facts["style"])[0])
    if style is None or not RECORDS[style].keeps_beat or facts["time_signature"] != "4-4":
        return None
    beat_s = 60 / float(facts["bpm"])
    times, keys, velocities = groove.hits(path)
    heard = [key if key in KIT_KEYS else DRUM_KEYS[drums.CLASS_OF_KEY[key]] for key in keys.tolist()]
    hits = _notes(times * beat_s, times * beat_s + 0.1, heard, velocities)
    roots = np.arange(0.0, times.max(), 2.0)
    pitches = [BASS_BARS[int(beat // 4) % len(BASS_BARS)] for beat in roots]
    bass = _notes(roots * beat_s, (roots + 1.95) * beat_s, pitches, np.full(len(roots), BASS_VELOCITY))
    parts = RECORDS[style].palette.parts
    players = [
        Player("drums", parts["drums"].programs[0], hits),
        Player("bass", parts["bass"].programs[0], bass),
    ]
    return _excerpt(f"{path.parent.parent.name} {path.stem}", "groove", style, float(facts["bpm"]), players)


def lead_sheet(path: Path, index: int) -> Excerpt | None:
    """Read a tune over its chord symbols, each held until the next, for a calm style's instruments.

    Args:
        path: of its MusicXML file.
        index: number of the piece, which chooses the style.

    Returns:
        The excerpt; None for one that cannot be used.
    """
    song, style = sheet.read(path), CALM_STYLES[index % len(CALM_STYLES)]
    if not song.chords:
        return None
    bpm, parts = song.bpm or openewld.DEFAULT_BPM, RECORDS[style].palette.parts
    chords, roots = held_chords(song, 60 / bpm)
    players = [
        Player("melody", parts["melody"].programs[0], _sung(song, song.notes, bpm)),
        Player("pad", parts["pad"].programs[0], chords),
        Player("bass", parts["bass"].programs[0], roots),
    ]
    return _excerpt(path.stem, "openewld", style, bpm, players)


def lied(path: Path, index: int) -> Excerpt | None:
    """Read a song with its piano as written; a calm style's melody instrument sings.

    Args:
        path: of its MusicXML file.
        index: number of the piece, which chooses the style.

    Returns:
        The excerpt; None for one that is too short.
    """
    song, style = sheet.read(path), CALM_STYLES[index % len(CALM_STYLES)]
    bpm, at_piano = song.bpm or lieder.DEFAULT_BPM, song.notes["part"] == lieder.piano_part(song)
    singer = RECORDS[style].palette.parts["melody"].programs[0]
    players = [
        Player("melody", singer, _sung(song, song.notes[~at_piano], bpm)),
        Player("arp", PIANO, _sung(song, song.notes[at_piano], bpm)),
    ]
    return _excerpt(path.stem, "lieder", style, bpm, players)


READERS: dict[str, tuple[str, Callable[[Path, int], Excerpt | None]]] = {
    "freedoom": ("*.mid", freedoom),
    "groove": ("*_beat_4-4.mid", groove_take),
    "openewld": ("*.mxl", lead_sheet),
    "lieder": ("*.mxl", lied),
}


def held_chords(song: sheet.Sheet, beat_s: float) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
    """Play a sheet's chord symbols, each held to the next.

    Args:
        song: the sheet.
        beat_s: length of a quarter note.

    Returns:
        (chords in close position, their roots below).
    """
    last = max(float(song.notes["end"].max(initial=0.0)), song.chords[-1][0] + 1)
    ends = [time for time, _ in song.chords[1:]] + [last]
    chords, roots, strength = [], [], SOFTEST_VELOCITY + PLAIN_LEVEL * VELOCITY_A_LEVEL
    for (start, chord), end in zip(song.chords, ends, strict=True):
        if chord is None:
            continue
        root, quality = chord
        times = start * beat_s, end * beat_s
        chords += [
            Note(*times, CHORD_LOW + (root + interval) % 12, strength)
            for interval in CHORD_QUALITIES[quality]
        ]
        roots.append(Note(*times, ROOT_LOW + root % 12, strength))
    return tuple(chords), tuple(roots)


def _role(track: roles.CorpusTrack) -> str:
    """Role of a track in the mix, by the notes that it plays."""
    if track.is_drums:
        return "drums"
    if track.program in roles.BASS or track.notes.pitches.mean() < roles.LOW:
        return "bass"
    together = texture.Notes(
        np.rint(track.notes.starts / TOGETHER_S).astype(int), track.notes.ends, track.notes.pitches
    )
    if texture.chord_mask(together, 2).mean() > 0.5:
        return "pad"
    return "melody" if track.program in roles.LEAD else "arp"


def _notes_of_track(track: roles.CorpusTrack) -> tuple[Note, ...]:
    return _notes(track.notes.starts, track.notes.ends, track.notes.pitches, track.velocities)


def _notes(starts_s, ends_s, pitches, velocities) -> tuple[Note, ...]:
    """Notes of columns; torn files hold some that end before they begin."""
    columns = zip(starts_s, ends_s, pitches, velocities, strict=True)
    return tuple(
        Note(float(s), float(max(e, s + 0.01)), int(p), int(np.clip(v, 1, 127))) for s, e, p, v in columns
    )


def _sung(song: sheet.Sheet, notes: np.ndarray, bpm: float) -> tuple[Note, ...]:
    """Written notes in strict time, as strong as the last dynamics mark before them says."""
    beat_s, marks = 60 / bpm, [(time, MARK_LEVEL[m]) for time, m in sorted(song.dynamics) if m in MARK_LEVEL]
    place = np.searchsorted([time for time, _ in marks], notes["start"] + 1e-6)
    levels = np.array([PLAIN_LEVEL, *(level for _, level in marks)])[place]
    velocities = SOFTEST_VELOCITY + VELOCITY_A_LEVEL * levels + ACCENT * notes["accent"]
    return _notes(notes["start"] * beat_s, notes["end"] * beat_s, notes["pitch"], velocities)


def _excerpt(name, source, style, bpm, players) -> Excerpt | None:
    """The stretch from a third of the piece on that begins with a note; None for a shorter piece."""
    every = [note for player in players for note in player.notes]
    last_s = max((note.end_s for note in every), default=0.0)
    if last_s < EXCERPT_S:
        return None
    starts = np.sort([note.start_s for note in every])
    first_s = float(starts[np.searchsorted(starts, (last_s - EXCERPT_S) / 3)])
    cut = [Player(player.part, player.program, _cut(player.notes, first_s)) for player in players]
    return Excerpt(name, source, style, bpm, tuple(player for player in cut if player.notes))


def _cut(notes: tuple[Note, ...], first_s: float) -> tuple[Note, ...]:
    """The notes that sound in the excerpt that begins at first_s; what is held into it begins with it."""
    return tuple(
        Note(max(n.start_s - first_s, 0.0), min(n.end_s - first_s, EXCERPT_S), n.pitch, n.velocity)
        for n in notes
        if n.start_s < first_s + EXCERPT_S and n.end_s > first_s + HELD_S * (n.start_s < first_s)
    )
