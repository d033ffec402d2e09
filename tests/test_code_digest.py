"""The lists of sources that make cached features and recorded films old are what is really imported."""

import re
import sys
from importlib import metadata

import grimp

from dyvim_cli.batch import fingerprint
from dyvim_cli.code_digest import PACKAGE, closure
from dyvim_cli.vision import settings

# imported, but these decide no result: how files are written, kept and fetched, and what is said
PLAIN = (
    "", "atomic", "background", "cache", "code_digest", "endings", "errors", "feature_checks", "hub",
    "limits", "mapped_libraries", "progress", "regular_files", "scratch", "torch_loading", "weights",
)  # fmt: skip

# packages that write and fetch files, or only find a program
KEEPING = {"filelock", "safetensors", "imageio-ffmpeg"}
IMPORTED = re.compile(r"^[ \t]*(?:from|import)[ \t]+(\w+)", re.MULTILINE)


def imported(*roots: str) -> set[str]:
    """Modules of the package, by their names in it, that these need, themselves among them."""
    graph = grimp.build_graph("dyvim_cli")
    names = {f"dyvim_cli.{root}" for root in roots}
    found = names.union(*(graph.find_upstream_modules(name) for name in names))
    return {name.removeprefix("dyvim_cli").removeprefix(".") for name in found}


def covers(places: tuple[str, ...], module: str) -> bool:
    path = module.replace(".", "/")
    return any(f"{path}.py" == place or path == place or path.startswith(f"{place}/") for place in places)


def is_one_of(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or name and module.startswith(f"{name}.") for name in names)


def source_of(module: str) -> str:
    """A module's file, from the package's folder."""
    place = PACKAGE.joinpath(*filter(None, module.split(".")))
    return (
        (place / "__init__.py" if place.is_dir() else place.with_suffix(".py"))
        .relative_to(PACKAGE)
        .as_posix()
    )


def test_all_that_watching_a_film_imports_is_part_of_the_key():
    imports, known = {source_of(module) for module in imported("watching")}, set(closure(settings.SEEN_BY))
    assert imports <= known
    found = {name for name in known if name.startswith("stylebook/")}  # by looking into the folder
    assert "stylebook/jazz.py" in found
    assert all(name.endswith("__init__.py") for name in known - imports - found)  # run on the way


def test_every_library_that_watching_needs_is_part_of_the_key():
    sources = [(PACKAGE / name).read_text(encoding="utf-8") for name in closure(settings.SEEN_BY)]
    needed = {name for text in sources for name in IMPORTED.findall(text)}
    needed -= {"dyvim_cli", *sys.stdlib_module_names}
    needed |= {"torchvision"}  # transformers prepares CLIP's pictures with it
    packages = metadata.packages_distributions()
    releases = {package for name in needed for package in packages.get(name, [name])}
    known = {name.replace("_", "-") for name in settings.LIBRARIES}
    assert {"torch", "av"} <= releases
    assert {package.lower().replace("_", "-") for package in releases} - KEEPING == known


def test_what_decides_a_result_is_in_the_list_and_nothing_else():
    code = fingerprint.CODE
    modules = {module for module in imported("pipeline") if not is_one_of(module, PLAIN)}
    assert sorted(module for module in modules if not covers(code, module)) == []
    for place in code:
        assert (PACKAGE / place).exists(), place
        assert any(covers((place,), module) for module in modules), f"{place} decides nothing"
