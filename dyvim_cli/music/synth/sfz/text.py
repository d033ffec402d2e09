"""Read an SFZ file's text: comments, #define, #include, headers and opcodes, each with its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dyvim_cli.errors import InputError
from dyvim_cli.music.synth.sfz.opcodes import usual_name
from dyvim_cli.music.synth.sfz.places import found_file
from dyvim_cli.regular_files import read_regular

MOST_BYTES, MOST_BYTES_IN_ALL = 16 << 20, 64 << 20  # text of one file, and with all that it includes
MOST_INCLUDES, DEEPEST = 4096, 16  # included files in all, and within each other
MOST_SECTIONS = 30_000  # headers of a file with all that it includes
LONGEST_VALUE = 4096  # characters of a value after #define's replacements
TOKEN = re.compile(
    r'#include\s*"(?P<include>[^"]*)"'
    r"|#define\s+\$(?P<name>\w+)[ \t]+(?P<meaning>\S+)"
    r"|<(?P<header>[A-Za-z]\w*)>"
    r"|(?:(?<!\S)|(?<=>))(?P<opcode>[A-Za-z_$][\w$]*)="
)
LONG_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
LINE_COMMENT = re.compile(r"//.*")
KEY_SETS = ("lokey", "hikey", "pitch_keycenter")  # what `key` sets at once


@dataclass(frozen=True)
class Said:
    """The value of an opcode and where it stands."""

    value: str
    source: Path
    line: int

    @property
    def where(self) -> str:
        """File and line, for a message."""
        return f"{self.source}, line {self.line}"


@dataclass(frozen=True)
class Section:
    """A header with the opcodes after it, in their order; the later of two alike counts."""

    header: str
    opcodes: dict[str, Said] = field(default_factory=dict)

    def put(self, name: str, said: Said) -> None:
        """Add an opcode under its usual name.

        Args:
            name: as it is written.
            said: its value.
        """
        for each in KEY_SETS if name.lower() == "key" else (usual_name(name),):
            self.opcodes.pop(each, None)
            self.opcodes[each] = said


class Text:
    """An SFZ file with all that it includes: sections, and files that were read."""

    def __init__(self, path: Path):
        """Read a file.

        Args:
            path: of the .sfz file.

        Raises:
            InputError: it cannot be read, includes itself, or is too large.
        """
        self.path = path
        self.sections = [Section("control")]
        self.files: list[Path] = []
        self._meanings: dict[str, str] = {}
        self._n_bytes = 0
        self._read(path, ())
        self.files = list(dict.fromkeys(self.files))

    def _read(self, path: Path, within: tuple[Path, ...]) -> None:
        raw = read_regular(path, "SFZ file", MOST_BYTES)
        self._n_bytes += len(raw)
        self.files.append(path)
        if self._n_bytes > MOST_BYTES_IN_ALL or len(self.files) > MOST_INCLUDES:
            raise InputError(f"{self.path} includes too much", "give an instrument that plays elsewhere")
        for line, text in enumerate(_lines(raw), 1):
            self._take(text, Said("", path, line), (*within, path))

    def _take(self, text: str, here: Said, within: tuple[Path, ...]) -> None:
        """Take in one line."""
        for token, value in _tokens(text):
            if token["include"] is not None:
                self._include(self._expanded(token["include"]), here, within)
            elif token["name"] is not None:
                self._meanings[token["name"]] = self._expanded(token["meaning"])
            elif token["header"] is not None:
                self._open(token["header"].lower(), here)
            else:
                said = Said(self._expanded(value), here.source, here.line)
                self.sections[-1].put(self._expanded(token["opcode"]), said)

    def _open(self, header: str, here: Said) -> None:
        if len(self.sections) >= MOST_SECTIONS:
            hint = "give an instrument of fewer regions"
            raise InputError(f"{here.where}: more than {MOST_SECTIONS} headers", hint)
        self.sections.append(Section(header))

    def _include(self, name: str, here: Said, within: tuple[Path, ...]) -> None:
        folders = (self.path.parent, here.source.parent)
        path = next(filter(None, (found_file(folder, name) for folder in folders)), None)
        if path is None:
            reason = f"{here.where}: no such file to include: {name}"
            raise InputError(reason, "put it there, or get the instrument with all of its files")
        if path in within or len(within) >= DEEPEST:
            raise InputError(f"{here.where}: {name} includes itself", "take the #include out")
        self._read(path, within)

    def _expanded(self, text: str) -> str:
        """The text with what #define says in place of $names; the longest name that fits counts."""
        if "$" not in text:
            return text
        return re.sub(r"\$(\w+)", self._meaning, text)[:LONGEST_VALUE]

    def _meaning(self, name: re.Match[str]) -> str:
        word = name.group(1)
        for n in range(len(word), 0, -1):
            if word[:n] in self._meanings:
                return self._meanings[word[:n]] + word[n:]
        return name.group()


def _lines(raw: bytes) -> list[str]:
    """Lines without comments; long comments leave their line ends, so that lines keep their numbers."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = LONG_COMMENT.sub(lambda comment: "\n" * comment.group().count("\n") or " ", text)
    return [LINE_COMMENT.sub("", line) for line in text.split("\n")]


def _tokens(line: str) -> Iterator[tuple[re.Match[str], str]]:
    """(token, text from it to the next one) of a line: so values may hold spaces."""
    found = list(TOKEN.finditer(line))
    ends = [token.start() for token in found[1:]] + [len(line)]
    for token, end in zip(found, ends, strict=False):
        yield token, line[token.end() : end].strip()
