"""A board at the far end of a real pseudo-terminal, as docs/PROTOCOL.md has it, on a bad day.

It speaks the protocol with the firmware's own framing and records, from a dict of segments. What
goes wrong is a function from the bytes of one packet to the bytes that really leave.
"""

import contextlib
import os
import pty
import random
import select
import struct
import threading
import time
import tty
import zlib

from cribtrace import log_records
from cribtrace.device import framing, protocol, records, request_line, segment_header, settings

DEVICE = bytes.fromhex("9f00112233445566")
BANNER = b"\r\nMicroPython v1.25.0 on 2026-01-01; ESP32\r\nType help().\r\n>>> "


def header(segment=0, boot=1, device=DEVICE):
    """The facts of a segment header."""
    return {
        "device": device, "boot": boot, "segment": segment, "first_seq": 0,
        "stream": 0, "schema": segment_header.schema(), "build": 0, "rate_mhz": 104000,
        "mlsb_per_g": 16393443, "recording_frames": 0, "config_crc": 0x1A2B3C4D,
        "full_scale_g": 2, "sensor": b"LSM6DSO", "board": b"virtual", "firmware": b"0.1.0",
    }  # fmt: skip


def packet(kind, number, payload):
    """The bytes of one packet on the line."""
    return b"\0" + encoded(bytes((kind, number)) + payload)


def encoded(body):
    """A body as a file of the log holds it: coded, with the zero that ends it."""
    coded = bytearray()
    piece = bytearray(framing.PIECE_BYTES)
    size = framing.encode(bytearray(body) + bytes(4), len(body), piece, coded.extend)
    assert size == len(coded) <= framing.most_bytes(len(body))
    return bytes(coded)


def record(kind, seq, frame, fields=(), rest=b""):
    """The body of one record, as tail sends it."""
    head = struct.pack(records.HEAD, kind, records.VERSIONS[kind], seq, frame)
    return head + struct.pack(records.LAYOUTS[kind], *fields) + rest


def segment(number, size_bytes, boot=1, device=DEVICE):
    """A segment of that size: a good header, then bytes of all values."""
    start = log_records.pack_header(header(number, boot, device))
    noise = random.Random(number).randbytes(size_bytes)
    return (start + noise)[:size_bytes]


def clean(raw):
    """Send it as it is."""
    return raw


def nasty(seed, share=0.08):
    """Drop, flip, repeat or talk between packets: each for this share of them."""
    rng = random.Random(seed)

    def mangle(raw):
        fate = rng.random()
        if fate < share:
            return b""
        if fate < 2 * share:
            bad = bytearray(raw)
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
            return bytes(bad)
        if fate < 3 * share:
            return raw + raw
        if fate < 4 * share:
            return b"t_s=60 what=heartbeat\r\n" + raw + b"E (123) esp_log: \x1b[31mred\r\n"
        return raw

    return mangle


class Peer(threading.Thread):
    """Listens on `port` until `close`; `asked` is every request line that came in whole."""

    def __init__(self, segments=None, *, mangle=clean, deaf=0.0, mode="board", version=1):
        super().__init__(daemon=True)
        self.segments = dict(segments or {})
        self.acked, self.asked, self.marks, self.anchors = [], [], [], []
        self.sent_data_bytes = 0
        self.die_after_data_bytes = None
        self.device = DEVICE
        self.settings = settings.DEFAULTS
        self.boot = 1
        self.firmware, self.build = "0.1.0", 0
        self.gain = 1872457
        self.kept_floor = False
        self.tested = "result=passed least_mg=50 most_mg=1700 x_mg=300 y_mg=299 z_mg=301"
        self.records_before_wipe = 0  # how often the log is open again when it comes to that
        self.unwilling = ()  # segments that a wipe leaves there
        self.tail = False
        self.greeting = b""
        self._mangle, self._deaf, self._mode, self._version = mangle, deaf, mode, version
        self._rng = random.Random(7)
        self._line = b""
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._open = True
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Unplug it."""
        self._open = False
        if threading.current_thread() is not self:
            self.join(2)
        for handle in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(handle)

    def run(self):
        try:
            while self._open:
                if select.select([self._master], [], [], 0.02)[0]:
                    self._receive(os.read(self._master, 256))
                elif self._mode == "babble":
                    self._write(self._rng.randbytes(40))
        except OSError:
            pass

    def push(self, kind, payload, number=0):
        """Send a packet that nobody asked for."""
        self._write(packet(kind, number, payload))

    def say(self, raw):
        """Send these bytes as they are."""
        self._write(raw)

    def _write(self, raw):
        while raw and self._open:
            if select.select([], [self._master], [], 0.05)[1]:
                raw = raw[os.write(self._master, raw[:512]) :]

    def _send(self, kind, number, payload):
        self._write(self._mangle(packet(kind, number, payload)))

    def _receive(self, received):
        if self._mode in ("silent", "babble"):
            return
        if self._mode == "echo":
            self._write(received)
        elif self._mode == "garbage":
            self._write(self._rng.randbytes(len(received)))
        elif self._mode == "repl":
            self._write(received.replace(b"\n", b"\r\nSyntaxError: invalid syntax\r\n>>> "))
        elif self._mode == "raw_repl":
            if b"\x02" in received:
                self._write(BANNER)
        elif self._mode == "gps":
            self._write(b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M*47\r\n")
        else:
            self._lines(received)

    def _lines(self, received):
        *lines, self._line = (self._line + received).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            text = line.decode("ascii")
            if not text or self._rng.random() < self._deaf:
                continue
            parsed = request_line.parse(text)
            if parsed is None:
                self._send(protocol.ERROR, 255, b"bad_request send it again")
                continue
            self.asked.append(text)
            number, verb, arguments = parsed
            try:
                answer = getattr(self, "do_" + verb)(number, *arguments.split(" "))
            except (KeyError, AttributeError):
                self._send(protocol.ERROR, number, b"no_segment ask for the list")
                continue
            if answer is not None:
                self._send(protocol.REPLY, number, answer.encode())

    def do_hello(self, number, *_):
        self._write(self.greeting)
        return (
            f"protocol={self._version} nonce=00c0ffee device={self.device.hex()} boot={self.boot}"
            f" board=virtual sensor=LSM6DSO firmware={self.firmware} build={self.build}"
        )

    def do_info(self, number, *_):
        return (
            "state=sampling fault=none frame=6240 seen=6240 in_gaps=0 records=9 records_lost=0"
            f" segments={len(self.segments)} bytes=0 free_bytes=99 rate_mhz=104000"
            " mlsb_per_g=16393443 uptime_ms=60000 wire_bytes=1 fifo_high=9 heap_used=1"
            " heap_high=2 heap_before=1 config_crc=1a2b3c4d"
        )

    def do_config(self, number, *words):
        changes = [word.split("=") for word in words if word]
        if changes and "=" in words[0]:
            try:
                self.settings = settings.check(dict(changes), self.settings)
            except settings.BadSetting as error:
                self._send(protocol.ERROR, number, f"bad_setting {error}".encode())
                return None
            return f"schema=2 config_crc={settings.crc(self.settings):08x}"
        for name, default, least, most, unit in settings.SCHEMA:
            item = f"name={name} value={self.settings[name]} default={default} least={least}"
            self._send(protocol.ITEM, number, f"{item} most={most} unit={unit}".encode())
        return f"count={len(self.settings)} schema=2 config_crc={settings.crc(self.settings):08x}"

    def do_floor(self, number, *words) -> str | None:
        self.kept_floor = self.kept_floor or words == ("1",)
        kept = "ex=1872457 ey=1880012 ez=1795633 " if self.kept_floor else ""
        return f"{kept}gx={self.gain} gy=1880012 gz=1795633 of=65573774"

    def do_flush(self, number, *_):
        return "records=9"

    def do_list(self, number, *_):
        for n, content in sorted(self.segments.items()):
            header = log_records.unpack_header(content)
            item = (
                f"segment={n} bytes={len(content)} crc={zlib.crc32(content):08x}"
                f" acked={int(n in self.acked)} boot={self.boot}"
                f" stream={header['stream'] if header else records.FACTS}"
            )
            self._send(protocol.ITEM, number, item.encode())
        return f"count={len(self.segments)}"

    def do_read(self, number, segment, offset, length):
        begin, end = int(offset), int(offset) + int(length)
        content = self.segments[int(segment)][begin:end]
        for at in range(0, len(content), protocol.DATA_BYTES):
            piece = content[at : at + protocol.DATA_BYTES]
            self._send(protocol.DATA, number, struct.pack("<II", int(segment), begin + at) + piece)
            self.sent_data_bytes += len(piece)
            limit = self.die_after_data_bytes
            if limit is not None and self.sent_data_bytes >= limit:
                self.close()
                raise OSError("unplugged")
        return ""

    def do_ack(self, number, segment, crc):
        if zlib.crc32(self.segments[int(segment)]) != int(crc, 16):
            self._send(protocol.ERROR, number, b"wrong_crc read the segment again")
            return None
        self.acked.append(int(segment))
        return f"segment={segment}"

    def do_tail(self, number, on):
        self.tail = on == "1"
        return f"tail={on}"

    def do_time(self, number, *numbers):
        if numbers != ("",):
            self.anchors.append(tuple(map(int, numbers)))
        return "frame=6240 uptime_ms=60000"

    def do_mark(self, number, *words):
        self.marks.append(" ".join(words))
        return ""

    def do_keep(self, number, *_):
        return ""

    def do_selftest(self, number, *_):
        return self.tested

    def do_buscheck(self, number, reads):
        return f"reads={reads} failed=0 wrong=0 x_mg=-12 y_mg=8 z_mg=1003"

    def do_wipe(self, number, nonce):
        if nonce != "00c0ffee" or self.records_before_wipe:
            self.records_before_wipe -= 1
            name = "wrong_nonce" if nonce != "00c0ffee" else "log_open"
            self._send(protocol.ERROR, number, f"{name} try again".encode())
            return None
        gone = [n for n in self.segments if n not in self.unwilling]
        for n in gone:
            del self.segments[n]
        return f"deleted={len(gone)} left=0"

    def do_stop(self, number, *_):
        return "seen=6240 in_gaps=0 records=9"

    def do_bye(self, number, *_):
        return ""


def wait_for(condition, timeout_s=5.0):
    """Wait until `condition()` is true; fails the test when it never is."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
