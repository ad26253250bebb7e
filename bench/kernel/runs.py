"""One replay of a trace: what each call cost and left behind; what the runtime was asked for."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.kernel.trace import Call, Trace
from cribtrace.errors import CribtraceError

# Entries of MicroPython's mp_fun_table (py/nativeglue.c) that a viper function needs to be called
# at all. Every other one is refused.
FROM_OBJECT, TO_OBJECT = 3, 4
TABLE_ENTRIES = 96


@dataclass
class Run:
    """`left` and `cost` have one number a call; a function that was not there has None and 0."""

    left: list[int | None] = field(default_factory=list)
    cost: list[int] = field(default_factory=list)
    helpers: Counter[int] = field(default_factory=Counter)

    def add(self, left: int | None, cost: int) -> None:
        self.left.append(left)
        self.cost.append(cost)


def compare(trace: Trace, run: Run, name: str) -> None:
    """Raise CribtraceError, naming the first call after which memory is not as CPython left it."""
    for number, (call, left) in enumerate(zip(trace.calls, run.left, strict=True)):
        if left not in (None, call.left):
            f = trace.functions[call.function].name
            raise CribtraceError(
                f"{name}: {f} leaves other results than under CPython at call {number} "
                f"({call.part}, burst of {call.frames})"
            )


def helper_calls(trace: Trace, run: Run) -> int:
    """Calls into the runtime beyond one conversion an argument and one of a result.

    They would be calls inside a loop, because a call made once shows on the empty burst too.
    """
    expected: Counter[int] = Counter()
    for call in trace.calls:
        f = trace.functions[call.function]
        expected[FROM_OBJECT] += len(f.parameters)
        expected[TO_OBJECT] += f.returns
    return sum((run.helpers - expected).values())


@dataclass(frozen=True)
class Cost:
    """Instructions of one function.

    `frame` is the mean over a night in full bursts, with its share of the call; `call` a call
    without frames; `worst` the dearest single frame, without the call, and `worst_part` its input.
    """

    frame: float
    call: int
    worst: int
    worst_part: str


def cost(
    full: tuple[Trace, Run], single: tuple[Trace, Run], function: str, part: str, frames: int
) -> Cost:
    """The cost of `function`; `part` has `frames` frames. `single` begins with an empty burst."""
    mean = sum(n for call, n in _of(*full, function) if call.part == part) / frames
    (first, empty), *rest = _of(*single, function)
    if first.frames != 0:
        raise ValueError("the trace does not begin with an empty burst")
    worst, dearest = max((n - empty, call.part) for call, n in rest)
    return Cost(mean, empty, worst, dearest)


def _of(trace: Trace, run: Run, function: str) -> Iterator[tuple[Call, int]]:
    for call, n in zip(trace.calls, run.cost, strict=True):
        if trace.functions[call.function].name == function:
            yield call, n
