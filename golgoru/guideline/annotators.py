"""The annotators, guidelines/annotators.yaml, and the pools that they belong to."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from golgoru.core.yaml_models import ConfigModel, ConfigProblem, load_config


class Annotators(ConfigModel):
    """guidelines/annotators.yaml: the pools that annotators belong to, each with its pseudonyms."""

    pools: Mapping[str, tuple[str, ...]] = {}

    def problems(self) -> Iterator[ConfigProblem]:
        """Yield annotators that are listed twice."""
        listed: dict[str, str] = {}
        for pool, names in self.pools.items():
            for position, name in enumerate(names):
                if name in listed:
                    yield ConfigProblem(("pools", pool, position), f"'{name}' is in pool '{listed[name]}' already")
                listed.setdefault(name, pool)

    @property
    def pool_of(self) -> dict[str, str]:
        """The pool of every annotator."""
        return {name: pool for pool, names in self.pools.items() for name in names}


def read_annotators(file: Path) -> Annotators:
    """Return the pools of annotators; no file means none."""
    return load_config(file, Annotators) if file.exists() else Annotators()
