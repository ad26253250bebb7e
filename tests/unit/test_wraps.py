"""Counters that start just before they wrap: right order, right times."""

import importlib
import random
from types import SimpleNamespace

import pytest

from cribtrace import analysis, boots, logfile, missing
from cribtrace.conversation import fields
from cribtrace.device import detector, records, request_line, settings
from cribtrace.errors import CribtraceError
from tests.fuzz.requests import Board, app_on
from tests.unit.test_journal import booted, put, segments

clock = importlib.import_module("cribtrace.firmware.crib.clock")
ends = importlib.import_module("cribtrace.firmware.crib.ends")
TICKS = 1 << 30
WEEK_MS = 7 * 24 * 3600 * 1000
SEQUENCES = 1 << 32
WAVE = bytes(range(1, 101)) * 2


@pytest.mark.parametrize("start", [0, TICKS - 1, TICKS - 4_000, TICKS // 2 - 1, TICKS // 2])
def test_uptime_goes_on_over_every_wrap_of_the_ticks(start):
    board, rng = Board(start), random.Random(start)
    board.ticks_ms = lambda: board.now_ms
    counted, passed_ms = clock.Clock(board), 0
    while passed_ms < 5 * TICKS:
        step_ms = rng.choice((0, 1, 999, 60_000, 100_000_000, TICKS // 2 - 1))
        board.now_ms = (board.now_ms + step_ms) % TICKS
        passed_ms += step_ms
        counted.poll()
        assert counted.uptime_ms() == passed_ms
        assert counted.seconds == passed_ms // 1000


def interrupted(away_ms, start=TICKS - 500):
    """What a soft reset makes of a Ctrl-C that long ago."""
    board = Board(start)
    board.ticks_ms = lambda: board.now_ms
    board.reset_cause = lambda: "soft"
    ends.remember(board, "ctrl_c")
    board.now_ms = (board.now_ms + away_ms) % TICKS
    return ends.interruption(board, SimpleNamespace(last_boot=1))


def test_an_interruption_is_timed_over_a_wrap_and_never_negative():
    for away_ms in (0, 499, 500, 501, 3_600_000, TICKS // 2 - 1):
        assert interrupted(away_ms) == ("interrupted", away_ms)
    assert interrupted(WEEK_MS) == ("interrupted", records.UNKNOWN)


def near(folder, left: int):
    """A journal that has `left` sequence numbers before the wrap."""
    log = booted(folder)
    log.facts.next_seq = SEQUENCES - left
    return log


@pytest.mark.parametrize("left", range(1, 8))
def test_the_sequence_goes_on_over_its_wrap(tmp_path, left):
    log = near(tmp_path, left)
    put(log, bytes((1, 1, 0, 0, 0)), records.BOOT)
    for k in range(3):
        put(log, b"note %d" % k, frame=104 * k)
    log.close()
    for boot in (2, 3):
        log = booted(tmp_path, boot)
        assert log.last_boot == boot - 1
        put(log, bytes((1, boot, 0, 0, 0)), records.BOOT)
        put(log, b"of boot %d" % boot, frame=104)
        log.close()
    found = [
        record for path in segments(tmp_path) for record in logfile.read_segment(path).records
    ]
    assert [r["seq"] for r in found] == [(SEQUENCES - left + k) % SEQUENCES for k in range(8)]
    for path in segments(tmp_path):
        segment = logfile.read_segment(path)
        assert segment.faults == [] and segment.header
        assert segment.header["first_seq"] == segment.records[0]["seq"]
    night = analysis.read_night(tmp_path)
    assert night.faults == [] and night.gaps == []
    assert [mark["text"] for mark in night.marks] == [
        "note 0", "note 1", "note 2", "of boot 2", "of boot 3",
    ]  # fmt: skip
    times = [mark["t_s"] for mark in night.marks]
    assert times == sorted(times)
    assert night.summary["records_written"] == night.summary["records_pulled"] == 8


@pytest.mark.parametrize("left", range(1, 8))
def test_the_waveforms_sequence_goes_on_over_its_wrap(tmp_path, left):
    for boot in (1, 2, 3):
        log = booted(tmp_path, boot)
        if boot == 1:
            log.waveforms.next_seq = SEQUENCES - left
        put(log, bytes((1, boot, 0, 0, 0)), records.BOOT)
        for k in range(3):
            put(log, WAVE, records.SNIPPET, frame=100 * k)
            if k == boot % 2:
                log.close()
        put(log, b"end", frame=104)
        log.close()
    found = logfile.read(tmp_path)
    waves = logfile.records_of(found, records.WAVEFORMS)
    assert [r["seq"] for r in waves] == [(SEQUENCES - left + k) % SEQUENCES for k in range(9)]
    assert [r["seq"] for r in logfile.records_of(found, records.FACTS)] == list(range(6))
    assert all(s.header and s.header["first_seq"] == s.records[0]["seq"] for s in found)
    assert [s.faults for s in found] == [[]] * len(found)
    for boot, whole in enumerate(boots.in_a_row(found), 1):
        assert [wave["frame"] for wave in whole.waveforms] == [0, 100, 200]
        assert (whole.number, whole.written()) == (boot, 5)
    assert analysis.read_night(tmp_path).gaps == []


@pytest.mark.parametrize("left", range(2, 6))
def test_waveforms_missing_at_the_wrap_are_as_many_as_they_are(tmp_path, left):
    log = booted(tmp_path)
    log.waveforms.next_seq = SEQUENCES - left
    put(log, bytes((1, 1, 0, 0, 0)), records.BOOT, frame=0)
    for k in range(6):
        put(log, WAVE, records.SNIPPET, frame=100 * k)
        log.close()
    of_waves = [p for p in segments(tmp_path) if p.name.endswith("w.crib")]
    for path in of_waves[1:4]:
        path.unlink()
    night = analysis.read_night(tmp_path)
    assert [fault.split(":")[0] for fault in night.faults] == ["3 waveforms are not here"]
    assert night.gaps == []


def test_a_lost_header_of_waveforms_at_the_wrap_is_lent(tmp_path):
    log = booted(tmp_path)
    log.waveforms.next_seq = SEQUENCES - 2
    put(log, bytes((1, 1, 0, 0, 0)), records.BOOT)
    for k in range(4):
        put(log, WAVE, records.SNIPPET, frame=100 * k)
        if k % 2:
            log.close()
    put(log)
    log.close()
    path = [p for p in segments(tmp_path) if p.name.endswith("w.crib")][1]
    path.write_bytes(bytes(50) + path.read_bytes()[50:])
    found = [s for s in logfile.read(tmp_path) if s.header]
    assert [r["seq"] for r in logfile.records_of(found, records.WAVEFORMS)] == [
        SEQUENCES - 2, SEQUENCES - 1, 0, 1,
    ]  # fmt: skip


@pytest.mark.parametrize("left", range(2, 6))
def test_a_hole_at_the_wrap_is_as_large_as_it_is(tmp_path, left):
    log = near(tmp_path, left)
    put(log, bytes((1, 1, 0, 0, 0)), records.BOOT)
    put(log, frame=104)
    log.facts.next_seq = (log.facts.next_seq + 5) % SEQUENCES
    put(log, frame=208)
    log.close()
    segment = logfile.read_segment(segments(tmp_path)[0])
    assert "5 records are missing" in segment.faults[0]
    night = analysis.read_night(tmp_path)
    assert [gap["reason"] for gap in night.gaps] == [missing.RECORDS_MISSING]
    assert night.summary["records_written"] == 8


def test_a_lost_header_at_the_wrap_is_lent(tmp_path):
    log = near(tmp_path, 2)
    for _ in range(2):
        put(log)
    log.close()
    put(log)
    log.close()
    path = segments(tmp_path)[1]
    path.write_bytes(bytes(50) + path.read_bytes()[50:])
    assert [len(s.records) for s in logfile.read(tmp_path) if s.header] == [2, 1]


def test_the_uptime_of_an_anchor_wraps_after_49_days(tmp_path):
    app = app_on(Board(), tmp_path)
    app.clock.seconds = (1 << 32) // 1000 + 1
    uptime_ms = app.clock.uptime_ms()
    told = fields(request_line.answer(app.answers, 1, "time", ""))
    anchor = f"7 1800000000 0 {told['uptime_ms']} {app.boot} 5 0"
    request_line.answer(app.answers, 2, "time", anchor)
    app.journal.close()
    (anchor,) = (
        r for s in logfile.read(tmp_path / "log") for r in s.records if r["type"] == records.ANCHOR
    )
    assert uptime_ms > 1 << 32
    assert anchor["uptime_ms"] == int(told["uptime_ms"])
    assert 0 <= anchor["uptime_ms"] - uptime_ms % (1 << 32) <= 5  # a millisecond each look


def test_a_time_that_no_anchor_holds_is_refused(tmp_path):
    app = app_on(Board(), tmp_path)
    for utc_s in (-1, 1 << 32, 10**30):
        with pytest.raises(ValueError):
            request_line.answer(app.answers, 1, "time", f"7 {utc_s} 0 0 1 5 0")
    assert request_line.answer(app.answers, 1, "time", f"7 {(1 << 32) - 1} 0 0 1 5 0")


class Ending(Board):
    """Runs the firmware until it resets itself."""

    def __init__(self):
        super().__init__()
        self.resets = 0

    def watchdog(self):
        return SimpleNamespace(feed=int, park=int)

    def idle(self, _ms):
        raise CribtraceError("it went on counting")

    def reset(self):
        self.resets += 1


def test_before_the_frame_numbers_end_a_new_boot_begins(tmp_path):
    board = Ending()
    app = app_on(board, tmp_path)
    app.sensing.detector.index = app.sensing.detector.seconds.epoch_from = TICKS
    app._start = app.health.measure_heap = int
    app.run()
    assert board.resets == 1
    assert app.recorder and board.said.endswith(b"what=stopped reason=none next=Ctrl-D\r\n")
    again = app_on(board, tmp_path)
    again.journal.close()
    first, second = logfile.read(tmp_path / "log")
    assert first.records[-1]["type"] == records.STOP
    assert [r["reason"] for r in second.records if r["type"] == records.GAP] == [
        records.GAP_REASONS.index("restarted")
    ]


def test_the_detector_finds_the_same_up_to_the_last_frame_number():
    from tests.support import golden

    raw = golden.recording.load(golden.RECORDING).accel[:6000].astype("<i2").tobytes()

    def found(start):
        det = detector.Detector(settings.DEFAULTS, 104_000, 16_393_443)
        det.begin(start)
        told = []
        for at in range(0, len(raw), 6 * 64):
            burst = raw[at : at + 6 * 64]
            for k in range(det.step(burst, len(burst) // 6)):
                event = list(det.movements.fields(k))
                told.append(
                    [v - start if i in (10, 11, 12, 15) else v for i, v in enumerate(event)]
                )
        return told

    at_first = found(0)
    assert len(at_first) >= 1
    assert found(TICKS - 4096) == at_first  # the filters take turns in 32 frames
