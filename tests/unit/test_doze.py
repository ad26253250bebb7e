"""Light sleep between drains: off by default, and a host is heard all the same."""

import importlib.util
from types import SimpleNamespace

import pytest

from cribtrace import conversation, deploy, device, tree
from tests.fuzz import requests

assert device  # gives CPython the `const` of MicroPython


class Board:
    """Its time, and when it slept; input comes at these moments."""

    def __init__(self, *said_ms):
        self.now_ms = 0
        self.slept_ms = 0
        self.said = sorted(said_ms)
        self.heard = []

    def _until(self, ms):
        self.now_ms += ms
        came = [at for at in self.said if at < self.now_ms]
        del self.said[: len(came)]
        return came

    def awake(self, ms):
        if self.said and self.said[0] < self.now_ms + ms:
            ms = self.said[0] - self.now_ms + 1
        came = self._until(ms)
        self.heard += came
        return came

    def asleep(self, ms):
        assert ms > 0
        self.slept_ms += ms
        self._until(ms)


@pytest.fixture
def dozing():
    path = tree.BOARDS / "esp32" / "doze.py"
    spec = importlib.util.spec_from_file_location("doze", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def made(board, stat=lambda path: ()):
        module.os = SimpleNamespace(stat=stat)
        return module.dozing(board.awake, board.asleep, lambda: board.now_ms, lambda a, b: a - b)

    return made


def lives(board, idle, until_ms, turn_ms=20):
    while board.now_ms < until_ms:
        idle(500)
        board.now_ms += turn_ms


def test_it_is_off_unless_the_board_has_the_file(dozing):
    def absent(path):
        assert path == "/light_sleep"
        raise OSError(2)

    board = Board()
    assert dozing(board, absent) == board.awake


def test_a_quiet_board_sleeps_three_seconds_of_four_but_for_its_first_minute(dozing):
    board = Board()
    idle = dozing(board)
    lives(board, idle, 60_000)
    assert board.slept_ms == 0
    lives(board, idle, 3_660_000)
    assert 0.70 < board.slept_ms / 3_600_000 < 0.75


@pytest.mark.parametrize("phase_ms", range(0, 4000, 93))
def test_a_host_is_heard_whenever_it_comes(dozing, phase_ms):
    asked = [100_000 + phase_ms + round(conversation.WAIT_S * 1000) * k for k in range(6)]
    board = Board(*asked)
    idle = dozing(board)
    lives(board, idle, 160_000)
    assert board.heard and asked.index(board.heard[0]) <= 4 <= conversation.REPEATS
    behind = asked[asked.index(board.heard[0]) :]
    assert board.heard == behind, "from then on it is awake"


def test_a_minute_after_the_last_word_it_sleeps_again(dozing):
    board = Board(10_000)
    idle = dozing(board)
    lives(board, idle, 69_000)
    assert board.heard == [10_000] and board.slept_ms == 0
    lives(board, idle, 100_000)
    assert board.slept_ms > 15_000


def test_only_boards_with_a_uart_have_it():
    wanted = {"esp32_devkitc_lsm6dso", "esp32_devkitc_gy521"}
    found = {
        folder.parent.name
        for folder in tree.BOARDS.glob("*/board.py")
        if "/doze.py" in deploy.files(folder.parent.name)
    }
    assert found == wanted


class NeverThere(requests.Board):
    """Without a sensor; remembers how long each of its 20 rests was to be."""

    def __init__(self):
        super().__init__()
        self.rests_ms = []

    def make_imu(self):
        raise OSError(19)

    def watchdog(self):
        return SimpleNamespace(feed=int, park=int)

    def idle(self, ms):
        self.rests_ms.append(ms)
        if len(self.rests_ms) == 20:
            raise KeyboardInterrupt


def test_a_board_without_a_sensor_rests_too(tmp_path):
    # Of 0 ms an ESP32's light sleep never ends, and an idle without one spins.
    board = NeverThere()
    requests.app_on(board, tmp_path, start=False).run()
    assert board.rests_ms == [500] * 20
