"""Settings and the guideline's files: params.yaml's block `dataset`, classes, rules, suites, pins, withdrawals."""

import json
from datetime import date
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

from stages.lib.errors import UserError
from stages.lib.names import Name
from stages.lib.readers.csv_rows import read_table
from stages.lib.rules import RuleBook
from stages.lib.yaml_file import Written, line_of, load, parse

Task = Literal["classification", "detection", "segmentation", "ocr"]
SPLITS = ("train", "val", "test")
_PIN = ("image", "split", "reason")


class Dataset(Written):
    """Block `dataset` of params.yaml: what the dataset is. It stands in the manifest, the card and Croissant."""

    name: Name
    version: str
    task: Task
    licence: str
    creators: tuple[str, ...] = Field(min_length=1)
    date: date
    seed: int
    description: str = ""
    url: str | None = None


class Class(Written):
    """One class of guidelines/classes.yaml."""

    id: str = Field(min_length=1)
    name: str = ""
    definition: str = ""
    ignore: bool = False


class Classes(Written):
    """guidelines/classes.yaml: the classes and the version of the guideline."""

    version: str
    classes: tuple[Class, ...] = ()

    @field_validator("classes")
    @classmethod
    def _unique(cls, classes: tuple[Class, ...]) -> tuple[Class, ...]:
        ids = [c.id for c in classes]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"class ids used twice: {', '.join(twice)}")
        return classes

    @property
    def ids(self) -> list[str]:
        """Ids in the order of the file."""
        return [c.id for c in self.classes]


class Withdrawal(Written):
    """One entry of data/raw/withdrawals.yaml: an image, or a content, that must never be used again."""

    image: str | None = None
    content: str | None = Field(None, pattern="^[0-9a-f]{32}$")
    reason: str
    date: date

    @model_validator(mode="after")
    def _one(self) -> "Withdrawal":
        if (self.image is None) == (self.content is None):
            raise ValueError("expected either 'image' or 'content'")
        return self


class Withdrawals(Written):
    """data/raw/withdrawals.yaml."""

    withdrawals: tuple[Withdrawal, ...] = ()


class Pin(NamedTuple):
    """One line of data/raw/pins.csv."""

    line: int
    image: str
    split: str
    reason: str


def read_withdrawals(file: Path) -> list[Withdrawal]:
    """Return the withdrawals; no file means none."""
    return list(load(file, Withdrawals).withdrawals) if file.exists() else []


def read_classes(file: Path) -> Classes:
    """Return the guideline's classes and version."""
    return load(file, Classes)


def read_rules(file: Path) -> RuleBook:
    """Return the rule book."""
    return load(file, RuleBook)


def read_dataset(file: Path) -> Dataset:
    """Return the block `dataset` of params.yaml."""
    return load(file, Dataset, within="dataset")


def read_suites(folder: Path) -> dict[str, dict[str, Any]]:
    """Return every suite under expectations/ as plain JSON, by the table it is named after."""
    suites = {}
    for file in sorted(folder.rglob("*.json")):
        try:
            suites[file.relative_to(folder).with_suffix("").as_posix()] = json.loads(file.read_text("utf-8"))
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
            raise UserError(f"{file}: not valid JSON: {reason}; `dataset check --write` writes it anew") from None
    return suites


def read_pins(file: Path) -> list[Pin]:
    """Return the pinned splits (columns image, split, reason); no file means none."""
    if not file.exists():
        return []
    try:
        table, lines, rejects = read_table(file.name, file)
    except ValueError as error:
        raise UserError(f"{file}: {error}") from None
    if list(table.columns) != list(_PIN):
        raise UserError(f"{file}:1: expected the columns {','.join(_PIN)}, found {','.join(table.columns) or 'none'}")
    if rejects:
        raise UserError(f"{file}:{rejects[0].line}: expected three values, {','.join(_PIN)}; {rejects[0].error}")
    pins = [Pin(line, *row) for line, row in zip(lines, table.fillna("").itertuples(index=False), strict=True)]
    for pin in pins:
        if pin.split not in SPLITS:
            raise UserError(f"{file}:{pin.line}: split '{pin.split}' is none of {', '.join(SPLITS)}")
        if not pin.image:
            raise UserError(f"{file}:{pin.line}: image is missing")
    return pins


def key_line(file: Path, *location: str | int) -> str:
    """Return `file:line` of a key in a YAML file, for messages."""
    return f"{file}:{line_of(parse(file)[0], location)}"
