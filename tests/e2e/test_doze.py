"""Light sleep between drains, on the virtual board: a sleep in which the line is not heard."""

from cribtrace import analysis, replay, scenario, tree, virtual_parts
from cribtrace.pull import pull

IDLE = "idle = parts.clock.idle\n"
DOZES = """
from doze import dozing
from hardware import status

_deaf = bytearray(64)


def _awake(ms):
    parts.clock.idle(ms)
    return console.poll()


def _asleep(ms):
    status.begin(b'{"sim":"asleep"')
    status.send()
    parts.clock.charge(ms * 1000)
    while console.read(_deaf):
        pass


idle = dozing(_awake, _asleep, ticks_ms, ticks_diff)
"""


def test_a_board_that_sleeps_loses_no_frame_and_still_answers(bench, micropython, tmp_path):
    files = virtual_parts.firmware_files()
    board = files["board.py"].decode()
    assert IDLE in board
    files["board.py"] = board.replace(IDLE, DOZES).encode()
    files |= {"doze.py": (tree.BOARDS / "esp32" / "doze.py").read_bytes(), "light_sleep": b""}
    flash = tmp_path / "flash.bin"
    virtual_parts.install_firmware(flash, files, micropython.path)
    rec = scenario.generate("ten_minutes", 4)
    with bench(rec, flash=flash) as b:
        assert b.ended.wait(30), b.board.crash
        with b.client() as client:
            client.stop()
            sensor = b.told("sensor_off")
            pull(client, tmp_path / "log")
    slept = sum(status["sim"] == "asleep" for status in b.said)
    assert slept > 600, "nine minutes, three seconds of four, half a second each"
    night = analysis.read_night(tmp_path / "log")
    assert sensor["frames_produced"] == night.summary["frames_seen"]
    assert night.gaps == [] and len(night.events) > 3
    assert [e["onset_s"] for e in replay.replay(rec)] == [e["onset_s"] for e in night.events]
