"""Machine code for both ESP32 families: it runs, it is counted, and it leaves the same behind."""

from array import array
from types import ModuleType

import pytest

from bench.kernel import inputs, measure, mpy, reference, rv32, source, tools, trace, xtensa
from cribtrace.errors import CribtraceError

pytestmark = pytest.mark.bench

COUNT = """import micropython


@micropython.viper
def count(n: int, st: ptr32) -> int:
    i = 0
    while i < n:
        st[0] = st[0] + 3
        i += 1
    return st[0] - 70000
"""


@pytest.fixture(scope="module", autouse=True)
def emulators():
    """What `make bench-kernel` has set up."""
    if missing := tools.missing():
        pytest.skip(f"no {missing} for the kernel's benchmark: `make bench-kernel` fetches them")


def replayed(path, folder, architecture, calls):
    """The run of COUNT, or another `count(n, st)`, with these n."""
    functions = source.functions(path)
    module, recorder = ModuleType("count"), trace.Recorder(functions)

    def count(n, st):
        for _ in range(n):
            st[0] += 3
        return st[0] - 70000

    module.count = count
    st = array("I", [2**29])
    with recorder.listening(module):
        for n in calls:
            module.count(n, st)
            st[0] = 11
    code = mpy.compiled(path, architecture, folder, ["count"]).functions
    if architecture == "xtensawin":
        return recorder.trace, xtensa.replayed_viper(recorder.trace, code, folder)
    image = reference.placed(code)
    return recorder.trace, rv32.replayed(recorder.trace, image.code, image.offsets, viper=True)


@pytest.mark.parametrize("architecture", mpy.ARCHITECTURES)
def test_a_tiny_kernel_is_counted_exactly(tmp_path, architecture):
    path = tmp_path / "count.py"
    path.write_text(COUNT)
    recorded, run = replayed(path, tmp_path, architecture, [0, 1, 2, 3, 1000, 1])
    assert run.left == [call.left for call in recorded.calls]
    empty, one, two, three, thousand, again = run.cost
    turn = two - one
    assert 8 <= turn <= 30
    assert (three - two, thousand - one, again) == (turn, 999 * turn, one)
    assert 30 <= empty < one
    assert run.helpers == {3: 12, 4: 6}


def test_counting_by_block_equals_counting_one_by_one(tmp_path):
    path = tmp_path / "count.py"
    path.write_text(COUNT)
    code = mpy.compiled(path, "rv32imc", tmp_path, ["count"]).functions["count"]
    unicorn, machine, stepped = tools.unicorn(), rv32.Machine(code), []

    def step(memory, address, size, _):
        stepped.append(address)

    machine.memory.hook_add(unicorn.UC_HOOK_CODE, step, begin=rv32.CODE, end=rv32.CODE + 4096)
    machine.viper(0, [2 * 7 + 1, 0x400000])
    assert machine.ran == len(stepped)


@pytest.mark.parametrize("architecture", mpy.ARCHITECTURES)
def test_a_call_into_the_runtime_ends_the_run(tmp_path, architecture):
    path = tmp_path / "count.py"
    path.write_text(COUNT.replace("st[0] + 3", "st[0] // 3"))
    with pytest.raises(CribtraceError, match=r"entry 0x[0-9a-f]+ of MicroPython's runtime"):
        replayed(path, tmp_path, architecture, [1])


def test_everything_that_runs_the_kernel_leaves_the_same(micropython32):
    found = measure.measure(night_s=6, hard_frames=160)
    assert len(found["same_digest"]) == 7
    for architecture in measure.ARCHITECTURES:
        row = found[architecture]
        assert row["helper_calls"] == 0
        assert row["digest"] == found["xtensawin"]["digest"]
        assert row["code_bytes"] <= measure.MOST_CODE_BYTES


def test_one_bit_less_is_noticed(tmp_path, micropython32):
    path = tmp_path / "kernels.py"
    text = inputs.KERNELS.read_text()
    assert "0x8000" in text
    path.write_text(text.replace("0x8000", "0x8001"))
    with pytest.raises(CribtraceError, match="leaves other results than under CPython"):
        measure.measure(path, night_s=1, hard_frames=10)
