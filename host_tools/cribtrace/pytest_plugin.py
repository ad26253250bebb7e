"""Fixtures for tests of the detector in a board's hands: `board`, `recording`, `clock`.

pytest finds them wherever Cribtrace is installed, and takes each scenario file, `*.crib.toml`, for
a test. The same test runs under CPython
(`--cribtrace-target cpython`), on the virtual board (the default), and on a real one
(`--cribtrace-port …`).
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cribtrace.recording import Recording
    from cribtrace.rig import Rig
    from cribtrace.trial import Trial

_TARGET, _PORT = "--cribtrace-target", "--cribtrace-port"
_TARGETS = ("cpython", "virtual")
_LEAVE = pytest.StashKey[Callable[[], list[str]]]()  # makes a test leave all; what that is
_FLASH = pytest.StashKey[Path]()
_SCENARIO = ".crib.toml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add both options, by names that no other plugin has: pytest starts with neither else."""
    group = parser.getgroup("cribtrace")
    group.addoption(_TARGET, choices=_TARGETS, default="virtual", help="what runs the detector")
    group.addoption(_PORT, help="serial port of the real board that runs the detector instead")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Have a test that fails leave the board's log, and name what it leaves."""
    report = yield
    leave = item.stash.get(_LEAVE, None)
    if call.when == "call" and report.failed and leave and (left := leave()):
        report.sections.append(("cribtrace left", "\n".join(left)))
    return report


def _flash(config: pytest.Config) -> Path | None:
    """A flash image with the firmware, for virtual boards to copy; None for other targets."""
    from cribtrace import pytest_virtual

    if config.getoption(_PORT) or config.getoption(_TARGET) != "virtual":
        return None
    if _FLASH not in config.stash:
        config.stash[_FLASH] = pytest_virtual.flash_image(
            _folder(config, "cribtrace") / "flash.bin"
        )
    return config.stash[_FLASH]


def _folder(config: pytest.Config, name: str) -> Path:
    """A folder like a test's tmp_path."""
    factory: pytest.TempPathFactory = getattr(config, "_tmp_path_factory")  # noqa: B009
    return factory.mktemp(name)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "_Scenario | None":
    """Take a scenario file for a test."""
    named = file_path.name.endswith(_SCENARIO)
    return _Scenario.from_parent(parent, path=file_path) if named else None


class _Scenario(pytest.File):
    def collect(self) -> Iterable["_Lived"]:
        from cribtrace import trial
        from cribtrace.errors import CribtraceError

        try:
            read = trial.read(self.path)
        except CribtraceError as error:
            raise self.CollectError(str(error)) from error
        yield _Lived.from_parent(self, name=read.plan.name, trial=read)


class _Lived(pytest.Item):
    def __init__(self, *, trial: "Trial", **given: Any) -> None:
        super().__init__(**given)
        self._trial = trial

    def runtest(self) -> None:
        from cribtrace import pytest_virtual, rig

        port = self.config.getoption(_PORT)
        target = "board" if port else str(self.config.getoption(_TARGET))
        if why := self._trial.unfit(target):
            pytest.skip(why)
        folder = _folder(self.config, self.name) / "cribtrace"
        self.stash[_LEAVE] = partial(rig.left_in, folder)
        unmet = pytest_virtual.undergo(self._trial, folder, port, _flash(self.config))
        if unmet:
            raise AssertionError("\n".join(unmet))

    def repr_failure(self, excinfo: pytest.ExceptionInfo, style: Any = None) -> Any:
        from cribtrace.errors import CribtraceError

        if excinfo.errisinstance((AssertionError, CribtraceError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"scenario {self.name}"


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    """Fail with an error's own words, without what led to it."""
    from cribtrace.errors import CribtraceError

    try:
        yield
    except CribtraceError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def _cribtrace_flash(request: pytest.FixtureRequest) -> Path | None:
    with _in_a_sentence():
        return _flash(request.config)


@pytest.fixture
def board(
    request: pytest.FixtureRequest, _cribtrace_flash: Path | None, tmp_path: Path
) -> Iterator["Rig"]:
    """What runs the detector: `board.live(recording)`; see `cribtrace.rig.Rig`.

    A test that fails leaves the recording, what went over the line, and the log, in its tmp_path,
    and its report names them.
    """
    from cribtrace import pytest_virtual

    port = request.config.getoption(_PORT)
    with _in_a_sentence():
        made = pytest_virtual.open_rig(tmp_path / "cribtrace", port=port, flash=_cribtrace_flash)
    with made:
        request.node.stash[_LEAVE] = made.leave
        yield made


@pytest.fixture
def recording() -> Callable[..., "Recording"]:
    """Makes or reads one: `recording("nap", seed=3, seconds=60)`, `recording("night.npz")`."""
    from cribtrace import rig

    return rig.motion


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> Callable[[], float]:
    """Seconds of a real board's life; elsewhere the test is skipped: its time is not a board's."""
    if not request.config.getoption(_PORT):
        pytest.skip(f"only a real board's time tells anything: {_PORT} /dev/ttyUSB0")
    return time.monotonic
