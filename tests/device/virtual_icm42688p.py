"""The ICM-42688-P model against the facts of TDK DS-000347 and of Linux inv_icm42600. Run by name.

Each test names what it rests on; nothing here knows the driver.
"""

import sys

from virtual_rig import Rig, fails, run
from virtual_rig import wait_100_hz as wait


def new(**how):
    rig = Rig(odr=100, rate_uhz=100_000_000, sensor="icm42688p", **how)
    rig.clock.charge(2000)
    return rig


def started(endian=0x00, config=0x40, watermark=64, **how):
    """Low-noise mode, +-2 g, 100 Hz, FIFO in stream mode: the start that DS-000347 describes."""
    rig = new(**how)
    rig.w(0x4C, endian)
    rig.w(0x60, watermark & 0xFF, watermark >> 8)
    rig.w(0x5F, 0x01)
    rig.w(0x16, config)
    rig.w(0x50, 0x68)
    rig.w(0x4E, 0x03)
    rig.r(0x2E, 2)  # the first count is 0
    rig.clock.charge(300)
    return rig


def count(rig):
    low, high = rig.r(0x2E, 2)
    return low | high << 8


def packets(rig, n):
    raw = rig.r(0x30, 8 * n)
    return [bytes(raw[8 * k : 8 * k + 8]) for k in range(n)]


def xs(rig, n):
    found = [p[1] | p[2] << 8 for p in packets(rig, n)]
    return [None if x == 0x8000 else x for x in found]


def test_identity_and_reset_values():
    # DS 13, 14: WHO_AM_I 0x47; the registers that do not reset to 0.
    rig = new()
    expected = {
        0x2D: 0x10, 0x30: 0xFF, 0x4C: 0x30, 0x4F: 0x06, 0x50: 0x06, 0x52: 0x11, 0x53: 0x0D,
        0x54: 0x23, 0x64: 0x10, 0x65: 0x10, 0x75: 0x47,
    }  # fmt: skip
    for reg in (0x11, 0x13, 0x14, 0x16, 0x2D, 0x4B, 0x4C, 0x4E, 0x4F, 0x50, 0x52, 0x53, 0x54,
                0x5F, 0x60, 0x61, 0x63, 0x64, 0x65, 0x68, 0x70, 0x75, 0x76):  # fmt: skip
        assert rig.r(reg)[0] == expected.get(reg, 0), hex(reg)
    rig.w(0x75, 0x12)
    assert rig.r(0x75)[0] == 0x47
    # DS: ACCEL_DATA resets to 0x8000, big-endian as INTF_CONFIG0 resets to 0x30.
    assert rig.r(0x1F, 6) == b"\x80\x00" * 3


def test_a_reset_takes_a_millisecond_and_says_that_it_is_done():
    # DS, DEVICE_CONFIG: wait 1 ms; INT_STATUS b4 RESET_DONE, cleared by reading.
    rig = started()
    wait(rig, 5)
    rig.w(0x11, 0x01)
    assert fails(lambda: rig.r(0x75))
    rig.clock.charge(1000)
    assert rig.r(0x2D)[0] & 0x10 and not rig.r(0x2D)[0] & 0x10
    assert rig.r(0x50)[0] == 0x06 and rig.r(0x4E)[0] == 0
    wait(rig, 5)
    assert rig.r(0x2E, 2) == b"\x00\x00"


def test_the_first_count_after_a_reset_is_0():
    # Linux inv_icm42600_buffer.c: the first read of the count is a dummy.
    rig = new()
    rig.w(0x4C, 0x40)
    rig.w(0x5F, 0x01)
    rig.w(0x16, 0x40)
    rig.w(0x50, 0x68)
    rig.w(0x4E, 0x03)
    wait(rig, 20)
    assert count(rig) == 0 and count(rig) >= 19


def test_the_count_is_in_bytes_or_records_and_has_an_order_of_its_own():
    # DS, INTF_CONFIG0: b6 FIFO_COUNT_REC, b5 FIFO_COUNT_ENDIAN, b4 SENSOR_DATA_ENDIAN.
    for config in (0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70):
        rig = started(endian=config)
        wait(rig, 102)
        waiting = rig.fifo.level()
        first, second = rig.r(0x2E, 2)
        told = first << 8 | second if config & 0x20 else first | second << 8
        assert told == (waiting if config & 0x40 else 8 * waiting), hex(config)
        packet = packets(rig, 10)[9]
        x = packet[1] << 8 | packet[2] if config & 0x10 else packet[1] | packet[2] << 8
        assert x == 7, (hex(config), packet)


def test_the_upper_byte_of_the_count_is_latched_with_the_lower():
    # DS p. 69: reading FIFO_COUNTL latches both.
    rig = started(endian=0x40)
    wait(rig, 90)
    before = count(rig)
    wait(rig, 200)
    assert rig.r(0x2E)[0] == before & 0xFF, "alone it is what it was"
    assert count(rig) > before


def test_a_packet_is_a_header_three_axes_and_a_temperature():
    # DS 6.1: packet 1, 8 bytes, header 0x40: accelerometer, 16 bit, no timestamp.
    rig = started()
    wait(rig, 10)
    found = packets(rig, 8)
    assert [p[0] for p in found] == [0x40] * 8 and [p[7] for p in found] == [0] * 8
    assert found[5][1:7] == b"\x03\x00\xfd\xff\x61\x00"


def test_samples_from_before_it_has_settled_are_the_lowest_number():
    # DS, Linux: -32768 marks an invalid sample; start-up takes 10 to 20 ms.
    rig = started()
    wait(rig, 6)
    assert xs(rig, 5) == [None, None, 0, 1, 2]


def test_an_empty_fifo_reads_as_ff():
    # DS 6.1: header b7 says that the FIFO is empty; FIFO_DATA resets to 0xFF.
    rig = started()
    wait(rig, 4)
    rig.r(0x30, 8 * rig.fifo.level())
    assert rig.r(0x30, 9) == b"\xff" * 9
    wait(rig, 2)
    raw = rig.r(0x30, 8 * 4)
    assert raw[0] == 0x40 and raw[24] & 0x80


def test_a_packet_that_was_read_in_part_comes_again():
    # DS, FIFO_CONFIG1: RESUME_PARTIAL_RD 0.
    rig = started()
    wait(rig, 8)
    raw = rig.r(0x30, 8 * 3 + 5)
    assert rig.r(0x30, 8)[:5] == raw[24:]


def test_without_resume_partial_rd_a_fifo_read_in_part_may_come_again_as_a_whole():
    # DS, FIFO_CONFIG1 b6: 0 "requires re-reading of the entire FIFO", 1 resumes.
    for rereads, code, again in ((True, 0x01, True), (True, 0x41, False), (False, 0x01, False)):
        rig = started()
        rig.imu.rereads = rereads
        rig.w(0x5F, code)
        wait(rig, 8)
        waiting = rig.fifo.level()
        first = xs(rig, 3)
        assert (xs(rig, waiting - 3)[:3] == first) == again, (rereads, code)
        assert rig.fifo.level() == (waiting if again else 0)
        xs(rig, waiting)
        assert rig.fifo.level() == 0, "all at once they go"


def test_255_packets_fit_and_then_the_oldest_give_way_and_are_counted():
    # DS 6: 2 KB, one packet reserved; stream mode overwrites the oldest; FIFO_LOST_PKT counts.
    for low_first in (False, True):
        rig = started(endian=0x40)
        rig.imu.lost_low_first = low_first
        wait(rig, 255)
        assert count(rig) == 255 and rig.r(0x6C, 2) == b"\x00\x00"
        wait(rig, 45)
        assert count(rig) == 255
        assert rig.r(0x6C, 2) == (b"\x2d\x00" if low_first else b"\x00\x2d")
        # Two of the 45 were the invalid first ones.
        assert rig.fifo.overwritten() == 43 and xs(rig, 1) == [43]
        wait(rig, 300)
        assert sum(rig.r(0x6C, 2)) > 45, "it goes on counting"


def test_stop_on_full_keeps_the_oldest():
    # DS, FIFO_CONFIG b7:6: 2 and 3 stop on full, 0 bypass.
    for config in (0x80, 0xC0):
        rig = started(config=config, endian=0x40)
        wait(rig, 300)
        assert count(rig) == 255 and xs(rig, 4) == [None, None, 0, 1]
    rig = started(config=0x00, endian=0x40)
    wait(rig, 30)
    assert count(rig) == 0


def test_changing_the_fifo_and_flushing_it_empty_it():
    # DS: a change of the FIFO's registers flushes; SIGNAL_PATH_RESET b1.
    for reg, value in ((0x16, 0x40), (0x5F, 0x01), (0x60, 32), (0x4B, 0x02)):
        rig = started(endian=0x40)
        wait(rig, 20)
        rig.w(reg, value)
        assert count(rig) == 0, hex(reg)
        wait(rig, 3)
        assert 2 <= count(rig) <= 4, hex(reg)
        assert rig.r(0x4B)[0] == 0, "it clears itself"


def test_interrupt_status_is_cleared_by_reading():
    # DS, INT_STATUS: b1 full, b2 threshold, b3 new sample.
    rig = started(endian=0x40, watermark=10)
    rig.r(0x2D)
    wait(rig, 8)
    assert rig.r(0x2D)[0] & 0x0E == 0x08
    wait(rig, 4)
    assert rig.r(0x2D)[0] & 0x06 == 0x04
    wait(rig, 250)
    assert rig.r(0x2D)[0] & 0x06 == 0x02
    packets(rig, 255)
    rig.r(0x2D)
    assert rig.r(0x2D)[0] & 0x0E == 0


def test_the_threshold_is_told_once_unless_wm_gt_th():
    # DS, FIFO_CONFIG1 b5.
    for code, again in ((0x01, 0), (0x21, 0x04)):
        rig = started(endian=0x40, watermark=10)
        rig.w(0x5F, code)
        wait(rig, 12)
        assert rig.r(0x2D)[0] & 0x04
        wait(rig, 2)
        assert rig.r(0x2D)[0] & 0x04 == again
        packets(rig, rig.fifo.level())
        rig.r(0x2D)
        wait(rig, 12)
        assert rig.r(0x2D)[0] & 0x04, "and at the next crossing"


def test_full_scales_and_rates():
    # DS, ACCEL_CONFIG0: b7:5 0 is +-16 g, 3 is +-2 g; b3:0 7 is 200, 8 is 100, 9 is 50 Hz.
    for code, divisor in ((3, 1), (2, 2), (1, 4), (0, 8)):
        rig = new(first_frame=1600)
        rig.w(0x50, code << 5 | 8)
        rig.w(0x4E, 0x03)
        wait(rig, 4)
        high, low = rig.r(0x1F, 2)
        assert high << 8 | low == (1600 + (1 if divisor == 1 else 0)) // divisor, code
    for code, frames in ((7, 2), (8, 1), (9, 0.5), (0xF, 5), (0xA, 0.25)):
        rig = started(endian=0x40)
        rig.w(0x50, 0x60 | code)
        rig.r(0x30, 8)
        rig.w(0x4B, 0x02)
        wait(rig, 40)
        assert abs(rig.fifo.level() - 40 * frames) <= 1, code


def test_a_changed_rate_is_marked_in_the_next_header():
    # DS 6.1: header b1.
    rig = started(endian=0x40)
    wait(rig, 4)
    packets(rig, rig.fifo.level())
    rig.w(0x50, 0x69)
    wait(rig, 10)
    assert [p[0] for p in packets(rig, 4)] == [0x42, 0x40, 0x40, 0x40]


def test_what_may_not_be_written_while_it_runs_is_noticed():
    # DS 12: only rate, scale and mode while sensors run; nothing for 200 us after off -> on.
    rig = started()
    assert rig.imu.breaches == 0
    wait(rig, 1)
    rig.w(0x50, 0x68)
    assert rig.imu.breaches == 0
    rig.w(0x52, 0x01)
    assert rig.imu.breaches == 1
    rig = new()
    rig.w(0x4E, 0x03)
    rig.w(0x50, 0x68)  # over I2C at 400 kHz a write takes 100 us
    assert rig.imu.breaches == 1


def test_the_bus_that_is_not_used_can_be_switched_off():
    # DS, INTF_CONFIG0 b1:0: 2 disables SPI, 3 I2C.
    rig = new()
    rig.w(0x4C, 0x03)
    assert fails(lambda: rig.r(0x75))
    rig = new()
    rig.w(0x4C, 0x02)
    rig.spi.select(0)
    rig.spi.write(b"\xf5")
    assert fails(lambda: rig.spi.readinto(bytearray(1)))


def test_spi_reads_with_bit_7_and_writes_without():
    # DS 9.5: mode 0 or 3, bit 7 of the first byte is 1 for a read; no dummy byte.
    rig = new()
    got = bytearray(2)
    rig.spi.select(0)
    rig.spi.write(b"\xf5")
    rig.spi.readinto(got)
    rig.spi.select(1)
    assert got[0] == 0x47
    rig.spi.select(0)
    rig.spi.write(b"\x60")
    rig.spi.write(b"\x11\x01")
    rig.spi.select(1)
    assert rig.r(0x60, 2) == b"\x11\x01"
    rig.spi.readinto(got)
    assert got[0] == 0x47, "not selected, it drives nothing"


def test_banks_hide_each_other_but_for_their_selector():
    # DS, REG_BANK_SEL 0x76: visible in every bank.
    rig = new()
    rig.w(0x76, 0x01)
    assert rig.r(0x75)[0] == 0 and rig.r(0x76)[0] == 1
    rig.w(0x7C, 0x5C)
    rig.w(0x50, 0x12)
    assert rig.r(0x7C)[0] == 0x5C
    rig.w(0x76, 0x02)
    assert rig.r(0x7C)[0] == 0
    rig.w(0x76, 0x00)
    assert rig.r(0x75)[0] == 0x47 and rig.r(0x50)[0] == 0x06


def test_the_timestamp_counts_30_of_32_microseconds():
    # DS, TMST_CONFIG: without an external clock 1000 us read as 937 or 938; 20 bits, bank 1.
    rig = started()

    def stamp():
        rig.w(0x4B, 0x04)
        rig.w(0x76, 0x01)
        value = int.from_bytes(rig.r(0x62, 3), "little")
        rig.w(0x76, 0x00)
        return value

    before = stamp()
    for _ in range(10):
        rig.clock.charge(10_000)
    assert abs(((stamp() - before) & 0xFFFFF) - 93_750) < 900
    assert stamp() < 1 << 20


def test_the_self_test_needs_its_power_and_all_three_axes():
    # DS, SELF_TEST_CONFIG: b6 power, b5:3 z, y, x.
    for code, pushed in ((0x78, True), (0x38, False), (0x40, False), (0x00, False)):
        rig = started(frames=5)
        wait(rig, 10)
        rig.w(0x70, code)
        wait(rig, 3)
        low, high = rig.r(0x1F, 2)
        assert (abs(((low | high << 8) ^ 0x8000) - 0x8000) > 800) == pushed, hex(code)


def test_the_oscillator_may_be_off_by_8_percent():
    # DS 4.10: as high as +-8 % in RCOSC mode.
    for percent in (-8, 8):
        rig = started(endian=0x40)
        rig.feed.run_at(1_000_000 * (100 + percent))
        packets(rig, rig.fifo.level())
        wait(rig, 200)
        assert abs(rig.fifo.level() - 2 * (100 + percent)) <= 1


run(globals(), sys.argv[1])
