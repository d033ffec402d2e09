"""ARCHITECTURE.md names every package and every module at the top, and nothing that is not there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dyvim_cli"
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
FOLDERS_OF_PACKAGES = ("music", "model")  # their packages are named one by one
UNNAMED = {"__init__.py", "__main__.py"}


def named() -> set[str]:
    """Paths of the page, relative to the package."""
    return {path.removeprefix("dyvim_cli/") for path in re.findall(r"`([\w/.]+(?:\.py|/))`", PAGE)}


def test_every_path_that_is_named_exists():
    outside = {"benchmarks/", "tools/", "tests/", "weights/", "docs/"}
    missing = {path for path in named() - outside if not (PACKAGE / path).exists() and "/" in path}
    assert missing == set()
    alone = {path for path in named() if "/" not in path}
    assert {path for path in alone if not list(PACKAGE.rglob(path))} == set()


def test_every_package_and_module_at_the_top_is_named():
    modules = {path.name for path in PACKAGE.glob("*.py")} - UNNAMED
    packages = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    inner = {
        f"{folder}/{path.parent.name}/"
        for folder in FOLDERS_OF_PACKAGES
        for path in (PACKAGE / folder).glob("*/__init__.py")
    }
    wanted = modules | inner | packages - {f"{folder}/" for folder in FOLDERS_OF_PACKAGES}
    assert wanted - named() == set()


def test_the_picture_shows_packages_that_exist():
    picture = PAGE.split("```mermaid")[1].split("```")[0]
    shown = re.findall(r"\[([\w/]+/)", picture)
    assert len(shown) >= 10
    assert [path for path in shown if not (PACKAGE / path).is_dir()] == []


def test_no_test_module_is_a_library_of_another():
    """What tests share is in tests/helpers and conftest.py."""
    imports = re.compile(r"^\s*(?:from|import) test_\w+", re.MULTILINE)
    found = [path.name for path in (ROOT / "tests").rglob("*.py") if imports.search(path.read_text("utf-8"))]
    assert not found
