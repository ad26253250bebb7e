"""The driver on the board's word size, against the register model of the virtual board."""

import re
from pathlib import Path

import pytest

SCRIPT = "driver_lsm6dso.py"
SOURCE = Path(__file__).with_name(SCRIPT).read_text()
STALLS = "lost_is_what_was_overwritten"
NAMES = [name for name in re.findall(r"^def test_(\w+)\(", SOURCE, re.MULTILINE) if name != STALLS]


@pytest.mark.parametrize("name", NAMES)
def test_driver(run_device, micropython32, name):
    assert f"passed {name}" in run_device(SCRIPT, name, heap="400k")


@pytest.mark.parametrize("trim", [-20, 0, 20])  # 0.15 % each: up to 3 % off
@pytest.mark.parametrize("odr", [52, 104, 208])
def test_a_stall_loses_exactly_what_was_overwritten(run_device, micropython32, odr, trim):
    assert f"passed {STALLS}" in run_device(SCRIPT, STALLS, odr, trim, heap="400k")
