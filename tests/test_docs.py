"""The documentation says what works: its commands exist, its notebook runs, the manual has every option."""

import json
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer
from conftest import FRACTAL, MOVING, cut_film

from dyvim_cli.cli.main import app
from tools import manual

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"(?:^    |`)(dyvim [a-z][^`#\n]*)", flags=re.M)


def commands_of(page: Path) -> list[list[str]]:
    """The words of every `dyvim ...` that a page shows, whole lines and within the text."""
    found = COMMAND.findall(page.read_text(encoding="utf-8"))
    return [shlex.split(command.split("   ")[0].replace("...", ""))[1:] for command in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_verbs_and_options_that_a_page_names_exist(page):
    known = dict(manual.verbs())
    groups = typer.main.get_command(app).commands
    for words in commands_of(page):
        verb = " ".join(words[:2]) if hasattr(groups.get(words[0]), "commands") else words[0]
        if verb in groups and verb not in known:
            continue  # a group by itself
        assert verb in known, f"{page.name}: dyvim {shlex.join(words)}"
        options = {name for option in known[verb].params for name in option.opts} | {"--help", "-h"}
        for word in words:
            if re.fullmatch(r"--?[a-z][a-z-]*", word):
                assert word in options, f"{page.name}: {word} of dyvim {shlex.join(words)}"


# pages whose commands need nothing but films and what the commands before them made
RUN = ("render.md", "own-sound.md", "loop.md", "plan.md", "rescore.md")


def test_the_commands_of_the_pages_work(tmp_path, monkeypatch, capsys):
    cut_film(tmp_path / "clip.mp4", MOVING, FRACTAL, seconds=1.2)
    for name in ("cut1.mp4", "cut2.mp4"):
        shutil.copy(tmp_path / "clip.mp4", tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DYVIM_OVERWRITE", "1")
    monkeypatch.setenv("DYVIM_CANDIDATES", "1")
    lines = ["dyvim score clip.mp4 --midi clip.mid"]
    for page in RUN:
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        lines += [line.split("#")[0].strip() for line in re.findall(r"^    (dyvim .*)", text, flags=re.M)]
    assert len(lines) >= 10
    for line in lines:
        code = app(shlex.split(line)[1:], prog_name="dyvim", standalone_mode=False)
        assert not code, f"{line}\n{capsys.readouterr().err[-2000:]}"
    made = {path.name for path in tmp_path.iterdir()}
    assert {"music.wav", "loop.wav", "clip.toml", "scored.mp4", "cut2.dyvim.mp4"} <= made


# in this order; lines for people with data, a GPU or a cluster, and those that take long, are left out
MORE = (
    "styles.md", "seeing.md", "many-films.md", "flow.md", "instruments.md", "exit-codes.md", "ffmpeg.md",
)  # fmt: skip
# pages whose commands need downloads, a corpus of music or a GPU; tests of training and MusicGen run
# these verbs on small models and data, and options that do not exist are found above
ELSEWHERE = ("training.md", "musicgen.md")
# the commands of both are among README's recipes, which tests/test_readme.py runs
FIRST = ("README.md", "index.md")
NEED = (
    "DIR", "pull", "ray", "cuda", "shards", "tuned", "scratch", "own/", "encodec", "musescore", "compare",
    "--json",
)  # fmt: skip
SHORTER = {"0,0.5,1": "0.5 --seeds 1 --candidates 1"}


def test_no_page_with_commands_is_forgotten():
    shown = {page.name for page in PAGES if re.search(r"^    dyvim ", page.read_text("utf-8"), flags=re.M)}
    assert shown == {*RUN, *MORE, *ELSEWHERE, *FIRST}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_targets_and_modules_that_a_page_names_exist(page):
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    assert set(re.findall(r"(?:^    |`)make ([a-z][a-z-]*)", text, flags=re.M)) <= targets
    for module in re.findall(r"python -m ((?:tools|benchmarks|dyvim_cli)[\w.]*)", text):
        path = ROOT.joinpath(*module.split("."))
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


def runnable(page: str) -> list[str]:
    """The command lines of a page that run in seconds, a sweep over one alpha."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    lines = [line.split("   ")[0].strip() for line in re.findall(r"^    (dyvim .*)", text, flags=re.M)]
    lines = [line for line in lines if not any(word in line for word in NEED)]
    for long, short in SHORTER.items():
        lines = [line.replace(long, short) for line in lines]
    return lines


def test_the_commands_of_more_pages_work(tmp_path, monkeypatch, capsys):
    from helpers import sfz_files
    from helpers.synthetic_fonts import STARTED, font

    from tools.soundfont_writer import to_bytes

    for name in ("clip.mp4", "film.mp4", "films/take1.mp4", "films/take2.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cut_film(tmp_path / name, MOVING, FRACTAL, seconds=0.8, audio="sine=frequency=330")
    for name in ("MyOrchestra.sf2", "MyOrchestra.sf3"):
        (tmp_path / name).write_bytes(to_bytes(font({"Only One": STARTED})))
    for name in ("Salamander Grand Piano V3.sfz", "VSCO-2-CE/ViolinEnsSusVib.sfz", "Grand.sfz"):
        sfz_files.sine((tmp_path / name).with_suffix(".wav"))
        sfz_files.written(tmp_path / name, f"<region> sample={Path(name).stem}.wav")
    (tmp_path / "band.toml").write_text('0 = "Grand.sfz"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DYVIM_OVERWRITE", "1")
    monkeypatch.setenv("DYVIM_CANDIDATES", "1")
    lines = ["dyvim score clip.mp4 --keep-audio drop", *(line for page in MORE for line in runnable(page))]
    assert len(lines) >= 9, lines
    for line in lines:
        words = shlex.split(line)[1:]
        words = [name for w in words for name in (sorted(map(str, Path().glob(w))) if "*.mp4" in w else [w])]
        code = app(words, prog_name="dyvim", standalone_mode=False)
        assert not code, f"{line}\n{capsys.readouterr().err[-2000:]}"
    made = {path.name for path in tmp_path.iterdir()}
    assert {"evaluation.html", "sweep.png", "music.wav", "scored"} <= made


def test_every_variable_is_a_documented_setting():
    from dyvim_cli.cli.options.variables import OTHERS, known_variables

    verbs = typer.main.get_command(app)
    known = known_variables(typer.Context(verbs))
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(DYVIM_[A-Z_]*[A-Z])`", page))
    assert OTHERS <= named <= known
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "dyvim_cli").rglob("*.py")]
    read = {name for text in texts for name in re.findall(r"\"(DYVIM_[A-Z_]*[A-Z])\"", text)}
    assert read <= known


def test_workflows_call_what_the_makefile_has():
    import yaml

    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    files = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert files
    for path in files:
        flow = yaml.safe_load(path.read_text(encoding="utf-8"))
        steps = [step for job in flow["jobs"].values() for step in job["steps"]]
        assert all(("uses" in step) != ("run" in step) for step in steps), path.name
        commands = [words.split() for step in steps for words in step.get("run", "").split("&&")]
        for words in commands:
            if words and words[0] == "make":
                assert {word for word in words[1:] if "=" not in word} <= targets, (path.name, words)


def test_the_manual_has_every_verb_and_option(tmp_path):
    manual.main(tmp_path / "dyvim.1")
    page = (tmp_path / "dyvim.1").read_text(encoding="utf-8")
    assert page.startswith(".TH DYVIM 1")
    plain = page.replace(r"\-", "-")
    for name, command in manual.verbs():
        assert f".SS dyvim {name}" in plain
        for option in command.params:
            assert max(option.opts, key=len) in plain or option.name.upper() in plain
    assert not [line for line in page.splitlines() if line.startswith("'")]


def test_the_notebook_runs_from_top_to_bottom(tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(ROOT / "docs" / "notebook.ipynb", as_version=4)
    found = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", found)
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    said = {cell.id: json.dumps(cell.outputs) for cell in notebook.cells if cell.cell_type == "code"}
    assert "<audio" in said["compose"] and "jazz" in said["compose"]
    assert "image/png" in said["plot"]
    assert "scored.mp4" in said["mux"] and "True, 1" in said["mux"]
    assert "polka" in said["errors"] and "one of" in said["errors"]


def test_the_notebook_is_kept_without_outputs():
    notebook = json.loads((ROOT / "docs" / "notebook.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(code) >= 5 and all(not cell["outputs"] for cell in code)


def test_examples_of_the_api_are_true():
    import doctest

    from dyvim_cli import api

    done = doctest.testmod(api)
    assert done.attempted >= 2 and done.failed == 0
