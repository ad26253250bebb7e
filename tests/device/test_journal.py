"""The journal on littlefs: power cuts, a full filesystem, what it allocates."""

import re
from pathlib import Path

import pytest

SCRIPT = "journal_littlefs.py"
SOURCE = Path(__file__).with_name(SCRIPT).read_text()
CUTS = {"the_power_fails_anywhere": 11, "the_power_fails_where_room_is_made": 149}
NAMES = re.findall(r"^def test_(\w+)\(", SOURCE, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in CUTS])
def test_journal(run_device, micropython, name):
    assert f"passed {name}" in run_device(SCRIPT, name, heap="8m")


@pytest.mark.parametrize("name", CUTS)
def test_power_cuts(run_device, micropython, name):
    assert f"passed {name}" in run_device(SCRIPT, name, CUTS[name], heap="8m")


@pytest.mark.campaign
@pytest.mark.parametrize("name", CUTS)
def test_every_power_cut(run_device, micropython, name):
    assert f"passed {name}" in run_device(SCRIPT, name, 1, heap="8m", timeout_s=3000)
