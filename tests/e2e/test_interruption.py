"""What ends a recording, and what the log then says of it: simulated time, real firmware."""

import subprocess
import sys
import time

import pytest

from cribtrace import analysis, logfile, recording, scenario
from cribtrace.client import Client
from cribtrace.device import records
from cribtrace.errors import NoDevice
from cribtrace.link import Link
from cribtrace.pull import pull
from tests.support import golden


@pytest.fixture(scope="module")
def rec():
    return scenario.generate("ten_minutes", 2)


@pytest.fixture(scope="module")
def hour():
    return scenario.generate("nap", 2)


def mpremote(port, *command):
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", port, *command],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def restart(port):
    """What a person types: Ctrl-B leaves the raw REPL, Ctrl-D starts the firmware."""
    with Link(port) as link:
        link.write(b"\x02")
        time.sleep(0.2)
        link.write(b"\x04")
        time.sleep(0.5)


def test_mpremote_interrupts_and_the_log_says_for_how_long_and_why(bench, rec, tmp_path):
    with bench(rec, speed=1) as b:
        with b.client() as client:
            before = client.info()
        time.sleep(2)
        away_from = time.monotonic()
        listing = mpremote(b.board.port, "fs", "ls")
        for name in ("boot.py", "main.py", "board.py", "crib/", "log/"):
            assert name in listing
        with pytest.raises(NoDevice, match="Ctrl-D"):
            Client(Link(b.board.port)).hello()
        time.sleep(1)
        restart(b.board.port)
        away_s = time.monotonic() - away_from
        with b.client() as client:
            assert client.info()["state"] == "sampling"
            assert client.hello()["boot"] == "2"
            pull(client, tmp_path / "log")
    night = analysis.read_night(tmp_path / "log")
    gap = next(gap for gap in night.gaps if gap["reason"] == "interrupted")
    assert gap["duration_s"] == pytest.approx(away_s, abs=1.5)
    assert gap["frames"] == pytest.approx(gap["duration_s"] * 104, abs=1)
    assert gap["onset_s"] >= before["frame"] / 104
    stop = next(line for line in night.recorder if line["what"] == "stop")
    assert stop["reason"] == "ctrl_c"
    boots = [line for line in night.recorder if line["what"] == "boot"]
    assert [(line["boots"], line["cause"]) for line in boots] == [(1, "power_on"), (2, "soft")]
    assert night.summary["coverage"] < 1 - gap["duration_s"] / (night.summary["hours"] * 3600)
    assert night.faults == []


def test_mpremote_reset_starts_the_firmware_again(bench, rec, tmp_path):
    with bench(rec, speed=1) as b:
        with b.client() as client:
            client.keep()
        mpremote(b.board.port, "reset")
        time.sleep(1)
        with b.client() as client:
            assert client.info()["state"] == "sampling"
            pull(client, tmp_path / "log")
    night = analysis.read_night(tmp_path / "log")
    boots = [line for line in night.recorder if line["what"] == "boot"]
    assert [(line["boots"], line["cause"]) for line in boots] == [(1, "power_on"), (2, "hard")]
    # Ctrl-C had ended the recording; a hard reset stops the clock that knew for how long.
    assert [(gap["reason"], gap["duration_s"]) for gap in night.gaps] == [("interrupted", None)]


def test_a_power_cut_costs_at_most_a_minute_and_is_named(bench, rec, tmp_path):
    flash = tmp_path / "cut.bin"
    with bench(rec, flash=flash) as b:
        assert b.ended.wait(30)
        b.board.kill()
        b.board.start()
        with b.client() as client:
            pull(client, tmp_path / "log")
    segments = logfile.read(tmp_path / "log")
    facts = [s for s in segments if s.header["stream"] == records.FACTS]
    first = [r for s in facts if s.header["boot"] == 1 for r in s.records]
    second = [r for s in facts if s.header["boot"] == 2 for r in s.records]
    # At most 60 s of facts are ever uncommitted.
    assert first[-1]["frame"] > (600 - 61) * 104
    assert [r["seq"] for r in first] == list(range(len(first)))
    assert second[0]["seq"] >= first[-1]["seq"] + 1
    night = analysis.read_night(tmp_path / "log")
    reasons = [(gap["reason"], gap["frames"], gap["duration_s"]) for gap in night.gaps]
    assert ("power_cut", None, None) in reasons


def test_an_unreachable_sensor_is_a_fault_and_not_silence(bench, tmp_path):
    deaf = {("board.py", "parts.imu.address,"): "0x44,"}
    with bench(recording.load(golden.RECORDING), patch=deaf) as b:
        time.sleep(0.3)
        with b.client() as client:
            info = client.info()
            assert (info["state"], info["fault"], info["seen"]) == ("fault", "no_sensor", 0)
            pull(client, tmp_path / "log")
    texts = [r["rest"] for s in logfile.read(tmp_path / "log") for r in s.records]
    assert any(b"no_sensor" in text for text in texts)


def test_stop_is_kept_by_a_restart(bench, rec, tmp_path):
    with bench(rec, speed=1) as b:
        with b.client() as client:
            client.stop()
            assert client.info()["state"] == "stopped"
            assert client.stop() == client.stop()
        b.board.restart()
        with b.client() as client:
            pull(client, tmp_path / "log")
    gaps = analysis.read_night(tmp_path / "log").gaps
    assert [gap["reason"] for gap in gaps] == ["restarted"]


def test_a_person_reads_and_types_while_it_samples(bench, hour):
    with bench(hour, speed=20) as b, Link(b.board.port) as link:
        link.write(b"help\r\n")
        heard = b""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and heard.count(b"what=heartbeat") < 3:
            heard += link.read(0.2)
        lines = heard.decode().split("\r\n")
        assert any(line.startswith("mark TEXT") for line in lines)
        beats = [line for line in lines if "what=heartbeat" in line and "floor_mg=" in line]
        times = [int(line.split()[0].partition("=")[2]) for line in beats]
        assert times == list(range(times[0], times[0] + 60 * len(times), 60))
        link.write(b"mark bath and bed\r")
        link.write(b"info\r")
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline and b"config_crc" not in heard:
            heard += link.read(0.2)
        assert b"marked\r\n" in heard
        assert b"state=sampling\r\n" in heard
