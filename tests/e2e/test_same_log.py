"""The same scenario and seed give the same log, byte for byte, however busy the machine is."""

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import pytest

from cribtrace import logfile, scenario, virtual_parts
from cribtrace.device import records
from cribtrace.pull import pull

HOGS = 6
# Nobody talks to the board before: a host's clock, and when it asks, are no board's to repeat.
POWER_FAILS = [{"kind": "brown_out", "at_ms": 870_000}]
SECONDS = 900


@contextmanager
def busy(hogs):
    """A machine with so many others who want its processors all the time."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(hogs)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.fixture
def lived(bench, micropython, tmp_path):
    """The log of a boot that nobody talked to: lived(name, seed) -> {segment: bytes}."""

    def live(name, seed):
        flash, log = tmp_path / f"{name}.bin", tmp_path / name
        # Else each board would draw a number of its own.
        files = {**virtual_parts.firmware_files(), "device": b"the same"}
        virtual_parts.install_firmware(flash, files, micropython.path)
        nap = scenario.generate("nap", seed)
        nap = replace(nap, accel=nap.accel[: SECONDS * 104])
        with bench(nap, flash=flash, faults=POWER_FAILS) as b:
            b.told("recording_end", 60)
            with b.client() as client:
                client.stop()
                pull(client, log)
        of_first = [s for s in logfile.read(log) if s.header and s.header["boot"] == 1]
        assert {s.header["stream"] for s in of_first} == {records.FACTS, records.WAVEFORMS}
        kinds = {record["type"] for s in of_first for record in s.records}
        assert {records.EVENT, records.EPOCH, records.RECORDER} <= kinds  # its times and heap, too
        content = {path.name: path.read_bytes() for path in log.rglob("*.crib")}
        return {s.name: (s.records, content[s.name]) for s in of_first}

    return live


def test_a_loaded_machine_changes_no_byte(lived):
    alone = lived("alone", 3)
    with busy(HOGS):
        crowded = lived("crowded", 3)
    assert alone.keys() == crowded.keys()
    for name, (made, content) in alone.items():
        again, content_again = crowded[name]
        assert [pair for pair in zip(made, again, strict=True) if pair[0] != pair[1]] == []
        assert content == content_again
    assert sum(len(content) for _, content in alone.values()) > 3_000
    assert lived("another", 4) != alone
