"""What the engine's tests share: they run among the frozen guideline and checks, whatever the repository's own say."""

import contextlib
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.template.builders import remembered
from tests.template.builders.examples import THOROUGH
from tests.template.builders.frozen import FROZEN

# A busy machine must not fail a test, and a failing example must be the same one tomorrow.
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=1000)
settings.load_profile("thorough" if THOROUGH else "ci")


@pytest.fixture(scope="session", autouse=True)
def _remembered_in_this_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.getbasetemp()  # of one process, below that of the run where there are several
    remembered.store = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "remembered"


@pytest.fixture(scope="module", autouse=True)
def _among_the_frozen_copies() -> Iterator[None]:
    with contextlib.chdir(FROZEN):
        yield
