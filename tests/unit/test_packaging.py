"""The host package, as `pip install` makes it: the firmware and the boards come along."""

import importlib
import json
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from cribtrace import deploy, device, tree
from tests.support import wheel
from tests.support.wheel import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with a real wheel in it, unpacked as pip would, away from the checkout."""
    return wheel.unpacked(tmp_path_factory.mktemp("packaging"))


def below(root: Path, *suffixes: str) -> set[str]:
    return {
        path.relative_to(root).as_posix() for path in root.rglob("*") if path.suffix in suffixes
    }


def test_the_wheel_holds_the_firmware_and_the_boards(site):
    assert below(site / "cribtrace" / "firmware", ".py") == below(ROOT / "firmware", ".py")
    kinds = (".py", ".json", ".md")
    assert below(site / "cribtrace" / "boards", *kinds) == below(ROOT / "boards", *kinds)
    assert "crib/kernels.py" in below(site / "cribtrace" / "firmware", ".py")


def test_the_wheel_holds_the_scenarios(site):
    ours = ROOT / "host_tools" / "cribtrace"
    shipped = below(ours / "scenarios", ".toml")
    assert {"night.toml", "benchmark.toml"} <= shipped
    assert below(site / "cribtrace" / "scenarios", ".toml") == shipped
    assert below(site / "cribtrace" / "world", ".py") == below(ours / "world", ".py")


def test_the_wheel_holds_what_a_report_is_made_of(site):
    ours = ROOT / "host_tools" / "cribtrace" / "report"
    kinds = (".py", ".html", ".css", ".js")
    assert {"page.py", "assets/sheet.html", "assets/lanes.js"} <= below(ours, *kinds)
    assert below(site / "cribtrace" / "report", *kinds) == below(ours, *kinds)


def test_the_wheel_holds_what_a_trend_is_made_of(site):
    names = {"trend/assets/trend.html", "trend/assets/trend.css"}
    assert names <= below(site / "cribtrace", ".html", ".css")


def test_the_wheel_is_a_pytest_plugin(site):
    (points,) = site.glob("cribtrace-*.dist-info/entry_points.txt")
    assert "[pytest11]\ncribtrace = cribtrace.pytest_plugin" in points.read_text()
    names = {"pytest_plugin.py", "pytest_virtual.py", "rig.py", "scoring/score.py"}
    assert names <= below(site / "cribtrace", ".py")


def test_the_wheel_imports_the_device_modules_and_finds_the_boards(site):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from cribtrace import tree, runtime\n"
        "from cribtrace.device import framing, kernels\n"
        "print(tree.CHECKOUT)\n"
        "print(tree.FIRMWARE)\n"
        "print(tree.BOARDS)\n"
        "print(kernels.__file__)\n"
        "print(kernels.__name__)\n"
    )
    isolated = [sys.executable, "-P"] if sys.version_info >= (3, 11) else [sys.executable]
    done = subprocess.run(
        [*isolated, "-c", program, site], capture_output=True, text=True, check=True, cwd=site
    )
    inside = site / "cribtrace"
    assert done.stdout.splitlines() == [
        "None",
        str(inside / "firmware"),
        str(inside / "boards"),
        str(inside / "firmware" / "crib" / "kernels.py"),
        "cribtrace.firmware.crib.kernels",
    ]
    assert (inside / "boards" / "virtual").is_dir()


@pytest.fixture
def installed(site, tmp_path):
    """A function that runs the wheel's command in a folder away from the checkout."""

    def run(*words):
        env = {**os.environ, "PYTHONPATH": str(site), "COLUMNS": "80"}
        program = [sys.executable, "-m", "cribtrace.cli", *map(str, words)]
        return subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, env=env)

    return run


def test_the_installed_command_works_from_any_folder(site, installed, tmp_path):
    where = "import cribtrace.cli as cli; print(cli.__file__)"
    env = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run([sys.executable, "-c", where], capture_output=True, text=True, env=env)
    assert done.stdout.strip() == str(site / "cribtrace" / "cli" / "__init__.py")
    assert installed("--version").stdout.startswith("cribtrace, version ")
    assert "name=ten_minutes" in installed("scenario").stdout
    made = installed("scenario", "ten_minutes", "--seed", "3", "-o", "made.npz")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "made.npz").exists()
    replayed = installed("replay", "made.npz", "--on", "cpython", "--json")
    assert '"type":"event"' in replayed.stdout, replayed.stderr


def test_the_installed_command_decodes_a_segment(installed):
    vector = ROOT / "tests" / "vectors" / "segment.crib"
    done = installed("decode", vector, "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (lines[0]["type"], lines[-1]["type"]) == ("header", "summary")
    assert "complete: 1 segments" in done.stderr


def test_the_checkout_is_used_where_there_is_one():
    assert tree.CHECKOUT == ROOT
    assert ROOT / "firmware" == tree.FIRMWARE
    assert ROOT / "boards" == tree.BOARDS
    assert Path(str(device.framing.__file__)) == ROOT / "firmware" / "crib" / "framing.py"


def test_a_package_without_a_tree_around_it_is_no_checkout(tmp_path):
    assert tree.checkout(tmp_path / "site-packages" / "cribtrace") is None


def test_the_device_modules_are_loaded_by_name_only():
    with pytest.raises(AttributeError, match="no attribute 'journal'"):
        _ = device.journal  # pyright: ignore[reportAttributeAccessIssue]


def test_under_cpython_the_decorators_change_nothing():
    micropython = importlib.import_module("micropython")

    def function(x: "int") -> int:
        return x + 1

    for name in ("viper", "native", "bytecode"):
        assert getattr(micropython, name)(function) is function
    assert micropython.const(7) == 7


def test_the_copy_on_the_board_knows_its_own_checksum():
    wanted = deploy.contents("virtual")
    stamp = re.search(rb"^BUILD = (\d+)", wanted["/crib/__init__.py"], re.MULTILINE)
    assert stamp
    wanted["/crib/__init__.py"] = re.sub(
        rb"(?m)^BUILD = \d+", b"BUILD = 0", wanted["/crib/__init__.py"]
    )
    crc = zlib.crc32(b"".join(wanted[path] for path in sorted(wanted)))
    assert int(stamp[1]) == crc % 2**30 != 0
