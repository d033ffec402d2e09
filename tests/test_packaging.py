"""The installed package holds what is in the tree."""

from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[1]


def settings() -> ConfigParser:
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def lines(text: str) -> list[str]:
    return [line for line in text.split() if line]


def test_every_package_of_the_tree_is_installed():
    there = {
        ".".join(found.parent.relative_to(ROOT).parts) for found in (ROOT / "dyvim_cli").rglob("__init__.py")
    }
    listed = set(lines(settings()["options"]["packages"]))
    assert there | {"dyvim_weights"} == listed
    for module in (ROOT / "dyvim_cli").rglob("*.py"):
        assert (module.parent / "__init__.py").is_file(), module


def test_every_shipped_weight_is_package_data():
    from dyvim_cli import weights

    patterns = settings()["options.package_data"]["dyvim_weights"].replace(",", " ").split()
    names = [*weights.manifest(), weights.MANIFEST]
    assert len(names) > 3
    for name in names:
        assert any(fnmatch(name, pattern) for pattern in patterns), name
