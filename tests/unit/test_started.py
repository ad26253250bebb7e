"""A person's word on when a recording began, and what is made of it on the board."""

import struct
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from cribtrace import analysis, anchors, cli, log_records, started
from cribtrace.device import records
from cribtrace.errors import Usage
from tests.support import peer
from tests.support.peer import Peer
from tests.unit.test_anchors import RATE_HZ, anchor, boot, hours

BERLIN = ZoneInfo("Europe/Berlin")


def utc_s(*moment, zone=BERLIN):
    return datetime(*moment, tzinfo=zone).timestamp()


NOW = datetime(2026, 3, 29, 8, 0, tzinfo=BERLIN)


def charger_night(day=29, hour=7):
    """Read at 19:30, nine hours on a charger, read again in the morning."""
    evening = boot(1, hours(0.5), anchor(0, utc_s(2026, 3, 28, 19, 0), boot=1))
    night = boot(2, hours(9))
    morning = boot(3, hours(0.05), anchor(0, utc_s(2026, 3, day, hour, 50), boot=3))
    return [evening, night, morning]


def chosen(boots, when, now=NOW):
    return started.choose(boots, anchors.clocks(boots), when, now=now, zone=BERLIN)


def test_a_time_of_day_is_the_last_one_that_fits():
    assert chosen(charger_night(), "19:40") == (2, utc_s(2026, 3, 28, 19, 40))
    assert chosen(charger_night(), "2026-03-28 19:40") == (2, utc_s(2026, 3, 28, 19, 40))
    # Across the change of clocks: 21:40 and 9 h are 7:40.
    assert chosen(charger_night(), "21:40") == (2, utc_s(2026, 3, 28, 21, 40))


@pytest.mark.parametrize("when", ["21:55", "18:50", "7:30", "2026-03-27 19:40"])
def test_a_time_that_the_neighbours_leave_no_room_for_is_refused(when):
    with pytest.raises(Usage, match=r"after 2026-03-28 19:30 CET and before 2026-03-28 21:50 CET"):
        chosen(charger_night(), when)


@pytest.mark.parametrize("when", ["", "19", "24:00", "19:60", "soon", "2026-13-01 19:40", "-1:00"])
def test_what_is_no_time_is_refused(when):
    with pytest.raises(Usage, match="is no time of day"):
        started.check(when)


def test_the_newest_recording_without_a_clock_is_meant():
    boots = [boot(1, hours(8)), boot(2, hours(9)), boot(3, hours(0.1))]
    assert chosen(boots, "20:00")[0] == 2
    with pytest.raises(Usage, match="has a clock of its own"):
        chosen([boot(1, hours(9), anchor(0, utc_s(2026, 3, 28, 20, 0)))], "20:00")


def test_a_restart_within_the_night_does_not_move_its_beginning():
    boots = [boot(1, hours(3)), boot(2, hours(5), away_s=4.0)]
    assert chosen(boots, "20:00") == (1, utc_s(2026, 3, 28, 20, 0))
    said = anchor(0, utc_s(2026, 3, 28, 20, 0), source=2, within_ms=60_000)
    clocks = anchors.clocks([boot(1, hours(3), said), boots[1]])
    assert clocks[2].utc_s(0.0) == pytest.approx(utc_s(2026, 3, 28, 23, 0) + 4, abs=0.02)


def test_a_second_word_may_correct_the_first():
    evening, night, morning = charger_night()
    said = anchor(0, utc_s(2026, 3, 28, 20, 40), boot=2, source=2, within_ms=60_000)
    morning.records.insert(0, said)
    assert chosen([evening, night, morning], "19:40") == (2, utc_s(2026, 3, 28, 19, 40))


def segment(number, of_boot, *bodies):
    header = peer.header(number, of_boot)
    return log_records.pack_header(header) + b"".join(peer.encoded(body) for body in bodies)


class Recording(Peer):
    """A board that puts the anchors it is given into its next segment."""

    def do_flush(self, number, *_):
        written = len(self.segments)
        layout = struct.Struct(records.LAYOUTS[records.ANCHOR])
        bodies = [
            peer.record(records.ANCHOR, 10 + k, fields[0], layout.unpack(layout.pack(*fields[1:])))
            for k, fields in enumerate(self.anchors)
        ]
        self.segments[written + 1] = segment(written + 1, 2, *bodies)
        self.anchors.clear()
        return "records=9"


def test_pull_started_ends_in_the_log_as_a_persons_anchor(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    seven_hours = round(7 * 3600 * RATE_HZ)
    stop = peer.record(records.STOP, 1, seven_hours, (seven_hours, 0, 1, 1))
    with Recording({1: segment(1, 1, peer.record(records.BOOT, 0, 0, (1, 1)), stop)}) as board:
        board.boot = 2
        code = cli.run(["pull", str(tmp_path / "log"), "--port", board.port, "--started", "04:40"])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert "source=person" in said.out and "boot=1" in said.out
    night = analysis.read_night(tmp_path / "log")
    first, second = night.clocks
    assert (first["source"], second["source"]) == ("person", "host")
    assert first["utc"][11:] == "04:40:00.000Z"
    assert first["within_s"] == pytest.approx(60, abs=0.02)
    begun = datetime.fromisoformat(first["utc"].replace("Z", "+00:00"))
    assert 0 <= (datetime.now(timezone.utc) - begun).total_seconds() - 7 * 3600 < 86_401


def test_pull_started_asks_the_form_before_it_asks_the_board(tmp_path, capsys):
    assert cli.run(["pull", str(tmp_path), "--port", "/dev/none", "--started", "soon"]) == 2
    assert "write 19:40" in capsys.readouterr().err
