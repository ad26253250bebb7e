"""flash, with the real esptool, to a stand-in for the boot loader in the chip's ROM."""

import os
import threading
import time

import pytest

from cribtrace import board_facts, cli, firmware_image, flash
from cribtrace.errors import CribtraceError, NoDevice
from tests.support import esp_image
from tests.support.rom_loader import RomLoader

BOARD = "esp32_devkitc_lsm6dso"
OF_CHIP = {"ESP32": BOARD, "ESP32-S3": "xiao_esp32s3_lsm6dso", "ESP32-C3": "xiao_esp32c3_lsm6dso"}


def image(folder, family: str = "ESP32", **about) -> firmware_image.Image:
    path = folder / "firmware.bin"
    path.write_bytes(esp_image.made(family, **about))
    return firmware_image.read(path, board_facts.load(OF_CHIP[family]))


@pytest.mark.parametrize(("family", "board"), OF_CHIP.items())
def test_a_firmware_arrives_at_its_place_and_the_rest_stays(tmp_path, family, board):
    taken, told = image(tmp_path, family), []
    with RomLoader(family) as chip:
        done = flash.flash(
            chip.port, board_facts.load(board), taken, no_reset=True, progress=told.append
        )
    content = taken.path.read_bytes()
    at = 0x1000 if family == "ESP32" else 0
    assert chip.flash[at : at + len(content)] == content
    assert chip.touched and not chip.erased
    assert set(chip.flash[at + 0x200000 :]) == {0x55}, "the log stays"
    assert done == {"offset": f"{at:#x}", "bytes": len(content), "erased": False}
    assert len(told) == 2


def test_all_else_is_erased_on_request(tmp_path):
    taken = image(tmp_path)
    with RomLoader("ESP32") as chip:
        flash.flash(chip.port, board_facts.load(BOARD), taken, erase=True, no_reset=True)
    assert chip.erased and set(chip.flash[0x200000:]) == {0xFF}
    assert chip.flash[0x1000:0x1100] == taken.path.read_bytes()[:0x100]


@pytest.mark.parametrize("there", ["ESP32-S3", "ESP32-C3"])
def test_another_chip_is_refused_before_anything_is_erased(tmp_path, there):
    taken = image(tmp_path)
    with RomLoader(there) as chip, pytest.raises(CribtraceError) as raised:
        flash.flash(chip.port, board_facts.load(BOARD), taken, erase=True, no_reset=True)
    assert f"this is an {there}, and the board should have an ESP32: nothing was" in str(
        raised.value
    )
    assert not chip.touched and set(chip.flash) == {0x55}


def test_a_firmware_that_does_not_fit_is_refused_before_anything_is_erased(tmp_path):
    taken = image(tmp_path, size=0x120000)
    with RomLoader("ESP32", size_mb=1) as chip, pytest.raises(CribtraceError) as raised:
        flash.flash(chip.port, board_facts.load(BOARD), taken, no_reset=True)
    assert "ends at 1.2 MB, and the board has 1 MB of flash: nothing was" in str(raised.value)
    assert not chip.touched


def test_a_flash_that_keeps_something_else_is_noticed(tmp_path):
    taken = image(tmp_path)
    with RomLoader("ESP32", worn=True) as chip, pytest.raises(CribtraceError) as raised:
        flash.flash(chip.port, board_facts.load(BOARD), taken, no_reset=True)
    assert "esptool failed (" in str(raised.value) and "\n" not in str(raised.value)


def test_a_port_where_no_boot_loader_answers_says_what_to_hold(tmp_path):
    taken = image(tmp_path)
    with RomLoader("ESP32", deaf=True) as chip, pytest.raises(NoDevice) as raised:
        flash.flash(chip.port, board_facts.load(BOARD), taken, no_reset=True)
    assert "hold the board's BOOT button" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_board_that_comes_up_is_waited_for():
    with RomLoader("ESP32", deaf=True) as chip:
        began = time.monotonic()
        assert not flash.talks(chip.port, 1.0)
        assert 1.0 <= time.monotonic() - began < 5.0
        later = threading.Timer(1.0, lambda: os.write(chip.master, b">>> "))
        later.start()
        assert flash.talks(chip.port, 10.0)
        later.join()
    assert not flash.talks(chip.port, 0.5)


def test_the_command_ends_with_what_keeps_a_child_safe(tmp_path, capsys):
    taken = image(tmp_path)
    with RomLoader("ESP32") as chip:
        words = ["flash", "--board", "m5stickc_plus2", "--port", chip.port, "--no-reset"]
        assert cli.run([*words, "--firmware", str(taken.path.parent / "firmware.bin")]) == 0
    out, err = capsys.readouterr()
    assert "flashed" in out and "version=1.27" in out
    assert "m5stickc_plus2 is for the bench only, never for a crib: it has a lithium cell" in err
    assert "a cord within a child's reach can strangle" in err
    assert err.index("for the bench") < err.index("strangle")


def test_a_wrong_file_never_opens_the_port(tmp_path, capsys):
    image(tmp_path, "ESP32-S3")
    words = ["flash", "--board", BOARD, "--port", "/dev/absent", "--firmware"]
    assert cli.run([*words, str(tmp_path / "firmware.bin")]) == 1
    assert "is for the ESP32-S3, and esp32_devkitc_lsm6dso has an ESP32" in capsys.readouterr().err


def test_without_a_file_it_says_where_to_get_one_and_downloads_nothing(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(tmp_path))
    assert cli.run(["flash", "--board", BOARD, "--port", "/dev/absent"]) == 1
    assert "get ESP32_GENERIC 1.24 or newer from micropython.org" in capsys.readouterr().err


def test_a_log_is_not_erased_without_its_boards_id(tmp_path, capsys, monkeypatch):
    image(tmp_path)
    monkeypatch.setattr(flash, "log_on", lambda port: ("0123abcd", 3, 2))
    monkeypatch.setattr(flash, "flash", lambda *_, **__: pytest.fail("it was erased"))
    monkeypatch.setattr("cribtrace.cli.firmware.click.prompt", lambda *_, **__: "yes")
    words = ["flash", "--board", BOARD, "--port", "P", "--erase", "--firmware", str(tmp_path)]
    (tmp_path / "firmware.bin").rename(tmp_path / "ESP32_GENERIC-20251209-v1.27.0.bin")
    assert cli.run(words) == 2
    assert "holds 3 segments; 2 of them were never pulled" in capsys.readouterr().err
