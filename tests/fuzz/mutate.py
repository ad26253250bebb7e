"""Changes to bytes, drawn from a random generator."""

import random

NUMBERS = (0, 1, 2, 3, 4, 9, 10, 13, 31, 32, 58, 127, 128, 253, 254, 255)
WORDS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x3FFFFFFF, 0x40000000, 0x7FFFFFFF,
         0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)  # fmt: skip


def mutated(rng: random.Random, content: bytes, most: int = 3) -> bytes:
    """`content` after 1 to `most` changes."""
    out = bytearray(content)
    for _ in range(rng.randint(1, most)):
        rng.choice(_WAYS)(rng, out)
    return bytes(out)


def _flip(rng: random.Random, out: bytearray) -> None:
    if out:
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)


def _set(rng: random.Random, out: bytearray) -> None:
    if out:
        out[rng.randrange(len(out))] = rng.choice(NUMBERS)


def _word(rng: random.Random, out: bytearray) -> None:
    at, size = rng.randrange(len(out) + 1), rng.choice((2, 4))
    out[at : at + size] = (rng.choice(WORDS) & (1 << 8 * size) - 1).to_bytes(size, "little")


def _insert(rng: random.Random, out: bytearray) -> None:
    at = rng.randrange(len(out) + 1)
    out[at:at] = rng.randbytes(rng.choice((1, 1, 2, 4, 30)))


def _fill(rng: random.Random, out: bytearray) -> None:
    at = rng.randrange(len(out) + 1)
    out[at:at] = bytes((rng.choice(NUMBERS),)) * rng.choice((1, 5, 254, 255, 600))


def _delete(rng: random.Random, out: bytearray) -> None:
    at = rng.randrange(len(out) + 1)
    del out[at : at + rng.choice((1, 1, 2, 4, 30))]


def _repeat(rng: random.Random, out: bytearray) -> None:
    at, to = rng.randrange(len(out) + 1), rng.randrange(len(out) + 1)
    out[to:to] = out[at : at + rng.choice((1, 4, 20, 120))]


def _cut(rng: random.Random, out: bytearray) -> None:
    del out[rng.randrange(len(out) + 1) :]


_WAYS = (_flip, _flip, _set, _set, _word, _word, _insert, _fill, _delete, _repeat, _cut)
