"""The direction of every dependency, and the sizes and names that keep modules readable.

The rules are in docs/DESIGN.md, "Principles". Each is shown to be able to fail, in a small tree
that breaks it and nothing else.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cribtrace.device  # noqa: F401 - it brings the firmware in

ROOT = Path(__file__).resolve().parents[2]

# From left to right: a module imports from its own left only. Modules of one group are strangers.
FIRMWARE_ORDER = (
    "kernels measures < config < rhythm seconds vetoes waveform < kinds < movement < detector "
    "< sampler < sensing < app < main",
    "records < kinds",
    "records seldom < health < app",
    "kernels records < recorder < sensing < app",
    "records < shelf < room < journal < app",
    "room < status",
    "sampler < finding < sensing in_force",
    "floor in_force < ends < app inject",
    "records < segment_header",
    "segment_header < resume room segments in_force",
    "segment_header < journal",
    "segments < verbs answers",
    "segments < request_line",
    "framing shelf < resume < journal",
    "framing < protocol < server < app",
    "shelf < answers < app",
    "seldom < server answers manners",
    "kept protocol records settings < in_force < verbs < request_line < server",
    "kernels < config < floor",
    "kept protocol < floor < app",
    "settings < status < verbs",
    "records < clock_chip < ds3231 bm8563 recorder < app",
    "protocol records < in_force < wipe",
    "config protocol words < selftest",
    "protocol recorder < sensing < inject",
    "config in_force injected < inject",
    "kernels protocol strangers < buscheck",
    "kernels protocol < frames",
    "request_line < manners < app",
)
HOST_ORDER = (
    "settings < configuration < replay < cli",
    "configuration < rerun tail < cli",
    "records protocol < client logfile < analysis < report < cli demo",
    "config < scale < facts < floors",
    "scale < boots < rerun",
    "facts logfile < boots < anchors < analysis < nights",
    "boots < injected_boots < anchors < analysis",
    "nights < report",
    "client < exchange < pull tail",
    "client < given_up < pull",
    "logfile < pull",
    "anchors < started",
    "not_a_log < logfile < log_folders < cli",
    "config < in_order < sleep patterns < interpretation < analysis tail < report",
    "sleep < pattern_wording < report why",
    "tally < occupancy < night_summary < previous report",
    "boots configuration < instrument < analysis < night_summary < previous",
    "instrument < trend",
    "moments < notes < report export",
    "profile < report",
    "nights < previous < cli",
    "link < conversation < window < client < pull ports wiping < tail < cli demo",
    "framing protocol < stream < conversation < client",
    "records < log_records < facts logfile < boots < analysis < tally rerun",
    "scale < boots < missing < analysis",
    "tally rerun < report",
    "settings < criteria < facts sleep < pattern_wording < why < cli",
    "veto_wording < wording < tally < moments < why",
    "movements csv_frames < mattress < scenario < cli demo",
    "csv_frames atomic < recording < scenario < cli demo",
    "client facts figures < taps floors < guided < cli",
    "tail < guided",
    "conversation < heard < asides envelope tail_summary < live_view < cli",
    "asides < backlog < tail < live_view",
    "capture < asides",
    "client < asides",
    "anchors < frame_clock < asides tail_line",
    "patterns facts < tail_filter < tail_line < live_view",
    "resumed criteria scale < envelope",
    "dots < live_view",
    "live_layout < cli",
    "since < cli",
    "chips < board_facts < firmware_image < flash < cli",
    "chips < remote",
    "board_facts fold short_names mpy remote < deploy < cli",
    "client < flash deploy",
    "client recording < injection < hil < cli",
    "sensors < hil",
    "deploy replay < hil < rig < pytest",
    "virtual < pytest",
    "log_records < hil",
    "captured < recording < rows < capture < cli",
    "atomic < rows",
    "captured resumed < stretches < replay",
    "resumed < rerun",
    "captured < recording < trial < rig < pytest cli",
    "plan < trial",
    "logfile ports < capture",
    "sensors clock_steps clock_line < anchors < analysis",
    "boots < injected_boots < brackets < anchors",
    "exchange floors sensors < check < cli",
    "findings < no_frames < check",
    "tail < check",
    "client < check",
    "link < obstacles < cli",
    "atomic board_facts link client < first_time < cli",
    "in_order criteria < told_seconds < sleep",
    "sparse_sum < sleep",
    "framing < packets < logfile",
    "nights night_summary < library < previous trend < cli",
    "tally atomic < library",
    "profile < trend",
    "page_head < report trend",
    "nights recording criteria < export < cli",
    "atomic < export",
    "columns < export library",
    "logfile sensors < redaction < bundle < cli",
    "bmi270 sensors < virtual_parts < virtual < cli demo",
)
SELDOM = set(importlib.import_module("cribtrace.firmware.crib.seldom")._MODULES)
PROGRAMS = ("cli", "demo", "pytest")  # the host modules that may print

RADIO = {"network", "bluetooth", "aioble", "espnow", "webrepl"}
INTERNET = {
    "socket", "socketserver", "ssl", "http", "urllib", "xmlrpc", "ftplib",
    "smtplib", "telnetlib", "requests", "urllib3", "httpx", "aiohttp", "websockets", "webbrowser",
}  # fmt: skip
TERMINAL = {"pty", "tty", "termios", "fcntl"}
AT_TERMINALS = ("virtual", "virtual_parts", "runtime")
LOCKS = ("rows", "fcntl")  # for flock, where there is one
MACHINE = {"machine", "time", "utime", "esp", "esp32"}
VAGUE = {"util", "utils", "helper", "helpers", "manager", "data", "process", "misc", "common"}
FUNCTION_LINES = 40
MODULE_LINES = {"firmware": 200, "boards": 300, "host_tools": 300, "bench": 300}


class Module:
    """One parsed file: `area` is its top folder, `name` its stem or its package's below that."""

    def __init__(self, root: Path, path: Path):
        parts = path.relative_to(root).with_suffix("").parts
        self.path, self.area = path.relative_to(root).as_posix(), parts[0]
        in_package = parts[:2] in (("host_tools", "cribtrace"), ("firmware", "crib"))
        inside = parts[2 if in_package else 1 :]
        self.name = inside[0] if inside[0] != "__init__" else parts[-2]
        if self.area == "bench":  # stands outside both orders
            self.name = "bench_" + self.name
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)

    def imports(self) -> Iterator[tuple[str, str]]:
        """Yield (outside package or "", sibling module or "") of every import statement."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = "." * node.level + (node.module or "")
                joint = "" if base.endswith(".") else "."
                names = [f"{base}{joint}{alias.name}" for alias in node.names]
            else:
                continue
            for name in names:
                own = re.fullmatch(r"(?:\.+|cribtrace\.|crib\.)(?:device\.)?(\w+)[.\w*]*", name)
                yield ("", own[1]) if own else (name.split(".")[0], "")

    def program(self) -> bool:
        if self.area == "bench":
            # replay.py is a script that MicroPython runs; what it prints is its answer.
            return self.path.endswith(("/__main__.py", "kernel/replay.py"))
        return self.area == "host_tools" and self.name.split("_")[0] in PROGRAMS


def modules(root: Path) -> list[Module]:
    found = [path for area in MODULE_LINES for path in sorted((root / area).rglob("*.py"))]
    return [Module(root, path) for path in found]


def ranks(order: str) -> dict[str, int]:
    groups = [group.split() for group in order.split("<")]
    return {name: rank for rank, group in enumerate(groups) for name in group}


def wrong_way(module: Module) -> Iterator[str]:
    if module.area == "bench":  # a benchmark's folder may be called like a module of the host's
        return
    for order in FIRMWARE_ORDER if module.area == "firmware" else HOST_ORDER:
        rank = ranks(order)
        name = module.name.split("_")[0] if module.program() else module.name
        for _, other in module.imports():
            other_name = "cli" if other.startswith("cli_") else other
            known = name in rank and other_name in rank and name != other_name
            if known and rank[other_name] >= rank[name]:
                yield f"{name} imports {other_name}, against {order}"


def forbidden_imports(module: Module) -> Iterator[str]:
    host, firmware = module.area == "host_tools", module.area == "firmware"
    for outside, own in module.imports():
        if firmware and outside in MACHINE:
            yield f"{outside} belongs to the boards"
        if firmware and outside == "board" and module.name not in ("main", "boot"):
            yield "only main and boot import the board"
        if outside in (RADIO if firmware else RADIO | INTERNET):
            yield f"{outside} would leave the machine"
        if host and outside == "serial" and module.name != "link":
            yield "only link imports serial"
        at_terminals = module.name in AT_TERMINALS or (module.name, outside) == LOCKS
        if host and outside in TERMINAL and not at_terminals:
            yield f"only virtual boards and runtime import {outside}"
        if module.name == "kernels" and own and own not in ranks(FIRMWARE_ORDER[0]):
            yield "kernels import nothing of ours"
        if host and own == "virtual" and not module.program():
            yield "only programs may bring in the virtual board: it needs a POSIX terminal"
        if host and own == "firmware" and module.name != "device":
            yield "only device imports the firmware"


def hidden_imports(module: Module) -> Iterator[str]:
    """Yield what the rule above could not see: an import whose name is made at run time."""
    if module.area not in ("firmware", "host_tools"):
        return
    for node in ast.walk(module.tree):
        name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if name.split(".")[-1] not in ("__import__", "import_module", "exec", "eval"):
            continue
        call = ast.unparse(node)
        own = re.match(rf"{name}\(('(crib|cribtrace\.firmware\.crib)\.'|_PACKAGE) \+ \w+\b", call)
        known = re.match(rf"{name}\('(tomllib|tomli)'\)$", call)
        if not (own or known or "{'__builtins__': {}}" in call):
            yield f"line {node.lineno}: {name} may bring in anything"


def kept_loaded(module: Module) -> Iterator[str]:
    """Yield what a module that stays in the board's heap would keep there for ever."""
    own = module.path.removesuffix(".py").removeprefix("firmware/").split("/")
    on_board = module.area == "firmware" or module.path.endswith("/board.py")
    if not on_board or ".".join(own[1:]) in SELDOM:
        return
    ahead: list[ast.AST] = [module.tree]
    while ahead:
        node = ahead.pop()
        if isinstance(node, ast.FunctionDef):
            continue  # loads it when called
        ahead += ast.iter_child_nodes(node)
        if isinstance(node, ast.ImportFrom):
            base = own[: -node.level] if node.level else []
            base += [node.module] if node.module else []
        elif isinstance(node, ast.Import):
            base = []
        else:
            continue
        loaded = {".".join([*base, alias.name]) for alias in node.names} | {".".join(base)}
        for name in sorted(SELDOM & {each.removeprefix("crib.") for each in loaded}):
            yield f"line {node.lineno}: {name} is seldom needed: import it where it is"


def prints(module: Module) -> Iterator[str]:
    if module.area == "boards" or module.program():
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call | ast.Attribute):
            used = ast.unparse(node.func if isinstance(node, ast.Call) else node)
            if used in ("print", "input", "sys.stdin", "sys.stdout", "sys.stderr"):
                yield f"line {node.lineno}: only the programs talk to the user"
    if {outside for outside, _ in module.imports()} & {"click", "rich", "rich_click"}:
        yield "only the programs talk to the user"


def too_long(module: Module) -> Iterator[str]:
    if module.path == "firmware/crib/kernels.py":
        return
    lines, most = module.text.count("\n"), MODULE_LINES[module.area]
    if lines > most:
        yield f"{lines} lines, more than {most}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{node.name} has {length} lines, more than {FUNCTION_LINES}"


def vague_name(module: Module) -> Iterator[str]:
    if VAGUE & set(Path(module.path).stem.split("_")) or VAGUE & set(Path(module.path).parts):
        yield "the name says nothing"


def cycles(found: list[Module]) -> Iterator[str]:
    """Yield the modules of each area that can be reached from themselves."""
    for area in ("firmware", "host_tools"):
        graph = {m.name: set() for m in found if m.area == area}
        for module in (m for m in found if m.area == area):
            graph[module.name] |= {own for _, own in module.imports() if own in graph}
            graph[module.name] -= {module.name}
        for start, direct in graph.items():
            seen, ahead = set(), set(direct)
            while ahead:
                seen.add(name := ahead.pop())
                ahead |= graph[name] - seen
            if start in seen:
                yield f"{area}: {start} imports itself by a detour"


RULES = (
    wrong_way, forbidden_imports, hidden_imports, kept_loaded, prints, too_long, vague_name,
)  # fmt: skip


def violations(root: Path) -> list[str]:
    found = modules(root)
    broken = [f"{m.path}: {what}" for m in found for rule in RULES for what in rule(m)]
    return broken + list(cycles(found))


def test_the_tree_keeps_the_rules():
    found = modules(ROOT)
    assert {"kernels", "runtime", "device"} <= {module.name for module in found}
    assert violations(ROOT) == []


LONG_FUNCTION = "def f():\n" + "    x = 1\n" * 40
BROKEN = [
    ("firmware/crib/kernels.py", "from . import detector", "kernels imports detector"),
    ("firmware/crib/detector.py", "from .app import run", "detector imports app"),
    ("firmware/crib/records.py", "from . import journal", "records imports journal"),
    ("firmware/crib/framing.py", "def f():\n    import crib.server", "framing imports server"),
    ("firmware/crib/sampler.py", "import machine", "machine belongs to the boards"),
    ("firmware/crib/clock.py", "from time import ticks_ms", "time belongs to the boards"),
    ("firmware/crib/app.py", "import board", "only main and boot import the board"),
    ("firmware/crib/imu/lsm6dso.py", "import machine", "machine belongs to the boards"),
    ("firmware/crib/app.py", "from . import floor", "line 1: floor is seldom needed"),
    ("firmware/crib/app.py", "from .status import HELP", "line 1: status is seldom needed"),
    ("firmware/crib/imu/spi.py", "from . import push", "line 1: imu.push is seldom needed"),
    ("firmware/crib/imu/spi.py", "from .. import ends", "line 1: ends is seldom needed"),
    ("firmware/crib/health.py", "from .imu import push", "line 1: imu.push is seldom needed"),
    ("firmware/crib/health.py", "try:\n    from .imu.push import of_mg\nfinally:\n    pass",
     "line 2: imu.push is seldom needed"),
    ("firmware/main.py", "import crib.ends", "line 1: ends is seldom needed"),
    ("boards/thing/board.py", "from crib.rtc.ds3231 import DS3231",
     "line 1: rtc.ds3231 is seldom needed"),
    ("firmware/crib/server.py", "import network", "network would leave the machine"),
    ("firmware/crib/app.py", "print('here')", "line 1: only the programs talk"),
    ("firmware/crib/app.py", "x = 1\n" * 201, "201 lines, more than 200"),
    ("firmware/crib/app.py", LONG_FUNCTION, "f has 41 lines, more than 40"),
    ("firmware/crib/app.py", "__import__('network')", "line 1: __import__ may bring in"),
    ("firmware/crib/app.py", "def f(a):\n    exec(a)", "line 2: exec may bring in"),
    ("host_tools/cribtrace/pull.py", "import importlib\nimportlib.import_module('socket')",
     "line 2: importlib.import_module may bring in"),
    ("boards/virtual/board.py", "import bluetooth", "bluetooth would leave the machine"),
    ("boards/virtual/board.py", "x = 1\n" * 301, "301 lines, more than 300"),
    ("host_tools/cribtrace/client.py", "from cribtrace import logfile", "client imports logfile"),
    ("host_tools/cribtrace/analysis.py", "from cribtrace.cli import x", "analysis imports cli"),
    ("host_tools/cribtrace/report.py", "from . import cli_live", "report imports cli"),
    ("host_tools/cribtrace/analysis.py", "import serial.tools", "only link imports serial"),
    ("host_tools/cribtrace/client.py", "import termios", "only virtual boards and runtime import"),
    ("host_tools/cribtrace/report.py", "from urllib.request import urlopen", "urllib would leave"),
    ("host_tools/cribtrace/report.py", "import socket", "socket would leave the machine"),
    ("host_tools/cribtrace/report.py", "import click", "only the programs talk to the user"),
    ("host_tools/cribtrace/report.py", "import sys\nsys.stderr.write('')", "line 2: only the"),
    ("host_tools/cribtrace/replay.py", "import cribtrace.firmware.crib", "only device imports"),
    ("host_tools/cribtrace/replay.py", "x = 1\n" * 301, "301 lines, more than 300"),
    ("bench/detector/score.py", "print('here')", "line 1: only the programs talk"),
    ("bench/detector/score.py", "x = 1\n" * 301, "301 lines, more than 300"),
    ("host_tools/cribtrace/data_utils.py", "", "the name says nothing"),
]  # fmt: skip


def written(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


@pytest.mark.parametrize(("path", "text", "says"), BROKEN)
def test_a_broken_rule_is_noticed(tmp_path, path, text, says):
    written(tmp_path, path, text)
    (found,) = violations(tmp_path)
    assert found.startswith(f"{path}: {says}")


def test_a_cycle_is_noticed(tmp_path):
    written(tmp_path, "host_tools/cribtrace/one.py", "from cribtrace import two")
    written(tmp_path, "host_tools/cribtrace/two.py", "from .one import x")
    assert [line.split(":")[0] for line in violations(tmp_path)] == ["host_tools", "host_tools"]


ALLOWED = {
    "firmware/main.py": "import board\nfrom crib import app",
    "firmware/crib/app.py": "from . import sampler\ndef f():\n    from . import ends",
    "firmware/crib/verbs.py": "from . import status",
    "firmware/crib/sampler.py": "from .detector import Detector",
    "firmware/crib/kernels.py": LONG_FUNCTION + "x = 1\n" * 300,
    "boards/virtual/board.py": "import time, machine, termios\nprint(1)",
    "host_tools/cribtrace/link.py": "import serial",
    "host_tools/cribtrace/virtual.py": "import pty, fcntl",
    "host_tools/cribtrace/rows.py": "def held():\n    import fcntl",
    "host_tools/cribtrace/device.py": "from cribtrace.firmware.crib import kernels",
    "host_tools/cribtrace/client.py": "from cribtrace.device import protocol, records",
    "host_tools/cribtrace/cli.py": "import click\nfrom cribtrace import cli_live\nprint(1)",
    "host_tools/cribtrace/cli_live.py": "import rich\nfrom cribtrace import report",
    "host_tools/cribtrace/demo.py": "import sys\nsys.stderr.write('')",
}


def test_what_is_allowed_passes(tmp_path):
    for path, text in ALLOWED.items():
        written(tmp_path, path, text)
    assert violations(tmp_path) == []
