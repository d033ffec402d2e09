"""Help, errors, progress and variables of the command line, in separate processes."""

import re
import shlex
import shutil

import pytest
import typer
from conftest import FRACTAL, MOVING, cut_film, dyvim, run_ffmpeg

from dyvim_cli.cli.main import VERBS
from dyvim_cli.cli.show import stages
from dyvim_cli.cli.show.examples import EXAMPLES
from dyvim_cli.cli.show.usage import fault_of_usage
from dyvim_cli.errors import ExitCode
from dyvim_cli.types import STYLES


def test_the_first_page_groups_the_verbs_and_fits_the_screen():
    page = dyvim("-h", COLUMNS="80").stdout
    panels = [line.strip("╭─╮ ") for line in page.splitlines() if line.startswith("╭")]
    assert panels == ["Options", "Make music", "Look and judge", "Single steps", "Care", "Research"]
    assert all(verb in page for verb in VERBS)
    assert max(map(len, page.splitlines())) <= 80
    assert "dyvim score clip.mp4" in page and "python -m" not in page


def test_a_verbs_page_has_styles_examples_and_a_panel_for_musicgen():
    page = dyvim("score", "--help", COLUMNS="120").stdout
    words = re.sub(r"[│\s]+", " ", page)
    assert ", ".join(STYLES) in words
    musicgen = page.split("MusicGen and other models")[1].split("╰")[0]
    assert all(option in musicgen for option in ("--model", "--prompt", "--adapter", "--guidance"))
    assert "Examples" in page and "dyvim score clip.mp4 --style jazz" in page
    assert page == dyvim("score", "-h", COLUMNS="120").stdout


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_paragraphs_of_help_fill_the_lines_of_a_small_terminal(verb):
    """No line ends early because the source broke there."""
    page = dyvim(verb, "--help", COLUMNS="80").stdout
    lines = [line.strip() for line in page.split("╭")[0].splitlines()]
    assert max(map(len, page.splitlines())) <= 80
    for line, following in zip(lines, lines[1:], strict=False):
        if line and following:
            assert len(line) + 1 + len(following.split()[0]) > 77, line


def test_flags_have_no_value_in_the_help():
    assert "<bool>" not in dyvim("score", "--help", COLUMNS="80").stdout
    assert "<bool>" not in dyvim("cache", "list", "--help", COLUMNS="80").stdout


def test_every_verb_has_an_example_but_those_of_training():
    without = {verb for verb in VERBS if not any(known.split()[0] == verb for known in EXAMPLES)}
    assert without == {"train"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of the examples: clip.mp4, films/, song.wav."""
    folder = tmp_path_factory.mktemp("examples")
    cut_film(folder / "clip.mp4", MOVING, FRACTAL, seconds=1.5)
    (folder / "films").mkdir()
    shutil.copy(folder / "clip.mp4", folder / "films" / "one.mp4")
    run_ffmpeg("-f", "lavfi", "-t", "3", "-i", "sine=330", str(folder / "song.wav"))
    return folder


def test_the_examples_work_one_after_the_other(folder, monkeypatch, capsys):
    from dyvim_cli.cli import main

    monkeypatch.chdir(folder)
    for command, _ in (each for verb in EXAMPLES.values() for each in verb):
        if "notes.mid" in command:
            shutil.copy("clip.mid", "notes.mid")
        code = main.app(shlex.split(command)[1:], prog_name="dyvim", standalone_mode=False)
        assert not code, f"{command}\n{capsys.readouterr().err[-2000:]}"
    made = {path.name for path in folder.rglob("*") if path.is_file()}
    assert {"clip.dyvim.mp4", "jazz.mp4", "planned.mp4", "notes.wav", "with-song.mp4", "clip.flac"} <= made


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["skore", "clip.mp4"], "skore is no verb of dyvim", "score?"),
        (["cache", "lits"], "lits is no verb of dyvim cache", "list?"),
        (["score", "clip.mp4", "--stile", "jazz"], "no such option: --stile", "--style"),
        (["score", "clip.mp4", "--style", "jaz"], "unknown style 'jaz'", "jazz?"),
        (["score", "clip.mp4", "--keep-audio", "duk"], "'duk' is not one of", "--keep-audio duck"),
        (["score", "clip.mp4", "--loudness", "webb"], "--loudness webb", "web?"),
        (["score", "clip.mp4", "--alpha", "7"], "alpha", "dyvim score --help"),
        (["score"], "missing argument", "dyvim score --help"),
        (["score", "clip.mp4", "--instrument", "melody=celo"], "names no instrument", "melody=cello"),
        (["weights", "pull", "musicgen-smal"], "no weights are called", "musicgen-small?"),
    ],
)
def test_errors_look_alike_and_name_what_was_meant(words, error, hint):
    done = dyvim(*words)
    assert done.returncode == ExitCode.USAGE and done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.startswith("error: ") and error in first
    assert second.startswith("try: ") and hint in second


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("Input should be a valid number, unable to parse string as a number", "not a number"),
        ("Input should be greater than or equal to 0", "less than 0"),
        ("'x' is not a valid float.", "'x' is not a valid float"),
    ],
)
def test_wrong_values_are_said_in_plain_words(said, plain):
    fault = fault_of_usage(typer.BadParameter(said, param_hint="'--alpha'"))
    assert fault.message == f"invalid value for '--alpha': {plain}"


def test_nothing_asked_for_is_answered_with_the_help():
    for words in ([], ["cache"]):
        done = dyvim(*words)
        assert done.returncode == ExitCode.USAGE and "Usage: dyvim" in done.stdout + done.stderr


def test_version_in_short():
    assert dyvim("-V").stdout == dyvim("--version").stdout
    assert dyvim("-V").stdout.startswith("dyvim ")


def test_quiet_prints_the_result_alone_and_verbose_the_stages(folder):
    quiet = dyvim("score", "clip.mp4", "-q", "--candidates", 1, "-o", "quiet.mp4", cwd=folder)
    assert quiet.returncode == 0 and quiet.stderr == "" and quiet.stdout.strip().endswith("quiet.mp4")
    verbose = dyvim("score", "clip.mp4", "-v", "--candidates", 1, "-o", "verbose.mp4", cwd=folder)
    assert re.search(r"^composing \d+\.\d s, ", verbose.stderr, flags=re.M) or "watching" in verbose.stderr
    assert "writing" in verbose.stderr


def test_variables_set_options_and_wrong_ones_are_named(folder):
    done = dyvim("score", "clip.mp4", "--dry-run", "-y", cwd=folder, DYVIM_TEMPO="500")
    assert done.returncode == ExitCode.USAGE and "--tempo" in done.stderr
    done = dyvim("score", "clip.mp4", "--dry-run", "-o", "x.mp4", cwd=folder, DYVIM_STILE="jazz")
    assert done.returncode == 0 and "nothing reads DYVIM_STILE; DYVIM_STYLE was meant?" in done.stderr


def test_doctor_looks_at_a_broken_configuration(tmp_path):
    broken = tmp_path / "config.toml"
    broken.write_text("alfa = 1\n")
    done = dyvim("--config", broken, "doctor")
    assert done.returncode == ExitCode.USAGE
    assert re.search(r"^FAIL  config: .*config.toml: unknown key 'alfa' -> alpha\?", done.stdout, flags=re.M)
    assert "ok    weights" in done.stdout


def clocked(monkeypatch, step_s):
    now = [0.0]

    def tick():
        now[0] += step_s
        return now[0]

    monkeypatch.setattr(stages.time, "monotonic", tick)


def test_one_share_over_all_stages_that_never_falls(monkeypatch):
    clocked(monkeypatch, 0.5)
    overall, shares = stages.Overall({"vision": 6, "compose": 2, "mux": 2}), []
    for stage in ("vision", "compose", "mux"):
        for done in (0, 1, 2):
            overall.update(stage, done, 2)
            shares.append(overall.share)
    assert shares == pytest.approx([0, 0.3, 0.6, 0.6, 0.7, 0.8, 0.8, 0.9, 1.0])
    assert overall.eta_s == 0.0


def test_what_is_cached_is_not_counted_into_the_time_left(monkeypatch):
    clocked(monkeypatch, 1.0)
    overall = stages.Overall({"vision": 90, "compose": 5, "mux": 5})
    overall.update("compose", 1, 2)
    assert overall.share == pytest.approx(0.25)
    assert overall.eta_s >= 3 * 1.0


def test_piped_progress_is_a_line_a_second_at_most(monkeypatch, capsys):
    clocked(monkeypatch, 0.01)
    lines = stages.StageLines(as_json=False, overall=stages.Overall({"vision": 1, "mux": 1}))
    for done in range(1, 501):
        lines.update("vision", done, 500)
    shown = capsys.readouterr().err.splitlines()
    assert shown[0].startswith("watching: ") and "left" in shown[-1]
    assert 3 <= len(shown) <= 30


def test_a_batch_names_films_and_their_stages(capsys):
    from pathlib import Path

    from dyvim_cli.batch.local import Stage
    from dyvim_cli.cli.show import tally

    shown = tally.BatchLines(as_json=False)
    shown.told_s = float("-inf")
    shown.stage(Stage(Path("films/one.mp4"), "compose", 0.4))
    shown.stage(Stage(Path("films/one.mp4"), "compose", 0.5))
    assert capsys.readouterr().err == "one.mp4: composing 40%\n"
