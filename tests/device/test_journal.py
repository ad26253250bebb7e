"""The journal on littlefs: power cuts, a full filesystem, what it allocates."""

import re
from pathlib import Path

import pytest

from cribtrace import deploy

SCRIPT = "journal_littlefs.py"
SOURCE = Path(__file__).with_name(SCRIPT).read_text()
TWO_HOURS = "journal_two_hours.py"
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


@pytest.mark.parametrize("every", [94, 95, 96])  # each cuts in another way
def test_a_power_cut_in_two_hours(run_device, micropython, every):
    said = run_device(TWO_HOURS, "the_power_fails_in_two_hours", every, heap="24m")
    assert re.search(r"operations \d+ modes 1 cuts \d\d", said)


def test_a_lost_byte_would_be_noticed(run_device, micropython):
    run_device(TWO_HOURS, "a_lost_byte_would_be_noticed", heap="24m")


@pytest.mark.campaign
def test_every_power_cut_in_two_hours(run_device, micropython):
    name = "the_power_fails_in_two_hours"
    said = run_device(TWO_HOURS, name, 1, heap="24m", timeout_s=3000)
    print(said)
    assert re.search(r"operations \d+ modes 3 cuts \d+", said)


NIGHTS = "journal_nights.py"


def test_the_facts_of_fourteen_nights_fit_beside_the_firmware(run_device, micropython, tmp_path):
    code = deploy.compiled(deploy.contents("esp32_devkitc_lsm6dso"), "xtensawin")
    for path, content in code.items():
        file = tmp_path / "firmware" / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    name = "fourteen_nights_beside_the_firmware"
    said = run_device(NIGHTS, name, tmp_path / "firmware", heap="24m")
    print(said)
    assert f"passed {name}" in said


@pytest.mark.campaign
@pytest.mark.parametrize(
    "name",
    [
        "a_week_round_the_clock",
        "fourteen_nights",
        "too_many_nights_would_be_noticed",
    ],
)
def test_other_stretches(run_device, micropython, name):
    said = run_device(NIGHTS, name, heap="24m", timeout_s=600)
    print(said)
    assert f"passed {name}" in said


def test_a_newest_segment_without_an_end_stops_no_start(run_device, micropython):
    """Worn flash reads as ones: 64 KB of them are no reason to need 64 KB."""
    said = run_device(
        """
import os
from crib import journal
os.mkdir("log")
with open("log/00000001.crib", "wb") as f:
    for _ in range(128):
        f.write(b"\\xff" * 512)
log = journal.Journal("log")
print(log.next_segment, log.last_boot)
""",
        heap="100k",
    )
    assert said == "2 0\n"
