"""Whether the chip that answers is the one that was expected; the error names the other one."""

import errno

# (register of the identity, its value): chip. LSM6DSO, ICM-42688-P, BMI270 and MPU data sheets;
# Linux st_lsm6dsx, inv_icm42600, inv_mpu6050 and bmi160 for their kin.
KNOWN = (
    (0x0F, 0x6C, "LSM6DSO"), (0x0F, 0x6A, "LSM6DS3TR-C"), (0x0F, 0x69, "LSM6DS3"),
    (0x0F, 0x6B, "LSM6DSR"), (0x75, 0x47, "ICM-42688-P"), (0x75, 0x67, "ICM-42670-P"),
    (0x75, 0x40, "ICM-42600"), (0x75, 0x42, "ICM-42605"), (0x75, 0x68, "MPU-6050"),
    (0x75, 0x70, "MPU-6500"), (0x75, 0x71, "MPU-9250"), (0x75, 0x73, "MPU-9255"),
    (0x75, 0x19, "MPU-6886"), (0x75, 0x74, "MPU-6515"), (0x75, 0x78, "MPU-6880"),
    (0x75, 0x11, "ICM-20600"), (0x75, 0x12, "ICM-20602"), (0x75, 0x20, "ICM-20690"),
    (0x75, 0x98, "ICM-20689"), (0x75, 0xA6, "ICM-20609"), (0x75, 0xAF, "ICM-20608"),
    (0x00, 0x24, "BMI270"), (0x00, 0xD1, "BMI160"), (0x00, 0x05, "QMI8658"),
)  # fmt: skip


def check(bus, address, wanted):
    """Return where `wanted` answers; raise an OSError that names what does instead of it.

    Nothing is written: a stranger's registers mean something else.
    """
    byte = bytearray(1)
    found = own = 0
    for register, value, name in KNOWN:
        if name == wanted:
            bus.readfrom_mem_into(address, register, byte)
            if byte[0] == value:
                return
            found = byte[0]
            own = register
    for kin in (True, False):  # in the register of another chip's identity may be anything
        for register, value, name in KNOWN:
            if (register == own) != kin:
                continue
            bus.readfrom_mem_into(address, register, byte)
            if byte[0] == value:
                told = "%s answers, not %s: deploy for a board that has it" % (name, wanted)
                raise OSError(errno.ENODEV, told)
    told = "what answers says 0x%02x and is no %s: a re-marked chip?" % (found, wanted)
    raise OSError(errno.ENODEV, told)
