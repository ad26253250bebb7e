"""What the simulated parts and the patched firmware said while they lived, kept apart by start."""

import struct
from dataclasses import dataclass, field

from cribtrace.device import records


@dataclass(frozen=True)
class Told:
    """A record at the moment when it was made, in the board's own milliseconds."""

    ms: int
    crc: int
    body: bytes  # its head; of those that name faults, all that matters
    asked: bool = False  # whether a host was asking

    @property
    def type(self) -> int:
        return self.body[0]

    @property
    def seq(self) -> int:
        return struct.unpack_from("<I", self.body, 2)[0]

    @property
    def frame(self) -> int:
        return struct.unpack_from("<I", self.body, 6)[0]

    @property
    def stream(self) -> int:
        return records.WAVEFORMS if self.type == records.SNIPPET else records.FACTS

    def name(self) -> str:
        """The fault that it names, or "": a gap's reason, a fault in words."""
        rest = self.body[records.HEAD_BYTES :]
        if self.type == records.GAP:
            return records.GAP_REASONS[rest[12]]
        if self.type == records.TEXT and rest.startswith(b"what=fault fault="):
            return rest.decode().split("fault=")[1].split()[0]
        return ""


@dataclass
class Start:
    """One start of the board, whatever ended it."""

    hour: float
    orders: list[dict] = field(default_factory=list)
    came_at: int = 0  # frames of its recording that had gone by at its beginning
    told: list[Told] = field(default_factory=list)
    happened: list[tuple[str, int]] = field(default_factory=list)  # faults, and when
    committed: dict[int, int] = field(default_factory=dict)  # stream: the first number not so
    position: int | None = None  # frames of the recording that had gone by at its end
    stopped: bool = False  # by its host, so that it said goodbye

    @property
    def boot(self) -> int | None:
        """Its number, once it has told that."""
        found = next((t for t in self.told if t.type == records.BOOT), None)
        return struct.unpack_from("<I", found.body, records.HEAD_BYTES + 1)[0] if found else None


class Ledger:
    """Hears what a virtual board says of itself."""

    def __init__(self) -> None:
        self.starts: list[Start] = []
        self.erases: dict[int, int] = {}  # block: how often
        self.pulls = 0
        self.trouble: list[str] = []  # what no board should say

    def power_on(self, hour: float, orders: list[dict]) -> None:
        """A start begins, which is to meet these faults."""
        self.starts.append(Start(hour, orders))

    def hear(self, status: dict) -> None:
        """Take in one status of the board."""
        getattr(self, "_" + status["sim"], lambda status: None)(status)

    def _told(self, status: dict) -> None:
        head = bytes.fromhex(status["head"])
        told = Told(status["ms"], status["crc"], head, bool(status["asked"]))
        if told.type == records.BOOT and self.starts[-1].told:
            before = self.starts[-1]
            self.power_on(before.hour + before.told[-1].ms / 3_600_000, [])
            self.starts[-1].came_at = before.position or 0
        self.starts[-1].told.append(told)
        if told.type == records.TEXT and b"what=crash" in told.body:
            self.trouble.append(repr(told.body[records.HEAD_BYTES :]))

    def _committed(self, status: dict) -> None:
        self.starts[-1].committed[status["stream"]] = status["next_seq"]

    def _fault(self, status: dict) -> None:
        self.starts[-1].happened.append((status["kind"], status["ms"]))

    def _erase(self, status: dict) -> None:
        self.erases[status["block"]] = self.erases.get(status["block"], 0) + 1

    def _end(self, status: dict) -> None:
        self.starts[-1].position = status["position"]

    def _sensor_off(self, status: dict) -> None:
        self.starts[-1].position = status["position"]  # also where the sensor was started anew

    def _off(self, status: dict) -> None:
        if status["stderr"]:
            self.trouble.append(str(status["stderr"]))
