"""link: a real pseudo-terminal, and every way in which a port can fail to be one."""

import os
import struct
import termios
import time
from collections.abc import Callable

import pytest
from serial import serialposix

from cribtrace.errors import NoDevice
from cribtrace.link import Link, serial_ports
from tests.support.peer import Peer


@pytest.fixture
def peer():
    with Peer(mode="echo") as peer:
        yield peer


def why(port, action: Callable = Link):
    with pytest.raises(NoDevice) as raised:
        action(port)
    line = str(raised.value)
    assert "\n" not in line
    assert raised.value.exit_code == 4
    return line


def test_all_256_byte_values_pass_both_ways_and_dtr_and_rts_are_off(peer):
    with Link(peer.port) as link:
        assert not link._serial.dtr
        assert not link._serial.rts
        link.write(bytes(range(256)))
        received = b""
        while len(received) < 256 and (more := link.read(2)):
            received += more
        assert received == bytes(range(256))


def recorded(monkeypatch, lines):
    """Open a port of which every change of DTR and RTS is recorded as (line, on)."""
    names = {termios.TIOCM_DTR: "DTR", termios.TIOCM_RTS: "RTS"}
    real = serialposix.fcntl.ioctl

    def ioctl(fd, code, *argument):
        if code in (serialposix.TIOCMBIS, serialposix.TIOCMBIC):
            lines.append((names[struct.unpack("I", argument[0])[0]], code == serialposix.TIOCMBIS))
            return 0
        return real(fd, code, *argument)

    monkeypatch.setattr(serialposix.fcntl, "ioctl", ioctl)


def test_opening_drops_rts_before_dtr_and_raises_neither(peer, monkeypatch):
    # The kernel has raised both by then. RTS without DTR would pull an ESP32's reset pin.
    lines = []
    recorded(monkeypatch, lines)
    with Link(peer.port):
        assert lines == [("RTS", False), ("DTR", False)]
    assert lines == [("RTS", False), ("DTR", False)]


def test_where_the_driver_sets_them_at_opening_both_are_off_by_then(monkeypatch):
    done = []

    class Port:
        def __init__(self, **options):
            done.append(("made", options["exclusive"]))
            assert "port" not in options and not options["dsrdtr"]

        def __setattr__(self, name, value):
            done.append((name, value))

        def open(self):
            done.append(("open", True))

    monkeypatch.setattr("cribtrace.link.serial.Serial", Port)
    monkeypatch.setattr("cribtrace.link._POSIX", False)
    Link("COM7")
    before = done[: done.index(("open", True))]
    assert {("rts", False), ("dtr", False), ("made", True)} <= set(before)
    assert ("rts", True) not in done and ("dtr", True) not in done


def test_a_read_returns_at_its_deadline(peer):
    with Link(peer.port) as link:
        begin = time.monotonic()
        assert link.read(0.2) == b""
        assert 0.2 <= time.monotonic() - begin < 0.6


def test_a_port_that_is_not_there_names_those_that_are(tmp_path):
    line = why(str(tmp_path / "none"))
    assert line.startswith(f"no port {tmp_path / 'none'}; ")
    assert all(name in line for name, _ in serial_ports())


def test_a_port_in_use_names_the_process_that_holds_it(peer):
    with Link(peer.port):
        line = why(peer.port)
    assert line.startswith(f"{peer.port} is in use")
    if os.path.exists("/proc/locks"):
        assert f"(process {os.getpid()})" in line
    Link(peer.port).close()


def test_a_port_that_is_let_go_of_at_this_moment_is_waited_for(peer):
    # Of a child of this process, which has its open files until it has become what it is to be.
    first = Link(peer.port)
    child = os.fork()
    if child == 0:
        time.sleep(0.2)
        os._exit(0)
    first.close()
    try:
        Link(peer.port).close()
    finally:
        os.waitpid(child, 0)


@pytest.mark.parametrize("make", [lambda p: p.write_text("x"), lambda p: p.mkdir()])
def test_what_is_no_serial_port_is_called_that(tmp_path, make):
    make(tmp_path / "thing")
    assert "is not a serial port" in why(str(tmp_path / "thing"))


def test_a_forbidden_port_names_the_group(monkeypatch, peer):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    line = why(peer.port)
    monkeypatch.undo()
    assert "permission" in line
    assert "group" in line


@pytest.mark.parametrize("use", [lambda link: link.read(1), lambda link: link.write(b"x")])
def test_an_unplugged_port_went_away(peer, use):
    with Link(peer.port) as link:
        peer.close()
        assert "went away" in why(link, use)
        link.close()


def test_a_port_that_takes_nothing_is_given_up_in_time():
    with Peer(mode="silent") as peer, Link(peer.port) as link:
        peer._open = False
        peer.join()
        begin = time.monotonic()
        assert "takes no more bytes" in why(link, lambda link: link.write(bytes(1 << 20)))
        assert time.monotonic() - begin < 5
