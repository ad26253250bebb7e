"""A stand-in for the boot loader in an ESP32's ROM, behind a pseudo-terminal.

It speaks what esptool speaks (Espressif, "Serial Protocol"): SLIP frames with a command, and takes
its stub for granted. What is written to `flash` can be looked at.
"""

import hashlib
import os
import pty
import select
import struct
import threading
import tty
import zlib

_SYNC, _READ_REG, _SECURITY, _MD5 = 0x08, 0x0A, 0x14, 0x13
_MEM_END, _ERASE_FLASH = 0x06, 0xD0
_BEGIN, _DATA = (0x02, 0x10), (0x03, 0x11)  # plain, compressed
_MAGIC_REG = 0x40001000
_MAGIC = {"ESP32": 0x00F01D83}
_CHIP_ID = {"ESP32-S3": 9, "ESP32-C3": 5}
_SPI_W0 = {"ESP32": 0x3FF42080, "ESP32-S3": 0x60002058, "ESP32-C3": 0x60002058}


class RomLoader:
    """The chip. `flash` is what is in it; `touched` whether any of it was to change, `erased` all.

    A worn one keeps something else than it was told to; a deaf one never answers.
    """

    def __init__(
        self, family: str, size_mb: int = 4, *, worn: bool = False, deaf: bool = False
    ) -> None:
        self.worn, self.deaf = worn, deaf
        self.family = family
        self.flash = bytearray(b"\x55" * (size_mb << 20))
        self.touched = self.erased = False
        self._id = 0x40 | (0x14 + size_mb.bit_length() - 1) << 16 | 0x20
        self._stub = False
        self._at, self._written, self._packed = 0, b"", False
        self.master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._on = True
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "RomLoader":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._on = False
        self._thread.join()
        os.close(self.master)
        os.close(self._slave)

    def _serve(self) -> None:
        pending = b""
        while self._on:
            if not select.select([self.master], [], [], 0.05)[0]:
                continue
            pending += os.read(self.master, 65536)
            *frames, pending = pending.split(b"\xc0")
            for frame in frames:
                plain = frame.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
                if len(plain) >= 8 and plain[0] == 0 and not self.deaf:
                    self._answer(plain[1], plain[8:])

    def _answer(self, command: int, body: bytes) -> None:
        told, value, good = self._done(command, body)
        status = (b"\0\0" if good else b"\x01\x05") + (b"" if self._stub else b"\0\0")
        payload = told + status
        for _ in range(8 if command == _SYNC else 1):
            self._send(struct.pack("<BBHI", 1, command, len(payload), value) + payload)
        if command == _MEM_END:
            self._stub = True
            self._send(b"OHAI")

    def _done(self, command: int, body: bytes) -> tuple[bytes, int, bool]:
        """Do it; returns what it tells, as bytes and as a number, and whether it is known."""
        if command == _SYNC:
            self._stub = False
            return b"", 0x07122055, True  # 0 would be the stub's answer
        if command == _READ_REG:
            (address,) = struct.unpack("<I", body[:4])
            known = {_MAGIC_REG: _MAGIC.get(self.family, 9), _SPI_W0[self.family]: self._id}
            return b"", known.get(address, 0), True
        if command == _SECURITY:
            chip_id = _CHIP_ID.get(self.family)
            return struct.pack("<IB7sII", 0, 0, bytes(7), chip_id or 0, 0), 0, chip_id is not None
        if command == _MD5:
            at, size = struct.unpack("<II", body[:8])
            return hashlib.md5(self.flash[at : at + size]).digest(), 0, True
        self._change(command, body)
        return b"", 0, True

    def _change(self, command: int, body: bytes) -> None:
        if command in _BEGIN:
            size, _, _, self._at = struct.unpack("<4I", body[:16])
            self.touched |= size > 0  # of none at all: that is how the stub is left
            self._written, self._packed = b"", command == _BEGIN[1]
        elif command in _DATA:
            self._take(body[16:])
        elif command == _ERASE_FLASH:
            self.touched = self.erased = True
            self.flash[:] = b"\xff" * len(self.flash)

    def _take(self, piece: bytes) -> None:
        self._written += piece
        content = self._written
        if self._packed:
            content = zlib.decompressobj().decompress(content)
        self.flash[self._at : self._at + len(content)] = content
        if self.worn:
            self.flash[self._at] ^= 1

    def _send(self, frame: bytes) -> None:
        escaped = frame.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
        os.write(self.master, b"\xc0" + escaped + b"\xc0")
