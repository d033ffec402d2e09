"""Measure the flow of human music on our instruments: the bands that composed pieces are held against.

python -m tools.flow_bands --freedoom DIR --groove DIR --openewld DIR --lieder DIR -o FILE

FILE is benchmarks/flow_bands.json. Every corpus gives excerpts of 20 s, of up to --most files evenly
spread. Each is played by the shipped soundfont, mixed and mastered as a soundtrack is, without what
music/performance adds.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from benchmarks.sound_check import KINDS, WITH_BEAT, WITHOUT
from dyvim_cli.errors import DyvimError
from dyvim_cli.evaluation.judge.flow import flow
from dyvim_cli.music.mixing.loudness import Meter
from dyvim_cli.music.mixing.mastering import BLOCK_FRAMES, finished
from dyvim_cli.music.mixing.mix import mixed
from dyvim_cli.music.performance.instrument_ranges import in_compass
from dyvim_cli.music.synth.orchestra import Orchestra
from dyvim_cli.stylebook import RECORDS
from dyvim_cli.types import SAMPLE_RATE, Stem
from tools.human_music import EXCERPT_S, READERS, Excerpt

BAND = (10, 50, 90)  # percentiles over excerpts
MOST = 80  # files of each corpus


def played(excerpt: Excerpt) -> np.ndarray:
    """Render an excerpt with our instruments.

    Args:
        excerpt: of human music.

    Returns:
        [n, 2] float32 at SAMPLE_RATE.
    """
    palette, stems, parts = RECORDS[excerpt.style].palette, {}, {}
    for player in excerpt.players:
        name = _free_name(player.part, stems)
        is_drums, notes = player.part == "drums", player.notes
        if not is_drums:
            notes = tuple(in_compass(player.part, player.program, notes))
        stems[name] = Stem(name, player.program, is_drums, notes)
        parts[name] = palette.parts[player.part]
    orchestra, n_frames = Orchestra(), round(EXCERPT_S * SAMPLE_RATE)
    sources = {name: orchestra.blocks(stem, n_frames, BLOCK_FRAMES) for name, stem in stems.items()}
    mix = mixed(sources, replace(palette, parts=parts), excerpt.bpm, lambda _, n: np.ones(n, np.float32))
    return np.concatenate(list(finished((block for block, _ in mix), Meter())))


def _free_name(part: str, taken: dict) -> str:
    """The part's name, numbered when another plays it already."""
    n = sum(name.split()[0] == part for name in taken)
    return part if not n else f"{part} {n + 1}"


def spread(paths: Sequence[Path], most: int) -> list[Path]:
    """Select some of the paths, evenly spaced.

    Args:
        paths: all of them.
        most: number of paths that is taken at most.

    Returns:
        The selection.
    """
    at = np.unique(np.linspace(0, len(paths) - 1, min(most, len(paths))).round().astype(int)) if paths else []
    return [paths[i] for i in at]


def read(source: str, folder: Path, most: int, say: Callable[[str], None]) -> Iterator[Excerpt]:
    """Read excerpts of a corpus; a file that cannot be read is left out, and said so.

    Args:
        source: name of the corpus, a key of human_music.READERS.
        folder: of the corpus.
        most: number of excerpts at most.
        say: takes a line about each file that is left out.

    Yields:
        Excerpts.
    """
    pattern, reader = READERS[source]
    for index, path in enumerate(spread(sorted(folder.rglob(pattern)), most)):
        try:
            excerpt = reader(path, index)
        except (DyvimError, RuntimeError, ValueError) as fault:  # symusic raises plain ones
            say(f"left out: {path.name}: {fault}")
            continue
        if excerpt is not None:
            yield excerpt


def measured(excerpt: Excerpt) -> dict:
    """Render an excerpt and measure its flow.

    Args:
        excerpt: of human music.

    Returns:
        Name, source, kind and flow.
    """
    figures = asdict(flow(played(excerpt), SAMPLE_RATE))
    kind = WITH_BEAT if excerpt.has_beat else WITHOUT
    return {"name": excerpt.name, "source": excerpt.source, "kind": kind, "flow": figures}


def bands(rows: Sequence[dict]) -> dict:
    """Summarise rows by kind, and by source within each kind.

    Args:
        rows: of `measured`.

    Returns:
        For JSON: number of excerpts and percentiles of each figure.
    """
    found = {}
    for kind in KINDS:
        of_kind = [row for row in rows if row["kind"] == kind]
        sources = sorted({row["source"] for row in of_kind})
        found[kind] = _band(of_kind) | {
            "sources": {source: _band([r for r in of_kind if r["source"] == source]) for source in sources}
        }
    return found


def _band(rows):
    names = list(rows[0]["flow"]) if rows else []
    values = {name: np.percentile([row["flow"][name] for row in rows], BAND) for name in names}
    rounded = {name: [round(float(v), 3) for v in band] for name, band in values.items()}
    return {"n": len(rows), "bands": rounded}


def every_excerpt(folders: dict[str, Path], most: int, say: Callable[[str], None]) -> list[Excerpt]:
    """Read excerpts of all corpora.

    Args:
        folders: folder of each source.
        most: number of excerpts of a corpus at most.
        say: takes a line about each file that is left out.

    Returns:
        Excerpts.
    """
    return [excerpt for source, folder in folders.items() for excerpt in read(source, folder, most, say)]


def measure_all(excerpts: Sequence[Excerpt], jobs: int, say: Callable[[str], None]) -> list[dict]:
    """Measure excerpts, several at once.

    Args:
        excerpts: of human music.
        jobs: processes.
        say: takes a line about the progress.

    Returns:
        A row of `measured` for each.
    """
    rows = []
    with ProcessPoolExecutor(jobs) as pool:
        for row in pool.map(measured, excerpts):
            rows.append(row)
            say(f"{len(rows)}/{len(excerpts)} {row['source']} {row['name']}")
    return rows


def main() -> None:
    """Read, play, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for source in READERS:
        parser.add_argument(f"--{source}", type=Path, metavar="DIR", help="folder of the corpus, unpacked")
    parser.add_argument("--most", type=int, default=MOST, help="files of each corpus")
    parser.add_argument("--jobs", type=int, default=1, help="excerpts at once")
    parser.add_argument("--rows", type=Path, metavar="JSON", help="also write every excerpt's figures")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    folders = {source: getattr(options, source) for source in READERS if getattr(options, source)}

    def say(line: str) -> None:
        sys.stderr.write(line + "\n")

    rows = measure_all(every_excerpt(folders, options.most, say), options.jobs, say)
    made_by = (
        f"python -m tools.flow_bands: excerpts of {EXCERPT_S:g} s of up to {options.most} files a corpus"
    )
    content = {
        "made_by": f"{made_by}; percentiles {BAND} over n excerpts of evaluation.judge.flow",
        "kinds": bands(rows),
    }
    options.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if options.rows:
        options.rows.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
