"""Sound a piece for its film: all of it, or the part that a preview shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from dyvim_cli.desk.kept_mastering import keep_mastering, kept_mastering, name_of_sound
from dyvim_cli.extras import sound_file
from dyvim_cli.options import Delivery
from dyvim_cli.preview import preview_cut
from dyvim_cli.progress import Progress
from dyvim_cli.types import SAMPLE_RATE, Score

if TYPE_CHECKING:
    from dyvim_cli.atomic import PendingFiles
    from dyvim_cli.media.cut import Cut
    from dyvim_cli.media.probe import FilmInfo
    from dyvim_cli.model.compose.recording import Recording
    from dyvim_cli.model.musicgen.loading import AudioModel
    from dyvim_cli.model.score.decoder import Decoder
    from dyvim_cli.music.mixing.loudness import Meter


@dataclass(frozen=True)
class Sounded:
    """A sound file, and what was heard of the whole piece."""

    path: Path
    start_s: float  # time of the piece at which the file begins
    meter: "Meter"
    peak_db: float | None = None  # true peak of the file in dBTP where it is known


@contextmanager
def sounded(
    piece: "Score | Recording",
    model: "Decoder | AudioModel",
    film: "FilmInfo",
    cut: "Cut",
    duration_s: float,
    delivery: Delivery,
    progress: Progress,
    group: "PendingFiles",
    soundfont: str | None,
    use_cache: bool,
) -> Iterator[Sounded]:
    """Render what is to be delivered of a piece to a lossless file, gone afterwards.

    Of a preview only the part that is shown is written; where the mastering of the piece is kept in the
    cache, only that part is played.

    Args:
        piece: the music.
        model: that made it.
        film: what probe says of it.
        cut: the part of the film that the piece is for.
        duration_s: of the piece.
        delivery: options of the output.
        progress: notified of the stages "sound" and "master".
        group: stems appear when its others do.
        soundfont: path of the user's instruments; None = the shipped ones.
        use_cache: whether the mastering may come from the cache, and stays there.

    Yields:
        The file.
    """
    from dyvim_cli.music.mixing.loudness import Meter

    is_part_enough = delivery.music is None and delivery.stems is None
    if delivery.preview_s is not None and is_part_enough and _goes_straight(piece):
        shown = preview_cut(film, cut, delivery.preview_s)
        span_s = max(0.0, shown.start_s - cut.start_s), min(duration_s, shown.end_s - cut.start_s)
        with _part(piece, film.path, duration_s, span_s, progress, soundfont, use_cache) as part:
            yield part
        return
    meter = Meter()
    with sound_file(piece, model, duration_s, delivery, progress, meter, group, soundfont) as path:
        yield Sounded(path, 0.0, meter, meter.true_peak_db if _goes_straight(piece) else None)


def _goes_straight(piece: "Score | Recording") -> TypeGuard[Score]:
    """Check for a score that does not go round."""
    return isinstance(piece, Score) and not piece.extras.get("loops")


@contextmanager
def _part(
    score: Score,
    film: Path,
    duration_s: float,
    span_s: tuple[float, float],
    progress: Progress,
    soundfont: str | None,
    use_cache: bool,
) -> Iterator[Sounded]:
    """The file of a part of a score that does not go round; arguments as of `sounded`."""
    from dyvim_cli.media.sound import sound_writer
    from dyvim_cli.music.mixing.loudness import Meter
    from dyvim_cli.music.mixing.part import produce_part
    from dyvim_cli.scratch import scratch_folder

    n_frames, (first, stop) = round(duration_s * SAMPLE_RATE), (round(at * SAMPLE_RATE) for at in span_s)
    name = name_of_sound(score, n_frames, soundfont)
    known = kept_mastering(name) if use_cache else None
    meter = Meter() if known is None else known
    gains = None if known is None else known.curves
    instruments = None if soundfont is None else Path(soundfont)
    with scratch_folder() as folder:
        path = folder / "part.wav"
        with sound_writer(path, span_s[1] - span_s[0], "FLOAT") as write:
            span = first, min(stop, n_frames)
            for block in produce_part(score, n_frames, span, meter, gains, progress, instruments):
                write(block)
        progress.update("master", 1, 1)
        if known is None and use_cache:
            keep_mastering(name, meter, film)
        meter.curves = None
        yield Sounded(path, span_s[0], meter)
