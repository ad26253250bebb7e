"""Copy the firmware to a board with mpremote, start it and see that it answers."""

import json
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from cribtrace import fold, short_names, tree
from cribtrace.client import Client
from cribtrace.errors import CribtraceError, NoDevice, Usage
from cribtrace.link import Link

_MPREMOTE_S = 180
_PROMPT_S = 3.0
_QUIET_S = 0.2
_PACKAGE = "/crib/__init__.py"
_START_REPEATS = 14  # a first start may format the flash

# Prints every file under /crib; deletes nothing, so a failure here leaves the board as it was.
_LIST = """
import os
def walk(folder):
    for entry in os.ilistdir(folder):
        path = folder + '/' + entry[0]
        if entry[1] == 0x4000:
            walk(path)
        else:
            print('FILE', path)
if 'main.py' in os.listdir('/'):
    print('FILE', '/main.py')
for folder in {folders!r}:
    try:
        os.mkdir(folder)
    except OSError:
        pass
walk('/crib')
"""

CORD = (
    "Before it goes near a crib: lead the cable down and away, and fix it, so that no part of it"
    " is within 1 m of the crib: a cord within a child's reach can strangle. Nothing goes on top"
    " of the mattress or into the crib. The child sleeps on its back, on a firm, flat mattress,"
    " with nothing else in the crib."
)


def boards() -> list[str]:
    """Return the names of the boards that the firmware can be put on."""
    return sorted(p.parent.name for p in tree.BOARDS.glob("*/board.py"))


def files(board: str) -> dict[str, Path]:
    """Return path on the board -> file here, in the order of copying: main.py comes last."""
    if board not in boards():
        raise Usage(f"no board {board!r}; there are: {', '.join(boards())}")
    crib = sorted((tree.FIRMWARE / "crib").rglob("*.py"))
    wanted = {"/" + p.relative_to(tree.FIRMWARE).as_posix(): p for p in crib}
    wanted["/board.py"] = tree.BOARDS / board / "board.py"
    wanted["/boot.py"] = tree.FIRMWARE / "boot.py"
    wanted["/main.py"] = tree.FIRMWARE / "main.py"
    return wanted


def sensor(board: str) -> str:
    """Return the sensor of a board, as its facts name it."""
    return str(json.loads((tree.BOARDS / board / "board.json").read_text()).get("sensor", ""))


def contents(board: str) -> dict[str, bytes]:
    """Return path on the board -> what stands there."""
    wanted = shipped({path: source.read_text() for path, source in files(board).items()})
    return {**wanted, _PACKAGE: stamped(wanted)}


def shipped(sources: Mapping[str, str]) -> dict[str, bytes]:
    """What is copied for these sources, by path: constants as numbers, locals short."""
    modules = {path: name for path in sources if (name := _module(path))}
    folded = fold.folded({name: sources[path] for path, name in modules.items()})
    wanted = {**sources, **{path: folded[name] for path, name in modules.items()}}
    for path in sources.keys() - modules.keys():
        if path.startswith("/crib/"):  # a driver: nobody else uses its constants
            wanted[path] = fold.folded({path: sources[path]})[path]
    return {path: text.encode() for path, text in short_names.shortened(wanted).items()}


def stamped(wanted: Mapping[str, bytes]) -> bytes:
    """The package's own file, with the CRC-32 of all files in order of their paths as BUILD."""
    crc = 0
    for path in sorted(wanted):
        crc = zlib.crc32(wanted[path], crc)
    return re.sub(rb"(?m)^BUILD = 0\b", b"BUILD = %d" % crc, wanted[_PACKAGE])


def _module(path: str) -> str:
    """Name of a module of `crib` itself; "" for everything else."""
    folder, _, name = path.rpartition("/")
    return name.removesuffix(".py") if folder == "/crib" and name != "__init__.py" else ""


def deploy(
    port: str,
    board: str,
    *,
    progress: Callable[[str], None] | None = None,
    beside: Mapping[str, bytes] | None = None,
) -> dict[str, str]:
    """Copy the firmware for `board` to the board on `port`, start it; returns what hello says.

    Files under /crib that are no part of the firmware are removed: a stale module would win over
    a new one. The log and the board's own configuration are left alone. `beside`: files that are
    copied with it, path -> content.
    """
    tell = progress or (lambda line: None)
    wanted = {**(beside or {}), **contents(board)}
    Link(port).close()  # a port that is absent or busy is named better here than by mpremote
    tell("looking at what is on the board")
    folders = sorted({str(Path(path).parent.as_posix()) for path in wanted} - {"/"})
    listed = _mpremote(port, ["exec", _LIST.format(folders=folders)])
    there = [line[5:].strip() for line in listed.splitlines() if line.startswith("FILE ")]
    # Without main.py a deployment that is cut short starts nothing, rather than half of it.
    steps: list[str] = ["fs", "rm", ":/main.py", "+"] if "/main.py" in there else []
    for stale in sorted(set(there) - set(wanted)):
        steps += ["fs", "rm", ":" + stale, "+"]
    tell(f"copying {len(wanted)} files")
    with tempfile.TemporaryDirectory(prefix="cribtrace-") as copies:
        for path, content in wanted.items():
            copy = Path(copies, *Path(path).parts[1:])
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
            steps += ["fs", "cp", str(copy), ":" + path, "+"]
        _mpremote(port, steps[:-1])
    tell("starting the firmware")
    return start(port)


def start(port: str) -> dict[str, str]:
    """Start the firmware of a board that sits at the prompt; returns what it answers to hello."""
    link = Link(port)
    link.write(b"\r\x02")  # Ctrl-B: out of the raw REPL, where Ctrl-D would not run main.py
    seen, deadline = b"", time.monotonic() + _PROMPT_S
    while time.monotonic() < deadline:
        received = link.read(_QUIET_S)
        seen += received
        if not received and b">>>" in seen:
            break
    link.write(b"\x04")
    time.sleep(0.5)
    with Client(link, repeats=_START_REPEATS) as client:
        return client.hello()


def _mpremote(port: str, steps: list[str]) -> str:
    """Run mpremote on `port`; returns what it printed. One line says why it failed."""
    command = [sys.executable, "-m", "mpremote", "connect", port, *steps]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_MPREMOTE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoDevice(
            f"{port}: mpremote got no further in {_MPREMOTE_S} s: reset the board, run it again"
        ) from error
    if done.returncode == 0:
        return done.stdout
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    last = said[-1] if said else f"exit code {done.returncode}"
    if "No module named mpremote" in last:
        raise CribtraceError("mpremote is not installed: `python -m pip install mpremote`")
    kind = NoDevice if "raw repl" in last or "failed to access" in last else CribtraceError
    raise kind(
        f"{port}: mpremote failed ({json.dumps(last)[1:-1]}): reset the board, run it again"
    )
