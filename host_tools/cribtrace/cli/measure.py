"""Commands in which a person and a board measure a crib together: calibrate, tap-test."""

import rich_click as click

from cribtrace.cli.output import emit, json_option, open_client, port_option, say, working

minutes_option = click.option(
    "--minutes",
    type=click.FloatRange(1, 60),
    default=2,
    show_default=True,
    help="How long to listen to the empty crib.",
)


@click.command()
@port_option
@minutes_option
@json_option
def calibrate(port: str | None, minutes: float, as_json: bool) -> None:
    """Measure the noise of the empty crib, and have the board keep it.

    Take everybody out of the crib, keep away from it, switch off what hums beside it. The board
    goes on recording. From then on `cribtrace info` says when the noise is no longer the empty
    crib's.
    """
    from cribtrace.guided import calibrate as measured

    with open_client(port) as client:
        say(f"the crib must be empty, and nobody near it, for {minutes:g} minutes")
        with working("listening"):
            found = measured(client, minutes, say)
    sheet = found.sheet
    if as_json:
        line = {"noise": found.floor.shown(), "least_mg": round(found.least_mg, 3)}
        emit({"type": "calibrated", **line, "sheet": sheet and sheet.shown()}, as_json)
        return
    for axis, mg in found.floor._asdict().items():
        beside = f", {mg / getattr(sheet, axis):.1f} times its data sheet's" if sheet else ""
        click.echo(f"{axis}: {mg:.3f} mg rms of noise{beside}")
    click.echo(
        f"a movement of {found.least_mg:.2f} mg rms for a fifth of a second is the least that this"
        " crib can show with these settings; weaker ones go unseen"
    )


@click.command("tap-test")
@port_option
@click.option("--dry-run", is_flag=True, help="Measure and show only: change no setting.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(1, 600),
    default=60,
    show_default=True,
    help="Seconds to wait for each tap.",
)
@json_option
def tap_test(port: str | None, dry_run: bool, wait_s: float, as_json: bool) -> None:
    """Measure how the mattress rings, by three taps, and tell the board.

    The crib is empty. Tap the mattress with the flat hand, beside the sensor, once each time you
    are asked, and take the hand away at once. The board then takes the ring off each duration.
    """
    from cribtrace.guided import tap_test as measured

    with open_client(port) as client:
        with working("listening"):
            found = measured(client, say, wait_s)
        changes = {
            "ring_ms": round(found.ring_s * 1000),
            "resonance_mhz": round(found.resonance_hz * 1000),
        }
        numbers = {name: round(getattr(found, name), 3) for name in found.spread}
        if as_json:
            spread = {name: round(share, 3) for name, share in found.spread.items()}
            emit({"type": "tap_test", **numbers, "spread": spread, "set": not dry_run}, as_json)
        else:
            _tell(found)
        if dry_run:
            say("nothing was changed; without --dry-run: " + _pairs(changes))
            return
        client.mark("tap-test " + _pairs(numbers))
        config_crc = client.configure(changes)
        say(f"set: {_pairs(changes)}; hash of the settings in force: {config_crc}")


def _pairs(values: dict) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())


def _tell(found) -> None:
    spread = found.spread
    for what, value, unit, name in (
        ("resonance", f"{found.resonance_hz:.1f}", "Hz", "resonance_hz"),
        ("ring time", f"{found.ring_s:.2f}", "s from a peak to 30 % of it", "ring_s"),
        ("taps", f"{found.peak_mg:.0f}", "mg", "peak_mg"),
    ):
        click.echo(f"{what}: {value} {unit} (three taps, within {spread[name]:.0%})")


COMMANDS = (calibrate, tap_test)
