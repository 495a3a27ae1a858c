import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from golgoru.core import parallel
from golgoru.core.cache import Cache, version_of
from golgoru.core.errors import UserError
from golgoru.core.parallel import map_batches, map_ordered

TOP = Path(__file__).parents[3]


def add(number: int, to: int) -> tuple[int, int]:
    return number + to, os.getpid()


def die(numbers: Sequence[int]) -> list[int]:
    os._exit(numbers[0])


def complain(numbers: Sequence[int]) -> list[int]:
    raise UserError(f"file {numbers[0]} is bad")


def add_many(numbers: Sequence[int]) -> list[tuple[int, int]]:
    return [(number, len(numbers)) for number in numbers]


def test_little_work_stays_in_this_process_and_keeps_its_order() -> None:
    assert map_ordered(partial(add, to=1), [3, 1, 2], "adding") == [(n, os.getpid()) for n in (4, 2, 3)]
    assert map_ordered(partial(add, to=1), [], "adding") == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_PATIENCE", -1.0)
    monkeypatch.setattr(parallel, "_WORTH_A_POOL", -1.0)
    monkeypatch.setattr(parallel, "usable_cores", lambda: 2)


@pytest.mark.usefixtures("impatient")
def test_much_work_goes_to_processes_and_keeps_its_order() -> None:
    found = map_ordered(partial(add, to=10), list(range(500)), "adding")
    assert [number for number, _ in found] == list(range(10, 510))
    assert {process for _, process in found} - {os.getpid()}


@pytest.mark.parametrize("processes", [False, True])
def test_batches_keep_the_order_and_are_bounded(request: pytest.FixtureRequest, processes: bool) -> None:
    if processes:
        request.getfixturevalue("impatient")
    found = map_batches(add_many, list(range(100)), "adding", 7)
    assert [number for number, _ in found] == list(range(100))
    assert 1 < max(together for _, together in found) <= 7
    assert map_batches(add_many, [], "adding", 7) == []


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", 4), ("150000 100000", 1), ("300000 100000", 3), ("900000 100000", 4), (None, 4)]
)
def test_cores_are_those_that_affinity_and_container_allow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str | None, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(parallel, "_CPU_QUOTA", tmp_path / "cpu.max")
    if quota is not None:
        (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert parallel.usable_cores() == cores


def test_workers_do_not_import_the_program_that_started_them(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys\n"
        "from golgoru.core import parallel\n"
        "print('imported', __name__)\n"
        "if __name__ == '__main__':\n"
        "    print(sum(sum(list(parallel._in_processes(sorted, [[1], [2]], 1)), []), []), __file__ == sys.argv[0])\n"
    )
    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(TOP)}
    )
    assert done.stdout == "imported __main__\n[1, 2] True\n"


@pytest.mark.usefixtures("impatient")
def test_a_worker_that_dies_gives_a_message() -> None:
    with pytest.raises(UserError, match="a worker process died"):
        list(parallel._in_processes(die, [1, 2], 1))


@pytest.mark.usefixtures("impatient")
def test_an_error_of_people_crosses_processes() -> None:
    with pytest.raises(UserError, match="file 1 is bad"):
        list(parallel._in_processes(complain, [1, 2], 1))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


ROWS = pd.DataFrame({"size": [1.5, None], "grey": [b"a\0", None]}, index=pd.Index(["x", "y"], name="content"))


@pytest.mark.usefixtures("here")
def test_memory_gives_back_what_was_kept() -> None:
    memory = Cache("work", "v1")
    assert memory.load(["size", "grey"]).empty
    memory.save(ROWS)
    pd.testing.assert_frame_equal(memory.load(["size", "grey"]), ROWS, check_index_type=False, check_dtype=False)


@pytest.mark.usefixtures("here")
def test_memory_of_other_code_is_forgotten() -> None:
    Cache("work", "v1").save(ROWS)
    assert Cache("work", "v2").load(["size"]).empty


@pytest.mark.parametrize("byte", [10, 60, -10])
def test_a_damaged_memory_is_forgotten(here: Path, byte: int) -> None:
    memory = Cache("work", "v1")
    memory.save(ROWS)
    file = here / ".cache" / "work.parquet"
    data = bytearray(file.read_bytes())
    data[byte] ^= 0xFF
    file.write_bytes(data)
    assert memory.load(["size", "grey"]).empty
    file.write_bytes(b"")
    assert memory.load(["size", "grey"]).empty


def test_a_memory_that_cannot_be_written_is_not_kept(here: Path) -> None:
    (here / ".cache").write_text("a file where the folder should be")
    memory = Cache("work", "v1")
    memory.save(ROWS)
    assert memory.load(["size"]).empty


def test_version_follows_source_and_settings() -> None:
    assert version_of(parallel, "1") == version_of(parallel, "1")
    assert len({version_of(parallel, "1"), version_of(parallel, "2"), version_of(parallel), version_of("ab", "c")}) == 4
    assert version_of("ab", "c") != version_of("a", "bc")
