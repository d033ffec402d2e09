"""The README's commands work as typed, in order, and its links lead to files."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from conftest import FRACTAL, MOVING, cut_film, dyvim

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def recipes() -> list[str]:
    """The commands of the section "Recipes" without their comments."""
    section = README.split("## Recipes")[1].split("\n## ")[0]
    return [line.split("#")[0].strip() for line in section.splitlines() if line.startswith("    dyvim ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recipes")
    cut_film(folder / "clip.mp4", MOVING, FRACTAL, seconds=2)
    (folder / "films").mkdir()
    shutil.copy(folder / "clip.mp4", folder / "films" / "one.mp4")
    return folder


def test_the_recipes_work_one_after_the_other(folder):
    commands = recipes()
    assert len(commands) >= 8
    for command in commands:
        words = shlex.split(command)[1:]
        done = dyvim(*words, cwd=folder)
        assert done.returncode == 0, f"{command}\n{done.stderr[-2000:]}"
    made = {path.name for path in folder.rglob("*") if path.is_file()}
    assert {"clip.dyvim.mp4", "jazz.mp4", "calm.mp4", "part.mp4", "clip.mid", "clip.edl", "clip.flac"} <= made
    assert list((folder / "stems").glob("*.wav")) and list((folder / "scored").glob("*.mp4"))


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 120


MADE_BY_DOCS = ("commands.md",)  # `make docs` writes it from the command line, and checks links to it


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target and target not in MADE_BY_DOCS:
            assert (page.parent / target).exists(), target


def test_every_exit_code_is_in_the_table():
    from dyvim_cli.errors import ExitCode

    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", README, flags=re.M)}
    assert {int(code) for code in ExitCode} <= listed
