"""What a soak measured, in lines for a person."""

from collections import Counter

from cribtrace.device import records
from tests.soak import holds
from tests.soak.ledger import Ledger

FLASH_BLOCKS = 512
ENDURANCE = 100_000  # erases of a block (Winbond W25Q32 data sheet)
YEARS_LEAST = 10  # chosen: that the busiest block must last at a soak's pace


def busiest_lasts_years(ledger: Ledger, hours: float) -> float:
    """Until the block that was erased most reaches its data sheet's limit."""
    most = max(ledger.erases.values(), default=0)
    return ENDURANCE / max(most, 1) * hours / 24 / 365


def lines(ledger: Ledger, log: holds.Log, hours: float) -> list[str]:
    """A line for each figure."""
    starts = ledger.starts
    cut = [start for start in starts if not start.stopped]
    came = Counter(kind for start in starts for kind, _ in start.happened)
    records_read = sum(len(found) for found in log.crcs.values())
    measured = [holds.heap_used(start, log) for start in starts]
    heap = [used for quiet, _ in measured for used in quiet]
    asked = [used for _, while_asked in measured for used in while_asked]
    erases = sum(ledger.erases.values())
    return [
        f"lived {hours / 24:.1f} days in {len(starts)} starts, {len(cut)} ended by a power cut",
        f"pulls {ledger.pulls}, records {records_read}, all there, in a row, as they were made",
        "faults " + ", ".join(f"{kind} {count}" for kind, count in sorted(came.items())),
        f"named after {max(_named_ms(ledger), default=0) / 1000:.1f} s at most,"
        f" {len(_named_ms(ledger))} of them",
        f"taken by a power cut {max((holds.lost_s(s, log) for s in cut), default=0):.1f} s of"
        " facts at most",
        f"frames in gaps {_in_gaps(ledger, log)}, each told once",
        f"heap {min(heap, default=0)} to {max(heap, default=0)} bytes used, up to"
        f" {max(asked, default=0)} while a host asks",
        f"erases {erases}, {erases / FLASH_BLOCKS:.0f} a block, of the busiest"
        f" {max(ledger.erases.values(), default=0)}: {ENDURANCE} after"
        f" {busiest_lasts_years(ledger, hours):.0f} years",
    ]


def worn(ledger: Ledger, hours: float) -> list[str]:
    """A breach where a block would not last."""
    years = busiest_lasts_years(ledger, hours)
    return [f"a block lasts {years:.1f} years only"] if years < YEARS_LEAST else []


def _named_ms(ledger: Ledger) -> list[int]:
    after = [
        holds.named_after_ms(start, order, ms)
        for start in ledger.starts
        for order, ms in holds.orders(start)
        if holds.names_of(order)
    ]
    return [ms for ms in after if ms is not None]


def _in_gaps(ledger: Ledger, log: holds.Log) -> int:
    gaps = [gap for start in ledger.starts for gap in log.of(start, records.GAP)]
    return sum(gap["frames"] for gap in gaps if gap["frames"] != records.UNKNOWN)
