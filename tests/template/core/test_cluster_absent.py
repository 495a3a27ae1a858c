"""What is said where there is no cluster, or none that can be used; time is short here."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from golgoru.core import cluster, code_versions, parallel, storage
from golgoru.core.errors import UserError
from golgoru.core.parallel import map_batches
from tests.template.builders import dask_clusters

TOP = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT", 0.5)
    monkeypatch.setattr(cluster, "_LOST", 0.01)


def use(address: str) -> list[list[int]]:
    return list(cluster.map_on_cluster(address, dask_clusters.complain, [1, 2, 3], 1, 1.0))


def test_no_scheduler_at_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UserError, match=rf"^GOLGORU_CLUSTER={address}: no Dask scheduler answered .* `dask scheduler"):
        use(address)


def test_something_else_at_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UserError, match=r"no Dask scheduler answered there .* `unset GOLGORU_CLUSTER`"):
            use(address)


def test_a_scheduler_without_workers() -> None:
    with dask_clusters.local_cluster(0) as empty, pytest.raises(UserError) as caught:
        use(empty.scheduler_address)
    assert f"no workers; start some, on each machine, with `dask worker {empty.scheduler_address}" in str(caught.value)


def test_workers_of_several_threads_are_refused() -> None:
    """Numerics are held to one thread per process, so that the last digits are the same everywhere."""
    with dask_clusters.local_cluster(1, threads=2, processes=False) as threads, pytest.raises(UserError) as caught:
        use(threads.scheduler_address)
    assert re.search(r"worker \S+ runs 2 threads; start it with `dask worker .* --nthreads 1`", str(caught.value))


class Future:
    def __init__(self, client: "Client", items: list[int]) -> None:
        self._client, self._items = client, items

    def exception(self, timeout: float) -> None:
        if self._client.lost:
            raise TimeoutError

    def result(self) -> list[int]:
        self._client.waiting -= 1
        return self._items

    def release(self) -> None:
        self._client.released += 1


class Client:
    """A client that counts what is under way."""

    def __init__(self, workers: Callable[[], Any], lost: bool) -> None:
        self.lost, self.waiting, self.most, self.released = lost, 0, 0, 0
        self._workers = workers

    def submit(self, function: object, name: str, items: list[int], key: object) -> Future:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        return Future(self, items)

    def scheduler_info(self) -> dict[str, Any]:
        return {"workers": self._workers()}


def test_only_so_many_batches_are_under_way() -> None:
    client = Client(dict, lost=False)
    found = cluster._Cluster(client, "tcp://a:1").results("work", iter([[n] for n in range(50)]), most=6)
    assert [next(found) for _ in range(10)] == [[n] for n in range(10)]
    assert client.most == 6
    found.close()  # type: ignore[attr-defined]
    assert client.released == client.waiting == 5


def fail() -> None:
    raise OSError("no route")


@pytest.mark.parametrize(
    ("workers", "message"),
    [
        (dict, "all workers of the cluster were lost at or soon after 'x/1.png'"),
        (fail, "tcp://a:1: the scheduler was lost"),
    ],
)
def test_a_cluster_that_is_lost_midway_ends_the_work(workers: Callable[[], Any], message: str) -> None:
    client = Client(workers, lost=True)
    with pytest.raises(UserError, match=message):
        list(cluster._Cluster(client, "tcp://a:1").results("work", iter([[("x/1.png", "md5")]]), most=6))


def test_the_digest_of_code_follows_names_and_content(tmp_path: Path) -> None:
    def digest(**files: str) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)
        (folder / "notes.txt").write_text(str(folder))
        return code_versions.code_digest(folder)

    assert digest(a="1", b="2") == digest(b="2", a="1")
    assert len({digest(a="1"), digest(a="2"), digest(b="1"), digest(a="1", b=""), digest(a="", b="1")}) == 5


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_PATIENCE", -1.0)
    monkeypatch.setattr(parallel, "_WORTH_A_POOL", -1.0)


def test_little_work_asks_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cluster.SETTING, "tcp://127.0.0.1:1")
    found = map_batches(dask_clusters.add_with_process, list(range(50)), "adding", 7)
    assert {process for _, process, _ in found} == {os.getpid()}


@pytest.mark.parametrize(
    "address", ["10.0.0.1:8786", "http://10.0.0.1:8786", "tcp://10.0.0.1", "tcp:// a:1", "inproc://a/1/2"]
)
@pytest.mark.usefixtures("impatient")
def test_an_address_is_that_of_a_scheduler(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv(cluster.SETTING, address)
    with pytest.raises(UserError, match=r"expected the address of a Dask scheduler, such as tcp://10.0.0.1:8786"):
        map_batches(dask_clusters.complain, [1, 2], "complaining", 3)


@pytest.mark.usefixtures("impatient")
def test_the_extra_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cluster.SETTING, "tcp://127.0.0.1:1")
    monkeypatch.delitem(sys.modules, "golgoru.core.cluster")
    monkeypatch.delattr("golgoru.core.cluster")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match="distributed is missing; run `uv sync --extra cluster`"):
        map_batches(dask_clusters.complain, [1, 2], "complaining", 3)


def test_without_the_settings_nothing_of_the_extra_is_imported() -> None:
    code = (
        "import sys\n"
        "from stages import fingerprint, predict\n"
        "from golgoru.core import parallel\n"
        "parallel.map_batches(list, [1, 2], 'listing', 1)\n"
        "assert not {'distributed', 'dask', 's3fs', 'fsspec'} & set(sys.modules)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name not in (cluster.SETTING, storage.SETTING)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_a_stage_says_what_is_missing_and_exits_with_2(tmp_path: Path) -> None:
    """As for people: the address of nothing, through the shell of a stage."""
    program = tmp_path / "stage.py"
    program.write_text(
        "from golgoru.core import parallel\n"
        "from golgoru.shell import run_stage\n"
        "parallel._PATIENCE = parallel._WORTH_A_POOL = -1.0\n"
        "def transform():\n"
        "    parallel.map_batches(list, [1, 2, 3], 'listing', 1)\n"
        "run_stage(transform)\n"
    )
    environment = os.environ | {cluster.SETTING: "tcp://127.0.0.1:1", "PYTHONPATH": str(TOP)}
    environment["DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT"] = "1s"
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("stage: GOLGORU_CLUSTER=tcp://127.0.0.1:1: no Dask scheduler answered there within")
    assert "Traceback" not in done.stderr


def test_certificates_that_are_not_configured_are_asked_for() -> None:
    with pytest.raises(UserError, match=r"name certificate, key and authority as `distributed.comm.tls`"):
        use("tls://127.0.0.1:1")


def test_code_that_is_replaced_while_a_process_runs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_versions.code_versions()
    monkeypatch.setattr(code_versions, "code_digest", lambda _: "abc")
    after = code_versions.code_versions()
    said = code_versions.version_differences(before, after)
    assert said == f"golgoru {before['golgoru']}, replaced by abc while running, instead of {before['golgoru']}"


def test_another_lock_is_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_versions.code_versions()
    monkeypatch.setattr(code_versions, "_LOCK", tmp_path / "uv.lock")
    assert code_versions.version_differences(before, code_versions.code_versions()).startswith(
        "uv.lock missing instead"
    )
