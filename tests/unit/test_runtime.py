"""Finding and fetching the MicroPython, with stand-ins for everything a machine may lack."""

import os
import shutil
import time
from pathlib import Path

import pytest

from cribtrace import runtime
from cribtrace.errors import CribtraceError

GOOD_32 = "echo micropython 1 25 2147483647"
GOOD_64 = "echo micropython 1 26 9223372036854775807"
APT_OFFLINE = """
case "$*" in *indextargets*) printf 'Component: main\\nRelease: trixie\\nRepo-URI: http://m/\\n';;
*) echo 'W: Failed to fetch: no route' >&2; echo 'E: Some failed' >&2; exit 100;; esac
"""
# One whole download that unpacks to an interpreter: Debian's layout, a shell script as the loader.
APT_GOOD = """
for word; do case "$word" in -oDir::Cache=*) cache=${word#*=};; esac; done
case "$*" in *indextargets*) printf 'Component: main\\nRelease: trixie\\nRepo-URI: http://m/\\n';;
*install*) echo deb >"$cache/archives/micropython.deb";; esac
"""
UNPACK_GOOD = """
lib="$3/usr/lib/i386-linux-gnu"; /bin/mkdir -p "$lib"
printf '#!/bin/sh\\necho micropython 1 25 2147483647\\n' >"$lib/ld-linux.so.2"
/bin/chmod +x "$lib/ld-linux.so.2"
"""


class Machine:
    """A machine with an empty PATH and no runtime; tests put programs on it."""

    def __init__(self, root: Path):
        self.bin = root / "bin"
        self.bin.mkdir()
        self.folder = root / "tree" / "runtime"

    def program(self, name: str, script: str, folder: Path | None = None) -> Path:
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def debian(self, apt: str, dpkg_deb: str = "exit 1") -> None:
        self.program("apt-get", apt)
        self.program("dpkg", "echo amd64")
        self.program("dpkg-deb", dpkg_deb)
        for tool in ("dirname", "readlink"):
            (self.bin / tool).symlink_to(str(shutil.which(tool, path=os.defpath)))


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.delenv("MICROPYTHON", raising=False)
    monkeypatch.setenv("PATH", str(machine.bin))
    monkeypatch.setattr(runtime, "folder", lambda: machine.folder)
    return machine


def refusal(fetch=False) -> str:
    with pytest.raises(CribtraceError) as caught:
        runtime.find(fetch=fetch)
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_environment_wins(machine, monkeypatch):
    machine.program("micropython", GOOD_64)
    machine.program("micropython", GOOD_32, machine.folder)
    chosen = machine.program("mine", GOOD_64)
    monkeypatch.setenv("MICROPYTHON", str(chosen))
    found = runtime.find()
    assert (found.path, found.version, found.bits) == (chosen, "1.26", 64)
    assert found.source == "$MICROPYTHON"


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        ("exit 0", "is not MicroPython"),
        ("echo cpython 3 11 9223372036854775807", "is not MicroPython"),
        ("echo micropython 1 23 2147483647", "is MicroPython 1.23, older than 1.24"),
        (f"{GOOD_32}; echo 'ImportError: no vfs' >&2; exit 1", "ImportError: no vfs"),
        (None, "No such file"),
    ],
)
def test_an_unfit_choice_is_refused_and_not_passed_over(machine, monkeypatch, script, cause):
    machine.program("micropython", GOOD_32)
    chosen = machine.program("mine", script) if script else machine.bin / "absent"
    monkeypatch.setenv("MICROPYTHON", str(chosen))
    message = refusal(fetch=True)
    assert cause in message
    assert str(chosen) in message


def test_the_unpacked_one_comes_before_the_path(machine):
    machine.program("micropython", GOOD_64)
    unpacked = machine.program("micropython", GOOD_32, machine.folder)
    found = runtime.find(fetch=True)
    assert (found.path, found.bits, found.skipped) == (unpacked, 32, None)


def test_one_on_the_path_says_what_64_bits_skip(machine):
    machine.program("micropython", GOOD_64)
    found = runtime.find()
    assert found.source == "PATH"
    assert "64-bit" in str(found.skipped)
    assert "32-bit overflow" in str(found.skipped)


def test_without_any_it_says_how_to_get_one(machine):
    message = refusal()
    assert "cribtrace runtime" in message
    assert "MICROPYTHON" in message


def test_without_apt_it_says_so(machine):
    message = refusal(fetch=True)
    assert "no apt-get here" in message
    assert "MICROPYTHON" in message


def test_offline_it_gives_apts_own_reason(machine):
    machine.debian(APT_OFFLINE)
    assert "Failed to fetch: no route" in refusal(fetch=True)
    assert not machine.folder.exists()


def test_a_machine_without_a_debian_archive_is_told(machine):
    machine.debian("printf 'Component: main\\nRelease: cloud-sdk\\nRepo-URI: http://m/\\n'")
    assert "no Debian archive" in refusal(fetch=True)


def test_fetching_unpacks_beside_and_renames(machine):
    machine.debian(APT_GOOD, UNPACK_GOOD)
    told = []
    found = runtime.find(fetch=True, say=told.append)
    assert (found.path, found.bits) == (machine.folder / "micropython", 32)
    assert found.source == "fetched"
    assert len(told) == 1
    assert [path.name for path in machine.folder.parent.iterdir()] == ["runtime"]
    moved = machine.folder.rename(machine.folder.parent / "elsewhere")
    machine.folder = moved
    assert runtime.find().path == moved / "micropython"


@pytest.mark.parametrize("unpack", ["exit 1", UNPACK_GOOD.replace("micropython 1", "killed 1")])
def test_what_does_not_unpack_to_an_interpreter_is_never_kept(machine, unpack):
    machine.debian(APT_GOOD, unpack)
    refusal(fetch=True)
    assert list(machine.folder.parent.iterdir()) == []


def test_a_runtime_that_no_longer_runs_is_replaced(machine):
    machine.debian(APT_GOOD, UNPACK_GOOD)
    machine.program("micropython", "exit 1", machine.folder)
    assert "cribtrace runtime" in refusal()
    assert runtime.find(fetch=True).source == "fetched"
    assert runtime.find().source == "unpacked"


def test_the_leftovers_of_a_killed_fetch_are_not_taken_and_go_when_old(machine):
    machine.debian(APT_GOOD, UNPACK_GOOD)
    old, young = (machine.folder.parent / f"partial-{age}" for age in ("old", "young"))
    for leftover in (old, young):
        machine.program("micropython", GOOD_32, leftover / "root")
    long_ago = time.time() - 7200
    os.utime(old, (long_ago, long_ago))
    refusal()
    assert runtime.find(fetch=True).source == "fetched"
    assert not old.exists()
    assert young.exists()


def test_a_folder_that_cannot_be_written_is_named(machine):
    machine.debian(APT_GOOD, UNPACK_GOOD)
    machine.folder.parent.write_text("in the way")
    assert str(machine.folder) in refusal(fetch=True)


def test_debian_s_own_is_32_bit_and_runs(tmp_path, monkeypatch):
    monkeypatch.delenv("MICROPYTHON", raising=False)
    monkeypatch.setattr(runtime, "folder", lambda: tmp_path / "runtime")
    if not shutil.which("apt-get"):
        pytest.skip("no apt-get here to fetch Debian's MicroPython with")
    try:
        runtime._fetch(tmp_path / "runtime")
    except CribtraceError as error:
        if "Failed to fetch" in str(error):
            pytest.skip(f"offline: {error}")
        raise
    found = runtime.find()
    assert (found.source, found.bits) == ("unpacked", 32)
    assert [path.name for path in tmp_path.iterdir()] == ["runtime"]
