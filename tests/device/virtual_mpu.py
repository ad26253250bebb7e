"""The MPU family's register model against its facts. Run by name, with a chip.

Each test says which fact it is about; "imu.md" are the project's notes on the data sheets, whose
section 5 has the sources: the register maps, Linux inv_mpu6050, i2cdevlib, Adafruit.
"""

import sys
from errno import ENODEV

import micropython
from mpu_rig import CHIPS, PERIOD_US, Rig, signed
from virtual_rig import run

CHIP = sys.argv[2]
WHO, SIZE, PACKET = CHIPS[CHIP]
FRAMES = SIZE // PACKET
SUCCESSOR = CHIP != "mpu6050"
TEMPERATURE = {"mpu6050": -3920, "mpu6886": 0}.get(CHIP, 1335)  # at 25 degrees


def sampling(config=0x03, **more):
    rig = Rig(CHIP, **more)
    rig.sample(config=config)
    return rig


def frame(k):
    """What the FIFO holds of frame k: x, y, z, and of the MPU-6886 the temperature (5.2)."""
    return (k, -k, 100 - k) + ((TEMPERATURE,) if PACKET == 8 else ())


def whole(rig):
    return rig.frames(PACKET)


def test_who_am_i():
    # 5.1: 6050 0x68, 6500 0x70, 9250 0x71, 9255 0x73, 6886 0x19; it cannot be written.
    rig = Rig(CHIP)
    assert rig.r(0x75)[0] == WHO
    rig.w(0x75, 0x55)
    assert rig.r(0x75)[0] == WHO


def test_only_its_own_address_answers():
    # 5.1: 0x68, AD0 low.
    rig = Rig(CHIP)
    assert rig.i2c.scan() == [0x68]
    try:
        rig.i2c.readfrom_mem_into(0x69, 0x75, bytearray(1))
    except OSError as error:
        assert error.errno == ENODEV
    else:
        raise AssertionError("0x69 answered")


def test_reset_values():
    # 5.1: PWR_MGMT_1 is 0x40 (asleep) of the 6050, 0x01 of the 9250.
    rig = Rig(CHIP)
    expected = {0x75: WHO, 0x6B: {"mpu6050": 0x40, "mpu6886": 0x41}.get(CHIP, 0x01)}
    for reg in [0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x23, 0x37, 0x38, 0x68, 0x6A, 0x6B, 0x6C, 0x75]:
        assert rig.r(reg)[0] == expected.get(reg, 0), hex(reg)


def test_a_reset_takes_its_time_and_clears_everything():
    # 5.1: PWR_MGMT_1 b7; after it 100 ms, register start-up 11 ms typical.
    rig = sampling()
    rig.wait_frames(5)
    rig.w(0x6B, 0x80)
    assert rig.r(0x6B)[0] & 0x80
    rig.w(0x23, 0x08)
    rig.clock.charge(11_000)
    assert rig.r(0x6B)[0] & 0x80, "not before the typical time"
    rig.clock.charge(89_000)
    assert not rig.r(0x6B)[0] & 0x80
    assert rig.r(0x23)[0] == 0 and rig.r(0x6A)[0] == 0 and rig.count() == 0
    assert len(rig.ended) == 1, "and the sensor was switched off by it"


def test_asleep_it_samples_nothing():
    # 5.1: PWR_MGMT_1 b6.
    rig = sampling()
    rig.w(0x6B, 0x41)
    rig.wait_frames(5)
    before = rig.count()
    rig.wait_frames(10)
    assert rig.count() == before
    rig.w(0x6B, 0x01)
    rig.wait_frames(10)
    assert rig.count() > before


def test_an_accelerometer_in_standby_samples_nothing():
    # 5.1: PWR_MGMT_2 b5:3 accelerometer, b2:0 gyroscope.
    rig = sampling()
    rig.w(0x6C, 0x07)
    rig.wait_frames(10)
    assert rig.count() >= 9 * PACKET, "the gyroscope's standby is none of the accelerometer's"
    rig.w(0x6C, 0x3F)
    before = rig.count()
    rig.wait_frames(10)
    assert rig.count() == before > 0, "and what is in the FIFO stays there"


def test_the_accelerometer_needs_time_to_start():
    # 5.1: 20 ms (6050) / 30 ms (6500 and later).
    for ms, invalid in ((0, 3 if SUCCESSOR else 2), (35, 0)):
        rig = Rig(CHIP)
        rig.w(0x6B, 0x41)  # some are awake after power-on
        rig.w(0x1A, 0x03)
        rig.w(0x19, 9)
        rig.w(0x23, 0x08)
        rig.w(0x6B, 0x01)
        rig.clock.charge(ms * 1000)
        rig.w(0x6A, 0x40)
        rig.wait_frames(10)
        got = whole(rig)
        assert [f[:3] for f in got[:invalid]] == [(0, 0, 0)] * invalid
        assert got[invalid : invalid + 3] == [frame(0), frame(1), frame(2)], (ms, got)


def test_the_rate_is_1_khz_over_1_plus_the_divider():
    # 5.1: SMPLRT_DIV with DLPF 1 .. 6: 100 Hz is 9, 200 is 4, 250 is 3, 500 is 1.
    for divider, per_slot in ((9, 1), (4, 2), (3, 2.5), (1, 5), (19, 0.5), (99, 0.1)):
        for filter_code in (1, 3, 6):
            rig = Rig(CHIP)
            rig.sample(config=filter_code, divider=divider)
            slots = 10 if per_slot > 1 else 20 * int(1 / per_slot) // 2
            rig.wait_frames(slots)
            assert abs(rig.count() // PACKET - slots * per_slot) <= 3, (divider, rig.count())


def test_without_the_filter_the_clock_is_8_khz():
    # 5.1: DLPF 0 is 260 Hz of bandwidth, on a gyroscope's clock of 8 kHz.
    for filter_code in (0, 7):
        rig = Rig(CHIP)
        rig.sample(config=filter_code, divider=79)
        rig.wait_frames(20)
        assert 19 <= rig.count() // PACKET <= 21


def test_every_frame_one_for_one():
    # 5.1: FIFO_R_W: big-endian. Frame 0 is the first that reaches the FIFO.
    rig = sampling()
    got = []
    for _ in range(30):
        rig.wait_frames(50)
        got += whole(rig)
    assert got == [frame(k) for k in range(len(got))] and len(got) > 1490
    waiting = rig.count() // PACKET
    assert rig.feed.produced() == len(got) + waiting


def test_fifo_en_chooses_and_the_order_is_that_of_the_registers():
    # 5.1: b7 temperature, b6:4 gyroscope, b3 accelerometer: accel, temp, gyro. 5.2: of the
    # MPU-6886 the temperature always comes with the accelerometer, and b4 is its gyroscope.
    if CHIP == "mpu6886":
        cases = ((0x08, (0, 0, 100, 0)), (0x18, (0, 0, 100, 0, 0, 0, 0)))
    else:
        cases = (
            (0x08, (0, 0, 100)),
            (0x88, (0, 0, 100, TEMPERATURE)),
            (0xF8, (0, 0, 100, TEMPERATURE, 0, 0, 0)),
            (0x48, (0, 0, 100, 0)),
            (0x80, (TEMPERATURE,)),
        )
    for parts, first in cases:
        rig = Rig(CHIP)
        rig.sample(parts=parts)
        rig.wait_frames(4)
        assert rig.count() % (2 * len(first)) == 0 and rig.count() >= 3 * 2 * len(first)
        assert tuple(rig.words(len(first))) == first, hex(parts)


def test_the_count_is_big_endian_bytes():
    # 5.1: FIFO_COUNTH/L 0x72/0x73.
    rig = sampling()
    rig.wait_frames(60)
    high, low = rig.r(0x72, 2)
    assert high << 8 | low == rig.fifo.level() and high >= 1
    assert (high << 8 | low) % PACKET == 0


def test_the_upper_byte_latches_the_lower():
    # 5.1: read H first, or both in one burst (H latches L).
    rig = sampling()
    rig.wait_frames(10)
    rig.r(0x72)
    latched = rig.fifo.level() & 0xFF
    rig.wait_frames(20)
    assert rig.r(0x73)[0] == latched != rig.fifo.level() & 0xFF
    assert rig.r(0x72, 2)[1] == rig.fifo.level() & 0xFF


def test_an_empty_fifo_repeats_the_last_byte():
    # 5.1: FIFO_R_W: an empty read repeats the last byte.
    rig = sampling()
    rig.wait_frames(3)
    n = rig.count()
    raw = rig.r(0x74, n + 5)
    assert raw[n:] == bytes([raw[n - 1]] * 5)
    assert rig.r(0x74, 2) == bytes([raw[n - 1]] * 2)


def test_a_burst_stays_at_fifo_r_w():
    # 5.1: FIFO_R_W is read in a burst; other registers follow one another.
    rig = sampling()
    rig.wait_frames(4)
    raw = rig.r(0x73, 1 + PACKET)  # from the count's lower byte on
    assert signed(raw[5], raw[6]) == 100, "z of frame 0"
    assert rig.r(0x19, 2) == bytes((9, 0x03))


def test_bytes_go_one_by_one():
    # 5.2: a byte FIFO, whatever a packet is.
    rig = sampling()
    rig.wait_frames(4)
    first = bytes([rig.r(0x74)[0] for _ in range(6)])
    assert [signed(first[k], first[k + 1]) for k in (0, 2, 4)] == [0, 0, 100]


def test_the_fifo_is_reset_only_while_it_is_off():
    # 5.1: USER_CTRL b6 FIFO_EN, b2 FIFO_RESET: self-clears, takes effect only while FIFO_EN = 0.
    rig = sampling()
    rig.wait_frames(5)
    rig.w(0x6A, 0x44)
    assert rig.r(0x6A)[0] == 0x40 and rig.count() > 0
    rig.w(0x6A, 0x00)
    rig.w(0x6A, 0x04)
    assert rig.r(0x6A)[0] == 0 and rig.count() == 0
    rig.wait_frames(5)
    assert rig.count() == 0, "off is off"
    rig.w(0x6A, 0x40)
    rig.wait_frames(5)
    got = whole(rig)
    assert 4 <= len(got) <= 6 and got[0][0] > 5


def test_a_fifo_that_is_off_is_not_read():
    # RM-MPU-6000A, 4.29: it cannot be written to or read from while it is disabled.
    rig = sampling()
    rig.wait_frames(5)
    rig.w(0x6A, 0x00)
    before = rig.count()
    rig.r(0x74, 12)
    assert rig.count() == before > 0


def test_it_holds_its_size_and_not_a_byte_is_lost_before():
    # 5.1: 6050 1024; 6500/9250 512. 5.2: 170 frames, 85; of the MPU-6886 128.
    rig = sampling()
    while rig.count() + PACKET <= SIZE:
        rig.clock.charge(PERIOD_US)
    assert rig.count() == FRAMES * PACKET and FRAMES == {1024: 1024 // PACKET, 512: 85}[SIZE]
    assert rig.r(0x3A)[0] & 0x10 == 0 and rig.fifo.overwritten() == 0
    rig.clock.charge(PERIOD_US)
    assert rig.r(0x3A)[0] & 0x10 and rig.fifo.overwritten() == 1


def test_when_it_is_full_new_bytes_take_old_ones():
    # 5.2: byte by byte: 1024 and 512 are no multiples of 6, so every later packet is shifted.
    for over in (1, 2, 3, 50, 400):
        rig = sampling()
        while rig.count() + PACKET <= SIZE:
            rig.clock.charge(PERIOD_US)
        first = rig.feed.position() - FRAMES
        rig.wait_frames(over)
        assert rig.count() == SIZE, "the count stays at the size"
        came = rig.feed.position()
        stream = []
        for k in range(first, came):
            for value in frame(k):
                stream += [value >> 8 & 0xFF, value & 0xFF]
        assert rig.r(0x74, SIZE) == bytes(stream[-SIZE:]), over
        shift = len(stream) - SIZE
        assert (shift % PACKET == 0) == (PACKET == 8)
        assert rig.fifo.overwritten() == -(-shift // PACKET)


def test_full_can_be_the_end():
    # 5.1, 5.2: CONFIG b6 FIFO_MODE of the 6500 and later: stop when full, which keeps alignment.
    rig = sampling(config=0x43)
    rig.wait_frames(FRAMES + 40)
    flags = rig.r(0x3A)[0]
    assert flags & 0x10
    if not SUCCESSOR:
        assert rig.count() == SIZE, "the 6050 knows no such mode"
        return
    assert rig.count() == FRAMES * PACKET
    got = whole(rig)
    assert got == [frame(k) for k in range(FRAMES)]
    rig.wait_frames(3)
    later = whole(rig)
    assert later[0][0] >= FRAMES + 40 and len(later) >= 3
    assert later == [frame(later[0][0] + k) for k in range(len(later))]


def test_the_overflow_flag_goes_when_it_is_read():
    # 5.1: INT_STATUS b4 FIFO_OFLOW, b0 DATA_RDY: cleared by reading; INT_ENABLE b4.
    rig = sampling()
    rig.wait_frames(FRAMES + 5)
    assert rig.r(0x3A)[0] == 0x11
    assert rig.r(0x3A)[0] & 0x10 == 0
    rig.wait_frames(1)
    assert rig.r(0x3A)[0] == 0x11, "it runs over again"
    rig.w(0x38, 0x00)
    rig.wait_frames(2)
    assert rig.r(0x3A)[0] == 0x01


def test_any_read_can_clear_the_status():
    # 5.1: INT_PIN_CFG b4.
    rig = sampling()
    rig.wait_frames(2)
    rig.w(0x37, 0x10)
    rig.r(0x19)
    assert rig.r(0x3A)[0] == 0
    rig.w(0x37, 0x00)
    rig.wait_frames(2)
    rig.r(0x19)
    assert rig.r(0x3A)[0] == 0x01


def test_there_is_no_watermark():
    # 5.1: "no watermark": nothing wakes the board.
    from hardware.feed import NEVER_US

    rig = sampling()
    rig.wait_frames(50)
    assert rig.imu.until_watermark_us() == NEVER_US


def test_outputs_are_big_endian_and_follow_the_last_sample():
    # 5.1: ACCEL_XOUT_H 0x3B, TEMP 0x41, GYRO 0x43.
    rig = sampling()
    rig.wait_frames(7)
    out = rig.r(0x3B, 14)
    last = whole(rig)[-1]
    assert [signed(out[k], out[k + 1]) for k in (0, 2, 4)] == list(last[:3])
    assert signed(out[6], out[7]) == TEMPERATURE
    assert out[8:] == bytes(6)
    rig.w(0x3B, 0x55)
    assert rig.r(0x3B) == out[:1], "they cannot be written"


def test_the_temperature_is_25_degrees():
    # 5.1: 6050 raw / 340 + 36.53; 6500/9250 raw / 333.87 + 21; 6886 raw / 326.8 + 25.
    slope, offset = {"mpu6050": (340, 36.53), "mpu6886": (326.8, 25)}.get(CHIP, (333.87, 21))
    rig = sampling()
    assert abs(signed(*rig.r(0x41, 2)) / slope + offset - 25) < 0.01


def test_full_scales():
    # 5.1: ACCEL_CONFIG b4:3: 0 +-2 g 16384, 1 8192, 2 4096, 3 2048.
    for code in range(4):
        rig = Rig(CHIP, first_frame=1600)
        rig.w(0x1C, code << 3)
        rig.sample()
        rig.wait_frames(3)
        assert whole(rig)[0][0] == 1600 >> code


def pushed_by(rig):
    rig.wait_frames(3)
    before = signed(*rig.r(0x3B, 2))
    rig.w(0x1C, rig.r(0x1C)[0] | 0xE0)
    rig.wait_frames(3)
    return signed(*rig.r(0x3B, 2)) - before


def test_the_self_test_pushes_as_its_registers_say():
    # 5.3: 6050: codes of five bits in 0x0D .. 0x10, at +-8 g
    # FT = 4096 * 0.34 * (0.92 / 0.34) ** ((code - 1) / 30). 6500 and later: one register an axis,
    # 2620 * 1.01 ** (code - 1) at +-2 g (InvenSense's kernel driver).
    rig = sampling(frames=5)  # nearly at rest
    trim = rig.r(0x0D, 4)
    if SUCCESSOR:
        promised = [2620 * 1.01 ** (code - 1) for code in trim[:3]]
    else:
        rig.w(0x1C, 0x10)
        low = (trim[3] >> 4 & 3, trim[3] >> 2 & 3, trim[3] & 3)
        codes = [(trim[k] >> 5) << 2 | low[k] for k in range(3)]
        assert 1 <= min(codes) and max(codes) <= 31
        promised = [4096 * 0.34 * (0.92 / 0.34) ** ((code - 1) / 30) for code in codes]
    got = pushed_by(rig)
    assert all(abs(got - due) < 8 for due in promised), (got, promised)


def test_the_mattress_moves_on_while_it_sleeps():
    rig = sampling()
    rig.wait_frames(22)
    before = whole(rig)[-1][0]
    rig.w(0x6B, 0x41)
    rig.wait_frames(100)
    rig.w(0x6B, 0x01)
    rig.wait_frames(10)
    got = [f for f in whole(rig) if f[2]]
    assert 100 <= got[-1][0] - before - 9 <= 103


def test_a_power_cycle_loses_the_registers():
    rig = sampling()
    rig.wait_frames(5)
    rig.imu.power_cycle()
    assert rig.r(0x23)[0] == 0 and rig.count() == 0 and rig.r(0x75)[0] == WHO


def test_the_sample_period_is_one_over_the_rate():
    for rate_uhz in (92_000_000, 100_000_000, 108_000_000):
        rig = sampling(rate_uhz=rate_uhz)
        start = rig.feed.position()
        for _ in range(200):
            rig.imu.run(100_000)
        assert abs(rig.feed.position() - start - 20 * rate_uhz // 1_000_000) <= 1


def test_reading_allocates_nothing():
    rig = sampling(config=0x43)
    count, burst = bytearray(2), bytearray(PACKET * 64)

    def drain(times):
        for _ in range(times):
            rig.clock.charge(700_000)
            rig.i2c.readfrom_mem_into(0x68, 0x72, count)
            rig.i2c.readfrom_mem_into(0x68, 0x74, burst)
            rig.i2c.readfrom_mem_into(0x68, 0x3A, count)
            rig.i2c.writeto_mem(0x68, 0x6A, b"\x40")

    drain(2)
    micropython.heap_lock()
    try:
        drain(60)
        for _ in range(5):
            rig.clock.charge(260_000_000)
        drain(1)
    finally:
        micropython.heap_unlock()
    assert rig.feed.ended and rig.fifo.overwritten() > 1000


run(globals(), sys.argv[1])
