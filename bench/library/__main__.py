"""`make bench-library`: measures, writes build/bench/library.json, prints figures and goals."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from bench.library import nights_log

FOLDER = Path(__file__).resolve().parents[2] / "build" / "bench"
CRIBS = ("attic", "cellar", "parlour", "nursery")
NIGHTS_A_SECOND, TREND_S = 20.0, 3.0


class Took(NamedTuple):
    """A command from its start to its end: seconds by the clock, of processors, its output."""

    s: float
    cpu_s: float
    printed: str


def _cribtrace(*words: str) -> Took:
    program = [sys.executable, "-m", "cribtrace.cli", *words]
    began_s, began_cpu_s = time.perf_counter(), _cpu_s()
    done = subprocess.run(program, capture_output=True, text=True)
    took_s = time.perf_counter() - began_s
    if done.returncode:
        raise SystemExit(f"cribtrace {' '.join(words)}: {done.stderr}")
    return Took(took_s, _cpu_s() - began_cpu_s, done.stdout)


def _cpu_s() -> float:
    """Of all processes that this one had and waited for."""
    times = os.times()
    return times.children_user + times.children_system


def _logs(folder: Path, nights: int) -> list[Path]:
    sources = nights_log.lived(FOLDER / "lived")
    logs = []
    for k, crib in enumerate(CRIBS):
        log = folder / crib
        if not log.is_dir():
            part = folder / f"{crib}.part"
            shutil.rmtree(part, ignore_errors=True)
            nights_log.multiplied(sources, part, nights // len(CRIBS), bytes([k + 1] * 8))
            part.rename(log)
        logs.append(log)
    if not nights_log.same(sources[0], logs[0]):
        raise SystemExit("a multiplied night tells other events than its source")
    return logs


def measured(nights: int) -> dict:
    """The content of library.json: of so many nights, a quarter of them in each crib."""
    folder = FOLDER / f"library{nights}"
    logs, kept = _logs(folder, nights), folder / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    at = ("--library", str(kept))
    others = round(os.getloadavg()[0], 1)
    adds = [
        _cribtrace("library", "add", str(log), "--crib", crib, "--zone", "UTC", *at)
        for log, crib in zip(logs, CRIBS, strict=True)
    ]
    again = _cribtrace("library", "add", str(logs[0]), "--zone", "UTC", *at)
    one, page = folder / "one", folder / "trend.html"
    _one_crib(kept, one)
    trend = _cribtrace("trend", "all", "-o", str(page), "--overwrite", "--library", str(one))
    text = _cribtrace("trend", "all", "--format", "text", "--library", str(one))
    query = _cribtrace("query", "SELECT count(*) AS n FROM nights", *at, "--format", "jsonl")
    events = _cribtrace("query", "SELECT count(*) AS n FROM events", *at, "--format", "jsonl")
    found = json.loads(query.printed)["n"]
    add_s = sum(add.s for add in adds)
    return {
        "processors": os.cpu_count(),
        "busy_before": others,
        "nights": found,
        "events": json.loads(events.printed)["n"],
        "log_bytes": sum(p.stat().st_size for log in logs for p in log.iterdir()),
        "library_bytes": sum(p.stat().st_size for p in kept.rglob("*.parquet")),
        "nights_a_second": round(found / add_s, 2),
        "cpu_ms_a_night": round(1000 * sum(add.cpu_s for add in adds) / found, 1),
        "unchanged_nights_a_second": round(found / len(CRIBS) / again.s, 2),
        "trend_s": round(trend.s, 2),
        "trend_cpu_s": round(trend.cpu_s, 2),
        "trend_bytes": page.stat().st_size,
        "trend_text_s": round(text.s, 2),
        "query_nights_s": round(query.s, 2),
        "query_events_s": round(events.s, 2),
    }


def _one_crib(kept: Path, one: Path) -> None:
    """The table `nights` of a library as one crib's: each board's behind the one before."""
    from cribtrace.library import parquet, reading
    from cribtrace.library.store import Library
    from cribtrace.library.tables import TABLES

    shutil.rmtree(one, ignore_errors=True)
    rows = sorted(reading.nights(Library(kept)), key=lambda row: (row["device"], row["night"]))
    first = rows[0]["night"]
    with Library(one).changing() as change:
        for index, row in enumerate(rows):
            night = type(first).fromordinal(first.toordinal() + index)
            for table in TABLES:
                of_table = [{**row, "crib": "all"}] if table == "nights" else []
                parquet.write(change.path(table, (row["device"], night)), table, of_table)


def main() -> None:
    """Measure and print; the exit code is 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="make bench-library", description=__doc__)
    parser.add_argument("--nights", type=int, default=1000)
    given = parser.parse_args()
    found = measured(given.nights)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "library.json").write_text(json.dumps(found, indent=2) + "\n")
    for name, value in found.items():
        print(f"{name:<28} {value}")
    goals = {
        f"at least {NIGHTS_A_SECOND:.0f} nights/s come in": found["nights_a_second"]
        >= NIGHTS_A_SECOND,
        f"a trend over all of them within {TREND_S:.0f} s": found["trend_s"] <= TREND_S,
    }
    for goal, met in goals.items():
        print(f"{goal}: {'met' if met else 'MISSED'}")
    sys.exit(0 if all(goals.values()) else 1)


if __name__ == "__main__":
    main()
