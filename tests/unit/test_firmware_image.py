"""Which file `flash` takes, and which it refuses before a board is touched."""

import subprocess
import sys

import pytest

from cribtrace import board_facts, chips, firmware_image, flash
from cribtrace.errors import CribtraceError, Usage
from tests.support import esp_image

OF_CHIP = {
    "ESP32": "esp32_devkitc_lsm6dso",
    "ESP32-S3": "xiao_esp32s3_lsm6dso",
    "ESP32-C3": "xiao_esp32c3_lsm6dso",
}


def put(folder, content: bytes, name: str = "firmware.bin"):
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize(("family", "name"), OF_CHIP.items())
def test_a_firmware_for_the_chip_is_taken_and_esptool_agrees(tmp_path, family, name):
    path = put(tmp_path, esp_image.made(family))
    image = firmware_image.read(path, board_facts.load(name))
    assert image == (path, path.stat().st_size, "1.27")
    esptool = [sys.executable, "-m", "esptool"]
    said = subprocess.run([*esptool, "image-info", path], capture_output=True, text=True).stdout
    assert f"Chip ID: {chips.CHIPS[family].image_id} ({family})" in said
    assert "(valid)" in said and "(invalid" not in said


@pytest.mark.parametrize(
    ("family", "says"),
    [
        (
            "ESP32-S3",
            "is for the ESP32-S3, and esp32_devkitc_lsm6dso has an ESP32: take ESP32_GEN",
        ),
        ("ESP32-C3", "is for the ESP32-C3, and esp32_devkitc_lsm6dso has an ESP32"),
    ],
)
def test_a_firmware_for_another_chip_is_refused(tmp_path, family, says):
    path = put(tmp_path, esp_image.made(family))
    with pytest.raises(CribtraceError) as raised:
        firmware_image.read(path, board_facts.load(OF_CHIP["ESP32"]))
    assert says in str(raised.value)


def altered(at: int, content: bytes) -> bytes:
    good = bytearray(esp_image.made("ESP32"))
    good[at : at + len(content)] = content
    return bytes(good)


TABLE = esp_image.TABLE_AT - 0x1000
APP = esp_image.APP_AT - 0x1000
DESCRIBED = APP + 32
WRONG = {
    "empty": (b"", "no firmware for an ESP32, or cut short"),
    "text": (b"<html>not found</html>" * 9, "no firmware for an ESP32"),
    "cut in the header": (esp_image.made("ESP32")[:10], "no firmware for an ESP32, or cut short"),
    "cut before the table": (esp_image.made("ESP32")[:0x4000], "no partition table where one"),
    "cut before the application": (esp_image.made("ESP32")[:APP], "or cut short"),
    "the application alone": (esp_image.made("ESP32")[APP:], "no partition table where one would"),
    "one place further": (altered(0, b"")[:0x100] + altered(0, b""), "no partition table"),
    "another chip's application": (altered(APP + 12, b"\x09"), "is for the ESP32-S3, and esp32_d"),
    "a chip that nobody knows": (
        altered(12, b"\x63"),
        "is for the chip with the id 99, and esp32",
    ),
    "an old MicroPython": (esp_image.made("ESP32", "v1.22.2"), "is MicroPython 1.22, too old for"),
    "another program": (esp_image.made("ESP32", "v2.0", "esphome"), "is 'esphome', not MicroPyth"),
}


@pytest.mark.parametrize(("content", "says"), WRONG.values(), ids=WRONG)
def test_what_is_no_firmware_is_refused(tmp_path, content, says):
    path = put(tmp_path, content)
    with pytest.raises(CribtraceError) as raised:
        firmware_image.read(path, board_facts.load(OF_CHIP["ESP32"]))
    assert says in str(raised.value) and str(path) in str(raised.value)


def test_an_older_one_than_a_risc_v_chip_needs_is_refused(tmp_path):
    path = put(tmp_path, esp_image.made("ESP32-C3", "v1.25.0"))
    with pytest.raises(CribtraceError, match=r"MicroPython 1\.25, too old .* take 1\.26 or newer"):
        firmware_image.read(path, board_facts.load(OF_CHIP["ESP32-C3"]))


def test_a_release_that_the_application_does_not_tell_is_its_names(tmp_path):
    board = board_facts.load(OF_CHIP["ESP32"])
    silent = altered(DESCRIBED, bytes(4))
    named = put(tmp_path, silent, "ESP32_GENERIC-20251209-v1.27.0.bin")
    assert firmware_image.read(named, board).version == "1.27"
    assert firmware_image.read(put(tmp_path, silent), board).version == ""
    old = put(tmp_path, silent, "ESP32_GENERIC-20230426-v1.20.0.bin")
    with pytest.raises(CribtraceError, match="too old"):
        firmware_image.read(old, board)


def test_the_newest_of_the_boards_own_is_found_in_a_folder(tmp_path):
    for name in (
        "ESP32_GENERIC-20241129-v1.24.1.bin", "ESP32_GENERIC-20250911-v1.26.1.bin",
        "ESP32_GENERIC-20260101-v1.27.0-preview.7.gabc.bin",
        "ESP32_GENERIC-20251209-v1.27.0.bin", "ESP32_GENERIC-20251209-v1.9.0.bin",
        "ESP32_GENERIC-SPIRAM-20261209-v1.28.0.bin", "ESP32_GENERIC_S3-20261209-v1.28.0.bin",
        "ESP32_GENERIC-20261209-v1.28.0.uf2", "other.bin",
    ):  # fmt: skip
        put(tmp_path, b"", name)
    board = board_facts.load(OF_CHIP["ESP32"])
    found = firmware_image.find(board, [tmp_path / "absent", tmp_path])
    assert found.name == "ESP32_GENERIC-20251209-v1.27.0.bin"
    given = tmp_path / "other.bin"
    assert firmware_image.find(board, [given]) == given
    with pytest.raises(CribtraceError, match=r"no ESP32_GENERIC_C3-DATE-vVERSION\.bin in ") as no:
        firmware_image.find(board_facts.load(OF_CHIP["ESP32-C3"]), [tmp_path])
    assert "get ESP32_GENERIC_C3 1.26 or newer from micropython.org" in str(no.value)


def test_the_virtual_board_is_not_flashed(tmp_path):
    virtual = board_facts.load("virtual")
    with pytest.raises(Usage, match="virtual has no chip to flash"):
        firmware_image.read(put(tmp_path, b""), virtual)
    with pytest.raises(Usage, match="virtual has no chip to flash"):
        flash.command("P", virtual, "flash-id", last=False, no_reset=False)


@pytest.mark.parametrize(
    ("board", "erase", "no_reset", "line"),
    [
        ("esp32_devkitc_lsm6dso", False, False,
         "--chip esp32 --port P --baud 460800 --before default-reset --after hard-reset"
         " write-flash --no-progress 0x1000 f.bin"),
        ("xiao_esp32s3_lsm6dso", True, False,
         "--chip esp32s3 --port P --baud 460800 --before default-reset --after hard-reset"
         " write-flash --no-progress --erase-all 0x0 f.bin"),
        ("xiao_esp32c3_lsm6dso", False, True,
         "--chip esp32c3 --port P --baud 460800 --before no-reset --after no-reset"
         " write-flash --no-progress 0x0 f.bin"),
    ],
)  # fmt: skip
def test_the_command_line_is_this(tmp_path, board, erase, no_reset, line):
    chosen = board_facts.load(board)
    steps = flash.write_steps(chosen, tmp_path / "f.bin", erase)
    words = flash.command("P", chosen, *steps, last=True, no_reset=no_reset)
    assert words[:3] == [sys.executable, "-m", "esptool"]
    assert " ".join(words[3:]).replace(f"{tmp_path}/", "") == line
