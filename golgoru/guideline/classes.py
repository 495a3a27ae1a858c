"""Settings and the guideline's files: params.yaml's block `dataset`, classes, rules, suites, pins, withdrawals."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field

from golgoru.core.yaml_models import Fault, Written, load
from golgoru.guideline.rules import repeated_ids


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
        yield from repeated_ids("classes", self.ids)
        hotkeys = [c.hotkey for c in self.classes]
        for place, found in enumerate(self.classes):
            here: tuple[str | int, ...] = ("classes", place)
            if found.hotkey is not None and found.hotkey in hotkeys[:place]:
                other = self.ids[hotkeys.index(found.hotkey)]
                yield Fault((*here, "hotkey"), f"'{found.hotkey}' is the hotkey of class '{other}' already")
            for number, name in enumerate(found.confusable_with):
                if name not in parents or name == found.id:
                    yield Fault((*here, "confusable_with", number), f"'{name}' is no other class of this file")
            if found.parent is not None and _has_parent_cycle(found.id, parents):
                yield Fault((*here, "parent"), f"'{found.parent}' is no class of this file, or a child of '{found.id}'")

    @property
    def ids(self) -> list[str]:
        """Ids in the order of the file."""
        return [c.id for c in self.classes]


def _has_parent_cycle(start: str, parents: Mapping[str, str | None]) -> bool:
    """Say whether the way up from a class comes back to it, or leads out of the file."""
    seen = {start}
    above = parents[start]
    while above is not None:
        if above in seen or above not in parents:
            return True
        seen.add(above)
        above = parents[above]
    return False


def read_classes(file: Path) -> Classes:
    """Return the guideline's classes and version."""
    return load(file, Classes)
