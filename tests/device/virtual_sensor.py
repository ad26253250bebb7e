"""The LSM6DSO model against its facts: registers, FIFO, timestamps, loss. Run by name."""

import sys
from errno import ENODEV

import micropython
from virtual_rig import PERIOD_US, RATE_UHZ, Rig, run


def steps(numbers):
    return {numbers[k + 1] - numbers[k] for k in range(len(numbers) - 1)}


def test_identity_and_reset_values():
    rig = Rig()
    expected = {0x02: 0x3F, 0x0F: 0x6C, 0x12: 0x04, 0x18: 0xE0}
    for reg in [0x01, 0x02] + list(range(0x07, 0x1A)):
        assert rig.r(reg)[0] == expected.get(reg, 0), hex(reg)
    rig.w(0x0F, 0x55)
    assert rig.r(0x0F)[0] == 0x6C


def test_only_its_own_address_answers():
    rig = Rig()
    assert rig.i2c.scan() == [0x6A]
    for transfer in (rig.i2c.readfrom_mem_into, rig.i2c.writeto_mem):
        try:
            transfer(0x6B, 0x0F, bytearray(1))
        except OSError as error:
            assert error.errno == ENODEV
        else:
            raise AssertionError("0x6B answered")


def test_software_reset_clears_itself_and_the_rest():
    rig = Rig()
    rig.sample()
    rig.wait_frames(10)
    told = []
    rig.imu._on_sensor_off = lambda feed, fifo: told.append(feed.produced())
    rig.w(0x12, 0x45)
    assert len(told) == 1 and 7 <= told[0] <= 9, told
    rig.w(0x09, 0x04)
    assert rig.r(0x12)[0] == 0x05 and rig.r(0x09)[0] == 0, "it takes 50 us to 10 ms"
    rig.clock.charge(10_000)
    assert rig.r(0x12)[0] == 0x04
    rig.w(0x09, 0x04)
    assert rig.r(0x09)[0] == 0x04
    assert rig.r(0x10)[0] == 0 and rig.r(0x0A)[0] == 0 and rig.level() == 0
    rig.wait_frames(10)
    assert rig.level() == 0


def test_auto_increment_can_be_switched_off():
    rig = Rig()
    rig.w(0x07, 0x11, 0x01, 0x22)
    assert rig.r(0x07, 3) == b"\x11\x01\x22"
    rig.w(0x12, 0x00)
    assert rig.r(0x07, 3) == b"\x11\x11\x11"
    rig.w(0x07, 0x33, 0x44)
    assert rig.r(0x07)[0] == 0x44 and rig.r(0x08)[0] == 0x01


def test_other_register_banks_hide_this_one():
    rig = Rig()
    rig.w(0x01, 0x80)
    rig.w(0x07, 0x12)
    assert rig.r(0x0F)[0] == 0 and rig.r(0x01)[0] == 0x80
    rig.w(0x01, 0x00)
    assert rig.r(0x0F)[0] == 0x6C and rig.r(0x07)[0] == 0


def test_words_carry_tag_counter_and_even_parity():
    rig = Rig()
    rig.sample()
    rig.wait_frames(20)
    raw = rig.r(0x78, 7 * 20)
    for k in range(20):
        tag = raw[7 * k]
        assert tag >> 3 == 2
        assert (tag >> 1 & 3) == (raw[0] + 2 * k >> 1 & 3)
        assert sum(tag >> bit & 1 for bit in range(8)) % 2 == 0


def test_two_start_up_words_then_every_frame_one_for_one():
    rig = Rig()
    rig.sample()
    got = []
    for _ in range(40):
        rig.wait_frames(50)
        got += rig.frames()
    assert got == [None, None] + list(range(len(got) - 2))
    assert 2000 <= len(got) <= 2100
    assert rig.feed.produced() == len(got) - 2 + rig.fifo.level()


def test_all_three_axes_unscaled():
    rig = Rig(first_frame=1234)
    rig.sample()
    rig.wait_frames(3)
    assert rig.words()[2][2:] == (1234, -1234, 100 - 1234)


def test_the_sample_period_is_one_over_the_rate():
    for rate_uhz, odr in (
        (RATE_UHZ, 104),
        (100_000_000, 104),
        (51_234_567, 52),
        (210_000_001, 208),
    ):
        rig = Rig(frames=100, rate_uhz=rate_uhz, odr=odr)
        rig.w(0x10, {52: 3, 104: 4, 208: 5}[odr] << 4)
        start = rig.feed.position()
        seconds = 100
        for _ in range(seconds * 10):
            rig.imu.run(100_000)
        # Frame 0 follows two start-up samples.
        assert rig.feed.position() - start + 2 == seconds * rate_uhz // 1_000_000, rate_uhz


def test_status_counts_ten_bits_and_the_watermark_is_a_level():
    rig = Rig()
    rig.sample(watermark=300)
    rig.wait_frames(299)
    rig.imu.run(rig.clock.take_due())
    status1, status2 = rig.r(0x3A, 2)
    waiting = rig.fifo.level()
    assert status1 | (status2 & 3) << 8 == waiting >= 256
    assert (status2 >> 7) == (waiting >= 300)
    rig.wait_frames(5)
    assert rig.r(0x3B)[0] & 0x80 and rig.r(0x3B)[0] & 0x80
    rig.words(100)
    assert rig.r(0x3B)[0] & 0x80 == 0


def test_full_flags_before_anything_is_lost():
    rig = Rig()
    rig.sample()
    while rig.level() < 511:
        rig.clock.charge(PERIOD_US)
    assert rig.r(0x3B)[0] & 0x68 == 0x20
    rig.clock.charge(PERIOD_US)
    assert rig.r(0x3B)[0] & 0x68 == 0x60 and rig.fifo.overwritten() == 0


def test_a_stall_loses_exactly_the_computed_frames():
    for frames in (512, 513, 530, 1000, 2500):
        rig = Rig()
        rig.sample()
        rig.wait_frames(10)
        taken = rig.frames()
        rig.clock.take_due()
        at = rig.feed.position()
        stall_us = frames * 1_000_000_000 // 104_000 + 5000
        while stall_us:
            step = min(stall_us, 100_000_000)
            rig.imu.run(step)
            stall_us -= step
        came = rig.feed.position() - at
        assert frames <= came <= frames + 1
        lost = max(came - 512, 0)
        flags = rig.r(0x3B)[0]
        assert flags >> 3 & 1 == (lost > 0), came
        assert rig.r(0x3B)[0] & 0x08 == 0, "reading clears the latch"
        got = rig.frames()[: came - lost]
        first = taken[-1] + 1
        assert got == list(range(first + lost, first + came)), (frames, lost, got[:3])
        assert rig.fifo.overwritten() == lost


def test_fifo_mode_keeps_the_oldest():
    rig = Rig()
    rig.sample(ctrl4=0x01)
    rig.wait_frames(700)
    assert rig.level() == 512 and rig.feed.produced() == 510
    assert rig.frames()[:512] == [None, None] + list(range(510))
    assert rig.fifo.overwritten() == 0


def test_stop_on_watermark_makes_the_fifo_that_deep():
    rig = Rig()
    rig.sample()
    rig.w(0x08, 0x80)
    rig.wait_frames(100)
    assert rig.level() == 64


def test_bypass_empties_the_fifo():
    rig = Rig()
    rig.sample()
    rig.wait_frames(600)
    rig.w(0x0A, 0x00)
    assert rig.r(0x3A, 2) == b"\x00\x00"
    rig.wait_frames(10)
    assert rig.level() == 0
    rig.w(0x0A, 0x06)
    rig.wait_frames(4)
    assert 3 <= rig.level() <= 5


def test_nothing_is_batched_without_a_batch_rate():
    rig = Rig()
    rig.sample()
    rig.w(0x09, 0x00)
    rig.wait_frames(20)
    assert rig.level() == 0 and rig.feed.produced() == 0


def test_a_word_goes_when_its_last_byte_is_read():
    rig = Rig()
    rig.sample()
    rig.wait_frames(6)
    rig.words(2)
    tag = rig.r(0x78)
    assert rig.r(0x78) == tag, "the tag alone lets nothing go"
    assert rig.r(0x79, 2) == b"\x00\x00" and rig.r(0x7B, 4) == b"\x00\x00\x64\x00"
    whole = rig.r(0x78, 10)
    assert whole[1:3] == b"\x01\x00" and whole[8:10] == b"\x02\x00"
    assert rig.r(0x78, 7)[1:3] == b"\x02\x00", "a word read in part is read again"


def test_an_empty_fifo_reads_as_nothing():
    rig = Rig()
    assert rig.r(0x78, 14) == bytes(14) and rig.level() == 0


def test_a_sample_period_is_384_timestamp_units():
    rig = Rig()
    rig.sample(ctrl4=0x46)
    rig.wait_frames(200)
    words = rig.words()
    stamps = [(w[2] & 0xFFFF) | (w[3] & 0xFFFF) << 16 for w in words if w[0] == 4]
    assert len(stamps) >= 199
    assert steps(stamps) == {384}
    # The timestamp shares the slot of the sample that follows it.
    assert [w[0] for w in words[:6]] == [4, 2, 4, 2, 4, 2]
    assert all(words[k][1] == words[k + 1][1] for k in range(0, 300, 2))


def test_timestamps_can_be_decimated():
    for code, every in ((0x86, 8), (0xC6, 32)):
        rig = Rig()
        rig.sample(ctrl4=code)
        rig.wait_frames(100)
        tags = [w[0] for w in rig.words()]
        at = [k for k in range(len(tags)) if tags[k] == 4]
        assert len(at) >= 3 and steps(at) == {every + 1}, at


def test_the_timestamp_register_counts_25_us_and_starts_over():
    rig = Rig()
    rig.sample()
    rig.wait_frames(30)
    rig.w(0x42, 0xAA)
    assert int.from_bytes(rig.r(0x40, 4), "little") <= 20
    before = int.from_bytes(rig.r(0x40, 4), "little")
    for _ in range(50):
        rig.clock.charge(20_000)
    after = int.from_bytes(rig.r(0x40, 4), "little")
    # 104 periods of 384 units in a second of true time, and the reading itself.
    assert 0 <= after - before - 104 * 384 <= 20, after - before
    rig.w(0x19, 0x00)
    held = rig.r(0x40, 4)
    rig.wait_frames(5)
    assert rig.r(0x40, 4) == held


def test_the_timestamp_carries_into_its_upper_half():
    rig = Rig()
    rig.sample()
    rig.w(0x42, 0xAA)
    for _ in range(100):
        rig.clock.charge(100_000)
    ticks = int.from_bytes(rig.r(0x40, 4), "little")
    assert 0 <= ticks - 10 * 104 * 384 <= 20 and ticks > 1 << 16


def test_internal_freq_fine_is_signed():
    for fine, raw in ((-1, 0xFF), (0, 0), (127, 0x7F), (-128, 0x80)):
        rig = Rig(freq_fine=fine)
        assert rig.r(0x63)[0] == raw
        rig.w(0x63, 0x11)
        assert rig.r(0x63)[0] == raw


def test_outputs_and_status_follow_the_last_sample():
    rig = Rig()
    rig.sample()
    assert rig.r(0x1E)[0] & 1 == 0
    rig.wait_frames(8)
    assert rig.r(0x1E)[0] & 1 == 1
    last = rig.words()[-1]
    out = rig.r(0x28, 6)
    assert out[:2] == (last[2] & 0xFFFF).to_bytes(2, "little")
    assert rig.r(0x1E)[0] & 1 == 0, "reading them clears XLDA"
    assert rig.r(0x20, 2) == b"\x00\x00", "25 degrees"


def lsb_z(rig):
    out = rig.r(0x2C, 2)
    return (out[0] | out[1] << 8 ^ 0x8000) - 0x8000


def test_self_test_deflects_between_50_and_1700_mg():
    rig = Rig(frames=10)
    rig.w(0x10, 0x48)  # +-4 g: 0.122 mg a LSB
    for code, sign in ((1, 1), (2, -1)):
        rig.w(0x14, 0)
        rig.wait_frames(40)
        rest = lsb_z(rig)
        rig.w(0x14, code)
        rig.wait_frames(10)
        mg = (lsb_z(rig) - rest) * 0.122 * sign
        assert 50 <= mg <= 1700, mg


def test_full_scale_codes_are_not_in_order():
    for code, divisor in ((0, 1), (1, 8), (2, 2), (3, 4)):
        rig = Rig(first_frame=1600)
        rig.w(0x10, 0x40 | code << 2)
        rig.wait_frames(3)
        out = rig.r(0x28, 2)
        assert (out[0] | out[1] << 8) == 1600 // divisor


def test_other_rates_skip_or_repeat_frames():
    rig = Rig()
    rig.sample()
    rig.w(0x09, 0x03)
    rig.w(0x10, 0x30)  # 52 Hz
    rig.wait_frames(40)
    got = rig.frames()[2:]
    assert steps(got) == {2} and len(got) >= 16
    rig.w(0x09, 0x05)
    rig.w(0x10, 0x50)  # 208 Hz
    rig.wait_frames(10)
    got = rig.frames()[2:]
    assert len(got) >= 16 and steps(got) == {0, 1}
    rig.w(0x09, 0x03)
    rig.w(0x10, 0x40)  # batched at half the rate
    rig.frames()
    rig.wait_frames(20)
    assert 9 <= rig.level() <= 11


def test_the_mattress_moves_on_while_the_sensor_is_off():
    rig = Rig()
    rig.clock.charge(5_000_000)
    rig.sample()
    rig.wait_frames(22)
    assert rig.frames()[:3] == [None, None, 0], "time starts when it is first switched on"
    before = rig.feed.position()
    rig.w(0x10, 0x00)
    rig.wait_frames(104)
    assert rig.level() == 0
    rig.w(0x10, 0x40)
    rig.wait_frames(3)
    got = rig.frames()
    assert got[:2] == [None, None]
    assert 105 <= got[2] - before - 2 + 2 <= 108, (before, got)


def test_the_last_second_loops_after_the_end():
    rig = Rig(frames=200)
    rig.sample()
    got = []
    for _ in range(10):
        rig.wait_frames(50)
        got += rig.frames()
    assert got[2:202] == list(range(200))
    for k in range(202, len(got)):
        assert got[k] == 96 + (k - 202) % 104
    assert rig.feed.produced() == len(got) - 2 and rig.feed.post_roll() == len(got) - 202
    rig.w(0x10, 0x00)
    rig.frames()
    rig.wait_frames(50)
    rig.w(0x10, 0x40)
    rig.wait_frames(3)
    rig.imu.run(rig.clock.take_due())
    at = rig.feed.position() - rig.fifo.level() + 2
    assert rig.frames()[2] == 96 + (at - 200) % 104, "it went on while the sensor was off"


def test_first_frame_and_a_short_recording():
    rig = Rig(frames=5, first_frame=3)
    rig.sample()
    rig.wait_frames(13)
    assert rig.frames()[2:10] == [3, 4, 0, 1, 2, 3, 4, 0]


def drain(rig, times, status, ticks, burst):
    for _ in range(times):
        rig.clock.idle(500)
        rig.clock.idle(500)
        rig.clock.ticks_ms()
        rig.clock.ticks_us()
        rig.i2c.readfrom_mem_into(0x6A, 0x3A, status)
        rig.i2c.readfrom_mem_into(0x6A, 0x40, ticks)
        rig.i2c.readfrom_mem_into(0x6A, 0x78, burst)
        rig.i2c.writeto_mem(0x6A, 0x0D, b"\x00")


def test_reading_allocates_nothing():
    rig = Rig(frames=2000)
    rig.sample()
    status, ticks, burst = bytearray(2), bytearray(4), bytearray(7 * 64)
    drain(rig, 2, status, ticks, burst)
    micropython.heap_lock()
    try:
        # Past the recording's end, and past the 17.9 minutes after which ticks_us wraps.
        drain(rig, 32, status, ticks, burst)
        for _ in range(5):
            rig.clock.charge(268_000_000)
        drain(rig, 1, status, ticks, burst)
    finally:
        micropython.heap_unlock()
    assert rig.feed.ended and rig.feed.produced() > 100_000


run(globals(), sys.argv[1])
