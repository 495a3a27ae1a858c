"""The contract of stages: signature, docstring, `Params` and `Tables` say what dvc.yaml, params.yaml and DVC need."""

import ast
import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pydantic
import pytest

from golgoru import shell
from golgoru.core import paths
from golgoru.core.yaml_models import Written, parse
from golgoru.raw.deliveries import read_deliveries
from golgoru.tables import frames
from golgoru.tables.pipeline import TABLES

TOP = Path(__file__).parents[1]
PIPELINE: dict[str, Any] = parse(TOP / paths.DVC)[1]
DVC: dict[str, dict[str, Any]] = PIPELINE["stages"]
PLOTS: list[dict[str, Any]] = PIPELINE.get("plots", [])
# Every stage imports all of these; DVC does not follow imports.
CODE = ["golgoru", "uv.lock"]
# What a stage writes beside its tables: folders of pictures and payloads, in the template alone.
FILES_OF_THE_EXAMPLE = {
    "data/raw/images/example",
    "data/raw/images/example-late",
    *(f"data/raw/batches/example-{name}/payload" for name in ("ann-a", "ann-b", "ann-c", "review")),
}
each_stage = pytest.mark.parametrize("stage", DVC)


def module(stage: str) -> ModuleType:
    return importlib.import_module(f"stages.{stage}")


def arguments(stage: str) -> list[str]:
    return list(inspect.signature(module(stage).transform).parameters)


def table_arguments(stage: str) -> list[str]:
    return [name for name in arguments(stage) if name not in shell.INPUTS and name != "params"]


def fields(stage: str) -> list[str]:
    """Return the tables that a stage writes, by the names of its fields."""
    return [name for name in module(stage).Tables._fields if name not in shell.SPECIAL]


def plots(stage: str) -> list[str]:
    """Return the paths of the plots that dvc.yaml says the stage writes; the conformance suite holds it to them."""
    return [path for plot in DVC[stage].get("plots", []) for path in plot]


def imported(file: Path) -> set[str]:
    """Return the modules that a file imports, `from a import b` as both a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: write imports in full"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_every_stage_is_a_file_and_every_file_a_stage():
    files = {file.stem for file in (TOP / "stages").glob("*.py")} - {"__init__"}
    assert files == set(DVC)


@each_stage
def test_the_description_is_the_first_line_of_the_docstring(stage):
    first = inspect.getdoc(module(stage)).splitlines()[0]
    assert DVC[stage]["desc"] == first
    assert first.endswith(".")


@each_stage
def test_the_docstring_says_what_is_read_and_written_and_names_every_table_written(stage):
    text = inspect.getdoc(module(stage))
    assert "Reads" in text
    assert "Writes" in text
    for field in fields(stage):
        written = frames.table_name(field)
        assert written in text or written.removeprefix("release/") in text


@each_stage
def test_the_command_runs_the_file(stage):
    assert DVC[stage]["cmd"] == f"python -m stages.{stage}"
    assert inspect.getsource(module(stage)).endswith(
        ('if __name__ == "__main__":\n    run(transform)\n', 'if __name__ == "__main__":\n    shell.run(transform)\n')
    )


@each_stage
def test_the_dependencies_are_the_arguments(stage, monkeypatch):
    monkeypatch.chdir(TOP)
    inputs = [shell.INPUTS[name] for name in arguments(stage) if name in shell.INPUTS]
    expected = {frames.table_path(name).as_posix() for name in table_arguments(stage)}
    expected |= {path.as_posix() for one in inputs for path in one.paths}
    expected |= {f"stages/{stage}.py", *CODE}
    if stage == "fingerprint":  # the pictures of a delivery without a pointer are outputs of a stage
        made = [d.name for d in read_deliveries(paths.DELIVERIES) if d.pointer is None]
        expected |= {(paths.IMAGES / name).as_posix() for name in made}
    assert sorted(DVC[stage]["deps"]) == sorted(expected)


@each_stage
def test_the_parameters_are_those_of_the_arguments_and_the_own_block(stage):
    expected = {key for name in arguments(stage) if name in shell.INPUTS for key in shell.INPUTS[name].params}
    within = {key for key in expected if key.partition(".")[0] in expected - {key}}  # the whole block is named already
    assert sorted(DVC[stage]["params"]) == sorted(expected - within | {stage})


@each_stage
def test_the_outputs_are_the_fields_of_tables(stage):
    expected = {frames.table_path(name).as_posix() for name in fields(stage) if not name.startswith("release_")}
    if len(expected) < len(fields(stage)):
        expected.add(paths.RELEASE.as_posix())
    expected |= {folder.as_posix() for name, folder in shell.FOLDERS.items() if name in module(stage).Tables._fields}
    if stage == "example":
        expected |= FILES_OF_THE_EXAMPLE
    assert sorted(DVC[stage]["outs"]) == sorted(expected)


@each_stage
def test_metrics_go_to_git(stage):
    assert shell.METRICS in module(stage).Tables._fields
    assert DVC[stage]["metrics"] == [{f"reports/{stage}.json": {"cache": False}}]


@each_stage
def test_plots_go_to_git_and_their_names_begin_with_the_stage(stage):
    assert (shell.PLOTS in module(stage).Tables._fields) == bool(plots(stage))
    for path in plots(stage):
        assert Path(path).match(shell.plot_path(stage, "*.csv").as_posix())
    assert DVC[stage].get("plots", []) == [{path: {"cache": False}} for path in plots(stage)]


def test_every_plot_is_shown_and_nothing_else():
    shown = [path for plot in PLOTS for settings in plot.values() for path in settings["y"]]
    assert sorted(shown) == sorted(path for stage in DVC for path in plots(stage))


@each_stage
def test_every_table_has_a_schema(stage):
    for name in (*fields(stage), *table_arguments(stage)):
        assert frames.table_name(name) in TABLES


def test_every_schema_belongs_to_one_stage():
    written = [frames.table_name(name) for stage in DVC for name in fields(stage)]
    # `dataset new` takes the example out, and its table with it.
    assert sorted(written) == sorted(TABLES if "example" in DVC else set(TABLES) - {"planted"})


def test_stages_stand_in_reading_order():
    written: set[str] = set()
    for stage in DVC:
        assert set(table_arguments(stage)) <= written, f"{stage} reads a table that no stage above it writes"
        written |= set(fields(stage))


@each_stage
def test_params_are_frozen_and_refuse_unknown_keys(stage):
    params = module(stage).Params
    assert issubclass(params, Written)
    assert inspect.signature(module(stage).transform).parameters["params"].annotation is params
    made = params()  # every setting has a default
    with pytest.raises(pydantic.ValidationError):
        params.model_validate({"no_such_setting": 1})
    for field in params.model_fields:
        with pytest.raises(pydantic.ValidationError):
            setattr(made, field, getattr(made, field))


def test_params_yaml_has_a_block_for_every_stage_and_no_other():
    blocks: dict[str, Any] = parse(TOP / paths.PARAMS)[1]
    assert set(blocks) - {"dataset", "review"} == set(DVC)
    for stage in DVC:
        module(stage).Params.model_validate(blocks[stage])


@each_stage
def test_a_stage_imports_golgoru_alone(stage):
    for name in imported(TOP / "stages" / f"{stage}.py"):
        assert not name.startswith(("stages", "golgoru.cli"))


@pytest.mark.parametrize("folder", ["stages", "golgoru", "expectations", "tests"])
def test_a_file_can_be_read_in_one_sitting(folder):
    long = {
        file.relative_to(TOP).as_posix(): lines
        for file in (TOP / folder).rglob("*.py")
        if (lines := len(file.read_text().splitlines())) > 300
    }
    assert long == {}
