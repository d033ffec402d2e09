"""Public functions say what goes in and what comes out, in Google's form."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# the modules at the top, and every package
PACKAGES = (
    ".",
    *sorted(folder.parent.name for folder in ROOT.glob("dyvim_cli/*/__init__.py")),
)
# outside the package
BESIDE = ("benchmarks", "tools")
# a verb's docstring is its help text, and every option has a help of its own
VERBS = "dyvim_cli/cli/verbs/"
PROPERTIES = ("property", "cached_property", "functools.cached_property")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Functions of a module and methods of its classes, with their names; none within functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield prefix + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.If | ast.Try):
            yield from functions(child, prefix)


def is_exempt(name: str, function: Function) -> bool:
    """Whether a line is enough: private ones, properties, overloads, commands (theirs is the help)."""
    marks = [ast.unparse(mark) for mark in function.decorator_list]
    return (
        any(part.startswith("_") for part in name.split("."))
        or any(mark in PROPERTIES or mark.endswith((".setter", "overload")) for mark in marks)
        or any("command(" in mark or ".callback(" in mark for mark in marks)
    )


def parameters(name: str, function: Function) -> list[str]:
    """Names of the parameters that a caller gives."""
    given = function.args
    named = [p.arg for p in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    is_static = any(ast.unparse(mark) == "staticmethod" for mark in function.decorator_list)
    if "." in name and not is_static:
        named = named[1:]
    named += [p.arg for p in (given.vararg, given.kwarg) if p]
    return [p for p in named if not p.startswith("_")]


def faults(name: str, function: Function) -> list[str]:
    """Sections that are missing, and parameters that their section does not know."""
    if is_exempt(name, function):
        return []
    text = ast.get_docstring(function) or ""
    given, found = parameters(name, function), []
    if given and "Args:\n" not in text:
        found.append("Args")
    found += [p for p in given if "Args:\n" in text and f"    {p}: " not in text.replace("*", "")]
    result = function.returns
    if (result is None or ast.unparse(result) not in ("None", "NoReturn")) and not any(
        section in text for section in ("Returns:\n", "Yields:\n")
    ):
        found.append("Returns")
    return found


@pytest.mark.parametrize("package", PACKAGES + BESIDE)
def test_public_functions_say_what_goes_in_and_comes_out(package):
    found = {}
    folder = (ROOT if package in BESIDE else ROOT / "dyvim_cli") / package
    for path in folder.glob("*.py") if package == "." else folder.rglob("*.py"):
        if VERBS in path.as_posix():
            continue
        for name, function in functions(ast.parse(path.read_text(encoding="utf-8"))):
            if missing := faults(name, function):
                found[f"{path.relative_to(ROOT).as_posix()}: {name}"] = missing
    assert not found


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ('def f(a: int) -> None:\n    """Do."""', ["Args"]),
        ('def f() -> int:\n    """Count."""', ["Returns"]),
        ('def f(a: int, b: int) -> None:\n    """Do.\n\n    Args:\n        a: weight.\n    """', ["b"]),
        ('def f(*a: int) -> None:\n    """Do.\n\n    Args:\n        *a: weights.\n    """', []),
        ('def f() -> None:\n    """Do."""', []),
        ('def _f(a: int) -> int:\n    """Count."""', []),
        ('class C:\n    def f(self) -> int:\n        """Count."""', ["Returns"]),
        ('class C:\n    @property\n    def f(self) -> int:\n        """Count."""', []),
    ],
)
def test_faulty_docstrings_are_found(source, missing):
    ((name, function),) = functions(ast.parse(source))
    assert faults(name, function) == missing
