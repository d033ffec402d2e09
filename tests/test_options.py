"""Options, configuration and the contract of the command line that needs no film."""

import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from dyvim_cli.cli.options import config
from dyvim_cli.cli.options.parsing import parse_key, parse_mood, parse_style
from dyvim_cli.cli.show import stages
from dyvim_cli.errors import DyvimError, ExitCode, UsageError, fault_of


@pytest.mark.parametrize(
    ("text", "tonic", "is_minor"),
    [("C", 0, False), ("F# minor", 6, True), ("Bbm", 10, True), ("eb major", 3, False), ("b", 11, False),
     ("Cb", 11, False), ("a min", 9, True)],
)  # fmt: skip
def test_keys(text, tonic, is_minor):
    key = parse_key(text)
    assert (key.tonic, key.is_minor) == (tonic, is_minor)


@pytest.mark.parametrize("text", ["", "H", "C dorian", "#", "Cbb"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(UsageError):
        parse_key(text)


def test_moods_and_styles():
    assert parse_mood("0.5,-0.3") == (0.5, -0.3)
    assert parse_style("Lo-Fi") == "lofi"
    for bad in ("1", "a,b", "2,0", "0,0,0"):
        with pytest.raises(UsageError):
            parse_mood(bad)
    with pytest.raises(UsageError, match="polka"):
        parse_style("polka")


OPTIONS = {"score": {"alpha": float, "keep_audio": str}, "mux": {"keep_audio": str}}


def test_configuration_reaches_every_verb_that_has_the_option(tmp_path):
    made = config.default_map({"keep-audio": "mix", "score": {"alpha": 0.7}}, OPTIONS, tmp_path)
    assert made == {"score": {"keep_audio": "mix", "alpha": 0.7}, "mux": {"keep_audio": "mix"}}


@pytest.mark.parametrize("settings", [{"alfa": 1}, {"score": {"alfa": 1}}, {"skore": {"alpha": 1}}])
def test_unknown_keys_name_the_file(settings, tmp_path):
    with pytest.raises(UsageError, match="dyvim.toml"):
        config.default_map(settings, OPTIONS, tmp_path / "dyvim.toml")


def dyvim(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "dyvim_cli", *arguments],
        capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip


def test_help_lists_the_verbs_and_stays_light():
    program = (
        "import sys; from dyvim_cli.cli import main\n"
        "heavy = {'torch', 'numpy', 'scipy', 'av', 'transformers', 'soundfile', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    shown = dyvim("--help")
    assert shown.returncode == 0
    for verb in ("score", "generate", "mux", "extract-features", "extract-frames", "doctor", "cache"):
        assert verb in shown.stdout


def test_ctrl_c_while_it_is_still_being_imported(tmp_path):
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = dyvim("--help", PYTHONPATH=path)
    assert done.returncode == ExitCode.INTERRUPTED
    assert done.stderr.splitlines() == ["interrupted; nothing was begun"]


def test_usage_errors_end_in_2():
    assert dyvim("score").returncode == ExitCode.USAGE
    assert dyvim("score", "film.mp4", "--alpha", "7").returncode == ExitCode.USAGE
    assert dyvim("score", "film.mp4", "--style", "polka").returncode == ExitCode.USAGE


def test_config_errors_end_in_2_and_flags_win(tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text("alfa = 1\n")
    refused = dyvim("--config", str(bad), "styles")
    assert refused.returncode == ExitCode.USAGE and "bad.toml" in refused.stderr and "alfa" in refused.stderr
    bad.write_text("alpha = [\n")
    assert dyvim("--config", str(bad), "styles").returncode == ExitCode.USAGE


def test_a_missing_film_ends_in_3_with_a_hint_and_no_output(tmp_path):
    missing = dyvim("score", str(tmp_path / "nothing.mp4"))
    assert missing.returncode == ExitCode.INPUT
    assert missing.stdout == ""
    assert "nothing.mp4" in missing.stderr and "try:" in missing.stderr
    assert list(tmp_path.iterdir()) == []


def test_styles_as_json():
    from dyvim_cli.types import STYLES

    listed = json.loads(dyvim("styles", "--json").stdout)
    assert set(listed) == set(STYLES)


def test_progress_lines_are_json_objects(capsys):
    lines = stages.StageLines(as_json=True)
    for done in range(0, 101):
        lines.update("vision", done, 100)
    records = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert 10 <= len(records) <= 12
    assert records[-1]["share"] == 1.0 and records[0]["stage"] == "vision"


def test_slow_stages_are_heard_of_once_a_second(capsys, monkeypatch):
    now_s = [0.0]
    monkeypatch.setattr(stages.time, "monotonic", lambda: now_s[0])
    lines = stages.StageLines(as_json=True)
    for done in range(5):
        lines.update("vision", done, 1000)
        now_s[0] += 2.0
    records = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [record["share"] for record in records] == [0, 0.001, 0.002, 0.003, 0.004]
    assert records[2]["eta_s"] == records[2]["overall_eta_s"] == pytest.approx(4 * 0.998 / 0.002)


def test_a_full_disk_is_the_machines_fault():
    full = fault_of(OSError(errno.ENOSPC, "No space left on device", "films/x"))
    assert full.exit_code == ExitCode.ENVIRONMENT and "films/x" in full.message and full.hint
    assert fault_of(OSError(errno.EIO, "Input/output error")).exit_code == ExitCode.ENVIRONMENT
    assert fault_of(OSError(errno.ENOTEMPTY, "Directory not empty")).exit_code == ExitCode.BUG


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_sound_that_finds_no_room_says_so():
    from dyvim_cli.media.sound import sound_writer

    with pytest.raises(DyvimError, match="disk is full"), sound_writer("/dev/full", 1.0) as write:
        for _ in range(9):
            write(np.zeros((48000, 2)))


def test_errors_survive_the_way_back_from_a_worker():
    import pickle

    error = pickle.loads(pickle.dumps(UsageError("what", "how")))
    assert isinstance(error, DyvimError) and (error.message, error.hint) == ("what", "how")


def test_films_are_opened_and_refused_without_torch(tmp_path):
    (tmp_path / "bad.mp4").write_text("no film\n" * 99)
    program = (
        "import sys; from pathlib import Path\n"
        "from dyvim_cli import pipeline; from dyvim_cli.errors import InputError\n"
        "from dyvim_cli.model.compose.score import ComposeOptions\n"
        "try: pipeline.score(Path('bad.mp4'), ComposeOptions())\n"
        "except InputError: assert 'torch' not in sys.modules\n"
        "else: raise SystemExit('not refused')"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)


def test_seeing_and_composing_leave_torchs_compiler_alone_and_usable():
    program = (
        "import sys; from dyvim_cli import pipeline\n"
        "import dyvim_cli.vision.analysis, dyvim_cli.model.score.sampling\n"
        "pipeline.load_embedded()\n"
        "assert not any(name.startswith('torch._dynamo') for name in sys.modules)\n"
        "import torch._dynamo; assert torch._dynamo.disable"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_training_that_cannot_write_or_lacks_its_libraries_says_so_before_it_works(tmp_path):
    from typer.testing import CliRunner

    from dyvim_cli.cli.main import app
    from dyvim_cli.errors import EnvironmentFault, InputError, OutputError

    (tmp_path / "file").touch()
    ask = ["train", "prepare-music", "--midi", str(tmp_path), "-o", str(tmp_path / "file" / "below")]
    done = CliRunner().invoke(app, ask)
    assert isinstance(done.exception, OutputError) and "below" in done.exception.message
    done = CliRunner().invoke(app, [*ask[:-1], str(tmp_path / "new" / "folder")])
    assert isinstance(done.exception, InputError) and not (tmp_path / "new").exists()
    fault = fault_of(ModuleNotFoundError("No module named 'accelerate.utils'", name="accelerate.utils"))
    assert isinstance(fault, EnvironmentFault) and fault.hint == 'pip install "dyvim[train]"'
    assert fault_of(ModuleNotFoundError("No module named 'nothing'", name="nothing")).exit_code == 1


@pytest.mark.parametrize("wrong", ["style = 'polka'", "mood = 'glad'", "key = 'H sharp'"])
def test_wrong_words_in_a_configuration_name_the_file_and_the_key(tmp_path, wrong):
    bad = tmp_path / "bad.toml"
    bad.write_text(wrong)
    refused = dyvim("--config", bad, "score", tmp_path / "none.mp4")
    assert refused.returncode == ExitCode.USAGE
    assert f"{bad}: {wrong.split()[0]}: " in " ".join(refused.stderr.split())
