"""Is a board ready for a night: each part that can be asked, while it goes on recording.

What each limit is from stands beside it. A check prints nothing; it yields findings.
"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple

from cribtrace import exchange, floors, log_records, sensors, tail
from cribtrace.client import Client
from cribtrace.conversation import UNKNOWN_VERB, Refused
from cribtrace.device import records
from cribtrace.exchange import Exchange
from cribtrace.findings import Finding
from cribtrace.floors import Floor
from cribtrace.no_frames import no_frames

READS = 10_000
PORTION = 200
SPAN_S = 10.0
"""Chosen: a frame of 104 Hz is then 0.1 % of what came."""
PATIENCE_S = 40.0
"""Chosen: a warm-up is half a minute."""
_GRAVITY_OFF_MG = 100  # MPU-6050, PS-MPU-6000A: zero-g output up to 80 mg, scale 3 %; the largest
_NOISE_SHEETS = 0.5, 10.0  # chosen: less than the chip makes is no measurement; more is no crib
_BURST_MS = 50  # bursts stay below that: of what a FIFO outlasts, the time to read it
_RATE_PPM = 5_000  # chosen, beyond the sensor's own: the board's ticks, a frame at either end
_CLOCK_PPM = 1_000  # chosen; a crystal is within 10 to 50, a wrong divider is beyond

Say = Callable[[str], None]
Tell = Callable[[int, int], None]
Counting = Callable[[], AbstractContextManager[Tell | None]]


class Bus(NamedTuple):
    """Reads over the lead: how many, failed on the bus, brought something else; gravity, mg."""

    reads: int
    failed: int
    wrong: int
    lies_mg: tuple[int, int, int]


def check(
    client: Client, hello: Mapping[str, str], build: str | None, reads: int, say: Say,
    counting: Counting = contextlib.nullcontext,
) -> Iterator[Finding]:  # fmt: skip
    """Yield what is found of the board behind `client`, whose answer to hello is `hello`.

    `build` is the number of the firmware that this checkout would deploy, None where that is not
    known. `counting` opens what is told how many reads are done, and of how many; where it gives
    None, `say` tells them. Raises NoDevice where the board stops answering.
    """
    info = client.info()
    yield firmware(hello, build)
    if info.get("state") != "sampling":
        yield from _without_frames(info)
        return
    header, sensor = tail.header_of(dict(hello), info), str(hello.get("sensor"))
    rate_hz = header["rate_mhz"] / 1000
    told = loop(recorder_record(client), sensor, rate_hz)
    yield _sensor(client, sensor)
    recorder_record(client)  # the test made a long turn of its own, which is no later check's
    yield noise(_floor(client, header, say), sensor, rate_hz)
    begin, missing = exchange.best(client), _number(client.info(), "in_gaps")
    with counting() as tell:
        bus = _bus(client, reads, tell or _in_fifths(say))
    end = _later(client, begin)
    after = client.info()
    yield gravity(bus)
    lost = _number(after, "in_gaps") - missing
    yield rate(begin, end, header["rate_mhz"], sensor, lost)
    yield flash(after)
    yield clock(begin, end, simulated=_number(info, "recording_frames") > 0)
    yield told
    yield lead(bus, reads)


def _number(info: Mapping[str, object], key: str) -> int:
    value = info.get(key)
    return value if isinstance(value, int) else 0


def firmware(hello: Mapping[str, str], build: str | None) -> Finding:
    """Is it the firmware that this checkout would deploy."""
    theirs = hello.get("build", "0")
    told = {"firmware": hello.get("firmware"), "build": theirs}
    if build is None or theirs == "0":
        return Finding("firmware", None, f"{told['firmware']}, of no known build", told)
    if theirs != build:
        said = f"{told['firmware']} is not the firmware of this checkout: `cribtrace deploy` it"
        return Finding("firmware", False, said, told)
    return Finding("firmware", True, f"{told['firmware']}, build {theirs}", told)


def _without_frames(info: Mapping[str, object]) -> Iterator[Finding]:
    no_figures = "no frames come"
    yield no_frames(info)
    yield from (Finding(what, None, no_figures) for what in ("noise", "gravity", "fifo"))
    yield flash(info)
    yield from (Finding(what, None, no_figures) for what in ("clock", "loop", "bus"))


def _sensor(client: Client, name: str) -> Finding:
    try:
        found = client.selftest()
    except Refused as refused:
        return Finding("sensor", None if refused.name == UNKNOWN_VERB else False, str(refused))
    moved = [_number(found, f"{axis}_mg") for axis in records.AXES]
    told = {"sensor": name, **found}
    span = f"{found.get('least_mg')} to {found.get('most_mg')} mg"
    if found.get("result") != "passed":
        said = f"{name} pushed itself by {moved} mg, not {span}: keep the crib free, run it again"
        return Finding("sensor", False, f"{said}; then replace the sensor", told)
    x, y, z = moved
    return Finding("sensor", True, f"{name}, pushed itself by {x}, {y}, {z} mg ({span})", told)


def _floor(client: Client, header: dict, say: Say) -> Floor | str:
    """The floor, or why there is none."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return floors.told(client.request("floor"), "g", header) or "the board tells no floor"
        except Refused as refused:
            if refused.name != "unsettled":
                return str(refused)
        if time.monotonic() >= until:
            return "the noise floor is not known yet: leave the crib alone, run this again"
        say("the sensor warms up: half a minute")
        client.poll(5.0)


def noise(floor: Floor | str, sensor: str, rate_hz: float) -> Finding:
    """Beside what the chip itself makes."""
    if isinstance(floor, str):
        return Finding("noise", False, floor)
    told = floor.shown()
    shown = ", ".join(f"{axis} {mg:.2f}" for axis, mg in floor._asdict().items()) + " mg rms"
    sheet = floors.of_data_sheet(sensor, rate_hz) if 40 <= rate_hz <= 300 else None
    if sheet is None:
        return Finding("noise", True, shown, told)
    shares = [mine / its for mine, its in zip(floor, sheet, strict=True)]
    times = f"{min(shares):.1f} to {max(shares):.1f} times the data sheet's"
    least, most = _NOISE_SHEETS
    if min(shares) < least:
        return Finding("noise", False, f"{shown}, {times}: an axis is stuck: replace it", told)
    if max(shares) > most:
        todo = "put the sensor on a heavy table, switch off what hums, and run this again"
        return Finding("noise", False, f"{shown}, {times}: {todo}", told)
    return Finding("noise", True, f"{shown}, {times}", told)


def _in_fifths(say: Say) -> Tell:
    """A line for each fifth of the reads."""

    def tell(done: int, reads: int) -> None:
        if done < reads and done % (reads // 5 + 1) < PORTION:
            say(f"{done} of {reads} reads over the lead")

    return tell


def _bus(client: Client, reads: int, tell: Tell) -> Bus | str:
    """The reads in portions, between which the board records; or why there are none."""
    done = failed = wrong = 0
    lies = (0, 0, 0)
    while True:
        try:
            told = client.buscheck(min(PORTION, max(1, reads - done)))
        except Refused as refused:
            return str(refused)
        if _number(told, "reads") <= 0:
            return "the board tells of its reads in an unknown form: `cribtrace deploy` renews it"
        done += _number(told, "reads")
        failed += _number(told, "failed")
        wrong += _number(told, "wrong")
        x, y, z = (_number(told, f"{axis}_mg") for axis in records.AXES)
        lies = x, y, z
        tell(done, reads)
        if done >= reads:
            return Bus(done, failed, wrong, lies)


def lead(bus: Bus | str, reads: int) -> Finding:
    """What the lead did to that many reads."""
    if isinstance(bus, str):
        return Finding("bus", False, bus)
    told = {"reads": bus.reads, "failed": bus.failed, "wrong": bus.wrong}
    shown = f"{bus.failed + bus.wrong} errors in {bus.reads} reads"
    if bus.failed + bus.wrong:
        todo = "shorten the lead, twist SDA and SCL with ground, or use stronger pull-ups"
        return Finding("bus", False, f"{shown}: {todo}", told)
    few = "" if bus.reads >= READS else f" (of {READS} that tell more)"
    return Finding("bus", True, shown + few, told)


def gravity(bus: Bus | str) -> Finding:
    """Is what does not move 1 g."""
    if isinstance(bus, str):
        return Finding("gravity", None, bus)
    x, y, z = bus.lies_mg
    length = math.hypot(x, y, z)
    told = {"x_mg": x, "y_mg": y, "z_mg": z, "mg": round(length)}
    shown = f"{length:.0f} mg (x {x}, y {y}, z {z})"
    if abs(length - 1000) > _GRAVITY_OFF_MG:
        todo = "lay the sensor down, wait ten seconds, run this again; then replace it"
        return Finding("gravity", False, f"{shown} instead of 1000: {todo}", told)
    return Finding("gravity", True, shown, told)


def _later(client: Client, begin: Exchange) -> Exchange:
    """An exchange that is SPAN_S after `begin`, by the board's clock."""
    until = time.monotonic() + SPAN_S + 2
    while True:
        end = exchange.best(client)
        if end.uptime_ms - begin.uptime_ms >= SPAN_S * 1000 or time.monotonic() >= until:
            return end
        client.poll(1.0)


def rate(begin: Exchange, end: Exchange, rate_mhz: int, sensor: str, lost: int) -> Finding:
    """Frames by the board's clock, beside the sensor's stated rate; and none may be lost."""
    span_s, stated_hz = (end.uptime_ms - begin.uptime_ms) / 1000, rate_mhz / 1000
    if span_s <= 0 or not stated_hz:
        return Finding("fifo", False, "the board's clock stands: press its reset button")
    found_hz = (end.frame - begin.frame) / span_s
    told = {"rate_hz": round(found_hz, 2), "stated_hz": stated_hz, "lost_frames": lost}
    shown = f"{found_hz:.1f} frames a second of {stated_hz:.1f}, {lost} lost in {span_s:.0f} s"
    if lost:
        return Finding("fifo", False, f"{shown}: end what else uses the port, run it again", told)
    if abs(found_hz / stated_hz - 1) * 1e6 > sensors.rate_ppm(sensor) + _RATE_PPM:
        return Finding("fifo", False, f"{shown}: is it a re-marked chip?", told)
    return Finding("fifo", True, shown, told)


def flash(info: Mapping[str, object]) -> Finding:
    """Does it keep what is written, and is there room for a night."""
    nights, free_kb = _number(info, "nights_left"), _number(info, "free_bytes") // 1000
    lost = _number(info, "records_lost")
    told = {"free_kb": free_kb, "nights_left": nights, "records_lost": lost}
    shown = f"{free_kb} kB free, room for {nights} nights"
    if lost:
        said = f"{lost} records could not be written: `cribtrace pull`, then `cribtrace wipe`"
        return Finding("flash", False, said, told)
    if nights < 1:
        return Finding("flash", False, f"{shown}: `cribtrace pull` makes some", told)
    return Finding("flash", True, shown, told)


def clock(begin: Exchange, end: Exchange, *, simulated: bool) -> Finding:
    """The board's clock beside this machine's."""
    trip_ms = max(begin.trip_ms, end.trip_ms)
    passed_ms = end.utc_ms - begin.utc_ms
    told: dict[str, object] = {"trip_ms": round(trip_ms, 2)}
    if simulated:
        said = f"read within {trip_ms / 2:.0f} ms; simulated, so at no rate of its own"
        return Finding("clock", True, said, told)
    ppm = ((end.uptime_ms - begin.uptime_ms) / passed_ms - 1) * 1e6 if passed_ms > 0 else math.inf
    within = (trip_ms + 2) / passed_ms * 1e6 if passed_ms > 0 else 0.0
    told["ppm"] = round(ppm) if math.isfinite(ppm) else None
    shown = f"{ppm:+.0f} ppm beside this machine's, within {within:.0f}"
    if abs(ppm) > _CLOCK_PPM + within:
        return Finding("clock", False, f"{shown}: run it again; then replace the board", told)
    return Finding("clock", True, shown, told)


def recorder_record(client: Client) -> dict | str:
    """How the board has been doing since it last wrote that down; or why it does not say."""
    client.tail(True)
    try:
        client.buscheck(0)
    except Refused as refused:
        return str(refused)
    finally:
        client.tail(False)
    for heard in client.overheard():
        record = log_records.unpack(heard.content) if heard.is_record else None
        if record and record["type"] == records.RECORDER:
            return record
    return "the board did not say how it has been doing: run this again"


def loop(record: dict | str, sensor: str, rate_hz: float) -> Finding:
    """How long a turn of the main loop took at worst, beside what the sensor's FIFO outlasts."""
    if isinstance(record, str):
        return Finding("loop", None, record)
    longest_ms, late = record["loop_max_us"] / 1000, record["late"]
    most_ms = int(1000 * sensors.fifo_frames(sensor) / rate_hz) - _BURST_MS if rate_hz else 0
    told = {"longest_ms": round(longest_ms, 1), "late_frames": late, "fifo": record["fifo_high"]}
    told["most_ms"] = most_ms
    shown = f"longest turn {longest_ms:.0f} ms of {most_ms}, at most {late} frames late"
    if longest_ms > most_ms:
        todo = "run this again in ten minutes; if it stays so, `cribtrace pull` and deploy again"
        return Finding("loop", False, f"{shown}: {todo}", told)
    return Finding("loop", True, shown, told)
