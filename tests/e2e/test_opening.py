"""Opening and closing the port: it changes nothing on the board, or the tool says what it did."""

import os
import signal
import subprocess
import sys
import time

import pytest

from cribtrace import cli, scenario
from cribtrace.client import Client
from cribtrace.link import Link

OPENINGS = 100


@pytest.fixture(scope="module")
def hour():
    return scenario.generate("nap", 2)


def test_a_hundred_openings_change_no_boot_and_cost_no_frame(bench, hour):
    with bench(hour, speed=20) as b:
        with b.client() as client:
            boot = client.hello()["boot"]
            before = client.info()
        for n in range(OPENINGS):
            with Link(b.board.port) as link:
                link.read(0.02)  # so long that the relay sees it
                if n % 2:  # and some leave half a line behind
                    link.write(b"in")
        with b.client() as client:
            after = client.info()
            assert client.hello()["boot"] == boot
            assert after["in_gaps"] == 0
            assert after["seen"] > before["seen"]
            client.stop()
            sensor = b.told("sensor_off")
            assert sensor["frames_produced"] == client.info()["seen"]


def test_a_relay_that_resets_the_board_is_noticed_and_named(bench, hour, capsys):
    with bench(hour, speed=1, reset_on_open=True) as b:
        assert cli.run(["list", "--port", b.board.port]) == 0
        said = capsys.readouterr().err
        assert f"opening {b.board.port} reset the board: boot " in said
        assert "its log has a gap" in said


def test_a_board_that_goes_on_is_not_accused(bench, hour, capsys):
    with bench(hour, speed=1) as b:
        time.sleep(1)
        assert cli.run(["list", "--port", b.board.port]) == 0
        assert "reset the board" not in capsys.readouterr().err


def test_the_line_is_text_again_after_kill_9_of_the_host(bench, hour):
    with bench(hour, speed=20) as b:
        command = [sys.executable, "-m", "cribtrace.cli", "tail", "--port", b.board.port, "--json"]
        host = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert host.stdout and b'"type"' in host.stdout.readline()
        time.sleep(5.5)  # longer than a session lasts without its keep-alive
        os.kill(host.pid, signal.SIGKILL)
        host.wait()
        killed_s = time.monotonic()
        with Link(b.board.port) as link:
            heard = b""
            while b"what=heartbeat" not in heard and time.monotonic() < killed_s + 9:
                heard += link.read(0.2)
            quiet_s = time.monotonic() - killed_s
        assert b"what=heartbeat" in heard
        assert 2.5 < quiet_s < 7  # the session was alive to the end
        with b.client() as client:
            assert client.info()["in_gaps"] == 0


def test_enter_ends_a_session_at_once(bench, hour):
    with bench(hour, speed=20) as b:
        client = Client(Link(b.board.port))
        client.hello()
        client.link.write(b"\r")
        client.link.write(b"help\r")
        deadline = time.monotonic() + 3
        heard = b""
        while b"Ctrl-C" not in heard and time.monotonic() < deadline:
            heard += client.link.read(0.2)
        client.link.close()
        assert b"Ctrl-C" in heard
