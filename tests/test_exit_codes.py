"""The real process ends in the exit codes of README's table, whatever stdout, stderr and stdin are."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from conftest import MOVING, ROOT, STILL, cut_film
from conftest import dyvim as run_dyvim

from dyvim_cli.errors import EnvironmentFault, ExitCode, fault_of

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a POSIX shell redirects")


def shell(line: str, **environment: str) -> subprocess.CompletedProcess:
    """A line of bash in which $D is dyvim; pipelines end in dyvim's exit code."""
    script = f'D="{sys.executable} -m dyvim_cli"; {line}'
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=os.environ | environment, timeout=300
    )


def stand_in(folder, module: str, text: str) -> dict[str, str]:
    """An environment in which a module is another one that says `text`."""
    (folder / f"{module}.py").write_text(text)
    return {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


@pytest.fixture(scope="module")
def short_film(tmp_path_factory):
    return cut_film(tmp_path_factory.mktemp("short") / "short.mp4", MOVING, seconds=2)


# ---- one by one ----


def test_0_done():
    assert run_dyvim("styles").returncode == ExitCode.OK


def test_1_a_fault_in_dyvim(tmp_path):
    broken = stand_in(tmp_path, "safetensors", "raise ZeroDivisionError('a slip')")
    done = run_dyvim("cache", "list", **broken)
    assert done.returncode == ExitCode.BUG
    assert done.stderr.splitlines()[0] == "error: a fault in dyvim: ZeroDivisionError: a slip"


@pytest.mark.parametrize(
    "arguments",
    [("score",), ("score", "f.mp4", "--alpha", "7"), ("score", "f.mp4", "--device", "quantum"), ("sing",)],
)
def test_2_wrong_options(arguments):
    assert run_dyvim(*arguments).returncode == ExitCode.USAGE


def test_3_an_input_that_is_none(tmp_path):
    (tmp_path / "f.mp4").write_text("no film\n" * 99)
    assert run_dyvim("score", tmp_path / "f.mp4").returncode == ExitCode.INPUT


def test_4_weights_that_are_missing(short_film):
    done = run_dyvim("score", short_film, "--model", "musicgen-small", "--offline")
    assert done.returncode == ExitCode.WEIGHTS and "weights pull" in done.stderr


def test_5_an_output_that_exists_or_is_a_device(short_film, tmp_path):
    assert run_dyvim("score", short_film, "-o", short_film).returncode == ExitCode.OUTPUT
    done = run_dyvim("score", short_film, "--midi", "/dev/full", "-y", "-o", tmp_path / "f.mp4")
    assert done.returncode == ExitCode.OUTPUT and not os.path.isfile("/dev/full")


def test_6_some_of_several_films(short_film, tmp_path):
    (tmp_path / "f.mp4").write_text("no film\n" * 99)
    done = run_dyvim("evaluate", short_film, tmp_path / "f.mp4", "--music", tmp_path / "f.mp4")
    assert done.returncode == ExitCode.INPUT  # not one of them
    done = run_dyvim("batch", tmp_path, "-o", f"{tmp_path}/out/", "--progress", "none", "--jobs", "1")
    assert done.returncode == ExitCode.PARTIAL


def test_7_a_missing_extra(tmp_path):
    missing = "raise ModuleNotFoundError(\"No module named 'accelerate'\", name='accelerate')"
    done = run_dyvim(
        "train", "tune", tmp_path, "-o", tmp_path / "out", **stand_in(tmp_path, "accelerate", missing)
    )
    assert done.returncode == ExitCode.ENVIRONMENT
    assert done.stderr.splitlines()[-2:] == [
        "error: accelerate is not installed",
        'try: pip install "dyvim[train]"',
    ]


def test_7_no_memory(short_film, tmp_path):
    done = run_dyvim("cache", "list", **stand_in(tmp_path, "safetensors", "raise MemoryError"))
    assert done.returncode == ExitCode.ENVIRONMENT and "out of memory" in done.stderr
    done = shell(
        f"ulimit -v 2500000; $D generate {short_film} -o {tmp_path}/m.wav --no-cache --progress none"
    )
    assert done.returncode == ExitCode.ENVIRONMENT and "out of memory" in done.stderr


def test_7_a_device_that_is_not_there(short_film):
    import torch

    if torch.cuda.is_available():
        pytest.skip("CUDA is there")
    assert run_dyvim("score", short_film, "--device", "cuda").returncode == ExitCode.ENVIRONMENT
    assert run_dyvim("score", short_film, DYVIM_DEVICE="cuda").returncode == ExitCode.ENVIRONMENT


@pytest.mark.parametrize("program", ["/bin/true", "/bin/echo", "/bin/false", "/nowhere/ffmpeg"])
def test_7_an_ffmpeg_that_is_none(short_film, tmp_path, program):
    music = tmp_path / "music.wav"
    soundfile.write(music, np.zeros((96_000, 2)), 48_000)
    done = run_dyvim("mux", short_film, music, "-o", tmp_path / "f.mp4", DYVIM_FFMPEG=program)
    assert done.returncode == ExitCode.ENVIRONMENT, done.stderr
    assert "ffmpeg" in done.stderr and list(tmp_path.iterdir()) == [music]


def test_130_interrupted_in_the_midst_of_an_import(tmp_path):
    halted = stand_in(tmp_path, "safetensors", "exec('raise KeyboardInterrupt')")
    done = run_dyvim("cache", "list", **halted)
    assert (done.returncode, done.stderr.strip()) == (130, "interrupted; nothing was left half-written")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("how", ["{}", "exec({!r})"])
def test_130_interrupted_before_the_verbs_are_known(tmp_path, name, how):
    interrupt = f"import os, signal; os.kill(os.getpid(), signal.{name})"
    # as the child is to find it, though nohup began the tests
    before = signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        done = run_dyvim("styles", **stand_in(tmp_path, "typer", how.format(interrupt)))
    finally:
        signal.signal(getattr(signal, name), before)
    assert (done.returncode, done.stderr.strip()) == (130, "interrupted; nothing was begun")


def test_130_interrupted(short_film, tmp_path):
    command = [
        sys.executable,
        "-m",
        "dyvim_cli",
        "generate",
        short_film,
        "-o",
        tmp_path / "m.wav",
        "--no-cache",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    process.stderr.readline()  # it works
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.INTERRUPTED and "interrupted" in said
    assert list(tmp_path.iterdir()) == []


# ---- the streams ----


@pytest.mark.parametrize("verb", ["styles", "styles --json", "--help", "--version", "cache path"])
def test_stdout_that_is_closed_or_full_has_a_clear_code(verb):
    closed, full = shell(f"$D {verb} >&-"), shell(f"$D {verb} >/dev/full")
    assert closed.returncode == ExitCode.OUTPUT
    assert closed.stderr.splitlines()[0] == "error: stdout is closed: a result could not be printed"
    assert full.returncode == ExitCode.ENVIRONMENT
    assert full.stderr.splitlines()[0] == "error: cannot write to stdout: the disk is full"


@pytest.mark.parametrize("verb", ["styles", "styles --json", "--help"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_ends_it_quietly(verb, unbuffered):
    done = shell(f"$D {verb} | true; exit ${{PIPESTATUS[0]}}", PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")


def test_stderr_that_is_closed_or_full_and_stdin_that_is_closed_change_no_code():
    assert shell("$D score nothing.mp4 2>&-").returncode == ExitCode.INPUT
    assert shell("$D score nothing.mp4 2>/dev/full").returncode == ExitCode.INPUT
    done = shell("$D batch --from - <&-")
    assert done.returncode == ExitCode.USAGE and "stdin is closed" in done.stderr


def test_what_is_opened_first_is_not_written_to_as_stdout(short_film, tmp_path):
    """With descriptor 1 free the next file would get it, and with it whatever a library prints."""
    done = shell(f"$D extract-frames {short_film} -o {tmp_path}/frames 2>&- --fps 2")
    assert done.returncode == ExitCode.OK
    assert done.stdout.strip() == f"{tmp_path}/frames/manifest.json"
    assert json.loads((tmp_path / "frames" / "manifest.json").read_text())["frames"]


def test_paths_come_out_in_any_encoding(tmp_path):
    expected = f"{tmp_path}/né\udcff–"
    for encoding in ("ascii", "latin-1:strict", "utf-8"):
        done = subprocess.run(
            [sys.executable, "-m", "dyvim_cli", "cache", "path"], capture_output=True,
            env=os.environ | {"PYTHONIOENCODING": encoding, "DYVIM_CACHE": expected},
        )  # fmt: skip
        assert done.returncode == ExitCode.OK, done.stderr
        if encoding.startswith("latin"):
            assert done.stdout.decode("latin-1").startswith(f"{tmp_path}/né")
        else:
            assert done.stdout == os.fsencode(expected) + b"\n"


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_film_whose_name_is_not_ascii_is_named_in_errors(encoding):
    done = run_dyvim("score", "né.mp4", PYTHONIOENCODING=encoding)
    assert done.returncode == ExitCode.INPUT


def test_a_batch_goes_on_when_its_reader_has_gone_or_stdout_is_full(tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    for name in "ab":
        cut_film(films / f"{name}.mp4", STILL, seconds=1.5)
    options = "--jobs 1 --candidates 1 --progress none"
    done = shell(f"$D batch {films} -o {tmp_path}/1/ {options} | true; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == ExitCode.OK, done.stderr
    assert sorted(path.name for path in (tmp_path / "1").glob("*.mp4")) == ["a.dyvim.mp4", "b.dyvim.mp4"]
    done = shell(f"$D batch {films} -o {tmp_path}/2/ {options} >/dev/full")
    assert done.returncode == ExitCode.ENVIRONMENT and "stdout" in done.stderr
    assert sorted(path.name for path in (tmp_path / "2").glob("*.mp4")) == ["a.dyvim.mp4", "b.dyvim.mp4"]


# ---- the configuration ----


@pytest.mark.parametrize(
    ("kind", "says"),
    [("fifo", "a device or a pipe"), ("folder", "a folder"), ("/dev/zero", "a device or a pipe"),
     ("/dev/full", "a device or a pipe"), ("missing", "cannot be read"), ("large", "too large")],
)  # fmt: skip
def test_a_configuration_that_is_no_file_is_refused_by_name(tmp_path, kind, says):
    path = tmp_path / "config.toml"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        path.write_text("#" * 2_000_000)
    elif kind.startswith("/"):
        path.symlink_to(kind)
    done = run_dyvim("--config", path, "cache", "path")
    assert done.returncode == ExitCode.USAGE
    assert str(path) in done.stderr and says in done.stderr


def test_so_is_one_in_its_usual_place(tmp_path):
    (tmp_path / "dyvim" / "config.toml").mkdir(parents=True)
    done = run_dyvim("cache", "path", XDG_CONFIG_HOME=str(tmp_path))
    assert done.returncode == ExitCode.USAGE and "config.toml" in done.stderr


# ---- what libraries raise ----


def test_what_libraries_say_of_memory_and_disks_is_understood():
    import torch
    from safetensors import SafetensorError

    faults = []
    for ask in (lambda: torch.empty(10**15), lambda: np.empty(10**15)):
        with pytest.raises((RuntimeError, MemoryError)) as caught:
            ask()
        faults.append(fault_of(caught.value))
    faults += [
        fault_of(
            SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
        ),
        fault_of(ImportError("libtorch_cpu.so: failed to map segment from shared object")),
        fault_of(OSError(122, "Disk quota exceeded", "x")),
        fault_of(PermissionError(13, "Permission denied", "x")),
    ]
    assert all(isinstance(fault, EnvironmentFault) for fault in faults)
    assert (
        fault_of(ValueError("x")).exit_code
        == fault_of(FileNotFoundError(2, "No such file", "x")).exit_code
        == 1
    )


def test_a_decoder_whose_header_names_other_styles_is_refused(tmp_path):
    from dyvim_cli.composer import load_model
    from dyvim_cli.errors import WeightsError
    from dyvim_cli.model.score.checkpoint import save_decoder
    from dyvim_cli.options import ComposeOptions

    decoder = load_model(ComposeOptions())
    decoder.config = replace(decoder.config, styles=decoder.config.styles[1:])
    path = tmp_path / "decoder.safetensors"
    save_decoder(decoder, path)
    n_styles = len(decoder.config.styles)
    with pytest.raises(WeightsError, match=f"weights of {n_styles + 1} styles, {n_styles} named"):
        load_model(ComposeOptions(model=str(path)))


@pytest.mark.parametrize(
    "wrong",
    [{"style": "polka"}, {"alpha": 1.5}, {"alpha": float("nan")}, {"alpha": "loud"}, {"mood": (2, 0)},
     {"mood": 1}, {"tempo_bpm": 900}, {"candidates": 0}, {"seed": -1}, {"guidance": 99}, {"key": "C"}],
)  # fmt: skip
def test_the_library_refuses_what_the_flags_refuse(wrong):
    from dyvim_cli.errors import UsageError
    from dyvim_cli.options import ComposeOptions

    with pytest.raises(UsageError):
        ComposeOptions(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"keep_audio": "loud"},
        {"duck_db": 3},
        {"fade_in_s": -1},
        {"fade_out_s": float("inf")},
        {"start_s": -1},
    ],
)
def test_so_it_does_with_the_delivery(wrong):
    from dyvim_cli.errors import UsageError
    from dyvim_cli.options import Delivery

    with pytest.raises(UsageError):
        Delivery(**wrong)


def test_generate_checks_every_option_before_it_watches(short_film, tmp_path):
    for wrong in (["-o", "m.xyz"], ["-o", "m.wav", "--prompt", "x"], ["-o", "m.wav", "--midi", "m.wav"],
                  ["-o", "nowhere/m.wav"], ["-o", "m.wav", "--midi", "/dev/full", "-y"]):  # fmt: skip
        done = run_dyvim("generate", short_film, *wrong, "--no-cache", cwd=tmp_path)
        assert done.returncode in (ExitCode.USAGE, ExitCode.OUTPUT)
        assert "vision" not in done.stderr, done.stderr


def test_evaluate_says_before_it_judges_what_it_cannot_write(short_film, tmp_path):
    done = run_dyvim("evaluate", short_film, "--plot", tmp_path / "none" / "a.png")
    assert done.returncode == ExitCode.OUTPUT and "evaluate:" not in done.stderr
    missing = stand_in(tmp_path, "matplotlib", "raise ModuleNotFoundError('No module', name='matplotlib')")
    done = run_dyvim("evaluate", short_film, "--plot", tmp_path / "a.png", **missing)
    assert done.returncode == ExitCode.ENVIRONMENT and "matplotlib is not installed" in done.stderr
    assert "evaluate:" not in done.stderr


def test_a_comment_that_is_longer_than_a_command_line_stays_as_it_is(short_film, tmp_path):
    from conftest import run_ffmpeg

    from dyvim_cli.media.probe import probe

    own, film = "so " * 200_000, tmp_path / "film.mkv"
    (tmp_path / "tags.txt").write_text(f";FFMETADATA1\ncomment={own}end\n")
    tags = ("-i", str(tmp_path / "tags.txt"), "-map", "0:v", "-map_metadata", "1")
    run_ffmpeg("-i", str(short_film), *tags, "-c", "copy", str(film))
    done = run_dyvim("score", film, "-o", tmp_path / "out.mkv", "--candidates", "1", "--json")
    assert done.returncode == ExitCode.OK, done.stderr
    assert probe(tmp_path / "out.mkv").comment == f"{own}end"
    assert sum("comment is too long" in note for note in json.loads(done.stdout)["warnings"]) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("words", [["styles"], ["score", "gone.mp4"]])
def test_an_interrupt_after_the_end_changes_no_exit_code(tmp_path, number, words):
    """It comes while Python takes itself down, with the result already told."""
    plain = "from dyvim_cli.__main__ import run; run()"
    late = f"import atexit, os; atexit.register(os.kill, os.getpid(), {int(number)}); {plain}"
    expected, done = (
        subprocess.run(
            [sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        for code in (plain, late)
    )  # fmt: skip
    assert done.returncode == expected.returncode in (ExitCode.OK, ExitCode.INPUT), done.stderr
    assert done.stderr == expected.stderr
