"""The host opens no internet socket: every command runs with a guard that sees each one."""

import subprocess
import sys

from cribtrace.device import records, segment_header
from tests.support.peer import DEVICE, Peer, encoded, record, segment

GUARD = """
import socket, sys

opened = []


def watch(event, arguments):
    if event == "socket.__new__" and arguments[1] in (socket.AF_INET, socket.AF_INET6):
        opened.append(event)
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        opened.append(event)


sys.addaudithook(watch)
if sys.argv[1] == "open one":
    socket.socket(socket.AF_INET).close()
else:
    from cribtrace import cli

    for command in sys.argv[1:]:
        code = cli.run(command.split(" "))
        assert code in (0, 1, 2, 3), (command, code)
sys.exit(99 if opened else 0)
"""


def guarded(folder, *commands):
    done = subprocess.run(
        [sys.executable, "-c", GUARD, *commands],
        cwd=folder, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_no_command_opens_an_internet_socket(tmp_path):
    header = segment(1, segment_header.BYTES, device=DEVICE)
    epoch = (3120, 3120, 50, 900, 40, 0, 10**4, 10**4, 10**4)
    bodies = record(records.BOOT, 0, 0, (1, 1)), record(records.EPOCH, 1, 3120, epoch, bytes(30))
    with Peer({1: header + b"".join(map(encoded, bodies))}) as board:
        at = f"--port {board.port}"
        code, said = guarded(
            tmp_path, "ports", f"info {at}", f"list {at}", f"config {at}", f"pull log {at}",
            "decode log", "why 1 log", "report log -o night.html",
            "export log --format csv", "export log --format mcap", "bundle log", f"selftest {at}",
            f"wipe --yes {at}", "scenario ten_minutes -o nap.npz", "replay nap.npz",
            "library add log --library kept", "library list --library kept",
            "trend --library kept", "query FROM/**/nights --library kept",
        )  # fmt: skip
    assert code == 0, said


def test_the_guard_sees_one(tmp_path):
    assert guarded(tmp_path, "open one")[0] == 99
