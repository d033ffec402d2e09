"""Deliver a part of a film with that part of its music, cut out of the whole piece."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dyvim_cli.errors import UsageError
from dyvim_cli.options import Delivery

if TYPE_CHECKING:
    from dyvim_cli.media.cut import Cut
    from dyvim_cli.media.probe import FilmInfo

HINTED_S = 20.0  # a part to look at, where another one is hinted at
FADE_OUT_S = 0.5  # where a preview stops in the midst of the music


@dataclass(frozen=True)
class DeliveredPart:
    """The delivered part of a film, and its part of the music."""

    music: Path
    options: dict[str, Any]  # arguments of media.mux.mux, in place of the delivery's
    notes: tuple[str, ...] = ()  # note that it begins elsewhere than was asked


def preview_cut(film: "FilmInfo", cut: "Cut", preview_s: tuple[float, float]) -> "Cut":
    """Find the part of a film that a preview shows.

    Args:
        film: what probe says of it.
        cut: the part that is scored.
        preview_s: (begin, end) from the beginning of that part.

    Returns:
        The part, no longer than what is scored.

    Raises:
        UsageError: less than two pictures lie in it.
    """
    from dyvim_cli.media.cut import plan_cut

    begin_s, end_s = (cut.start_s + at_s for at_s in preview_s)
    end_s, length_s = min(end_s, cut.end_s), cut.end_s - cut.start_s
    if end_s - begin_s < 2 / film.fps:
        asked = f"--preview {preview_s[0]:g}-{preview_s[1]:g}"
        hint = f"it lasts {length_s:.3f} s: for example --preview 0-{min(HINTED_S, round(length_s, 1)):g}"
        raise UsageError(f"{asked}: fewer than two pictures of {film.path} lie there", hint)
    return plan_cut(film, begin_s, end_s)


@contextmanager
def part_to_deliver(
    film: "FilmInfo", cut: "Cut", music: Path, delivery: Delivery, music_start_s: float = 0.0
) -> Iterator[DeliveredPart]:
    """Choose the part to deliver: the whole cut with its music, or a preview of it.

    Args:
        film: what probe says of it.
        cut: the part that was scored.
        music: its sound file.
        delivery: options of the output.
        music_start_s: where that file begins, from the beginning of the part that was scored.

    Yields:
        The music and options of media.mux.mux; a preview's own sound file is gone afterwards.
    """
    from dyvim_cli.media.sound import conform
    from dyvim_cli.scratch import scratch_folder

    if delivery.preview_s is None:
        yield DeliveredPart(music, {})
        return
    shown = preview_cut(film, cut, delivery.preview_s)
    with scratch_folder() as folder:
        path = folder / "preview.wav"
        conform(music, path, start_s=max(0.0, shown.start_s - cut.start_s - music_start_s))
        options = {"start_s": shown.start_s, "end_s": shown.end_s}
        if delivery.fade_out_s is None and shown.end_s < cut.end_s:
            options["fade_out_s"] = FADE_OUT_S
        yield DeliveredPart(path, options, shown.warnings)


def marked_name(path: Path, mark: str) -> Path:
    """Put a mark into a film's name.

    Args:
        path: such as clip.dyvim.mp4 or clip.mp4.
        mark: such as take1.

    Returns:
        clip.take1.mp4.
    """
    stem = path.name.removesuffix(path.suffix).removesuffix(".dyvim")
    return path.with_name(f"{stem}.{mark}{path.suffix}")
