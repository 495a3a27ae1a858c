"""Which image a name in a payload stands for; it is never guessed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import pandas as pd

from golgoru.formats.files import PICTURE_SUFFIXES


class NameSettings(Protocol):
    """What batch.yaml says about the names in its payload: whose delivery they are from, and what single ones mean."""

    @property
    def images(self) -> str | None: ...

    @property
    def names(self) -> Mapping[str, str]: ...


class _UniqueNames(dict[str, str]):
    """Image by base name, and by base name without suffix, where only one image has it."""

    def __init__(self, keys: pd.Series) -> None:
        base = keys.str.rsplit("/", n=1).str[-1]
        stem = base.str.rsplit(".", n=1).str[0]
        super().__init__(_unambiguous(base, keys))
        self.stems = _unambiguous(stem, keys)

    def image_named(self, base: str) -> str | None:
        """Return the only image of a base name. A name that ends in a picture's suffix is never tried without it."""
        if base in self or base.lower().endswith(PICTURE_SUFFIXES):
            return self.get(base)
        return self.stems.get(base)


class ImageNames:
    """The images by path, by base name and by base name without suffix."""

    def __init__(self, images: Iterable[str]) -> None:
        self.keys = pd.Series(sorted(images), dtype="str")
        self._known = frozenset(self.keys)
        self._all = _UniqueNames(self.keys)
        self._by_delivery: dict[str, _UniqueNames] = {}

    def resolve(self, names: pd.Series, settings: NameSettings) -> pd.Series:
        """Return the image that each name means; a name that fits none, or several, stays as it is.

        In this order: what `names` of batch.yaml says; the exact key; the file in the delivery `images`, by path,
        then by base name; the one image of that base name anywhere; each time, for a name without suffix, by stem.
        """
        tables = [self._all]
        if settings.images is not None:
            tables = [self._names_in(settings.images), self._all]
        codes, distinct = pd.factorize(names)
        # A loop over distinct names: three dictionaries each cost less than a vectorised join for every step.
        resolved = [self._resolve_one(settings.names.get(name, name), settings.images, tables) for name in distinct]
        return pd.Series(pd.array(resolved, dtype="str").take(codes), index=names.index)

    def _resolve_one(self, name: str, delivery: str | None, tables: Sequence[_UniqueNames]) -> str:
        plain = name.replace("\\", "/").removeprefix("./")
        for key in (name, plain, f"{delivery}/{plain}"):
            if key in self._known:
                return key
        base = plain.rpartition("/")[2]
        candidates = (table.image_named(base) for table in tables if base)
        return next((image for image in candidates if image is not None), name)

    def _names_in(self, delivery: str) -> _UniqueNames:
        if delivery not in self._by_delivery:
            self._by_delivery[delivery] = _UniqueNames(self.keys[self.keys.str.startswith(f"{delivery}/")])
        return self._by_delivery[delivery]


def _unambiguous(names: pd.Series, keys: pd.Series) -> Mapping[str, str]:
    unique = ~names.duplicated(keep=False)
    return dict(zip(names[unique], keys[unique], strict=True))
