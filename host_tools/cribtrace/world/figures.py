"""Every number the simulated world is made of, with its source.

No measurement of an infant's movements through a crib mattress has been published. Forces are
estimates, to about a factor of ten; timing is from the papers named here, docs/SCENARIOS.md
has the list. "design choice" marks what was chosen.
"""

from typing import NamedTuple

_CHOICE = "design choice"
_ESTIMATE = "design choice: two-mass estimate, 4 kg infant on foam on an 8 kg mattress and base"
_EMG = "design choice; EMG of a jerk 75-150 ms in adults (100 sleepers)"
_GROSS = "half of 22 in REM, 7 in quiet sleep, N=10 (PMID 3726227): declines with age"
_LEG = "leg movement 0.23-0.33 s, N=12 (Trujillo-Priego 2017)"
_ZERO_G = "LSM6DSO data sheet DS12140: zero-g level offset, typical"
_DENSITY = "noise density, high performance, +-2 g: LSM6DSO data sheet DS12140 r2 p. 9"
_ICM = "ICM-42688-P data sheet DS-000347 r1.5 p. 12"
_BMI = "BMI270 data sheet BST-BMI270-DS000-07 p. 12: normal mode"
_MPU = "MPU-6000A/6050 product specification r3.4"
_CLASS = "design choice: the order of its class"
_HALF_WORD = "int16 over +-2 g: 16384 LSB/g (register map)"


class Figure(NamedTuple):
    """A quantity drawn between `low` and `high`, ends included; fixed where they are equal."""

    low: float
    high: float
    source: str


TABLE = {
    # The body and what it lies on.
    "base_kg": Figure(8.0, 8.0, _ESTIMATE),
    "bedding_kg": Figure(0.5, 0.5, "design choice: what still lies on the foam of an empty crib"),
    "foam_sag_mm": Figure(6.0, 12.0, "design choice: 5-20 mm; cf. Gillani 2021, 7.4-36.9 mm"),
    "foam_damping": Figure(0.14, 0.22, "design choice: polyurethane foam, share of critical"),
    "base_hz": Figure(8.0, 12.0, "design choice: between sprung (7 Hz) and stiff (15 Hz)"),
    "base_damping": Figure(0.06, 0.10, "design choice: screwed wooden frame, share of critical"),
    "sideways_stiffness": Figure(0.7, 0.9, "design choice: shear and sway against compression"),
    "skew_deg": Figure(-10.0, 10.0, "design choice: stiff directions are not quite the puck's"),
    "coupling": Figure(-0.15, 0.15, "design choice: a puck that rocks shows other axes"),
    "mounting_deg": Figure(-2.0, 2.0, "design choice: a puck laid down by hand"),
    # Quiet life.
    "breath_tilt_ug": Figure(60.0, 90.0, "design choice: 10-100 ug where the puck can rock"),
    "breath_spread_active": Figure(0.18, 0.18, "design choice; irregular in active sleep"),
    "breath_spread_quiet": Figure(0.03, 0.03, "design choice; PMC4773630: regular in quiet sleep"),
    "breath_spread_awake": Figure(0.25, 0.25, "design choice; most irregular awake (pr197895)"),
    "breath_spread_every_s": Figure(5.0, 5.0, _CHOICE),
    "beat_spread": Figure(0.03, 0.03, _CHOICE),
    "beat_force_n": Figure(0.02, 0.03, "design choice: low end of 0.02-0.1 N"),
    "beat_width_s": Figure(0.12, 0.12, "design choice: energy at 4-12 Hz"),
    # The sensor, and the room it warms with. Other sensors: SENSORS.
    "noise_x_ug_rthz": Figure(70.0, 70.0, _DENSITY),
    "noise_y_ug_rthz": Figure(70.0, 70.0, _DENSITY),
    "noise_z_ug_rthz": Figure(70.0, 70.0, _DENSITY),
    "lsb_per_g": Figure(1 / 0.061e-3, 1 / 0.061e-3, "LSM6DSO data sheet DS12140: 0.061 mg/LSB"),
    "nominal_hz": Figure(104.0, 104.0, "LSM6DSO data sheet DS12140: 6667 Hz / 64 by name"),
    "rate_error": Figure(-0.03, 0.03, "ICM-42688-P data sheet DS-000347: +-3 % at 25 C"),
    "gain_error": Figure(-0.01, 0.01, "LSM6DSO data sheet DS12140: sensitivity +-1 %, typical"),
    "bias_mg": Figure(-20.0, 20.0, _ZERO_G),
    "bias_mg_per_k": Figure(-0.1, 0.1, "design choice: 0.1 mg/K, the order of its class"),
    "cooling_k": Figure(2.0, 4.0, "design choice: a bedroom over a night"),
    "cooling_s": Figure(7200.0, 7200.0, _CHOICE),
    "heating_k": Figure(0.2, 0.5, "design choice: swing of a thermostat"),
    "heating_period_s": Figure(1500.0, 1500.0, _CHOICE),
    # Single movements: forces at the body, widths of a jerk.
    "twitch_force_n": Figure(0.12, 0.9, "design choice: hand 0.05-0.15 N, limb 0.3-2 N"),
    "twitch_width_s": Figure(0.08, 0.15, _EMG),
    "limb_force_n": Figure(0.4, 2.5, "design choice: limb jerk 0.3-2 N"),
    "limb_width_s": Figure(0.22, 0.34, _LEG),
    "limb_jerks": Figure(3, 7, "design choice: 0.5-3 s in all"),
    "limb_interval_s": Figure(0.28, 0.38, _CHOICE),
    "gross_force_n": Figure(2.0, 8.0, "design choice: several limbs and the trunk"),
    "gross_width_s": Figure(0.25, 0.5, _CHOICE),
    "gross_length_s": Figure(4.5, 13.0, "mean 9-11 s, most 5-10 s (PMID 3726227)"),
    "gross_interval_s": Figure(0.25, 0.55, _CHOICE),
    "startle_force_n": Figure(4.0, 8.0, "design choice: 2-8 N; ten times the median twitch"),
    "startle_width_s": Figure(0.16, 0.26, _CHOICE),
    "startle_jerks": Figure(2, 3, "design choice: 0.3-1 s in all"),
    "startle_interval_s": Figure(0.2, 0.3, _CHOICE),
    "sleep_onset_force_n": Figure(3.0, 8.0, "design choice: as a startle"),
    "sleep_onset_width_s": Figure(0.15, 0.30, "design choice; EMG 75-250 ms (hypnic-jerk, memim)"),
    "jerk_spread": Figure(0.15, 0.15, "design choice: among the jerks of a movement"),
    # Rhythms of the infant's own.
    "bout_force_n": Figure(0.4, 1.5, "design choice: 10-100 times breathing"),
    "bout_width_s": Figure(0.12, 0.18, "design choice: jerk 0.04-0.3 s"),
    "bout_rate_hz": Figure(1.1, 5.0, "1-5 Hz in newborns' sleep (movement-disorders textbook)"),
    "bout_length_s": Figure(10.5, 40.0, "design choice: seconds in clusters; 20 minutes at most"),
    "bout_spread": Figure(0.03, 0.15, "design choice: intervals, share of the mean"),
    "short_bout_jerks": Figure(4, 12, "design choice: 4 jerks make a bout; clusters of seconds"),
    "stir_after_s": Figure(1.0, 3.0, "design choice: arousal within 5 s of a bout's end"),
    "slowing_force_n": Figure(0.2, 2.0, "design choice: 5-100 times breathing"),
    "slowing_from_hz": Figure(2.2, 3.0, "1-3/s (78stepshealth.us), slowing late"),
    "slowing_to_hz": Figure(1.1, 1.6, "1-3/s (78stepshealth.us), slowing late"),
    "slowing_length_s": Figure(12.0, 90.0, "design choice: 10 s to minutes"),
    "slowing_width_s": Figure(
        0.10, 0.16, "design choice: fast phase; the slow one is 2.5 times it"
    ),
    "fast_force_n": Figure(0.02, 0.3, "design choice: 1-10 times breathing"),
    "fast_rate_hz": Figure(5.0, 12.0, "design choice: 5-12 Hz; coarse below 6, fine above"),
    "fast_length_s": Figure(2.5, 20.0, "design choice: seconds to minutes"),
    "large_force_n": Figure(8.0, 30.0, "design choice: 200-1000 times breathing"),
    "large_width_s": Figure(0.25, 0.45, _CHOICE),
    "large_rate_hz": Figure(0.5, 2.0, "design choice: 0.5-2 Hz, every second or so"),
    "large_length_s": Figure(12.0, 120.0, "design choice: minutes, cut to leave room for several"),
    "sucking_force_n": Figure(0.02, 0.1, "design choice: 1-5 times breathing"),
    "sucking_width_s": Figure(0.25, 0.25, "design choice: half a cycle at 2 Hz"),
    "sucking_rate_hz": Figure(1.8, 2.2, "2 Hz (Zimmerman 2020)"),
    "sucking_jerks": Figure(6, 12, "6-12 sucks a burst (Zimmerman 2020)"),
    "sucking_bursts": Figure(5, 12, _CHOICE),
    "sucking_gap_s": Figure(6.0, 16.0, "burst to burst gap 10 s in sleep, N=12 (NNS in sleep)"),
    # Movements that come in groups.
    "burst_twitches": Figure(3, 7, "design choice; bursts in active sleep (PMC8513809)"),
    "burst_interval_s": Figure(2.0, 8.0, "mostly under 10 s apart (PMC8513809)"),
    "series_moves": Figure(6, 9, "4 or more (WASM 2016, Ferri)"),
    "series_interval_s": Figure(20.0, 40.0, "typical; 10-90 s onset to onset (WASM 2016, Ferri)"),
    "swelling_moves": Figure(8, 25, "design choice: most come in clusters (Kellaway 1979)"),
    "swelling_interval_s": Figure(5.0, 30.0, "design choice: 5-30 s apart"),
    "swelling_force_n": Figure(1.5, 10.0, "design choice: 50-500 times breathing; grows, shrinks"),
    "swelling_short_share": Figure(0.86, 0.86, "0.4-3 s in 86 %, 3-7 s in 14 % (Wang & Cai)"),
    "swelling_short_s": Figure(0.4, 3.0, "0.4-3 s in 86 % (Wang & Cai)"),
    "swelling_long_s": Figure(3.0, 7.0, "3-7 s in 14 % (Wang & Cai)"),
    "swelling_width_s": Figure(0.25, 0.4, _CHOICE),
    "hiccup_force_n": Figure(0.3, 1.5, "design choice: 10-50 times breathing"),
    "hiccup_width_s": Figure(0.10, 0.25, "design choice: 0.1-0.3 s"),
    "hiccup_interval_s": Figure(2.5, 9.0, "design choice: 2-10 s, regular within 15 %"),
    "hiccup_spread": Figure(0.05, 0.15, _CHOICE),
    "hiccups_length_s": Figure(300.0, 600.0, "about 8 min (Whitehead 2019)"),
    "wake_length_s": Figure(60.0, 240.0, "design choice: 1-3 min and more"),
    "kick_force_n": Figure(2.0, 20.0, "design choice: 100-1000 times breathing"),
    "kick_width_s": Figure(0.23, 0.33, _LEG),
    "kick_interval_s": Figure(0.33, 1.0, "design choice: 0.5-3 Hz, uneven"),
    "kicking_s": Figure(3.5, 20.0, _CHOICE),
    "kick_pause_s": Figure(3.0, 9.0, _CHOICE),
    "awake_after_s": Figure(60.0, 240.0, "design choice: before sleep comes back"),
    # What others do: hands at the crib.
    "handling_force_n": Figure(20.0, 70.0, "design choice: above 1000 times breathing"),
    "handling_width_s": Figure(0.2, 0.5, _CHOICE),
    "handling_length_s": Figure(4.0, 10.0, "design choice; a step of 0.5-5 s and the rest"),
    "handling_interval_s": Figure(0.4, 0.9, _CHOICE),
    "handling_tilt_deg": Figure(0.4, 1.2, "design choice: an infant's weight on one side"),
    "bump_force_n": Figure(15.0, 60.0, "design choice: a hip or a toy against the frame"),
    "bump_width_s": Figure(0.08, 0.2, _CHOICE),
    "bump_knocks": Figure(1, 3, _CHOICE),
    "bump_interval_s": Figure(0.3, 0.6, _CHOICE),
    "rocking_mg": Figure(8.0, 80.0, "design choice: 5-30 mm at 0.7 Hz, tilt included"),
    "rocking_rate_hz": Figure(0.2, 1.5, "design choice: 0.2-1.5 Hz"),
    "rocking_length_s": Figure(20.0, 180.0, "design choice: minutes"),
    "patting_force_n": Figure(1.0, 6.0, _CHOICE),
    "patting_width_s": Figure(0.08, 0.18, _CHOICE),
    "patting_rate_hz": Figure(1.0, 3.0, _CHOICE),
    "patting_length_s": Figure(12.0, 90.0, _CHOICE),
    "hand_spread": Figure(0.02, 0.06, "design choice: a hand keeps time within 10 %"),
    # What happens in the house.
    "step_force_n": Figure(0.1, 0.6, "design choice: what reaches the crib through the floor"),
    "step_width_s": Figure(0.06, 0.10, _CHOICE),
    "step_rate_hz": Figure(1.6, 2.4, "design choice: walking"),
    "step_count": Figure(7, 14, _CHOICE),
    "step_spread": Figure(0.03, 0.06, "design choice: a walker's intervals, share of the mean"),
    "washer_force_n": Figure(0.03, 1.0, "design choice: 0.1-100 times breathing"),
    "washer_hz": Figure(13.0, 23.0, "design choice: 800-1400 turns a minute"),
    "washer_length_s": Figure(240.0, 600.0, "design choice: minutes"),
    "washer_ramp_s": Figure(15.0, 40.0, "design choice: spin-up, and as long a spin-down"),
    "fan_force_n": Figure(0.005, 0.15, "design choice: 0.1-100 times breathing"),
    "fan_hz": Figure(10.0, 60.0, "design choice: fans and air conditioning, 10-60 Hz"),
    "fan_length_s": Figure(300.0, 900.0, _CHOICE),
    "fan_ramp_s": Figure(2.0, 8.0, _CHOICE),
    "truck_force_n": Figure(0.1, 2.0, "design choice: 0.1-100 times breathing"),
    "truck_hz": Figure(8.0, 20.0, "design choice: floors under passing lorries"),
    "truck_length_s": Figure(3.0, 10.0, _CHOICE),
    "door_force_n": Figure(2.0, 20.0, _CHOICE),
    "door_width_s": Figure(0.03, 0.06, _CHOICE),
    "door_knocks": Figure(1, 2, "design choice: it may bounce"),
    "door_interval_s": Figure(0.12, 0.25, _CHOICE),
    "soother_force_n": Figure(0.03, 0.6, "design choice: a vibrating pillow or pad on the foam"),
    "soother_hz": Figure(18.0, 48.0, "design choice: small eccentric motors, below half the rate"),
    "soother_pulse_hz": Figure(0.0, 1.2, "design choice: steady, or swelling like a purr"),
    "soother_length_s": Figure(300.0, 900.0, "design choice: switches itself off"),
    "soother_ramp_s": Figure(0.5, 2.0, _CHOICE),
    "posture_deg": Figure(0.05, 0.30, "design choice: lasting tilt after a gross movement"),
    # How a night is put together.
    "settling_s": Figure(40.0, 45.0, "design choice: longer than a warm-up (10 s; 30 s at most)"),
    "apart_s": Figure(3.0, 3.0, "design choice: rest between movements, longer than any ringing"),
}

_HEIMANN = "5th-95th percentile, N=277 (Heimann 2013)"
_WHO = "design choice: near the WHO medians of weight for age, boys and girls"
_CYCLE = "47 min at term, 49 at 3, 50 at 8 months (Pediatrics 1969;43:65)"
_SHARE = "1:1 at term, 1:2 at 8 months (Pediatrics 1969;43:65)"
_STARTLES = "design choice; 10.6/h quiet, 1.9/h active on day 2, none at 4 weeks (PMID 2264411)"
_FALLS = "design choice: falls early, low at 9-13 months (PMID 7258548)"
_ALSO_QUIET = "design choice; also in quiet sleep, from about 3 months (Sokoloff 2021)"

BY_AGE: dict[str, tuple[str, tuple[tuple[float, float, float], ...]]] = {
    # Name: source, then (months, low, high): straight lines between, level outside.
    "infant_kg": (
        _WHO,
        ((0, 3.3, 3.3), (1, 4.0, 4.5), (3, 5.8, 6.4), (6, 7.3, 7.9), (9, 8.2, 8.9)),
    ),
    "breaths_active_per_min": (_HEIMANN, ((1, 26, 48), (9, 18, 28))),
    "breaths_quiet_per_min": (_HEIMANN, ((1, 27, 52), (9, 18, 29))),
    "beats_per_min": (_HEIMANN, ((1, 116, 151), (9, 94, 126))),
    "cycle_s": (_CYCLE, ((0, 2700, 2940), (3, 2800, 3080), (8, 2860, 3140))),
    "active_share": (_SHARE, ((0, 0.45, 0.55), (8, 0.28, 0.38))),
    "startle_active_per_h": (_STARTLES, ((0, 1.9, 1.9), (1, 0.3, 0.3), (2, 0, 0))),
    "startle_quiet_per_h": (_STARTLES, ((0, 10.6, 10.6), (1, 1.2, 1.2), (2, 0, 0))),
    "twitch_active_per_h": (_FALLS, ((1, 8, 8), (9, 3, 3))),
    "twitch_quiet_per_h": (_ALSO_QUIET, ((1, 3, 3), (9, 2, 2))),
    "twitch_burst_active_per_h": (_FALLS, ((1, 5, 5), (9, 2, 2))),
    "twitch_burst_quiet_per_h": (_ALSO_QUIET, ((1, 0, 0), (3, 0.5, 0.5))),
    "limb_move_active_per_h": (_CHOICE, ((1, 6, 6), (12, 4, 4))),
    "limb_move_quiet_per_h": (_CHOICE, ((1, 2, 2), (12, 1.5, 1.5))),
    "gross_active_per_h": (_GROSS, ((1, 11, 11), (13, 6, 6))),
    "gross_quiet_per_h": (_GROSS, ((1, 3.5, 3.5), (13, 2, 2))),
}


def _sensor(
    noise: tuple[float, float, float], source: str, offset_mg: float, drift_mg_per_k: float
) -> dict[str, Figure]:
    """Figures of a sensor that runs at 100 Hz and 16384 LSB/g, which all but the LSM6DSO do."""
    return {
        **{
            f"noise_{axis}_ug_rthz": Figure(density, density, source)
            for axis, density in zip("xyz", noise, strict=True)
        },
        "lsb_per_g": Figure(16384.0, 16384.0, _HALF_WORD),
        "nominal_hz": Figure(100.0, 100.0, "design choice: the chip's rate next to 104 Hz"),
        "bias_mg": Figure(-offset_mg, offset_mg, _CLASS),
        "bias_mg_per_k": Figure(-drift_mg_per_k, drift_mg_per_k, _CLASS),
    }


SENSORS: dict[str, dict[str, Figure]] = {
    "LSM6DSO": {},
    "ICM-42688-P": _sensor((65.0, 65.0, 70.0), _ICM, 20.0, 0.15),
    "BMI270": _sensor((160.0, 160.0, 160.0), _BMI, 20.0, 0.25),
    "MPU-6050": _sensor((400.0, 400.0, 400.0), _MPU, 50.0, 0.8),
}
