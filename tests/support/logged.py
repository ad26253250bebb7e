"""A recording in the log that the firmware's own code writes, without a board."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path

from cribtrace.device import config, detector, records, segment_header, settings
from cribtrace.recording import Recording

ANCHOR = (1_700_000_000, 250, 0, 1, 0, 0)  # 2023-11-14 22:13:20.250 UTC at the first frame


class Nobody:
    """Whom the recorder tells of records and events."""

    def record(self, body, n):
        pass

    def event(self, fields):
        pass


def boot_facts(
    rate_mhz: int, mlsb_per_g: int, in_force: Mapping[str, int], boot: int = 1,
    sensor: bytes = b"LSM6DSO",
) -> tuple:  # fmt: skip
    return (
        bytes.fromhex("9f3c52a1e07b48d6"), boot, rate_mhz, mlsb_per_g, 0, settings.crc(in_force),
        segment_header.schema(), 0, 2,
        sensor, b"virtual", b"0.1.0",
    )  # fmt: skip


def log(
    recording: Recording,
    folder: Path,
    *,
    in_force: Mapping[str, int] = settings.DEFAULTS,
    anchored: bool = True,
    gap_at: int = -1,
    boot: int = 1,
    sensor: bytes = b"LSM6DSO",
    harm: Callable[[int, bytearray, int], None] = lambda kind, body, end: None,
) -> Path:
    """Write the log of a recording into `folder`, frame `gap_at` and 200 more lost.

    A later `boot` goes behind those that are there.

    `harm(kind, body, end)` may change a record before it gets its checksum.
    """
    journal = importlib.import_module("cribtrace.firmware.crib.journal").Journal(str(folder))
    recorder = importlib.import_module("cribtrace.firmware.crib.recorder").Recorder
    rate_mhz, mlsb_per_g = round(recording.rate_hz * 1000), round(recording.lsb_per_g * 1000)
    journal.begin(boot_facts(rate_mhz, mlsb_per_g, in_force, boot, sensor))
    append = journal.append

    def harmed(kind, frame, end):
        harm(kind, journal.body, end)
        append(kind, frame, end)

    journal.append = harmed
    writer = recorder(journal, Nobody())
    writer.write(records.BOOT, records.CAUSES.index("power_on"), boot)
    writer.write(records.CONFIG, rest=settings.text(in_force).encode())
    det = detector.Detector(in_force, rate_mhz, mlsb_per_g)
    writer.watch(det)
    if anchored:
        writer.write(records.ANCHOR, *ANCHOR)
    raw = recording.accel.astype("<i2").tobytes()
    size = 6 * config.BURST
    gap = range(gap_at, gap_at + 200 + 6 * config.BURST) if gap_at >= 0 else range(0)
    at = 0
    while at < len(raw):
        if at // 6 in gap:
            writer.gap(200, "fifo_overrun")
            at += 6 * 200
            gap = range(0)
        burst = raw[at : at + size]
        writer.burst(det.step(burst, len(burst) // 6))
        at += size
    writer.leave()
    writer.write(records.STOP, det.seen, det.in_gaps, journal.written, 1)
    journal.close()
    return folder
