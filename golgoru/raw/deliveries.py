"""Deliveries of pictures: data/raw/deliveries/NAME.yaml (what they are) and NAME.dvc (which files)."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import field_validator, model_validator

from golgoru.core.errors import UserError
from golgoru.core.names import check_name
from golgoru.core.yaml_models import ConfigModel, load_config, parse_yaml
from golgoru.tables.catalogue import TABLES

MetadataType = Literal["text", "integer", "number", "yes/no"]


class Description(ConfigModel):
    """data/raw/deliveries/NAME.yaml: where the pictures came from, and what is declared about them."""

    date: date
    source: str = ""
    licence: str | None = None
    group: str | None = None
    group_column: str | None = None
    metadata: Mapping[str, MetadataType] = {}

    @field_validator("group")
    @classmethod
    def _one_group(cls, group: str | None) -> str | None:
        if group is not None:
            try:
                groups = re.compile(group).groups
                pc.match_substring_regex(pa.array([""]), group)
            except (re.error, pa.ArrowInvalid) as error:
                raise ValueError(f"not a regular expression as RE2 takes them: {str(error).splitlines()[0]}") from None
            if groups != 1:
                raise ValueError("expected exactly one (group) in the pattern: the key of the images' group")
        return group

    @field_validator("metadata")
    @classmethod
    def _new_columns(cls, metadata: Mapping[str, MetadataType]) -> Mapping[str, MetadataType]:
        reserved = {c.name for t in ("images", "sources", "release/images") for c in TABLES[t].columns} | {"fold"}
        for column in metadata:
            if column in reserved or not column.isidentifier():
                raise ValueError(f"'{column}' is a column of the release already, or not a plain name; rename it")
        return metadata

    @model_validator(mode="after")
    def _group_declared(self) -> "Description":
        if self.group is not None and self.group_column is not None:
            raise ValueError("group and group_column exclude each other")
        if self.group_column is not None and self.group_column not in self.metadata:
            raise ValueError(f"group_column '{self.group_column}' is not among the metadata columns")
        return self


class Pointer(NamedTuple):
    """The one output of a .dvc file: DVC's md5 of the folder, and how many files it holds."""

    file: Path
    md5: str
    files: int


class Delivery(NamedTuple):
    """One delivery; `pointer` is None where a stage writes the pictures."""

    name: str
    file: Path
    description: Description
    metadata: Path | None
    pointer: Pointer | None


def read_deliveries(folder: Path) -> list[Delivery]:
    """Return every delivery described under data/raw/deliveries, by name."""
    deliveries = []
    for file in sorted(folder.glob("*.yaml")):
        check_name(file, file.stem)
        metadata, pointer = file.with_suffix(".csv"), file.with_suffix(".dvc")
        deliveries.append(
            Delivery(
                file.stem,
                file,
                load_config(file, Description),
                metadata if metadata.exists() else None,
                read_pointer(pointer) if pointer.exists() else None,
            )
        )
    for file in sorted([*folder.glob("*.csv"), *folder.glob("*.dvc")]):
        if not file.with_suffix(".yaml").exists():
            raise UserError(f"{file}: no description beside it; write {file.stem}.yaml with at least 'date'")
    return deliveries


def read_pointer(file: Path) -> Pointer:
    """Return the single folder that a .dvc file names. Raises UserError where it is another kind of pointer."""
    _, value = parse_yaml(file)
    try:
        (out,) = value["outs"]
        if not str(out["md5"]).endswith(".dir"):
            raise ValueError
        return Pointer(file, str(out["md5"]), int(out["nfiles"]))
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"{file}: expected a DVC pointer to one folder; solve a merge conflict in it, or run `dataset import` again"
        ) from None
