"""Measure a batch's memory while films go by (`make marathon`, Linux).

PSS, the proportional set size, counts a page that several processes map once in all (man 5 proc,
smaps_rollup); the sum of resident sizes would count torch's libraries once a worker.
"""

import json
import os
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PERIOD_S = 2.0
WARM = 0.3  # share of the films after which both workers have played every style
GROWTH = 0.05  # how much larger the second half of what follows may be: films differ in length


@dataclass(frozen=True)
class Sample:
    """Memory of the whole process group after a number of recorded films."""

    films: int
    processes: int
    pss_mb: float


def watch(process: subprocess.Popen, journal: Path) -> list[Sample]:
    """Sample the memory of a batch that leads its own process group, while it runs.

    Args:
        process: the batch.
        journal: its journal, from which the finished films are counted.

    Returns:
        Samples; the list grows until the process ends.
    """
    samples: list[Sample] = []

    def look() -> None:
        while process.poll() is None:
            sizes = _group_mb(process.pid)
            samples.append(Sample(_recorded(journal), len(sizes), sum(sizes)))
            time.sleep(PERIOD_S)

    threading.Thread(target=look, daemon=True).start()
    return samples


def figures(samples: list[Sample], n_films: int) -> dict:
    """Summarise the memory: by tenths of the films, and of both halves once the workers are warm.

    Args:
        samples: of `watch`.
        n_films: films of the batch.

    Returns:
        Median and largest PSS in MB.
    """
    edges = [n_films * i // 10 for i in range(11)]
    tenths = [_mb(samples, low, high) for low, high in zip(edges, edges[1:], strict=False)]
    warm, middle = n_films * WARM, n_films * (1 + WARM) / 2
    first, last = _mb(samples, warm, middle), _mb(samples, middle, n_films)
    return {"pss_mb_by_tenths": tenths, "pss_mb_first_half": first, "pss_mb_last_half": last}


def is_flat(found: dict) -> bool:
    """Check whether neither the median nor the largest of the last half lies above the first half's.

    Args:
        found: of `figures`.

    Returns:
        True for flat memory.
    """
    first, last = found["pss_mb_first_half"], found["pss_mb_last_half"]
    return all(after <= before * (1 + GROWTH) for before, after in zip(first, last, strict=True))


def _mb(samples: list[Sample], low: float, high: float) -> list[int]:
    """[median, largest] while the number of recorded films was from low to below high; [] if never looked."""
    sizes = [sample.pss_mb for sample in samples if low <= sample.films < high]
    return [round(statistics.median(sizes)), round(max(sizes))] if sizes else []


def _recorded(journal: Path) -> int:
    return journal.read_bytes().count(b'"status"') if journal.exists() else 0


def _group_mb(group: int) -> list[float]:
    """PSS of each process of the group; one that ends meanwhile is left out."""
    sizes = []
    for place in Path("/proc").iterdir():
        try:
            if place.name.isdigit() and os.getpgid(int(place.name)) == group:
                lines = (place / "smaps_rollup").read_text().splitlines()
                sizes.append(next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1e3)
        except (OSError, StopIteration):
            continue
    return sizes


def write(samples: list[Sample], path: Path) -> None:
    """Write all samples as JSON, a list of [films, processes, MB].

    Args:
        samples: of `watch`.
        path: of the file.
    """
    path.write_text(json.dumps([[s.films, s.processes, round(s.pss_mb)] for s in samples]), encoding="utf-8")
