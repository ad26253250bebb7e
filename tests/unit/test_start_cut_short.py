"""What surrounds the firmware: a start that Ctrl-C cuts short, and how long a prompt is left."""

import io
import sys
from types import SimpleNamespace

import pytest

from cribtrace import logfile, tree
from cribtrace.device import records
from tests.fuzz.requests import Board, app_on


def test_an_end_before_the_detector_is_watched(tmp_path, monkeypatch):
    def cut_short(app):
        assert app.sensing.detector and not app.recorder.detector
        raise KeyboardInterrupt

    app = app_on(Board(), tmp_path, start=False)
    monkeypatch.setattr(app, "watch", lambda: cut_short(app))
    app.board.watchdog = lambda: app.board
    app.board.park = app.board.feed = int
    app.run()
    (segment,) = logfile.read(tmp_path / "log")
    found = [record["type"] for record in segment.records]
    assert (found[0], found[-1]) == (records.BOOT, records.STOP)
    assert app.board.said.endswith(b"what=stopped reason=ctrl_c next=Ctrl-D\r\n")


def test_a_watchdog_that_cannot_be_parked_costs_no_record(tmp_path):
    def refuses():
        raise ValueError("WDT timeout too short")

    def interrupted():
        raise KeyboardInterrupt

    app = app_on(Board(), tmp_path)
    app.board.watchdog = lambda: SimpleNamespace(feed=int, park=refuses)
    app._start = app.health.measure_heap = int
    app._turn = interrupted
    with pytest.raises(ValueError, match="too short"):
        app.run()
    (*_, last) = logfile.read(tmp_path / "log")[-1].records
    assert last["type"] == records.STOP


DAY = 24 * 60


@pytest.mark.parametrize(
    ("said", "minutes"),
    [(None, 10), ("3", 3), ("0", DAY), ("-1", 1), ("99999", DAY), ("ten", 10), ("", 10)],
)
def test_whatever_the_file_says_the_watchdog_takes_it(monkeypatch, said, minutes):
    dog, parked = SimpleNamespace(), []
    dog.park = lambda: parked.append(dog.park_ms)
    monkeypatch.setitem(sys.modules, "board", SimpleNamespace(watchdog=lambda: dog))

    def opened(path):
        assert path == "/resume_minutes"
        if said is None:
            raise OSError(2)
        return io.StringIO(said)

    names = {"open": opened}
    exec((tree.FIRMWARE / "boot.py").read_text(), names)
    for given in ((), (0,), (-5,), (30,), (99999,)):
        names["hold"](*given)
    assert [ms / 60_000 for ms in parked] == [minutes, DAY, DAY, 1, 30, DAY]
