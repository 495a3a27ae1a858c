"""The block `dataset` of params.yaml: what the data set is."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from golgoru.core.names import Name
from golgoru.core.yaml_models import ConfigModel, load_config

Task = Literal["classification", "detection", "segmentation", "ocr"]


SPLITS = ("train", "val", "test")


def _parse_day(found: Any) -> date | None:
    if found is None or (isinstance(found, date) and not isinstance(found, datetime)):
        return found
    try:
        if isinstance(found, str) and len(found) == len("2026-01-31"):
            return date.fromisoformat(found)
    except ValueError:
        pass
    raise ValueError("expected a day such as '2026-01-31', in quotes")


# A day in the settings of a stage; pydantic would take 86400 for one, too.
Day = Annotated[date | None, BeforeValidator(_parse_day)]


class Dataset(ConfigModel):
    """Block `dataset` of params.yaml: what the dataset is. It stands in the manifest, the card and Croissant."""

    name: Name
    version: str
    task: Task
    licence: str
    creators: tuple[str, ...] = Field(min_length=1)
    date: date
    # The last day whose deliveries may join the test set, so that scores of two releases compare; later ones go to
    # train and val. None: it is not frozen.
    frozen: Day = None
    seed: int
    description: str = ""
    url: str | None = None


def read_dataset(file: Path) -> Dataset:
    """Return the block `dataset` of params.yaml."""
    return load_config(file, Dataset, within="dataset")
