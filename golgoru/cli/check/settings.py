"""What `dataset check` checks in params.yaml: a valid block for every stage, and no others."""

import inspect
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from golgoru.cli.check.collect_errors import read_errors
from golgoru.cli.common.repository import Pipeline
from golgoru.core import dataset, paths
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import line_of, load_config, parse_yaml
from golgoru.splits.assignment import check_frozen
from golgoru.wiring.stage_wiring import load_stage

_DATASET = "dataset"


def settings_findings(pipeline: Pipeline) -> Iterator[str]:
    """Yield blocks that are missing or belong to no stage, and settings that a stage does not accept."""
    try:
        node, value = parse_yaml(paths.PARAMS)
    except UserError as error:
        yield str(error)
        return
    if not isinstance(value, dict):
        yield f"{paths.PARAMS}: expected a mapping with the block '{_DATASET}' and one block per stage"
        return
    for location, day in _yaml_dates(value):
        where, key = f"{paths.PARAMS}:{line_of(node, location)}", ".".join(location)
        yield f"{where}: {key}: DVC takes no YAML dates here; write it in quotes: '{day}'"
    for block in value:
        if block not in (_DATASET, *pipeline.stages):
            where = f"{paths.PARAMS}:{line_of(node, (str(block),))}"
            yield f"{where}: {block}: no stage of {paths.DVC} has this name; rename or remove the block"
    yield from read_errors(lambda: dataset.read_dataset(paths.PARAMS))
    if isinstance(block := value.get(_DATASET), dict) and "frozen" not in block:
        where = f"{paths.PARAMS}:{line_of(node, (_DATASET,))}"
        yield f"{where}: dataset.frozen is missing, which DVC asks for; write 'frozen:', empty if it is not frozen"
    for stage in pipeline.stages:
        if stage not in value:
            yield f"{paths.PARAMS}: block '{stage}' is missing, which DVC asks for; write '{stage}: {{}}'"
        yield from read_errors(lambda stage=stage: _load_stage_params(stage))  # type: ignore[misc]


def _load_stage_params(stage: str) -> None:
    """Load a stage's block of params.yaml as the stage itself does. Raises UserError."""
    line = line_of(parse_yaml(paths.DVC)[0], ("stages", stage))
    if not Path("stages", f"{stage}.py").is_file():
        raise UserError(
            f"{paths.DVC}:{line}: stage '{stage}': stages/{stage}.py is missing; write it, or correct the name"
        )
    parameters = inspect.signature(load_stage(stage).transform).parameters
    if "params" in parameters:
        params = load_config(paths.PARAMS, parameters["params"].annotation, within=stage)
        if stage == "split":  # its shares must fit the dataset's `frozen`
            shares = (params.shares.train, params.shares.val, params.shares.test)
            check_frozen(shares, dataset.read_dataset(paths.PARAMS).frozen)


def _yaml_dates(value: Any, location: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], date]]:
    """Yield every YAML date in the settings, with its location."""
    if isinstance(value, date):
        yield location, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _yaml_dates(item, (*location, str(key)))
