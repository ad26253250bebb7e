"""The BMI270 model against the facts of BST-BMI270-DS000 and Bosch's BMI270_SensorAPI. By name.

Each test names what it rests on; nothing here knows the driver.
"""

import sys

from virtual_rig import Rig, fails, run
from virtual_rig import wait_100_hz as wait

PERIOD_US = 10_000


def new(**how):
    rig = Rig(odr=100, rate_uhz=100_000_000, sensor="bmi270", **how)
    rig.clock.charge(1000)
    return rig


def load(rig, count=8192, step=256):
    """PWR_CONF 0, INIT_CTRL 0, the bytes word-addressed, INIT_CTRL 1, 20 ms (DS 4.4)."""
    rig.w(0x7C, 0x00)
    rig.clock.charge(450)
    rig.w(0x59, 0x00)
    for at in range(0, count, step):
        rig.w(0x5B, at // 2 & 0x0F, at // 2 >> 4)
        rig.i2c.writeto_mem(rig.address, 0x5E, bytes(min(step, count - at)))
    rig.w(0x59, 0x01)


def started(config_0=0x00, config_1=0x50, watermark=448, **how):
    """Loaded; accelerometer at 100 Hz, +-2 g, into the FIFO."""
    rig = new(**how)
    load(rig)
    rig.clock.charge(20_000)
    rig.w(0x40, 0xA8)
    rig.w(0x41, 0x00)
    rig.w(0x46, watermark & 0xFF, watermark >> 8)
    rig.w(0x48, config_0)
    rig.w(0x49, config_1)
    rig.w(0x7D, 0x04)
    return rig


def length(rig):
    low, high = rig.r(0x24, 2)
    return low | high << 8


def sensor_time(rig):
    return int.from_bytes(rig.r(0x18, 3), "little")


def test_identity_and_reset_values():
    # DS 5: CHIP_ID 0x24 and the registers that do not reset to 0.
    rig = new()
    expected = {0x00: 0x24, 0x40: 0xA8, 0x41: 0x02, 0x42: 0xA9, 0x45: 0x88, 0x47: 0x02, 0x48: 0x02,
                0x49: 0x10, 0x7C: 0x03}  # fmt: skip
    for reg in (0x00, 0x02, 0x1D, 0x21, 0x40, 0x41, 0x42, 0x43, 0x45, 0x46, 0x47, 0x48, 0x49, 0x53,
                0x54, 0x55, 0x58, 0x59, 0x6D, 0x7C, 0x7D, 0x7E):  # fmt: skip
        assert rig.r(reg)[0] == expected.get(reg, 0), hex(reg)
    rig.w(0x00, 0x12)
    assert rig.r(0x00)[0] == 0x24


def test_without_its_configuration_it_answers_and_is_dead():
    # DS 4.4, 4.6: CHIP_ID reads, INTERNAL_STATUS is not 1, no data.
    rig = new()
    rig.w(0x7C, 0x00)
    rig.w(0x41, 0x00)
    rig.w(0x49, 0x50)
    rig.w(0x7D, 0x04)
    wait(rig, 30)
    assert rig.r(0x00)[0] == 0x24 and rig.r(0x21)[0] & 0x0F != 1
    assert length(rig) == 0 and rig.r(0x03)[0] & 0x80 == 0
    assert rig.r(0x26, 7)[0] == 0x44, "no frame: the time, which is asked for after a reset"


def test_8192_bytes_in_a_row_and_20_ms_bring_it_to_life():
    # P, bmi2_write_config_file: INTERNAL_STATUS b3:0 is 1 then.
    for step in (8192, 1024, 256, 16):
        rig = new()
        load(rig, step=step)
        assert rig.r(0x21)[0] & 0x0F == 0
        rig.clock.charge(20_000)
        assert rig.r(0x21)[0] & 0x0F == 1, step


def test_anything_but_8192_bytes_in_a_row_fails():
    # P: INTERNAL_STATUS 2 is an error.
    for count in (0, 256, 8176):
        rig = new()
        load(rig, count=count)
        rig.clock.charge(20_000)
        assert rig.r(0x21)[0] & 0x0F == 2, count
    rig = new()
    rig.w(0x7C, 0x00)
    rig.w(0x59, 0x00)
    for _ in range(0, 8192, 256):  # the address is not moved on
        rig.i2c.writeto_mem(rig.address, 0x5E, bytes(256))
    rig.w(0x59, 0x01)
    rig.clock.charge(20_000)
    assert rig.r(0x21)[0] & 0x0F == 2


def test_it_is_not_loaded_in_power_save():
    # DS, PWR_CONF b0 adv_power_save resets to 1.
    rig = new()
    rig.w(0x59, 0x00)
    for at in range(0, 8192, 256):
        rig.w(0x5B, at // 2 & 0x0F, at // 2 >> 4)
        rig.i2c.writeto_mem(rig.address, 0x5E, bytes(256))
    rig.w(0x59, 0x01)
    rig.clock.charge(20_000)
    assert rig.r(0x21)[0] & 0x0F == 2


def test_a_reset_takes_2_ms_and_the_configuration_with_it():
    # P: soft reset 0xB6, 2 ms; DS: CMD reads 0.
    rig = started()
    wait(rig, 5)
    rig.w(0x7E, 0xB6)
    assert fails(lambda: rig.r(0x00))
    rig.clock.charge(2000)
    assert rig.r(0x21)[0] == 0 and rig.r(0x7D)[0] == 0 and rig.r(0x7C)[0] == 0x03
    assert rig.r(0x7E)[0] == 0
    rig = started()
    rig.imu.power_cycle()
    assert rig.r(0x21)[0] == 0


def test_frames_have_a_header_and_come_one_for_one():
    # DS 4.8: 0x84, then x, y, z, 16 bit little-endian.
    rig = started()
    wait(rig, 10)
    assert length(rig) == 7 * rig.fifo.level() >= 63
    raw = rig.r(0x26, 7 * 5)
    assert raw[0:7] == b"\x84\x00\x00\x00\x00\x64\x00"
    assert raw[28:35] == b"\x84\x04\x00\xfc\xff\x60\x00"


def test_headerless_frames_have_six_bytes():
    # DS 4.8: header_en 0; what is read beyond the last is 0x8000.
    rig = started(config_1=0x40)
    wait(rig, 5)
    n = rig.fifo.level()
    assert length(rig) == 6 * n
    raw = rig.r(0x26, 6 * n + 6)
    assert raw[6:12] == b"\x01\x00\xff\xff\x63\x00" and raw[6 * n :] == b"\x00\x80" * 3


def test_a_frame_that_was_read_in_part_is_delivered_again_as_a_whole():
    # DS 4.8, P.
    rig = started()
    wait(rig, 10)
    raw = rig.r(0x26, 7 * 2 + 4)
    assert rig.r(0x26, 7)[:4] == raw[14:] and raw[15] == 2


def test_2048_bytes_fit_and_a_skip_frame_tells_of_what_gave_way():
    # DS 4.8: the oldest whole frames go; the next burst begins with 0x40 and their number.
    rig = started()
    while rig.fifo.level() < 292:
        wait(rig, 1)
    assert length(rig) == 292 * 7 <= 2048 and rig.fifo.overwritten() == 0
    wait(rig, 5)
    assert length(rig) == 292 * 7 and rig.fifo.overwritten() == 5
    raw = rig.r(0x26, 2 + 7)
    assert raw[:3] == b"\x40\x05\x84" and raw[3] == 5
    assert rig.r(0x26, 7)[0] == 0x84, "it is said once"


def test_a_skip_frame_counts_to_255():
    # DS 4.8: it saturates.
    for lost, told in ((254, 254), (255, 255), (300, 255)):
        rig = started()
        while rig.fifo.overwritten() < lost:
            wait(rig, 1)
        assert rig.r(0x26, 2) == bytes((0x40, told))


def test_stop_on_full_keeps_the_oldest():
    # DS, FIFO_CONFIG_0 b0.
    rig = started(config_0=0x01)
    wait(rig, 310)
    assert length(rig) == 292 * 7 and rig.r(0x26, 7)[:2] == b"\x84\x00"


def test_the_time_comes_behind_the_last_frame_of_a_burst_that_reads_on():
    # DS 4.8: time_en; 0x44 and three bytes, then 0x80.
    rig = started(config_0=0x02)
    wait(rig, 10)
    n = rig.fifo.level()
    raw = rig.r(0x26, 7 * n + 6)
    told = raw[7 * n + 1] | raw[7 * n + 2] << 8 | raw[7 * n + 3] << 16
    assert raw[7 * n] == 0x44 and raw[7 * n + 4] == 0x80
    assert 0 <= sensor_time(rig) - told < 150, "less the burst, and 2 ms for the interpreter"
    rig = started(config_0=0x00)
    wait(rig, 10)
    n = rig.fifo.level()
    assert rig.r(0x26, 7 * n + 1)[7 * n] == 0x80, "only where it is asked for"


def test_the_sensors_time_is_256_units_of_a_sample_at_100_hz():
    # DS, SENSORTIME: 39.0625 us, its lower bits 0 at the sample.
    rig = started()
    before = sensor_time(rig)
    for _ in range(100):
        rig.clock.charge(PERIOD_US)
    assert abs(sensor_time(rig) - before - 25_600) < 30
    while True:
        level = rig.fifo.level()
        rig.clock.charge(100)
        rig.imu.run(rig.clock.take_due())
        if rig.fifo.level() > level:
            break
    assert sensor_time(rig) & 0xFF < 15, "two transfers later"


def test_flushing_and_changing_the_fifo_empty_it():
    # DS: CMD 0xB0; a change of its configuration.
    for reg, value in ((0x7E, 0xB0), (0x48, 0x00), (0x49, 0x50), (0x46, 0x10)):
        rig = started()
        wait(rig, 20)
        rig.w(reg, value)
        assert length(rig) == 0, hex(reg)
        wait(rig, 3)
        assert 14 <= length(rig) <= 28


def test_interrupt_status_is_cleared_by_reading():
    # DS, INT_STATUS_1: b0 full, b1 watermark, in bytes.
    rig = started(watermark=70)
    wait(rig, 8)
    rig.r(0x1D)
    assert rig.r(0x1D)[0] & 3 == 0
    wait(rig, 4)
    assert rig.r(0x1D)[0] & 3 == 2
    wait(rig, 300)
    assert rig.r(0x1D)[0] & 3 == 3


def test_rates_and_full_scales():
    # DS, ACC_CONF b3:0: 7 is 50, 8 is 100, 9 is 200 Hz; ACC_RANGE: 0 +-2 g .. 3 +-16 g.
    for code, frames in ((7, 0.5), (8, 1), (9, 2), (6, 0.25), (0x0C, 16)):
        rig = started()
        rig.w(0x40, 0xA0 | code)
        rig.w(0x7E, 0xB0)
        wait(rig, 12)
        assert abs(rig.fifo.level() - 12 * frames) <= max(1, frames), code
    for code in range(4):
        rig = started(first_frame=1600)
        rig.w(0x41, code)
        wait(rig, 2)
        low, high = rig.r(0x0C, 2)
        assert (low | high << 8) - (1601 >> code) in (-1, 0, 1), code


def test_in_power_save_the_fifo_cannot_be_read():
    # DS, PWR_CONF: not unless fifo_self_wake_up, b1.
    rig = started()
    wait(rig, 10)
    rig.w(0x7C, 0x01)
    assert rig.r(0x26, 7) == bytes(7)
    rig.w(0x7C, 0x03)
    assert rig.r(0x26, 7)[0] == 0x84


def test_spi_has_a_dummy_byte_and_begins_with_a_read_that_chooses_it():
    # DS 6.3, P: one dummy byte; the first rise of the select pin changes the bus.
    rig = new()

    def read(dummies, n):
        got = bytearray(n)
        rig.spi.select(0)
        rig.spi.write(b"\x80" + bytes(dummies))
        rig.spi.readinto(got)
        rig.spi.select(1)
        return got

    assert read(1, 1)[0] == 0
    assert read(1, 1)[0] == 0x24
    assert read(0, 2) == b"\x00\x24", "without it everything comes a byte late"


def test_the_self_test_moves_x_and_z_up_and_y_down():
    # DS, ACC_SELF_TEST: from one sign to the other x > 16 g, y < -15 g, z > 10 g, at +-16 g.
    rig = started(frames=5)
    rig.w(0x40, 0xAC)
    rig.w(0x41, 0x03)

    def measured(code):
        rig.w(0x6D, code)
        wait(rig, 6)
        raw = rig.r(0x0C, 6)
        return [((raw[k] | raw[k + 1] << 8) ^ 0x8000) - 0x8000 for k in (0, 2, 4)]

    up, down = measured(0x0D), measured(0x09)
    x, y, z = [(a - b) / 2048 for a, b in zip(up, down)]
    assert x > 16 and y < -15 and z > 10, (x, y, z)
    assert measured(0x00) == measured(0x0C), "en"


def test_temperature():
    # DS, TEMPERATURE: 23 degrees + raw / 512.
    assert new().r(0x22, 2) == b"\x00\x00"


run(globals(), sys.argv[1])
