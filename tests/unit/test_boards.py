"""Every board defines the same names, and its facts agree with its code and with its chip."""

import ast
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from cribtrace import tree

BOARDS = sorted(path.parent for path in tree.BOARDS.glob("*/board.py"))
NAMES = [board.name for board in BOARDS]

# What the firmware calls, and how many arguments it passes.
FUNCTIONS = {
    "make_imu": 0, "ticks_us": 0, "ticks_ms": 0, "ticks_diff": 2, "host_ms": 0, "idle": 1,
    "watchdog": 0, "reset_cause": 0, "retained_read": 0, "retained_write": 1, "collect": 0,
    "reset": 0,
}  # fmt: skip
OPTIONAL = {"make_clock_chip": 0}
VALUES = {"NAME", "SENSOR", "RATE_MHZ", "MLSB_PER_G", "RECORDING_FRAMES", "console"}
FACTS = {
    "name": str, "chip": str, "mpy_arch": str, "firmware": str, "sensor": str, "bus": str,
    "i2c_hz": int, "address": str,
}  # fmt: skip

# Espressif, "ESP32 Series Datasheet", 2.2 and 3.3: pins of the flash, straps, pins without driver.
ESP32_FLASH = set(range(6, 12))
ESP32_STRAPS = {0, 2, 5, 12, 15}
ESP32_INPUT_ONLY = set(range(34, 40))
ESP32_PINS = set(range(34)) - {20, 24, *range(28, 32)} | ESP32_INPUT_ONLY
ESP32_CONSOLE = {1, 3}


def parsed(board: Path) -> ast.Module:
    return ast.parse((board / "board.py").read_text())


def definitions(module: ast.Module) -> dict[str, ast.expr | ast.stmt]:
    """Return what each top-level name stands for: a function, a class or an assigned value."""
    found: dict[str, ast.expr | ast.stmt] = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = node.value
    return found


def takes(function: ast.FunctionDef, count: int, bound: bool = False) -> bool:
    """Return whether a function can be called with `count` arguments in their places."""
    arguments = function.args
    most = len(arguments.posonlyargs) + len(arguments.args) - bound
    least = most - len(arguments.defaults) + sum(d is None for d in arguments.kw_defaults)
    return least <= count <= most or (bool(arguments.vararg) and least <= count)


def interface_faults(board: Path) -> list[str]:
    found = definitions(parsed(board))
    public = {name for name in found if not name.startswith("_")}
    wanted = VALUES | set(FUNCTIONS)
    faults = [f"{name} is missing" for name in sorted(wanted - public)]
    faults += [f"{name} is no board's name" for name in sorted(public - wanted - set(OPTIONAL))]
    counts = {**FUNCTIONS, **OPTIONAL}
    for name in public & set(counts):
        own, bound = functions(board, found[name])
        if own is not None and not takes(own, counts[name], bound):
            faults.append(f"{name} does not take {counts[name]} arguments")
    return faults


def functions(board: Path, value: ast.AST) -> tuple[ast.FunctionDef | None, bool]:
    """Return the function of the board's own that a value stands for, and whether it is bound.

    None for MicroPython's functions, which the type checker knows, and for a class or an object.
    """
    if isinstance(value, ast.FunctionDef):
        return value, False
    if not isinstance(value, ast.Attribute) or not (board / "hardware").is_dir():
        return None, False
    owner = ast.unparse(value.value).removeprefix("parts.")
    for path in (board / "hardware").glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            inside = [node] if path.stem == owner else []
            if isinstance(node, ast.ClassDef) and node.name == owner.capitalize():
                inside = node.body
            for inner in inside:
                if isinstance(inner, ast.FunctionDef) and inner.name == value.attr:
                    return inner, inner is not node
    return None, False


def facts(board: Path) -> dict:
    return json.loads((board / "board.json").read_text())


def fact_faults(board: Path) -> list[str]:
    said = facts(board)
    found = {
        name: ast.literal_eval(value.args[0] if isinstance(value, ast.Call) else value)
        for name, value in definitions(parsed(board)).items()
        if isinstance(value, ast.Constant)
        or (isinstance(value, ast.Call) and ast.unparse(value.func) == "const")
    }
    faults = [f"{key} is no {kind.__name__}" for key, kind in FACTS.items()
              if not isinstance(said.get(key), kind)]  # fmt: skip
    wanted = {"NAME": board.name, "SENSOR": said.get("sensor"), "_I2C_HZ": said.get("i2c_hz")}
    if board.name == "virtual":  # it has whatever sensor it is started with
        del wanted["SENSOR"]
    if said.get("name") != board.name:
        faults.append("name is not the folder's")
    for pin, number in said.get("pins", {}).items():
        wanted[f"_{pin.upper()}"] = number
    if "_ADDRESS" in found:
        wanted["_ADDRESS"] = int(said["address"], 16)
    return faults + [
        f"{name} is {found.get(name)!r} in board.py and {value!r} in board.json"
        for name, value in wanted.items()
        if found.get(name) != value
    ]


def pin_faults(said: dict) -> list[str]:
    if said["chip"] != "ESP32":
        return []
    pins = said["pins"]
    faults = ["two signals share a pin"] if len(set(pins.values())) < len(pins) else []
    forbidden = {
        "belongs to the flash": ESP32_FLASH,
        "is a boot strap": ESP32_STRAPS,
        "cannot drive": ESP32_INPUT_ONLY,
        "is the console's": ESP32_CONSOLE,
    }
    for signal, pin in pins.items():
        if pin not in ESP32_PINS:
            faults.append(f"{signal}: the ESP32 has no GPIO {pin}")
        faults += [
            f"{signal}: GPIO {pin} {why}" for why, those in forbidden.items() if pin in those
        ]
    return faults


def test_there_is_a_real_board():
    assert {"virtual", "esp32_devkitc_lsm6dso"} <= set(NAMES)


@pytest.mark.parametrize("board", BOARDS, ids=NAMES)
def test_a_board_defines_what_the_firmware_uses(board):
    assert interface_faults(board) == []


def test_what_the_virtual_board_hands_on_is_looked_at():
    board = tree.BOARDS / "virtual"
    found = definitions(parsed(board))
    unseen = {name for name in FUNCTIONS if functions(board, found[name])[0] is None}
    assert unseen == set()


@pytest.mark.parametrize("board", BOARDS, ids=NAMES)
def test_a_board_is_what_its_facts_say(board):
    assert fact_faults(board) == []
    assert pin_faults(facts(board)) == []
    assert (board / "README.md").is_file() or board.name == "virtual"


def test_the_firmware_uses_nothing_else_of_a_board():
    used = set()
    for path in [*tree.FIRMWARE.glob("*.py"), *tree.FIRMWARE.rglob("crib/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                owner = ast.unparse(node.value)
                if owner == "board" or owner.endswith(("._board", ".board")):
                    used.add(node.attr)
    assert used - VALUES - set(FUNCTIONS) - set(OPTIONAL) == set()
    assert len(used) > 10


def test_the_virtual_console_and_watchdog_are_the_real_ones():
    wanted = {"console": {"read": 1, "write": 1}, "watchdog": {"feed": 0, "park": 0}}
    classes = {
        **definitions(parsed(tree.BOARDS / "esp32_devkitc_lsm6dso")),
        **definitions(ast.parse((tree.BOARDS / "virtual/hardware/console.py").read_text())),
        **definitions(ast.parse((tree.BOARDS / "virtual/hardware/reset.py").read_text())),
    }
    for part, methods in wanted.items():
        for name in (part.capitalize(), f"_{part.capitalize()}"):
            own = {
                node.name: node
                for node in getattr(classes[name], "body", ())
                if isinstance(node, ast.FunctionDef)
            }
            for method, count in methods.items():
                assert takes(own[method], count, bound=True), (name, method)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("def reset_cause():", "def reset_cause(why):", "reset_cause does not take 0 arguments"),
        ("\nidle = ", "\nrest = ", "idle is missing"),
        ("\ncollect = ", "\ngarbage = gc.collect\ncollect = ", "garbage is no board's name"),
    ],
)
def test_a_different_interface_is_noticed(tmp_path, old, new, fault):
    board = altered(tmp_path, "board.py", old, new)
    assert fault in interface_faults(board)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"sda": 21', '"sda": 23', "_SDA is 21 in board.py and 23 in board.json"),
        ('"i2c_hz": 100000', '"i2c_hz": 400000', "_I2C_HZ is 100000 in board.py and 400000"),
        ('"0x6A"', '"0x6B"', "_ADDRESS is 106 in board.py and 107 in board.json"),
        ('"name": "esp32', '"name": "esp8266', "name is not the folder's"),
        ('"xtensawin"', "null", "mpy_arch is no str"),
    ],
)
def test_facts_that_differ_are_noticed(tmp_path, old, new, fault):
    board = altered(tmp_path, "board.json", old, new)
    assert [line for line in fact_faults(board) if line.startswith(fault)]


@pytest.mark.parametrize(
    ("sda", "fault"),
    [
        (12, "sda: GPIO 12 is a boot strap"),
        (6, "sda: GPIO 6 belongs to the flash"),
        (34, "sda: GPIO 34 cannot drive"),
        (24, "sda: the ESP32 has no GPIO 24"),
        (1, "sda: GPIO 1 is the console's"),
        (22, "two signals share a pin"),
    ],
)
def test_a_bad_pin_is_noticed(sda, fault):
    assert pin_faults({"chip": "ESP32", "pins": {"sda": sda, "scl": 22}}) == [fault]


def test_the_esp32_board_runs(micropython, monkeypatch):
    """On this machine's MicroPython, with a `machine` that is made up."""
    script = Path(__file__).parents[1] / "device" / "esp32_board.py"
    monkeypatch.setenv("MICROPYPATH", f".frozen:{tree.FIRMWARE}")
    board = subprocess.Popen(
        [micropython.path, script, tree.BOARDS / "esp32_devkitc_lsm6dso"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert board.stdin and board.stdout and board.stderr
    with board:
        assert board.stdout.readline() == b"ready\n", board.stderr.read().decode()
        typed = b"ab\r\n\0\xff\x04\x01cd"
        board.stdin.write(typed)
        board.stdin.flush()
        # stdin stays open: a board's line has no end.
        sent = board.stdout.read()
        assert sent == typed + bytes(range(256)) * 5, board.stderr.read().decode()
        assert board.wait() == 0


def altered(folder: Path, name: str, old: str, new: str) -> Path:
    """Return a copy of the real board with `old` replaced in one file."""
    board = folder / "esp32_devkitc_lsm6dso"
    shutil.copytree(tree.BOARDS / board.name, board)
    text = (board / name).read_text()
    assert text.count(old) == 1
    (board / name).write_text(text.replace(old, new))
    return board
