"""A virtual board with the real firmware, as the end-to-end tests need it."""

import threading
import time
from contextlib import contextmanager

import pytest

from bench.link import log_image
from cribtrace import deploy, virtual, virtual_parts
from cribtrace.client import Client
from cribtrace.link import Link


class Bench:
    """A virtual board and what it said of itself."""

    def __init__(self, board):
        self.board = board
        self.ended = threading.Event()
        self.said = []

    def hear(self, status):
        self.said.append(status)
        if status["sim"] in ("recording_end", "off"):
            self.ended.set()

    def client(self):
        """A client in session, to be used in a `with`."""
        client = Client(Link(self.board.port))
        client.hello()
        return client

    def told(self, what, timeout_s=10):
        """The first status line of a kind."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for status in self.said:
                if status["sim"] == what:
                    return status
            time.sleep(0.01)
        raise AssertionError(f"the board never said {what}: {self.said}")


@pytest.fixture
def bench(micropython, tmp_path):
    """Start the firmware on a recording: `with bench(recording) as b`.

    `patch` maps (file, old text) to new text, to break the firmware on purpose. `log` maps numbers
    to segments that are on the flash already.
    """

    @contextmanager
    def start(recording, *, patch=None, log=None, flash=None, speed=None, **options):
        sources = {path: source.read_text() for path, source in deploy.files("virtual").items()}
        for (name, old), new in (patch or {}).items():
            assert old in sources["/" + name], f"{old!r} is not in {name}"
            sources["/" + name] = sources["/" + name].replace(old, new)
        files = {path[1:]: content for path, content in deploy.shipped(sources).items()}
        if log:
            files |= log_image.files(log)
        image = flash or tmp_path / "flash.bin"
        if not image.exists():
            virtual_parts.install_firmware(image, files, micropython.path)
        bench = Bench(None)
        board = virtual.VirtualBoard(
            recording,
            flash=image,
            micropython=micropython.path,
            speed=speed,
            on_status=bench.hear,
            **options,
        )
        bench.board = board
        with board:
            yield bench

    return start
