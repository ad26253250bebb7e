"""The board's frame counter against this machine's clock, as NTP does it: ask, and halve the trip.

The board's counter was read somewhere between the request and its answer. Of several exchanges
the one with the shortest round trip says best when; half of that trip is how far off it may be.
"""

import math
import re
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cribtrace import log_records
from cribtrace.client import Client
from cribtrace.conversation import fields
from cribtrace.errors import NoDevice

EXCHANGES = 8  # reference: best of 8 by round trip
HOST, PERSON = log_records.SOURCES.index("host"), log_records.SOURCES.index("person")


class Exchange(NamedTuple):
    """The board counted `frame` and `uptime_ms` at `utc_ms`, give or take half of `trip_ms`."""

    frame: int
    uptime_ms: int
    utc_ms: float
    trip_ms: float

    @property
    def within_ms(self) -> int:
        """How far off it may be, in whole milliseconds, rounded up."""
        return math.ceil(self.trip_ms / 2)


def best(
    client: Client,
    *,
    exchanges: int = EXCHANGES,
    utc_s: Callable[[], float] = time.time,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> Exchange:
    """The exchange with the shortest round trip. Raises NoDevice where none is answered.

    One whose answer got lost is not repeated: the board answers a repeated request with the same
    words, read at the first.
    """
    found = []
    for _ in range(exchanges):
        asked_s, began_s = utc_s(), monotonic_s()
        said = client.reply(client.ask("time"), set(), client.wait_s)
        trip_s = monotonic_s() - began_s
        if said is None:
            continue
        told = fields(said)
        try:
            counted = int(told["frame"]), int(told["uptime_ms"])
        except (KeyError, ValueError):
            raise NoDevice(f"the board tells its time in an unknown form: {said}") from None
        found.append(Exchange(*counted, (asked_s + trip_s / 2) * 1000, trip_s * 1000))
    if not found:
        raise client.silent("time")
    return min(found, key=lambda exchange: exchange.trip_ms)


def anchor(
    client: Client, hello: Mapping[str, str], utc_s: Callable[[], float] = time.time
) -> Exchange:
    """Tie this machine's clock, or `utc_s`, to the board's frames, in the log; what was used.

    `hello` is the board's answer to that. Raises NoDevice where it tells no boot.
    """
    boot = hello.get("boot", "")
    if not re.fullmatch("[0-9]{1,10}", boot):
        raise NoDevice(f"{client.link.port} gives no number of its boot: `cribtrace deploy`")
    exchange = best(client, utc_s=utc_s)
    at = divmod(round(exchange.utc_ms), 1000)
    client.anchor(exchange.frame, *at, exchange.uptime_ms, int(boot), exchange.within_ms, HOST)
    return exchange
