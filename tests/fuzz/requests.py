"""Request lines and what a person types: `request_line.parse`, and the board that answers.

The firmware runs as it is, on a board without hardware. It may refuse whatever it likes; an
exception that leaves it would restart the board.
"""

import contextlib
import gc
import importlib
import random
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

from cribtrace.device import request_line
from cribtrace.stream import PACKET, Decoder
from tests.fuzz.mutate import mutated
from tests.fuzz.target import AGREES

_FIRMWARE = "cribtrace.firmware.crib."
_RENEW_EVERY = 250  # cases; a log that grows for ever would slow down those that list it
_TURNS_MOST = 400
_WRAP = 1 << 30
_ARGUMENTS = {
    "config": ("", "hold_ms", "hold_ms=400", "hold_ms=1", "all=default", "hold_ms=400 join_ms=1",
               "hold_ms==3", "=", "a=b=c", "hold_ms=default", "hold_ms=9e9", " = ", "hold_ms=-0"),
    "floor": ("", "1", "0", "x"),
    "read": ("1 0 16384", "1 0 0", "1 -1 5", "1 116 1", "2 0 9", "0 0 0", "1 0 99999999999999999",
             "1 0", "1 0 5 6", "x y z", "1  2"),
    "ack": ("1 00000000", "1 xyz", "99 0", "1", "-1 0", "1 0x1_0", "1 -5"),
    "tail": ("1", "0", "", "2"),
    "time": ("1800000000000", "-1", "99999999999999999999999", "0", "x", "4294967295999",
             "4294967296000", ""),
    "mark": ("door", "", "\u00e9\u20ac", "\x7f", "=" * 90, " "),
}  # fmt: skip
_WORDS = ("info", "list", "config", "config hold_ms=1", "mark door", "help", "what", "mark", "")
_RARE = ("stop",)


class _Imu:
    """A sensor that is there and has nothing to say."""

    STRIDE, LOW_BYTE, HIGH_BYTE, FULL_SCALE_G = 6, 0, 1, 2
    mlsb_per_g = 16_393_443

    def true_rate_mhz(self):
        return 104_000

    def level(self):
        return 0

    def lost(self):
        return 0

    def self_test(self):
        return 50, 1700, 300, 310, 290

    def stop(self):
        pass


class Board:
    """Everything a board is to the firmware, without hardware."""

    NAME, SENSOR, RECORDING_FRAMES = "virtual", "LSM6DSO", 0

    def __init__(self, ticks_ms: int = 0):
        self.now_ms = ticks_ms
        self.console = self
        self.heard = b""
        self.said = bytearray()
        self.retained = b""

    def read(self, into):
        n = min(len(into), len(self.heard))
        into[:n], self.heard = self.heard[:n], self.heard[n:]
        return n

    def write(self, raw):
        self.said += raw

    def ticks_ms(self):
        self.now_ms = (self.now_ms + 1) % _WRAP
        return self.now_ms

    host_ms = ticks_ms

    def ticks_us(self):
        return self.now_ms * 1000 % _WRAP

    @staticmethod
    def ticks_diff(end, start):
        return (end - start + _WRAP // 2) % _WRAP - _WRAP // 2

    def make_imu(self):
        return _Imu()

    def collect(self):
        pass

    def reset_cause(self):
        return "power_on"

    def retained_read(self):
        return self.retained

    def retained_write(self, raw):
        self.retained = raw


def app_on(board: Board, folder: Path, *, start: bool = True):
    """The firmware's App on that board, its files in `folder`."""
    app = importlib.import_module(_FIRMWARE + "app")
    app.LOG_DIR, app.SETTINGS_FILE = str(folder / "log"), str(folder / "settings")
    for name in ("health", "status"):
        counting = SimpleNamespace(mem_alloc=int, mem_free=int, collect=gc.collect)
        importlib.import_module(_FIRMWARE + name).gc = counting
    importlib.import_module(_FIRMWARE + "identity")._FILE = str(folder / "device")
    importlib.import_module(_FIRMWARE + "floor")._FILE = str(folder / "floor")
    made = app.App(board, 0)
    if start:
        made._start()
    return made


class Requests:
    """A case is what arrives on the line."""

    name = "request"
    check = "CRC-16"
    CASE_MOST_S = 2.0

    def __init__(self):
        shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=shared))
        self._cases = 0
        self._app = None
        self._past = 0
        for module in ("app", "ends", "finding", "status"):  # the first case is not to pay for it
            importlib.import_module(_FIRMWARE + module)
        self._parse = request_line.parse
        request_line.parse = self._counted

    def _counted(self, line):
        parsed = self._parse(line)
        self._past += parsed is not None
        return parsed

    def unguard(self):
        request_line.crc16 = lambda text: AGREES

    def case(self, rng: random.Random) -> bytes:
        return b"".join(self._line(rng) for _ in range(rng.randint(1, 3)))

    def _line(self, rng: random.Random) -> bytes:
        what = rng.random()
        if what < 0.1:
            return rng.randbytes(rng.choice((1, 20, 300))) + b"\n"
        if what < 0.2:
            return mutated(rng, rng.choice(_WORDS).encode() + b"\r")
        verb = rng.choice(list(request_line.VERBS))
        if verb in _RARE and rng.random() < 0.95:
            verb = "keep"
        words = rng.choice(_ARGUMENTS.get(verb, ("", "1")))
        if rng.random() < 0.2:
            words = mutated(rng, words.encode(), 2).decode("latin-1")
        body = f"{rng.randrange(300)} {verb} {words}".rstrip(" ")
        line = f":{body}*{_crc16(body):04x}\n".encode()
        return mutated(rng, line) if rng.random() < 0.3 else line

    def size_bytes(self, case: bytes) -> int:
        return len(case)

    def allowed_bytes(self, size_bytes: int) -> int:
        return 1_000_000 + 200 * size_bytes

    def _board(self) -> Board:
        if self._app is None or self._app.sensing.stopped or self._cases % _RENEW_EVERY == 0:
            self._leave()
            self._app = app_on(Board(), self._folder)
            self._app.sensing.detector.warm = 0
        self._cases += 1
        return self._app.board

    def run(self, case: bytes) -> bool:
        board = self._board()
        board.heard, board.said, self._past = case, bytearray(), 0
        app = self._app
        assert app
        turns = 0
        while board.heard or app.answers.tasks:
            app._turn()
            turns += 1
            assert turns < _TURNS_MOST, "it answers for ever"
        for kind, body in Decoder().feed(bytes(board.said)):
            assert kind != PACKET or 1 <= body[0] <= 5
        return self._past > 0

    def _leave(self):
        if self._app:
            self._app.journal.close()
        for path in sorted(self._folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def close(self):
        request_line.parse = self._parse
        with contextlib.suppress(OSError):
            self._leave()
        shutil.rmtree(self._folder, ignore_errors=True)


_crc16 = request_line.crc16
