"""deploy, with the real mpremote, to a virtual board that never had this firmware."""

import zlib

import pytest

from cribtrace import deploy, recording, scenario, virtual, virtual_parts
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


def test_deploy_copies_prunes_starts_and_says_hello(board):
    with Client(Link(board.port)) as client:
        before = client.hello()
        client.flush()
    told = []
    hello = deploy.deploy(board.port, "virtual", progress=told.append)
    assert hello["device"] == before["device"]
    assert int(hello["boot"]) > int(before["boot"])
    assert len(told) == 3
    listing = deploy._mpremote(
        board.port,
        ["exec", "import os\nprint(os.listdir('/crib'), os.listdir('/crib/imu'), os.listdir())"],
    )
    assert "stale.py" not in listing
    assert "old.mpy" not in listing
    for name in ("app.py", "lsm6dso.py", "main.py", "board.py", "device_note", "log"):
        assert name in listing
    assert deploy.start(board.port)["device"] == before["device"]


def test_a_step_of_mpremotes_that_fails_is_one_line(board):
    with pytest.raises(CribtraceError) as raised:
        deploy._mpremote(board.port, ["fs", "cp", "/nowhere/x.py", ":/x.py"])
    assert "mpremote failed" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_goes_beside_the_firmware_is_copied_whole(board):
    content = bytes(k * 7 % 256 for k in range(8192))
    deploy.deploy(board.port, "virtual", beside={"/bmi270.cfg": content})
    told = "import binascii\nprint(binascii.crc32(open('/bmi270.cfg', 'rb').read()))"
    assert int(deploy._mpremote(board.port, ["exec", told])) == zlib.crc32(content)
