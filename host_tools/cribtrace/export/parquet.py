"""One table as Parquet, typed, with units and meanings in its schema."""

from collections.abc import Iterable, Sequence
from typing import IO

from cribtrace.errors import CribtraceError
from cribtrace.export.columns import FLAG, MOMENT, REAL, TEXT, WHOLE, Column
from cribtrace.export.text import plain

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:
    raise CribtraceError(
        "the format parquet needs pyarrow: pip install 'cribtrace[export]'"
    ) from None

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
    listed = list(rows)
    fields = [
        pa.field(column.name, _KINDS[column.kind], metadata={"meaning": column.meaning})
        for column in columns
    ]
    schema = pa.schema(fields, metadata={f"cribtrace.{key}": about[key] for key in about})
    arrays = [
        pa.array([_value(row[column.name], column.kind) for row in listed], _KINDS[column.kind])
        for column in columns
    ]
    table = pa.Table.from_arrays(arrays, schema=schema)
    pq.write_table(table, file, compression="zstd")


def _value(value, kind: str):
    if value is None:
        return None
    if kind == MOMENT:
        return round(value * 1e6)
    return plain(value) if kind == TEXT else value
