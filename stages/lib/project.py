"""Settings and the guideline's files: params.yaml's block `dataset`, classes, rules, suites, pins, withdrawals."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from stages.lib.errors import UserError
from stages.lib.names import Name
from stages.lib.readers.csv_rows import read_table
from stages.lib.rules import RuleBook, used_twice
from stages.lib.yaml_file import Fault, Written, line_of, load, parse

Task = Literal["classification", "detection", "segmentation", "ocr"]
SPLITS = ("train", "val", "test")
_PIN = ("image", "split", "reason")


def _day(found: Any) -> date | None:
    if found is None or (isinstance(found, date) and not isinstance(found, datetime)):
        return found
    try:
        if isinstance(found, str) and len(found) == len("2026-01-31"):
            return date.fromisoformat(found)
    except ValueError:
        pass
    raise ValueError("expected a day such as '2026-01-31', in quotes")


# A day in the settings of a stage; pydantic would take 86400 for one, too.
Day = Annotated[date | None, BeforeValidator(_day)]


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
    """One class of guidelines/classes.yaml. `examples` are pictures under guidelines/."""

    id: str = Field(min_length=1)
    name: str = ""
    definition: str = ""
    confusable_with: tuple[str, ...] = ()
    colour: str | None = Field(None, pattern="^#[0-9a-f]{6}$")
    hotkey: str | None = Field(None, pattern="^[0-9a-z]$")
    examples: tuple[str, ...] = ()
    parent: str | None = None
    ignore: bool = False


class Classes(Written):
    """guidelines/classes.yaml: the classes and the version of the guideline."""

    version: str
    classes: tuple[Class, ...] = ()

    def faults(self) -> Iterator[Fault]:
        """Yield ids and hotkeys used twice, classes that are named and not there, and circles of parents."""
        parents = {c.id: c.parent for c in self.classes}
        yield from used_twice("classes", self.ids)
        hotkeys = [c.hotkey for c in self.classes]
        for place, found in enumerate(self.classes):
            here: tuple[str | int, ...] = ("classes", place)
            if found.hotkey is not None and found.hotkey in hotkeys[:place]:
                other = self.ids[hotkeys.index(found.hotkey)]
                yield Fault((*here, "hotkey"), f"'{found.hotkey}' is the hotkey of class '{other}' already")
            for number, name in enumerate(found.confusable_with):
                if name not in parents or name == found.id:
                    yield Fault((*here, "confusable_with", number), f"'{name}' is no other class of this file")
            if found.parent is not None and _circle(found.id, parents):
                yield Fault((*here, "parent"), f"'{found.parent}' is no class of this file, or a child of '{found.id}'")

    @property
    def ids(self) -> list[str]:
        """Ids in the order of the file."""
        return [c.id for c in self.classes]


def _circle(start: str, parents: Mapping[str, str | None]) -> bool:
    """Say whether the way up from a class comes back to it, or leads out of the file."""
    seen = {start}
    above = parents[start]
    while above is not None:
        if above in seen or above not in parents:
            return True
        seen.add(above)
        above = parents[above]
    return False


class Annotators(Written):
    """guidelines/annotators.yaml: the pools that annotators belong to, each with its pseudonyms."""

    pools: Mapping[str, tuple[str, ...]] = {}

    def faults(self) -> Iterator[Fault]:
        """Yield annotators that stand in two places."""
        seen: dict[str, str] = {}
        for pool, people in self.pools.items():
            for place, name in enumerate(people):
                if name in seen:
                    yield Fault(("pools", pool, place), f"'{name}' stands in pool '{seen[name]}' already")
                seen.setdefault(name, pool)

    @property
    def pool_of(self) -> dict[str, str]:
        """The pool of every annotator."""
        return {name: pool for pool, people in self.pools.items() for name in people}


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


def read_annotators(file: Path) -> Annotators:
    """Return the pools of annotators; no file means none."""
    return load(file, Annotators) if file.exists() else Annotators()


def read_rules(file: Path) -> RuleBook:
    """Return the rule book."""
    return load(file, RuleBook)


def read_dataset(file: Path) -> Dataset:
    """Return the block `dataset` of params.yaml."""
    return load(file, Dataset, within="dataset")


def read_frozen(file: Path) -> date | None:
    """Return `split.frozen` of params.yaml: the last day that may add to the test set, or None."""
    block = parse(file)[1].get("split") or {}
    found = block.get("frozen") if isinstance(block, dict) else None
    try:
        return _day(found)
    except ValueError as error:
        where = key_line(file, "split", "frozen")
        raise UserError(f"{where}: split.frozen: {error}, found {found!r:.80}") from None


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


def entry_line(file: Path, block: str, name: str, key: str) -> str:
    """Return `file:line` of a key of the entry whose id is `name`, for messages; the file alone where it has none."""
    try:
        node, value = parse(file)
        places = [place for place, entry in enumerate(value[block]) if entry["id"] == name]
    except (UserError, TypeError, KeyError):
        places = []
    return f"{file}:{line_of(node, (block, places[0], key))}" if places else str(file)
