"""One shape and one short name for each kind; page.js has the shapes' classes.

Nothing rests on colour alone.
"""

from cribtrace.wording import KINDS

# (class, path in a 12 x 12 box). Upright bars are regular, level ones not the sleeper's.
SHAPES = {
    "twitch": ("k0", "M5.25 0h1.5v12h-1.5z"),
    "limb_move": ("k1", "M6 1l5 5-5 5-5-5z"),
    "gross": ("k2", "M0 1.5h12v9h-12z"),
    "rhythmic_bout": ("k4", "M1 3h2v6h-2zM5 3h2v6h-2zM9 3h2v6h-2z"),
    "rhythmic_large": ("k5", "M1 1h2v10h-2zM5 1h2v10h-2zM9 1h2v10h-2z"),
    "startle_like": ("k6", "M6 0l5 11h-10z"),
    "handling": ("k7", "M0 1h12v2h-12zM0 9h12v2h-12z"),
    "environment": ("k8", "M0 5h12v2h-12z"),
}
OTHER_SHAPE = ("k3", "M6 1.5a4.5 4.5 0 1 0 .01 0zM6 3.5a2.5 2.5 0 1 1-.01 0z")


# Where there is little room: heads of columns, lanes of the timeline. The others are short enough.
_SHORT = {
    "rhythmic_large": "large rhythmic",
    "startle_like": "startle-like",
    "handling": "handling",
    "environment": "from outside",
}


def named(kind: str) -> str:
    """A kind's short name in words; one that this version does not know is named as it is."""
    return _SHORT.get(kind) or (KINDS[kind].one if kind in KINDS else kind)


def shape_class(kind: str) -> str:
    """The class of the style sheet that a kind is drawn in."""
    return SHAPES.get(kind, OTHER_SHAPE)[0]


def shape(kind: str) -> str:
    """A kind's shape as HTML."""
    name, path = SHAPES.get(kind, OTHER_SHAPE)
    attributes = f'class="shape {name}" viewBox="0 0 12 12" aria-hidden="true"'
    return f'<svg {attributes}><path d="{path}"/></svg>'
