"""From the FIFO into the detector, and what becomes of a sensor that fails."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = [
    (script, name)
    for script in ("sampler_poll.py", "sensing_faults.py")
    for name in re.findall(r"^def test_(\w+)\(", (HERE / script).read_text(), re.MULTILINE)
]


@pytest.mark.parametrize(("script", "name"), TESTS, ids=[name for _, name in TESTS])
def test_sampler(run_device, micropython32, script, name):
    # A bench has the simulated board beside the firmware, and makes one after the other in a heap
    # that nothing puts in order between them, as a start does on a board.
    assert f"passed {name}" in run_device(script, name, heap="300k")


def test_frame_numbers_and_ticks_near_their_ends(run_device, micropython32):
    assert run_device("wraps.py", heap="300k") == "1 True 12345678900 12345678\n"
