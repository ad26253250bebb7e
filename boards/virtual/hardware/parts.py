"""The parts of the virtual board. `boot.power_on` fills these in before the flash boots.

They outlive a soft reset, as silicon does: only modules that came from the flash are dropped.
"""

clock = None
imu = None
i2c = None
flash = None
console = None
retained = None
watchdog = None
reset = None
reset_cause = "power_on"
facts = {}
