"""The parts of the kernel's benchmark that need no emulator: reading, recording, reckoning."""

from array import array
from types import ModuleType

import pytest

from bench.kernel import measure, mpy, reference, runs, rv32, source, trace, xtensa
from cribtrace.errors import CribtraceError, Damaged

TINY = """import micropython
from micropython import const

STEP = const(3)
_TWICE = const(STEP + STEP)
words = ("a", b"b", 1 << 70)


@micropython.viper
def total(n: int, st: ptr32) -> int:
    i = 0
    while i < n:
        st[0] = st[0] + STEP
        i += 1
    return st[0]


def ordinary(x):
    return x


@micropython.viper
def clear(bytes_: ptr8):
    bytes_[1] = 0
"""


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.py"
    path.write_text(TINY)
    return path


def test_the_source_says_what_a_kernel_takes(tiny):
    total, clear = source.functions(tiny)
    assert (total.name, total.parameters, total.elements) == ("total", ("n", "st"), (0, 4))
    assert total.returns
    assert (clear.name, clear.elements, clear.returns) == ("clear", (1,), False)
    assert source.constants(tiny) == {"STEP": 3, "_TWICE": 6}


@pytest.mark.parametrize("architecture", mpy.ARCHITECTURES)
def test_the_loader_finds_the_code_of_every_function(tiny, tmp_path, architecture):
    module = mpy.compiled(tiny, architecture, tmp_path, ["total", "clear"])
    content = (tmp_path / f"tiny_{architecture}.mpy").read_bytes()
    assert list(module.functions) == ["total", "clear"]
    assert all(code in content for code in module.functions.values())
    assert len(module.functions["total"]) > len(module.functions["clear"]) > 30


def test_the_loader_refuses_what_it_does_not_know(tiny, tmp_path):
    mpy.compiled(tiny, "rv32imc", tmp_path, ["total", "clear"])
    content = (tmp_path / "tiny_rv32imc.mpy").read_bytes()
    names = ["total", "clear"]
    for damaged, why in (
        (b"X" + content[1:], "not a .mpy file"),
        (content[:1] + b"\5" + content[2:], "version 6"),
        (content[:-9], "cut off"),
        (content + b"\0", "1 bytes too many"),
    ):
        with pytest.raises(Damaged, match=why):
            mpy.load(damaged, names)
    with pytest.raises(Damaged, match="2 viper functions, not 1"):
        mpy.load(content, ["total"])
    tiny.write_text(
        TINY.replace("@micropython.viper\ndef clear", "@micropython.native\ndef clear")
    )
    with pytest.raises(Damaged, match="not viper"):
        mpy.compiled(tiny, "rv32imc", tmp_path, ["total"])
    tiny.write_text("@micropython.viper\ndef f(x: ptr8):\n    x[0] = x[1] / 2\n")
    with pytest.raises(CribtraceError, match="mpy-cross: "):
        mpy.compiled(tiny, "rv32imc", tmp_path, ["f"])


def kernel(tiny) -> tuple[ModuleType, trace.Recorder]:
    module = ModuleType("tiny")

    def total(n, st):
        for _ in range(n):
            st[0] = st[0] + 3
        return st[0]

    module.total, module.clear = total, lambda b: b.__setitem__(1, 0)
    return module, trace.Recorder(source.functions(tiny))


@pytest.fixture
def recorded(tiny) -> trace.Trace:
    module, recorder = kernel(tiny)
    st, octets = array("I", [5, 0, 7]), bytearray(b"abcd")
    with recorder.listening(module):
        for part, frames in (("night", 0), ("night", 1), ("storm", 1)):
            recorder.part, recorder.frames = part, frames
            module.total(frames, st)
        st[1] = 9
        octets[3] = 0
        module.total(2, st)
        module.clear(octets)
    assert module.total(1, [1]) == 4  # outside, the original is back
    return recorder.trace


def test_a_trace_holds_what_was_written_between_the_calls(recorded):
    first, second, third, fourth, clear = recorded.calls
    assert first.pokes == (trace.Poke(0, 0, bytes(array("I", [5, 0, 7]))),)
    assert second.pokes == third.pokes == ()
    assert fourth.pokes == (trace.Poke(0, 4, bytes([9, 0, 0, 0])),)
    assert clear.pokes == (trace.Poke(1, 0, b"abc\0"),)
    assert (clear.function, clear.arguments) == (1, (1,))
    assert (recorded.lengths, recorded.elements) == ([12, 4], [4, 1])
    assert len({call.left for call in recorded.calls}) == 5


def test_a_digest_notices_one_call(recorded):
    left = [call.left for call in recorded.calls]
    assert recorded.digests(left) == recorded.digests()
    changed = recorded.digests([*left[:1], left[1] ^ 1, *left[2:]])
    assert changed["total"] != recorded.digests()["total"]
    assert changed["clear"] == recorded.digests()["clear"]


def test_the_first_call_that_differs_is_named(recorded):
    left: list[int | None] = [call.left for call in recorded.calls]
    runs.compare(recorded, runs.Run([None, *left[1:]], [0] * 5), "machine")
    left[2] = 0
    with pytest.raises(CribtraceError, match=r"machine: total .* call 2 \(storm, burst of 1\)"):
        runs.compare(recorded, runs.Run(left, [0] * 5), "machine")


def test_the_cost_is_the_mean_of_the_night_and_the_dearest_frame(recorded):
    single = recorded, runs.Run([], [100, 130, 190, 999, 1])
    recorded.calls.pop()
    recorded.calls.pop()
    single[1].cost[3:] = []
    found = runs.cost(single, single, "total", "night", 2)
    assert found == runs.Cost(frame=115.0, call=100, worst=90, worst_part="storm")


def test_calls_beyond_one_conversion_an_argument_are_counted(recorded):
    run = runs.Run()
    run.helpers.update({runs.FROM_OBJECT: 9, runs.TO_OBJECT: 4})
    assert runs.helper_calls(recorded, run) == 0
    run.helpers.update({runs.FROM_OBJECT: 2})
    assert runs.helper_calls(recorded, run) == 2


def test_rv32_instructions_are_two_or_four_bytes_long():
    addi, c_addi = bytes.fromhex("13051500"), bytes.fromhex("0505")
    assert rv32.instructions(addi) == rv32.instructions(c_addi) == 1
    assert rv32.instructions(c_addi + addi + c_addi + c_addi) == 4


def test_windowed_instructions_become_bytes():
    text = "f:\n\tentry\tsp, 32\n\tcall8\tg\n\tcall8\tg\n\tcallx8\ta9\n\tretw.n\n"
    assert xtensa.windowed(text) == (
        "f:\n\t.byte 54,65,0\n"
        "\t.literal .Lto0, g\n\tl32r a8, .Lto0\n\t.byte 0xe0,8,0\n"
        "\t.literal .Lto1, g\n\tl32r a8, .Lto1\n\t.byte 0xe0,8,0\n"
        "\t.byte 0xe0,9,0\n\t.byte 0x1d,0xf0\n"
    )


def test_the_constants_become_a_header(tiny):
    header = reference.words(tiny, [7, 1])
    assert "#define STEP 3\n" in header
    assert "#define _TWICE 6\n" in header
    assert "cfg_words[] = {7, 1};" in header


def test_the_configuration_must_not_change(recorded):
    with pytest.raises(ValueError, match="changes"):
        reference.configuration(recorded, "total", "st")
    recorded.calls.pop(3)
    assert reference.configuration(recorded, "total", "st") == [5, 0, 7]


def test_a_count_that_grows_is_named():
    row = {"instructions_per_frame": 99.5, "worst_frame": 130, "code_bytes": 6000, "ratio": 9.0}
    recorded = measure.counts({"xtensawin": row, "rv32imc": row})
    assert measure.grown(recorded, recorded) == []
    grown = {**recorded, "rv32imc": {**row, "worst_frame": 131, "code_bytes": 5999}}
    assert measure.grown(grown, recorded) == ["rv32imc: worst_frame 131, was 130"]


def test_each_goal_can_be_missed():
    row = {
        "ratio": 3.0, "instructions_per_frame": 100.0, "worst_frame": 130,
        "code_bytes": 6144, "helper_calls": 0,
    }  # fmt: skip
    assert list(measure.missed("x", row)) == []
    for change in ({"ratio": 3.01}, {"worst_frame": 131}, {"code_bytes": 6145},
                   {"helper_calls": 1}):  # fmt: skip
        assert len(list(measure.missed("x", {**row, **change}))) == 1


def test_the_ratio_does_not_round_a_miss_away():
    def cost(frame):
        return runs.Cost(frame, 0, 0, "")

    assert measure.ratio(cost(300.0), cost(100.0)) == 3.0
    assert measure.ratio(cost(300.1), cost(100.0)) == 3.01
