"""Fields of a scenario file, each read once and checked; what nobody reads is an error."""

import difflib
import importlib
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

from cribtrace.errors import CribtraceError

_TABLE = re.compile(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?")
_KEY = re.compile(r"\s*([\w-]+)\s*=")
_AT_LINE = re.compile(r" ?\(at line (\d+), column \d+\)")


def opened(path: Path) -> "Fields":
    """The fields of a TOML file; CribtraceError, in one line, for one that cannot be read."""
    try:
        reader = importlib.import_module("tomllib")
    except ModuleNotFoundError:  # Python 3.10: the same reader under its older name
        reader = importlib.import_module("tomli")
    try:
        text = path.read_text(encoding="utf-8")
        return Fields(str(path), reader.loads(text), _Lines(text))
    except FileNotFoundError as error:
        raise CribtraceError(f"no such file: {path}: check the name") from error
    except UnicodeDecodeError as error:
        raise CribtraceError(f"{path} is no text: write a scenario as UTF-8 TOML") from error
    except OSError as error:
        raise CribtraceError(f"cannot read {path}: {error.strerror}: mend that first") from error
    except (ValueError, RecursionError) as error:
        cause = " ".join(str(error).split())
        line = _AT_LINE.search(cause)
        where = f"{path}:{line[1]}" if line else f"{path}"
        cause = _AT_LINE.sub("", cause)
        raise CribtraceError(f"{where} is no TOML: {cause}: mend that line") from error


class _Lines:
    """On which line of a file a key stands, or a table begins, by the n-th table of that name."""

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[str, int, str], int] = {}
        table, seen = "", Counter()
        for number, line in enumerate(text.splitlines(), 1):
            begins, key = _TABLE.match(line), _KEY.match(line)
            if begins:
                table = begins[1]
                seen[table] += 1
                self._found.setdefault((table, seen[table], ""), number)
            elif key:
                self._found.setdefault((table, seen[table], key[1]), number)

    def of(self, table: str, number: int, key: str) -> int:
        """The line of a key, else of its table, else the first."""
        found = self._found
        return found.get((table, number, key)) or found.get((table, number, "")) or 1


class Fields:
    """The fields of one table of a file; its path and line open every complaint."""

    def __init__(
        self, path: str, table: Any, lines: _Lines, name: str = "", number: int = 0,
        within: str = "", label: str = "",
    ):  # fmt: skip
        """`name`, `number`: the n-th table of that name; `within` its key, where it is inline."""
        self._path, self._lines, self._label = path, lines, label
        self._name, self.number_of, self._within = name, number, within
        self.known: list[str] = []
        self.table: dict[str, Any] = {}
        if not isinstance(table, dict):
            what = label.removeprefix(", ") or "the file"
            self._label = ""
            self.wrong(f"{what} is no table", "write `name = value` lines")
        self.table = table

    def listed(self, name: str) -> "list[Fields]":
        """The tables of this name, each opened with [[name]]."""
        found = self.take(name)
        if found is None:
            return []
        if not isinstance(found, list):
            self.wrong(f"`{name}` is no list", f"open each with [[{name}]]", name)
        return [
            Fields(self._path, one, self._lines, name, n, label=f", {name} {n}")
            for n, one in enumerate(found, 1)
        ]

    def inner(self, name: str) -> "Fields":
        """The table of this name, empty where there is none."""
        found = self.take(name)
        table = {} if found is None else found
        label = f"{self._label}, {name}"
        if self._name:
            place = self._name, self.number_of, name
            return Fields(self._path, table, self._lines, *place, label=label)
        return Fields(self._path, table, self._lines, name, 1, label=label)

    def take(self, name: str) -> Any:
        """Give what the file says, None if nothing."""
        self.known.append(name)
        return self.table.get(name)

    def text(self, name: str, default: str, choices: tuple[str, ...] = ()) -> str:
        """Give a string, one of `choices` if there are any."""
        value = self.take(name)
        value = default if value is None else value
        if not isinstance(value, str) or "\n" in value:
            self.wrong(f"{name} is no text of one line", f'write {name} = "..."', name)
        if choices and value not in choices:
            self.wrong(f"no {name} {value!r}", f"choose one of {', '.join(choices)}", name)
        return value

    def flag(self, name: str) -> bool:
        """Give true or false; false if the file says nothing."""
        value = self.take(name)
        if value not in (None, True, False) or isinstance(value, int) != isinstance(value, bool):
            self.wrong(f"{name} is neither true nor false", "write one of the two", name)
        return bool(value)

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        """Give a number from low to high."""
        value = self.take(name)
        value = default if value is None else value
        if value is None:
            self.wrong(f"there is no {name}", f"add it, from {low:g} to {high:g}")
        if not _is_number(value) or not low <= value <= high:
            self.wrong(f"{name} is {value!r}", f"write a number from {low:g} to {high:g}", name)
        return float(value)

    def span(self, name: str, low: float, high: float) -> tuple[float, float] | None:
        """Give the ends of `name = number` or `name = [from, to]`, both from low to high."""
        value = self.take(name)
        if value is None:
            return None
        ends = value if isinstance(value, list) else [value, value]
        if len(ends) != 2 or not all(_is_number(end) for end in ends) or ends[0] > ends[1]:
            self.wrong(f"{name} is {value!r}", "write a number or [from, to]", name)
        if ends[0] < low or ends[1] > high:
            self.wrong(f"{name} is {value!r}", f"stay within {low:g} to {high:g}", name)
        return float(ends[0]), float(ends[1])

    def finish(self) -> None:
        """Complain of a field that nobody asked for."""
        for name in self.table:
            if name not in self.known:
                hint = self._meant(name)
                self.wrong(
                    f"there is no field {name!r}",
                    f"{hint}choose from {', '.join(self.known)}",
                    name,
                )

    def _meant(self, name: str) -> str:
        stem = name.rpartition("_")[0]
        same = [known for known in self.known if stem and known.rpartition("_")[0] == stem]
        if same:
            return f"it is {same[0]}, its unit is in its name; "
        near = difflib.get_close_matches(name, self.known, 1)
        return f"did you mean {near[0]}? " if near else ""

    def wrong(self, cause: str, remedy: str, name: str = "") -> NoReturn:
        """Refuse the file, at the line of the field `name` or at that of this table."""
        line = self._lines.of(self._name, self.number_of, self._within or name)
        raise CribtraceError(f"{self._path}:{line}{self._label}: {cause}: {remedy}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
