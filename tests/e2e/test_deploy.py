"""deploy, with the real mpremote, to a virtual board that never had this firmware."""

import ast
import json
import re

import pytest

from cribtrace import cli, deploy, recording, remote, scenario, tree, virtual, virtual_parts
from cribtrace.client import Client
from cribtrace.errors import CribtraceError
from cribtrace.link import Link


@pytest.fixture
def board(micropython, tmp_path):
    """A virtual board with the firmware, an old module of an earlier one, and a setting."""
    files = virtual_parts.firmware_files()
    files |= {"crib/stale.py": b"x = 1\n", "crib/imu/old.mpy": b"M", "device_note": b"mine"}
    flash = tmp_path / "flash.bin"
    virtual_parts.install_firmware(flash, files, micropython.path)
    still = scenario.generate("still", 1)
    lies = recording.Recording(still.accel[:6240], still.rate_hz, still.lsb_per_g, (), "still")
    with virtual.VirtualBoard(lies, flash=flash, micropython=micropython.path) as board:
        yield board


def listing(port: str) -> dict[str, list[str]]:
    """Folder on the board -> names in it."""
    code = "import os\nprint({f: os.listdir(f) for f in ('/', '/crib', '/crib/imu')})"
    return ast.literal_eval(remote.run(port, ["exec", code]).strip())


def test_deploy_copies_prunes_verifies_starts_and_says_hello(board):
    with Client(Link(board.port)) as client:
        before = client.hello()
        client.flush()
    told = []
    hello = deploy.deploy(board.port, "virtual", progress=told.append)
    assert hello["device"] == before["device"]
    assert int(hello["boot"]) > int(before["boot"])
    assert len(told) == 3

    found = listing(board.port)
    # Sources would win over what was compiled, and old modules over none.
    assert not [name for name in found["/crib"] + found["/crib/imu"] if name.endswith(".py")]
    assert {"app.mpy", "kernels.mpy"} <= set(found["/crib"])
    drivers = {path.stem + ".mpy" for path in (tree.FIRMWARE / "crib/imu").glob("*.py")}
    assert set(found["/crib/imu"]) == drivers, "it may be told to have any of them"
    assert {"main.py", "boot.py", "board.mpy", "device_note", "log"} <= set(found["/"])
    assert "board.py" not in found["/"]
    assert deploy.start(board.port)["device"] == before["device"]

    # What is there is not copied again; a byte that changed is.
    told.clear()
    note = {"/note.cfg": bytes(range(256)) * 32}
    deploy.deploy(board.port, "virtual", beside=note, progress=told.append)
    assert told[1].startswith("copying 1 of ") and "note.cfg" in listing(board.port)["/"]
    told.clear()
    again = deploy.deploy(board.port, "virtual", beside=note, progress=told.append)
    assert told[1].startswith("copying 0 of ") and again["build"] == hello["build"]
    remote.run(board.port, ["exec", "f = open('/crib/app.mpy', 'ab')\nf.write(b' ')\nf.close()"])
    told.clear()
    deploy.deploy(board.port, "virtual", progress=told.append)
    assert told[1].startswith("copying 1 of ")


def test_the_command_ends_with_what_keeps_a_child_safe(board, capsys):
    assert cli.run(["deploy", "--board", "virtual", "--port", board.port, "--json"]) == 0
    out, err = capsys.readouterr()
    line = json.loads(out)
    assert line["type"] == "deployed" and re.fullmatch("[1-9][0-9]+", line["build"])
    assert "a cord within a child's reach can strangle" in err
    assert "The child sleeps on its back" in err


def test_a_board_of_another_kind_is_refused_before_anything_changes(board):
    before = remote.look(board.port, ["main.py", "board.py"])
    with pytest.raises(CribtraceError, match="is for the ESP32, and this is") as raised:
        deploy.deploy(board.port, "esp32_devkitc_lsm6dso")
    assert "nothing was changed; choose --board virtual" in str(raised.value)
    assert remote.look(board.port, ["main.py", "board.py"]) == before
    assert "/crib/stale.py" in before.files and "/main.py" in before.files


def test_what_did_not_arrive_is_named(board, monkeypatch):
    """A flash that keeps less than it was given."""
    copied = deploy._copy

    def short(port, fresh, gone):
        copied(port, {path: content for path, content in fresh.items() if "app" not in path}, gone)

    monkeypatch.setattr(deploy, "_copy", short)
    with pytest.raises(
        CribtraceError, match=r"/crib/app\.mpy on the board is not what was copied"
    ):
        deploy.deploy(board.port, "virtual")


def test_a_board_without_a_file_system_is_told_what_makes_one(board):
    with pytest.raises(CribtraceError, match=r"no file system on the board .* flash --erase"):
        remote.run(board.port, ["exec", "import errno\nraise OSError(errno.ENODEV)"])


def test_a_step_of_mpremotes_that_fails_is_one_line(board):
    with pytest.raises(CribtraceError) as raised:
        remote.run(board.port, ["fs", "cp", "/nowhere/x.py", ":/x.py"])
    assert "mpremote failed" in str(raised.value)
    assert "\n" not in str(raised.value)
