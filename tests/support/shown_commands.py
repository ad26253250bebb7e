"""The commands and files that a page shows, as somebody would type them from top to bottom."""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

_COMMAND = re.compile(r"^(?: {4})?(?:\.venv/bin/)?((?:cribtrace|make|python -m) .+)$")
_FILE = re.compile(r"[Pp]ut this into `([^`]+)`")


class File(NamedTuple):
    """What a reader is to put into a file."""

    path: str
    text: str


class Command(NamedTuple):
    """Its words, without what the shell does; `to` is where `>` leads."""

    words: tuple[str, ...]
    to: str | None = None

    @property
    def needs_board(self) -> bool:
        """Whether hardware is named in it."""
        return any("/dev/tty" in word or word.startswith("BOARD=") for word in self.words)


def shown(page: Path) -> list[Command | File]:
    """In their order on the page."""
    found: list[Command | File] = []
    pieces = re.split(r"^```(\w*)\n(.*?)^```\n", page.read_text("utf-8"), flags=re.M | re.S)
    for prose, kind, block in zip(
        pieces[::3], [*pieces[1::3], ""], [*pieces[2::3], ""], strict=True
    ):
        found += [_read(line) for line in prose.splitlines() if _is_command(line, "    ")]
        named = _FILE.findall(prose)
        if kind and named:
            found.append(File(named[-1], block))
        elif not kind:
            found += [_read(line) for line in block.splitlines() if _is_command(line, "")]
    return found


def _is_command(line: str, indent: str) -> bool:
    return bool(_COMMAND.match(line)) and line.startswith(indent)


def _read(line: str) -> Command:
    """What stands behind two spaces is a remark."""
    match = _COMMAND.match(line)
    assert match, line
    words = shlex.split(re.split(r"\s{2,}", match[1])[0], comments=True)
    if ">" in words:
        at = words.index(">")
        return Command(tuple(words[:at]), words[at + 1])
    return Command(tuple(words))
