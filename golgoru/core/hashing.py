"""Chance without dice: numbers that are even over texts, and the same on every machine."""

import hashlib


def uniform(text: str) -> float:
    """Return a number in [0, 1) that stands for chance, from the text's hash."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / 2.0**48
