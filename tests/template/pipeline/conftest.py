"""One run of the whole pipeline on the example, shared by the tests that look at its results."""

import pytest

from tests.template.builders import clones


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    """A fresh clone in which `dvc repro` ran."""
    folder = tmp_path_factory.mktemp("released")
    clone = clones.of_working_tree(folder / "golgoru", folder / "home")
    clone.run("dvc", "repro")
    return clone
