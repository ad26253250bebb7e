"""Measurements that a person and a board make together, while the board goes on recording."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from cribtrace import facts, floors, log_records, logfile, tail, taps
from cribtrace.client import Client
from cribtrace.conversation import Heard, Refused
from cribtrace.device import config, records
from cribtrace.errors import CribtraceError, NoDevice
from cribtrace.floors import Floor

TAPS = 3
APART_S = 5.0
WAIT_S = 60.0
"""Chosen: so long somebody may take to go to the crib and strike."""
SETTLED = 1.2
"""Chosen: the floor of a still crib wanders by some per cent from epoch to epoch."""
_TAP_MOST_S = 1.5  # chosen: what rings longer at 30 % of its peak is no tap on a mattress
_POLL_S = 0.25
_EPOCH_MOST_S = 60.0  # an epoch is 30 s; those of a board that samples come

_ENDS = {
    records.GAP: "frames are missing",
    records.STATE: "the detector began anew",
    records.BOOT: "the board restarted",
    records.STOP: "the recording was ended",
}

Say = Callable[[str], None]


class Calibrated(NamedTuple):
    """The empty crib: its floor, the weakest movement it lets through, the sensor's own noise."""

    floor: Floor
    least_mg: float
    sheet: Floor | None


class _Session:
    """A board that samples, whose records are heard from here on."""

    def __init__(self, client: Client) -> None:
        hello = client.hello()
        info = client.info()
        if info.get("state") != "sampling":
            raise NoDevice(
                f"the board does not record ({info.get('state')}, fault {info.get('fault')}):"
                " restart it, or see what its sensor lacks"
            )
        self.client = client
        self.frame = int(info["frame"])
        self.boot = int(hello["boot"])
        self.header = tail.header_of(hello, info)
        self.floor()
        client.tail(True)
        self._last: int | None = None
        self._waiting: deque[Heard] = deque()

    def floor(self, *arguments: object) -> dict[str, str]:
        """What the board answers to `floor`. Raises CribtraceError where it cannot tell yet."""
        try:
            return self.client.request("floor", *arguments)
        except Refused as refused:
            if refused.name == "unsettled":
                raise CribtraceError(
                    "the board is warming up, and does not know its noise floor yet: leave the"
                    " crib alone for half a minute and run this again"
                ) from None
            if refused.name == "unknown_verb":
                raise CribtraceError(
                    "the board's firmware is older than this command: `cribtrace deploy` renews it"
                ) from None
            raise

    def heard(self, wait_s: float) -> Iterator[tuple[dict, dict]]:
        """Yield (record, JSON line) of what the board records within `wait_s`.

        Raises CribtraceError for what ends any measurement: frames that are missing, a restart.
        """
        until = time.monotonic() + wait_s
        while time.monotonic() < until:
            if not self._waiting:
                self._waiting += self.client.poll(_POLL_S)
                continue
            # One at a time: whoever has heard enough leaves the rest for the next call.
            heard = self._waiting.popleft()
            record = log_records.unpack(heard.content) if heard.is_record else None
            if record:
                self._follow(record)
                yield record, facts.json_line(record, self.header) or {}

    def _follow(self, record: dict) -> None:
        if record["type"] == records.SNIPPET:  # numbered apart
            return
        seq = record["seq"]
        missing = 0 if self._last is None else log_records.numbers_between(self._last, seq)
        self._last = seq
        cause = f"{missing} records went by unheard" if missing > 0 else ""
        if missing < -1:  # -1: the same number again, as a full log did not take the one before
            cause = "its records are numbered anew"
        cause = cause or _ENDS.get(record["type"], "")
        if cause:
            raise CribtraceError(f"interrupted: {cause}: run this again")


def _moved(line: dict) -> CribtraceError:
    return CribtraceError(
        f"something moved meanwhile: {line['kind']} of {line['peak_mg']:.3g} mg for"
        f" {line['duration_s']:.2g} s: run this again when nobody is near the crib"
    )


def calibrate(client: Client, minutes: float, say: Say) -> Calibrated:
    """Have the board keep the floor of an empty crib that stays still for so many minutes.

    Whole epochs of 30 s count, two at least. Raises CribtraceError where something moved or the
    floor has not settled (the board then keeps what it had), NoDevice for a board that is not
    there or does not record.
    """
    session = _Session(client)
    wanted = max(2, math.ceil(minutes * 60 / config.EPOCH_SECONDS))
    found: list[Floor] = []
    for record, line in session.heard((wanted + 1) * _EPOCH_MOST_S):
        if record["type"] == records.EVENT:
            raise _moved(line)
        if record["type"] == records.EPOCH and record["first"] >= session.frame:
            floor = floors.told(record, "gain_", session.header)
            assert floor
            found.append(floor)
            say(f"{len(found)} of {wanted} half minutes: noise {max(floor):.2f} mg")
        if len(found) == wanted:
            break
    else:
        raise NoDevice("the board told of too few half minutes in time: check the line, try again")
    _settled(found)
    gains = session.floor(1)
    client.mark("calibrate " + " ".join(f"{name}={gains[name]}" for name in ("ex", "ey", "ez")))
    kept = floors.told(gains, "e", session.header)
    assert kept
    high_16 = next(s.value for s in client.config() if s.name == "high_16")
    sensor = session.header["sensor"].decode()
    sheet = floors.of_data_sheet(sensor, session.header["rate_mhz"] / 1000)
    return Calibrated(kept, floors.least_mg(kept, high_16), sheet)


def _settled(found: list[Floor]) -> None:
    for axis, values in zip(records.AXES, zip(*found, strict=True), strict=True):
        if max(values) > SETTLED * min(values):
            raise CribtraceError(
                f"the noise floor has not settled: {axis} went from {values[0]:.2f} to"
                f" {values[-1]:.2f} mg: run this again in some minutes, or longer (--minutes)"
            )


def tap_test(client: Client, say: Say, wait_s: float = WAIT_S) -> taps.Mattress:
    """Ask for three taps, and measure the mattress by them; the board's settings stay.

    Raises CribtraceError where none comes within `wait_s`, where something else moves, and for
    taps that are clipped or disagree (taps.BadTap); NoDevice for a board that is not there or does
    not record.
    """
    session = _Session(client)
    floor = floors.told(session.floor(), "g", session.header)
    assert floor
    struck: list[dict] = []
    for number in range(1, TAPS + 1):
        later = f", at least {APART_S:g} s after the last" if struck else ""
        say(f"tap {number} of {TAPS}: strike the mattress once beside the sensor{later}")
        struck.append(_tap(session, struck, max(floor), say, wait_s))
    client.tail(False)
    rate_hz = session.header["rate_mhz"] / 1000
    return taps.agreed([taps.tap(wave, rate_hz) for wave in _waves(session, struck)])


def _tap(session: _Session, struck: list[dict], noise_mg: float, say: Say, wait_s: float) -> dict:
    """The next event that is a tap."""
    for record, line in session.heard(wait_s):
        if record["type"] != records.EVENT:
            continue
        if "clipping" in line["why"]["vetoes"]:
            raise CribtraceError(
                f"a tap of {line['peak_mg']:.0f} mg left the sensor's range: run this again, and"
                " tap more gently"
            )
        apart_s = line["onset_s"] - struck[-1]["onset_s"] if struck else APART_S
        if line["duration_s"] > _TAP_MOST_S or apart_s < APART_S:
            raise _moved(line)
        if line["peak_mg"] < taps.LEAST_PEAK_PER_NOISE * noise_mg:
            least_mg = taps.LEAST_PEAK_PER_NOISE * noise_mg
            say(
                f"{line['peak_mg']:.3g} mg is too weak for a tap, of {least_mg:.3g} mg: tap harder"
            )
            continue
        say(f"heard: {line['peak_mg']:.3g} mg")
        return {**record, "onset_s": line["onset_s"]}
    raise CribtraceError(
        f"no tap was heard within {wait_s:g} s: strike with the flat hand, nearer to the sensor,"
        " and run this again"
    )


def _waves(session: _Session, struck: list[dict]) -> list:
    """The waveforms of the taps, out of the log: `tail` does not carry them."""
    client, runs = session.client, [record["run"] for record in struck]
    client.flush()
    found = {}
    for segment in reversed(client.list()):
        if segment.boot != session.boot:
            break
        content = b"".join(client.read(segment.number, 0, segment.size_bytes))
        for record in logfile.parse(content, f"segment {segment.number}").records:
            if record["type"] == records.SNIPPET and record["run"] in runs:
                found[record["run"]] = logfile.waveform_mg(record, session.header)
        if len(found) == len(runs):
            return [found[run] for run in runs]
    raise CribtraceError("the log does not hold the waveforms of the taps: run this again")
