"""A flash image with the firmware and a log of some megabyte on it.

The log is real: that of a recording the board lives through first. Its records are then repeated,
segment after segment, because to live through a megabyte takes a week. Segments of waveforms lie
among those of facts as they do in a night.
"""

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cribtrace import log_records, runtime, scenario
from cribtrace.client import Client
from cribtrace.device import records, segment_header
from cribtrace.errors import CribtraceError
from cribtrace.link import Link
from cribtrace.pull import SUFFIX, pull, segment_files
from cribtrace.recording import Recording
from cribtrace.virtual import VirtualBoard
from cribtrace.virtual_parts import firmware_files, install_firmware

_PATIENCE_S = 60
# Of the bytes of a night of 400 events: 300 KB and 101 KB (docs/DESIGN.md).
_PARTS = {records.FACTS: 2, records.WAVEFORMS: 5}


@dataclass(frozen=True)
class LogImage:
    """An image: the segments it holds by number, and what a board is to sample meanwhile."""

    flash: Path
    segments: dict[int, bytes]
    recording: Recording
    micropython: Path

    def copied_to(self, flash: Path) -> Path:
        """A copy of its own for one board."""
        shutil.copyfile(self.flash, flash)
        return flash


def make(folder: Path, log_bytes: int) -> LogImage:
    """Make an image in `folder` whose log has at least `log_bytes`."""
    micropython = runtime.find(fetch=True).path
    recording = scenario.generate("ten_minutes", 4)
    segments = repeated(_lived(recording, folder, micropython), log_bytes)
    flash = folder / "flash.bin"
    install_firmware(flash, {**firmware_files(), **files(segments)}, micropython)
    return LogImage(flash, segments, recording, micropython)


def files(segments: dict[int, bytes]) -> dict[str, bytes]:
    """Segments by number as files on the board they are of: path -> content."""
    held = {f"log/{name_of(number, content)}": content for number, content in segments.items()}
    return {**held, "device": _header(segments[min(segments)])["device"]}


def name_of(number: int, content: bytes) -> str:
    """The name of a segment's file on a board: that of waveforms says so."""
    mark = "w" if _header(content)["stream"] == records.WAVEFORMS else ""
    return f"{number:08d}{mark}{SUFFIX}"


def _lived(recording: Recording, folder: Path, micropython: Path) -> list[bytes]:
    """The contents of the segments that the firmware makes of a recording, oldest first."""
    flash = folder / "lived.bin"
    install_firmware(flash, firmware_files(), micropython)
    with VirtualBoard(recording, flash=flash, micropython=micropython, speed=None) as board:
        board.wait_status("recording_end", _PATIENCE_S)
        with Client(Link(board.port)) as client:
            pull(client, folder / "lived")
    return [path.read_bytes() for path in segment_files(folder / "lived")]


def repeated(lived: list[bytes], log_bytes: int) -> dict[int, bytes]:
    """Full segments by number, of at least `log_bytes` in all, out of the records of others.

    Of both streams, where `lived` has both: each as many bytes of it as in a night.
    """
    of_stream = {
        stream: found
        for stream in _PARTS
        if (found := [s for s in lived if _header(s)["stream"] == stream])
    }
    rows = {stream: _full(found) for stream, found in of_stream.items()}
    size_bytes = dict.fromkeys(rows, 0)
    made: dict[int, bytes] = {}
    while sum(size_bytes.values()) < log_bytes:
        stream = min(rows, key=lambda s: size_bytes[s] / _PARTS[s])
        header, packed = next(rows[stream])
        number = len(made) + 1
        made[number] = log_records.pack_header({**header, "segment": number}) + packed
        size_bytes[stream] += len(made[number])
    return made


def _full(lived: list[bytes]) -> Iterator[tuple[dict, bytes]]:
    """Header and records of one full segment after another."""
    header = _header(lived[0])
    row = _records(lived)
    record = next(row)
    while True:
        packed = bytearray()
        while segment_header.BYTES + len(packed) + len(record) <= records.SEGMENT_LIMIT:
            packed += record
            record = next(row)
        yield header, bytes(packed)


def _header(segment: bytes) -> dict:
    header = log_records.unpack_header(segment[: segment_header.BYTES])
    if header is None:
        raise CribtraceError("a segment of the board has no header: is the firmware whole?")
    return header


def _records(lived: list[bytes]) -> Iterator[bytes]:
    """The records as the files hold them, each with the zero that ends it, over and over."""
    bodies = [content[segment_header.BYTES :].split(b"\0")[:-1] for content in lived]
    return itertools.cycle([record + b"\0" for body in bodies for record in body])
