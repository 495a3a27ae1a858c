"""What a stage's file says of its block in dvc.yaml: signature, `Tables`, docstring and imports."""

import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from golgoru import shell
from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.raw.deliveries import read_deliveries
from golgoru.tables.frames import table_path
from golgoru.wiring.imports import Engine

LOCK = "uv.lock"
# The stage that opens the images of deliveries, and so depends on those that another stage makes.
_OPENS_IMAGES = "fingerprint"


class StageWiring(NamedTuple):
    """The fields of a block of dvc.yaml that follow from the code."""

    desc: str
    cmd: str
    deps: tuple[str, ...]
    params: tuple[str, ...]
    outs: tuple[str, ...]
    metrics: tuple[str, ...]


def load_stage(name: str) -> ModuleType:
    """Import a stage: the one place where the engine does. Raises UserError where it cannot be imported."""
    try:
        return importlib.import_module(f"stages.{name}")
    except Exception as error:  # the team's own code, which may raise anything
        raise UserError(f"stages/{name}.py: cannot be imported: {type(error).__name__}: {error}") from error


def stage_wiring(name: str, engine: Engine) -> StageWiring:
    """Return what the block of a stage has to say. Raises UserError where the file is no stage."""
    module, file = load_stage(name), Path("stages", f"{name}.py")
    for part in ("Params", "Tables", "transform"):
        if not hasattr(module, part):
            raise UserError(f"{file}: '{part}' is missing; docs/layout.md says what a stage is made of")
    arguments = [argument for argument in inspect.signature(module.transform).parameters if argument != "params"]
    inputs = [shell.INPUTS[argument] for argument in arguments if argument in shell.INPUTS]
    tables = {table_path(argument).as_posix() for argument in arguments if argument not in shell.INPUTS}
    watched = {path.as_posix() for one in inputs for path in one.paths}
    if name == _OPENS_IMAGES:
        made = [delivery.name for delivery in read_deliveries(paths.DELIVERIES) if delivery.pointer is None]
        watched |= {(paths.IMAGES / delivery).as_posix() for delivery in made}
    return StageWiring(
        desc=(inspect.getdoc(module) or "").partition("\n")[0],
        cmd=f"python -m stages.{name}",
        deps=(
            *sorted(tables | {path for path in watched if path.startswith("data/")}),
            *sorted(path for path in watched if not path.startswith("data/")),
            file.as_posix(),
            *engine.dependencies(file, [one.module for one in inputs]),
            LOCK,
        ),
        params=_params(name, {key for one in inputs for key in one.params}),
        outs=tuple(sorted(_outs(module.Tables._fields))),
        metrics=(f"{paths.REPORTS}/{name}.json",) if shell.METRICS in module.Tables._fields else (),
    )


def _params(stage: str, keys: set[str]) -> tuple[str, ...]:
    """Return the keys of params.yaml, without those inside a block that is named as a whole."""
    return tuple(sorted({key for key in keys if key.partition(".")[0] not in keys - {key}} | {stage}))


def _outs(fields: tuple[str, ...]) -> set[str]:
    tables = {field for field in fields if field not in shell.SPECIAL}
    outs = {table_path(field).as_posix() for field in tables if not field.startswith("release_")}
    if any(field.startswith("release_") for field in tables):
        outs.add(paths.RELEASE.as_posix())
    return outs | {folder.as_posix() for field, folder in shell.FOLDERS.items() if field in fields}
