"""Segments: `logfile`, and all that `cribtrace decode` makes of one."""

import random
import shutil
import struct
import tempfile
import zlib
from pathlib import Path

from cribtrace import analysis, facts, log_records, logfile, packets
from cribtrace.device import framing, records, segment_header
from cribtrace.errors import CribtraceError
from tests.fuzz.mutate import WORDS, mutated
from tests.fuzz.target import AgreeingCrc
from tests.support.peer import encoded

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
_NIGHT_EVERY = 4  # one case in so many goes through the analysis of a night as well


class Segments:
    """A case is a segment file, and whether a night is made of it."""

    name = "segment"
    check = "CRC-32"
    CASE_MOST_S = 4.0

    def __init__(self):
        self._unguarded = False
        self._sealed: set[bytes] = set()
        self._folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=_shared_memory()))
        found = [path.read_bytes() for path in sorted(VECTORS.glob("segment*.crib"))]
        self._header = found[0][: segment_header.BYTES]
        pieces = [p for content in found for p in content[segment_header.BYTES :].split(b"\0")]
        every_type = (VECTORS / "segment_every_type.crib").read_bytes()[segment_header.BYTES :]
        self._in_order = [framing.decode(p) or b"" for p in every_type.split(b"\0")[:-1]]
        self._bodies = sorted({body for piece in pieces if (body := framing.decode(piece))})

    def unguard(self):
        self._unguarded = True
        framing.binascii = AgreeingCrc
        packets.zlib = AgreeingCrc
        log_records.zlib = AgreeingCrc

    def case(self, rng: random.Random) -> tuple[bytes, bool]:
        self._sealed = set()
        header = self._header
        if (what := rng.random()) < 0.3:
            if what < 0.1:
                header = mutated(rng, header[:-4])
            else:
                at = rng.randrange(20, 48, 4)
                word = struct.pack("<I", rng.choice((*WORDS, 40_000, 104_000, 300_000)))
                header = header[:at] + word + header[at + 4 : -4]
            header += struct.pack("<I", zlib.crc32(header))
        if rng.random() < 0.5:
            at = rng.randrange(len(self._in_order))
            bodies = self._in_order[at : at + rng.randint(1, 8)]
        else:
            bodies = [rng.choice(self._bodies) for _ in range(rng.randint(1, 8))]
        content = header + b"".join(self._sealed_body(rng, body) for body in bodies)
        if rng.random() < 0.5:
            content = mutated(rng, content)
        if rng.random() < 0.03:
            content = rng.randbytes(rng.choice((3, 200, 2000)))
        return content, rng.randrange(_NIGHT_EVERY) == 0

    def _sealed_body(self, rng: random.Random, body: bytes) -> bytes:
        what = rng.random()
        if what < 0.3:
            body = mutated(rng, body) or body
        elif what < 0.6 and len(body) > records.HEAD_BYTES + 4:
            at = rng.randrange(records.HEAD_BYTES, len(body) - 3)
            body = body[:at] + struct.pack("<I", rng.choice(WORDS)) + body[at + 4 :]
        elif what < 0.7:
            body = body[:2] + struct.pack("<II", rng.choice(WORDS), rng.choice(WORDS)) + body[10:]
        self._sealed.add(body)
        return encoded(body)

    def size_bytes(self, case: tuple[bytes, bool]) -> int:
        return len(case[0])

    def allowed_bytes(self, size_bytes: int) -> int:
        return 4_000_000 + 200 * size_bytes

    def run(self, case: tuple[bytes, bool]) -> bool:
        content, as_night = case
        found = logfile.parse(content, "x.crib")
        if not self._unguarded:
            true = [log_records.unpack(body) for body in self._sealed]
            assert [r for r in found.records if r not in true] == [], "false record"
        if found.header:
            facts.header_line(found.header)
            for record in found.records:
                facts.json_line(record, found.header)
        if as_night:
            self._night(content)
        return bool(found.records)

    def _night(self, content: bytes) -> None:
        path = self._folder / "00000001.crib"
        path.write_bytes(content)
        try:
            night = analysis.read_night(path)
        except CribtraceError:
            return
        for line in analysis.lines(night):
            assert line["type"]

    def close(self):
        shutil.rmtree(self._folder)


def _shared_memory() -> str | None:
    """A folder that is no disk, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
