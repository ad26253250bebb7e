"""The same kernels on the board's word size: viper, bytecode and CPython leave the same behind."""

import contextlib
import io
import runpy
import sys
from pathlib import Path

import pytest

from cribtrace import recording, replay, tree
from cribtrace.device import kernels
from tests.support import golden

DIGEST = Path(__file__).with_name("digest.py")


@pytest.fixture(scope="module")
def on_cpython():
    """What digest.py prints under CPython."""
    package = sys.modules[kernels.__package__]
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setitem(sys.modules, "crib", package)
        patch.setattr(sys, "argv", ["digest.py", "viper", str(tree.FIRMWARE)])
        runpy.run_path(str(DIGEST))
    return printed.getvalue()


@pytest.mark.parametrize("mode", ["viper", "bytecode"])
def test_every_interpreter_leaves_the_same_state(run_device, micropython32, on_cpython, mode):
    assert run_device("digest.py", mode, tree.FIRMWARE, heap="1m") == on_cpython


def test_how_frames_arrive_does_not_matter(on_cpython):
    names, digests, events, frames = zip(*map(str.split, on_cpython.splitlines()), strict=True)
    assert names == ("1", "512", "varied")
    assert len(set(digests)) == len(set(frames)) == 1, on_cpython
    assert int(events[0]) > 8


def test_golden_events_on_micropython(micropython):
    rec = recording.load(golden.RECORDING)
    assert golden.as_text(replay.replay(rec, "micropython")) == golden.EVENTS.read_text()


def test_a_million_frames_allocate_nothing(run_device, micropython32):
    seen, movements, epochs, gaps, grown = map(int, run_device("million.py", 1_000_000).split())
    assert seen >= 1_000_000 and movements > 100 and epochs > 300 and gaps > 5
    assert grown == 0
