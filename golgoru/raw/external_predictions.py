"""data/raw/predictions: what the team's own models predicted, as described by the team."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from golgoru.core.errors import UserError
from golgoru.core.names import Name, check_name
from golgoru.core.yaml_models import ConfigModel, load_config

BUILT_IN = "built-in"


class PredictionsFile(ConfigModel):
    """data/raw/predictions/NAME/predictions.yaml; `images`, `names` and `classes` mean what they mean in batch.yaml."""

    format: Literal["parquet", "coco"]
    images: Name | None = None
    names: Mapping[str, str] = {}
    classes: Mapping[str, str] = {}


class ExternalPredictions(NamedTuple):
    """The predictions of one model. `file` is the description, `payload` the folder with what the model wrote."""

    name: str
    file: Path
    settings: PredictionsFile
    payload: Path


def read_descriptions(folder: Path) -> list[ExternalPredictions]:
    """Return every model's predictions by name; no folder means none. Raises UserError where one is not described."""
    predictions = []
    for entry in sorted(p for p in folder.iterdir() if p.is_dir()) if folder.exists() else []:
        file = entry / "predictions.yaml"
        if not file.exists():
            raise UserError(f"{file}: the file is missing; every folder under {folder} holds one model's predictions")
        check_name(file, entry.name)
        if entry.name == BUILT_IN:
            raise UserError(f"{file}: '{BUILT_IN}' is the name of the built-in model; rename the folder")
        predictions.append(ExternalPredictions(entry.name, file, load_config(file, PredictionsFile), entry / "payload"))
    return predictions
