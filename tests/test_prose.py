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


RIDDLE = re.compile(
    r"(?:What|Who|Whose|Whom|When|Where|Which|Why|How|Whether|Whoever|Whatever|So|Nothing|Nobody)\b"
)


def riddles(source: str) -> list[str]:
    """First lines of a module's docstrings, private ones included, that begin with such a word."""
    nodes = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = [ast.get_docstring(node) for node in ast.walk(ast.parse(source)) if isinstance(node, nodes)]
    return [text.splitlines()[0] for text in docstrings if text and RIDDLE.match(text)]


def test_no_docstring_begins_with_a_question_word():
    found = {
        path.relative_to(ROOT).as_posix(): riddles(path.read_text(encoding="utf-8")) for path in modules()
    }
    assert not {path: lines for path, lines in found.items() if lines}


def test_riddles_of_private_functions_are_found():
    source = (
        'class _A:\n    """A class."""\n\n    def _b(self):\n        """Whether it holds.\n\n        More."""'
    )
    assert riddles(source) == ["Whether it holds."]
    assert riddles(source.replace("Whether", "Check that")) == []


# a procedure does something: its docstring begins with a verb
NOUN = re.compile(
    r"(?:An?|The|One|Two|Three|Four|Five|Every|Some|All|Only|No|Its|This|These|It|As|[\[(])(?:\b|\s)"
)


def procedures_without_verb(source: str) -> list[str]:
    """First lines of the docstrings of functions without a result that begin with an article or the like."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and ast.unparse(node.returns or ast.Constant(0)) == "None":
            text = ast.get_docstring(node) or ""
            found += [text.splitlines()[0]] if NOUN.match(text) else []
    return found


def test_docstrings_of_procedures_begin_with_a_verb():
    found = {
        path.relative_to(ROOT).as_posix(): procedures_without_verb(path.read_text(encoding="utf-8"))
        for path in modules()
    }
    assert not {path: lines for path, lines in found.items() if lines}


def test_procedures_without_verb_are_found():
    source = 'def f() -> None:\n    """The notes are played."""\ndef g() -> int:\n    """The number."""'
    assert procedures_without_verb(source) == ["The notes are played."]
    assert procedures_without_verb(source.replace("The notes are played", "Play the notes")) == []


# words with which a fragment begins that has to be read together with the constant's name
FRAGMENT = re.compile(
    r"#\s*(?:of|that|nor|and|from|for|to|within|below|beyond|behind|around|in|by|with|than|over|between|above|"
    r"against|on|at|after|before|times|further|until|under|beside)\b"
)


def fragments(source: str) -> list[str]:
    """Comments of constants and fields, behind or above them, that are fragments: LIMIT = 3  # of a film."""
    lines, tree = source.splitlines(), ast.parse(source)
    bodies = [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    starts = [
        node.lineno - 1 for body in bodies for node in body if isinstance(node, ast.Assign | ast.AnnAssign)
    ]
    found = [lines[i].strip() for i in starts if FRAGMENT.match("# " + lines[i].partition("  # ")[2])]
    above = [i - 1 for i in starts if i and lines[i - 1].strip().startswith("# ")]
    first = [i for i in above if not lines[i - 1].strip().startswith("#")]
    return found + [lines[i].strip() for i in first if FRAGMENT.match(lines[i].strip())]


def test_comments_of_constants_and_fields_are_whole():
    found = {
        path.relative_to(ROOT).as_posix(): fragments(path.read_text(encoding="utf-8")) for path in modules()
    }
    assert not {path: lines for path, lines in found.items() if lines}


def test_fragments_are_found():
    source = (
        "LIMIT = 3  # of a film\nOTHER = 4  # most films, of any kind\n\nclass A:\n    b: int  # in seconds"
    )
    assert fragments(source) == ["LIMIT = 3  # of a film", "b: int  # in seconds"]
    assert fragments("# of a film\nLIMIT = 3\n# longest film\n# of any kind\nOTHER = 4") == ["# of a film"]


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
