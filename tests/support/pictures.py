"""The pictures in docs/pictures, of the real output: `make pictures`.

The report is that of `make demo`, as the tests' browser shows it; `tail` and `live` follow a
virtual board. What changes from run to run is the time of day.
"""

import asyncio
import contextlib
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from cribtrace import demo, facts, runtime, scenario, tail, virtual, virtual_parts
from cribtrace.asides import Asides
from cribtrace.cli.live_screen import LiveScreen
from cribtrace.client import Client
from cribtrace.errors import CribtraceError
from cribtrace.link import Link
from tests.support.browser import SIZES, Browser

ROOT = Path(__file__).resolve().parents[2]
MADE = ROOT / "docs" / "pictures"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_TAIL_LINES = 12
_COLUMNS = 80
_SPEED = 20.0
_LIVE_S = 45.0  # of which the board warms up for half a minute of its own time


def say(line: str) -> None:
    """Tell what goes on, on stderr."""
    print(line, file=sys.stderr, flush=True)


def report(log_page: Path) -> None:
    """The report's first screen, at both sizes."""
    chromium = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if chromium is None:
        raise CribtraceError("no browser: install chromium, or one of " + ", ".join(_BROWSERS))
    with tempfile.TemporaryDirectory() as profile, Browser(Path(chromium), Path(profile)) as page:
        page.media()
        for name, size in SIZES.items():
            page.size(*size, phone=False)
            page.open(log_page)
            page.settle()
            page.picture(MADE / f"report-{name}.png")


@contextlib.contextmanager
def board(speed: float) -> Iterator[str]:
    """A virtual board in a simulated hour; gives its port."""
    micropython = runtime.find(fetch=True, say=say).path
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder) / "flash.bin"
        virtual_parts.install_firmware(flash, virtual_parts.firmware_files("lsm6dso"), micropython)
        played = scenario.generate("nap", demo.SEED)
        with virtual.VirtualBoard(
            played, flash=flash, micropython=micropython, speed=speed
        ) as run:
            yield run.port


def typed(words: list[str], lines: int) -> str:
    """What a command writes to a terminal of 80 columns until there are so many lines."""
    master, slave = pty.openpty()
    env = {**os.environ, "COLUMNS": str(_COLUMNS), "TERM": "xterm-256color"}
    env.pop("NO_COLOR", None)
    process = subprocess.Popen(words, stdout=slave, stderr=slave, stdin=slave, env=env)
    os.close(slave)
    said = b""
    while said.count(b"\n") < lines:
        said += os.read(master, 4096)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    os.close(master)
    return said.decode().replace("\r\n", "\n")


def drawn(said: str, title: str) -> str:
    """A terminal's text as SVG."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=_COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(said.rstrip("\n")))
        return console.export_svg(title=title, theme=MONOKAI)


def offline(svg: str) -> str:
    """Without the fonts that the library's template would fetch from elsewhere."""
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.S)
    return re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.S).replace(
        "Fira Code", "DejaVu Sans Mono"
    )


def followed() -> str:
    """The lines of `tail`."""
    with board(_SPEED) as port:
        command = [sys.executable, "-m", "cribtrace.cli", "tail", "--port", port]
        said = typed(command, _TAIL_LINES)
    lines = [line for line in said.splitlines() if not line.startswith("cribtrace: following")]
    return drawn("\n".join(["$ cribtrace tail", *lines[:_TAIL_LINES]]), "cribtrace tail")


def watched() -> str:
    """The screen of `live`, after a minute."""

    async def look(app: LiveScreen) -> str:
        async with app.run_test(size=(_COLUMNS, 30)) as pilot:
            until = time.monotonic() + _LIVE_S
            while time.monotonic() < until:
                await pilot.pause(0.5)
            app.draw()
            await pilot.pause()
            return app.export_screenshot(title="cribtrace live")

    def connected(name: str) -> Client:
        return Client(Link(name))

    with board(4.0) as port:
        asides = Asides(frames=True, health_s=5.0)
        client = connected(port)
        client.hello()
        items = tail.follow(client, connected, facts.json_line, asides)
        app = LiveScreen(items, asides, every_s=1.0, span_s=20.0)
        try:
            return asyncio.run(look(app))
        finally:
            app.stop_listening()


def main() -> None:
    """Make all of them."""
    night = ROOT / "build" / "demo"
    MADE.mkdir(exist_ok=True)
    try:
        if not (night / "report.html").exists():
            demo.run(None, night)
        report(night / "report.html")
        for name, made in (("tail", followed), ("live", watched)):
            say(f"{name} ...")
            (MADE / f"{name}.svg").write_text(offline(made()), encoding="utf-8")
    except CribtraceError as error:
        say(f"pictures: {error}")
        sys.exit(error.exit_code)
    for path in sorted(MADE.iterdir()):
        say(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
