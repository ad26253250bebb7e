"""Every board defines the same names, and its facts agree with its code and with its chip."""

import ast
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cribtrace import board_facts, chips, deploy, remote, tree
from cribtrace.errors import CribtraceError, Usage
from tests.support import boards_table

README = Path(__file__).resolve().parents[2] / "README.md"

BOARDS = [tree.BOARDS / name for name in board_facts.names()]
NAMES = board_facts.names()
REAL = [board for board in BOARDS if board.name != "virtual"]

# What the firmware calls, and how many arguments it passes.
FUNCTIONS = {
    "make_imu": 0, "ticks_us": 0, "ticks_ms": 0, "ticks_diff": 2, "host_ms": 0, "idle": 1,
    "watchdog": 0, "reset_cause": 0, "retained_read": 0, "retained_write": 1, "collect": 0,
    "reset": 0,
}  # fmt: skip
OPTIONAL = {"make_clock_chip": 0, "button": 0, "blink": 0}
FOR_BOARDS = {
    "i2c",
    "presses",
    "light",
    "awake",
    "light_sleep",
    "dozing",
}  # of what boards share: not the firmware's business
VALUES = {"NAME", "SENSOR", "RATE_MHZ", "MLSB_PER_G", "RECORDING_FRAMES", "console"}
FACTS = {
    "name": str, "chip": str, "mpy_arch": str, "firmware": str, "firmware_least": str,
    "sensor": str, "bus": str, "i2c_hz": int, "address": str,
}  # fmt: skip
OF_REAL = {"flash_offset": str, "pins": dict, "placement": str, "verified": bool}


def parsed(board: Path) -> ast.Module:
    return ast.parse((board / "board.py").read_text())


def definitions(module: ast.Module) -> dict[str, ast.expr | ast.stmt]:
    """Return what each top-level name stands for: a function, a class or an assigned value.

    What comes from a module that boards share is what it stands for there.
    """
    found: dict[str, ast.expr | ast.stmt] = {}
    shared = {path.stem: path for path in deploy.shared_modules()}
    for node in module.body:
        if isinstance(node, ast.ImportFrom) and node.module in shared:
            theirs = definitions(ast.parse(shared[node.module].read_text()))
            found |= {alias.name: theirs[alias.name] for alias in node.names}
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
    public = {name for name in found if not name.startswith("_") and name not in FOR_BOARDS}
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
    kinds = {**FACTS, **(OF_REAL if board.name != "virtual" else {})}
    faults = [f"{key} is no {kind.__name__}" for key, kind in kinds.items()
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
    assert board_facts.load(board.name).faults() == []


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
        **definitions(ast.parse((tree.BOARDS / "esp32/esp32_chip.py").read_text())),
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
        ("def make_imu():", "def make_imu(why):", "make_imu does not take 0 arguments"),
        ("\n    host_ms,", "", "host_ms is missing"),
        ("\nRECORDING_FRAMES = ", "\nGARBAGE = RECORDING_FRAMES = ", "GARBAGE is no board's name"),
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
    ("family", "sda", "fault"),
    [
        ("ESP32", 12, "sda: GPIO 12 is a boot strap"),
        ("ESP32", 6, "sda: GPIO 6 belongs to the flash or the PSRAM"),
        ("ESP32", 16, "sda: GPIO 16 belongs to the flash or the PSRAM"),
        ("ESP32", 34, "sda: GPIO 34 cannot drive"),
        ("ESP32", 24, "sda: the ESP32 has no GPIO 24"),
        ("ESP32", 1, "sda: GPIO 1 is the console's"),
        ("ESP32", 22, "two signals share a pin"),
        ("ESP32-S3", 3, "sda: GPIO 3 is a boot strap"),
        ("ESP32-S3", 23, "sda: the ESP32-S3 has no GPIO 23"),
        ("ESP32-S3", 27, "sda: GPIO 27 belongs to the flash or the PSRAM"),
        ("ESP32-S3", 35, "sda: GPIO 35 belongs to octal PSRAM"),
        ("ESP32-S3", 20, "sda: GPIO 20 is the USB's"),
        ("ESP32-S3", 43, "sda: GPIO 43 is the console's"),
        ("ESP32-C3", 8, "sda: GPIO 8 is a boot strap"),
        ("ESP32-C3", 14, "sda: GPIO 14 belongs to the flash or the PSRAM"),
        ("ESP32-C3", 19, "sda: GPIO 19 is the USB's"),
        ("ESP32-C3", 21, "sda: GPIO 21 is the console's"),
    ],
)
def test_a_bad_pin_is_noticed(family, sda, fault):
    scl = {"ESP32": 22, "ESP32-S3": 6, "ESP32-C3": 7}[family]
    assert chips.pin_faults(family, {"sda": sda, "scl": scl}) == [fault]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"sda": 21', '"sda": 2', "sda: GPIO 2 is a boot strap"),
        ('"chip": "ESP32"', '"chip": "ESP8266"', "chip 'ESP8266' is none of ESP32, "),
        ('"0x1000"', '"0x0"', "the ESP32's firmware begins at 0x1000"),
        ('"xtensawin"', '"rv32imc"', "the ESP32's mpy_arch is xtensawin"),
        ('"1.24"', '"1.20"', "the ESP32 needs MicroPython 1.24 or newer"),
    ],
)
def test_deploy_and_flash_take_no_board_with_wrong_facts(tmp_path, monkeypatch, old, new, fault):
    altered(tmp_path, "board.json", old, new)
    monkeypatch.setattr(tree, "BOARDS", tmp_path)
    with pytest.raises(CribtraceError, match=r"board\.json: ") as raised:
        deploy.files("esp32_devkitc_lsm6dso")
    assert fault in str(raised.value)


def test_a_board_that_does_not_exist_is_told_with_those_that_do():
    with pytest.raises(Usage, match="no board 'esp8266'; there are: esp32_devkitc_gy521, "):
        board_facts.load("esp8266")


@pytest.mark.parametrize("board", REAL, ids=lambda board: board.name)
def test_a_real_board_is_short_and_shares_the_rest(board):
    assert (board / "board.py").read_text().count("\n") <= 60
    wanted = deploy.files(board.name)
    assert wanted["/esp32_chip.py"] == tree.BOARDS / "esp32/esp32_chip.py"
    assert facts(board)["i2c_hz"] == 100_000


@pytest.mark.parametrize("board", REAL, ids=lambda board: board.name)
def test_only_the_drivers_that_a_board_needs_go_along(board):
    wanted = deploy.files(board.name)
    drivers = {p.split("/")[3] for p in wanted if p.startswith("/crib/imu/")} - {"__init__.py"}
    modules = [n.module or "" for n in ast.walk(parsed(board)) if isinstance(n, ast.ImportFrom)]
    (own,) = (name.removeprefix("crib.imu.") for name in modules if name.startswith("crib.imu."))
    assert f"{own}.py" in drivers
    for path in (tree.FIRMWARE / "crib/imu").glob("*.py"):
        if path.name in drivers:  # whatever one of them imports is there, too
            siblings = re.findall(r"from \.(\w+) import", path.read_text())
            assert {f"{name}.py" for name in siblings} <= drivers
    makes_clock = "make_clock_chip" in definitions(parsed(board))
    assert any(path.startswith("/crib/rtc/") for path in wanted) == makes_clock


def test_a_board_that_makes_up_its_drivers_name_gets_them_all():
    wanted = {path for path in deploy.files("virtual") if path.startswith("/crib/imu/")}
    assert wanted == {f"/crib/imu/{p.name}" for p in (tree.FIRMWARE / "crib/imu").glob("*.py")}


def test_a_driver_that_another_board_needs_stays_here(tmp_path, monkeypatch):
    """A firmware with two drivers, one of which imports a sibling inside a function."""
    imu = tmp_path / "firmware/crib/imu"
    shutil.copytree(tree.FIRMWARE, tmp_path / "firmware")
    (imu / "adxl355.py").write_text(
        "from ..words import ODD\n\n\ndef f():\n    from . import late\n"
    )
    (imu / "late.py").write_text("from .later import g\n")
    (imu / "later.py").write_text("")
    altered(tmp_path / "boards", "board.py", "crib.imu.lsm6dso", "crib.imu.adxl355")
    shutil.copytree(tree.BOARDS / "esp32", tmp_path / "boards/esp32")
    monkeypatch.setattr(tree, "BOARDS", tmp_path / "boards")
    monkeypatch.setattr(tree, "FIRMWARE", tmp_path / "firmware")
    wanted = deploy.files("esp32_devkitc_lsm6dso")
    drivers = {path for path in wanted if path.startswith("/crib/imu/")}
    assert drivers == {f"/crib/imu/{n}.py" for n in ("__init__", "adxl355", "late", "later")}
    assert not [path for path in wanted if path.startswith("/crib/rtc")]


def test_a_driver_that_is_not_there_is_named(tmp_path, monkeypatch):
    altered(tmp_path, "board.py", "crib.imu.lsm6dso", "crib.imu.adxl355")
    shutil.copytree(tree.BOARDS / "esp32", tmp_path / "esp32")
    monkeypatch.setattr(tree, "BOARDS", tmp_path)
    with pytest.raises(CribtraceError, match=r"board\.py imports crib\.imu\.adxl355, "):
        deploy.files("esp32_devkitc_lsm6dso")


MACHINES = [
    ("esp32", "Generic ESP32 module with ESP32", "ESP32"),
    ("esp32", "Generic ESP32 module with SPIRAM with ESP32", "ESP32"),
    ("esp32", "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3", "ESP32-S3"),
    ("esp32", "ESP32C3 module with ESP32C3", "ESP32-C3"),
    ("esp32", "ESP32C6 module with ESP32C6", "ESP32C6"),
    ("rp2", "Raspberry Pi Pico with RP2040", "RP2040"),
    ("linux", "linux [GCC 14.2.0] version", "none"),
]


@pytest.mark.parametrize(("platform", "machine", "family"), MACHINES)
def test_the_chip_is_read_from_what_micropython_says(platform, machine, family):
    assert chips.family_of(platform, machine) == family


@pytest.mark.parametrize(
    ("board", "machine", "version", "arch", "says"),
    [
        ("xiao_esp32c3_lsm6dso", "x with ESP32C3", (1, 26), "rv32imc", ""),
        ("xiao_esp32c3_lsm6dso", "x with ESP32C3", (1, 25), "rv32imc", "1.25 is too old for"),
        ("esp32_devkitc_lsm6dso", "x with ESP32", (1, 24), "xtensawin", ""),
        ("esp32_devkitc_lsm6dso", "x with ESP32", (1, 23), "xtensawin", "1.23 is too old"),
        ("esp32_devkitc_lsm6dso", "x with ESP32", (1, 27), "", "runs no machine code for xtensaw"),
        ("esp32_devkitc_lsm6dso", "x with ESP32S3", (1, 27), "xtensawin",
         "choose --board m5stack_cores3 or xiao_esp32s3_lsm6dso"),
        ("esp32_devkitc_lsm6dso", "x with ESP32C6", (1, 27), "rv32imc", "choose another --port"),
        ("virtual", "x with ESP32", (1, 27), "xtensawin", "virtual is for no chip, and this is"),
    ],
)  # fmt: skip
def test_a_board_that_does_not_fit_what_is_on_the_port_is_refused(
    board, machine, version, arch, says
):
    there = remote.There("esp32", machine, version, (6, 3), arch, {})
    if not says:
        deploy.fits("P", board_facts.load(board), there)
        return
    with pytest.raises(CribtraceError, match=r"^P: ") as raised:
        deploy.fits("P", board_facts.load(board), there)
    assert says in str(raised.value) and "nothing was changed" in str(raised.value)


def section(board: Path, title: str) -> str:
    text = (board / "README.md").read_text()
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert found, (board.name, title)
    return found[1]


def wiring(board: Path) -> dict[str, str]:
    """What of the sensor goes where on the board, as the README's table has it."""
    rows = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \| ([^|]*?) ?\|$", section(board, "Wiring"), re.M)
    assert rows[0][:2] == ("Sensor", "Board")
    return {sensor.split(",")[0]: f"{there}; {why}" for sensor, there, why in rows[1:]}


def wiring_faults(board: Path) -> list[str]:
    said, table = facts(board), wiring(board)
    text = " ".join(table.values())
    faults = [f"{signal} is not on GPIO {pin}" for signal, pin in said["pins"].items()
              if not re.search(rf"\bGPIO {pin}\b", table.get(signal.upper(), text))]  # fmt: skip
    if f"I2C address {said['address']}" not in text:
        faults.append(f"the address is not {said['address']}")
    told = {int(pin) for pin in re.findall(r"GPIO (\d+)", text)}
    return faults + [f"no signal is on GPIO {pin}" for pin in told - set(said["pins"].values())]


@pytest.mark.parametrize("board", REAL, ids=lambda board: board.name)
def test_the_wiring_is_what_the_facts_say(board):
    assert wiring_faults(board) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"scl": 22', '"scl": 23', "scl is not on GPIO 23"),
        ('"0x6A"', '"0x6B"', "the address is not 0x6B"),
        ('"sda": 21, ', "", "no signal is on GPIO 21"),
    ],
)
def test_a_wiring_that_differs_is_noticed(tmp_path, old, new, fault):
    assert fault in wiring_faults(altered(tmp_path, "board.json", old, new))


SAFETY = {
    "mattress": ("No battery goes under the mattress", "out of the infant's reach",
                 "strain relief", "20 cm of lead", "at least 1 m from the crib",
                 "no medical device"),
    "bench": ("for the bench", "goes neither under a mattress", "out of a child's reach",
              "no medical device"),
}  # fmt: skip


@pytest.mark.parametrize("board", REAL, ids=lambda board: board.name)
def test_every_board_says_how_it_is_used_safely(board):
    said, text = facts(board), " ".join(section(board, "Safety").split())
    assert [what for what in SAFETY[said["placement"]] if what not in text] == []
    same = [b for b in REAL if facts(b)["placement"] == said["placement"]]
    assert {section(b, "Safety") for b in same} == {section(board, "Safety")}
    if said["placement"] == "bench":
        assert "cell" in said["placement_why"] and board_facts.load(board.name).bench_only
    else:
        assert "power banks switch off" in section(board, "Supply")
        assert board_facts.load(board.name).bench_only == ""


def test_the_readme_shows_the_boards_as_they_are():
    table = boards_table.text()
    assert f"{boards_table.BEGIN}\n{table}\n{boards_table.END}" in README.read_text()
    unverified = [board for board in REAL if facts(board)["verified"] is False]
    assert table.count("nobody has run it") == len(unverified)


@pytest.mark.parametrize("board", REAL, ids=lambda board: board.name)
def test_what_nobody_has_run_says_so(board):
    text = (board / "README.md").read_text()
    assert ("**Not verified at all yet.**" in text) == (facts(board)["verified"] is False)


@pytest.mark.parametrize("board", REAL, ids=lambda board: board.name)
def test_an_esp32_board_runs(board, micropython, monkeypatch):
    """On this machine's MicroPython, with a `machine` that is made up."""
    script = Path(__file__).parents[1] / "device" / "esp32_board.py"
    monkeypatch.setenv("MICROPYPATH", f".frozen:{tree.FIRMWARE}:{tree.BOARDS / 'esp32'}")
    said = facts(board)
    pins = said["pins"]
    numbers = [str(n) for n in (pins["sda"], pins["scl"], int(said["address"], 16))]
    running = subprocess.Popen(
        [micropython.path, script, board, *numbers],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdin and running.stdout and running.stderr
    with running:
        ready = running.stdout.readline()
        assert ready == b"ready\n", ready + running.stdout.read() + running.stderr.read()
        typed = b"ab\r\n\0\xff\x04\x01cd"
        running.stdin.write(typed)
        running.stdin.flush()
        # stdin stays open: a board's line has no end.
        sent = running.stdout.read()
        assert sent == typed + bytes(range(256)) * 5, running.stderr.read().decode()
        assert running.wait() == 0


def altered(folder: Path, name: str, old: str, new: str) -> Path:
    """Return a copy of the real board with `old` replaced in one file."""
    board = folder / "esp32_devkitc_lsm6dso"
    shutil.copytree(tree.BOARDS / board.name, board)
    text = (board / name).read_text()
    assert text.count(old) == 1
    (board / name).write_text(text.replace(old, new))
    return board
