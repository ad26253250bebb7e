"""The REPL of an ESP32, friendly and raw with raw paste, spoken over the simulated console.

After shared/runtime/pyexec.c of MicroPython, as far as mpremote and a person at a terminal use
it. The unix port has neither a raw REPL nor a console that can be replaced.
"""

import builtins
import io
import os
import sys

from micropython import const

_CTRL_A = const(1)
_CTRL_B = const(2)
_CTRL_C = const(3)
_CTRL_D = const(4)
_CTRL_E = const(5)
_BACKSPACE = const(8)
_LF = const(10)
_CR = const(13)
_DELETE = const(127)
_WINDOW = const(128)

_FRIENDLY = (
    b'MicroPython v%d.%d.%d; virtual board with %s\r\nType "help()" for more information.\r\n'
)
_RAW = b"raw REPL; CTRL-B to exit\r\n"


class Repl:
    """One console's REPL. It keeps its mode, friendly or raw, across soft resets."""

    def __init__(self, console, clock, sensor_name):
        self._banner = _FRIENDLY % (sys.implementation.version[:3] + (sensor_name,))
        self._console = console
        self._clock = clock
        self._stdout_print = builtins.print
        self.raw = False
        self.names = {}
        builtins.print = self._print

    def _print(self, *values, sep=" ", end="\n", file=None):
        if file is not None:
            self._stdout_print(*values, sep=sep, end=end, file=file)
            return
        text = sep.join([str(v) for v in values]) + end
        self._console.write(text.replace("\n", "\r\n").encode())

    def _show(self, value):
        if value is not None:
            self._print(repr(value))

    def forget(self):
        """Drop the names of __main__ and whatever the program put in place of print."""
        self.names = {"__name__": "__main__"}
        builtins.print = self._print
        builtins.__repl_print__ = self._show  # pyright: ignore[reportAttributeAccessIssue]

    def write(self, raw_bytes):
        """Write bytes to the console."""
        self._console.write(raw_bytes)

    def report(self, error):
        """Print an exception with its traceback."""
        text = io.StringIO()  # of which the stubs know little
        sys.print_exception(error, text)  # pyright: ignore[reportArgumentType]
        self.write(text.getvalue().replace("\n", "\r\n").encode())  # pyright: ignore[reportAttributeAccessIssue]

    def run_file(self, path):
        """Execute a file in __main__, if there is one; what it raises is reported."""
        try:
            os.stat(path)
        except OSError:
            return
        self._console.interrupts = True
        try:
            builtins.execfile(path, self.names)
        except SystemExit:
            pass
        except BaseException as error:  # the REPL outlives whatever the program does
            self._console.interrupts = False
            self.report(error)
        self._console.interrupts = False

    def run(self):
        """Serve until a soft reset is asked for."""
        while True:
            self.raw, reset = self._raw() if self.raw else self._friendly()
            if reset:
                return

    def _read_key(self):
        console = self._console
        self._clock.attended = True
        try:
            key = console.read_byte()
            while key < 0:
                self._clock.idle(1000)
                key = console.read_byte()
        finally:
            self._clock.attended = False
        return key

    def _execute(self, source, kind, mark):
        """Run source text; `mark` goes out after its output and after its traceback."""
        reset = False
        self._console.interrupts = True
        try:
            try:
                exec(compile(source, "<stdin>", kind), self.names)
            finally:
                self._console.interrupts = False
                self.write(mark)
        except SystemExit:
            reset = True
        except BaseException as error:  # as above
            self.report(error)
        self.write(mark)
        return reset

    def _friendly(self):
        self.write(self._banner)
        lines = []
        while True:
            self.write(b"... " if lines else b">>> ")
            key, line = self._read_line(not lines)
            if key == _CTRL_A:
                return True, False
            if key == _CTRL_B:
                self.write(b"\r\n" + self._banner)
            if key == _CTRL_D:
                self.write(b"\r\n")
                return False, True
            if key != _CR:
                lines = []
                continue
            lines.append(line)
            if _continues(lines):
                continue
            source = "\n".join(lines)
            lines = []
            if source.strip() and self._execute(source + "\n", "single", b""):
                return False, True

    def _read_line(self, empty_commands):
        """A line that was typed, with the key that ended it."""
        line = bytearray()
        while True:
            key = self._read_key()
            if key in (_CR, _LF):
                self.write(b"\r\n")
                return _CR, str(line, "utf-8")
            if key == _CTRL_C:
                self.write(b"\r\n")
                return key, ""
            if key in (_CTRL_A, _CTRL_B, _CTRL_D):
                if not line and empty_commands:
                    return key, ""
            elif key in (_BACKSPACE, _DELETE):
                if line:
                    line = line[:-1]
                    self.write(b"\b \b")
            elif key >= 32 or key == 9:
                line.append(key)
                self.write(bytes((key,)))

    def _raw(self):
        self.write(_RAW + b">")
        source = bytearray()
        while True:
            key = self._read_key()
            if key == _CTRL_A:
                if source[:1] != b"\x05":
                    self.write(_RAW)
                elif source[1:] != b"A":
                    self.write(b"R\x00")
                elif self._paste():
                    return True, True
                self.write(b">")
            elif key == _CTRL_B:
                self.write(b"\r\n")
                return False, False
            elif key == _CTRL_D:
                self.write(b"OK" if source else b"OK\r\n")
                if not source or self._execute(bytes(source), "exec", b"\x04"):
                    return True, True
                self.write(b">")
            elif key != _CTRL_C:
                source.append(key)
                continue
            source = bytearray()

    def _paste(self):
        """Raw paste: the source comes in windows; returns whether a soft reset was asked for."""
        self.write(b"R\x01" + bytes((_WINDOW, 0, 1)))
        source = bytearray()
        left = _WINDOW
        while True:
            key = self._read_key()
            if key in (_CTRL_C, _CTRL_D):
                break
            source.append(key)
            left -= 1
            if left == 0:
                self.write(b"\x01")
                left = _WINDOW
        self.write(b"\x04")
        if key == _CTRL_C:
            self.write(b"\x04\x04")
            return False
        return self._execute(bytes(source), "exec", b"\x04")


def _continues(lines):
    """Whether what was typed so far wants another line."""
    text = "\n".join(lines)
    if sum(text.count(c) for c in "([{") > sum(text.count(c) for c in ")]}"):
        return True
    return lines[0].rstrip().endswith(":") and lines[-1].strip() != ""
