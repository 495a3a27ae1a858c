"""What the engine's tests share: they run among the frozen guideline and checks, whatever the repository's own say."""

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.template.builders.frozen import FROZEN

# A busy machine must not fail a test, and a failing example must be the same one tomorrow.
settings.register_profile("here", deadline=None, derandomize=True)
settings.load_profile("here")


@pytest.fixture(scope="module", autouse=True)
def _among_the_frozen_copies() -> Iterator[None]:
    with contextlib.chdir(FROZEN):
        yield
