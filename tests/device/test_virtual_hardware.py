"""The simulated hardware's own tests: scripts for MicroPython, one process for each test."""

import json
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCRIPTS = (
    "virtual_sensor", "virtual_icm42688p", "virtual_bmi270", "virtual_flash", "virtual_clock",
)  # fmt: skip


def names_in(script: str) -> list[tuple[str, str]]:
    source = (HERE / f"{script}.py").read_text()
    return [(script, name) for name in re.findall(r"^def test_(\w+)\(", source, re.MULTILINE)]


@pytest.mark.parametrize(("script", "name"), [t for s in SCRIPTS for t in names_in(s)])
def test_hardware(run_device, script, name):
    assert f"passed {name}" in run_device(f"{script}.py", name, heap="400k")


def test_what_the_sensor_reports_is_json(run_device):
    printed = run_device(
        "import sys\n"
        "from hardware import status\n"
        "for n in (0, 9, 10, 3_744_000, 1_073_741_823):\n"
        '    status.begin(b\'{"sim":"recording_end","frames":\')\n'
        "    status.number(n)\n"
        "    at = status._used[0]\n"
        "    print(bytes(status._line[:at]).decode() + '}')\n"
    )
    numbers = [json.loads(line)["frames"] for line in printed.splitlines()]
    assert numbers == [0, 9, 10, 3_744_000, 1_073_741_823]
