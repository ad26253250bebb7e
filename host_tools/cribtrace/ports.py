"""Which ports there are, and which of them has a Cribtrace board at its end."""

import threading
import time
from dataclasses import dataclass, field

from cribtrace import virtual_ports
from cribtrace.client import Client
from cribtrace.errors import Silent
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
