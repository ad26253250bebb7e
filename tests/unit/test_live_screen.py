"""The screen of `live`, through Textual's pilot; and once in a real terminal, in tmux."""

import asyncio
import builtins
import contextlib
import functools
import itertools
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
from unittest.mock import Mock

import numpy as np
import pytest
from rich.color import Color

from cribtrace import cli
from cribtrace.asides import Asides
from cribtrace.cli import follow, live_screen
from cribtrace.conversation import LinkStats
from cribtrace.errors import NoDevice
from cribtrace.heard import Began, Decoded, Frames, Health, Note
from tests.support.frame_peer import FramePeer
from tests.support.peer import Peer, wait_for
from tests.unit.test_live_view import HEADER
from tests.unit.test_tail_line import event

NOISE = np.random.default_rng(4).integers(-90, 90, (4160, 3)).astype(np.int16)
SIGNALS = (signal.SIGTERM, signal.SIGHUP)
BRAILLE = "[⠁-⣿]"


def heard(asides):
    """A board that has said all this, and then nothing."""
    yield Began("/dev/ttyUSB0", HEADER)
    yield Frames(0, NOISE[:2080])
    yield Health({"state": "sampling", "fault": "none"}, 20.0, LinkStats(), 0.0)
    yield Decoded(event())
    asides.ended.wait(10)


def screen(items=heard, **options):
    asides = Asides()
    options = {"every_s": 0.05, "span_s": 20.0, **options}
    return live_screen.LiveScreen(items(asides), asides, **options), asides


def piloted(app, do, size=(80, 30)):
    """Run `do(pilot)` on the app in a terminal of that size; gives its answer."""

    async def run():
        async with app.run_test(size=size) as pilot:
            await pilot.pause(0.3)
            found = await do(pilot)
            app.action_leave()
            return found

    return asyncio.run(run())


def rows_of(app):
    """What is on the screen, row by row."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip) for strip in strips]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20), (40, 12)])
def test_all_parts_are_on_the_screen_at_any_size(size):
    app, _ = screen()

    async def look(pilot):
        return rows_of(app)

    rows = piloted(app, look, size)
    text = "\n".join(rows)
    assert rows[0].startswith("/dev/ttyUSB0")
    assert len(re.findall(BRAILLE, text)) > 2 * size[0]
    for part in ("x ±", "y ±", "z ±", "counts from strength 6.", "limb_move", "line: ", "board: "):
        assert part in text
    for row in rows:
        full = len(row.rstrip()) == size[0] < 80 and not re.search(f"{BRAILLE}|╌", row)
        assert not full or row.endswith("…"), row
    assert rows[-1].startswith("m mark   p pause   q quit")


def test_a_field_for_a_mark_takes_no_pane_from_the_smallest_screen():
    app, _ = screen()

    async def ask(pilot):
        await pilot.press("m", *"door")
        await pilot.pause(0.2)
        return rows_of(app)

    rows = piloted(app, ask, (40, 12))
    assert rows[-1].startswith("door")
    assert len(re.findall(BRAILLE, "".join(rows))) > 80
    for part in ("x ±", "z ±", "limb_move", "line: ", "board: "):
        assert part in "\n".join(rows)


def test_a_narrow_screen_tells_of_an_event_when_what_and_how_long():
    app, _ = screen()

    async def look(pilot):
        return next(row for row in rows_of(app) if "limb_move" in row)

    assert re.match(r" +\+60\.0s limb_move +0\.769s 7\.59m…", piloted(app, look, (40, 12)))


def test_another_size_is_drawn_at_once_and_not_at_the_next_picture():
    app, _ = screen(every_s=30.0)

    async def resize(pilot):
        app.draw()
        await pilot.resize_terminal(40, 6)
        await pilot.pause(0.2)
        return rows_of(app)

    rows = piloted(app, resize)
    assert [row.split()[0] for row in (rows[0], *rows[-3:])] == [
        "/dev/ttyUSB0", "line:", "board:", "m"]  # fmt: skip
    assert not re.search(BRAILLE, "".join(rows))


@pytest.mark.parametrize(
    ("size", "paused"), [((80, 24), False), ((40, 12), True), ((40, 5), False)]
)
def test_a_board_that_was_unplugged_shows_that_its_numbers_are_old(size, paused):
    going = threading.Event()

    def unplugged(asides):
        yield from itertools.islice(heard(asides), 4)
        going.wait(10)
        yield Note("/dev/ttyUSB0 went away; waiting for board 00", away_s=time.time())
        asides.ended.wait(10)

    app, _ = screen(unplugged)

    async def look(pilot):
        if paused:
            await pilot.press("p")
        going.set()
        await pilot.pause(0.3)
        return rows_of(app), {str(span.style) for span in app.query_one("#waves").shown.spans}

    rows, styles = piloted(app, look, size)
    text = "\n".join(rows)
    assert re.search(r"no board since \d\d:\d\d:\d\d, looking for it", text)
    assert "line: " not in text and "board: " not in text
    if size[1] > 8:
        assert "before that: sampling" in text
        assert paused or live_screen._COLOURS["movement"] not in styles
    assert ("paused" in rows[-1]) == paused


def test_m_puts_a_mark_and_escape_none():
    app, asides = screen()
    put = []
    asides.mark = put.append

    async def type_marks(pilot):
        await pilot.press("m", *"door q", "enter")
        await pilot.press("m", *"nothing", "escape")
        await pilot.press("m", "enter")
        return app.is_running

    assert piloted(app, type_marks)
    assert put == ["door q", "mark"]


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
def test_each_way_out_ends_the_listening_too(key):
    app, asides = screen()

    async def leave(pilot):
        await pilot.press(key)
        await pilot.pause(0.1)

    piloted(app, leave)
    assert asides.ended.is_set()
    assert app.return_code == 0


def test_a_pause_keeps_the_picture_and_then_all_is_drawn():
    def going_on(asides):
        yield Began("/dev/ttyUSB0", HEADER)
        for k in range(0, 4000, 40):
            yield Frames(k, NOISE[k : k + 40])
            time.sleep(0.02)

    app, _ = screen(going_on)

    async def pause(pilot):
        await pilot.press("p")
        await pilot.pause(0.1)
        before = rows_of(app)
        await pilot.pause(0.4)
        same = rows_of(app) == before
        await pilot.press("p")
        await pilot.pause(0.2)
        return same, rows_of(app) != before

    assert piloted(app, pause) == (True, True)


def test_what_has_not_changed_is_not_drawn_again():
    app, _ = screen()

    async def count(pilot):
        drawn = []
        for widget in app.query(live_screen.Static):
            real = widget.update
            widget.update = lambda text, real=real: (drawn.append(text), real(text))
        await pilot.pause(0.5)
        return drawn

    changed = piloted(app, count)
    assert {text.plain.split(" ")[0] for text in changed} <= {"line:"}  # its seconds count on


def test_a_board_that_fails_at_the_start_ends_the_screen_with_its_error():
    def failing(asides):
        yield Began("/dev/ttyUSB0", HEADER)
        raise NoDevice("gone: plug it in")

    app, _ = screen(failing)

    async def nothing(pilot):
        await pilot.pause(0.2)

    piloted(app, nothing)
    assert isinstance(app.failed, NoDevice)


def test_no_colour_is_red_or_green_and_none_is_there_where_nobody_wants_any():
    for colours in (live_screen._COLOURS, follow._COLOURS):
        assert not {"red", "green"} & {name.split("_")[-1] for name in colours.values()}
    assert all(Color.parse(name) for name in live_screen._COLOURS.values())
    app, _ = screen(colour=False)

    async def styles(pilot):
        return {str(span.style) for name in ("waves", "strength", "events")
                for span in app.query_one(f"#{name}").shown.spans}  # fmt: skip

    assert piloted(app, styles) <= {""}


def test_without_the_extra_the_pip_line_is_named(monkeypatch, capsys):
    real = builtins.__import__

    def without(name, *more):
        if name.split(".")[0] == "textual":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *more)

    monkeypatch.delitem(sys.modules, "cribtrace.cli.live_screen")
    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(follow, "_at_terminal", lambda: True)
    assert cli.run(["live", "--port", "/dev/none"]) == 1
    assert "-m pip install 'cribtrace[live]'" in capsys.readouterr().err


def test_no_other_command_loads_textual():
    code = "import sys, cribtrace.cli as c; c.run(['tail', '--help'])"
    code += "; print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "False"


def test_where_there_is_no_terminal_it_is_tail():
    with Peer() as board:
        command = [sys.executable, "-m", "cribtrace.cli", "live", "--port", board.port]
        live = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        wait_for(lambda: board.tail, 15)
        live.send_signal(signal.SIGINT)
        _, err = live.communicate(timeout=10)
    assert live.returncode == 0
    assert "no terminal to draw on" in err
    assert "followed for 0:00:" in err


@pytest.mark.parametrize(
    ("how", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 0), ("fault", 1)],
)
def test_it_ends_at_once_and_leaves_the_terminal_as_it_was(how, code):
    """However long the pause between two pictures; its own fault is a failure."""
    fault = "from cribtrace.live_view import View; View.link_told = lambda self: 1 / 0;"
    program = f"{fault if how == 'fault' else ''}import cribtrace.cli; cribtrace.cli.main()"
    with FramePeer(NOISE[:500]) as board:
        master, slave = pty.openpty()
        before = termios.tcgetattr(slave)
        live = subprocess.Popen(
            [sys.executable, "-c", program, "live", "--port", board.port, "--every", "60"],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )  # fmt: skip
        shown = bytearray()
        threading.Thread(target=drain, args=(master, shown), daemon=True).start()
        if how != "fault":
            wait_for(lambda: board.tail, 15)
            time.sleep(1)
            live.send_signal(how)
        assert live.wait(10) == code
        assert termios.tcgetattr(slave) == before
        os.close(slave)
    wait_for(lambda: b"\x1b[?1049l" in shown)
    if how == "fault":
        wait_for(lambda: b"cribtrace: live ended by a fault of its own" in shown)
    os.close(master)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 0)]
)
@pytest.mark.parametrize("when", ["__init__", "run", "compose", "on_mount", "stop_listening"])
def test_a_signal_at_any_moment_of_its_start_and_end_ends_it_with_its_code(
    when, number, code, monkeypatch
):
    """Also where a terminal that goes and its shell say so one after the other."""
    said_bye = []

    def followed(_client, _connect, _to_json, asides):
        yield from heard(asides)
        said_bye.append(asides.ended.is_set())

    shown = live_screen.App.run
    monkeypatch.setattr(
        live_screen.LiveScreen, "run", lambda app, **how: shown(app, headless=True, **how)
    )
    real = getattr(live_screen.LiveScreen, when)

    @functools.wraps(real)  # Textual looks at how many arguments it takes
    def interrupted(app, *arguments, **options):
        signal.raise_signal(number)
        signal.raise_signal(number)
        return real(app, *arguments, **options)

    monkeypatch.setattr(live_screen.LiveScreen, when, interrupted)
    if when == "stop_listening":
        monkeypatch.setattr(live_screen.LiveScreen, "draw", live_screen.LiveScreen.action_leave)
    monkeypatch.setattr("cribtrace.tail.follow", followed)
    monkeypatch.setattr(follow, "open_client", lambda _port: Mock())
    monkeypatch.setattr(follow, "_at_terminal", lambda: True)
    before = {one: signal.signal(one, lambda *_: sys.exit(15)) for one in SIGNALS}
    try:
        assert cli.run(["live"]) == code
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert said_bye == [True]


def test_marks_that_are_left_are_no_error_where_nobody_can_be_told(monkeypatch):
    master, slave = pty.openpty()
    os.close(master)
    asides = Asides()
    asides.mark("not put")
    monkeypatch.setattr("cribtrace.tail.follow", lambda *_: iter(()))
    monkeypatch.setattr(live_screen.LiveScreen, "run", lambda *_, **__: None)
    with open(slave, "w") as gone:
        monkeypatch.setattr(sys, "stderr", gone)
        live_screen.run(Mock(), asides, Mock(), every_s=1.0, span_s=20.0, colour=False)


def drain(master, shown):
    """Take all that a terminal shows, so that nobody waits for it."""
    with contextlib.suppress(OSError):
        while True:
            shown += os.read(master, 65536)


class Tmux:
    """A terminal of 80 by 24."""

    def __init__(self, folder, command):
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        shell = f"{command}; echo CODE $?; stty -a | grep -woE -e '-?(echo|icanon)'; exec cat"
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        subprocess.run([*self._tmux, "new-session", "-d", "-x", "80", "-y", "24", shell],
                       check=True, env=environment)  # fmt: skip

    def shown(self):
        done = subprocess.run([*self._tmux, "capture-pane", "-p"], capture_output=True, check=True)
        return done.stdout.decode()

    def asked(self, form):
        done = subprocess.run(
            [*self._tmux, "display", "-p", form], capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def type(self, *keys):
        subprocess.run([*self._tmux, "send-keys", *keys], check=True)

    def close(self):
        subprocess.run([*self._tmux, "kill-server"], check=False)


@pytest.mark.parametrize("ending", ["key", "signal"])
def test_in_a_real_terminal_it_draws_marks_and_leaves_all_as_it_was(tmp_path, ending):
    if not shutil.which("tmux"):
        pytest.skip("no tmux: it is not installed")
    with FramePeer(NOISE[:2000]) as board:
        own = tmp_path / "pid"
        code = "import os,sys;open(sys.argv.pop(1),'w').write(str(os.getpid()));"
        code += "import cribtrace.cli;cribtrace.cli.main()"
        tmux = Tmux(tmp_path, f'{sys.executable} -c "{code}" {own} live --port {board.port}')
        try:
            wait_for(lambda: any(" frames " in line for line in board.asked), 20)
            time.sleep(0.2)  # so that it knows which frame was next
            board.raw = NOISE
            wait_for(lambda: len(re.findall(BRAILLE, tmux.shown())) > 100, 15)
            assert tmux.asked("#{alternate_on}") == "1"
            tmux.type("m")
            wait_for(lambda: "then Enter" in tmux.shown(), 10)
            tmux.type("door", "Enter")
            wait_for(lambda: board.marks == ["door"], 10)
            if ending == "key":
                tmux.type("q")
            else:
                os.kill(int(own.read_text()), signal.SIGTERM)
            wait_for(lambda: "icanon" in tmux.shown(), 10)
            after = tmux.shown()
            state = tmux.asked("#{alternate_on} #{cursor_flag} #{mouse_any_flag}")
            wait_for(lambda: any(" bye*" in line for line in board.asked))
        finally:
            tmux.close()
    assert f"CODE {0 if ending == 'key' else 143}" in after
    assert {"echo", "icanon"} <= set(after.split()) and "-icanon" not in after
    assert not re.search(BRAILLE, after)
    assert state == "0 1 0"
