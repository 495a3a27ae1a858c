"""The classes, guidelines/classes.yaml, and the version of the guideline."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field

from golgoru.core.yaml_models import ConfigModel, ConfigProblem, load_config
from golgoru.guideline.rules import repeated_ids


class Class(ConfigModel):
    """One class of guidelines/classes.yaml. `examples` are image files under guidelines/."""

    id: str = Field(min_length=1)
    name: str = ""
    definition: str = ""
    confusable_with: tuple[str, ...] = ()
    colour: str | None = Field(None, pattern="^#[0-9a-f]{6}$")
    hotkey: str | None = Field(None, pattern="^[0-9a-z]$")
    examples: tuple[str, ...] = ()
    parent: str | None = None
    ignore: bool = False


class Classes(ConfigModel):
    """guidelines/classes.yaml: the classes and the version of the guideline."""

    version: str
    classes: tuple[Class, ...] = ()

    def problems(self) -> Iterator[ConfigProblem]:
        """Yield ids and hotkeys used twice, classes that are named and not defined, and cycles of parents."""
        parents = {c.id: c.parent for c in self.classes}
        yield from repeated_ids("classes", self.ids)
        hotkeys = [c.hotkey for c in self.classes]
        for position, entry in enumerate(self.classes):
            here: tuple[str | int, ...] = ("classes", position)
            if entry.hotkey is not None and entry.hotkey in hotkeys[:position]:
                other = self.ids[hotkeys.index(entry.hotkey)]
                yield ConfigProblem((*here, "hotkey"), f"'{entry.hotkey}' is the hotkey of class '{other}' already")
            for number, name in enumerate(entry.confusable_with):
                if name not in parents or name == entry.id:
                    yield ConfigProblem((*here, "confusable_with", number), f"'{name}' is no other class of this file")
            if entry.parent is not None and _has_parent_cycle(entry.id, parents):
                yield ConfigProblem(
                    (*here, "parent"), f"'{entry.parent}' is no class of this file, or a child of '{entry.id}'"
                )

    @property
    def ids(self) -> list[str]:
        """Ids in the order of the file."""
        return [c.id for c in self.classes]


def _has_parent_cycle(start: str, parents: Mapping[str, str | None]) -> bool:
    """Return whether a class is its own ancestor, or has an ancestor that is not defined."""
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
    return load_config(file, Classes)
