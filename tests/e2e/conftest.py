"""A virtual board with the real firmware, as the end-to-end tests need it."""

import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.link import log_image
from cribtrace import deploy, virtual, virtual_parts
from cribtrace.client import Client
from cribtrace.link import Link
from tests.support.browser import SIZES, Browser


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


def patched(patch):
    """The firmware's files, broken on purpose."""
    sources = {path: source.read_text() for path, source in deploy.files("virtual").items()}
    for (name, old), new in patch.items():
        assert old in sources["/" + name], f"{old!r} is not in {name}"
        sources["/" + name] = sources["/" + name].replace(old, new)
    return {path[1:]: content for path, content in deploy.shipped(sources).items()}


@pytest.fixture(scope="session")
def flashed(micropython, tmp_path_factory):
    """`flashed(sensor)`: a flash image with the firmware for it; to be copied."""
    images = {}

    def made(sensor="lsm6dso"):
        # But for a BMI270's own file all boards hold the same.
        kind = sensor if sensor == "bmi270" else "lsm6dso"
        if kind not in images:
            images[kind] = tmp_path_factory.mktemp("flashed") / f"{kind}.bin"
            files = virtual_parts.firmware_files(sensor)
            virtual_parts.install_firmware(images[kind], files, micropython.path)
        return images[kind]

    return made


@pytest.fixture
def flash_for(flashed, tmp_path):
    """A flash image of its own, by sensor."""

    def copied(sensor):
        return Path(shutil.copyfile(flashed(sensor), tmp_path / f"{sensor}.bin"))

    return copied


@pytest.fixture
def bench(micropython, tmp_path, flashed):
    """Start the firmware on a recording: `with bench(recording) as b`.

    `patch` maps (file, old text) to new text, to break the firmware on purpose. `log` maps numbers
    to segments that are on the flash already.
    """

    @contextmanager
    def start(recording, *, patch=None, log=None, flash=None, speed=None, **options):
        image = flash or tmp_path / "flash.bin"
        if not image.exists() and (patch or log):
            files = {**patched(patch or {}), **(log_image.files(log) if log else {})}
            virtual_parts.install_firmware(image, files, micropython.path)
        elif not image.exists():
            shutil.copyfile(flashed(), image)
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


@pytest.fixture(scope="module")
def browser(chromium, tmp_path_factory):
    with Browser(Path(chromium), tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(params=SIZES)
def page(request, browser, opened):
    """The file that a module's own fixture `opened` gives, on a screen of each size.

    No test may leave an error in the console, or have asked for anything else.
    """
    browser.errors.clear()
    browser.requests.clear()
    browser.media()
    browser.show(opened, request.param)
    yield browser
    assert browser.errors == []
    assert set(browser.requests) == {opened.resolve().as_uri()}
