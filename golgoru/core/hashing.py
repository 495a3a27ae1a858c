"""Pseudo-random numbers from the hash of a text: the same on every machine and in every order of rows."""

import hashlib
from collections.abc import Iterable

import numpy as np

from golgoru.core.arrays import Integers


def integer_hash(text: str, size: int = 8) -> int:
    """Return the hash of a text as an integer of `size` bytes."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest(), "big")


def uniform_hash(text: str) -> float:
    """Return the hash of a text as a number, uniform in [0, 1)."""
    return integer_hash(text, 6) / 2.0**48


def order_by_hash(texts: Iterable[str], purpose: str) -> Integers:
    """Return the positions of texts in the order of their hashes: the first k of them are a random sample of size k.

    Which texts are in it follows from them alone. Samples for different purposes have nothing to do with each other.
    """
    # A loop over texts: the hash takes one at a time.
    return np.argsort(np.array([uniform_hash(f"{purpose}:{text}") for text in texts]), kind="stable").astype(np.int64)
