"""Write figures 4 and 5 of the paper: a table, a JSON file and a picture each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dyvim_cli import weights
from dyvim_cli.atomic import write_json, write_text
from dyvim_cli.training.figures.drawing import alpha_picture, attention_picture

ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Files:
    """The three files of a figure."""

    table: Path
    facts: Path
    picture: Path

    @classmethod
    def of(cls, out: Path, name: str) -> "Files":
        """Names in a folder, which is made.

        Args:
            out: folder, which is made.
            name: of the figure.

        Returns:
            Paths <out>/<name>.txt, .json and .png.
        """
        out.mkdir(parents=True, exist_ok=True)
        return cls(*(out / f"{name}.{suffix}" for suffix in ("txt", "json", "png")))


def attention_figure(films: list[Path], out: Path, n_moments: int = 4) -> str:
    """Show where the encoder looks, and where z_d comes from, at evenly spaced moments.

    Args:
        films: paths of videos.
        out: folder of the figure's files.
        n_moments: of each film.

    Returns:
        The table as it was written.
    """
    from dyvim_cli.media.decode import frames
    from dyvim_cli.media.probe import probe
    from dyvim_cli.vision.attention import look, triplets_at
    from dyvim_cli.vision.motion_encoder import load
    from dyvim_cli.vision.settings import ANALYSIS_WIDTH

    encoder = load(weights.embedded(weights.MOTION_ENCODER))
    seen = {}
    for path in films:
        film = probe(path)
        times_s = [film.duration_s * (i + 0.5) / n_moments for i in range(n_moments)]
        pictures = frames(film, ANALYSIS_WIDTH, 0.0, film.duration_s, within_bars=True)
        seen[path.stem[:28]] = look(encoder, triplets_at(pictures, times_s))
    rows = [
        {
            "film": name,
            "time_s": round(m.time_s, 2),
        }
        | {f"{of}_on_motion": round(m.on_motion(of), 2) for of in ("attention", "dynamics")}
        | {f"{of}_correlation": round(m.correlation(of), 2) for of in ("attention", "dynamics")}
        for name, moments in seen.items()
        for m in moments
    ]
    files = Files.of(out, "attention")
    attention_picture(seen, files.picture)
    return _write(files, rows, {"moments": rows})


def alpha_figure(learner: Any, out: Path, alphas: tuple[float, ...] = ALPHAS) -> str:
    """Take the held-out loss of a learner over alpha, with true and with another film's motion.

    Args:
        learner: a tuned one; it is left in evaluation mode.
        out: folder of the figure's files.
        alphas: 0..1.

    Returns:
        The table as it was written.
    """
    learner.eval()
    found = [learner.held_out(alpha=alpha) for alpha in alphas]
    rows = [
        {"alpha": alpha} | {view: round(f[view], 4) for view in ("true", "shuffled")}
        for alpha, f in zip(alphas, found, strict=True)
    ]
    files = Files.of(out, "alpha")
    names = {"true": "the film's own motion", "shuffled": "another film's"}
    curves = {name: [row[view] for row in rows] for view, name in names.items()}
    alpha_picture(list(alphas), curves, found[0]["none"], files.picture)
    return _write(files, rows, {"alphas": rows, "none": round(found[0]["none"], 4)})


def _write(files: Files, rows: list[dict[str, Any]], facts: dict[str, Any]) -> str:
    table = columns_of(rows)
    write_text(files.table, table)
    write_json(files.facts, facts)
    return table


def columns_of(rows: list[dict[str, Any]]) -> str:
    """Write rows as columns of equal width, aligned to the right.

    Args:
        rows: at least one, all of equal keys.

    Returns:
        Lines, the first with the keys.
    """
    columns = list(rows[0])
    widths = {c: max(len(c), *(len(str(row[c])) for row in rows)) for c in columns}
    lines = ["  ".join(c.rjust(widths[c]) for c in columns)]
    lines += ["  ".join(str(row[c]).rjust(widths[c]) for c in columns) for row in rows]
    return "\n".join(lines) + "\n"
