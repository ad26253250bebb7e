"""SQL over a library, by DuckDB, which itself reaches no file and no network.

pyarrow reads the tables' files, those that lie in the library and nothing else, and DuckDB scans
what it gives. So DuckDB's own way to files can be shut altogether, and writing with it. Of SQL one
SELECT is let through.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from cribtrace.errors import CribtraceError, Usage, pip_line
from cribtrace.library import parquet
from cribtrace.library.store import Library
from cribtrace.library.tables import TABLES

try:
    import duckdb
    import pyarrow as pa
except ImportError:
    raise CribtraceError(
        "the library needs pyarrow and duckdb: " + pip_line("cribtrace[library]")
    ) from None

# Both chosen: far more than a thousand nights' counts need; rows that come at once.
_MEMORY, _ROWS = "1GB", 1000
_SHUT: dict[str, Any] = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",  # names in a query are no variables of this program
    "temp_directory": "",  # nothing is spilled beside the caller's files
    "memory_limit": _MEMORY,
}


class Answer(NamedTuple):
    """What a query gives: names of its columns, and its rows."""

    columns: list[str]
    rows: list[tuple]


class Asked:
    """A query that is being answered: names of its columns, and its rows, some at a time."""

    def __init__(self, columns: list[str], batches: Iterator[list[tuple]]):
        self.columns = columns
        self.batches = batches


def ask(library: Library, sql: str) -> Answer:
    """Answer one SELECT over the tables of docs/LIBRARY.md. Raises Usage for anything else."""
    with asking(library, sql) as asked:
        return Answer(asked.columns, [row for rows in asked.batches for row in rows])


@contextlib.contextmanager
def asking(library: Library, sql: str) -> Iterator[Asked]:
    """Answer one SELECT as `ask`, without ever holding all of its rows; Ctrl-C ends it."""
    with duckdb.connect(":memory:", config=_SHUT) as connection, _Apart(connection) as apart:
        for table in TABLES:
            found = parquet.dataset(library.folder, table, library.files(table))
            connection.register(table, found)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        reader = apart.run(lambda: _begun(connection, sql))
        yield Asked(reader.schema.names, _batches(apart, reader))


def _begun(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.RecordBatchReader:
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Usage("a query is one SELECT: the library is only read")
    try:
        answer = connection.sql(statements[0])
    except duckdb.BinderException as error:
        asked = [table for table in TABLES if re.search(rf"\b{table}\b", sql, re.IGNORECASE)]
        if "column" not in str(error) or not asked:
            raise
        told = (f"{table} has {', '.join(connection.table(table).columns)}" for table in asked)
        raise Usage(f"{_first_line(error)}: {'; '.join(told)}") from None
    if answer is None:
        raise Usage("a query is one SELECT: the library is only read")
    return answer.to_arrow_reader(_ROWS)


def _batches(apart: "_Apart", reader: pa.RecordBatchReader) -> Iterator[list[tuple]]:
    while rows := apart.run(lambda: _next(reader)):
        yield rows


def _next(reader: pa.RecordBatchReader) -> list[tuple]:
    """The next rows; none behind the last."""
    for batch in reader:
        if batch.num_rows:
            return _rows(batch)
    return []


def _rows(batch: pa.RecordBatch) -> list[tuple]:
    try:
        return list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    except (OverflowError, ValueError, pa.ArrowException) as error:
        raise Usage(
            f"the answer has a value that cannot be shown ({_first_line(error)}): cast its column"
            " with CAST(... AS VARCHAR)"
        ) from None


class _Apart:
    """DuckDB at work in another thread: in its own code it does not hear of Ctrl-C."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self._connection = connection
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> "_Apart":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def run(self, call: Callable[[], Any]) -> Any:
        """What `call` gives; Usage, with the tables, for what DuckDB finds wrong."""
        try:
            return self._thread.submit(call).result()
        except KeyboardInterrupt:
            self._connection.interrupt()
            raise
        except (duckdb.OutOfMemoryException, MemoryError):
            raise Usage(
                f"the query needs more than {_MEMORY} of memory: ask for fewer nights or columns"
            ) from None
        except duckdb.Error as error:
            raise Usage(f"{_first_line(error)}: the tables are {', '.join(TABLES)}") from None


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0].rstrip(".!")
