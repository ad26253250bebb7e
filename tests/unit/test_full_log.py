"""A log that takes no more: what still has a place, and who is told."""

import importlib
import os
from types import SimpleNamespace

import pytest

from cribtrace import analysis, logfile
from cribtrace.conversation import fields
from cribtrace.device import records, request_line
from tests.fuzz.requests import Board, app_on
from tests.support.peer import record
from tests.unit.test_journal import Flash, booted, put, put_wave, segments
from tests.unit.test_two_streams import EPOCH_FRAMES, boot_record, epochs, packed, written

protocol = importlib.import_module("cribtrace.firmware.crib.protocol")
status = importlib.import_module("cribtrace.firmware.crib.status")
answers_ = importlib.import_module("cribtrace.firmware.crib.answers")
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
    assert request_line.answer(app.answers, 1, "mark", "door") == "marked"
    with pytest.raises(protocol.Refused, match="log_full"):
        for _ in range(200):
            request_line.answer(app.answers, 1, "mark", "door " * 20)
    with pytest.raises(protocol.Refused, match="log_full"):
        request_line.answer(app.answers, 1, "time", ANCHOR)
    assert "frame=" in request_line.answer(app.answers, 1, "time", "")


def test_after_the_end_no_anchor_is_confirmed(tmp_path):
    app = app_on(Board(), tmp_path)
    app.stop()
    with pytest.raises(protocol.Refused, match="stopped"):
        request_line.answer(app.answers, 1, "time", ANCHOR)
    assert "frame=" in request_line.answer(app.answers, 1, "time", "")


def test_a_full_log_can_be_wiped(tmp_path, flash):
    app = started(tmp_path)
    request_line.answer(app.answers, 1, "flush", "")
    told = fields(request_line.answer(app.answers, 1, "wipe", app.answers.nonce))
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
        request_line.answer(app.answers, 1, "flush", "")
        request_line.answer(app.answers, 1, "wipe", app.answers.nonce)
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
    path = f"{log.shelf.folder}/{oldest:08d}w.crib"
    sent = []

    class Server:
        body = bytearray(1600)

        def send(self, kind, number, end):
            sent.append(bytes(self.body[:end]))

        def packet(self, *_):
            sent.append(b"")

    answers = answers_.Answers(SimpleNamespace(server=Server()), log)
    steps = answers.segment_bytes(1, path, oldest, 0, 8000)
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


def recorder(seq, epoch, lost):
    """The board's counters at the end of that epoch."""
    fields = (0, 0, 9, lost, *[0] * 7, 0, 0, 1, 2500, *[0] * 8)
    return record(records.RECORDER, seq, epoch * EPOCH_FRAMES, fields)


def gaps(folder, *bodies):
    log = written(folder, {1: packed(1, 1, records.FACTS, [boot_record(0, 1), *bodies])})
    night = analysis.read_night(log)
    told = [(gap["onset_s"], gap["duration_s"], gap["reason"]) for gap in night.gaps]
    return told, night.faults, night.summary["coverage"]


def test_hours_that_a_full_log_says_nothing_of_are_a_gap(tmp_path):
    told, faults, coverage = gaps(tmp_path / "log", *epochs(1, 0, 10), recorder(11, 40, 55))
    assert told == [(300.0, 900.0, "log_full")]
    assert coverage == pytest.approx(0.25)
    assert faults == [
        "the log was full from 300 s on, for 900 s: pull sooner, so that the board may give up"
        " what is held; or see when_full"
    ]


def test_a_night_on_a_full_log_is_all_gap(tmp_path):
    told, _, coverage = gaps(tmp_path / "log", recorder(1, 20, 5), recorder(2, 1200, 999))
    assert told == [(0.0, 36_000.0, "log_full")] and coverage == 0


def test_where_there_was_room_again_the_gap_ends(tmp_path):
    more = recorder(5, 10, 33), *epochs(6, 10, 5), recorder(11, 15, 33)
    told, _, _ = gaps(tmp_path / "log", *epochs(1, 0, 4), *more)
    assert told == [(120.0, 180.0, "log_full")]


def test_a_log_that_took_all_facts_has_no_such_gap(tmp_path):
    """The epoch of the moment is not yet told; and what found no room may have been waveforms."""
    for lost in (0, 7):
        at = recorder(11, 10, lost)
        later = record(records.RECORDER, 11, 10 * EPOCH_FRAMES + 3000, (0, 0, 9, lost, *[0] * 19))
        for body in (at, later):
            told, faults, _ = gaps(tmp_path / f"{lost}{body[6]}", *epochs(1, 0, 10), body)
            assert told == [] and faults == []


def test_who_listens_hears_what_a_full_log_does_not_take(tmp_path, flash):
    filled(tmp_path / "log")
    log = booted(tmp_path / "log", 2)
    put(log, b"door")
    for kind in (records.EPOCH, records.EVENT):
        put(log, PIECE, kind, frame=0x01020304)
        head = bytes(log.body[: records.HEAD_BYTES])
        assert head[:2] == bytes((kind, records.VERSIONS[kind]))
        assert int.from_bytes(head[2:6], "little") == log.facts.next_seq
        assert int.from_bytes(head[6:], "little") == 0x01020304


def test_a_waveform_segment_that_could_still_grow_takes_no_room_from_facts(tmp_path, flash):
    """It may grow by eight blocks; facts are not left out for that."""
    log = booted(tmp_path / "log")
    put_wave(log, 900)
    while not log.lost:
        put(log, PIECE, records.EPOCH)
    kept = flash.blocks * 15 // 100
    assert kept <= flash(None)[3] < kept + 8 and not log.waveforms.file
