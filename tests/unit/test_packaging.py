"""The host package, as `pip install` makes it: the firmware and the boards come along."""

import importlib
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from cribtrace import deploy, device, tree

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("pyproject.toml", "LICENSE", "README.md", "host_tools", "firmware", "boards")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with a real wheel in it, unpacked as pip would, away from the checkout."""
    folder = tmp_path_factory.mktemp("packaging")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, folder / "source" / name, ignore=ignored)
        else:
            (folder / "source").mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / "source" / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    done = subprocess.run(
        [*pip, "--wheel-dir", folder, folder / "source"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("cribtrace-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


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
