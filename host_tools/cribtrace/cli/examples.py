"""How each command is called: the last lines of its help."""

import inspect

import rich_click as click

_TEXT = """
cribtrace setup --board esp32_devkitc_lsm6dso
cribtrace setup --board xiao_esp32s3_lsm6dso --skip flash --minutes 5
cribtrace flash --board xiao_esp32s3_lsm6dso
cribtrace flash --board esp32 --erase      # a new board
cribtrace deploy --board xiao_esp32s3_lsm6dso
cribtrace check
cribtrace check --taps --json
cribtrace calibrate                        # the crib is empty
cribtrace calibrate --minutes 10
cribtrace tap-test
cribtrace tap-test --dry-run
cribtrace selftest
cribtrace ports
cribtrace ports --json
cribtrace info
cribtrace info --port /dev/ttyUSB0 --json
cribtrace config                           # show them
cribtrace config set waveforms_per_hour=60
cribtrace config reset                     # all of them
cribtrace config reset waveforms_per_hour
cribtrace time                             # tie the board to this clock
cribtrace time build/night                 # the clocks of a log
cribtrace list
cribtrace list --json
cribtrace wipe
cribtrace pull                             # into cribtrace-<device id>
cribtrace pull build/night --keep
cribtrace pull --started 19:40             # where no clock was known
cribtrace tail
cribtrace tail --filter event,fault --since 21:30
cribtrace tail --raw --json
cribtrace live
cribtrace live --every 5                   # over a slow line
cribtrace report                           # report.html, for a browser
cribtrace report build/night --format text
cribtrace report build/night --for clinician -o build/sheet.html
cribtrace why 03:12
cribtrace why 03:12:30 build/night --night 2026-11-20
cribtrace note build/night swaddled
cribtrace note build/night filmed --at 03:12 --text "left arm"
cribtrace note build/night                 # the notes there are
cribtrace note build/night --delete 2
cribtrace decode build/night
cribtrace decode build/night --json
cribtrace export build/night --format csv -o events.csv
cribtrace export build/night --format csv --what frames -o raw.csv
cribtrace export build/night --format npz --at 03:12 -o event.npz
cribtrace export nap.npz --format edf
cribtrace bundle build/night -o night.zip
cribtrace bundle build/night --shift-times --with-marks
cribtrace library add build/night --crib attic
cribtrace library list
cribtrace library backup nights.zip
cribtrace library add                      # of the log pulled last
cribtrace library add build/night --crib attic --zone Europe/Berlin
cribtrace library list --crib attic
cribtrace library delete 2026-11-20 --crib attic
cribtrace library restore nights.zip
cribtrace trend
cribtrace trend attic --format text --from 2026-10-01
cribtrace query "SELECT night, twitch FROM nights"
cribtrace query "SELECT night, asleep_h FROM nights" --format csv
cribtrace sim                              # prints its port
cribtrace sim night-1.npz --speed 60 --flash board.bin
cribtrace scenario                         # those there are
cribtrace scenario nap --seed 7 -o nap.npz
cribtrace scenario mine.toml
cribtrace replay nap.npz
cribtrace replay build/night               # a log, from its waveforms
cribtrace replay raw.csv --rate 104 --unit mg --json
cribtrace score nap.npz events.jsonl
cribtrace score truth.jsonl events.jsonl --seconds 600
cribtrace runtime
cribtrace hil run nap.npz
cribtrace hil record raw.npz --seconds 3600
cribtrace hil run nap.npz --pace 1
cribtrace hil run faults.toml --target virtual
cribtrace hil record raw.npz               # until Ctrl-C
"""


def _by_name() -> dict[str, tuple[str, ...]]:
    """Lines by their command; those of a command below another are that one's too."""
    found: dict[str, dict[str, None]] = {}
    for line in _TEXT.strip().splitlines():
        words = line.split()
        found.setdefault(words[1], {})[line] = None
        if words[1] in _WITH_BELOW and len(words) > 2 and words[2].isalpha():
            found.setdefault(f"{words[1]} {words[2]}", {})[line] = None
    return {name: tuple(lines) for name, lines in found.items()}


_WITH_BELOW = ("config", "library", "hil")
EXAMPLES = _by_name()


def add_to(command: click.Command, name: str) -> None:
    """Put its examples behind what a command says of itself, and so for those below it."""
    if name in EXAMPLES:
        lines = "\n  ".join(EXAMPLES[name])
        # The blank is a line for rich-click, which would leave an empty one out.
        example = f"\b\n \nFor example:\n  {lines}"
        command.help = f"{inspect.cleandoc(command.help or '')}\n\n{example}"
    if isinstance(command, click.Group):
        for below, one in command.commands.items():
            add_to(one, f"{name} {below}")
