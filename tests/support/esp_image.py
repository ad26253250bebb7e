"""A firmware for an ESP32 that does nothing: boot loader, partition table, application."""

import struct

from cribtrace import chips

APP_AT = 0x10000
TABLE_AT = 0x8000


def made(
    family: str, version: str = "v1.27.0", project: str = "micropython", size: int = 0x3000
) -> bytes:
    """The file for a chip family, as micropython.org's begin at the boot loader."""
    chip = chips.CHIPS[family]
    boot = _image(chip.image_id, b"boot" * 64)
    described = struct.pack(
        "<I12x32s32s16s16s32s32s84x", 0xABCD5432, version.encode(), project.encode(),
        b"12:00:00", b"Jan  1 2026", b"v5.4", bytes(32),
    )  # fmt: skip
    app = _image(chip.image_id, described + bytes(range(256)) * (size // 256))
    content = bytearray(b"\xff" * (APP_AT - chip.flash_offset)) + app
    content[: len(boot)] = boot
    table = b"".join(
        struct.pack("<2sBBII16sI", b"\xaa\x50", *entry)
        for entry in (
            (1, 2, 0x9000, 0x6000, b"nvs", 0),
            (0, 0, APP_AT, 0x1F0000, b"factory", 0),
            (1, 0x81, 0x200000, 0x200000, b"vfs", 0),
        )
    )
    at = TABLE_AT - chip.flash_offset
    content[at : at + len(table)] = table
    return bytes(content)


def _image(chip_id: int, segment: bytes) -> bytes:
    """One segment with a header, the checksum that the boot loader wants, and no hash."""
    header = struct.pack("<4BI", 0xE9, 1, 2, 0x20, 0x40080000)
    header += struct.pack("<4xHBHH4xB", chip_id, 0, 0, 0xFFFF, 0)
    body = header + struct.pack("<II", 0x3F400020, len(segment)) + segment
    checksum = 0xEF
    for byte in segment:
        checksum ^= byte
    return body + bytes(15 - len(body) % 16) + bytes([checksum])
