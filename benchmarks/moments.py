"""Measure how often the chosen style is acceptable, on labelled moments of free films.

    python -m benchmarks.moments --clips ../shared/clips --out demo/moments
    python -m benchmarks.moments --labels tests/data/style_labels_packages.json --packages unpacked --half b

Labels: tests/data/style_labels.json. A moment is a span of a clip, a slow zoom over a still picture of
scikit-image's, or a quick edit of several clips; each was labelled by looking at it. With --measures what
they measure is kept beside the labels, so that the table of styles can be judged without the films. The
table was leaned towards these; tests/data/style_labels_later.json has moments that were labelled
afterwards, tests/data/style_labels_packages.json those of pictures and films in packages (shots.py), and
tests/data/style_labels_more.json edits of the clips and moments of other packages.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.shots import film_of
from dyvim_cli.media.programs import find_ffmpeg
from dyvim_cli.types import STYLES, FilmFeatures
from dyvim_cli.vision.styles import AROUSAL_WORDS, MEASURES, VALENCE_WORDS, close_styles, mood_words
from dyvim_cli.watching import features_of

LABELS = Path(__file__).parent.parent / "tests" / "data" / "style_labels.json"
FIT = "scale=320:320:force_original_aspect_ratio=decrease:force_divisible_by=2,setsar=1"
FILL = "fps=25,scale=320:180:force_original_aspect_ratio=increase,crop=320:180,setsar=1,format=yuv420p"
ZOOM = "scale=640:-2,crop=iw*.9:ih*.9:t*.01*iw:t*.01*ih"
STILL_S = 4  # seconds that a still picture is shown
ENCODE = ("-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p")


def labels(path: Path = LABELS) -> list[dict]:
    """Read the labelled moments.

    Args:
        path: of the JSON.

    Returns:
        Clip, start_s and end_s, or still, or edit, or shots; styles (acceptable ones), what is seen, for some
        the mood and why.
    """
    return json.loads(path.read_text(encoding="utf-8"))


def cut(moment: dict, clips: Path, stills: Path, path: Path, packages: Path | None = None) -> Path:
    """Make one moment a film of its own, unless it is there already.

    Args:
        moment: of `labels`.
        clips: folder of the clips.
        stills: folder of the photographs.
        path: of the film.
        packages: folder of unpacked packages, for moments made of shots.

    Returns:
        The path.
    """
    if "shots" in moment and packages is None:
        hint = "try: --packages FOLDER (docs/seeing.md)"
        raise SystemExit(f"these moments are made of pictures in packages\n{hint}")
    if "shots" in moment and packages is not None and not path.exists():
        film_of(moment["shots"], packages, path)
    if not path.exists():
        command = [find_ffmpeg(), "-v", "error", "-y", *_source(moment, clips, stills), *ENCODE, str(path)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def _source(moment: dict, clips: Path, stills: Path) -> list[str]:
    """ffmpeg's inputs and filters for a moment."""
    if "still" in moment:
        show = ["-loop", "1", "-framerate", "25", "-t", str(STILL_S), "-i", str(stills / moment["still"])]
        return [*show, "-vf", f"{ZOOM},{FIT}"]
    if "edit" in moment:
        return _edit(moment["edit"], clips)
    span = ["-ss", str(moment["start_s"]), "-t", str(moment["end_s"] - moment["start_s"])]
    return [*span, "-i", str(clips / moment["clip"]), "-map", "0:v:0", "-vf", FIT]


def _edit(parts: list, clips: Path) -> list[str]:
    inputs = [["-ss", str(a), "-t", str(b - a), "-i", str(clips / clip)] for clip, a, b in parts]
    graph = "".join(f"[{i}:v:0]{FILL}[v{i}];" for i in range(len(parts)))
    joined = "".join(f"[v{i}]" for i in range(len(parts)))
    return [
        *(word for words in inputs for word in words),
        "-filter_complex",
        f"{graph}{joined}concat=n={len(parts)}[v]",
        "-map",
        "[v]",
    ]


def judge(films: list[Path], moments: list[dict]) -> dict:
    """Compare the styles that dyvim chooses with the labels.

    Args:
        films: [N] paths.
        moments: [N] labels.

    Returns:
        Share of moments whose best style is acceptable, the styles chosen, and the moments that miss; where
        the labels say the mood, the shares whose words are at most one step off.
    """
    seen = [features_of(film) for film in films]
    best = [close_styles(each.style_scores)[0][0] for each in seen]
    met = [style in moment["styles"] for style, moment in zip(best, moments, strict=True)]
    chosen = Counter(best)
    return {
        "moments": len(moments),
        "top1_acceptable": round(sum(met) / len(met), 3),
        "most_chosen_share": round(max(chosen.values()) / len(best), 3),
        "chosen": {style: chosen[style] for style in STYLES},
        **_moods_met(seen, moments),
        "missed": [
            {"seen": moment["seen"], "chosen": style, "acceptable": moment["styles"]}
            for moment, style, is_met in zip(moments, best, met, strict=True)
            if not is_met
        ],
    }


def _moods_met(seen: list[FilmFeatures], moments: list[dict]) -> dict[str, float]:
    """Shares of the labelled moods whose words, (valence, arousal), are at most one step off."""
    steps = np.array(
        [
            steps_off(mood_words(*each.scene_moods.mean(axis=0)), moment["mood"])
            for each, moment in zip(seen, moments, strict=True)
            if "mood" in moment
        ]
    ).reshape(-1, 2)
    if not len(steps):
        return {}
    valence, arousal = (np.abs(steps) <= 1).mean(axis=0).round(3).tolist()
    return {"valence_within_a_step": valence, "arousal_within_a_step": arousal}


def steps_off(said: str, told: str) -> tuple[int, int]:
    """Count the steps from one pair of mood words to another.

    Args:
        said: such as `friendly, calm`.
        told: likewise.

    Returns:
        Steps of valence and of arousal, positive where `said` is brighter or livelier.
    """
    pairs = zip((VALENCE_WORDS, AROUSAL_WORDS), said.split(", "), told.split(", "), strict=True)
    valence, arousal = (words.index(a) - words.index(b) for words, a, b in pairs)
    return valence, arousal


def _measures(film: Path) -> dict[str, float]:
    """A film's measures by name, to three places, those that are not 0."""
    row = dict(zip(MEASURES, features_of(film).style_measures.tolist(), strict=True))
    return {name: round(value, 3) for name, value in row.items() if name != "start" and abs(value) >= 0.0005}


def main() -> None:
    """Cut, watch, print JSON."""
    import skimage

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=Path, default=Path("../shared/clips"))
    parser.add_argument("--out", type=Path, default=Path("demo/moments"))
    parser.add_argument("--labels", type=Path, default=LABELS, help="other labelled moments")
    parser.add_argument("--measures", type=Path, help="write what each moment measures here")
    parser.add_argument("--packages", type=Path, help="folder of unpacked packages that shots are made of")
    parser.add_argument("--half", choices=("a", "b"), help="judge the moments of one half alone")
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    moments, stills = labels(told.labels), Path(skimage.__file__).parent / "data"
    places = [told.out / f"{told.labels.stem}-{i:02}.mp4" for i in range(len(moments))]
    chosen = [i for i, moment in enumerate(moments) if told.half in (None, moment.get("half"))]
    moments, places = [moments[i] for i in chosen], [places[i] for i in chosen]
    films = [cut(m, told.clips, stills, p, told.packages) for m, p in zip(moments, places, strict=True)]
    if told.measures:
        rows = [json.dumps(_measures(film)) for film in films]
        told.measures.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
    sys.stdout.write(json.dumps(judge(films, moments), indent=2) + "\n")


if __name__ == "__main__":
    main()
