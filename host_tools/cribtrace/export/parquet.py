"""One table as Parquet, typed, with units and meanings in its schema."""

import itertools
from collections.abc import Iterable, Sequence
from typing import IO

from cribtrace.columns import FLAG, MOMENT, REAL, TEXT, WHOLE, Column
from cribtrace.errors import CribtraceError, pip_line
from cribtrace.export.text import plain

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:
    raise CribtraceError(
        "the format parquet needs pyarrow: " + pip_line("cribtrace[export]")
    ) from None

_BATCH = 1 << 16  # rows
_KINDS = {
    TEXT: pa.string(),
    WHOLE: pa.int64(),
    REAL: pa.float64(),
    FLAG: pa.bool_(),
    MOMENT: pa.timestamp("us", tz="UTC"),
}


def write(
    file: IO[bytes], columns: Sequence[Column], rows: Iterable[dict], about: dict[str, str]
) -> None:
    """Write a table; `about` becomes metadata of the file, each meaning of its column."""
    fields = [
        pa.field(column.name, _KINDS[column.kind], metadata={"meaning": column.meaning})
        for column in columns
    ]
    schema = pa.schema(fields, metadata={f"cribtrace.{key}": about[key] for key in about})
    ahead = iter(rows)
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(itertools.islice(ahead, _BATCH)):
            writer.write_table(_table(batch, columns, schema))


def _table(rows: list[dict], columns: Sequence[Column], schema: pa.Schema) -> pa.Table:
    arrays = [
        pa.array([_value(row[column.name], column.kind) for row in rows], _KINDS[column.kind])
        for column in columns
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _value(value, kind: str):
    if value is None:
        return None
    if kind == MOMENT:
        return round(value * 1e6)
    return plain(value) if kind == TEXT else value
