"""What the firmware must survive: requests without sense, its own faults, impatient people."""

import time

import pytest

from cribtrace import analysis, recording, scenario
from cribtrace.conversation import request
from cribtrace.device import request_line
from cribtrace.errors import CribtraceError
from cribtrace.link import Link
from cribtrace.pull import pull
from tests.support import golden

NUMBERS = ("0", "1", "-1", "2147483648", "-2147483649", "99999999999999999999", "x", "", "1 2 3 4")


@pytest.fixture(scope="module")
def rec():
    return recording.load(golden.RECORDING)


def test_no_request_ends_the_recording(bench, rec):
    with bench(rec) as b:
        assert b.ended.wait(30)
        with b.client() as client:
            client.flush()
            for verb in sorted(set(request_line.VERBS) - {"stop", "bye", "hello"}):
                for a in NUMBERS:
                    for b_ in ("", *NUMBERS[:6]):
                        arguments = [x for x in (a, b_, "10" if verb == "read" else "") if x]
                        try:
                            client.request(verb, *arguments)
                        except CribtraceError:
                            continue
            assert client.info()["state"] == "sampling"


def test_a_fault_of_the_firmware_is_named_and_it_goes_on(bench, tmp_path):
    failing = {
        ("crib/app.py", "    def _heartbeat(self):\n"): "    def _heartbeat(self):\n"
        "        if self._minute == 3 and self.boot == 1:\n"
        "            raise MemoryError('as if')\n"
    }
    with bench(scenario.generate("ten_minutes", 4), patch=failing) as b:
        assert b.ended.wait(30)
        with b.client() as client:
            assert client.info()["state"] == "sampling"
            pull(client, tmp_path / "log")
    night = analysis.read_night(tmp_path / "log")
    assert [gap["reason"] for gap in night.gaps] == ["crashed"]
    assert any("as if" in line.get("text", "") for line in night.recorder)
    stop = next(line for line in night.recorder if line["what"] == "stop")
    assert stop["reason"] == "fault"
    assert stop["t_s"] == pytest.approx(180, abs=2)


ONCE = """
def once():
    import os
    try:
        os.stat("/once")
    except OSError:
        open("/once", "w").close()
        raise KeyboardInterrupt


class Sampler:"""


def at_the_prompt(port):
    """Wait until the firmware has wholly ended."""
    heard = b""
    deadline = time.monotonic() + 20
    with Link(port) as link:
        while not heard.endswith(b">>> "):
            link.write(b"\r")
            heard += link.read(0.2)
            assert time.monotonic() < deadline, heard


def interrupted(bench, rec, tmp_path, patch):
    """The night after a Ctrl-C in an awkward place, and the sensor's own count."""
    patch[("crib/sampler.py", "class Sampler:")] = ONCE
    with bench(rec, patch=patch) as b:
        sensor = b.told("sensor_off", 30)
        at_the_prompt(b.board.port)
        b.board.restart()
        with b.client() as client:
            pull(client, tmp_path / "log")
    return analysis.read_night(tmp_path / "log"), sensor


def test_a_ctrl_c_within_a_fifo_read_loses_nothing_in_silence(bench, rec, tmp_path):
    within = {
        ("crib/sampler.py", "            self.imu.read_into(self._views[k])\n"): (
            "            self.imu.read_into(self._views[k])\n"
            "            if self.detector.index == 64 * 50:\n"
            "                once()\n"
        )
    }
    night, sensor = interrupted(bench, rec, tmp_path, within)
    stop = next(line for line in night.recorder if line["what"] == "stop")
    assert (stop["reason"], stop["seen"]) == ("ctrl_c", 64 * 50)
    gap = next(gap for gap in night.gaps if gap["reason"] == "bus_error")
    assert sensor["frames_produced"] - stop["seen"] == pytest.approx(gap["frames"], abs=4)
    assert gap["frames"] >= 60  # the clock counted it, to some frames


def test_a_second_ctrl_c_costs_no_record(bench, rec, tmp_path):
    twice = {
        ("crib/sampler.py", "        n = self._held\n"): (
            "        if self.detector.index == 64 * 50:\n"
            "            once()\n"
            "        n = self._held\n"
        ),
        (
            "crib/recorder.py",
            "        self._events(self.detector.finish())\n",
        ): (
            "        self.tries = getattr(self, 'tries', 0) + 1\n"
            "        if self.tries == 1:\n"
            "            raise KeyboardInterrupt\n"
            "        self._events(self.detector.finish())\n"
        ),
    }
    night, _ = interrupted(bench, rec, tmp_path, twice)
    stops = [line["reason"] for line in night.recorder if line["what"] == "stop"]
    assert stops == ["ctrl_c"]
    assert [gap["reason"] for gap in night.gaps] == ["restarted"]


def test_acknowledging_needs_the_right_crc_and_the_right_order(bench, rec):
    with bench(rec) as b:
        assert b.ended.wait(30)
        with b.client() as client:
            for _ in range(3):
                client.mark("one more segment")
                client.flush()
            first, second, *_ = client.list()
            with pytest.raises(CribtraceError, match="out_of_order"):
                client.ack(second.number, second.crc)
            with pytest.raises(CribtraceError, match="wrong_crc"):
                client.ack(first.number, first.crc ^ 1)
            client.ack(first.number, first.crc)
            client.ack(second.number, second.crc)
            assert [s.acked for s in client.list()][:3] == [True, True, False]


def test_a_request_sent_twice_is_carried_out_once(bench, rec, tmp_path):
    with bench(rec) as b:
        assert b.ended.wait(30)
        with b.client() as client:
            line = (request(77, "mark", "only once") + "\n").encode()
            client.link.write(line + line)
            client.poll(0.5)
            pull(client, tmp_path / "log")
    marks = analysis.read_night(tmp_path / "log").marks
    assert [mark["text"] for mark in marks] == ["only once"]


def test_a_loop_that_no_longer_turns_is_ended_by_the_watchdog_and_named(bench, tmp_path):
    unfed = {
        ("crib/app.py", "                    watchdog.feed()\n"): (
            "                    if self.boot > 1 or self.clock.seconds < 20:\n"
            "                        watchdog.feed()\n"
        )
    }
    with bench(scenario.generate("ten_minutes", 4), patch=unfed) as b:
        assert b.ended.wait(30)
        with b.client() as client:
            assert client.info()["state"] == "sampling"
            pull(client, tmp_path / "log")
    night = analysis.read_night(tmp_path / "log")
    assert [gap["reason"] for gap in night.gaps] == ["watchdog"]
    boots = [line for line in night.recorder if line["what"] == "boot"]
    assert [(line["boots"], line["cause"]) for line in boots] == [(1, "power_on"), (2, "watchdog")]


def test_the_watchdog_sleeps_while_somebody_is_at_the_prompt(bench):
    with bench(scenario.generate("nap", 4), speed=20) as b, Link(b.board.port) as link:
        time.sleep(0.5)
        link.write(b"\x03")
        time.sleep(2.5)  # 50 s of the board's time; the watchdog bites after 30
        heard = link.read(0.5)
        assert b"what=stopped reason=ctrl_c" in heard
        assert heard.endswith(b">>> ")
        link.write(b"6 * 7\r")
        time.sleep(0.2)
        assert b"\r\n42\r\n" in link.read(0.5)
