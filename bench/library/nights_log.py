"""A thousand nights of segments, out of a few that virtual boards lived through.

Nothing decoded is made up: each record of a pulled night goes through the firmware's own framing
again, with another number, and anchors with another date; headers with another device and boot.
"""

import struct
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cribtrace import analysis, demo, log_records, logfile, recording, scenario
from cribtrace.anchors import clocks
from cribtrace.boots import in_a_row
from cribtrace.device import framing, records

SEEDS = (1, 2, 3)
_FIRST = datetime(2024, 1, 1, 20, tzinfo=timezone.utc)


def lived(folder: Path) -> list[Path]:
    """The logs of virtual boards that lived through a simulated night each; made if missing."""
    logs = []
    for seed in SEEDS:
        out = folder / f"night{seed}"
        if not (out / "log").is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            source = folder / f"night{seed}.npz"
            recording.save(source, scenario.generate("night", seed))
            demo.run(source, out)
            source.unlink()
        logs.append(out / "log")
    return logs


def multiplied(sources: Sequence[Path], folder: Path, nights: int, device: bytes) -> Path:
    """A log folder of one board: that many nights in a row, each one of the sources again."""
    folder.mkdir(parents=True, exist_ok=True)
    number, seqs = 0, {records.FACTS: 0, records.WAVEFORMS: 0}
    begins = [_begin(source) for source in sources]
    for night in range(nights):
        k = night % len(sources)
        shift_s = round((_FIRST + timedelta(days=night) - begins[k]).total_seconds())
        counts = dict.fromkeys(seqs, 0)
        for path in logfile.segment_paths(sources[k]):
            number += 1
            content = path.read_bytes()
            _, header = log_records.find_header(content)
            if header is None:
                raise ValueError(f"{path} has no header")
            stream = header["stream"]
            bodies = [framing.decode(p) for p in content[int(header["bytes"]) :].split(b"\0") if p]
            facts = {**header, "device": device, "boot": night + 1, "segment": number}
            facts["first_seq"] = seqs[stream] + counts[stream]
            out = bytearray(log_records.pack_header(facts))
            for body in bodies:
                _append(out, body, seqs[stream] + counts[stream], shift_s, night + 1)
                counts[stream] += 1
            (folder / f"{number:08d}.crib").write_bytes(out)
        seqs = {stream: seqs[stream] + counts[stream] for stream in seqs}
    return folder


def _begin(source: Path) -> datetime:
    boots = list(in_a_row(logfile.read(source)))
    line = clocks(boots)[boots[0].number].line()
    return datetime.fromisoformat(line["utc"].replace("Z", "+00:00"))


def _append(out: bytearray, body: bytes | None, seq: int, shift_s: int, boot: int) -> None:
    """One record under another number, as the board writes it."""
    if body is None:
        raise ValueError("a record of a lived night is damaged: delete it and run this again")
    kind, version, _, frame = struct.unpack_from(records.HEAD, body)
    rest = body[records.HEAD_BYTES :]
    if kind == records.ANCHOR:
        layout = records.LAYOUTS[kind]
        utc_s, utc_ms, uptime_ms, _, *more = struct.unpack_from(layout, rest)
        rest = struct.pack(layout, utc_s + shift_s, utc_ms, uptime_ms, boot, *more)
    whole = bytearray(struct.pack(records.HEAD, kind, version, seq, frame) + rest + bytes(4))
    framing.encode(whole, len(whole) - 4, bytearray(framing.PIECE_BYTES), out.extend)


def same(source: Path, folder: Path) -> bool:
    """Whether the first night of a multiplied log tells the same events as its source."""
    names = [path.name for path in logfile.segment_paths(source)]
    first = sorted(folder.glob("*.crib"))[: len(names)]
    nights = []
    for row in (logfile.segment_paths(source), first):
        boots = list(in_a_row([logfile.read_segment(path) for path in row]))
        nights.append(analysis.of_boots(boots, clocks(boots), details=False))
    events = [[{**event, "utc": None} for event in night.events] for night in nights]
    return events[0] == events[1] and len(events[0]) > 0
