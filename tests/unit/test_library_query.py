"""`cribtrace query`: what it answers, and that nothing but the library can be reached with it."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timezone

import pytest

from cribtrace import cli
from cribtrace.errors import CribtraceError, Usage
from cribtrace.library import adding, query, store
from cribtrace.library.store import Library
from tests.support.night_log import write_nights

MOVED = [120.0 * k for k in range(2, 88)]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    nights = [(datetime(2026, 6, day, 20), 3.0, MOVED[:day]) for day in (1, 2)]
    kept = Library(folder / "kept")
    adding.add(kept, write_nights(folder / "log", *nights), timezone.utc, "attic")
    (folder / "secret.csv").write_text("word\nconfidential\n")
    (folder / "kept" / "inside.csv").write_text("word\nconfidential\n")
    return kept


def test_an_answer(library):
    answer = query.ask(library, "SELECT night, twitch FROM nights ORDER BY night")
    assert answer.columns == ["night", "twitch"]
    assert [(str(night), count) for night, count in answer.rows] == [
        ("2026-06-01", 1), ("2026-06-02", 2),
    ]  # fmt: skip


def test_tables_are_joined_by_device_and_night(library):
    sql = """SELECT crib, count(*) FROM events JOIN nights USING (device, night)
             WHERE night = DATE '2026-06-02' GROUP BY crib"""
    assert query.ask(library, sql).rows == [("attic", 2)]


def test_an_empty_library_has_its_tables(tmp_path):
    assert query.ask(Library(tmp_path / "none"), "SELECT count(*) FROM gaps").rows == [(0,)]
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("sql", [
    "SELECT * FROM read_csv('{secret}')", "FROM '{secret}'", "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_csv('{inside}')", "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_blob('/etc/*')",
    "SELECT * FROM read_parquet('{inside}')", "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM glob('/etc/*')", "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM sniff_csv('{secret}')", "SELECT * FROM parquet_metadata('{secret}')",
    "SELECT * FROM read_csv('http://localhost:1/x.csv')", "FROM 'https://localhost:1/x.parquet'",
    "SELECT * FROM query('FROM read_text(''{secret}'')')",
    "SELECT * FROM query_table(['{secret}'])",
    "WITH x AS (SELECT * FROM read_text('{secret}')) SELECT * FROM x",
    "SELECT (SELECT content FROM read_text('{secret}'))", "SELECT getenv('HOME')",
    "SELECT * FROM duckdb_secrets()", "SELECT * FROM library", "SELECT * FROM sql",
    "SELECT * FROM import_database('{folder}')", "SELECT * FROM which_secret('{secret}', 's3')",
    "SELECT * FROM arrow_scan(0::POINTER, 0::POINTER, 0::POINTER)",
    "SELECT * FROM pandas_scan(0::POINTER)",
    "COPY nights TO '{out}'", "COPY (SELECT 1) TO '{out}' (FORMAT parquet)",
    "EXPORT DATABASE '{out}'", "IMPORT DATABASE '{folder}'", "ATTACH '{out}'", "ATTACH ':memory:'",
    "INSTALL httpfs", "LOAD httpfs", "FORCE INSTALL sqlite", "PRAGMA database_list",
    "PRAGMA enable_profiling='json'", "SET enable_external_access = true",
    "SET lock_configuration = false", "SET threads = 1", "RESET temp_directory",
    "SET VARIABLE a = 1", "CALL pragma_version()", "CREATE TABLE x AS SELECT 1",
    "CREATE MACRO x() AS TABLE FROM read_text('{secret}')", "CREATE SECRET (TYPE s3)",
    "DROP VIEW nights", "INSERT INTO nights VALUES (1)", "UPDATE nights SET crib = ''",
    "DELETE FROM nights", "CHECKPOINT", "VACUUM", "EXPLAIN ANALYZE COPY nights TO '{out}'",
    "PREPARE p AS COPY nights TO '{out}'", "EXECUTE p", "USE memory", "BEGIN",
    "SELECT 1; COPY nights TO '{out}'", "SELECT 1; SELECT 2", "", ";", "no SQL at all",
])  # fmt: skip
def test_there_is_no_way_out(library, tmp_path, monkeypatch, sql):
    monkeypatch.chdir(tmp_path)
    folder = library.folder.parent
    names = {"secret": folder / "secret.csv", "folder": folder, "out": tmp_path / "out",
             "inside": library.folder / "inside.csv"}  # fmt: skip
    for name, path in names.items():
        sql = sql.replace("{" + name + "}", str(path))
    with pytest.raises(Usage) as refused:
        query.ask(library, sql)
    assert "confidential" not in str(refused.value) and "root:" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_the_configuration_is_locked_and_shut(library):
    sql = """SELECT name, value FROM duckdb_settings() WHERE name IN ('enable_external_access',
             'lock_configuration', 'allow_community_extensions', 'autoload_known_extensions',
             'autoinstall_known_extensions', 'python_enable_replacements', 'temp_directory')"""
    assert dict(query.ask(library, sql).rows) == {
        "enable_external_access": "false", "lock_configuration": "true",
        "allow_community_extensions": "false", "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false", "python_enable_replacements": "false",
        "temp_directory": "",
    }  # fmt: skip


def linked_file(library, elsewhere):
    path = library.files("events")[0]
    moved = elsewhere / "events.parquet"
    os.replace(path, moved)
    path.symlink_to(moved)


def linked_folder(library, elsewhere):
    path = library.files("events")[0].parent
    os.replace(path, elsewhere / path.name)
    path.symlink_to(elsewhere / path.name, target_is_directory=True)


@pytest.mark.parametrize("linked", [linked_file, linked_folder])
def test_a_link_out_of_the_library_is_not_followed(tmp_path, linked):
    kept = Library(tmp_path / "kept")
    log = write_nights(tmp_path / "log", (datetime(2026, 6, 1, 20), 3.0, MOVED))
    adding.add(kept, log, timezone.utc)
    (tmp_path / "elsewhere").mkdir()
    linked(kept, tmp_path / "elsewhere")
    with pytest.raises(CribtraceError, match="leads out of the library"):
        query.ask(kept, "SELECT count(*) FROM events")


def test_a_library_behind_a_link_is_one(library, tmp_path):
    (tmp_path / "link").symlink_to(library.folder, target_is_directory=True)
    assert query.ask(Library(tmp_path / "link"), "SELECT count(*) FROM nights").rows == [(2,)]


def run(capsys, library, *words):
    code = cli.run(["query", *words, "--library", str(library.folder)])
    out, err = capsys.readouterr()
    return code, out, err


SQL = """SELECT night, begins, '=1+1' AS odd, twitch, covered_h, 1/0 AS none, 'NaN'::DOUBLE AS nan,
         [1, 2] AS listed, sum(twitch) OVER () AS all FROM nights ORDER BY night"""
ROW = {"night": "2026-06-01", "begins": "2026-06-01T20:00:00.000Z", "odd": "=1+1", "twitch": 1,
       "covered_h": 3.0, "none": None, "nan": None, "listed": [1, 2], "all": 3}  # fmt: skip


def test_jsonl(library, capsys):
    code, out, _ = run(capsys, library, SQL, "--format", "jsonl")
    assert code == 0 and json.loads(out.splitlines()[0]) == ROW and len(out.splitlines()) == 2


def test_json(library, capsys):
    _, out, _ = run(capsys, library, SQL, "--format", "json")
    assert json.loads(out)[0] == ROW


def test_csv_holds_no_formula(library, capsys):
    _, out, _ = run(capsys, library, SQL, "--format", "csv")
    (first, _) = csv.DictReader(io.StringIO(out))
    assert first["odd"] == "'=1+1" and first["night"] == "2026-06-01" and first["none"] == ""


def test_the_table_stands_in_columns(library, capsys):
    _, out, _ = run(capsys, library, "SELECT crib, twitch FROM nights ORDER BY night")
    assert out == "crib   twitch\nattic       1\nattic       2\n"


def test_a_text_cannot_move_the_cursor(library, capsys):
    _, out, _ = run(capsys, library, "SELECT 'a' || chr(27) || '[2Jb' AS text")
    assert out.splitlines()[1] == "a [2Jb"


def test_a_mistake_is_named_with_the_tables(library, capsys):
    code, out, err = run(capsys, library, "SELECT * FROM night")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and "night" in err and "nights, events" in err


@pytest.mark.parametrize("sql", ["SELECT peak FROM events", "SELECT e.peak FROM Events e"])
def test_a_wrong_column_is_named_with_those_of_its_table(library, capsys, sql):
    code, out, err = run(capsys, library, sql)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and "events has kind" in err and "peak_mg" in err
    assert "device, night" in err and "nights has" not in err


def test_a_table_wider_than_the_terminal_is_told_a_field_a_line(library, capsys, monkeypatch):
    sql = "SELECT crib, twitch FROM nights ORDER BY night"
    monkeypatch.setattr("cribtrace.cli.query._terminal_width", lambda: 13)
    assert run(capsys, library, sql)[1].startswith("crib   twitch\n")
    monkeypatch.setattr("cribtrace.cli.query._terminal_width", lambda: 12)
    assert run(capsys, library, sql)[1] == (
        "-- 1 --\ncrib    attic\ntwitch  1\n-- 2 --\ncrib    attic\ntwitch  2\n"
    )


@pytest.mark.parametrize("sql", [
    "SELECT night - INTERVAL 4000 YEAR FROM nights", "SELECT 'infinity'::TIMESTAMP",
    "FROM test_all_types()",
])  # fmt: skip
def test_a_value_that_python_does_not_know_is_named_with_the_cast(library, capsys, sql):
    code, _, err = run(capsys, library, sql)
    assert code == 2 and err.count("\n") == 1 and "VARCHAR" in err


def test_rows_come_as_they_are_found(library):
    sql = "SELECT range, range || 'x' AS text FROM range(100000000000)"
    with query.asking(library, sql) as asked:
        rows = next(asked.batches) + next(asked.batches)
    assert rows[-1][0] == len(rows) - 1 < 100_000


def test_what_needs_too_much_memory_says_so(library, capsys):
    code, _, err = run(capsys, library, "SELECT list(range) FROM range(1000000000)")
    assert code == 2 and "memory" in err and "fewer" in err


@pytest.mark.parametrize("sql", [
    "SELECT sum(sin(a.range * b.range)) FROM range(10000000) a, range(10000000) b",
    "SELECT range FROM range(100000000000)",
])  # fmt: skip
def test_ctrl_c_ends_a_query(library, sql):
    program = "import sys; from cribtrace import cli; sys.exit(cli.run(sys.argv[1:]))"
    words = ["query", sql, "--library", str(library.folder)]
    command = [sys.executable, "-c", program, *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as asked:
        with pytest.raises(subprocess.TimeoutExpired):
            asked.wait(3)
        asked.send_signal(signal.SIGINT)
        assert asked.communicate(timeout=20)[1] == b"cribtrace: interrupted\n"
        assert asked.returncode == 130


def test_json_refuses_two_columns_of_a_name(library, capsys):
    for form in ("json", "jsonl"):
        code, out, err = run(
            capsys, library, "SELECT crib, 1 AS crib FROM nights", "--format", form
        )
        assert (code, out) == (2, "") and "two columns are called crib" in err and "AS" in err
    code, out, _ = run(capsys, library, "SELECT 1 AS a, 2 AS a", "--format", "csv")
    assert (code, out) == (0, "a,a\n1,2\n")


def test_no_rows(library, capsys):
    none = "SELECT crib, night FROM nights WHERE crib = 'loft'"
    shown = {"table": "crib  night\n", "csv": "crib,night\n", "json": "[]\n", "jsonl": ""}
    for form, expected in shown.items():
        assert run(capsys, library, none, "--format", form)[:2] == (0, expected)


@pytest.mark.parametrize("words", [
    ["query", "SELECT 1"], ["trend"], ["library", "list"], ["library", "delete", "2026-06-01"],
    ["library", "backup", "nights.zip"],
])  # fmt: skip
def test_a_library_that_is_named_has_to_be_one(tmp_path, capsys, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    code = cli.run([*words, "--library", "librray"])
    out, err = capsys.readouterr()
    assert (code, out) == (1, "") and "librray is no library" in err and "--library" in err
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_is_not_there_yet_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("CRIBTRACE_LIBRARY", raising=False)
    monkeypatch.setattr(store, "default_folder", lambda: tmp_path / "none")
    assert cli.run(["query", "SELECT count(*) AS n FROM nights"]) == 0
    out, err = capsys.readouterr()
    assert out.split() == ["n", "0"] and "no library yet" in err and "library add" in err


def test_a_crib_that_is_not_there_is_one_error(library, capsys):
    said = []
    for words in (["library", "list", "--crib", "loft"], ["trend", "loft"]):
        code = cli.run([*words, "--library", str(library.folder)])
        said.append((code, *capsys.readouterr()))
    assert said[0] == said[1] and said[0][:2] == (1, "") and "it has attic" in said[0][2]
