"""What the log costs the flash: erases, bytes of a waveform, bytes of an hour.

Each function returns numbers. The board is the virtual one: its littlefs, its flash and its
firmware are real, its sensor and its time are not.
"""

import importlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cribtrace import demo, logfile, runtime, scenario, tree, virtual_parts
from cribtrace.client import Client
from cribtrace.device import kernels, records
from cribtrace.errors import CribtraceError
from cribtrace.link import Link
from cribtrace.recording import Recording
from cribtrace.virtual import VirtualBoard

EVENT_BYTES = 600
EVENTS = 2000
NOISE_MG = 0.8  # chosen: twice what the data sheet gives at this bandwidth (70 ug/sqrt(Hz))
MLSB_PER_G = 16_393_443  # LSM6DSO at +-2 g: 61 ug a step
_WAIT_S = 300

# Events of so many bytes on flash, one after the other, into the log as the firmware writes it.
_BACK_TO_BACK = """
import sys
import vfs
from crib import framing, records
from crib.journal import Journal
from hardware.nor import Nor

class Idle:
    def charge(self, us):
        pass

with open("flash.bin", "wb") as f:
    for _ in range(512):
        f.write(b"\\xff" * 4096)
flash = Nor(open("flash.bin", "r+b"), Idle())
vfs.VfsLfs2.mkfs(flash)
vfs.mount(vfs.VfsLfs2(flash), "/flash")
log = Journal("/flash/log")
log.begin((b"12345678", 1, 104000, 16393443, 0, 1, 3, 4, 2, b"LSM6DSO", b"virtual", b"0"))
size, count = int(sys.argv[1]), int(sys.argv[2])
end = size - 4 - 2 - size // 254  # CRC, the zero, COBS
for k in range(records.HEAD_BYTES, end):
    log.body[k] = 1 + k % 255
before = flash.erases
for k in range(count):
    log.append(records.EVENT, k, end)
    if log.facts.at_risk == 0:
        log.shelf.ack(log.facts.next_seq)
log.close()
assert log.written == count, log.lost
print(flash.erases - before, log.fact_bytes)
"""


def erases_per_event(events: int = EVENTS) -> float:
    """Blocks erased for each event of EVENT_BYTES, written back to back; the log wraps around."""
    found = runtime.find()
    with tempfile.TemporaryDirectory(prefix="cribtrace-") as folder:
        script = Path(folder, "back_to_back.py")
        script.write_text(_BACK_TO_BACK)
        path = ":".join(map(str, (".frozen", tree.FIRMWARE, tree.BOARDS / "virtual")))
        done = subprocess.run(
            [found.path, "-X", "heapsize=4m", script, str(EVENT_BYTES), str(events)],
            cwd=folder,
            env={**os.environ, "MICROPYPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise CribtraceError(f"the journal on simulated flash failed: {done.stderr[-300:]}")
    erases, size = map(int, done.stdout.split())
    if abs(size / events - EVENT_BYTES) > 1:
        raise CribtraceError(f"an event took {size / events} bytes, not {EVENT_BYTES}")
    return erases / events


def lived(rec: Recording) -> dict[str, float]:
    """What an hour of a recording costs: erases, bytes of facts, bytes of waveforms, events."""
    found = runtime.find()
    with tempfile.TemporaryDirectory(prefix="cribtrace-") as folder:
        image = Path(folder, "flash.bin")
        virtual_parts.install_firmware(image, virtual_parts.firmware_files(), found.path)
        status = demo.Lived()
        board = VirtualBoard(
            rec, flash=image, micropython=found.path, speed=None, baud=None, on_status=status.hear
        )
        with board:
            if not status.ended.wait(_WAIT_S):
                raise CribtraceError("the recording did not come to its end")
            with Client(Link(board.port)) as client:
                client.hello()
                client.stop()
                if not status.off.wait(10):
                    raise CribtraceError("the sensor did not switch off")
                log = [_pulled(client, segment) for segment in client.list()]
    hours = len(rec.accel) / rec.rate_hz / 3600
    streams = dict.fromkeys((records.FACTS, records.WAVEFORMS), 0)
    events = 0
    for content in log:
        segment = logfile.parse(content, "segment")
        streams[(segment.header or {})["stream"]] += len(content)
        events += sum(record["type"] == records.EVENT for record in segment.records)
    return {
        "hours": hours,
        "erases": status.sensor["erases"] / hours,
        "fact_bytes": streams[records.FACTS] / hours,
        "waveform_bytes": streams[records.WAVEFORMS] / hours,
        "events": events / hours,
    }


def _pulled(client: Client, segment) -> bytes:
    return b"".join(client.read(segment.number, 0, segment.size_bytes))


def demo_night() -> dict[str, float]:
    """`lived` of the night that `make demo` plays."""
    return lived(scenario.generate("night", demo.SEED))


def snippet_bytes_per_frame(noise_mg: float = NOISE_MG, snippets: int = 50) -> float:
    """Bytes on flash for a frame of three axes of a still crib; head, state and CRC included."""
    framing = importlib.import_module("cribtrace.firmware.crib.framing")
    waveform = importlib.import_module("cribtrace.firmware.crib.waveform")
    total = 0
    for raw in _still(noise_mg, snippets, waveform.FRAMES_MOST):
        body = bytearray(records.SNIPPET_BYTES + 9 * len(raw) + 4)
        body[: records.SNIPPET_BYTES] = b"\x01" * records.SNIPPET_BYTES
        ring = (raw + 0x8000).astype(np.uint16).ravel()
        padded = np.zeros(3 * kernels.RING, dtype=np.uint16)
        padded[: len(ring)] = ring
        mask = kernels.RING - 1
        end = kernels.code_frames(padded.tolist(), mask, 0, len(raw), body, records.SNIPPET_BYTES)
        piece = bytearray(framing.PIECE_BYTES)
        total += framing.encode(body, end, piece, lambda _: None)
    return total / snippets / waveform.FRAMES_MOST


def _still(noise_mg: float, snippets: int, frames: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(1)
    for _ in range(snippets):
        mg = rng.normal((0, 0, 1000), noise_mg, (frames, 3))
        yield np.rint(mg * MLSB_PER_G / 1e6).astype(int)
