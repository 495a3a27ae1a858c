"""One suite over every stage of the template: what a stage may never do, whatever it is for.

Inputs untouched, row order irrelevant, empty tables work, unknown settings refused, outputs fit their schemas, and
the same again on a second run. A stage is found automatically; its arguments are found by their names.
"""

import contextlib
import importlib
import inspect
import json
import shutil
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from golgoru import shell
from golgoru.guideline.changes import Changes
from golgoru.tables import frames
from golgoru.tables.columns import coded_columns, given_columns
from golgoru.tables.frames import table_name
from golgoru.validation.suites import suite_from_rules
from tests.template.builders import worlds
from tests.template.builders.examples import examples
from tests.template.builders.frozen import template_stages
from tests.test_contract import arguments, plots, table_arguments

# Stages that open files, and so need a repository rather than a world of tables.
ON_FILES = {
    "example": "writes files and reads no table; tests/template/stages/test_example.py holds it to the laws below",
    "fingerprint": "opens every picture",
    "ingest": "reads payloads",
    "dedup": "opens pictures that may be copies",
    "predict": "opens pictures",
    "evaluate": "opens pictures",
    "report": "shows pictures",
}
STAGES = template_stages()
ON_TABLES = [stage for stage in STAGES if stage not in ON_FILES]
SUITES = {table: suite_from_rules(worlds.RULES, table) for table in worlds.RULES.checked_tables()}
few = examples(3)


def run(stage: str, given: dict[str, Any], real_suites: bool = False) -> dict[str, bytes]:
    """Return everything that a stage writes, as bytes by name. Tables that break schema or key raise here."""
    module = importlib.import_module(f"stages.{stage}")
    chosen = named(module, given)
    if real_suites:
        made = outcome(module, chosen)
    else:
        with worlds.gate_open():
            made = outcome(module, chosen)
    written: dict[str, bytes] = {}
    for name, value in made.items():
        if name == shell.METRICS:
            written[name] = json.dumps(value, allow_nan=False).encode()
        elif name == shell.PLOTS:
            assert sorted(shell.plot_path(stage, file).as_posix() for file in value) == sorted(plots(stage))
            written |= value
        elif name in shell.FOLDERS:
            written |= value
        else:
            written[name] = frames.to_bytes(value, table_name(name))
    return written


def named(module: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a stage, of each table the columns that it names: what it uses beyond that raises."""
    asked = inspect.signature(module.transform).parameters
    return {name: given_columns(given[name], asked[name].annotation) for name in asked if name != "params"}


def coded(given: dict[str, Any], stage: str) -> dict[str, Any]:
    """Return what the shell gives a stage that takes columns as categories, in no particular order: here backwards."""
    asked = inspect.signature(importlib.import_module(f"stages.{stage}").transform).parameters
    return given | {
        name: table.assign(**{c: _backwards(table[c]) for c in coded_columns(asked[name].annotation)})
        for name, table in tables(given, stage).items()
    }


def _backwards(texts: pd.Series) -> pd.Series:
    return texts.astype(pd.CategoricalDtype(pd.Index(sorted(texts.dropna().unique(), reverse=True), dtype="str")))


def outcome(module: Any, chosen: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(module.transform(**chosen, params=module.Params())._asdict())
    except shell.GateFailed as stop:
        return dict(stop.tables)


def tables(given: dict[str, Any], stage: str) -> dict[str, pd.DataFrame]:
    return {name: given[name] for name in table_arguments(stage)}


def shuffled(given: dict[str, Any], stage: str, seed: int) -> dict[str, Any]:
    mixed = {
        name: table.sample(frac=1, random_state=seed).reset_index(drop=True)
        for name, table in tables(given, stage).items()
    }
    return given | mixed


def emptied(given: dict[str, Any], stage: str) -> dict[str, Any]:
    return given | {name: frames.frame(table_name(name)) for name in table_arguments(stage)}


def untouched(given: dict[str, Any], before: dict[str, pd.DataFrame]) -> None:
    for name, table in before.items():
        pd.testing.assert_frame_equal(given[name], table)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Return the folder of a repository with pictures, copies among them, a torn file, and one batch of labels."""
    top = tmp_path_factory.mktemp("repository")
    images, batch = top / "data/raw/images/a", top / "data/raw/batches/first"
    deliveries = top / "data/raw/deliveries"
    for folder in (images, batch / "payload", deliveries):
        folder.mkdir(parents=True)
    dice = np.random.default_rng(0)
    for number in range(16):
        coarse = dice.integers(0, 255, (4, 4), dtype=np.uint8)
        Image.fromarray(coarse).resize((48, 48)).save(images / f"{number}.png")
    shutil.copy(images / "0.png", images / "same file.png")
    Image.open(images / "1.png").save(images / "same pixels.bmp")
    Image.open(images / "2.png").convert("RGB").save(images / "near.jpg", quality=90)
    (images / "torn.png").write_bytes((images / "3.png").read_bytes()[:60])
    # A delivery without a pointer is the output of a stage.
    (top / "dvc.yaml").write_text(
        "stages: {draw: {cmd: draw, outs: [data/raw/images/a, data/raw/batches/first/payload]}}\n"
    )
    (deliveries / "a.yaml").write_text("date: 2026-01-01\ngroup: '^(near|2)'\nmetadata: {camera: text}\n")
    (deliveries / "a.csv").write_text("image,camera\n0.png,north\n1.png,south\ngone.png,x\n")
    (batch / "batch.yaml").write_text(
        "format: csv\nsource: human\ndate: 2026-02-01\nguideline_version: '1.9'\nannotator: ann\n"
        "columns: {image: file, label: class}\n"
    )
    rows = "".join(f"a/{n}.png,{'cat' if n % 2 else 'dog'}\n" for n in range(16))
    (batch / "payload/labels.csv").write_text(f"file,class\n{rows}a/gone.png,cat\na/1.png\n")
    return top


@pytest.fixture(scope="module")
def made(repository):
    """Return what the stages of the repository read, each from the ones before."""
    with contextlib.chdir(repository):
        return tables_of_stages()


@pytest.fixture
def read(repository, made, monkeypatch):
    monkeypatch.chdir(repository)
    return {name: value.copy() if isinstance(value, pd.DataFrame) else value for name, value in made.items()}


def tables_of_stages():
    given = {name: shell.INPUTS[name].read() for name in ("deliveries", "batches")}
    given |= {"classes": worlds.CLASSES, "changes": Changes(), "task": "classification", "pins": [], "seed": 7}
    given |= {"external_predictions": [], "frozen": None}
    given["violations"] = frames.frame("violations")
    made = worlds.materials(worlds.build("classification", 0, 0))
    given |= {name: made[name] for name in ("rules", "edge_cases", "suites", "accepted", "dataset", "withdrawals")}
    found_in_folders = ("example", "validate", "report")
    for stage in (stage for stage in STAGES if stage not in found_in_folders):
        module = importlib.import_module(f"stages.{stage}")
        with worlds.gate_open():
            given |= outcome(module, named(module, given))
    return given


def test_every_stage_is_covered():
    world = set(worlds.materials(worlds.build("detection", 3, 0))) | {"params"}
    for stage in ON_TABLES:
        assert set(arguments(stage)) <= world, (
            f"tests/template/builders/worlds.py has no {set(arguments(stage)) - world}"
        )
    assert set(ON_FILES) <= set(STAGES)


@pytest.mark.parametrize("stage", ON_TABLES)
@few
@given(worlds.worlds(most=12), st.integers(0, 99))
def test_on_tables_inputs_stay_and_neither_row_order_nor_repetition_nor_categories_change_a_byte(stage, world, seed):
    given = worlds.materials(world)
    before = {name: table.copy(deep=True) for name, table in tables(given, stage).items()}
    first = run(stage, given)
    untouched(given, before)
    assert run(stage, shuffled(given, stage, seed)) == first
    assert run(stage, coded(given, stage)) == first


@pytest.mark.parametrize("stage", [stage for stage in ON_FILES if stage != "example"])
def test_on_files_inputs_stay_and_neither_row_order_nor_repetition_changes_a_byte(stage, read):
    before = {name: table.copy(deep=True) for name, table in tables(read, stage).items()}
    first = run(stage, read)
    untouched(read, before)
    assert run(stage, read) == first
    assert run(stage, shuffled(read, stage, 1)) == first
    turned = {name: list(reversed(read[name])) for name in ("deliveries", "batches") if name in arguments(stage)}
    assert run(stage, read | turned) == first


def test_the_repository_has_something_for_every_stage_to_find(read):
    assert set(read["duplicate_pairs"]["kind"]) >= {"exact", "near"}
    assert read["images"]["error"].notna().sum() == 1
    assert len(read["rejects"]) == 2
    assert len(read["annotations"]) == 17
    assert len(read["predictions"]) == 16
    assert len(read["release_train"])


@pytest.mark.parametrize("stage", ON_TABLES)
@pytest.mark.parametrize("task", ["classification", "detection"])
def test_on_tables_without_a_row(stage, task):
    given = emptied(
        worlds.materials(worlds.build(task, 3, 0)) | {"pins": [], "withdrawals": [], "suites": SUITES}, stage
    )
    real = "suites" in arguments(stage) and task == "detection"
    made = run(stage, given, real_suites=real)
    assert all(isinstance(content, bytes) for content in made.values())
    assert run(stage, coded(given, stage), real_suites=real) == made


@pytest.mark.parametrize("stage", [stage for stage in ON_FILES if table_arguments(stage)])
def test_on_files_without_a_row(stage, read):
    assert run(stage, emptied(read, stage) | {"batches": []})


@pytest.mark.parametrize("stage", [stage for stage in ON_TABLES if "suites" in arguments(stage)])
def test_the_real_suites_find_the_same_in_any_order_of_rows(stage):
    given = worlds.materials(worlds.build("detection", 12, 3)) | {"suites": SUITES}
    before = {name: table.copy(deep=True) for name, table in tables(given, stage).items()}
    first = run(stage, given, real_suites=True)
    untouched(given, before)
    assert run(stage, shuffled(given, stage, 1), real_suites=True) == first
    assert run(stage, coded(given, stage), real_suites=True) == first


@pytest.mark.parametrize("stage", STAGES)
def test_an_unknown_setting_is_refused(stage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(f"{stage}:\n  no_such_setting: 1\n")
    params = inspect.signature(importlib.import_module(f"stages.{stage}").transform).parameters["params"]
    only = lambda params: None  # noqa: E731
    only.__signature__ = inspect.Signature([params])  # type: ignore[attr-defined]
    with pytest.raises(shell.UserError, match=rf"^params.yaml:2: {stage}.no_such_setting: unknown key"):
        shell.read_arguments(stage, only)
