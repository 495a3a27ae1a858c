"""What `dataset check` looks at. Each check returns its findings: `file:line: what, what was expected, what to do`."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from golgoru.cli.check.data import data_findings
from golgoru.cli.check.guideline import guideline_findings
from golgoru.cli.common.repository import Pipeline, read_pipeline
from golgoru.core import dataset, paths
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.core.yaml_models import line_of, load, parse
from golgoru.guideline import rules
from golgoru.validation import suites

_DATASET = "dataset"


def check_findings() -> list[str]:
    """Return every finding. Raises UserError where dvc.yaml itself cannot be read."""
    pipeline = read_pipeline()
    found = [*settings_findings(pipeline), *guideline_findings(pipeline), *data_findings(pipeline)]
    return list(dict.fromkeys(found))


def write_suites() -> list[str]:
    """Write the suites that differ from the rules, and return their names."""
    written = []
    for file, content in suites.suite_files(rules.read_rules(paths.RULES)).items():
        if not file.exists() or file.read_bytes() != content:
            write_bytes(file, content)
            written.append(file.as_posix())
    return written


def settings_findings(pipeline: Pipeline) -> Iterator[str]:
    """params.yaml: a block for each stage and for nothing else, and each as its stage takes it."""
    try:
        node, value = parse(paths.PARAMS)
    except UserError as error:
        yield str(error)
        return
    if not isinstance(value, dict):
        yield f"{paths.PARAMS}: expected a mapping with the block '{_DATASET}' and one block per stage"
        return
    for location, found in _yaml_dates(value):
        where, key = f"{paths.PARAMS}:{line_of(node, location)}", ".".join(location)
        yield f"{where}: {key}: DVC takes no YAML dates here; write it in quotes: '{found}'"
    for block in value:
        if block not in (_DATASET, *pipeline.stages):
            where = f"{paths.PARAMS}:{line_of(node, (str(block),))}"
            yield f"{where}: {block}: no stage of {paths.DVC} has this name; rename or remove the block"
    yield from _read_errors(lambda: dataset.read_dataset(paths.PARAMS))
    for stage in pipeline.stages:
        if stage not in value:
            yield f"{paths.PARAMS}: block '{stage}' is missing, which DVC asks for; write '{stage}: {{}}'"
        yield from _read_errors(lambda stage=stage: _load_stage_params(stage))  # type: ignore[misc]


def _load_stage_params(stage: str) -> None:
    """Load a stage's block as the stage itself will. Raises UserError."""
    line = line_of(parse(paths.DVC)[0], ("stages", stage))
    if not Path("stages", f"{stage}.py").is_file():
        raise UserError(
            f"{paths.DVC}:{line}: stage '{stage}': stages/{stage}.py is missing; write it, or the name right"
        )
    try:
        module = importlib.import_module(f"stages.{stage}")
    except Exception as error:
        raise UserError(f"stages/{stage}.py: cannot be imported: {type(error).__name__}: {error}") from error
    parameters = inspect.signature(module.transform).parameters
    if "params" in parameters:
        load(paths.PARAMS, parameters["params"].annotation, within=stage)


def _yaml_dates(value: Any, location: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], date]]:
    """Yield every date in settings, and where it stands."""
    if isinstance(value, date):
        yield location, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _yaml_dates(item, (*location, str(key)))


def _read_errors(read: Callable[[], object]) -> list[str]:
    """Return what is wrong with what `read` reads, line by line."""
    try:
        read()
    except UserError as error:
        return str(error).splitlines()
    return []
