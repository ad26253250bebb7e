"""What a chip family is: its pins, its machine code, and where its firmware begins.

Pins: Espressif's data sheets of the ESP32, ESP32-S3 and ESP32-C3 series (pin lists and strapping
pins), and ESP-IDF's page "GPIO & RTC GPIO" for each chip, which says what SPI0/1 takes on modules.
GPIO 16 and 17 of an ESP32 belong to the PSRAM or the flash on WROVER and PICO modules, GPIO 33 to
37 of an ESP32-S3 to octal PSRAM, GPIO 11 of an ESP32-C3 to the flash's supply. Image ids and the
place of the boot loader: ESP-IDF, esp_chip_id_t and CONFIG_BOOTLOADER_OFFSET_IN_FLASH.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple


class Chip(NamedTuple):
    """One family. `least` is the oldest MicroPython whose machine code for it is right."""

    esptool: str
    mpy_arch: str
    least: tuple[int, int]
    image_id: int
    flash_offset: int
    pins: frozenset[int]
    flash: frozenset[int]
    octal: frozenset[int]  # taken only where there is octal PSRAM, as on an ESP32-S3R8
    straps: frozenset[int]
    input_only: frozenset[int]
    usb: frozenset[int]
    console: frozenset[int]


def _pins(*spans: int | tuple[int, int]) -> frozenset[int]:
    """Numbers, and spans of them with both ends."""
    found = [range(s, s + 1) if isinstance(s, int) else range(s[0], s[1] + 1) for s in spans]
    return frozenset(pin for span in found for pin in span)


_NONE = _pins()
CHIPS = {
    "ESP32": Chip(
        "esp32", "xtensawin", (1, 24), 0, 0x1000,
        pins=_pins((0, 19), (21, 23), (25, 27), (32, 39)),
        flash=_pins((6, 11), 16, 17), octal=_NONE, straps=_pins(0, 2, 5, 12, 15),
        input_only=_pins((34, 39)), usb=_NONE, console=_pins(1, 3),
    ),
    "ESP32-S3": Chip(
        "esp32s3", "xtensawin", (1, 24), 9, 0,
        pins=_pins((0, 21), (26, 48)),
        flash=_pins((26, 32)), octal=_pins((33, 37)), straps=_pins(0, 3, 45, 46),
        input_only=_NONE, usb=_pins(19, 20), console=_pins(43, 44),
    ),
    "ESP32-C3": Chip(
        "esp32c3", "rv32imc", (1, 26), 5, 0,
        pins=_pins((0, 21)),
        flash=_pins((11, 17)), octal=_NONE, straps=_pins(2, 8, 9),
        input_only=_NONE, usb=_pins(18, 19), console=_pins(20, 21),
    ),
}  # fmt: skip

NO_CHIP = "none"  # of the virtual board, and of the computer that it runs on

# As MicroPython numbers them (py/persistentcode.h) in sys.implementation._mpy, bits 10 to 13.
ARCHITECTURES = {
    1: "x86", 2: "x64", 3: "armv6", 4: "armv6m", 5: "armv7m", 6: "armv7em", 7: "armv7emsp",
    8: "armv7emdp", 9: "xtensa", 10: "xtensawin", 11: "rv32imc", 12: "rv64imc",
}  # fmt: skip


_STRAP, _NO_DRIVE = "is a boot strap", "cannot drive"
INPUTS = ("button",)  # read, never driven


def pin_faults(family: str, pins: Mapping[str, int], pulled_up: Collection[str] = ()) -> list[str]:
    """What speaks against these pins (signal -> GPIO) on a chip, a sentence each.

    An input may be a boot strap: nobody drives it while the chip starts but who presses it. What
    cannot drive has no pull-up either, so an input there is among those `pulled_up` on the board.
    """
    chip = CHIPS[family]
    faults = ["two signals share a pin"] if len(set(pins.values())) < len(pins) else []
    forbidden = {
        "belongs to the flash or the PSRAM": chip.flash,
        "belongs to octal PSRAM": chip.octal,
        _STRAP: chip.straps,
        _NO_DRIVE: chip.input_only,
        "is the USB's": chip.usb,
        "is the console's": chip.console,
    }
    for signal, pin in pins.items():
        if pin not in chip.pins:
            faults.append(f"{signal}: the {family} has no GPIO {pin}")
        against = [why for why, those in forbidden.items() if pin in those]
        if signal in INPUTS:
            against = [why for why in against if why not in (_STRAP, _NO_DRIVE)]
            if pin in chip.input_only and signal not in pulled_up:
                against.append("has no pull-up of its own")
        faults += [f"{signal}: GPIO {pin} {why}" for why in against]
    return faults


def family_of(platform: str, machine: str) -> str:
    """The chip's family in what MicroPython says of itself; NO_CHIP for a computer.

    MicroPython writes "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3": the chip is last.
    What is not known here keeps MicroPython's own word for it.
    """
    if platform in ("linux", "darwin", "win32"):
        return NO_CHIP
    last = machine.rsplit(" ", maxsplit=1)[-1]
    return {family.replace("-", ""): family for family in CHIPS}.get(last, last or platform)
