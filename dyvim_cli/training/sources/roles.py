"""Assign the tracks of a General MIDI song to the roles bass, melody, pad and arp."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dyvim_cli.training.data.curves import centred_convolution
from dyvim_cli.training.sources import texture
from dyvim_cli.training.sources.texture import Notes
from dyvim_cli.types import STEPS_PER_BAR, STEPS_PER_BEAT

if TYPE_CHECKING:
    from dyvim_cli.training.sources.grid import BarRun


# General MIDI programs (0-based)
BASS = (*range(32, 40), 43, 58, 87)
LEAD = (*range(40, 43), *range(56, 58), *range(59, 61), *range(64, 80), *range(80, 87))
GUITARS = (29, 30, 31)
SYNTHS = (38, 39, 50, 51, 62, 63, *range(80, 104))
ORCHESTRA = (*range(40, 50), 52, 53, *range(56, 62), *range(68, 74))
NO_MUSIC = 112  # first program that plays no music: reversed cymbals, birds, helicopters
LOW = 50  # mean MIDI pitch below which a track without a bass program is one
MIDDLE = 69  # where a tune is expected
ROLE_BARS = 4  # a role stays with a track for some bars: its scores are smoothed over this many
OSTINATO = 0.3  # factor of a line's score in a bar that only repeats
DOUBLED = 0.6  # share of notes that another line has too, from which on it is the same line
MIN_CLAIM = 0.15  # a bar in which no part scores higher than this has no melody


@dataclass
class CorpusTrack:
    """One instrument. In quarter notes as read, in grid steps once cut to a run."""

    program: int
    is_drums: bool
    notes: Notes
    velocities: np.ndarray

    @property
    def is_pitched(self) -> bool:
        """True if it plays notes rather than noises."""
        return not self.is_drums and self.program < NO_MUSIC

    def cut(self, run: "BarRun") -> "CorpusTrack":
        """The notes that begin inside a run, in its grid steps.

        Args:
            run: stretch of the score.

        Returns:
            The track with the notes that begin inside the run, in its grid steps.
        """
        n = self.notes
        inside = (run.step(n.starts) < run.n_steps) & (run.step(n.starts) >= 0)
        starts, ends = run.clip(n.starts[inside], n.ends[inside])
        return replace(self, notes=Notes(starts, ends, n.pitches[inside]), velocities=self.velocities[inside])


def tracks_of(score: Any) -> list[CorpusTrack]:
    """Tracks of a symusic score, notes by start.

    Args:
        score: symusic's, in quarter notes.

    Returns:
        Its tracks, notes by start.
    """
    tracks = []
    for track in score.tracks:
        columns = track.notes.numpy()
        order = np.argsort(columns["time"], kind="stable")
        start, length = (columns[name][order].astype(float) for name in ("time", "duration"))
        pitch, velocity = (columns[name][order].astype(int) for name in ("pitch", "velocity"))
        tracks.append(
            CorpusTrack(track.program, track.is_drum, Notes(start, start + length, pitch), velocity)
        )
    return tracks


def cast(tracks: list[CorpusTrack], n_steps: int) -> dict[str, Notes]:
    """Share tracks out to the parts.

    Args:
        tracks: cut to a run, without drums.
        n_steps: length of the run.

    Returns:
        Notes of melody, bass, pad and arp; empty where no track takes the part.
    """
    low = [track for track in tracks if _is_bass(track)]
    rest = [track for track in tracks if not _is_bass(track)]
    bass = texture.join_parts([track.notes for track in low])
    bass = bass[texture.lowest_of_each_step(bass)]
    if not low and rest:
        every = texture.join_parts([track.notes for track in rest])
        bass = every[texture.bass_mask(every)]
        bass = bass[bass.pitches < LOW + 5]
    chords, lines = zip(*[_chords_and_line(track) for track in rest], strict=True) if rest else ((), ())
    tune, leader = _lead(rest, lines, n_steps)
    own = [_onsets_by_bar(line, n_steps) * (not _follows(line, tune)) for line in lines]
    figures, _ = _most(lines, own, n_steps, leader)
    pad = texture.join_parts(list(chords))
    pad = pad[texture.chord_mask(pad)]
    return {"melody": tune, "bass": bass, "pad": pad, "arp": figures}


def _is_bass(track: CorpusTrack) -> bool:
    return track.program in BASS or (
        track.program not in GUITARS and len(track.notes) > 0 and track.notes.pitches.mean() < LOW
    )


def _chords_and_line(track: CorpusTrack) -> tuple[Notes, Notes]:
    """Split a track into chords (power chords included, sounding octave added) and single notes."""
    together = texture.chord_mask(track.notes, 2)
    chords = track.notes[together]
    if len(chords) and texture.chord_mask(chords, 3).mean() < 0.5:
        chords = texture.join_parts([chords, Notes(chords.starts, chords.ends, chords.pitches + 12)])
    return chords, track.notes[~together]


def _lead(tracks: Sequence[CorpusTrack], lines: Sequence[Notes], n_steps: int) -> tuple[Notes, np.ndarray]:
    """The most tuneful line, bar by bar with hysteresis, and its track's index by bar (-1: none)."""
    claims = [_tunefulness(t, line, n_steps) for t, line in zip(tracks, lines, strict=True)]
    return _most(lines, claims, n_steps)


def _tunefulness(track: CorpusTrack, line: Notes, n_steps: int) -> np.ndarray:
    """[bars] claim of a line to be the tune: moving, varied, high, no ostinato, on a lead instrument."""
    bars = line.starts // STEPS_PER_BAR
    n_bars = n_steps // STEPS_PER_BAR
    count = np.bincount(bars, minlength=n_bars)[:n_bars]
    motion = np.exp(-0.5 * ((count - 6) / 4.0) ** 2) * (count > 0)
    height = np.bincount(bars, weights=line.pitches, minlength=n_bars)[:n_bars] / np.maximum(count, 1)
    register = np.exp(-0.5 * ((height - MIDDLE) / 12.0) ** 2)
    pairs = np.unique(np.stack([bars, line.pitches], axis=1), axis=0) if len(line) else np.zeros((0, 2), int)
    variety = np.minimum(np.bincount(pairs[:, 0], minlength=n_bars)[:n_bars] / 4.0, 1.0)
    instrument = 1.5 if track.program in LEAD else 1.0
    return motion * register * variety * instrument * np.where(_repeats(line, n_bars), OSTINATO, 1.0)


def _repeats(line: Notes, n_bars: int) -> np.ndarray:
    """[bars] whether a bar is the same as the one or the two bars before: a figure, not a tune."""
    roll = np.zeros((n_bars + 1, STEPS_PER_BAR), dtype=int)
    roll[np.minimum(line.starts // STEPS_PER_BAR, n_bars), line.starts % STEPS_PER_BAR] = line.pitches
    roll = roll[:n_bars]
    same = np.zeros(n_bars, dtype=bool)
    for distance in (1, 2):
        same[distance:] |= (roll[distance:] == roll[:-distance]).all(1)
    return same


def _follows(line: Notes, tune: Notes) -> bool:
    """Check whether a line only doubles or echoes the tune (the same pitch classes up to a beat later)."""
    sung = set(zip(tune.starts.tolist(), (tune.pitches % 12).tolist(), strict=True))
    if not sung or not len(line):
        return False
    heard = list(zip(line.starts.tolist(), (line.pitches % 12).tolist(), strict=True))
    return any(
        sum((step - delay, pc) in sung for step, pc in heard) > DOUBLED * min(len(heard), len(sung))
        for delay in range(STEPS_PER_BEAT + 1)
    )


def _onsets_by_bar(line: Notes, n_steps: int) -> np.ndarray:
    n_bars = n_steps // STEPS_PER_BAR
    return np.bincount(line.starts // STEPS_PER_BAR, minlength=n_bars)[:n_bars].astype(float)


def _most(
    lines: Sequence[Notes], claims: Sequence[np.ndarray], n_steps: int, taken: np.ndarray | None = None
) -> tuple[Notes, np.ndarray]:
    """Notes of the line with the highest claim in each bar, and whose it is; never the taken one."""
    n_bars = n_steps // STEPS_PER_BAR
    winner = np.full(n_bars, -1)
    if not len(lines):
        return texture.join_parts([]), winner
    window = np.ones(2 * ROLE_BARS + 1) / (2 * ROLE_BARS + 1)
    matrix = np.array(claims)
    smooth = np.array([centred_convolution(row, window) for row in matrix])
    smooth = np.where(matrix > 0, smooth + 0.25 * matrix, 0)
    if taken is not None:
        bars = np.flatnonzero(taken >= 0)
        smooth[taken[bars], bars] = 0
    winner = np.where(smooth.max(0) > MIN_CLAIM, smooth.argmax(0), -1)
    won = [line[winner[line.starts // STEPS_PER_BAR] == i] for i, line in enumerate(lines)]
    return texture.join_parts(won), winner


def style(tracks: list[CorpusTrack], has_drums: bool) -> str | None:
    """Name a style by its instruments: distorted guitars, synthesizers, an orchestra.

    Args:
        tracks: cut to a run.
        has_drums: whether a drum kit plays too.

    Returns:
        One of types.STYLES; None when mixed.
    """
    sounding = {"rock": GUITARS, "electronic": SYNTHS, "orchestral": ORCHESTRA}
    total = sum(int((t.notes.ends - t.notes.starts).sum()) for t in tracks)
    share = {
        name: sum(int((t.notes.ends - t.notes.starts).sum()) for t in tracks if t.program in programs) / total
        for name, programs in sounding.items()
    }
    if share["rock"] > 0.15 and has_drums:
        return "rock"
    if share["electronic"] > 0.4:
        return "electronic" if has_drums else "ambient"
    if share["orchestral"] > 0.4:
        return "cinematic" if has_drums else "orchestral"
    return None
