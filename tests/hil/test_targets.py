"""The same bodies on CPython, the virtual board and a real one: `pytest tests/hil --port …`."""

import pytest

from cribtrace import hil, replay
from tests.support import golden


def test_the_golden_recording_gives_its_golden_events(board, recording):
    found = board.live(recording(golden.RECORDING))
    lines = golden.EVENTS.read_text().splitlines()
    within = golden.as_text(found.events).splitlines()
    assert within[: len(lines)] == lines  # then what the end cut short
    assert len(within) - len(lines) <= 1
    assert found.gaps == []


def test_two_runs_are_the_same_whatever_came_before(board, recording):
    first = board.live(recording(golden.RECORDING, seconds=90))
    again = board.live(recording(golden.RECORDING, seconds=90))
    assert first.events == again.events != []


def test_a_scenario_by_its_name_is_told_as_the_replay_tells_it(board, recording):
    rec = recording("nap", seed=3, seconds=900)
    found = board.live(rec)
    assert found.events[: len(told := replay.replay(rec))] == told
    assert len(told) > 2


def test_a_board_keeps_up_five_times_faster_than_real_time(board, recording):
    found = board.live(recording(golden.RECORDING, seconds=120))
    if found.lived is None:
        pytest.skip("CPython has no line")
    shown = found.lived.shown()
    assert found.lived.same
    assert shown["times_real"] > 5 and shown["times_real_by_line"] > 5
    assert shown["seen"] == shown["frames"]


def test_how_long_a_real_board_takes(board, recording, clock):
    began_s = clock()
    found = board.live(recording("nap", seed=1, seconds=600))
    shown = found.lived.shown()
    print(f"{clock() - began_s:.1f} s for 600 s; {shown}")
    # By its own clock: the line carries no more than it can.
    assert shown["bytes_per_frame"] * shown["frames"] < hil.UART_BYTES_S * shown["took_s"]
