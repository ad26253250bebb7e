"""Kept files on littlefs: power cuts at every operation, damage, a full filesystem."""

import re
from pathlib import Path

import pytest

SCRIPT = "kept_littlefs.py"
NAMES = re.findall(
    r"^def test_(\w+)\(", Path(__file__).with_name(SCRIPT).read_text(), re.MULTILINE
)


@pytest.mark.parametrize("name", NAMES)
def test_kept(run_device, micropython, name):
    said = run_device(SCRIPT, name, heap="4m")
    print(said)
    assert f"passed {name}" in said
