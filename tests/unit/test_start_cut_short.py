"""Ctrl-C while the firmware starts: an end like any other."""

from cribtrace import logfile
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
