"""Nights of a pulled log into a library: which are new, which have grown, which are refused."""

import contextlib
import hashlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from cribtrace import __version__, anchors, injected_boots, logfile, nights
from cribtrace.analysis import Night
from cribtrace.boots import Boot, by_number, in_a_row
from cribtrace.device import records
from cribtrace.errors import CribtraceError
from cribtrace.library import reading
from cribtrace.library.preparing import Task, Wanted, prepare, uncollected
from cribtrace.library.store import Change, Library
from cribtrace.library.tables import FORMAT, TABLES
from cribtrace.log_records import SOURCES
from cribtrace.scale import Scale
from cribtrace.wording import length

Clocks = dict[int, anchors.Clock]
# Both chosen: nights a change, and nights that are worth the second that a process takes to start.
_AT_ONCE, _WORTH = 128, 8
_TIMELESS = "of which nobody knows the time (`cribtrace pull --started 19:40` tells it)"
_APART = {nights.NAP: "naps", nights.DESK: "time at a desk"}

OUTCOMES = ("new", "updated", "same", "kept")


@dataclass
class Added:
    """What became of the nights of a log, each by its evening; why of those that did not come."""

    device: str
    crib: str = ""
    new: list[date] = field(default_factory=list)
    updated: list[date] = field(default_factory=list)
    same: list[date] = field(default_factory=list)
    kept: list[date] = field(default_factory=list)  # the library's is of more records
    elsewhere: list[date] = field(default_factory=list)  # of another crib, which they keep
    refused: list[str] = field(default_factory=list)
    apart: list[str] = field(default_factory=list)  # what is no night, with its hours
    faults: list[str] = field(default_factory=list)


@dataclass
class Group:
    """Boots that hold nights together, and the injected ones among them; without their events."""

    boots: list[Boot]
    nights: set[date]
    injected: list[Boot] = field(default_factory=list)

    def digest(self, clocks: Clocks, about: dict) -> str:
        """Of all that its nights are made from; a record never changes once it has its number."""
        found = [
            [boot.number, boot.start_s, boot.away_s, clocks[boot.number].line()]
            + [(len(row), row[:1], row[-1:]) for row in (boot.records, boot.waveforms)]
            for boot in self.boots + self.injected
        ]
        text = repr((FORMAT, __version__, sorted(about.items()), found))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def groups(
    boots: list[Boot], clocks: Clocks, zone: tzinfo | None
) -> tuple[list[Group], list[str]]:
    """The nights of a log, each with all the boots it can lie in, and no more than that.

    And what is no night, in words.
    """
    ours = [boot for boot in boots if not injected_boots.from_a_file(boot)]
    found: list[Group] = []
    apart_s: dict[str, list[float]] = {}
    for row in _rows(ours):
        outline = Night({}, clocks=[clocks[boot.number].line() for boot in row])
        outline.recorder = [anchor for boot in row for anchor in _anchors(boot)]
        sessions = nights.sessions(outline, zone)
        if not sessions:
            apart_s.setdefault(_TIMELESS, []).append(sum(boot.length_s for boot in row))
        for session in sessions:
            if session.kind != nights.NIGHT:
                lasted_s = session.end_s - session.onset_s
                apart_s.setdefault(_APART[session.kind], []).append(lasted_s)
        of = {session.of for session in sessions if session.kind == nights.NIGHT}
        if found and found[-1].nights & of:  # what lies between is of that night's time too
            between = slice(ours.index(found[-1].boots[-1]) + 1, ours.index(row[0]))
            found[-1].boots += ours[between] + row
            found[-1].nights |= of
        elif of:
            found.append(Group(list(row), of))
    for group in found:
        first, last = group.boots[0].number, group.boots[-1].number
        between = [boot for boot in boots if first < boot.number < last]
        group.injected = [boot for boot in between if injected_boots.from_a_file(boot)]
    return found, [f"{what}: {_times(lasted_s)}" for what, lasted_s in apart_s.items()]


def _times(lasted_s: list[float]) -> str:
    """How often, where that is more than once, and how long altogether."""
    often = f"{len(lasted_s)} times, " if lasted_s[1:] else ""
    return often + length(sum(lasted_s))


def _rows(boots: list[Boot]) -> Iterator[list[Boot]]:
    """Boots between which nothing but a short, known time went by."""
    row: list[Boot] = []
    for boot in boots:
        if row and (boot.away_s is None or boot.away_s > nights.JOIN_S):
            yield row
            row = []
        row.append(boot)
    if row:
        yield row


def _anchors(boot: Boot) -> Iterator[dict]:
    scale = Scale(boot.header)
    for record in boot.records:
        if record["type"] == records.ANCHOR and record["source"] < len(SOURCES):
            at_s = boot.start_s + scale.seconds(record["frame"])
            yield {"source": SOURCES[record["source"]], "t_s": at_s}


@uncollected()
def add(
    library: Library,
    source: Path,
    zone: tzinfo | None = None,
    crib: str | None = None,
    take_less: bool = False,
    rename: bool = False,
    tags: Callable[[date], str] = lambda _: "",
    progress: Callable[[int, int], None] | None = None,
    jobs: int = 1,
) -> Added:
    """Bring the nights of a log folder into the library; naps and desk time stay out.

    A night that is there is replaced where the log now tells more of it (`take_less`: or less).
    `crib` names where the board lay in the nights that are new; else it is what it was the last
    time, else the device. A night that is there keeps its crib, unless `rename`.
    `tags` gives those of a night's notes; `jobs` is how many processes read. Raises CribtraceError
    as `logfile.read`, and where no night of it can come in.
    """
    segments = logfile.read(source, outline=True)
    boots = list(in_a_row([s for s in segments if s.header]))
    added = Added(boots[0].header["device"].hex())
    added.faults = [fault for s in segments for fault in s.faults] + logfile.unfinished(source)
    added.refused = [_refused(boot) for boot in boots if injected_boots.from_a_file(boot)]
    known = {row["night"]: row for row in reading.nights(library, device=added.device)}
    added.crib = crib or (known[max(known)]["crib"] if known else added.device)
    clocks = anchors.clocks(boots)
    about = {"crib": added.crib, "zone": zone_name(zone), "faults": len(added.faults)}
    coming = _Coming(
        library, added, known, zone, take_less, rename and crib is not None, tags, about
    )
    found, added.apart = groups(boots, clocks, zone)
    coming.take(source, segments, clocks, found, jobs, progress)
    if not any(getattr(added, outcome) for outcome in OUTCOMES):
        why = "; ".join(added.refused[:1] + added.apart) or "it holds no recording"
        raise CribtraceError(f"{source}: nothing came into the library: {why}")
    return added


@dataclass
class _Coming:
    library: Library
    added: Added
    known: dict[date, dict]
    zone: tzinfo | None
    take_less: bool
    rename: bool
    tags: Callable[[date], str]
    about: dict

    def take(
        self,
        source: Path,
        segments: list[logfile.Segment],
        clocks: Clocks,
        found: list[Group],
        jobs: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        """Bring these in, some at a time: what is staged stays small, and a sync serves many."""
        names, waves = (_names(segments, of) for of in (records.FACTS, records.WAVEFORMS))
        wanted = [(group, nights) for group in found if (nights := self._wanted(group, clocks))]
        with _workers(min(jobs, len(wanted) // _WORTH)) as each:
            for first in range(0, len(wanted), _AT_ONCE):
                with self.library.changing() as change:
                    tasks = [
                        Task(
                            source,
                            _files(names, group),
                            _files(waves, group),
                            group.boots,
                            group.injected,
                            {boot.number: clocks[boot.number] for boot in group.boots},
                            self.zone,
                            nights,
                            change.folder,
                        )
                        for group, nights in wanted[first : first + _AT_ONCE]
                    ]
                    made = zip(tasks, each(prepare, tasks), strict=True)
                    for done, (task, written) in enumerate(made, first + 1):
                        self._count(change, task, written)
                        if progress:
                            progress(done, len(wanted))

    def _wanted(self, group: Group, clocks: Clocks) -> list[Wanted]:
        """The nights of a group that the library has not, or has otherwise."""
        found = []
        for of in sorted(group.nights):
            before = self.known.get(of)
            identity = {**self.about, "tags": self.tags(of)}
            if before and not self.rename and before["crib"] != identity["crib"]:
                self.added.elsewhere.append(of)
                identity["crib"] = before["crib"]
            identity["digest"] = group.digest(clocks, identity)
            if before and before["digest"] == identity["digest"]:
                self.added.same.append(of)
                continue
            least = before["records"] if before and not self.take_less else 0
            found.append(Wanted(of, identity, least))
        return found

    def _count(self, change: Change, task: Task, written: list[bool]) -> None:
        for night, came in zip(task.nights, written, strict=True):
            if not came:
                self.added.kept.append(night.of)
                continue
            change.nights[self.added.device, night.of] = set(TABLES)
            (self.added.updated if night.of in self.known else self.added.new).append(night.of)


def _names(segments: list[logfile.Segment], stream: int) -> dict[int, list[str]]:
    """Files of each boot that hold this stream."""
    of_it = [s for s in segments if s.header and s.header["stream"] == stream]
    return {number: [s.name for s in row] for number, row in by_number(of_it).items()}


def _files(of_boots: dict[int, list[str]], group: Group) -> frozenset[str]:
    return frozenset(name for boot in group.boots for name in of_boots.get(boot.number, ()))


@contextlib.contextmanager
def _workers(count: int) -> Iterator[Callable]:
    """A `map` over so many processes; spawned: pyarrow's threads cannot be forked."""
    if count < 2:
        yield map
        return
    start = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, start, initializer=_leave_ctrl_c)
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_ctrl_c() -> None:
    """Ctrl-C is for the program that has these processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def zone_name(zone: tzinfo | None) -> str:
    """As Europe/Berlin, of this machine by TZ or /etc/localtime; else its offset, as +02:00."""
    if zone is not None:
        return getattr(zone, "key", None) or str(zone)
    named = os.environ.get("TZ", "").removeprefix(":")
    if not named:
        named = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    named = named.removeprefix("posix/").removeprefix("right/")
    try:
        return ZoneInfo(named).key
    except (KeyError, ValueError, OSError):
        offset = f"{datetime.now().astimezone():%z}"
        return f"{offset[:3]}:{offset[3:]}"


def _refused(boot: Boot) -> str:
    return f"boot {boot.number} is no night: a host played a file in its sensor's place"
