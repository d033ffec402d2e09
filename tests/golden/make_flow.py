"""Write flow.json: the flow of music made by hand, and the onsets that librosa finds in it.

    pip install librosa==0.11.0 && python tests/golden/make_flow.py

tests/test_flow.py compares. Run this only when a definition is changed on purpose, and look at what
changes in the file.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.evaluation_planted import SAMPLE_RATE
from helpers.flow_planted import tracks

from dyvim_cli.evaluation.judge.audio_events import SAMPLE_RATE as ANALYSIS_RATE
from dyvim_cli.evaluation.judge.audio_events import analysis_signal
from dyvim_cli.evaluation.judge.flow import flow
from dyvim_cli.evaluation.show.cells import plain

FILE = Path(__file__).with_name("flow.json")


def by_librosa(track) -> list[float]:
    """Onset times in seconds."""
    import librosa

    mono = analysis_signal(track, SAMPLE_RATE)
    return plain(librosa.onset.onset_detect(y=mono, sr=ANALYSIS_RATE, units="time"))


def main() -> None:
    """Write the file."""
    golden = {
        name: {"flow": plain(vars(flow(track, SAMPLE_RATE))), "librosa_onsets_s": by_librosa(track)}
        for name, track in tracks().items()
    }
    FILE.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
