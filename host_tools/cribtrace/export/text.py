"""Tables and lines as text: CSV that a spreadsheet can open, and JSON Lines."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO, Any

from cribtrace.columns import FLAG, MOMENT, TEXT, Column
from cribtrace.export.contents import moment

# A spreadsheet takes a text that begins so for a formula, and runs it. The wide ones are read as
# the narrow ones by some (OWASP, CSV Injection).
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BATCH_BYTES = 1 << 20


def neutral(text: str) -> str:
    """A text as a cell: an apostrophe before what a spreadsheet would run."""
    return "'" + text if text.startswith(FORMULAS) else text


def write_csv(file: IO[str], columns: Sequence[Column], rows: Iterable[dict]) -> None:
    """One table: a line of names, then a line a row; what nobody knows is empty."""
    batch = io.StringIO()
    writer = csv.writer(batch, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow([cell(row[column.name], column) for column in columns])
        if batch.tell() > _BATCH_BYTES:
            file.write(batch.getvalue())
            batch.seek(0)
            batch.truncate()
    file.write(batch.getvalue())


def cell(value: Any, column: Column) -> str | int | float:
    """A value as it stands in a CSV."""
    if value is None:
        return ""
    if column.kind == MOMENT:
        return stamp(moment(value))
    if column.kind == FLAG:
        return "true" if value else "false"
    return neutral(plain(value)) if column.kind == TEXT else value


def plain(value: Any) -> str:
    """A value of a text column: names of a list with commas between them, an object as JSON."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return json.dumps(value, allow_nan=False) if isinstance(value, dict) else str(value)


def stamp(at: datetime) -> str:
    """As `2026-01-02 21:40:12.345678`, UTC: what GGIR and pandas read without being told how."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def write_lines(file: IO[str], lines: Iterable[dict]) -> None:
    """JSON Lines: one object a line."""
    for line in lines:
        file.write(json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n")


def as_lines(columns: Sequence[Column], rows: Iterable[dict]) -> Iterable[dict]:
    """Rows of a table for JSON: a moment as ISO 8601."""
    moments = [column.name for column in columns if column.kind == MOMENT]
    for row in rows:
        at = {n: moment(row[n]).isoformat().replace("+00:00", "Z") for n in moments if row[n]}
        yield {**row, **at}
