"""Power on the virtual board: `micropython -X heapsize=160k power.py FACTS.json`.

FACTS.json: flash, recording, retained (paths), frames, rate_mhz, rate_uhz, mlsb_per_g, sensor,
module (the name of model and driver), sensor_name (in the log), odr (nominal, Hz), freq_fine,
permille (speed; 0: greatest), baud (0: no rate), cause, first_frame, worst_every; perhaps
clock_chip and faults.
stdin and stdout are the console; stdin is non-blocking. stderr carries lines of JSON.
Exit codes 64, 65 and 67 ask for a restart: a hard reset, the watchdog, a brown-out.
"""

import gc
import json
import sys

import micropython

micropython.opt_level(3)

from hardware import boot, parts  # noqa: E402

micropython.opt_level(0)


def main(path):
    """Read the facts, connect the parts, and run what the flash holds."""
    with open(path) as f:
        facts = json.load(f)
    parts.power_on(facts)
    gc.collect()
    boot.run()


main(sys.argv[1])
