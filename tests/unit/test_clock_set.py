"""The board names a host's clock that was set between two of its anchors."""

import pytest

from cribtrace.device import request_line
from tests.fuzz.requests import Board, app_on

T0 = 1_800_000_000
DAY_MS = 86_400_000


@pytest.fixture
def anchors(tmp_path, monkeypatch):
    """Gives anchors (host's s, uptime ms, host ms) of that boot and source; what was said.

    A fourth number is how far off the anchor says it may be, in ms.
    """

    def give(*told, boot=0, source=0):
        app = app_on(Board(), tmp_path)
        for utc_s, uptime_ms, host_ms, *within_ms in told:
            monkeypatch.setattr(app.board, "host_ms", lambda now=host_ms: now % 2**30)
            whole, part = divmod(round(utc_s * 1000), 1000)
            text = f"0 {T0 + whole} {part} {uptime_ms % 2**32} {boot or app.boot}"
            text += f" {within_ms[0] if within_ms else 4} {source}"
            assert request_line.answer(app.answers, 0, "time", text).startswith("frame=")
        said = app.board.said.decode().splitlines()
        return [line for line in said if "clock_step" in line]

    return give


@pytest.mark.parametrize("step_s", [30, -30, 2.5, -2.5, 400 * 86_400])
def test_a_clock_that_was_set_is_named_by_how_much(anchors, step_s):
    said = anchors((0, 1000, 1000), (60, 61_000, 61_000), (120 + step_s, 121_000, 121_000))
    assert said == [f"what=fault fault=clock_step by_ms={step_s * 1000:.0f}"]


def test_one_that_was_not_is_not(anchors):
    assert anchors((0, 1000, 1000), (61.5, 61_000, 61_000)) == []
    # Whether the board's time or the wall's goes by, on a board that lives faster than its host.
    assert anchors((0, 1000, 1000), (60, 3_601_000, 61_000)) == []
    assert anchors((0, 1000, 1000), (60, 61_000, 4000)) == []


def test_anchors_that_say_they_may_be_off_are_believed(anchors):
    for either in ((5000, 4), (4, 5000), (2500, 2500)):
        first, second = (0, 1000, 1000, either[0]), (66.9, 61_000, 61_000, either[1])
        assert anchors(first, second) == []
        said = anchors(first, (67.1, *second[1:]))
        assert said == ["what=fault fault=clock_step by_ms=7100"]


def test_ticks_that_wrap_and_a_crystal_are_no_clock_that_was_set(anchors):
    week = 7 * DAY_MS
    assert anchors((0, 1000, 1000), (week / 1000 + 30, 1000 + week, 1000 + week)) == []
    assert anchors((0, 2**32 - 1000, 1000), (60, 2**32 + 59_000, 61_000)) == []


def test_another_source_and_another_boot_are_not_compared(anchors):
    told = (0, 1000, 1000), (90, 61_000, 61_000)
    assert anchors(*told, source=2) == anchors(*told, boot=7) == []
