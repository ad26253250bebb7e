"""Frames on their way up: coded on the host, decoded by the firmware, and the FIFO they fill."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cribtrace import device, injection  # noqa: F401 - `device` makes the firmware importable
from cribtrace.conversation import request

injected = importlib.import_module("cribtrace.firmware.crib.injected")
samples = st.one_of(
    st.integers(-32768, 32767), st.sampled_from([-659, -658, -40, -39, 0, 39, 40, 657, 658])
)
frames = st.lists(st.tuples(samples, samples, samples), min_size=1, max_size=40).map(
    lambda rows: np.array(rows, dtype=np.int16)
)


def fifo(depth=64, paced=False):
    board = SimpleNamespace(
        ticks_us=lambda: 0, host_ms=lambda: 0, ticks_diff=lambda end, start: end - start
    )
    imu = injected.Injected(board, lambda: None, 104_000, 16_393_443, depth, int(paced))
    imu.begin()
    return imu


def pushed(imu, first, accel):
    n, text = injection.coded(accel, 9999)
    assert n == len(accel)
    imu.push(first, text.encode())


def taken(imu):
    """All that waits: lists of (frames lost before, the frames)."""
    found = []
    while n := imu.level():
        view = bytearray(6 * n)
        imu.read_into(memoryview(view))
        found.append((imu.lost(), np.frombuffer(view, "<i2").reshape(-1, 3).tolist()))
    return found


@given(frames, st.integers(12, 120))
def test_frames_come_back_as_they_were(accel, room):
    n, text = injection.coded(accel, room)
    assert 1 <= n <= len(accel) and len(text) <= room
    assert text.isascii() and " " not in text and text.isprintable()
    if n < len(accel):  # not one more would have fitted
        assert len(text) + 12 > room or 3 * (n + 1) > room
    imu = fifo()
    imu.push(0, text.encode())
    assert imu.next == n
    assert taken(imu) == [(0, accel[:n].tolist())]


def test_a_quiet_frame_takes_few_characters_and_a_line_is_a_request():
    rng = np.random.default_rng(1)
    accel = rng.normal((0, 0, 16384), 10, (40, 3)).astype(np.int16)
    room = 120 - len(request(254, "inject", 3_744_000, ""))
    n, text = injection.coded(accel, room)
    assert len(request(254, "inject", 3_743_000, text)) <= 120
    assert 121 / n < 5.5


ACCEL = np.arange(600, dtype=np.int16).reshape(-1, 3)


def test_with_flow_control_nothing_is_overwritten_and_nothing_is_missing():
    imu = fifo(depth=32)
    pushed(imu, 0, ACCEL[:10])
    pushed(imu, 0, ACCEL[:10])  # sent again
    pushed(imu, 20, ACCEL[20:25])  # what came before it was lost
    pushed(imu, 10, ACCEL[10:20])
    pushed(imu, 20, ACCEL[20:30])
    pushed(imu, 30, ACCEL[30:40])  # no room
    assert imu.next == 30 and imu.room() == 2
    assert taken(imu) == [(0, ACCEL[:30].tolist())]
    pushed(imu, 30, ACCEL[30:40])  # round the end of the ring
    assert taken(imu) == [(0, ACCEL[30:40].tolist())]


@pytest.mark.parametrize("read_between", [False, True])
def test_without_it_what_never_came_is_counted_where_it_is_missing(read_between):
    imu = fifo(paced=True)
    pushed(imu, 0, ACCEL[:10])
    found = taken(imu) if read_between else []
    pushed(imu, 17, ACCEL[17:27])
    assert found + taken(imu) == [(0, ACCEL[:10].tolist()), (7, ACCEL[17:27].tolist())]
    assert imu.missing == 7


def test_what_lies_between_two_holes_is_lost_with_them():
    imu = fifo(paced=True)
    pushed(imu, 0, ACCEL[:10])
    pushed(imu, 12, ACCEL[12:15])
    pushed(imu, 20, ACCEL[20:30])
    assert taken(imu) == [(0, ACCEL[:10].tolist()), (10, ACCEL[20:30].tolist())]


def test_without_it_the_oldest_frames_give_way():
    imu = fifo(depth=32, paced=True)
    for first in range(0, 50, 10):
        pushed(imu, first, ACCEL[first : first + 10])
    assert taken(imu) == [(18, ACCEL[18:50].tolist())]


def test_an_overrun_goes_over_a_hole():
    imu = fifo(depth=32, paced=True)
    pushed(imu, 0, ACCEL[:10])
    pushed(imu, 15, ACCEL[15:45])
    assert taken(imu) == [(15, ACCEL[15:45].tolist())]


def test_a_host_that_is_silent_for_ten_seconds_is_left():
    now = [0]
    board = SimpleNamespace(
        ticks_us=lambda: 0, host_ms=lambda: now[0], ticks_diff=lambda end, start: end - start
    )
    left = []
    imu = injected.Injected(board, lambda: left.append(now[0]), 104_000, 16_393_443, 64, 0)
    imu.begin()
    for now[0] in range(0, 15_000, 500):
        imu.level()
    assert left == [10_500]


@given(st.binary(max_size=100))
def test_no_line_reaches_out_of_the_fifo(line):
    imu = fifo(depth=32, paced=True)
    imu.push(5, line)
    assert 0 <= imu.level() <= 32


def test_an_ordered_gap_is_told_to_the_frame_and_one_after_the_other():
    imu = fifo(depth=32, paced=2)
    assert imu.WATERMARK == 1  # what waits before a gap may be one frame for ever
    pushed(imu, 0, ACCEL[:10])
    imu.leave_out(9, 500)  # of what is here already
    imu.leave_out(10, 500)
    imu.leave_out(10, 500)  # sent again
    imu.leave_out(500, 600)  # no room for a second one yet
    assert imu.next == 500
    pushed(imu, 500, ACCEL[50:55])  # not yet: the FIFO would have to hold the gap
    assert imu.next == 500
    assert taken(imu) == [(0, ACCEL[:10].tolist())]
    pushed(imu, 500, ACCEL[50:55])
    imu.leave_out(505, 600)
    assert taken(imu) == [(490, ACCEL[50:55].tolist())]
    pushed(imu, 600, ACCEL[60:61])
    assert taken(imu) == [(95, ACCEL[60:61].tolist())]
    assert imu.missing == 585
    pushed(imu, 700, ACCEL[70:71])  # what merely got lost on the line is to be sent again
    assert imu.next == 601
