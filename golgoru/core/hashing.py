"""Pseudo-random numbers from the hash of a text: the same on every machine and in every order of rows."""

import hashlib


def integer_hash(text: str, size: int = 8) -> int:
    """Return the hash of a text as an integer of `size` bytes."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest(), "big")


def uniform_hash(text: str) -> float:
    """Return the hash of a text as a number, uniform in [0, 1)."""
    return integer_hash(text, 6) / 2.0**48
