"""Lets one virtual board live through a plan, on one flash, and has its log pulled each night."""

import time
import zlib
from collections.abc import Callable
from pathlib import Path

from cribtrace import board_facts, deploy, virtual, virtual_parts
from cribtrace.client import Client
from cribtrace.errors import CribtraceError, NoDevice
from cribtrace.link import Link
from cribtrace.pull import pull, segment_files
from tests.soak.ledger import Ledger
from tests.soak.mattress import felt
from tests.soak.plan import Life

_HEAP = "168k"  # 160 of a board; faults and tells take 6, in a heap that has only just room
_PATIENCE_S = 600  # chosen: a start of three days takes one minute on an idle machine
_TELLS = Path(__file__).with_name("tells.py")
# (file of the firmware, line, what is put in front of it): where a soak listens.
_HEARS = (
    ("/crib/app.py", "        self.server.record(body, n)\n",
     "        import tells\n        tells.record(body, n, self.server.framed)\n"),
    ("/crib/journal.py", "                each.committed()\n",
     "                import tells\n                tells.committed(each)\n"),
)  # fmt: skip


Patch = tuple[str, str, str]


def install(flash: Path, micropython: Path, patches: tuple[Patch, ...] = ()) -> None:
    """Put the firmware, which tells of its records and commits, onto a new flash.

    `patches` are more of what `_HEARS` is.

    Compiled, as `deploy` does.
    """
    sources = {path: source.read_text() for path, source in deploy.files("virtual").items()}
    for path, line, before in _HEARS + patches:
        assert sources[path].count(line) == 1, path
        sources[path] = sources[path].replace(line, before + line)
    sources["/tells.py"] = _TELLS.read_text()
    arch = board_facts.load("virtual").facts["mpy_arch"]
    compiled = deploy.compiled(deploy.shipped(sources), arch)
    files = {path[1:]: content for path, content in compiled.items()}
    virtual_parts.install_firmware(flash, files, micropython)


class Soak:
    """One board, its flash and its log in `folder`."""

    def __init__(
        self, folder: Path, micropython: Path, seed: int, patches: tuple[Patch, ...] = ()
    ) -> None:
        self.ledger = Ledger()
        self.log = folder / "log"
        self._flash = folder / "flash.bin"
        self._micropython = micropython
        self._seed = seed
        install(self._flash, micropython, patches)

    def live(self, life: Life) -> None:
        """One start, from power on to its end."""
        self.ledger.power_on(life.since_h, life.faults)
        ended: list[str] = []

        def hear(status: dict) -> None:
            self.ledger.hear(status)
            if status["sim"] in ("recording_end", "off"):
                ended.append(status["sim"])

        board = virtual.VirtualBoard(
            felt(self._seed, life.since_h, life.hours), flash=self._flash, speed=None,
            micropython=self._micropython, heap=_HEAP, faults=life.faults, on_status=hear,
        )  # fmt: skip
        with board:
            for at_ms in life.pulls_ms:
                self._until(lambda due=at_ms: bool(ended) or self._now_ms() >= due)
                self._pull(board, ended)
            self._until(lambda: bool(ended))
            if "off" not in ended:
                self._goodbye(board)
            elif not life.cut:
                self.ledger.trouble.append(
                    f"hour {life.since_h:.1f}: the board was off at its end"
                )

    def _now_ms(self) -> int:
        told = self.ledger.starts[-1].told
        return told[-1].ms if told else 0

    def _pull(self, board: virtual.VirtualBoard, ended: list[str]) -> None:
        """As a host does in the evening; a power cut meanwhile is no fault of its."""
        try:
            with Client(Link(board.port)) as client:
                client.hello()
                pull(client, self.log)
                self._same(client)
            self.ledger.pulls += 1
        except NoDevice as error:
            if "off" not in ended and not board.wait_off(5):
                self.ledger.trouble.append(f"a pull: {error}")

    def _same(self, client: Client) -> None:
        """Each segment that the board still has and the folder holds is the same in both."""
        held = {int(path.stem): path for path in segment_files(self.log)}
        for segment in client.list():
            path = held.get(segment.number)
            if path and zlib.crc32(path.read_bytes()) != segment.crc:
                self.ledger.trouble.append(f"{path.name} is not what the board has")

    def _goodbye(self, board: virtual.VirtualBoard) -> None:
        start = self.ledger.starts[-1]
        start.position = None
        try:
            with Client(Link(board.port)) as client:
                client.hello()
                client.stop()
                self._until(lambda: start.position is not None)
                start.stopped = True
                pull(client, self.log)
                self._same(client)
                self.ledger.pulls += 1
        except NoDevice as error:
            self.ledger.trouble.append(f"a goodbye: {error}")

    def _until(self, true: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + _PATIENCE_S
        while not true():
            if time.monotonic() > deadline_s:
                last = self.ledger.starts[-1].told[-1:]
                raise CribtraceError(
                    f"nothing more in {_PATIENCE_S} s; last {last}, {self.ledger.trouble}"
                )
            time.sleep(0.02)
