"""`make bench-library`: measures, writes build/bench/library.json, prints figures and goals."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bench.library import nights_log

FOLDER = Path(__file__).resolve().parents[2] / "build" / "bench"
CRIBS = ("attic", "cellar", "parlour", "nursery")
NIGHTS_A_SECOND, TREND_S = 20.0, 3.0


def _cribtrace(*words: str) -> tuple[float, str]:
    """Seconds that a command took from its start to its end, and what it printed."""
    program = [sys.executable, "-m", "cribtrace.cli", *words]
    began_s = time.perf_counter()
    done = subprocess.run(program, capture_output=True, text=True)
    took_s = time.perf_counter() - began_s
    if done.returncode:
        raise SystemExit(f"cribtrace {' '.join(words)}: {done.stderr}")
    return took_s, done.stdout


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
    add_s = again_s = 0.0
    for log, crib in zip(logs, CRIBS, strict=True):
        add_s += _cribtrace("library", "add", str(log), "--crib", crib, "--zone", "UTC", *at)[0]
    again_s = _cribtrace("library", "add", str(logs[0]), "--zone", "UTC", *at)[0]
    page = folder / "trend.html"
    trend_s = _cribtrace("trend", CRIBS[0], "-o", str(page), *at)[0]
    text_s = _cribtrace("trend", CRIBS[0], "--format", "text", *at)[0]
    one = folder / "one"  # all nights as those of one crib
    _one_crib(kept, one)
    all_s = _cribtrace("trend", "all", "-o", str(page), "--library", str(one))[0]
    sql = "SELECT crib, count(*) AS n, median(twitch / covered_h) FROM nights GROUP BY crib"
    query_s, answer = _cribtrace("query", sql, *at, "--format", "jsonl")
    events = "SELECT count(*) AS n FROM events"
    events_s, counted = _cribtrace("query", events, *at, "--format", "jsonl")
    found = sum(json.loads(line)["n"] for line in answer.splitlines())
    return {
        "processors": os.cpu_count(),
        "nights": found,
        "events": json.loads(counted)["n"],
        "log_bytes": sum(p.stat().st_size for log in logs for p in log.iterdir()),
        "library_bytes": sum(p.stat().st_size for p in kept.rglob("*.parquet")),
        "nights_a_second": round(found / add_s, 2),
        "unchanged_nights_a_second": round(found / len(CRIBS) / again_s, 2),
        "trend_of_a_quarter_s": round(trend_s, 2),
        "trend_text_of_a_quarter_s": round(text_s, 2),
        "trend_of_all_s": round(all_s, 2),
        "trend_of_all_bytes": page.stat().st_size,
        "query_nights_s": round(query_s, 2),
        "query_events_s": round(events_s, 2),
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
        f"a trend over all of them within {TREND_S:.0f} s": found["trend_of_all_s"] <= TREND_S,
    }
    for goal, met in goals.items():
        print(f"{goal}: {'met' if met else 'MISSED'}")
    sys.exit(0 if all(goals.values()) else 1)


if __name__ == "__main__":
    main()
