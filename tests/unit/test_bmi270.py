"""bmi270: the configuration that a user gives, in any of the forms it comes in."""

import sys

import pytest

from cribtrace import bmi270, board_facts, cli, tree
from cribtrace.errors import CribtraceError

RAW = bytes(k * 7 % 256 for k in range(8192))
ROWS = ",\n".join(", ".join(f"0x{b:02x}" for b in RAW[k : k + 16]) for k in range(0, 8192, 16))
SOURCES = {
    "bmi270.c": f"/* data[] */\nconst uint8_t other[] = {{ 1, 2 }};\n"
    f"const uint8_t bmi270_config_file[] = {{\n{ROWS}  // 0x12\n}};\nint x[] = {{ 3 }};\n",
    "sized.h": f"static const uint8_t bmi270_config_file[8192] = {{ {ROWS} }};",
    "config_file.py": f'"""bmi270_config_file"""\nbmi270_config_file = [\n{ROWS},\n]\n',
    "as_bytes.py": f"bmi270_config_file = bytes(({ROWS}))\n".replace("((", "([").replace(
        "))", "])"
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_gives_the_bytes(tmp_path, name):
    (tmp_path / name).write_text(SOURCES[name])
    assert bmi270.configuration(tmp_path / name) == RAW


def test_the_bytes_themselves(tmp_path):
    (tmp_path / "any").write_bytes(RAW)
    assert bmi270.configuration(tmp_path / "any") == RAW


@pytest.mark.parametrize(
    "content",
    [b"", RAW[:-1], RAW + b"\0", b"bmi270_config_file = [1, 2]", b"x = [" + ROWS.encode() + b"]",
     f"bmi270_config_file = [{ROWS}]".replace("0x07", "0x107").encode()],
)  # fmt: skip
def test_anything_else_is_refused_with_what_is_wanted(tmp_path, content):
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(CribtraceError, match=r"bad is no configuration.*8192 bytes.*Bosch"):
        bmi270.configuration(tmp_path / "bad")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CribtraceError, match=r"cannot read.*name another file"):
        bmi270.configuration(tmp_path / "none")


@pytest.mark.parametrize("package", ["bmi270", "micropython_bmi270"])
def test_an_installed_package_is_read_and_not_run(tmp_path, monkeypatch, package):
    folder = tmp_path / package
    folder.mkdir()
    (folder / "config_file.py").write_text("raise SystemExit\n" + SOURCES["config_file.py"])
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert bmi270.configuration(None) == RAW
    assert bmi270.extra_files("BMI270", None, print) == {"/bmi270.cfg": RAW}


def test_only_a_board_with_a_bmi270_asks_for_it(tmp_path):
    told = []
    assert bmi270.extra_files("LSM6DSO", None, told.append) == {} and not told
    assert bmi270.extra_files("BMI270", None, told.append) == {}
    assert "--bmi270-config" in told[0] and "pip install bmi270" in told[0]
    (tmp_path / "any").write_bytes(RAW)
    assert bmi270.extra_files("LSM6DSO", tmp_path / "any", told.append)[bmi270.ON_THE_BOARD] == RAW
    assert board_facts.load("virtual").facts["sensor"] == "LSM6DSO"


def test_host_and_firmware_mean_the_same_file():
    source = (tree.FIRMWARE / "crib" / "imu" / "bmi270_load.py").read_text()
    assert f'PATH = "{bmi270.ON_THE_BOARD}"' in source
    assert len(bmi270.for_the_virtual_chip()) == bmi270.BYTES
    assert "--bmi270-config FILE" in source


def test_deploy_reads_it_before_it_touches_the_board(tmp_path, capsys):
    (tmp_path / "bad").write_bytes(b"x")
    given = ["deploy", "--board", "virtual", "--port", str(tmp_path / "none")]
    assert cli.run([*given, "--bmi270-config", str(tmp_path / "bad")]) == 1
    assert "is no configuration of a BMI270" in capsys.readouterr().err
