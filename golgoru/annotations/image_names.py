"""Which image a name in a payload means: never a guess."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import pandas as pd

from golgoru.formats.files import PICTURE_SUFFIXES


class NameSettings(Protocol):
    """What a description says about the names in its payload: the delivery they are of, and what single ones mean."""

    @property
    def images(self) -> str | None: ...

    @property
    def names(self) -> Mapping[str, str]: ...


class _UniqueNames(dict[str, str]):
    """Key by base name, and by base name without suffix, where just one key has it."""

    def __init__(self, keys: pd.Series) -> None:
        base = keys.str.rsplit("/", n=1).str[-1]
        stem = base.str.rsplit(".", n=1).str[0]
        super().__init__(_unambiguous(base, keys))
        self.stems = _unambiguous(stem, keys)

    def find(self, base: str) -> str | None:
        """Return the one key that a base name means."""
        if base in self or base.lower().endswith(PICTURE_SUFFIXES):
            return self.get(base)
        return self.stems.get(base)


class ImageNames:
    """The images' keys, by path, by base name and by base name without suffix."""

    def __init__(self, images: Iterable[str]) -> None:
        self.keys = pd.Series(sorted(images), dtype="str")
        self._known = frozenset(self.keys)
        self._anywhere = _UniqueNames(self.keys)
        self._within: dict[str, _UniqueNames] = {}

    def resolve(self, names: pd.Series, settings: NameSettings) -> pd.Series:
        """Return the image that each name means; a name that means none, or several, stays as it is.

        In this order: what `names` of the description says; the exact key; the file in the delivery `images`, by path,
        then by base name; the one image of that base name anywhere; each time, for a name without suffix, by stem.
        """
        tables = [self._anywhere]
        if settings.images is not None:
            tables = [self._inside(settings.images), self._anywhere]
        codes, distinct = pd.factorize(names)
        # A loop over distinct names: three dictionaries each cost less than a vectorised join for every step.
        meant = [self._meaning(settings.names.get(name, name), settings.images, tables) for name in distinct]
        return pd.Series(pd.array(meant, dtype="str").take(codes), index=names.index)

    def _meaning(self, name: str, delivery: str | None, tables: Sequence[_UniqueNames]) -> str:
        plain = name.replace("\\", "/").removeprefix("./")
        for key in (name, plain, f"{delivery}/{plain}"):
            if key in self._known:
                return key
        base = plain.rpartition("/")[2]
        found = (table.find(base) for table in tables if base)
        return next((key for key in found if key is not None), name)

    def _inside(self, delivery: str) -> _UniqueNames:
        if delivery not in self._within:
            self._within[delivery] = _UniqueNames(self.keys[self.keys.str.startswith(f"{delivery}/")])
        return self._within[delivery]


def _unambiguous(names: pd.Series, keys: pd.Series) -> Mapping[str, str]:
    alone = ~names.duplicated(keep=False)
    return dict(zip(names[alone], keys[alone], strict=True))
