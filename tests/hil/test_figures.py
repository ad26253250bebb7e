"""What only a real board can tell: `make hil PORT=…`. docs/HARDWARE.md lists these figures.

Each prints what it measured (`-s` shows it) and holds it against a bound that is stated here.
"""

import pytest

from cribtrace import board_facts, check, exchange, sensors
from cribtrace.pull import pull
from tests.support import golden

SPAN_S = 20.0  # chosen: a frame is then 0.05 %
ERASE_S = 1.0  # W25Q32 data sheet: 400 ms for 4 KiB at worst; two of them and the line
FLUSHES = 20
TICKED_BYTES_S = 12_800  # MicroPython's source: 128 bytes each tick of 10 ms, at any rate
SLOWEST_BYTES_S = 5_000  # chosen: half of what a line of 115200 baud carries
ENOUGH_BYTES = 10_000  # chosen: a second of that line


def longest_wait_s(hello, info):
    """How long the FIFO of the board's sensor takes to fill."""
    return sensors.fifo_frames(hello["sensor"]) / (int(info["rate_mhz"]) / 1000)


def wait(client, clock, seconds):
    until = clock() + seconds
    while (left_s := until - clock()) > 0:
        client.poll(min(left_s, 1.0))


def test_frames_per_second(clock, board):
    with board.client() as client:
        hello, info = client.hello(), client.info()
        begin, missing = exchange.best(client), int(info["in_gaps"])
        wait(client, clock, SPAN_S)
        end, lost = exchange.best(client), int(client.info()["in_gaps"]) - missing
    found = check.rate(begin, end, int(info["rate_mhz"]), hello["sensor"], lost)
    print(found.said)
    assert found.passed, found.said


def test_loop_lateness(clock, board):
    with board.client() as client:
        hello, info = client.hello(), client.info()
        check.recorder_record(client)  # what was before is told
        wait(client, clock, SPAN_S)
        told = check.recorder_record(client)
    assert isinstance(told, dict), told
    print(f"longest turn {told['loop_max_us'] / 1000:.1f} ms, {told['late']} frames late")
    # Longer than the FIFO lasts is a loss; half of it is what is left for an erase.
    assert told["loop_max_us"] / 1e6 < longest_wait_s(hello, info) / 2


def test_erase_times(clock, board):
    took_s = []
    with board.client() as client:
        before = int(client.info()["in_gaps"])
        for number in range(FLUSHES):
            client.mark(f"erase {number}")
            began_s = clock()
            client.flush()
            took_s.append(clock() - began_s)
        lost = int(client.info()["in_gaps"]) - before
    median_ms, most_ms = 1000 * sorted(took_s)[FLUSHES // 2], 1000 * max(took_s)
    print(f"a flush takes {median_ms:.0f} ms, at most {most_ms:.0f} ms of {FLUSHES}")
    assert most_ms < 1000 * ERASE_S and lost == 0


def test_dtr_and_rts_leave_the_board_alone(clock, board):
    with board.client() as client:
        boot, uptime_ms = client.hello()["boot"], int(client.info()["uptime_ms"])
    closed_s = clock()
    with board.client() as client:
        again, info = client.hello(), client.info()
    passed_s = (int(info["uptime_ms"]) - uptime_ms) / 1000
    print(f"boot {boot}, then {again['boot']}; its clock went on by {passed_s:.1f} s")
    assert again["boot"] == boot and info["state"] == "sampling"
    assert 0 <= passed_s < clock() - closed_s + 30.0  # chosen: a session opens in less


def test_the_lines_ceiling(clock, board, recording, tmp_path):
    with board.client() as client:
        facts = board_facts.load(client.hello()["board"]).facts
    board.live(recording(golden.RECORDING))
    with board.again() as client:
        came, began_s = client.stats.bytes_in, clock()
        pull(client, tmp_path / "log")
        bytes_s = (client.stats.bytes_in - came) / (clock() - began_s)
        came = client.stats.bytes_in - came
    print(f"{came} bytes in {came / bytes_s:.1f} s: {bytes_s:.0f} bytes a second")
    if came < ENOUGH_BYTES:
        pytest.skip(f"a log of {came} bytes tells nothing of the line")
    assert bytes_s > SLOWEST_BYTES_S
    if facts["chip"] == "ESP32":  # the others have USB of their own
        assert bytes_s < 1.02 * TICKED_BYTES_S
