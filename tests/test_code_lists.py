"""The lists of sources that make cached features and recorded films old are what is really imported."""

import grimp
import pytest

from dyvim_cli.batch import fingerprint
from dyvim_cli.code_digest import PACKAGE
from dyvim_cli.vision import settings

# imported, but these decide no result: how files are written, kept and fetched, and what is said
PLAIN = ("", "atomic", "cache", "code_digest", "errors", "hub", "limits", "progress", "scratch", "weights")
WATCHING = ("media.watchdog", "device")


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


@pytest.mark.parametrize(
    ("code", "roots", "plain"),
    [(settings.CODE, ("vision.analysis", "media.decode", "media.probe"), (*PLAIN, *WATCHING)),
     (fingerprint.CODE, ("pipeline",), PLAIN)],
    ids=["features", "films"],
)  # fmt: skip
def test_what_decides_a_result_is_in_the_list_and_nothing_else(code, roots, plain):
    modules = {module for module in imported(*roots) if not is_one_of(module, plain)}
    assert sorted(module for module in modules if not covers(code, module)) == []
    for place in code:
        assert (PACKAGE / place).exists(), place
        assert any(covers((place,), module) for module in modules), f"{place} decides nothing"
