"""The shell around every stage: it reads what `transform` names, runs it, and writes what it gives back.

The signature is the wiring. An argument of `transform` is a table (`data/<name>.parquet`), one of `INPUTS`,
or `params`, the stage's own block of params.yaml. The fields of `Tables` are the tables to write; four names are
special: `metrics` goes to `reports/<stage>.json`, `documents` (file name to bytes) to `data/release/`, `pages`
(likewise) to `reports/site/`, and `plots` (likewise) to `reports/plots/<stage>-<name>`, small and in git.
"""

import gc
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from golgoru.core import dataset, paths
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.core.text import terminal_safe
from golgoru.core.yaml_models import Written, load
from golgoru.guideline import annotators, classes, python_checks, rules
from golgoru.guideline.changes import read_valid_changes
from golgoru.guideline.edge_cases import read_edge_cases
from golgoru.raw import external_predictions, pins, withdrawals
from golgoru.raw.batches import read_batches
from golgoru.raw.deliveries import read_deliveries
from golgoru.tables import frames
from golgoru.tables.frames import table_name, table_path
from golgoru.validation import baseline, suites

METRICS, PLOTS = "metrics", "plots"
# Fields that hold files, as bytes by name, and the folder that DVC takes as the stage's output.
FOLDERS = {"documents": paths.RELEASE, "pages": paths.SITE}
# Fields that become no table.
SPECIAL = (METRICS, PLOTS, *FOLDERS)


class Input(NamedTuple):
    """An argument that is no table: the paths and params that DVC must watch for it, and how it is read."""

    read: Callable[[], Any]
    paths: tuple[Path, ...] = ()
    params: tuple[str, ...] = ()


INPUTS = {
    "deliveries": Input(lambda: read_deliveries(paths.DELIVERIES), (paths.DELIVERIES,)),
    "batches": Input(lambda: read_batches(paths.BATCHES), (paths.BATCHES,)),
    "external_predictions": Input(
        lambda: external_predictions.read_descriptions(paths.PREDICTIONS), (paths.PREDICTIONS,)
    ),
    "pins": Input(lambda: pins.read_pins(paths.PINS), (paths.PINS,)),
    "withdrawals": Input(lambda: withdrawals.read_withdrawals(paths.WITHDRAWALS), (paths.WITHDRAWALS,)),
    "classes": Input(lambda: classes.read_classes(paths.CLASSES), (paths.CLASSES,)),
    "annotator_pools": Input(lambda: annotators.read_annotators(paths.ANNOTATORS), (paths.ANNOTATORS,)),
    "changes": Input(
        lambda: read_valid_changes(paths.CHANGES, classes.read_classes(paths.CLASSES)), (paths.CHANGES, paths.CLASSES)
    ),
    "rules": Input(lambda: rules.read_rules(paths.RULES), (paths.RULES,)),
    "edge_cases": Input(lambda: read_edge_cases(paths.EDGE_CASES), (paths.EDGE_CASES, python_checks.CHECKS_FILE)),
    "suites": Input(lambda: suites.read_suites(paths.EXPECTATIONS), (paths.EXPECTATIONS,)),
    # What is accepted expires, and the day that counts is the release's.
    "accepted": Input(
        lambda: baseline.read_baseline(paths.BASELINE, dataset.read_dataset(paths.PARAMS).date),
        (paths.EXPECTATIONS,),
        ("dataset.date",),
    ),
    "dataset": Input(lambda: dataset.read_dataset(paths.PARAMS), params=("dataset",)),
    "seed": Input(lambda: dataset.read_dataset(paths.PARAMS).seed, params=("dataset.seed",)),
    # The day the test set was frozen: the setting of another stage.
    "frozen": Input(lambda: dataset.read_frozen(paths.PARAMS), params=("split",)),
    "task": Input(lambda: dataset.read_dataset(paths.PARAMS).task, params=("dataset.task",)),
}


class Stop(Exception):  # noqa: N818  (a gate is no error)
    """A gate does not hold. What stands in `tables` is still written, so that people can read why; exit 1."""

    def __init__(self, message: str, tables: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.tables = tables


def run(transform: Callable[..., Any]) -> None:
    """Run the stage that `transform` belongs to and exit: 0 done, 1 a gate does not hold, 2 wrong input."""
    stage = Path(inspect.getfile(transform)).stem
    gc.freeze()  # the libraries stay to the end: looking through them again and again costs a tenth of a second
    try:
        write(stage, transform(**read(stage, transform))._asdict())
    except Stop as stop:
        write(stage, stop.tables)
        print(f"{stage}: {terminal_safe(str(stop))}", file=sys.stderr)
        sys.exit(1)
    except UserError as error:
        print(f"{stage}: {terminal_safe(str(error))}", file=sys.stderr)
        sys.exit(2)


def read(stage: str, transform: Callable[..., Any]) -> dict[str, Any]:
    """Return the arguments of `transform`, read from the working tree."""
    return {name: _argument(stage, name, p.annotation) for name, p in inspect.signature(transform).parameters.items()}


def write(stage: str, tables: Mapping[str, Any]) -> None:
    """Write the tables, metrics, plots, documents and pages of a stage."""
    for name, value in tables.items():
        if name == METRICS:
            text = json.dumps(_rounded(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
            write_bytes(paths.REPORTS / f"{stage}.json", text.encode())
        elif name == PLOTS:
            for file, content in value.items():
                write_bytes(plot_path(stage, file), content)
        elif name in FOLDERS:
            for file, content in value.items():
                write_bytes(FOLDERS[name] / file, content)
        else:
            frames.write(value, table_path(name), table_name(name))


def plot_path(stage: str, file: str) -> Path:
    """Return where a plot of a stage lies."""
    return paths.PLOTS / f"{stage}-{file}"


def _argument(stage: str, name: str, annotation: type[Written]) -> Any:
    if name == "params":
        return load(paths.PARAMS, annotation, within=stage)
    if name in INPUTS:
        return INPUTS[name].read()
    return frames.read(table_path(name), table_name(name))


def _rounded(value: Any) -> Any:
    """Floats to six decimals: what is left of the last bits depends on the processor."""
    if isinstance(value, Mapping):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value
