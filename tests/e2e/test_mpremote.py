"""The unmodified mpremote against a running virtual board."""

import subprocess
import sys

import pytest

from tests.support.stand_in import BLINK, board_with, opened, read_until


@pytest.fixture(params=[1.0, None], ids=["1x", "max"])
def board(request, tmp_path, micropython, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    main = "started = 1\n" + BLINK
    with board_with(tmp_path, micropython.path, main, speed=request.param, baud=115200) as board:
        yield board


def mpremote(board, *words: str) -> str:
    command = [sys.executable, "-m", "mpremote", "connect", board.port, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_lists_the_flash(board):
    listed = mpremote(board, "fs", "ls").split()
    assert {"boot.py", "main.py", "board.py"} <= set(listed)


def test_executes(board):
    assert mpremote(board, "exec", "print(6 * 7)").strip() == "42"
    long = "x = 0\n" + "x += 1  # so long that it takes several windows of raw paste\n" * 40
    assert mpremote(board, "exec", long + "print(x)").strip() == "40"
    assert mpremote(board, "eval", "sorted([3, 1, 2])").strip() == "[1, 2, 3]"


def test_shows_a_traceback(board):
    command = [sys.executable, "-m", "mpremote", "connect", board.port, "exec", "1 / 0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "ZeroDivisionError" in done.stdout + done.stderr


def test_copies_there_and_back(board, tmp_path):
    there, back = tmp_path / "there.bin", tmp_path / "back.bin"
    there.write_bytes(bytes(range(256)) * 20)
    mpremote(board, "fs", "mkdir", ":box", "+", "fs", "cp", str(there), ":box/file.bin")
    mpremote(board, "fs", "cp", ":box/file.bin", str(back))
    assert back.read_bytes() == there.read_bytes()
    board.restart()
    assert "5120 file.bin" in mpremote(board, "fs", "ls", ":box")


def test_soft_resets_without_starting_main(board):
    mpremote(board, "exec", "y = 5", "+", "soft-reset")
    assert (
        mpremote(
            board, "resume", "exec", "print('y' in globals(), 'started' in globals())"
        ).strip()
        == "False False"
    )


def test_ctrl_b_ctrl_d_starts_main_again(board):
    mpremote(board, "fs", "ls")
    with opened(board) as port:
        port.write(b"\r\x02")
        read_until(port, b">>> ")
        port.write(b"\x04")
        assert read_until(port, b"ready\r\n").endswith(b"MPY: soft reboot\r\nready\r\n")
