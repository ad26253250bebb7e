"""A real Chromium for the tests, driven over the DevTools protocol on a pair of pipes.

The protocol is JSON with a NUL after each message: https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import fcntl
import json
import os
import select
import subprocess
import time
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
# Where Chromium reads commands and writes answers with --remote-debugging-pipe.
COMMANDS_FD, ANSWERS_FD = 3, 4
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}  # of a screen, in CSS pixels
FIRST_VIEW_S = 2.0  # the longest that a page may take until it is seen
_CONTRASTS = """(inks) => {
    const parts = (c) => c.match(/[0-9.]+/g).slice(0, 3).map((v) => v / 255)
        .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const weight = [0.2126, 0.7152, 0.0722];
    const light = (c) => parts(c).reduce((sum, v, i) => sum + v * weight[i], 0);
    const ground = light(getComputedStyle(document.documentElement).backgroundColor);
    return inks.map(([s, what]) => {
        const ink = light(getComputedStyle(document.querySelector(s))[what]);
        return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    });
}"""


class Browser:
    """One page in one headless Chromium; `errors` collects what its console complains about."""

    def __init__(self, chromium: Path, profile: Path, timeout_s: float = 30.0):
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._timeout_s = timeout_s
        self._next_id = 0
        self._unread = b""
        self._loaded = False
        self._session: str | None = None
        # Above 10, so that giving the child its ends as 3 and 4 overwrites neither.
        theirs_in, self._out = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in os.pipe())
        self._in, theirs_out = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in os.pipe())

        def give_ends() -> None:
            os.dup2(theirs_in, COMMANDS_FD)
            os.dup2(theirs_out, ANSWERS_FD)

        self._chromium = subprocess.Popen(
            [str(chromium), *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=give_ends,  # noqa: PLW1509 - two dup2 calls, and no thread runs here
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._attach()

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _attach(self) -> None:
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        asked = {"targetId": page["targetId"], "flatten": True}
        self._session = self.send("Target.attachToTarget", **asked)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: object) -> dict:
        """One command and its answer."""
        self._next_id += 1
        message: dict = {"id": self._next_id, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self._timeout_s
        while True:
            answer = self._receive(deadline, method)
            if answer.get("id") == self._next_id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _receive(self, deadline: float, what: str) -> dict:
        while b"\0" not in self._unread:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not select.select([self._in], [], [], left_s)[0]:
                raise TimeoutError(f"Chromium did not answer {what} in {self._timeout_s} s")
            chunk = os.read(self._in, 1 << 16)
            if not chunk:
                raise RuntimeError(f"Chromium ended during {what}")
            self._unread += chunk
        raw, self._unread = self._unread.split(b"\0", 1)
        message = json.loads(raw)
        self._note(message)
        return message

    def _note(self, message: dict) -> None:
        method, params = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.errors.append(json.dumps(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"])

    def open(self, page: Path) -> float:
        """Load a file from disk; the seconds until its load event."""
        self._loaded = False
        began = time.monotonic()
        self.send("Page.navigate", url=page.resolve().as_uri())
        while not self._loaded:
            self._receive(began + self._timeout_s, "Page.navigate")
        return time.monotonic() - began

    def show(self, page: Path, size: str) -> float:
        """Open a page on a screen of SIZES; the seconds until its load event."""
        self.size(*SIZES[size], phone=size == "phone")
        return self.open(page)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression in the page."""
        got = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in got:
            raise RuntimeError(json.dumps(got["exceptionDetails"]))
        return got["result"].get("value")

    def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """Lay the page out for a screen of this many CSS pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone,
        )  # fmt: skip

    def media(self, kind: str = "", scheme: str = "light") -> None:
        """Show the page in a light or dark scheme, and as "screen" or "print" if so asked."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", media=kind, features=features)

    def no_wider_than_the_screen(self) -> bool:
        """Whether nothing has to be pushed aside to be read."""
        return self.run("document.documentElement.scrollWidth <= window.innerWidth")

    def contrasts(self, *inks: tuple[str, str]) -> list[float]:
        """Contrast to the page of (selector, CSS property) each, by WCAG 2: 4.5 is level AA."""
        return self.run(f"({_CONTRASTS})({json.dumps(inks)})")

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of the first element that matches."""
        quoted = json.dumps(selector)
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({quoted}); "
            "e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); "
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self.settle()

    def key(self, name: str, code: int, text: str = "") -> None:
        """Press and release one key, such as Tab (9) or Enter (13, "\\r")."""
        common = {"key": name, "code": name, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)
        self.settle()

    def settle(self) -> None:
        """Wait until the page has drawn twice: what was asked for has happened."""
        self.run("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Save what is on the screen, or the whole page, as PNG."""
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self, **paper: float) -> bytes:
        """The page as printed; `paperWidth` and `paperHeight` in inches."""
        printed = self.send("Page.printToPDF", printBackground=True, **paper)
        return base64.b64decode(printed["data"])

    def close(self) -> None:
        """End Chromium and wait for it."""
        self._session = None
        try:
            self.send("Browser.close")
            self._chromium.wait(10)
        except (OSError, RuntimeError, TimeoutError, subprocess.TimeoutExpired):
            self._chromium.kill()
            self._chromium.wait()
        os.close(self._in)
        os.close(self._out)
