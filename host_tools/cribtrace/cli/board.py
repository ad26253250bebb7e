"""Commands that talk to a board: ports, info, list, pull, time, selftest, wipe."""

import time
from dataclasses import asdict
from pathlib import Path

import rich_click as click

from cribtrace.cli.logs import logs_option
from cribtrace.cli.output import (
    emit,
    json_option,
    link_told,
    name_faults,
    open_client,
    port_option,
    progress,
    say,
)
from cribtrace.errors import CribtraceError, Damaged, Usage


@click.command()
@json_option
def ports(as_json: bool) -> None:
    """List the serial ports, virtual ones too, and what answers there."""
    from cribtrace.ports import ask_all

    found = ask_all()
    for port in found:
        line = {"type": "port", "port": port.name, "description": port.description}
        emit({**line, **port.hello, "problem": port.problem or None}, as_json)
    if not any(port.hello for port in found):
        say("no board answers: plug one in, or `cribtrace sim` makes a virtual one")


@click.command()
@port_option
@json_option
def info(port: str | None, as_json: bool) -> None:
    """Show who a board is, its counters and its settings."""
    with open_client(port) as client:
        line = {"type": "info", "port": client.link.port, **client.hello(), **client.info()}
        _say_of_floor(client, line)
    if as_json:
        emit(line, as_json)
        return
    for key, value in line.items():
        if key != "type":
            click.echo(f"{key:<13} {value}")


def _say_of_floor(client, line: dict) -> None:
    """A line for each axis whose noise is no longer the empty crib's, where that is known."""
    from cribtrace import floors
    from cribtrace.conversation import Refused
    from cribtrace.tail import header_of

    try:
        gains = client.request("floor")
    except Refused:
        return  # of a board that is warming up, has stopped or is older
    header = header_of(line, line)
    present, empty = (floors.told(gains, prefix, header) for prefix in "ge")
    if present and empty:
        for sentence in floors.drifted(present, empty):
            say(sentence)


@click.command("list")
@port_option
@json_option
def list_segments(port: str | None, as_json: bool) -> None:
    """List the closed segments of the log on a board."""
    with open_client(port) as client:
        client.hello()
        segments = client.list()
        if not segments:
            say("no closed segments yet; `cribtrace pull` closes the open one")
        for s in segments:
            line = {"segment": s.number, "bytes": s.size_bytes, "crc": f"{s.crc:08x}"}
            emit({"type": "segment", **line, "acked": s.acked, "boot": s.boot}, as_json)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@logs_option
@port_option
@click.option("--keep", is_flag=True, help="Acknowledge nothing: the board frees nothing.")
@click.option(
    "--started",
    metavar="HH:MM",
    help="When the last recording without a clock began: 19:40, or with its date before it.",
)
@json_option
def pull(
    folder: Path | None, logs: Path | None, port: str | None, keep: bool,
    started: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Bring the log into FOLDER (cribtrace-<device id> if not given) while sampling goes on."""
    from cribtrace import given_up, log_folders
    from cribtrace import started as beginnings
    from cribtrace.pull import pull as pull_log

    if started:
        beginnings.check(started)
    with open_client(port) as client:
        folder = folder or log_folders.of_board(client.hello()["device"], logs)
        began_s = time.monotonic()
        with progress("pulling") as bar:
            pulled = pull_log(client, folder, keep=keep, progress=bar)
        if started:
            emit(_anchor_by_person(client, folder, started), as_json)
            # What the person said is in the board's open segment: fetch that too.
            pulled.add(pull_log(client, folder, keep=keep))
        took_s = max(time.monotonic() - began_s, 0.001)
        stats = client.stats
        retries, bad = stats.retries, stats.bad_packets
        if not as_json:  # where these numbers have names
            say(link_told(pulled.bytes, pulled.wire_bytes, took_s, retries, bad))
        took = {**asdict(pulled), "seconds": round(pulled.seconds, 3)}
        line = {"type": "pulled", "folder": str(folder), **took}
        emit({**line, "link": asdict(client.stats)}, as_json)
    lost = given_up.told(pulled.given_up)
    if pulled.damaged:
        listed = ", ".join(map(str, pulled.damaged))
        lost.append(
            f"damaged on the board and not pulled: segment {listed}; a whole copy that was here"
            " stays, and nothing from there on was acknowledged, so the board keeps it"
        )
    for sentence in lost[:-1]:
        say(sentence)
    if lost:
        raise Damaged(lost[-1])


def _anchor_by_person(client, folder: Path, started: str) -> dict:
    from datetime import datetime, timezone

    from cribtrace import anchors, exchange, logfile
    from cribtrace import started as beginnings
    from cribtrace.boots import in_a_row
    from cribtrace.device import records

    boots = list(in_a_row([s for s in logfile.read(folder) if s.header]))
    now = datetime.now(timezone.utc)
    boot, utc_s = beginnings.choose(boots, anchors.clocks(boots), started, now=now)
    fields = 0, round(utc_s), 0, records.UNKNOWN, boot, beginnings.WITHIN_MS, exchange.PERSON
    client.anchor(*fields)
    return beginnings.told(boot, utc_s)


@click.command("time")
@click.argument("source", type=click.Path(path_type=Path), required=False)
@port_option
@json_option
def time_of(source: Path | None, port: str | None, as_json: bool) -> None:
    """Tie this machine's clock to a board's frames; or show the clocks of the log SOURCE.

    Of a log each boot's: where its times are from, and how many ppm faster its frames came than
    the sensor says, with how far its anchors lie off that line.
    """
    from cribtrace import analysis, anchors, exchange

    if source:
        night = analysis.read_night(source)
        for line in night.clocks:
            emit(line, as_json)
        name_faults(source, night.faults, night.notes)
        return
    with open_client(port) as client:
        hello = client.hello()
        used = exchange.anchor(client, hello)
        line = {"type": "time", "port": client.link.port, "boot": int(hello["boot"])}
        line |= {"utc": anchors.iso(used.utc_ms / 1000), "frame": used.frame}
        emit({**line, "uptime_ms": used.uptime_ms, "trip_ms": round(used.trip_ms, 2)}, as_json)


@click.command()
@port_option
@json_option
def selftest(port: str | None, as_json: bool) -> None:
    """Have the sensor push its own mass and measure it; half a second goes unrecorded.

    Nobody is to move in the crib meanwhile.
    """
    with open_client(port) as client:
        client.hello()
        found = client.selftest()
    emit({"type": "selftest", **found}, as_json)
    least, most = found.get("least_mg"), found.get("most_mg")
    if found.get("result") != "passed":
        raise CribtraceError(
            f"the sensor did not pass: each axis is to move by {least} to {most} mg; try again"
            " with nobody in the crib, then check the wiring, then replace the sensor"
        )


@click.command()
@port_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def wipe(port: str | None, yes: bool, as_json: bool) -> None:
    """Delete the log on a board, pulled or not, and read back that it is gone.

    Settings and the noise floor stay. The recording goes on, in a new segment.
    """
    from cribtrace import wiping

    with open_client(port) as client:
        device = client.hello()["device"]
        segments = wiping.held(client)
        unpulled = sum(not segment.acked for segment in segments)
        size_kb = sum(segment.size_bytes for segment in segments) / 1000
        say(
            f"board {device} holds {len(segments)} segments, {size_kb:.0f} kB;"
            f" {unpulled} of them were never pulled and acknowledged"
        )
        if not yes and click.prompt("type its id to delete them", err=True).strip() != device:
            raise Usage("that is not its id: nothing was deleted")
        deleted = wiping.wipe(client, device)
    emit({"type": "wiped", "device": device, "segments": deleted}, as_json)


COMMANDS = (ports, info, list_segments, pull, time_of, selftest, wipe)
