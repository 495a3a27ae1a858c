"""Which image a name in a payload stands for; it is never guessed."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from golgoru.formats.files import PICTURE_SUFFIXES
from golgoru.tables import frames


class NameSettings(Protocol):
    """What batch.yaml says about the names in its payload: whose delivery they are from, and what single ones mean."""

    @property
    def images(self) -> str | None: ...

    @property
    def names(self) -> Mapping[str, str]: ...


class ImageNames:
    """The images by path, by base name and by base name without suffix."""

    def __init__(self, images: Iterable[str]) -> None:
        listed = images if isinstance(images, pd.Series) else list(images)
        self.keys = pd.Series(listed, dtype="str").sort_values(ignore_index=True)
        self._by_delivery: dict[str, _UniqueNames] = {}

    def resolve(self, names: pd.Series, settings: NameSettings) -> pd.Series:
        """Return the image that each name means; a name that fits none, or several, stays as it is.

        In this order: what `names` of batch.yaml says; the exact key; the file in the delivery `images`, by path,
        then by base name; the one image of that base name anywhere; each time, for a name without suffix, by stem.
        """
        codes, distinct = pd.factorize(names)
        written = pd.Series([settings.names.get(n, n) for n in distinct] if settings.names else distinct, dtype="str")
        is_key = frames.is_in(written, self.keys).to_numpy()
        if not is_key.all():
            written[~is_key] = self._resolve_others(written[~is_key], settings.images).array
        return pd.Series(written.array.take(codes), index=names.index)

    def _resolve_others(self, names: pd.Series, delivery: str | None) -> pd.Series:
        plain = names.str.replace("\\", "/", regex=False).str.removeprefix("./")
        images = pd.Series(None, index=names.index, dtype="str")
        for path in (plain, f"{delivery}/" + plain):
            images = images.fillna(path.where(frames.is_in(path, self.keys)))
        base = _replaced(plain, r"(?s)^.*/", "")
        for table in [self._all] if delivery is None else [self._names_in(delivery), self._all]:
            images = images.fillna(table.images_named(base))
        return images.fillna(names)

    @cached_property
    def _all(self) -> "_UniqueNames":
        return _UniqueNames(self.keys)

    def _names_in(self, delivery: str) -> "_UniqueNames":
        if delivery not in self._by_delivery:
            self._by_delivery[delivery] = _UniqueNames(self.keys[self.keys.str.startswith(f"{delivery}/")])
        return self._by_delivery[delivery]


class _UniqueNames:
    """Image by base name, and by base name without suffix, where only one image has it."""

    def __init__(self, keys: pd.Series) -> None:
        base = _replaced(keys, r"(?s)^.*/", "")
        stem = _replaced(base, r"\.[^.]*$", "")
        self._by_base, self._by_stem = _unambiguous(base, keys), _unambiguous(stem, keys)

    def images_named(self, base: pd.Series) -> pd.Series:
        """Return the only image of each base name. One that ends in a picture's suffix is never tried without it."""
        has_suffix = np.array([name.lower().endswith(PICTURE_SUFFIXES) for name in base], dtype=bool)
        by_base, by_stem = _looked_up(base, self._by_base), _looked_up(base, self._by_stem)
        return by_base.fillna(by_stem.where(~has_suffix)).where(base != "")


def _looked_up(names: pd.Series, image_of: pd.Series) -> pd.Series:
    """Return the image of each name by a series from name to image, null where there is none."""
    found = frames.positions(names, pd.Series(image_of.index))
    return pd.Series(image_of.array.take(found, allow_fill=True), index=names.index)


def _unambiguous(names: pd.Series, keys: pd.Series) -> pd.Series:
    """Return the keys by name, where a name has only one."""
    codes = pd.factorize(names)[0]
    is_unique = np.bincount(codes, minlength=1)[codes] == 1
    return pd.Series(keys[is_unique].array, index=names[is_unique])


def _replaced(texts: pd.Series, pattern: str, by: str) -> pd.Series:
    replaced = pc.replace_substring_regex(pa.array(texts.array), pattern, by)
    return pd.Series(replaced.to_pandas().array, index=texts.index)
