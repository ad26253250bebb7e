"""Truths and events out of files, as the scorer takes them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from cribtrace import patterns, recording
from cribtrace.errors import CribtraceError
from cribtrace.scoring.kinds import Found, Truth

_Made = TypeVar("_Made")


def truths(path: Path) -> tuple[list[Truth], float | None]:
    """The truths of a recording (.npz) and its seconds; or those of JSON lines, and None.

    Raises CribtraceError for a file that holds none.
    """
    if path.suffix == ".npz":
        rec = recording.load(path)
        return [Truth.of(line) for line in rec.truth], rec.duration_s
    return [_read(path, number, line, Truth.of) for number, line in _lines(path)], None


def found(path: Path) -> list[Found]:
    """The events of a file of JSON lines, as `replay --json` and `decode --json` print them.

    Lines of other types are passed over. Raises CribtraceError for one that is no JSON.
    """
    events = [(n, line) for n, line in _lines(path) if line.get("type", "event") == "event"]
    told = [_read(path, n, line, _told) for n, line in events]
    return joined(sorted(told, key=lambda pair: pair[1]["onset_s"]))


def _told(line: dict) -> tuple[float, dict]:
    line = {"rate_hz": None, "why": {}, **line, "onset_s": float(line["onset_s"])}
    line["kind"] = str(line["kind"])
    return line["onset_s"] + float(line["duration_s"]), line


def _read(path: Path, number: int, line: dict, make: Callable[[dict], _Made]) -> _Made:
    try:
        return make(line)
    except (KeyError, TypeError, ValueError) as error:
        raise CribtraceError(
            f"{path}, line {number}: give each kind, onset_s and duration_s ({error})"
        ) from None


def _lines(path: Path) -> Iterator[tuple[int, dict]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        made = f"`cribtrace replay RECORDING --json >{path}` makes events"
        raise CribtraceError(f"no such file: {path}: check the name; {made}") from None
    except UnicodeDecodeError:
        raise CribtraceError(f"{path} is no text: give JSON lines, or an .npz as TRUTH") from None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            raise CribtraceError(f"{path}, line {number} is no JSON: `--json` makes it") from None
        if not isinstance(entry, dict):
            raise CribtraceError(f"{path}, line {number} is no JSON object: write one a line")
        yield number, entry


def joined(told: list[tuple[float, dict]]) -> list[Found]:
    """Events as a reader sees them: what was cut put together again, and bouts across gaps."""
    found: list[Found] = []
    for told_s, line in told:
        one = Found(line["onset_s"], line["duration_s"], line["kind"], told_s, line["rate_hz"])
        if found and _continues(found[-1], one, line):
            found[-1] = _both(found[-1], one)
        else:
            found.append(one)
    return found


def _continues(last: Found, one: Found, line: dict) -> bool:
    regular = one.kind in ("rhythmic_bout", "rhythmic_large") and one.kind == last.kind
    apart_s = one.onset_s - last.end_s
    return apart_s <= patterns.BOUT_GAP_S and (regular or line["why"].get("joined"))


def _both(last: Found, one: Found) -> Found:
    longer = max((last, one), key=lambda piece: piece.duration_s if piece.rate_hz else 0)
    until_s = max(last.end_s, one.end_s)
    kind, told_s = last.kind, one.told_s
    return Found(last.onset_s, until_s - last.onset_s, kind, told_s, longer.rate_hz)
