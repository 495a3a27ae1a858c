"""The shell around every stage: it reads what `transform` names, runs it, and writes what it gives back.

The signature is the wiring. An argument of `transform` is a table (`data/<name>.parquet`; see golgoru/tables/columns.py
for a part of its columns), one of `INPUTS`, or `params`, the stage's own block of params.yaml. The fields of `Tables`
are the tables to write; four names are special: `metrics` goes to `reports/<stage>.json`, `documents` (file name to
bytes) to `data/release/`, `pages` (likewise) to `reports/site/`, and `plots` (likewise) to
`reports/plots/<stage>-<name>`, small and in git.
"""

import gc
import importlib
import inspect
import json
import sys
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.core.text import terminal_safe
from golgoru.core.yaml_models import load_config
from golgoru.tables import frames, relations
from golgoru.tables.columns import coded_columns, given_columns, named_columns
from golgoru.tables.frames import table_name, table_path

METRICS, PLOTS, DOCUMENTS = "metrics", "plots", "documents"
# Fields that hold files, as bytes by name, and the folder that DVC takes as the stage's output.
FOLDERS = {DOCUMENTS: paths.RELEASE, "pages": paths.SITE}
# Fields that become no table.
SPECIAL = (METRICS, PLOTS, *FOLDERS)


class Input(NamedTuple):
    """An argument that is no table: how it is read, and the paths and params that DVC must watch for it.

    `reader` is `module:function`. It is imported when a stage asks for the argument, and counts among the imports of
    that stage alone: a change of how batches are read reruns no stage that reads none. It takes `files`, and gives
    the argument, or an object that has it as `attribute`.
    """

    reader: str
    files: tuple[Path, ...]
    params: tuple[str, ...] = ()
    watched: tuple[Path, ...] | None = None  # instead of `files`
    attribute: str = ""

    @property
    def module(self) -> str:
        """The module that reads it."""
        return self.reader.partition(":")[0]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths that DVC must watch."""
        return self.files if self.watched is None else self.watched

    def read(self) -> Any:
        """Return the argument, read from the working tree."""
        module, _, function = self.reader.partition(":")
        found = getattr(importlib.import_module(module), function)(*self.files)
        return getattr(found, self.attribute) if self.attribute else found


def _of_dataset(attribute: str) -> Input:
    return Input("golgoru.core.dataset:read_dataset", (paths.PARAMS,), (f"dataset.{attribute}",), (), attribute)


INPUTS = {
    "deliveries": Input("golgoru.raw.deliveries:read_deliveries", (paths.DELIVERIES,)),
    "batches": Input("golgoru.raw.batches:read_batches", (paths.BATCHES,)),
    "external_predictions": Input("golgoru.raw.external_predictions:read_descriptions", (paths.PREDICTIONS,)),
    "pins": Input("golgoru.raw.pins:read_pins", (paths.PINS,)),
    "withdrawals": Input("golgoru.raw.withdrawals:read_withdrawals", (paths.WITHDRAWALS,)),
    "classes": Input("golgoru.guideline.classes:read_classes", (paths.CLASSES,)),
    "annotator_pools": Input("golgoru.guideline.annotators:read_annotators", (paths.ANNOTATORS,)),
    "changes": Input("golgoru.guideline.changes:read_valid_changes", (paths.CHANGES, paths.CLASSES)),
    "rules": Input("golgoru.guideline.rules:read_rules", (paths.RULES,)),
    "edge_cases": Input(
        "golgoru.guideline.edge_cases:read_edge_cases", (paths.EDGE_CASES,), watched=(paths.EDGE_CASES, paths.CHECKS)
    ),
    "suites": Input("golgoru.validation.suites:read_suites", (paths.EXPECTATIONS,)),
    # What is accepted expires, and the day that counts is the release's.
    "accepted": Input(
        "golgoru.validation.baseline:read_accepted",
        (paths.BASELINE, paths.PARAMS), ("dataset.date",), (paths.EXPECTATIONS,),
    ),
    "dataset": Input("golgoru.core.dataset:read_dataset", (paths.PARAMS,), ("dataset",), ()),
    "seed": _of_dataset("seed"),
    # DVC wants the key to stand in params.yaml, empty until the test set is frozen; `dataset check` says so.
    "frozen": _of_dataset("frozen"),
    "task": _of_dataset("task"),
}  # fmt: skip


class GateFailed(Exception):  # noqa: N818  (a gate is no error)
    """A gate does not hold. What stands in `tables` is still written, so that people can read why; exit 1."""

    def __init__(self, message: str, tables: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.tables = tables


def run_stage(transform: Callable[..., Any]) -> None:
    """Run the stage that `transform` belongs to and exit: 0 done, 1 a gate does not hold, 2 wrong input."""
    stage = Path(inspect.getfile(transform)).stem
    gc.freeze()  # the libraries stay to the end: looking through them again and again costs a tenth of a second
    if "jemalloc" in pa.supported_memory_backends():  # the default holds on to what was let go: a sixth of the peak
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    try:
        arguments = read_arguments(stage, transform)
        outputs = transform(**_as_named(arguments, transform))._asdict()
        check_outputs(outputs, arguments)
        del arguments  # what was read is not held while what was made is written
        write_outputs(stage, outputs)
    except GateFailed as stop:
        write_outputs(stage, dict(stop.tables))
        print(f"{stage}: {terminal_safe(str(stop))}", file=sys.stderr)
        sys.exit(1)
    except UserError as error:
        print(f"{stage}: {terminal_safe(str(error))}", file=sys.stderr)
        sys.exit(2)


def read_arguments(stage: str, transform: Callable[..., Any]) -> dict[str, Any]:
    """Return the arguments of `transform`, read from the working tree.

    A table has the columns that its argument names and, where the checks of `check_outputs` look at others, those too.
    """
    signature = inspect.signature(transform)
    checked = relations.columns_looked_at(map(table_name, _tables_written(signature)))
    return {
        name: _argument(stage, name, argument.annotation, checked.get(table_name(name), set()))
        for name, argument in signature.parameters.items()
    }


def _tables_written(signature: inspect.Signature) -> list[str]:
    fields = getattr(signature.return_annotation, "_fields", ())
    return [name for name in fields if name not in SPECIAL]


def _as_named(arguments: Mapping[str, Any], transform: Callable[..., Any]) -> dict[str, Any]:
    """Return the arguments; tables without the columns that only checks look at, so that no stage builds on them."""
    parameters = inspect.signature(transform).parameters
    return {name: given_columns(value, parameters[name].annotation) for name, value in arguments.items()}


def check_outputs(outputs: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Check foreign keys and identities of the tables that a stage writes. Raises SchemaError."""
    written = {table_name(name): value for name, value in outputs.items() if name not in SPECIAL}
    read = {table_name(n): value for n, value in arguments.items() if n not in INPUTS and n != "params"}
    relations.check_relations(written, read)


def write_outputs(stage: str, outputs: dict[str, Any]) -> None:
    """Write the tables, metrics, plots, documents and pages of a stage; each is taken out of `outputs` and let go.

    A table whose file is among the documents, as those of a release whose hashes its manifest holds, is written once.
    """
    documents = {paths.RELEASE / file for file in outputs.get(DOCUMENTS, ())}
    for name in [*outputs]:
        value = outputs.pop(name)
        if name == METRICS:
            text = json.dumps(_rounded(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
            write_bytes(paths.REPORTS / f"{stage}.json", text.encode())
        elif name == PLOTS:
            for file, content in value.items():
                write_bytes(plot_path(stage, file), content)
        elif name in FOLDERS:
            for file, content in value.items():
                write_bytes(FOLDERS[name] / file, content)
        elif table_path(name) not in documents:
            frames.write_table(value, table_path(name), table_name(name))


def plot_path(stage: str, file: str) -> Path:
    """Return where a plot of a stage lies."""
    return paths.PLOTS / f"{stage}-{file}"


def _argument(stage: str, name: str, annotation: Any, checked: Set[str]) -> Any:
    if name == "params":
        return load_config(paths.PARAMS, annotation, within=stage)
    if name in INPUTS:
        return INPUTS[name].read()
    named = named_columns(annotation)
    wanted = None if named is None else named | checked
    return frames.read_table(table_path(name), table_name(name), wanted, coded_columns(annotation))


def _rounded(value: Any) -> Any:
    """Floats to six decimals: what is left of the last bits depends on the processor."""
    if isinstance(value, Mapping):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value
