"""setup: which board a way belongs to, and what its steps are told."""

import json

import pytest

from cribtrace import first_time, link
from cribtrace.cli import firmware as putting
from cribtrace.cli import setup
from cribtrace.errors import NoDevice

BOARD = "esp32_devkitc_lsm6dso"


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "setup.json"


def test_a_second_board_of_a_kind_has_its_own_way(kept):
    first = first_time.Progress(kept, BOARD, "0123abcd")
    first.finish("flash")
    first.finish("deploy")
    assert first_time.Progress(kept, BOARD, "0123abcd").done == ["flash", "deploy"]
    assert first_time.Progress(kept, BOARD, "ffff0000").done == []
    assert first_time.Progress(kept, "m5stickc_plus2", "0123abcd").done == []


def test_a_board_that_gets_its_name_on_the_way_keeps_what_was_done(kept):
    new = first_time.Progress(kept, BOARD, "usb 58:CF")
    new.finish("flash")
    new.finish("deploy", "0123abcd")
    assert json.loads(kept.read_text()) == {f"{BOARD} 0123abcd": ["flash", "deploy"]}
    new.finish("check", "")  # it says nothing for a while
    assert first_time.Progress(kept, BOARD, "0123abcd").done == ["flash", "deploy", "check"]
    assert first_time.Progress(kept, BOARD, "usb 58:CF").done == []


def test_of_a_board_that_nobody_can_tell_from_another_nothing_is_kept(kept):
    new = first_time.Progress(kept, BOARD, "")
    new.finish("flash")
    assert new.done == ["flash"] and not kept.exists()
    assert first_time.Progress(kept, BOARD, "").done == []


def test_a_board_is_told_by_its_id_else_by_its_usb_serial_number(monkeypatch):
    class Answers:
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def hello(self):
            return {"device": "0123abcd"}

    def silent(*_, **__):
        raise NoDevice("it is silent")

    monkeypatch.setattr(first_time, "Link", lambda port: None)
    monkeypatch.setattr(first_time, "Client", Answers)
    assert first_time.who("P") == "0123abcd"
    monkeypatch.setattr(first_time, "Client", silent)
    port = type("Port", (), {"device": "P", "description": "XIAO", "serial_number": "58:CF"})
    monkeypatch.setattr(link.list_ports, "comports", lambda: [port])
    assert first_time.who("P") == "usb 58:CF"
    port.serial_number = "0001"  # Silicon Labs' default: so are all its bridges called
    assert first_time.who("P") == "" == first_time.who("Q")


def test_the_steps_are_told_what_setup_was(monkeypatch, tmp_path):
    told = {}
    for command in (putting.flash, putting.deploy):
        name = command.name
        monkeypatch.setattr(
            command, "callback", lambda name=name, **given: told.update({name: given})
        )
    file = tmp_path / "bmi270.cfg"
    file.write_bytes(b"x")
    acts = setup._acts("P", "m5stack_cores3", None, 2.0, None, file, True)
    acts["flash"]()
    acts["deploy"]()
    assert told["flash"]["no_reset"] is True and told["flash"]["port"] == "P"
    assert told["deploy"]["bmi270_config"] == file
    setup._acts("P", "m5stack_cores3", None, 2.0, None, None, False)["flash"]()
    assert told["flash"]["no_reset"] is False
