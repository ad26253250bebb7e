"""Fixtures for tests of the detector in a board's hands: `board`, `recording`, `clock`.

pytest finds them wherever Cribtrace is installed. The same test runs under CPython
(`--target cpython`), on the virtual board (the default), and on a real one (`--port …`).
"""

import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cribtrace.recording import Recording
    from cribtrace.rig import Rig

_TARGETS = ("cpython", "virtual")
_FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --target and --port."""
    group = parser.getgroup("cribtrace")
    group.addoption("--target", choices=_TARGETS, default="virtual", help="what runs the detector")
    group.addoption("--port", help="serial port of the real board that runs the detector instead")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note which tests fail: they leave the board's log."""
    report = yield
    if call.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def _cribtrace_flash(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path | None:
    """A flash image with the firmware, for virtual boards to copy."""
    from cribtrace import pytest_virtual

    if request.config.getoption("--port") or request.config.getoption("--target") != "virtual":
        return None
    return pytest_virtual.flash_image(tmp_path_factory.mktemp("cribtrace") / "flash.bin")


@pytest.fixture
def board(
    request: pytest.FixtureRequest, _cribtrace_flash: Path | None, tmp_path: Path
) -> Iterator["Rig"]:
    """What runs the detector: `board.live(recording)`; see `cribtrace.rig.Rig`.

    A test that fails leaves the recording, what went over the line, and the log, in its tmp_path.
    """
    from cribtrace import pytest_virtual
    from cribtrace.errors import CribtraceError

    port = request.config.getoption("--port")
    try:
        made = pytest_virtual.open_rig(tmp_path / "cribtrace", port=port, flash=_cribtrace_flash)
    except CribtraceError as error:
        pytest.fail(str(error), pytrace=False)
    with made:
        yield made
        if request.node.stash.get(_FAILED, False):
            made.leave_log()


@pytest.fixture
def recording() -> Callable[..., "Recording"]:
    """Makes or reads one: `recording("nap", seed=3, seconds=60)`, `recording("night.npz")`."""
    from cribtrace import rig

    return rig.motion


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> Callable[[], float]:
    """Seconds of a real board's life; elsewhere the test is skipped: its time is not a board's."""
    if not request.config.getoption("--port"):
        pytest.skip("only a real board's time tells anything: --port /dev/ttyUSB0")
    return time.monotonic
