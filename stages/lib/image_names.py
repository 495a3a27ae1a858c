"""Which image a name in a payload means: never a guess."""

from collections.abc import Iterable

import pandas as pd

from stages.lib.batches import BatchFile


class ImageNames:
    """The images' keys, by path, by base name and by base name without suffix."""

    def __init__(self, images: Iterable[str]) -> None:
        self.keys = pd.Series(sorted(images), dtype="str")
        self._by_key = dict(zip(self.keys, self.keys, strict=True))
        self._anywhere = _by_base(self.keys)
        self._within: dict[str, list[dict[str, str]]] = {}

    def resolve(self, names: pd.Series, settings: BatchFile) -> pd.Series:
        """Return the image that each name means; a name that means none, or several, stays as it is.

        In this order: what `names` of batch.yaml says; the exact key; the file in the delivery `images`, by path, then
        by base name; the one image of that base name anywhere; and, for a name without suffix, the same by stem.
        """
        own = names.map(lambda name: settings.names.get(name, name)).astype("str")
        plain = own.str.replace("\\", "/").str.removeprefix("./")
        base = plain.str.rsplit("/", n=1).str[-1]
        found = plain.map(self._by_key)
        tables = self._anywhere
        if settings.images is not None:
            found = found.fillna((settings.images + "/" + plain).map(self._by_key))
            tables = [*self._inside(settings.images), *self._anywhere]
        for table in tables:
            found = found.fillna(base.map(table))
        return found.fillna(own).astype("str")

    def _inside(self, delivery: str) -> list[dict[str, str]]:
        if delivery not in self._within:
            self._within[delivery] = _by_base(self.keys[self.keys.str.startswith(f"{delivery}/")])
        return self._within[delivery]


def _by_base(keys: pd.Series) -> list[dict[str, str]]:
    """Return key by base name, and by stem, where just one key has it."""
    base = keys.str.rsplit("/", n=1).str[-1]
    stem = base.str.rsplit(".", n=1).str[0]
    return [
        dict(zip(part[~part.duplicated(keep=False)], keys[~part.duplicated(keep=False)], strict=True))
        for part in (base, stem)
    ]
