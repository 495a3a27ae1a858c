"""How many examples a property is held against: a few dozen, or many where GOLGORU_TESTS=thorough asks for it.

A number is chosen by what an example costs; docs/decisions/tests.md says which faults it still finds.
"""

import os
from typing import Any

from hypothesis import settings

THOROUGH = os.environ.get("GOLGORU_TESTS") == "thorough"
_FACTOR = 20 if THOROUGH else 1


def examples(number: int, **more: Any) -> settings:
    """Return the settings of a property: so many examples, twenty times as many in a thorough run."""
    return settings(max_examples=number * _FACTOR, **more)
