"""The shell around stages: exit codes, what is written when, and that a file is there as a whole or as it was."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Annotated, NamedTuple

import pandas as pd
import pytest

from golgoru import shell
from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.tables import frames
from golgoru.tables.columns import columns
from golgoru.tables.frames import table_name, table_path

TOP = Path(__file__).parents[2]
STAGE = """
from typing import Annotated, Any, NamedTuple
import pandas as pd
from golgoru import shell
from golgoru.core.errors import UserError
from golgoru.tables import frames
from golgoru.tables.columns import columns
from golgoru.core.yaml_models import ConfigModel

class Params(ConfigModel):
    do: str = "well"

class Tables(NamedTuple):
    duplicates: pd.DataFrame
    release_images: pd.DataFrame
    metrics: dict[str, Any]
    documents: dict[str, bytes]
    plots: dict[str, bytes]

def transform(
    duplicate_pairs: Annotated[pd.DataFrame, columns("image_a")],
    images: Annotated[pd.DataFrame, columns("width")],
    params: Params,
) -> Tables:
    tables = Tables(
        frames.frame("duplicates", {
            "image": duplicate_pairs["image_a"], "duplicate_of": "k", "kind": "near", "rule": "COPY-002",
        }),
        frames.frame("release/images"),
        {"share": 1 / 3, "within": {"list": [2 / 3, 1]}},
        {"card.md": b"# card", "charts/one.svg": b"<svg/>"},
        {"curve.csv": b"x,y\\n"},
    )
    if params.do == "take more":
        images["image"]
    if params.do == "stop":
        raise shell.GateFailed("it does not hold", {"duplicates": tables.duplicates, "metrics": {"found": 1}})
    if params.do == "refuse":
        raise UserError("data/x.csv:3: found a, expected b; do c")
    if params.do == "break":
        return tables._replace(duplicates=tables.duplicates.assign(surprise=1))
    return tables

if __name__ == "__main__":
    shell.run_stage(transform)
"""
PAIR = {"image_a": ["a/1.png"], "image_b": ["a/2.png"], "kind": "near", "distance": 1, "score": 1.0}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Work in a folder with one stage, `mini`, its settings and its input."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mini.py").write_text(STAGE)
    (tmp_path / "params.yaml").write_text("dataset: {}\n")
    frames.write_table(frames.frame("duplicate_pairs", PAIR), table_path("duplicate_pairs"), "duplicate_pairs")
    frames.write_table(frames.frame("images", {"image": ["a/1.png", "k"]}), table_path("images"), "images")
    return tmp_path


def run(do=None):
    if do is not None:
        paths.PARAMS.write_text(f"dataset: {{}}\nmini:\n  do: {do}\n")
    return subprocess.run(
        [sys.executable, "-m", "mini"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(TOP)},
    )


def written():
    """Return every file under data and reports, but the input."""
    files = {file.as_posix() for top in (paths.DATA, paths.REPORTS) for file in top.rglob("*") if file.is_file()}
    return sorted(files - {"data/duplicate_pairs.parquet", "data/images.parquet"})


def test_a_run_that_goes_well_writes_tables_metrics_documents_and_plots(repository):
    done = run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert written() == [
        "data/duplicates.parquet",
        "data/release/card.md",
        "data/release/charts/one.svg",
        "data/release/images.parquet",
        "reports/mini.json",
        "reports/plots/mini-curve.csv",
    ]
    assert frames.read_table(Path("data/duplicates.parquet"), "duplicates")["image"].tolist() == ["a/1.png"]
    # What is left of the last bits depends on the processor.
    assert json.loads(Path("reports/mini.json").read_text()) == {"share": 0.333333, "within": {"list": [0.666667, 1]}}


def test_a_gate_that_does_not_hold_writes_what_it_found_and_exits_with_1(repository):
    done = run("stop")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "mini: it does not hold\n")
    assert written() == ["data/duplicates.parquet", "reports/mini.json"]
    assert json.loads(Path("reports/mini.json").read_text()) == {"found": 1}


def test_a_mistake_of_people_writes_nothing_and_exits_with_2_without_a_traceback(repository):
    done = run("refuse")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "mini: data/x.csv:3: found a, expected b; do c\n")
    assert written() == []


def test_an_unknown_setting_is_refused_with_file_and_line(repository):
    paths.PARAMS.write_text("dataset: {}\nmini:\n  dont: well\n")
    done = run()
    assert done.returncode == 2
    assert done.stderr == "mini: params.yaml:3: mini.dont: unknown key; known keys: do\n"


def test_a_missing_or_torn_input_is_a_mistake_of_people(repository):
    table_path("duplicate_pairs").write_bytes(b"PAR1 torn")
    done = run()
    assert done.returncode == 2
    assert done.stderr.startswith("mini: data/duplicate_pairs.parquet: not a readable Parquet file")
    table_path("duplicate_pairs").unlink()
    done = run()
    assert done.returncode == 2
    assert done.stderr == "mini: data/duplicate_pairs.parquet: the table is missing; run `dvc repro` (or `dvc pull`)\n"


def test_a_stage_reads_the_columns_that_it_names_and_those_that_the_checks_at_the_writing_look_at(repository):
    images = {"image": ["a/1.png", "a/2.png"], "content": ["x", "y"], "error": [None, "torn"]}
    frames.write_table(frames.frame("images", images), table_path("images"), "images")

    class Tables(NamedTuple):
        groups: pd.DataFrame

    def transform(images: Annotated[pd.DataFrame, columns("content")], duplicate_pairs: pd.DataFrame) -> Tables:
        images = images[images["content"] == "x"]
        return Tables(frames.frame("groups", images.assign(group=images["content"], group_on_arrival="x")))

    read = shell.read_arguments("mini", transform)
    assert list(read["images"]) == ["image", "content", "error"]
    assert list(read["duplicate_pairs"]) == list(frames.frame("duplicate_pairs"))
    shell.check_outputs(transform(**read)._asdict(), read)


def test_a_table_that_breaks_its_schema_is_a_fault_of_code(repository):
    done = run("break")
    assert done.returncode not in (0, 2)
    assert "SchemaError: table duplicates: missing columns [], unknown columns ['surprise']" in done.stderr


def test_a_column_that_is_used_and_not_named_is_a_fault_of_code_even_where_a_check_reads_it(repository):
    done = run("take more")
    assert done.returncode not in (0, 2) and "KeyError: 'image'" in done.stderr


def test_foreign_keys_are_checked_against_columns_that_the_stage_does_not_name(repository):
    frames.write_table(frames.frame("images", {"image": ["a/1.png"]}), table_path("images"), "images")
    done = run()
    assert "SchemaError: table duplicates, column duplicate_of: 'k' is not in images.image" in done.stderr
    assert written() == []


@pytest.mark.parametrize("name", ["bytes", "table"])
def test_a_write_that_is_killed_leaves_the_old_file(repository, name):
    """The process dies in the middle of the write, by a signal that nothing can catch."""
    code = {
        "bytes": """
            real = pathlib.Path.write_bytes
            def write(path, content):
                real(path, content[:3])
                os.kill(os.getpid(), signal.SIGKILL)
            pathlib.Path.write_bytes = write
            files.write_bytes(pathlib.Path("data/file"), b"new content")
        """,
        "table": """
            def write(data, name, where):
                pathlib.Path(where).write_bytes(b"PAR1")
                os.kill(os.getpid(), signal.SIGKILL)
            frames._write = write
            frames.write_table(frames.frame("rejects"), pathlib.Path("data/file"), "rejects")
        """,
    }[name]
    Path("data/file").write_bytes(b"old content")
    imports = "import os, pathlib, signal\nfrom golgoru.core import files\nfrom golgoru.tables import frames\n"
    script = imports + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, env=os.environ | {"PYTHONPATH": str(TOP)}
    )
    assert done.returncode == -signal.SIGKILL
    assert Path("data/file").read_bytes() == b"old content"


def test_a_write_that_fails_leaves_the_old_file_and_no_part(repository, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    target = Path("data/x/file")
    write_bytes(target, b"old")
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_bytes(target, b"new")
    with pytest.raises(OSError, match="disk full"):
        frames.write_table(frames.frame("rejects"), target, "rejects")
    assert [file.name for file in target.parent.iterdir()] == ["file"]
    assert target.read_bytes() == b"old"


def test_a_table_that_is_a_document_already_is_written_as_it_stands_there(repository, monkeypatch):
    content = frames.to_bytes(frames.frame("release/images"), "release/images")
    monkeypatch.setattr(frames, "write_table", None)
    outputs = {"release_images": frames.frame("release/images"), "documents": {"images.parquet": content}}
    shell.write_outputs("mini", outputs)
    assert table_path("release_images").read_bytes() == content and written() == ["data/release/images.parquet"]
    assert outputs == {}


def test_a_metric_that_is_no_number_is_not_written(repository):
    with pytest.raises(ValueError, match="JSON"):
        shell.write_outputs("mini", {"metrics": {"share": float("nan")}})
    assert written() == []


def test_names_of_arguments_are_names_of_tables():
    assert table_name("release_train") == "release/train"
    assert table_path("release_train") == Path("data/release/train.parquet")
    assert table_path("labels") == Path("data/labels.parquet")


def test_every_input_that_is_no_table_says_how_to_read_it_and_what_dvc_must_watch(repository):
    for name, one in shell.INPUTS.items():
        assert one.paths or one.params, name
    for absent in ("pins", "withdrawals", "batches"):
        assert shell.INPUTS[absent].read() == []
    with pytest.raises(UserError, match=r"classes\.yaml: the file is missing"):
        shell.INPUTS["classes"].read()
