"""Every driver on the board's word size, against the register model of its chip, on both buses."""

import re
from pathlib import Path

import pytest

from cribtrace.sensors import SENSORS

SCRIPT = "driver_any.py"
SOURCE = Path(__file__).with_name(SCRIPT).read_text()
NAMES = re.findall(r"^def test_(\w+)\(", SOURCE, re.MULTILINE)


CASES = [  # a test whose name begins with a chip's is that chip's alone
    (name, sensor)
    for name in NAMES
    for sensor, chip in SENSORS.items()
    if not chip.module  # these have tests of their own: test_mpu6050
    if name.split("_")[0] in (sensor, *({name.split("_")[0]} - set(SENSORS)))
]


@pytest.mark.parametrize("bus", ["i2c", "spi"])
@pytest.mark.parametrize(("name", "sensor"), CASES)
def test_driver(run_device, micropython32, name, sensor, bus):
    assert f"passed {name}" in run_device(SCRIPT, name, sensor, bus, heap="800k")
