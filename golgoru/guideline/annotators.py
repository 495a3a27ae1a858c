"""guidelines/annotators.yaml: the pools that annotators belong to."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from golgoru.core.yaml_models import Fault, Written, load


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


def read_annotators(file: Path) -> Annotators:
    """Return the pools of annotators; no file means none."""
    return load(file, Annotators) if file.exists() else Annotators()
