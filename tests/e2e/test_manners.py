"""What a board does by itself: watchdog, button and light, and its way back from the prompt."""

import re
import time

import pytest

from cribtrace import analysis, scenario
from cribtrace.link import Link
from cribtrace.pull import pull

# A board with a button that is pressed at these seconds, and a light that tells of each blink.
BUTTON = """
_presses = [{at}]


def button():
    if _presses and ticks_ms() >= _presses[0] * 1000:
        _presses.pop(0)
        return True
    return False


def blink():
    console.write(b"blink %d\\r\\n" % (ticks_ms() // 1000))


def watchdog():"""


def with_button(*at, **more):
    text = BUTTON.format(at="".join(f"{second}, " for second in at))
    return {("board.py", "\ndef watchdog():"): text, **more}


def heard(port, until, timeout_s=20):
    said, deadline = b"", time.monotonic() + timeout_s
    with Link(port) as link:
        while not re.search(until, said):
            assert time.monotonic() < deadline, said
            said += link.read(0.2)
    return said


def blinks(said):
    return [int(line.split()[1]) for line in said.splitlines() if line.startswith(b"blink ")]


def test_a_press_is_a_mark_and_one_blink_and_the_light_is_dark_after_a_minute(bench, tmp_path):
    with bench(scenario.generate("nap", 4), patch=with_button(100, 130)) as b:
        said = heard(b.board.port, rb"t_s=24\d what=heartbeat")
        with b.client() as client:
            pull(client, tmp_path / "log")
    told = blinks(said)
    assert [second for second in told if second > 62] == [
        pytest.approx(100, abs=2), pytest.approx(130, abs=2)
    ]  # fmt: skip
    assert [mark["text"] for mark in analysis.read_night(tmp_path / "log").marks] == ["button"] * 2


def test_where_nothing_is_recorded_the_light_says_so_and_a_press_after_the_end_nothing(
    bench, tmp_path
):
    gone = with_button()
    gone[("board.py", "parts.imu.address,")] = "0x44,"
    with bench(scenario.generate("nap", 4), speed=20, patch=gone) as b:
        told = blinks(heard(b.board.port, rb"t_s=12\d what=heartbeat"))
    late = [second for second in told if 70 < second <= 120]
    assert 6 <= len(late) <= 11, late
    with bench(scenario.generate("nap", 4), speed=20, patch=with_button(100)) as b:
        with b.client() as client:
            client.stop()
        heard(b.board.port, rb"t_s=12\d what=heartbeat")
        with b.client() as client:
            assert client.info()["state"] == "stopped"
            pull(client, tmp_path / "log")
    assert analysis.read_night(tmp_path / "log").marks == []


STUCK = {
    "frames that nobody drains": (
        "crib/sensing.py",
        "        if self.stopped:\n            return\n        if",
        "        if self.stopped or (self._app.boot == 1 and self._clock.seconds > 20):\n"
        "            return\n        if",
    ),
    "a writer that writes nothing": (
        "crib/app.py",
        "            self.journal.flush(facts)\n",
        "            self.boot > 1 and self.journal.flush(facts)\n",
    ),
}


@pytest.mark.parametrize("what", STUCK)
def test_a_loop_that_goes_round_and_does_nothing_is_ended_by_the_watchdog(bench, tmp_path, what):
    name, old, new = STUCK[what]
    patch = {(name, old): new}
    if name == "crib/app.py":  # nor may the buffer's own limits write it
        patch[("crib/journal.py", "if stream.unflushed >= _FLUSH_BYTES or")] = "if False and"
        patch[("crib/app.py", "                self.journal.flush()\n")] = "                pass\n"
    with bench(scenario.generate("ten_minutes", 4), patch=patch) as b:
        assert b.ended.wait(30)
        with b.client() as client:
            assert client.hello()["boot"] == "2"
            assert client.info()["state"] == "sampling"
            pull(client, tmp_path / "log")
    assert "watchdog" in [gap["reason"] for gap in analysis.read_night(tmp_path / "log").gaps]


def test_a_sensor_that_is_gone_for_good_is_no_stuck_loop(bench):
    gone = [{"kind": "nack", "at_ms": 20_000}]
    with bench(scenario.generate("ten_minutes", 4), speed=20, faults=gone) as b:
        said = heard(b.board.port, rb"t_s=12\d what=heartbeat fault=no_sensor")
        with b.client() as client:
            assert client.hello()["boot"] == "1"
    assert b"what=stopped" not in said


def left_at_the_prompt(b, *lines):
    with Link(b.board.port) as link:
        link.write(b"\x03")
        said, deadline = b"", time.monotonic() + 5
        while not said.endswith(b">>> "):
            assert time.monotonic() < deadline, said
            said += link.read(0.2)
        for line in lines:
            link.write(line + b"\r")
            time.sleep(0.3)
            said += link.read(0.2)
    return said


def boots(b, tmp_path):
    with b.client() as client:
        hello = client.hello()
        pull(client, tmp_path / "log")
    night = analysis.read_night(tmp_path / "log")
    return int(hello["boot"]), [gap["reason"] for gap in night.gaps]


def test_a_board_left_at_the_prompt_records_again_ten_minutes_after_the_end_whatever_is_typed(
    bench, tmp_path
):
    three = {("boot.py", "_MINUTES = 10"): "_MINUTES = 3"}
    with bench(scenario.generate("nap", 4), speed=20, patch=three) as b:
        time.sleep(0.5)
        said = left_at_the_prompt(b)
        assert b"what=stopped reason=ctrl_c" in said
        began = time.monotonic()
        time.sleep(6)
        assert b"42" in left_at_the_prompt(b, b"6 * 7")
        typed = time.monotonic()
        heard(b.board.port, b"what=heartbeat", timeout_s=25)
        assert time.monotonic() - began > 8, "three minutes are nine seconds at this speed"
        assert time.monotonic() - typed < 11, "neither a line nor Ctrl-C renews them"
        boot, reasons = boots(b, tmp_path)
    assert boot == 2 and "interrupted" in reasons


def test_hold_keeps_it_there_and_a_file_says_how_long(bench, tmp_path):
    """Ten minutes would take half a minute at this speed."""
    with bench(scenario.generate("nap", 4), speed=20) as b:
        time.sleep(0.5)
        for minutes in (2, -2):
            said = left_at_the_prompt(b, b"hold()", b"6 * 7")
            if minutes < 0:
                time.sleep(8)
                said = left_at_the_prompt(b, b"6 * 7")
            assert b"42" in said
            with Link(b.board.port) as link:
                text = b"f = open('/resume_minutes', 'w'); f.write('%d'); f.close()\r"
                link.write(text % minutes)
                time.sleep(0.3)
                link.write(b"\x04")
            heard(b.board.port, b"what=heartbeat")
        left_at_the_prompt(b)
        began = time.monotonic()
        heard(b.board.port, b"what=heartbeat")
        assert time.monotonic() - began < 15, "a minute is the least, and one until the heartbeat"
        assert boots(b, tmp_path)[0] == 4
