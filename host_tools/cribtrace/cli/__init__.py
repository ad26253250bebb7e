"""The command `cribtrace`: results on stdout, everything else on stderr, exit codes that tell.

0 done; 1 failed; 2 usage; 3 something usable came out, but something was lost or damaged; 4 no
device, or it is busy or talks something else; 130 Ctrl-C, but 0 of those that it is to end:
`tail`, `live`, `hil record`; 128 + n another signal n.
"""

import os
import sys
import traceback
from collections.abc import Sequence

import rich_click as click

from cribtrace import __version__
from cribtrace.cli import (
    bench,
    board,
    check,
    config,
    defaults,
    examples,
    exports,
    files,
    firmware,
    follow,
    hil,
    library,
    measure,
    query,
    report,
    score,
    setup,
)
from cribtrace.cli.endings import let_go
from cribtrace.cli.output import say
from cribtrace.errors import INTERRUPTED, CribtraceError


class _Group(click.RichGroup):
    def format_help(self, ctx: click.RichContext, formatter: click.RichHelpFormatter) -> None:
        """Say where a profile lies, which is another place on each system."""
        from cribtrace import profile

        self.epilog = f"Defaults and a date of birth: {profile.own()} (docs/GETTING-STARTED.md)"
        super().format_help(ctx, formatter)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; click itself would make other exit codes of these two."""
        ctx.default_map = defaults.of(self, defaults.in_profile())
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            let_go(sys.stdout, error)  # `cribtrace ... | head` has had enough
            return 0
        except KeyboardInterrupt:
            say("interrupted")
            return INTERRUPTED


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cribtrace")
def group() -> None:
    """Follow, pull and look at the log of a crib motion sensor. Not a medical device."""


_FAMILIES = (
    setup,
    board,
    follow,
    firmware,
    check,
    config,
    measure,
    report,
    files,
    exports,
    library,
    query,
    bench,
    hil,
    score,
)
for _command in [command for family in _FAMILIES for command in family.COMMANDS]:
    group.add_command(_command)
    examples.add_to(_command, _command.name or "")

# In the order in which a person meets them.
_GROUPED = {
    "A new board": "setup flash deploy check calibrate tap-test selftest",
    "A night": "pull report why note decode export bundle",
    "Many nights": "library trend query",
    "A board, now": "tail live ports info config time list wipe",
    "Without hardware, for developers": "sim scenario replay score hil runtime",
}
GROUPS = [{"name": name, "commands": names.split()} for name, names in _GROUPED.items()]
click.rich_click.COMMAND_GROUPS = {"cribtrace": GROUPS}


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; return its exit code. Every error of a user's ends here, in a line."""
    try:
        code = group.main(arguments, prog_name="cribtrace", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        name = context.command_path if context else "cribtrace"
        line = f"{error.format_message().rstrip('.')}: see `{name} --help`"
        return _failed(error, line, error.exit_code)
    except click.Abort as error:
        return _failed(error, "interrupted", INTERRUPTED)
    except CribtraceError as error:
        return _failed(error, str(error), error.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _failed(error, f"{where}{error.strerror or error}", 1)


def _failed(error: BaseException, line: str, code: int) -> int:
    if os.environ.get("CRIBTRACE_TRACEBACK") == "1":
        traceback.print_exception(error)
    say(line)
    return code


def main() -> None:
    """Entry point of the command."""
    sys.exit(run())
