"""The faults that benchmarks/mutation.py seeds: each can still be seeded, and `make test` has the tests to find it."""

import pytest

from benchmarks.mutation import FAULTS, seed
from tests.template.builders.frozen import TOP


def test_there_are_twenty_and_no_two_are_the_same():
    assert len({(fault.file, fault.new) for fault in FAULTS}) == len(FAULTS) >= 20


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_a_fault_can_be_seeded(fault, tmp_path):
    copy = tmp_path / fault.file
    copy.parent.mkdir(parents=True)
    copy.write_text((TOP / fault.file).read_text("utf-8"), "utf-8")
    seed(fault, tmp_path)
    compile(copy.read_text("utf-8"), fault.file, "exec")
    assert all((TOP / "tests/template" / name).is_file() for name in fault.tests)
