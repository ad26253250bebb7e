"""Fields of a scenario file, each read once and checked; what nobody reads is an error."""

import importlib
import math
from pathlib import Path
from typing import Any, NoReturn

from cribtrace.errors import CribtraceError


def toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; raises CribtraceError, in one line, for one that cannot be read."""
    try:
        reader = importlib.import_module("tomllib")
    except ModuleNotFoundError:  # Python 3.10: the same reader under its older name
        reader = importlib.import_module("tomli")
    try:
        return reader.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CribtraceError(f"no such file: {path}: check the name") from error
    except UnicodeDecodeError as error:
        raise CribtraceError(f"{path} is no text: write a scenario as UTF-8 TOML") from error
    except OSError as error:
        raise CribtraceError(f"cannot read {path}: {error.strerror}: mend that first") from error
    except (ValueError, RecursionError) as error:
        cause = " ".join(str(error).split())
        raise CribtraceError(f"{path} is no TOML: {cause}: mend that line") from error


class Fields:
    """The fields of one table of a file; `where` opens every complaint."""

    def __init__(self, where: str, table: Any):
        self.where = where
        if not isinstance(table, dict):
            raise CribtraceError(f"{where} is no table: write `name = value` lines")
        self.table: dict[str, Any] = table
        self.known: list[str] = []

    def take(self, name: str) -> Any:
        """Give what the file says, None if nothing."""
        self.known.append(name)
        return self.table.get(name)

    def text(self, name: str, default: str, choices: tuple[str, ...] = ()) -> str:
        """Give a string, one of `choices` if there are any."""
        value = self.take(name)
        value = default if value is None else value
        if not isinstance(value, str) or "\n" in value:
            self.wrong(f"{name} is no text of one line", f'write {name} = "..."')
        if choices and value not in choices:
            self.wrong(f"no {name} {value!r}", f"choose one of {', '.join(choices)}")
        return value

    def flag(self, name: str) -> bool:
        """Give true or false; false if the file says nothing."""
        value = self.take(name)
        if value not in (None, True, False) or isinstance(value, int) != isinstance(value, bool):
            self.wrong(f"{name} is neither true nor false", "write one of the two")
        return bool(value)

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        """Give a number from low to high."""
        value = self.take(name)
        value = default if value is None else value
        if value is None:
            self.wrong(f"there is no {name}", f"add it, from {low:g} to {high:g}")
        if not _is_number(value) or not low <= value <= high:
            self.wrong(f"{name} is {value!r}", f"write a number from {low:g} to {high:g}")
        return float(value)

    def span(self, name: str, low: float, high: float) -> tuple[float, float] | None:
        """Give the ends of `name = number` or `name = [from, to]`, both from low to high."""
        value = self.take(name)
        if value is None:
            return None
        ends = value if isinstance(value, list) else [value, value]
        if len(ends) != 2 or not all(_is_number(end) for end in ends) or ends[0] > ends[1]:
            self.wrong(f"{name} is {value!r}", "write a number or [from, to]")
        if ends[0] < low or ends[1] > high:
            self.wrong(f"{name} is {value!r}", f"stay within {low:g} to {high:g}")
        return float(ends[0]), float(ends[1])

    def finish(self) -> None:
        """Complain of a field that nobody asked for."""
        for name in self.table:
            if name not in self.known:
                self.wrong(f"there is no field {name!r}", f"choose from {', '.join(self.known)}")

    def wrong(self, cause: str, remedy: str) -> NoReturn:
        raise CribtraceError(f"{self.where}: {cause}: {remedy}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
