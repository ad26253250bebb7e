"""What the tests stand on. What a machine lacks is skipped by name, with the reason."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from cribtrace import cli, runtime, tree
from cribtrace.errors import CribtraceError

TESTS = Path(__file__).resolve().parent


@pytest.fixture(scope="session", autouse=True)
def own_ports(tmp_path_factory):
    """Virtual boards of other runs are none of this one's: what looks for ports meets its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("ports")))
        yield


@pytest.fixture(scope="session", autouse=True)
def hanging_up_ends_what_tests_start():
    """Under nohup the tests outlive their terminal; what they start is to end with its own."""
    if hasattr(signal, "SIGHUP"):  # a handler, unlike being ignored, is not inherited
        signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.fixture(scope="session", autouse=True)
def no_library(tmp_path_factory):
    """Whoever runs the tests may keep nights of their own: no test reads those."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CRIBTRACE_LIBRARY", "CRIBTRACE_LOGS", "CRIBTRACE_PROFILE"):
            patch.delenv(name, raising=False)
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("no-profile")))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("none")))
        yield


@pytest.fixture(scope="session")
def micropython() -> runtime.Runtime:
    """The interpreter that the firmware runs on here; 64-bit ones are named in the skips."""
    try:
        return runtime.find(fetch=True)
    except CribtraceError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def micropython32(micropython) -> runtime.Runtime:
    """The same, for the tests that only a board's word size makes worth anything."""
    if micropython.skipped:
        pytest.skip(micropython.skipped)
    return micropython


@pytest.fixture
def in_zone(monkeypatch):
    """Call it with what TZ shall be: this machine's zone until the test is over."""

    def live(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield live
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def run(capsys):
    """Run a command line: (exit code, stdout, stderr)."""

    def run(*arguments):
        code = cli.run([str(a) for a in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def run_device(micropython, tmp_path):
    """Run a script of tests/device, or source text, on MicroPython; return what it printed.

    Its path holds tests/device, the firmware and the virtual board. A traceback or any exit code
    but 0 fails the test with all that was printed.
    """

    def run(script_or_source, *args, heap="160k", timeout_s=100) -> str:
        script = TESTS / "device" / str(script_or_source)
        if "\n" in str(script_or_source):
            script = tmp_path / "script.py"
            script.write_text(script_or_source)
        folders = (TESTS / "device", tree.FIRMWARE, tree.BOARDS / "virtual")
        done = subprocess.run(
            [micropython.path, "-X", f"heapsize={heap}", script, *map(str, args)],
            cwd=tmp_path,
            env={**os.environ, "MICROPYPATH": ":".join(map(str, (".frozen", *folders)))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
        )
        if done.returncode != 0:
            pytest.fail(f"{script.name}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    return run


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real recordings, which are not part of the repository."""
    folder = TESTS.parent.parent / "shared" / "recordings"
    if not folder.is_dir():
        pytest.skip("no real recordings: there is no ../shared/recordings beside the checkout")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium that can be run headless."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("no browser: chromium is not installed")
