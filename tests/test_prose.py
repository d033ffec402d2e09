"""Docstrings are plain: their first lines say what a module, class or function does."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("dyvim_cli", "benchmarks", "tools")
QUESTION = re.compile(r"(?:What|Who|Whose|When|Where|Which|Why|How|Is|Are|Does|Do|Can)\b")


def modules() -> list[Path]:
    """Source files outside tests/."""
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def fault(docstring: str | None) -> str | None:
    """Fault of a module's docstring; None without one."""
    first, *rest = (docstring or "").splitlines() or [""]
    if not first:
        return "is missing"
    if QUESTION.match(first) or "?" in first:
        return "asks a question"
    if not first.endswith(".") or (rest and rest[0]):
        return "does not end with its first line"
    return None


def test_first_lines_of_modules_say_what_the_module_does():
    faults = {}
    for path in modules():
        if found := fault(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))):
            faults[path.relative_to(ROOT).as_posix()] = found
    assert not faults


RIDDLE = re.compile(r"(?:What|Who|Whose|Whom|When|Where|Which|How|Whoever|Whatever)\b")


def test_no_public_docstring_begins_with_a_question_word():
    found = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_public = isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
            text = (ast.get_docstring(node) or "") if is_public else ""
            if RIDDLE.match(text):
                found.append(f"{path.relative_to(ROOT).as_posix()}: {text.splitlines()[0]}")
    assert not found


@pytest.mark.parametrize(
    ("docstring", "found"),
    [
        (None, "is missing"),
        ("What a batch remembers.", "asks a question"),
        ("Do two sets of music sound alike? Distances over an embedding.", "asks a question"),
        ("Search pitches: chord tones, small steps, the\ncontour it aims at.", "does not end with"),
        ("Select the films of a batch", "does not end with"),
        ("Select the films of a batch.\n\nWhat is named is taken.", ""),
        ("Whole files.", ""),
    ],
)
def test_faulty_first_lines_are_found(docstring, found):
    assert (fault(docstring) or "").startswith(found) and bool(fault(docstring)) == bool(found)
