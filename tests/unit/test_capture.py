"""What a board says of its frames, put together: each frame once, each hole marked."""

import errno
import importlib
import itertools
import json
from array import array
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cribtrace import capture, captured, cli, configuration, recording, replay
from cribtrace.captured import Captured, Gap, State
from cribtrace.device import kernels, records
from cribtrace.errors import CribtraceError, Usage
from cribtrace.recording import Recording
from cribtrace.rows import Rows, rescue
from tests.support import golden

RING = kernels.RING
frames_verb = importlib.import_module("cribtrace.firmware.crib.frames")
WORDS = tuple(range(kernels.FILTERS))


class Board:
    """A board whose frame k is (k, -k, 7), told as the firmware tells it."""

    def __init__(self, boot=1):
        self.sent = b""
        ring = array("H", bytes(2 * 3 * RING))
        self.frames = np.frombuffer(ring, np.uint16).reshape(-1, 3)
        self.det = SimpleNamespace(
            index=0, ring_from=0, in_gaps=0, warm=0, active=False, count=0, state=list(WORDS),
            ring=ring, seconds=SimpleNamespace(left=lambda: 55),
        )  # fmt: skip
        server = SimpleNamespace(body=bytearray(1600), send=self._send)
        sensing = SimpleNamespace(detector=self.det, fault="none")
        self.app = SimpleNamespace(boot=boot, server=server, sensing=sensing)
        self.records = []

    def _send(self, _kind, _number, end):
        self.sent = bytes(self.app.server.body[2:end])

    def live(self, n):
        for _ in range(n):
            k = self.det.index
            self.frames[k % RING] = np.array([k, -k, 7]).astype(np.int16).view(np.uint16) ^ 0x8000
            self.det.index += 1

    def gap(self, n, reason="bus_error", *, told=True):
        record = {"type": records.GAP, "first": self.det.index, "frames": n}
        if told:
            self.records.append({**record, "reason": records.GAP_REASONS.index(reason)})
        self.det.index += n
        self.det.in_gaps += n
        self.det.ring_from = self.det.index

    def answer(self, at, state=False):
        self.sent = b""
        text = frames_verb.answer(self.app, f"{at} {int(state)}")
        first, frames = capture._decoded(self.sent) if self.sent else (at, np.empty((0, 3)))
        return capture._told(SimpleNamespace(), text.encode()), first, frames


class Host:
    def __init__(self, board, path):
        self.rows = Rows(path, 104.0, 16384.0, "a board")
        self.said = []
        self.board = board
        self.taken = capture.Capture(self.rows, board.answer(0)[0], self.said.append)

    def ask(self):
        answer = self.board.answer(self.taken.at, self.taken.wants_state)
        for record in self.board.records:
            self.taken.hear(record)
        self.board.records.clear()
        self.taken.take(*answer)

    def drain(self):
        for _ in range(9):
            self.ask()

    def kept(self):
        known = Captured({}, tuple(self.taken.boots), tuple(self.taken.states))
        self.rows.keep(known)
        return recording.load(self.rows.path)


@pytest.fixture
def host(tmp_path):
    with_board = Host(Board(), tmp_path / "night.npz")
    with with_board.rows:
        yield with_board


def numbers(kept):
    """The frame number in each row that is no gap's."""
    inside = np.zeros(len(kept.accel), bool)
    for gap in kept.gaps:
        inside[gap.row : gap.row + gap.rows] = True
    return kept.accel[~inside, 0].tolist()


def test_each_frame_once_however_often_one_asks(host):
    for n in (5, 0, 160, 161, 300):
        host.board.live(n)
        host.ask()
    host.drain()
    kept = host.kept()
    assert numbers(kept) == list(range(626)) and kept.gaps == [] and host.said == []
    assert kept.accel[625].tolist() == [625, -625, 7]
    assert kept.captured.states == (State(5, 55, WORDS),)


def test_a_gap_of_the_boards_is_told_to_the_frame(host):
    host.board.live(50)
    host.board.gap(300)
    host.board.live(20)
    host.drain()
    host.board.gap(2, "fifo_overrun")
    host.board.live(20)
    host.drain()
    kept = host.kept()
    assert kept.gaps == [Gap(50, 300, "bus_error"), Gap(370, 2, "fifo_overrun")]
    assert numbers(kept) == [*range(50), *range(350, 370), *range(372, 392)]
    assert kept.accel[340].tolist() == [49, -49, 7]  # a row without a frame repeats the last one
    line = kept.truth[0]
    assert (line["kind"], line["onset_s"], line["duration_s"]) == ("gap", 0.481, 2.885)


@pytest.mark.parametrize("lost", [1, 40])
def test_a_line_too_slow_loses_frames_and_never_the_board(host, lost):
    host.board.live(100)
    host.drain()
    host.board.live(RING + lost)
    host.drain()
    kept = host.kept()
    assert kept.gaps == [Gap(100, lost, "line")]
    assert numbers(kept) == [*range(100), *range(100 + lost, 100 + lost + RING)]
    assert len(kept.captured.states) == 2  # the replay has to be helped across


def test_a_long_gap_has_a_row_for_each_frame(host):
    host.board.live(10)
    host.drain()  # while the sensor is away the board answers
    host.board.gap(10_000)
    host.board.live(10)
    host.drain()
    kept = host.kept()
    assert kept.gaps == [Gap(10, 10_000, "bus_error")] and len(kept.accel) == 10_020
    assert numbers(kept) == [*range(10), *range(10_010, 10_020)]


def test_a_gap_whose_record_never_came_hides_what_may_be_stale(host):
    host.board.live(100)
    host.drain()
    host.board.live(30)
    host.board.gap(25, told=False)
    host.board.live(30)
    host.drain()
    kept = host.kept()
    assert kept.gaps == [Gap(100, 55, "untold")]
    assert numbers(kept) == [*range(100), *range(155, 185)]


def test_a_restart_is_a_gap_by_the_hosts_clock(host, monkeypatch):
    now = itertools.count(0.0, 5.0)
    monkeypatch.setattr(capture.time, "monotonic", lambda: next(now))
    host.board.live(100)
    host.ask()
    host.board = Board(boot=2)
    host.board.live(40)
    host.ask()
    host.board.live(10)
    host.ask()
    kept = host.kept()
    assert kept.gaps == [Gap(100, 520, "restart")]
    assert kept.captured.boots == ((0, 0), (620, 40))
    assert kept.accel[620:, 0].tolist() == list(range(40, 50))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["live", "gap", "ask"]), st.integers(1, 700))))
def test_whatever_happens_every_row_is_its_frame_or_marked(tmp_path_factory, steps):
    host = Host(Board(), tmp_path_factory.mktemp("rows") / "x.npz")
    with host.rows:
        missing = set()
        for what, n in steps:
            if what == "gap":
                missing |= set(range(host.board.det.index, host.board.det.index + n))
                host.board.gap(n)
            elif what == "live":
                host.board.live(n)
            else:
                host.ask()
        host.board.live(3)
        host.drain()
        kept = host.kept()
    marked = {row for gap in kept.gaps for row in range(gap.row, gap.row + gap.rows)}
    assert missing <= marked and len(kept.accel) == host.board.det.index
    for row in set(range(len(kept.accel))) - marked:
        assert kept.accel[row].tolist() == np.array([row, -row, 7]).astype(np.int16).tolist()
    for state in kept.captured.states:
        assert state.row <= len(kept.accel)


def test_a_board_without_a_sensor_is_refused_by_name():
    board = Board()
    board.app.sensing.detector = None
    with pytest.raises(frames_verb.protocol.Refused, match="no_sensor"):
        frames_verb.answer(board.app, "0 0")
    for wrong in ("", "1", "a b", "1 2 3"):
        with pytest.raises(ValueError):
            frames_verb.answer(board.app, wrong)


def test_no_state_is_told_while_something_moves():
    board = Board()
    for name, value in (("warm", 9), ("active", True), ("count", 1)):
        setattr(board.det, name, value)
        assert "filters" not in frames_verb.answer(board.app, "0 1")
        setattr(board.det, name, type(value)(0))
    assert "filters" in frames_verb.answer(board.app, "0 1")
    assert "filters" not in frames_verb.answer(board.app, "0 0")


def test_what_was_not_kept_leaves_nothing_and_the_old_file(tmp_path):
    path = tmp_path / "night.npz"
    path.write_text("old")
    with pytest.raises(RuntimeError), Rows(path, 104.0, 16384.0, "") as rows:
        rows.add(np.ones((9, 3), np.int16))
        raise RuntimeError
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["night.npz"]
    for wrong in (tmp_path, tmp_path / "no" / "night.npz"):
        with pytest.raises(CribtraceError, match="cannot write"):
            Rows(wrong, 104.0, 16384.0, "")


GOOD = Captured({"hold_ms": 400}, ((0, 70),), (State(3, 9, WORDS),), 1.5)


def test_a_power_cut_leaves_what_was_settled(tmp_path, capsys):
    path = tmp_path / "night.npz"
    command = ["hil", "record", str(path), "--rescue", "--json"]
    assert cli.run(command) == 1 and "nothing left" in capsys.readouterr().err
    rows = Rows(path, 104.0, 16384.0, "a board")
    frames = np.arange(30, dtype=np.int16).reshape(10, 3)
    rows.add(frames)
    rows.miss(2, "line")
    rows.settle(GOOD)
    rows.add(frames)
    del rows  # and the power fails
    with pytest.raises(CribtraceError, match=r"hil record .*night\.npz --rescue` makes"):
        Rows(path, 104.0, 16384.0, "")
    assert cli.run(command) == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["missing"], told["gaps"]) == (10, 2, 1)
    kept = recording.load(path)
    assert (kept.accel == np.vstack([frames, frames[-1:], frames[-1:]])).all()
    assert (kept.rate_hz, kept.lsb_per_g, kept.source) == (104.0, 16384.0, "a board")
    assert kept.gaps == [Gap(10, 2, "line")] and kept.captured == GOOD
    assert [p.name for p in tmp_path.iterdir()] == ["night.npz"]


def full_disk(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("where", ["os.fsync", "cribtrace.recording.save"])
def test_a_full_disk_takes_nothing_of_what_was_settled(where, tmp_path, monkeypatch):
    path, told = tmp_path / "night.npz", []
    with pytest.raises(OSError, match="No space"), Rows(path, 104.0, 1.0, "", told.append) as r:
        r.add(np.ones((9, 3), np.int16))
        r.settle(GOOD)
        r.add(np.ones((9000, 3), np.int16))
        monkeypatch.setattr(where, full_disk)
        r.keep(GOOD)
    assert [f"`cribtrace hil record {path} --rescue` makes" in line for line in told] == [True]
    monkeypatch.undo()
    assert len(rescue(path).accel) == (9 if where == "os.fsync" else 9009)
    assert [p.name for p in tmp_path.iterdir()] == ["night.npz"]


def test_where_no_frame_was_settled_there_is_nothing_to_rescue(tmp_path):
    with pytest.raises(RuntimeError), Rows(tmp_path / "night.npz", 104.0, 16384.0, "") as rows:
        rows.settle(GOOD)
        raise RuntimeError
    assert not [*tmp_path.iterdir()]


def test_what_is_being_recorded_is_nobody_elses(tmp_path):
    path = tmp_path / "night.npz"
    (tmp_path / "night.npz.frames.part").write_bytes(b"of one that was killed in its first minute")
    with Rows(path, 104.0, 16384.0, "") as rows:
        for frames in (9, 9000):  # before anything is settled, and afterwards
            with pytest.raises(CribtraceError, match=r"night\.npz is being recorded"):
                Rows(path, 104.0, 16384.0, "")
            with pytest.raises(CribtraceError, match=r"night\.npz is being recorded"):
                rescue(path)
            rows.add(np.ones((frames, 3), np.int16))
            rows.settle(GOOD)
        rows.keep(GOOD)
    assert (recording.load(path).accel == np.ones((9009, 3))).all()
    assert [p.name for p in tmp_path.iterdir()] == ["night.npz"]


def test_what_is_damaged_is_not_made_a_recording(tmp_path):
    path = tmp_path / "night.npz"
    rows = Rows(path, 104.0, 16384.0, "a board")
    rows.add(np.ones((9, 3), np.int16))
    rows.settle(GOOD)
    del rows  # and the power fails
    (tmp_path / "night.npz.frames.part").write_bytes(b"short")
    with pytest.raises(CribtraceError, match="damaged: remove it"):
        rescue(path)


def test_what_is_known_of_a_capture_comes_back():
    assert captured.parsed("x", GOOD.text()) == GOOD
    assert captured.parsed("x", "") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [('"boots": [[0, 70]]', '"boots": []'), ('"boots": [[0, 70]]', '"boots": [[1, 70]]'),
     ("[3, 9,", "[-3, 9,"), ("[3, 9,", "[3, 9.5,"), (", 14]", "]"), ("400", "4e99"),
     ("{", "["), ('"utc_s": 1.5', '"utc_s": null'), ("400", "true")],
)  # fmt: skip
def test_a_damaged_capture_is_refused_in_a_line(old, new):
    text = GOOD.text()
    assert old in text
    with pytest.raises(CribtraceError, match=r"^x: `captured` is damaged"):
        captured.parsed("x", text.replace(old, new, 1))


def test_a_replay_over_a_gap_does_what_a_board_does():
    rec = recording.load(golden.RECORDING)
    whole = replay.as_logged(rec, configuration.in_force({}), "cpython")
    onset, closed = whole[2][11], whole[2][15]
    gap = Gap((onset + closed) // 2, 400)
    holed = Recording(rec.accel, rec.rate_hz, rec.lsb_per_g, (captured.gap_line(gap, 104.0),))
    found = replay.as_logged(holed, configuration.in_force({}))
    assert found[:2] == whole[:2]
    cut = found[2]
    assert cut[11] == onset and cut[15] <= gap.row  # ended where the frames did
    assert not any(gap.row < event[11] < gap.row + 400 for event in found)
    assert found[-1][11] == whole[-1][11]  # frames behind it keep their numbers
    assert replay.replay(holed) == [replay.told(holed)[k][1] for k in range(len(found))]
    with pytest.raises(Usage, match="leave out --on micropython"):
        replay.as_logged(holed, configuration.in_force({}), "micropython")
    twice = [*holed.truth, captured.gap_line(Gap(gap.row + 100, 900), 104.0), {"kind": "x"}]
    assert captured.gaps_in(twice, len(rec.accel)) == [Gap(gap.row, 1000)]


def test_the_times_of_a_captured_recording_are_its_own():
    rec = recording.load(golden.RECORDING)
    known = Captured(configuration.in_force({}), ((0, 7_000_000),))
    moved = Recording(rec.accel, rec.rate_hz, rec.lsb_per_g, (), "", known)
    assert replay.replay(moved) == replay.replay(rec, "cpython")
    events = replay.as_logged(moved, configuration.in_force({}))
    assert events[0][11] > 7_000_000


def test_a_recording_that_is_there_is_not_replaced_unasked(tmp_path, capsys):
    """Before any port is opened."""
    path = tmp_path / "night.npz"
    path.write_bytes(b"a night")
    for output in (path, path.with_suffix("")):
        assert cli.run(["hil", "record", str(output), "--port", "/dev/none"]) == 2
        assert "is there already" in capsys.readouterr().err
    assert path.read_bytes() == b"a night"
    assert cli.run(["hil", "record", str(path), "--port", "/dev/none", "--overwrite"]) == 4
    assert path.read_bytes() == b"a night"
