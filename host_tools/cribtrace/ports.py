"""Which ports there are, and which of them has a Cribtrace board at its end."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cribtrace import virtual_ports
from cribtrace.client import Client
from cribtrace.errors import NoDevice, Silent
from cribtrace.link import Link, serial_ports

_WAIT_S = 0.5
_REPEATS = 1
_LIMIT_S = 1.5  # opening some ports (Bluetooth on macOS) blocks for much longer


@dataclass
class Port:
    """One port: `hello` is what the board there answered, else `problem` says why none did."""

    name: str
    description: str
    hello: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    silent: bool = False  # it opened, and nothing came: most ports without a board are like that


class Search:
    """Looks for a board that went away, under whatever name its port comes back.

    Asks the port it was at, and those that have appeared since; a port that has been there all
    along belongs to something else, and is left in peace. Call it until it returns.
    """

    def __init__(self, device: str, last_port: str) -> None:
        self.device = device
        self.last_port = last_port
        self.others: dict[str, str] = {}  # port: the id of the board that answers there instead
        self._there_all_along = set(_names())

    def __call__(self, connect: Callable[[str], Client]) -> Client:
        """Return a client in session with the board. Raises NoDevice where it is nowhere yet."""
        names = _names()
        self._there_all_along &= set(names)
        fresh = [name for name in names if name not in self._there_all_along]
        for name in dict.fromkeys([self.last_port, *fresh]):
            with contextlib.suppress(NoDevice):
                if client := self._its_client(connect(name), name):
                    return client
        raise NoDevice(f"board {self.device} answers on no port")

    def _its_client(self, client: Client, name: str) -> Client | None:
        answers = ""
        try:
            answers = client.hello()["device"]
        finally:
            if answers != self.device:
                client.close()
        if answers == self.device:
            return client
        self.others[name] = answers
        return None


def _names() -> list[str]:
    return [name for name, _ in serial_ports()] + list(map(str, virtual_ports.virtual_ports()))


def ask_all() -> list[Port]:
    """Say hello to every port at once, virtual boards too; takes 1.5 s at most, never raises."""
    ports = [Port(name, description) for name, description in serial_ports()]
    ports += [Port(str(name), "virtual board") for name in virtual_ports.virtual_ports()]
    asking = [threading.Thread(target=_ask, args=(port,), daemon=True) for port in ports]
    for thread in asking:
        thread.start()
    deadline = time.monotonic() + _LIMIT_S
    for thread in asking:
        thread.join(max(0.0, deadline - time.monotonic()))
    for port in ports:
        if not (port.hello or port.problem):
            port.problem = f"{port.name} did not open in {_LIMIT_S} s"
    return ports


def _ask(port: Port) -> None:
    try:
        with Client(Link(port.name), wait_s=_WAIT_S, repeats=_REPEATS) as client:
            port.hello = client.hello()
    except Exception as error:  # one bad port, whatever its driver does, must not hide the others
        port.problem = str(error)
        port.silent = isinstance(error, Silent)
