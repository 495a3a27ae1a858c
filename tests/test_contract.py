"""The contract of stages and of the engine: dvc.yaml says what the files say, and no package imports upward."""

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pydantic
import pytest

from golgoru import shell
from golgoru.core import paths
from golgoru.core.yaml_models import ConfigModel, parse_yaml
from golgoru.tables import frames, relations
from golgoru.tables.catalogue import TABLES
from golgoru.tables.columns import is_table, named_columns
from golgoru.tables.frames import table_name
from golgoru.tables.relations import foreign_keys
from golgoru.wiring.dvc_yaml import stage_files, wiring_findings
from golgoru.wiring.imports import imported_modules
from golgoru.wiring.stage_wiring import load_stage

TOP = Path(__file__).parents[1]
PIPELINE: dict[str, Any] = parse_yaml(TOP / paths.DVC)[1]
DVC: dict[str, dict[str, Any]] = PIPELINE["stages"]
PLOTS: list[dict[str, Any]] = PIPELINE.get("plots", [])
# The packages of the engine; each imports those above it alone. The modules beside them stand in their places.
LAYERS = (
    "core", "tables", "geometry", "formats", "raw", "images", "guideline", "duplicates", "annotations", "validation",
    "consensus", "annotators", "splits", "balance", "model", "active", "release", "site", "shell", "wiring", "cli",
)  # fmt: skip
# The one module of the engine that imports stages: `dataset check` loads their Params, and dvc.yaml follows them.
LOADS_STAGES = "golgoru/wiring/stage_wiring.py"
each_stage = pytest.mark.parametrize("stage", DVC)
engine_files = sorted((TOP / "golgoru").rglob("*.py"))


def arguments(stage: str) -> list[str]:
    return list(inspect.signature(load_stage(stage).transform).parameters)


def table_arguments(stage: str) -> list[str]:
    return [name for name in arguments(stage) if name not in shell.INPUTS and name != "params"]


def fields(stage: str) -> list[str]:
    """Return the tables that a stage writes, by the names of its fields."""
    return [name for name in load_stage(stage).Tables._fields if name not in shell.SPECIAL]


def plots(stage: str) -> list[str]:
    """Return the paths of the plots that dvc.yaml says the stage writes; the conformance suite holds it to them."""
    return [path for plot in DVC[stage].get("plots", []) for path in plot]


def package_of(name: str) -> str | None:
    """Return the package of the engine that a module belongs to."""
    parts = name.split(".")
    return parts[1] if parts[0] == "golgoru" and len(parts) > 1 else None


def test_every_stage_is_a_file_and_every_file_a_stage():
    assert stage_files() == sorted(DVC)


def test_dvc_yaml_says_what_the_files_of_the_stages_say(monkeypatch):
    monkeypatch.chdir(TOP)
    assert list(wiring_findings()) == []


@pytest.mark.parametrize("file", engine_files, ids=lambda file: file.relative_to(TOP).as_posix())
def test_a_package_imports_only_packages_below_it(file):
    own = package_of(file.relative_to(TOP).with_suffix("").as_posix().replace("/", "."))
    for name in imported_modules(file):
        assert not name.startswith(("stages.", "expectations.", "tests."))
        if own not in (None, "__init__") and (other := package_of(name)) is not None:
            assert LAYERS.index(other) <= LAYERS.index(str(own)), f"{file}: {own} stands below {other}"


def test_the_engine_loads_stages_in_one_place():
    assert [file.relative_to(TOP).as_posix() for file in engine_files if 'f"stages.{' in file.read_text()] == [
        LOADS_STAGES
    ]


def test_no_file_of_the_engine_imports_itself_through_others():
    """No circle among the files: whoever reads one of them first need not read another before."""
    names = {
        ".".join(file.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__"): file for file in engine_files
    }
    imports = {name: {n for n in imported_modules(file) if n in names} - {name} for name, file in names.items()}
    while leaves := [name for name, others in imports.items() if not others & set(imports)]:
        for name in leaves:
            del imports[name]
    # `golgoru` and the packages are named by every import of what is in them, and import nothing but their own modules.
    assert sorted(imports) == []


@each_stage
def test_a_stage_imports_the_engine_alone(stage):
    for name in imported_modules(TOP / "stages" / f"{stage}.py"):
        assert not name.startswith(("stages", "golgoru.cli", "golgoru.wiring", "tests"))


@each_stage
def test_the_docstring_says_what_is_read_and_written_and_names_every_table_written(stage):
    text = inspect.getdoc(load_stage(stage))
    assert text.splitlines()[0].endswith(".")
    assert "Reads" in text
    assert "Writes" in text
    for field in fields(stage):
        written = table_name(field)
        assert written in text or written.removeprefix("release/") in text


@each_stage
def test_the_file_ends_with_the_line_that_runs_it(stage):
    assert inspect.getsource(load_stage(stage)).endswith(
        (
            'if __name__ == "__main__":\n    run_stage(transform)\n',
            'if __name__ == "__main__":\n    shell.run_stage(transform)\n',
        )
    )


@each_stage
def test_metrics_and_plots_go_to_git_and_the_names_of_plots_begin_with_the_stage(stage):
    assert DVC[stage]["metrics"] == [{f"reports/{stage}.json": {"cache": False}}]
    assert (shell.PLOTS in load_stage(stage).Tables._fields) == bool(plots(stage))
    for path in plots(stage):
        assert Path(path).match(shell.plot_path(stage, "*.csv").as_posix())
    assert DVC[stage].get("plots", []) == [{path: {"cache": False}} for path in plots(stage)]


def test_every_plot_is_shown_and_nothing_else():
    shown = [path for plot in PLOTS for settings in plot.values() for path in settings["y"]]
    assert sorted(shown) == sorted(path for stage in DVC for path in plots(stage))
    assert list(PIPELINE).index("plots") < list(PIPELINE).index("stages")


def test_every_table_has_a_schema_and_every_schema_belongs_to_one_stage():
    written = [table_name(name) for stage in DVC for name in fields(stage)]
    # `dataset new` takes the example out, and its table with it.
    assert sorted(written) == sorted(TABLES if "example" in DVC else set(TABLES) - {"planted"})


@each_stage
def test_what_a_table_refers_to_is_at_hand_when_it_is_written(stage):
    """Foreign keys and identities are checked on writing, against what the stage reads and writes."""
    at_hand = {table_name(name) for name in (*table_arguments(stage), *fields(stage))}
    assert at_hand <= set(TABLES)
    for name in map(table_name, fields(stage)):
        assert {other for _, (other, _) in foreign_keys(name)} <= at_hand
        assert {table for identity in TABLES[name].identities for table in identity.tables} <= at_hand


def test_stages_stand_in_reading_order():
    written: set[str] = set()
    for stage in DVC:
        assert set(table_arguments(stage)) <= written, f"{stage} reads a table that no stage above it writes"
        written |= set(fields(stage))


@each_stage
def test_params_are_frozen_and_refuse_unknown_keys(stage):
    module: ModuleType = load_stage(stage)
    params = module.Params
    assert issubclass(params, ConfigModel)
    assert inspect.signature(module.transform).parameters["params"].annotation is params
    made = params()  # every setting has a default
    with pytest.raises(pydantic.ValidationError):
        params.model_validate({"no_such_setting": 1})
    for field in params.model_fields:
        with pytest.raises(pydantic.ValidationError):
            setattr(made, field, getattr(made, field))


@each_stage
def test_an_argument_names_columns_of_its_table_alone(stage):
    for name in table_arguments(stage):
        annotation = inspect.signature(load_stage(stage).transform).parameters[name].annotation
        assert is_table(annotation)
        table = TABLES[table_name(name)]
        assert (named_columns(annotation) or set()) <= {column.name for column in table.columns}, name


@each_stage
def test_a_stage_that_reads_columns_can_check_what_it_writes(stage):
    """The shell adds what the checks look at; an identity that looks at more than it says would raise KeyError."""
    written = {table_name(name): frames.frame(table_name(name)) for name in fields(stage)}
    checked = relations.columns_looked_at(written)
    names = {table_name(name) for name in table_arguments(stage)} - set(written)
    relations.check_relations(written, {name: frames.frame(name)[sorted(checked.get(name, ()))] for name in names})


def test_params_yaml_has_a_block_for_every_stage_and_no_other():
    blocks: dict[str, Any] = parse_yaml(TOP / paths.PARAMS)[1]
    assert set(blocks) - {"dataset", "review"} == set(DVC)
    for stage in DVC:
        load_stage(stage).Params.model_validate(blocks[stage])
