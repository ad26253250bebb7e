"""Nights that are kept: what comes into a library, how it changes, and who can read it."""

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from datetime import date, datetime, timezone

import duckdb
import polars
import pyarrow.parquet as pq
import pytest

from cribtrace import anchors, cli, logfile, night_summary, scenario
from cribtrace.analysis import read_night
from cribtrace.boots import in_a_row
from cribtrace.device import records
from cribtrace.errors import CribtraceError, Damaged, Usage
from cribtrace.library import adding, backup, parquet, preparing, reading, store, summaries
from cribtrace.library.store import Library
from cribtrace.library.tables import TABLES
from cribtrace.nights import choose
from tests.support import library_table, logged
from tests.support.example_night import empty
from tests.support.night_log import DEVICE, write_boot, write_nights
from tests.unit.test_cli import Terminal

UTC = timezone.utc
FIRST = datetime(2026, 6, 1, 20)
SECOND = datetime(2026, 6, 2, 21)
JUNE_1, JUNE_2 = date(2026, 6, 1), date(2026, 6, 2)
OFTEN, SELDOM = [120.0 * k for k in range(2, 88)], [600.0 * k for k in range(1, 13)]


@pytest.fixture
def log(tmp_path):
    return write_nights(tmp_path / "log", (FIRST, 3.0, OFTEN), (SECOND, 3.5, SELDOM))


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path / "library")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A library of two nights that no test changes."""
    folder = tmp_path_factory.mktemp("filled")
    log = write_nights(folder / "log", (FIRST, 3.0, OFTEN), (SECOND, 3.5, SELDOM))
    library = Library(folder / "library")
    adding.add(library, log, UTC, "attic")
    return library


def everything(library):
    """Each file of the library by its name, as bytes."""
    return {
        path.relative_to(library.folder).as_posix(): path.read_bytes()
        for path in sorted(library.folder.glob("[!.]*/**/*.parquet"))
    }


def test_a_log_s_nights_come_in_as_they_are_read(log, library):
    added = adding.add(library, log, UTC, "attic")
    assert (added.device, added.new) == (DEVICE.hex(), [JUNE_1, JUNE_2])
    assert library.nights() == [(DEVICE.hex(), JUNE_1), (DEVICE.hex(), JUNE_2)]
    whole = read_night(log)
    for row, of in zip(reading.nights(library), (JUNE_1, JUNE_2), strict=True):
        night = choose(whole, UTC, of)
        assert (row["night"], row["crib"], row["hours"]) == (of, "attic", night.summary["hours"])
        assert {k: row[k] for k in night.summary["counts"]} == night.summary["counts"]
        assert row["asleep_h"] > 1
        assert row["covered_h"] == pytest.approx(night.summary["coverage"] * row["hours"])
        assert row["twitch"] == len(night.events) >= row["twitch_asleep"] > 0


def test_a_night_has_the_figures_that_its_report_tells(filled, log):
    whole = read_night(log)
    for row, of in zip(reading.nights(filled), (JUNE_1, JUNE_2), strict=True):
        kept = summaries.summary_of(row, UTC).plain()
        told = night_summary.of_night(choose(whole, UTC, of)).plain()
        assert kept.pop("counts") == told.pop("counts")
        assert kept.pop("smallest_mg") == pytest.approx(told.pop("smallest_mg"))
        assert kept == pytest.approx(told)
        assert kept["config_crc"]
    assert kept["still_s"] > 0


def test_a_kind_that_reports_leave_out_is_counted_here():
    lines = [{"kind": "fast_oscillation", "onset_s": at, "duration_s": 2.0} for at in (5.0, 900.0)]
    likely = [{"state": "asleep_likely", "onset_s": 0.0, "duration_s": 600.0}]
    night = empty(events=lines, likely=likely)
    told = summaries.columns(night_summary.of_night(night), night_summary.unlisted(night))
    assert told["fast_oscillation"] == 2
    assert (told["fast_oscillation_asleep"], told["fast_oscillation_s"]) == (1, 4.0)
    assert told["twitch"] == 0


def test_waveforms_are_read_for_the_nights_that_take_them(tmp_path):
    (tmp_path / "log").mkdir()
    log = logged.log(scenario.generate("ten_minutes", 3), tmp_path / "log")
    segments = logfile.read(log, outline=True)
    boots = list(in_a_row(segments))
    names, waves = (
        frozenset(name for row in adding._names(segments, of).values() for name in row)
        for of in (records.FACTS, records.WAVEFORMS)
    )
    assert names and waves and not names & waves
    task = preparing.Task(log, names, waves, boots, [], anchors.clocks(boots), UTC, [], tmp_path)
    (facts, without), (both, whole) = (
        preparing._lived(task, waveforms=wanted) for wanted in (False, True)
    )
    assert not without.snippets
    assert whole.snippets.keys() == read_night(log).snippets.keys() != set()
    assert [len(b.records) for b in facts] == [len(b.records) for b in both]


@pytest.mark.parametrize("takes", [False, True])
def test_whether_a_night_takes_waveforms_is_asked_first(log, library, monkeypatch, takes):
    read = []
    lived = preparing._lived
    monkeypatch.setattr(preparing, "takes_waveforms", lambda *_: takes)
    monkeypatch.setattr(
        preparing, "_lived",
        lambda task, waveforms: read.append(waveforms) or lived(task, waveforms=waveforms),
    )  # fmt: skip
    adding.add(library, log, UTC)
    assert read == [False, True] * 2 if takes else [False] * 2


@pytest.mark.parametrize("table", TABLES)
def test_others_read_a_table_as_it_is(filled, table):
    """DuckDB and polars, neither of which wrote it, see one table with hive partitions."""
    folder = filled.folder / table
    sql = f"SELECT * FROM read_parquet('{folder}/**/*.parquet', hive_partitioning=true)"
    asked = duckdb.sql(sql)
    seen = polars.scan_parquet(folder, hive_partitioning=True).collect()
    ours = parquet.dataset(filled.folder, table, filled.files(table)).to_table()
    names = [column.name for column in TABLES[table]] + ["device", "night"]
    assert asked.columns == seen.columns == ours.column_names == names
    assert len(asked.to_arrow_table()) == len(seen) == ours.num_rows
    if ours.num_rows:
        assert set(seen["device"]) == {DEVICE.hex()}
        assert set(map(str, seen["night"])) <= {"2026-06-01", "2026-06-02"}


def test_rows_are_those_of_a_dataset_and_of_files_that_something_else_wrote(filled, tmp_path):
    library = Library(shutil.copytree(filled.folder, tmp_path / "copy"))
    files = library.files("nights")
    own = parquet.rows(library.folder, "nights", files)
    theirs = parquet.dataset(library.folder, "nights", files).to_table().to_pylist()
    assert list(map(list, own)) == list(map(list, theirs)) and own == theirs
    assert parquet._own("nights", files) == own
    whole = pq.ParquetFile(files[0]).read()
    pq.write_table(whole.drop(["tags"]).append_column("more", [["x"]]), files[0])
    assert parquet._own("nights", files) is None
    assert parquet.rows(library.folder, "nights", files) == [{**own[0], "tags": None}, own[1]]


def test_the_rows_are_the_lines(filled, log):
    night = choose(read_night(log), UTC, JUNE_1)
    (path,) = filled.files("events")[:1]
    rows = pq.read_table(path, partitioning=None).to_pylist()
    assert [row["onset_s"] for row in rows] == [e["onset_s"] for e in night.events]
    assert [row["margin"] for row in rows] == [e["why"]["margin"] for e in night.events]
    assert rows[0]["utc"] == datetime.fromisoformat(night.events[0]["utc"].replace("Z", "+00:00"))
    assert [row["state"] for row in rows] == [
        night.contexts[k]["state"] for k in range(len(night.events))
    ]
    epochs = pq.read_table(filled.files("epochs")[0], partitioning=None).to_pylist()
    assert [row["levels"] for row in epochs] == [e["levels"] for e in night.epochs]


def test_the_same_log_again_changes_nothing(log, library):
    adding.add(library, log, UTC)
    before = everything(library)
    added = adding.add(library, log, UTC)
    assert (added.new, added.updated, added.same) == ([], [], [JUNE_1, JUNE_2])
    assert everything(library) == before


def test_a_night_that_a_later_pull_made_longer_is_updated(tmp_path, library):
    adding.add(library, write_nights(tmp_path / "a", (FIRST, 3.0, OFTEN)), UTC, "attic")
    longer = write_nights(tmp_path / "b", (FIRST, 4.0, [*OFTEN, 13_000.0]), (SECOND, 3.5, SELDOM))
    added = adding.add(library, longer, UTC)
    assert (added.new, added.updated, added.crib) == ([JUNE_2], [JUNE_1], "attic")
    assert [row["hours"] for row in reading.nights(library)] == [4.0, 3.5]
    assert len(library.files("events")) == 2


def test_a_log_that_tells_less_of_a_night_leaves_it(tmp_path, library):
    adding.add(library, write_nights(tmp_path / "a", (FIRST, 4.0, OFTEN)), UTC)
    before = everything(library)
    shorter = write_nights(tmp_path / "b", (FIRST, 3.0, OFTEN))
    assert adding.add(library, shorter, UTC).kept == [JUNE_1]
    assert everything(library) == before
    assert adding.add(library, shorter, UTC, take_less=True).updated == [JUNE_1]
    assert reading.nights(library)[0]["hours"] == 3.0


def test_a_night_keeps_its_crib_unless_it_is_to_be_renamed(tmp_path, library):
    adding.add(library, write_nights(tmp_path / "a", (FIRST, 3.0, OFTEN)), UTC, "attic")
    both = write_nights(tmp_path / "b", (FIRST, 3.0, OFTEN), (SECOND, 3.5, SELDOM))
    added = adding.add(library, both, UTC, "cellar")
    assert [row["crib"] for row in reading.nights(library)] == ["attic", "cellar"]
    assert (added.new, added.elsewhere) == ([JUNE_2], [JUNE_1])
    assert adding.add(library, both, UTC).new == [] and len(reading.cribs(library)) == 2
    assert adding.add(library, both, UTC, "cellar", rename=True).updated == [JUNE_1]
    assert [row["crib"] for row in reading.nights(library)] == ["cellar", "cellar"]


@pytest.mark.parametrize(("named", "told"), [
    ("Europe/Berlin", "Europe/Berlin"), (":UTC", "UTC"), ("ABC-5:30", "+05:30"),
])  # fmt: skip
def test_this_machines_zone_is_kept_by_its_name(in_zone, named, told):
    in_zone(named)
    assert adding.zone_name(None) == told


def test_the_zone_of_localtime_is_kept_by_its_name(monkeypatch):
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(os.path, "realpath", lambda *_, **__: "/usr/share/zoneinfo/Asia/Tokyo")
    assert adding.zone_name(None) == "Asia/Tokyo"
    assert adding.zone_name(UTC) == "UTC"


def test_injected_input_never_comes_in(tmp_path, library):
    log = write_nights(tmp_path / "a", (FIRST, 3.0, OFTEN), sensor=b"injected")
    with pytest.raises(CribtraceError, match="boot 1 is no night: a host played a file"):
        adding.add(library, log, UTC)
    assert not library.exists or library.nights() == []
    log = write_nights(
        tmp_path / "b", (FIRST, 3.0, OFTEN), (SECOND, 3.5, SELDOM, {"sensor": b"injected"})
    )
    added = adding.add(library, log, UTC)
    assert added.new == [JUNE_1]
    assert added.refused == ["boot 2 is no night: a host played a file in its sensor's place"]


def test_a_night_without_a_known_time_is_refused_with_the_reason(tmp_path, library):
    path = tmp_path / "log"
    from cribtrace.device import records
    from tests.support.peer import record

    write_boot(path, [record(records.BOOT, 0, 0, (1, 1))], 1)
    with pytest.raises(CribtraceError, match=r"nobody knows the time .*--started"):
        adding.add(library, path, UTC)


def test_what_stays_out_is_told_with_its_hours(tmp_path, library, capsys):
    nap, desk = datetime(2026, 6, 2, 13), datetime(2026, 6, 2, 18)
    again = datetime(2026, 6, 2, 14, 30)
    log = write_nights(tmp_path / "log", (FIRST, 3.0, OFTEN), (nap, 1.0, []), (again, 0.75, []),
                       (desk, 0.05, []))  # fmt: skip
    words = ["library", "add", str(log), "--zone", "UTC", "--library", str(library.folder)]
    assert cli.run(words) == 0
    told = "stays out: naps: 2 times, 1 h 45 min; time at a desk: 3 min"
    assert told in capsys.readouterr().err
    alone = write_nights(tmp_path / "nap", (nap, 1.0, []))
    with pytest.raises(CribtraceError, match="nothing came into the library: naps: 1 h"):
        adding.add(library, alone, UTC)


def test_two_boots_in_one_night_are_one_night(tmp_path, library):
    log = write_nights(
        tmp_path / "log", (FIRST, 3.0, OFTEN), (datetime(2026, 6, 2, 1), 3.0, SELDOM)
    )
    assert adding.add(library, log, UTC).new == [JUNE_1]
    (row,) = reading.nights(library)
    assert (row["boots"], row["twitch"]) == (2, len(OFTEN) + len(SELDOM))


def test_every_night_of_a_virtual_board_has_its_events(tmp_path, library):
    """It ends where its recording did: of each boot, wherever in the log that lies."""
    log = write_nights(tmp_path / "log", (FIRST, 3.0, OFTEN), (SECOND, 3.5, OFTEN),
                       recording_frames=3 * 3600 * 104)  # fmt: skip
    adding.add(library, log, UTC)
    for row in reading.nights(library):
        assert (row["twitch"], row["simulated"]) == (len(OFTEN), True)


def test_several_processes_give_what_one_does(tmp_path):
    begins = [datetime(2026, 6, day, 20) for day in range(1, 17)]
    log = write_nights(tmp_path / "log", *[(at, 3.0, SELDOM) for at in begins])
    found = []
    for jobs in (1, 2):
        library = Library(tmp_path / f"by{jobs}")
        added = adding.add(library, log, UTC, jobs=jobs)
        assert len(added.new) == 16
        rows = [parquet.rows(library.folder, t, library.files(t)) for t in TABLES]
        found.append([{**row, "added": None} for of_table in rows for row in of_table])
    assert found[0] == found[1]


def test_a_change_of_settings_within_a_night_is_said(tmp_path, library):
    log = write_nights(
        tmp_path / "log",
        (FIRST, 3.0, OFTEN),
        (datetime(2026, 6, 2, 1), 3.0, SELDOM, {"settings": {"ring_ms": 120}}),
        (SECOND, 3.0, SELDOM, {"settings": {"ring_ms": 120}}),
    )
    adding.add(library, log, UTC)
    assert [(r["changed"], r["ring_ms"]) for r in reading.nights(library)] == [
        (True, 0), (False, 120),
    ]  # fmt: skip


class PowerCut(BaseException):
    """Nothing that the library catches."""


def test_a_cut_at_any_rename_leaves_the_old_or_the_new(tmp_path, monkeypatch):
    """Every `os.replace`, `rename` and `unlink` of a change in turn is the last that happens."""
    begin = Library(tmp_path / "begin")
    adding.add(begin, write_nights(tmp_path / "a", (FIRST, 3.0, OFTEN)), UTC)
    old = everything(begin)
    longer = write_nights(tmp_path / "b", (FIRST, 4.0, OFTEN), (SECOND, 3.5, SELDOM))
    when = datetime(2026, 7, 1, tzinfo=UTC)
    now = type("At", (), {"now": staticmethod(lambda _: when)})
    monkeypatch.setattr(preparing, "datetime", now)
    end = Library(tmp_path / "end")
    shutil.copytree(begin.folder, end.folder)
    adding.add(end, longer, UTC)
    new = everything(end)
    seen = []
    for after in range(40):
        folder = tmp_path / f"cut{after}"
        shutil.copytree(begin.folder, folder)
        done = 0

        def counted(call, limit=after):
            def run(*args, **kwargs):
                nonlocal done
                if done == limit:
                    raise PowerCut
                done += 1
                return call(*args, **kwargs)

            return run

        with monkeypatch.context() as patch:
            for name in ("replace", "rename", "unlink"):
                patch.setattr(os, name, counted(getattr(os, name)))
            # What a power cut would leave: no clean-up behind it.
            patch.setattr(shutil, "rmtree", lambda *_, **__: None)
            try:
                adding.add(Library(folder), longer, UTC)
                done = None
            except PowerCut:
                pass
        library = Library(folder)
        library.recover()
        assert everything(library) in (old, new), after
        seen.append(everything(library) == new)
        if done is None:
            break
    assert seen[0] is False and seen[-1] is True and sorted(seen) == seen
    assert len(seen) > 2 * len(TABLES)


def test_what_fails_on_the_way_changes_nothing(log, library, monkeypatch):
    monkeypatch.setattr(parquet.pq, "write_table", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        adding.add(library, log, UTC)
    assert everything(library) == {} and not (library.folder / ".staged").exists()


def test_two_at_once_are_told_of_each_other(log, library):
    with library.changing(), pytest.raises(CribtraceError, match="another cribtrace is changing"):
        adding.add(Library(library.folder), log, UTC)


def test_a_deleted_night_is_gone_from_every_table(log, library):
    adding.add(library, log, UTC)
    with library.changing() as change:
        change.delete((DEVICE.hex(), JUNE_1))
    assert library.nights() == [(DEVICE.hex(), JUNE_2)]
    assert not [path for path in library.folder.rglob("*") if "2026-06-01" in path.name]
    assert len(everything(library)) == len(TABLES)


def test_a_backup_comes_back_as_it_was(filled, tmp_path, library):
    file = tmp_path / "nights.zip"
    assert backup.backup(filled, file) == 2
    assert backup.restore(library, file) == 2
    assert everything(library) == everything(filled)


def test_a_restore_leaves_other_nights(filled, tmp_path, library):
    backup.backup(filled, tmp_path / "nights.zip")
    third = write_nights(tmp_path / "c", (datetime(2026, 6, 9, 20), 3.0, SELDOM))
    adding.add(library, third, UTC)
    backup.restore(library, tmp_path / "nights.zip")
    assert [of for _, of in library.nights()] == [JUNE_1, JUNE_2, date(2026, 6, 9)]


def test_a_backup_goes_over_no_other_file_and_into_no_folder(filled, tmp_path, library):
    file = tmp_path / "nights.zip"
    file.write_text("another")
    with pytest.raises(Usage, match="--overwrite"):
        backup.backup(filled, file)
    assert file.read_text() == "another"
    assert backup.backup(filled, file, overwrite=True) == 2
    assert len(backup.nights_in(file)) == 2
    with pytest.raises(Usage, match="name the file to write"):
        backup.backup(filled, tmp_path, overwrite=True)
    with pytest.raises(Usage, match="library backup FILE"):
        backup.restore(library, tmp_path)
    assert not library.folder.exists()


def cut_short(file):
    file.write_bytes(file.read_bytes()[:-2000])


def one_byte_wrong(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def rewritten(keep, more=()):
    def spoil(file):
        with zipfile.ZipFile(file) as packed:
            kept = {n: packed.read(n) for n in packed.namelist() if keep(n)}
        with zipfile.ZipFile(file, "w") as packed:
            for name, content in {**kept, **dict(more)}.items():
                packed.writestr(name, content)

    return spoil


NIGHT_1 = f"device={DEVICE.hex()}/night=2026-06-01"
SPOILT = {
    "cut short": cut_short,
    "a byte": one_byte_wrong,
    "a table is missing": rewritten(lambda name: not name.startswith("gaps/")),
    "outside": rewritten(bool, {"../../outside.parquet": b"x"}.items()),
    "no Parquet": rewritten(bool, {f"gaps/{NIGHT_1}/gaps.parquet": b"x"}.items()),
    "another table's": rewritten(
        lambda name: "events" not in name or "06-01" not in name,
        {f"events/{NIGHT_1}/events.parquet": b"PAR1"}.items(),
    ),
    "a newer format": rewritten(bool, {"library.json": b'{"format": 9}'}.items()),
    "no zip": lambda file: file.write_bytes(b"nothing"),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_backup_is_named_and_changes_nothing(filled, tmp_path, library, spoil):
    file = tmp_path / "nights.zip"
    backup.backup(filled, file)
    third = write_nights(tmp_path / "c", (FIRST, 5.0, SELDOM))
    adding.add(library, third, UTC)
    before = everything(library)
    spoil(file)
    with pytest.raises(Damaged, match=r"nothing was restored|cannot be read|other columns"):
        backup.restore(library, file)
    assert everything(library) == before
    assert not (tmp_path / "outside.parquet").exists()


def test_a_folder_of_other_things_is_no_library(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(CribtraceError, match="other things than a library"):
        Library(tmp_path / "photos")


def test_a_later_format_is_refused(library):
    library.folder.mkdir()
    (library.folder / "library.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(CribtraceError, match="format 99"):
        Library(library.folder)


def test_names_that_are_no_night_of_a_table():
    good = f"events/{NIGHT_1}/events.parquet"
    assert store.night_of(good) == ("events", (DEVICE.hex(), JUNE_1))
    for bad in (good.replace("06-01", "06-31"), good.replace("events", "others"),
                f"events/{NIGHT_1}/gaps.parquet", "../" + good, "/" + good,
                good.replace(DEVICE.hex(), "x" * 16)):  # fmt: skip
        assert store.night_of(bad) is None, bad


def test_of_an_earlier_format_the_logs_are_read_again(library):
    library.folder.mkdir()
    (library.folder / "library.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(CribtraceError, match=r"format 1, .*`cribtrace library add` each log"):
        Library(library.folder)


def test_a_library_s_nights_stand_beside_a_report_each_once(filled, tmp_path, capsys):
    log = write_nights(tmp_path / "log", (SECOND, 3.5, SELDOM))
    for words, nights in (((), 0), (("--library", str(filled.folder)), 1)):
        _, out, err = run(capsys, "report", str(log), "--zone", "UTC", "--format", "json", *words)
        assert json.loads(out)["previous"]["nights"] == nights, err
    both = write_nights(tmp_path / "both", (FIRST, 3.0, OFTEN), (SECOND, 3.5, SELDOM))
    _, out, _ = run(capsys, "report", str(both), "--zone", "UTC", "--format", "json", *words)
    assert json.loads(out)["previous"]["nights"] == 1


def test_a_library_that_nobody_named_keeps_no_report_from_being_made(
    tmp_path, log, capsys, monkeypatch
):
    monkeypatch.setattr(store, "default_folder", lambda: tmp_path / "kept")
    words = ("report", str(log), "--format", "text")
    assert run(capsys, *words)[0] == 0
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "library.json").write_text(json.dumps({"format": 99}))
    code, out, err = run(capsys, *words)
    assert code == 0 and out
    assert "the library's nights are not told beside it: " in err
    code, out, err = run(capsys, *words, "--library", str(tmp_path / "kept"))
    assert (code, out) == (1, "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, err = run(capsys, *words)
    assert (code, "not told" in err) == (0, False), "without pyarrow there is none to tell of"


def test_nights_before_another_with_their_rates(filled):
    (row,) = reading.previous(JUNE_2, crib="attic", library=filled)
    assert row["night"] == JUNE_1
    assert row["rates"]["twitch"] == pytest.approx(row["twitch"] / row["covered_h"])
    asleep = row["twitch_asleep"] / row["asleep_h"]
    assert row["rates"]["twitch_asleep"] == pytest.approx(asleep)
    assert reading.previous(JUNE_1, crib="attic", library=filled) == []
    assert reading.previous(JUNE_2, device="0" * 16, library=filled) == []


def test_no_rate_below_two_hours():
    assert reading.rate({"asleep_h": 1.99}, 4, "asleep_h") is None
    assert reading.rate({"asleep_h": 2.0}, 4, "asleep_h") == 2.0


def run(capsys, *words):
    code = cli.run(words)
    out, err = capsys.readouterr()
    return code, out, err


def test_the_commands(log, tmp_path, capsys, monkeypatch):
    at = ("--library", str(tmp_path / "kept"))
    code, out, err = run(capsys, "library", "list", *at)
    assert code == 1 and out == "" and "is no library" in err
    code, out, _ = run(capsys, "library", "add", str(log), "--crib", "attic", "--zone", "UTC",
                       *at, "--json")  # fmt: skip
    line = json.loads(out)
    assert code == 0 and (line["new"], line["crib"]) == (["2026-06-01", "2026-06-02"], "attic")
    code, out, _ = run(capsys, "library", "list", *at)
    assert code == 0 and out.count("crib=attic") == 2 and "night=2026-06-02" in out
    code, _, err = run(capsys, "library", "backup", str(tmp_path / "b.zip"), *at)
    assert code == 0
    code, out, err = run(capsys, "library", "delete", "2026-06-01", "--yes", *at)
    assert code == 0 and "2026-06-01" in out
    code, _, err = run(capsys, "library", "delete", "2026-06-01", "--yes", *at)
    assert code == 2 and "no night of 2026-06-01" in err and "2026-06-02" in err
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, _, err = run(capsys, "library", "restore", str(tmp_path / "b.zip"), *at)
    assert code == 130 and "replace 1 night of" in err
    code, out, _ = run(capsys, "library", "restore", str(tmp_path / "b.zip"), "--yes", *at)
    assert code == 0 and "nights=2 replaced=1" in out
    assert len(Library(tmp_path / "kept").nights()) == 2


def test_faults_of_a_log_are_named_and_its_nights_come_in(log, tmp_path, capsys):
    last = sorted(log.glob("*.crib"))[-1]
    last.write_bytes(last.read_bytes()[:-5])
    code, out, err = run(capsys, "library", "add", str(log), "--zone", "UTC", "--library",
                         str(tmp_path / "kept"))  # fmt: skip
    assert code == 3 and "ends within a record" in err and "new=" in out


@pytest.mark.parametrize(("words", "what"), [
    (["trend", "--format", "text"], "reading"), (["trend", "--overwrite"], "drawing"),
    (["query", "SELECT night FROM nights ORDER BY night"], "asking"),
    (["library", "backup", "b.zip", "--overwrite"], "backing up"),
])  # fmt: skip
def test_what_takes_long_is_seen_on_a_terminal(filled, capsys, monkeypatch, tmp_path, words, what):
    monkeypatch.chdir(tmp_path)
    words = [*words, "--library", str(filled.folder)]
    code, off, err = run(capsys, *words)
    assert code == 0 and what not in err
    seen = Terminal()
    monkeypatch.setattr("sys.stderr", seen)
    monkeypatch.setenv("TERM", "xterm")
    assert run(capsys, *words)[:2] == (0, off)
    assert what in seen.getvalue() and seen.getvalue().count("\x1b[2K")


def test_the_list_is_a_table_on_a_terminal(filled, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    _, out, _ = run(capsys, "library", "list", "--library", str(filled.folder))
    head, first, second = (line.split() for line in out.splitlines())
    assert head[:6] == ["night", "crib", "device", "hours", "covered_h", "asleep_h"]
    assert first[:4] == ["2026-06-01", "attic", DEVICE.hex(), "3.0"] and second[3] == "3.5"
    assert all(len(value) <= 5 for value in first[3:6] + second[3:6])


def test_a_note_says_how_it_comes_into_the_library(log, library, capsys, monkeypatch):
    monkeypatch.setenv("CRIBTRACE_LIBRARY", str(library.folder))
    monkeypatch.setenv("TZ", "UTC")
    noted = "note", str(log), "filmed", "--night", "2026-06-02"
    assert "library" not in run(capsys, *noted)[2] and not library.folder.exists()
    adding.add(library, log, UTC)
    code, _, err = run(capsys, *noted)
    assert code == 0 and f"`cribtrace library add {log}` brings its tags there" in err
    assert run(capsys, "library", "add", str(log), "--zone", "UTC")[0] == 0
    assert [row["tags"] for row in reading.nights(library)] == ["", "filmed"]
    with library.changing() as change:
        change.delete((DEVICE.hex(), JUNE_2))
    assert "library add" not in run(capsys, *noted)[2]


def test_of_two_boards_in_one_crib_a_night_is_deleted_by_its_device(tmp_path, capsys):
    at = ("--library", str(tmp_path / "library"))
    devices = []
    for k in (1, 2):
        log = write_nights(tmp_path / f"log{k}", (FIRST, 3.0, SELDOM), device=bytes([k] * 8))
        run(capsys, "library", "add", str(log), "--crib", "attic", "--zone", "UTC", *at)
        devices.append(f"{k:02x}" * 8)
    delete = ("library", "delete", "2026-06-01", "--yes", *at)
    code, _, err = run(capsys, *delete, "--crib", "attic")
    assert code == 2 and all(f"--device {device}" in err for device in devices)
    assert run(capsys, *delete, "--device", devices[0])[0] == 0
    assert Library(tmp_path / "library").nights() == [(devices[1], JUNE_1)]


@pytest.mark.parametrize("missing", ["pyarrow", "duckdb"])
def test_a_missing_extra_is_named_with_the_line_that_brings_it(filled, missing):
    program = (
        f"import sys; sys.modules['{missing}'] = None\n"
        "from cribtrace import cli\n"
        f"sys.exit(cli.run(['query', 'SELECT 1', '--library', {str(filled.folder)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install 'cribtrace[library]'" in done.stderr and done.stdout == ""


def test_no_other_command_imports_them(tmp_path):
    program = (
        "import sys\nfrom cribtrace import cli\ncli.run(['--help'])\ncli.run(['trend', '--help'])"
        "\nassert not {'pyarrow', 'duckdb', 'numpy'} & set(sys.modules), sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_shows_every_column():
    page = library_table.PAGE.read_text("utf-8")
    shown = page.split(library_table.BEGIN)[1].split(library_table.END)[0]
    assert shown.strip() == library_table.text().strip()


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with (
        pytest.raises(CribtraceError, match=r"cannot write to .*--library"),
        Library(tmp_path).changing(),
    ):
        pass
