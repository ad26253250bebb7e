"""The mattresses a scenario may lie on: what each changes in the table of figures."""

from cribtrace.world.figures import Figure

_SPRUNG = "design choice: a mattress of the set, so that resonances differ"
_WIDE = "design choice: from the least to the most of the set, a mattress for each seed"
_DRAWN = "design choice: drawn by chance inside the range of the set's"

MATTRESSES: dict[str, dict[str, Figure]] = {
    "usual": {},
    # Foam 15.8 / sqrt(sag in mm): 3.5-4.1 Hz.
    "soft": {
        "foam_sag_mm": Figure(15.0, 20.0, _SPRUNG),
        "base_hz": Figure(7.0, 8.0, "design choice: sprung base, 7 Hz"),
        "sideways_stiffness": Figure(0.8, 1.0, _SPRUNG),
    },
    # 6.4-7.1 Hz.
    "firm": {
        "foam_sag_mm": Figure(5.0, 6.0, _SPRUNG),
        "base_hz": Figure(13.0, 15.0, "design choice: stiff base, 15 Hz"),
        "foam_damping": Figure(0.10, 0.16, _SPRUNG),
    },
    # 4.3-4.6 Hz, lightly damped, a puck that rocks.
    "lively": {
        "foam_sag_mm": Figure(12.0, 13.5, _SPRUNG),
        "base_hz": Figure(9.0, 10.5, _SPRUNG),
        "base_damping": Figure(0.03, 0.05, _SPRUNG),
        "coupling": Figure(-0.3, 0.3, _SPRUNG),
    },
    # 5.0-5.6 Hz, well damped.
    "dull": {
        "foam_sag_mm": Figure(8.0, 10.0, _SPRUNG),
        "base_hz": Figure(11.0, 13.0, _SPRUNG),
        "foam_damping": Figure(0.25, 0.35, _SPRUNG),
        "base_damping": Figure(0.12, 0.18, _SPRUNG),
    },
    # 5.8-6.2 Hz over a sprung base, stiff ways well aside from the puck's.
    "skewed": {
        "foam_sag_mm": Figure(6.5, 7.5, _SPRUNG),
        "base_hz": Figure(7.5, 9.0, _SPRUNG),
        "skew_deg": Figure(-30.0, 30.0, _SPRUNG),
        "coupling": Figure(-0.2, 0.2, _SPRUNG),
    },
    # 4.1-4.3 Hz, foam that has gone tired.
    "sagging": {
        "foam_sag_mm": Figure(13.5, 15.0, _SPRUNG),
        "base_hz": Figure(10.5, 12.0, _SPRUNG),
        "foam_damping": Figure(0.22, 0.25, _SPRUNG),
        "coupling": Figure(-0.2, 0.2, _SPRUNG),
    },
    # 4.6-5.0 Hz over a stiff base that hardly damps, a puck that rocks.
    "bouncy": {
        "foam_sag_mm": Figure(10.0, 12.0, _SPRUNG),
        "base_hz": Figure(12.0, 13.5, _SPRUNG),
        "base_damping": Figure(0.04, 0.06, _SPRUNG),
        "coupling": Figure(-0.25, 0.25, _SPRUNG),
    },
    # 6.2-6.5 Hz, stiff ways aside from the puck's.
    "hard": {
        "foam_sag_mm": Figure(6.0, 6.5, _SPRUNG),
        "base_hz": Figure(9.0, 11.0, _SPRUNG),
        "skew_deg": Figure(-20.0, 20.0, _SPRUNG),
    },
    # 3.5-7.1 Hz: every seed has a mattress of its own.
    "any": {
        "foam_sag_mm": Figure(5.0, 20.0, _WIDE),
        "base_hz": Figure(7.0, 15.0, _WIDE),
        "foam_damping": Figure(0.10, 0.35, _WIDE),
        "base_damping": Figure(0.03, 0.18, _WIDE),
        "sideways_stiffness": Figure(0.5, 1.0, _WIDE),
        "skew_deg": Figure(-30.0, 30.0, _WIDE),
        "coupling": Figure(-0.3, 0.3, _WIDE),
    },
    # 4.5-4.7 Hz.
    "pine": {
        "foam_sag_mm": Figure(11.3, 12.4, _DRAWN),
        "base_hz": Figure(8.2, 9.2, _DRAWN),
        "foam_damping": Figure(0.17, 0.21, _DRAWN),
        "base_damping": Figure(0.106, 0.129, _DRAWN),
        "sideways_stiffness": Figure(0.64, 0.74, _DRAWN),
        "skew_deg": Figure(-10.0, 10.0, _DRAWN),
        "coupling": Figure(-0.14, 0.14, _DRAWN),
    },
    # 5.1-5.3 Hz.
    "metal": {
        "foam_sag_mm": Figure(8.9, 9.6, _DRAWN),
        "base_hz": Figure(8.2, 9.2, _DRAWN),
        "foam_damping": Figure(0.22, 0.27, _DRAWN),
        "base_damping": Figure(0.079, 0.097, _DRAWN),
        "sideways_stiffness": Figure(0.64, 0.74, _DRAWN),
        "skew_deg": Figure(-28.0, 28.0, _DRAWN),
        "coupling": Figure(-0.15, 0.15, _DRAWN),
    },
    # 6.8-7.0 Hz.
    "travel": {
        "foam_sag_mm": Figure(5.1, 5.4, _DRAWN),
        "base_hz": Figure(10.3, 11.3, _DRAWN),
        "foam_damping": Figure(0.16, 0.20, _DRAWN),
        "base_damping": Figure(0.043, 0.052, _DRAWN),
        "sideways_stiffness": Figure(0.77, 0.87, _DRAWN),
        "skew_deg": Figure(-17.0, 17.0, _DRAWN),
        "coupling": Figure(-0.28, 0.28, _DRAWN),
    },
}
