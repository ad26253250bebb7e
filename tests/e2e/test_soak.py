"""Three short days of one board, with faults and power cuts; and that a soak notices.

`make soak` has thirty whole ones.
"""

import copy

import pytest

from cribtrace.device import records
from tests.soak import figures, holds, plan
from tests.soak.lives import Soak
from tests.soak.plan import Life

SEED, DAYS, DAY_H = 8, 3, 1.5
# 16 bytes at three of ten measurements, one a minute: 288 bytes an hour.
LEAK = (
    "/crib/health.py", "        self.heap_used = gc.mem_alloc()\n",
    "        if not self.collections % 3:\n"
    "            self.leaked = (getattr(self, 'leaked', None),)\n",
)  # fmt: skip


@pytest.fixture(scope="module")
def lived(micropython, tmp_path_factory):
    """(what the parts said, the pulled log)."""
    soak = Soak(tmp_path_factory.mktemp("soak"), micropython.path, SEED)
    for life in plan.lives(SEED, DAYS, day_h=DAY_H, fault_h=0.4):
        soak.live(life)
    return soak.ledger, holds.Log(soak.log)


def test_short_days_hold(lived):
    ledger, log = lived
    assert holds.breaches(ledger, log) == []
    assert figures.worn(ledger, DAYS * DAY_H) == []
    ended = [start.stopped for start in ledger.starts]
    assert ended.count(False) >= 2 and ledger.pulls >= 3
    kinds = {kind for start in ledger.starts for kind, _ in start.happened}
    assert len(kinds) >= 5 and kinds & holds.NAMES.keys()
    last = ledger.starts[-1].told  # it was stopped by its host
    assert last[-1].type == records.STOP and last[-1].asked and not last[0].asked


def _without(log, start, *types):
    facts = log.facts[start.boot]
    log.facts[start.boot] = [r for r in facts if r["type"] not in types or r["frame"] < 5]


def _grown(log, start):
    told = log.of(start, records.RECORDER)
    for hour in range(20 - len(told)):
        more = {"heap_used": told[-1]["heap_used"] + 500 * hour}
        log.facts[start.boot].insert(-1, {**told[-1], **more})


BROKEN = {
    "was committed, and is not in the log": lambda log, start: log.crcs[0].pop(7),
    "1 records are missing, first 7": lambda log, start: log.crcs[0].pop(7),
    "are not as they were made": lambda log, start: log.crcs[1].update({3: 1}),
    "are told nowhere": lambda log, start: _without(log, start, records.GAP),
    "read as a quiet night": lambda log, start: _without(log, start, records.GAP, records.STATE),
    "frames at its end are told nowhere": lambda log, start: setattr(start, "position", 9**7),
    "has its name after None ms": lambda log, start: start.told.clear(),
    "has no cause": lambda log, start: start.orders.clear(),
    "its heap grew": _grown,
    "its end is not named": lambda log, start: setattr(start, "stopped", False),
    "a traceback": lambda log, start: None,
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_does_not_hold_is_told(lived, what):
    ledger, log = copy.deepcopy(lived)
    BROKEN[what](log, ledger.starts[-1])
    if what == "its end is not named":
        ledger.starts[0].stopped = False
        ledger.starts[1].told = [told for told in ledger.starts[1].told if told.frame]
    if what == "a traceback":
        ledger.trouble.append(what)
    assert any(what in breach for breach in holds.breaches(ledger, log))


def test_a_block_that_is_worn_out_is_told(lived):
    ledger = copy.deepcopy(lived[0])
    ledger.erases[7] = 200
    assert figures.worn(ledger, DAYS * DAY_H)


def test_a_leak_of_three_hundred_bytes_an_hour_is_told(micropython, tmp_path):
    soak = Soak(tmp_path, micropython.path, SEED, (LEAK,))
    soak.live(Life(since_h=10, hours=1.7, cut=False))
    told = holds.breaches(soak.ledger, holds.Log(soak.log))
    assert len(told) == 1 and "its heap rose 11 times" in told[0]
