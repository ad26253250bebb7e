"""A log that takes no more: what still has a place, and who is told."""

import importlib
import os

import pytest

from cribtrace import logfile
from cribtrace.conversation import fields
from cribtrace.device import records
from tests.fuzz.requests import Board, app_on
from tests.unit.test_journal import Flash, booted, put, put_wave, segments

protocol = importlib.import_module("cribtrace.firmware.crib.protocol")
status = importlib.import_module("cribtrace.firmware.crib.status")
segments_ = importlib.import_module("cribtrace.firmware.crib.segments")
PIECE = bytes(range(1, 251)) * 4
ANCHOR = "7 1800000000 0 5 1 5 0"


@pytest.fixture
def flash(tmp_path, monkeypatch):
    folder = tmp_path / "log"
    folder.mkdir()
    flash = Flash(folder, 200)
    monkeypatch.setattr(os, "statvfs", flash)
    return flash


def filled(folder):
    """A folder in which facts of boot 1 that no host holds take all the room there is."""
    log = booted(folder)
    while not log.lost:
        put(log, PIECE, records.EPOCH)
    log.close()


def started(tmp_path):
    """The firmware, begun on a full log."""
    filled(tmp_path / "log")
    app = app_on(Board(), tmp_path)
    app.journal.flush()
    return app


def of_boot(folder, boot):
    found = [s for s in logfile.read(folder) if s.header["boot"] == boot]
    return [record["type"] for segment in found for record in segment.records]


def test_starts_on_a_full_log_are_told_and_numbered_on(tmp_path, flash):
    filled(tmp_path / "log")
    for boot in range(2, 6):
        log = booted(tmp_path / "log", boot)
        assert log.last_boot == boot - 1
        put(log, bytes((1, boot, 0, 0, 0)), records.BOOT)
        for _ in range(50):
            put(log, PIECE, records.EPOCH)
            put_wave(log, 900)
        put(log, b"door")
        log.close()
        assert log.lost == 100
        assert of_boot(tmp_path / "log", boot) == [records.BOOT, records.MARK]
    assert [s.verdict for s in logfile.read(tmp_path / "log")] == [logfile.COMPLETE] * len(
        segments(tmp_path / "log")
    )


def test_marks_alone_do_not_take_what_later_starts_need(tmp_path, flash):
    filled(tmp_path / "log")
    before = flash(None)[3]
    log = booted(tmp_path / "log", 2)
    for _ in range(500):
        put(log, PIECE)
    log.close()
    assert before - flash(None)[3] == 2 and log.lost > 480


def test_at_the_very_end_nothing_is_taken(tmp_path, flash):
    filled(tmp_path / "log")
    boots = range(2, 30)
    for boot in boots:
        log = booted(tmp_path / "log", boot)
        put(log, bytes((1, boot, 0, 0, 0)), records.BOOT)
        log.close()
    assert log.lost == 1
    assert flash(None)[3] * 100 // flash.blocks >= 5


def test_where_there_is_room_again_the_log_goes_on(tmp_path, flash):
    filled(tmp_path / "log")
    log = booted(tmp_path / "log", 2)
    put(log, bytes((1, 2, 0, 0, 0)), records.BOOT)
    put(log, PIECE, records.EPOCH)
    assert log.lost == 1
    log.shelf.ack(2)
    for _ in range(20):
        put(log, PIECE, records.EPOCH)
    log.close()
    assert log.lost == 1
    assert of_boot(tmp_path / "log", 2) == [records.BOOT] + [records.EPOCH] * 20


def test_info_on_a_full_log_tells_that_there_is_no_room(tmp_path, flash):
    app = started(tmp_path)
    for seconds in (10, 7200):
        app.clock.seconds = seconds
        told = fields(status.info(app))
        assert told["nights_left"] == "0"
    assert int(told["records_lost"]) > 0


def test_what_was_not_kept_is_not_confirmed(tmp_path, flash):
    app = started(tmp_path)
    assert app.answers.answer(1, "mark", "door") == "marked"
    with pytest.raises(protocol.Refused, match="log_full"):
        for _ in range(200):
            app.answers.answer(1, "mark", "door " * 20)
    with pytest.raises(protocol.Refused, match="log_full"):
        app.answers.answer(1, "time", ANCHOR)
    assert "frame=" in app.answers.answer(1, "time", "")


def test_after_the_end_no_anchor_is_confirmed(tmp_path):
    app = app_on(Board(), tmp_path)
    app.stop()
    with pytest.raises(protocol.Refused, match="stopped"):
        app.answers.answer(1, "time", ANCHOR)
    assert "frame=" in app.answers.answer(1, "time", "")


def test_a_full_log_can_be_wiped(tmp_path, flash):
    app = started(tmp_path)
    app.answers.answer(1, "flush", "")
    told = fields(app.answers.answer(1, "wipe", app.answers.nonce))
    assert int(told["deleted"]) > 10 and told["left"] == "0"
    app.journal.close()
    assert len(segments(tmp_path / "log")) == 2


def test_numbers_go_on_behind_a_wipe(tmp_path):
    for waves in (0, 3):
        folder = tmp_path / str(waves)
        folder.mkdir()
        app = app_on(Board(), folder)
        for _ in range(waves):
            put_wave(app.journal, 100)
        app.answers.answer(1, "flush", "")
        app.answers.answer(1, "wipe", app.answers.nonce)
        app.journal.close()
        log = app_on(Board(), folder).journal
        assert log.waveforms.next_seq == waves
        put_wave(log, 100)
        put(log)
        log.close()
        found = logfile.read(folder / "log")
        assert [s.verdict for s in found] == [logfile.COMPLETE] * 4
        assert [s.header["first_seq"] for s in found if s.header["stream"]] == [waves, waves]


def test_what_is_being_read_makes_no_room(tmp_path, flash):
    log = booted(tmp_path / "log")
    for _ in range(120):
        put_wave(log, 1000)
    log.close()
    oldest = log.shelf.closed_segments()[0]
    path = log.shelf.path(oldest)
    sent = []

    class Server:
        body = bytearray(1600)

        def send(self, kind, number, end):
            sent.append(bytes(self.body[:end]))

        def packet(self, *_):
            sent.append(b"")

    steps = segments_.packets(Server(), log.shelf, 1, path, oldest, 0, 8000)
    next(steps)
    while not log.lost:
        put(log, PIECE, records.EPOCH)
    assert os.path.exists(path) and not os.path.exists(
        f"{log.shelf.folder}/{oldest + 1:08d}w.crib"
    )
    assert len(list(steps)) > 3 and sent[-1] == b""
    log.shelf.when_full = 2
    put(log, PIECE, records.EPOCH)
    assert log.shelf.being_read == []
