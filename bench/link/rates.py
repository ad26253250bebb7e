"""How fast a log comes over a line: `cribtrace pull`, then `mpremote fs cp`, on one board."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.link.log_image import LogImage, name_of
from cribtrace.client import Client
from cribtrace.errors import CribtraceError
from cribtrace.link import Link
from cribtrace.pull import Pulled, pull, segment_files
from cribtrace.virtual import VirtualBoard

_BITS_PER_BYTE = 10  # start bit, eight data bits, stop bit
_PATIENCE_S = 3600


@dataclass(frozen=True)
class Rates:
    """What a line of `baud` bits a second carried; shares are of baud / 10 bytes a second."""

    baud: int
    log_bytes: int
    wire_bytes: int
    pull_s: float
    mpremote_s: float
    frames: int  # sampled while the pull went on
    frames_in_gaps: int

    @property
    def pull_share(self) -> float:
        return self._share(self.pull_s)

    @property
    def mpremote_share(self) -> float:
        return self._share(self.mpremote_s)

    def _share(self, seconds: float) -> float:
        return self.log_bytes / (self.baud / _BITS_PER_BYTE * seconds)


def measure(image: LogImage, baud: int, folder: Path) -> Rates:
    """Pull the whole image, then copy the same files with mpremote, which ends the recording.

    Raises CribtraceError where either brings other bytes than the image holds.
    """
    pulled_to, copied_to = folder / f"pulled-{baud}", folder / f"copied-{baud}"
    flash = image.copied_to(folder / f"{baud}.bin")
    with VirtualBoard(
        image.recording, flash=flash, micropython=image.micropython, speed=1.0, baud=baud
    ) as board:
        pulled, before, after = _pulled(board, pulled_to)
        fetched = segment_files(pulled_to)
        names = {path: name_of(int(path.stem), path.read_bytes()) for path in fetched}
        mpremote_s = _copied_s(board, list(names.values()), copied_to)
    for path, name in names.items():
        content = path.read_bytes()
        expected = image.segments.get(int(path.stem), content)  # one more was open until then
        if not content == (copied_to / name).read_bytes() == expected:
            raise CribtraceError(f"{path.name} is not what the board holds: no figure is good")
    return Rates(
        baud=baud,
        log_bytes=pulled.bytes,
        wire_bytes=pulled.wire_bytes,
        pull_s=pulled.seconds,
        mpremote_s=mpremote_s,
        frames=int(after["seen"]) - int(before["seen"]),
        frames_in_gaps=int(after["in_gaps"]),
    )


def _pulled(board: VirtualBoard, folder: Path) -> tuple[Pulled, dict, dict]:
    """A pull, which says hello itself, and the board's counters before and after it."""
    with Client(Link(board.port)) as client:
        client.hello()
        before = client.info()
    with Client(Link(board.port)) as client:
        return pull(client, folder), before, client.info()


def _copied_s(board: VirtualBoard, names: list[str], folder: Path) -> float:
    """Seconds that mpremote takes to copy these segments, from its start to its end."""
    folder.mkdir(parents=True)
    sources = [f":/log/{name}" for name in names]
    command = [sys.executable, "-m", "mpremote", "connect", board.port, "fs", "cp"]
    started = time.monotonic()
    done = subprocess.run(
        [*command, *sources, f"{folder}/"], capture_output=True, text=True, timeout=_PATIENCE_S
    )
    if done.returncode:
        raise CribtraceError(f"mpremote failed: {(done.stdout + done.stderr).strip()[-300:]}")
    return time.monotonic() - started
