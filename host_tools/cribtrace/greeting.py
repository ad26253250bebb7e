"""Why a port did not answer hello, in one line that says what to do next."""

import re

from cribtrace import tree
from cribtrace.device import protocol

_MOSTLY = 0.9


def at_prompt(received: bytes) -> bool:
    """Tell whether these bytes are MicroPython's own prompt and not the firmware."""
    return received.rstrip(b" ").endswith(b">>>") or b"raw REPL" in received


def left_raw(port: str) -> str:
    """Return the line for a board that another program had left in the raw REPL."""
    return f"{port}: another program had left the board in the raw REPL; {_start(port)}"


def other_protocol(port: str, theirs: str) -> str:
    """Return the line for firmware of another protocol version."""
    return (
        f"{port} speaks protocol {theirs}, this cribtrace speaks {protocol.VERSION}:"
        f" update the older one (`cribtrace deploy` renews the board; {_renew_host()})"
    )


def other_firmware(port: str, theirs: str, ours: str) -> str | None:
    """Return the line for firmware of another version than ours; None for the same."""
    if theirs == ours:
        return None
    older = _numbered(theirs) < _numbered(ours)
    renew = "`cribtrace deploy` renews the board" if older else _renew_host()
    return (
        f"{port} has firmware {theirs}, this cribtrace brings {ours}: what both know works;"
        f" {renew}"
    )


def _renew_host() -> str:
    if tree.CHECKOUT:
        return "`git pull` in this checkout renews the host"
    return "`python -m pip install --upgrade cribtrace` renews the host"


def _numbered(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def reset_by_opening(
    port: str, hello: dict[str, str], before: dict[str, str], uptime_s: float, open_s: float
) -> str | None:
    """Return the line for a board that opening its port has reset; None for one that goes on.

    `before` is what it answered when the port was opened the last time, {} where that is unknown;
    then its clock tells: it has run for `uptime_s`, and the port has been open for `open_s`.
    """
    same = before.get("device") == hello["device"]
    if same and before.get("boot") != hello.get("boot"):
        how = f"boot {before.get('boot')} ended, boot {hello.get('boot')} began"
    elif not same and uptime_s < open_s:
        how = f"boot {hello.get('boot')} began {open_s - uptime_s:.1f} s after"
    else:
        return None
    return (
        f"opening {port} reset the board: {how}, and its log has a gap; keep the port open, or cut"
        " its adapter's DTR and RTS"
    )


def why_no_hello(port: str, received: bytes) -> str:
    """Return the line for what came instead of an answer to hello; `received` is its end."""
    if b"raw REPL" in received:
        return left_raw(port)
    if at_prompt(received):
        errors = _errors(received)
        if errors:
            return f"{port}: the firmware stopped with {errors[-1]}; `cribtrace deploy` renews it"
        return (
            f"{port}: the board sits at the MicroPython prompt, no firmware runs; {_start(port)}"
        )
    if not received:
        return (
            f"{port} is silent: check cable and power and press the board's reset button;"
            " a new board needs MicroPython and `cribtrace deploy` first"
        )
    readable = sum(32 <= byte < 127 or byte in b"\r\n\t" for byte in received)
    if readable < _MOSTLY * len(received):
        return (
            f"{port} talks garbage ({len(received)} bytes without sense):"
            " another line rate, or another device; unplug it or choose another --port"
        )
    line = max(received.decode("ascii", "ignore").split("\n"), key=len).strip()
    shown = "".join(c for c in line if c.isprintable())[:60]
    return f'{port} talks, but not as Cribtrace ("{shown}"): choose another --port or deploy to it'


def _errors(received: bytes) -> list[str]:
    """Return the last lines of tracebacks; our own hello is a SyntaxError to the prompt."""
    lines = received.decode("ascii", "ignore").splitlines()
    found = [line for line in lines if re.match(r"\w+(Error|Exception)\b", line)]
    return [line[:80] for line in found if line.isprintable() and "SyntaxError" not in line]


def _start(port: str) -> str:
    return f"start it: `mpremote connect {port} repl`, then Ctrl-B, Ctrl-D and Ctrl-X"
