"""Write evaluation.json: what the judge said of known pictures and music, and what librosa says of it.

    pip install librosa==0.11.0 && python tests/golden/make_evaluation.py

tests/test_evaluation_golden.py compares. Run this only when a definition is changed on purpose, and
look at what changes in the file.
"""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.evaluation_planted import SAMPLE_RATE, clicks, every, picture, tones

from dyvim_cli.evaluation.judge import audio_events as hearing
from dyvim_cli.evaluation.judge.literature_report import LORIS_PICKING, literature_report
from dyvim_cli.evaluation.judge.musicality import musicality
from dyvim_cli.evaluation.judge.sync import compare
from dyvim_cli.evaluation.show.cells import plain
from dyvim_cli.evaluation.show.tables import sync_facts

FILE = Path(__file__).with_name("evaluation.json")
FILM = picture(24.0, 12, seed=11)


def tracks() -> dict[str, np.ndarray]:
    """Music [n] at 44.1 kHz whose qualities are known."""
    seconds = np.arange(round(FILM.duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    half = np.where(np.arange(12) % 2, FILM.event_times_s, (FILM.event_times_s + 0.9) % 23)
    return {
        "all hit": clicks(FILM.event_times_s, FILM.duration_s),
        "half hit": clicks(np.sort(half), FILM.duration_s) + clicks(every(100, 24.0), 24.0, 0.1),
        "metronome": clicks(every(97, FILM.duration_s), FILM.duration_s),
        "tune": tones([60, 64, 67, 64, 65, 69, 67, 60] * 6),
        "follows": np.sin(2 * np.pi * 220 * seconds) * np.interp(seconds, FILM.times_s, FILM.energy),
        "silence": np.zeros(len(seconds)),
    }


def judged(track: np.ndarray) -> dict:
    """Everything that the judge says of a track under FILM, without the curves."""
    mono = hearing.analysis_signal(track, SAMPLE_RATE)
    sound = hearing.audio_events(track, SAMPLE_RATE)
    sync = sync_facts(compare(FILM, sound))
    reference = hearing.analysis_signal(tracks()["metronome"], SAMPLE_RATE)
    return plain(
        {
            "sync": {name: value for name, value in sync.items() if name != "profile"},
            "literature": literature_report(FILM, sound, mono, reference),
            "musicality": vars(musicality(track, SAMPLE_RATE, sound)),
        }
    )


def by_librosa(track: np.ndarray) -> dict:
    """Librosa's results with our settings; means over time of long ones."""
    import librosa

    mono, rate = hearing.analysis_signal(track, SAMPLE_RATE), hearing.SAMPLE_RATE
    loris = dict(pre_max=3, post_max=3, pre_avg=3, post_avg=3, delta=0.2, wait=1)
    bands = {"n_mels": hearing.N_MELS, "fmin": hearing.LOW_HZ, "fmax": hearing.HIGH_HZ}
    power = librosa.feature.melspectrogram(
        y=mono, sr=rate, n_fft=hearing.N_FFT, hop_length=hearing.HOP, **bands
    )
    rise = librosa.onset.onset_strength(
        S=power**hearing.LOUDNESS_EXPONENT, lag=hearing.RISE_FRAMES, center=False
    )
    beat = {"onset_envelope": rise, "sr": rate, "hop_length": hearing.HOP, "trim": False}
    spectrum = np.abs(librosa.stft(mono, n_fft=4096, hop_length=1024)) ** 2
    chroma = librosa.feature.chroma_stft(S=spectrum, sr=rate, norm=None, tuning=0.0)
    mfcc = librosa.feature.mfcc(S=librosa.power_to_db(power), n_mfcc=13)[1:]
    return plain(
        {
            "onsets": librosa.onset.onset_detect(y=mono, sr=rate, units="time"),
            "onsets_loris": librosa.onset.onset_detect(y=mono, sr=rate, units="time", **loris),
            "rise": [rise.mean(), rise.std(), rise.max()],
            "mel": power.mean(axis=1) / power.mean(),
            "chroma": chroma.mean(axis=1) / chroma.mean(),
            "mfcc": mfcc.mean(axis=1),
            "tempo": float(np.squeeze(librosa.beat.beat_track(**beat)[0])),
            "beats": librosa.beat.beat_track(**beat, units="time")[1],
        }
    )


def main() -> None:
    """Write the file."""
    import librosa

    sounding = {name: track for name, track in tracks().items() if track.any()}
    golden = {
        "judge": {name: judged(track) for name, track in tracks().items()},
        "librosa": {name: by_librosa(track) for name, track in sounding.items()},
        "librosa_version": librosa.__version__,
        "loris_picking": LORIS_PICKING,
    }
    FILE.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
