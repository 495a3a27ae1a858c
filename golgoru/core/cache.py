"""Results that are remembered between runs, keyed by content and code; they never show in an output."""

import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from golgoru.core.files import atomic_path

CACHE_FOLDER = Path(".cache")


def version_of(*modules: ModuleType | str) -> str:
    """Return a digest of the modules' source and of the given texts: what a remembered result depends on."""
    digest = hashlib.md5(usedforsecurity=False)
    for module in modules:
        source = module if isinstance(module, str) else Path(str(module.__file__)).read_text("utf-8")
        digest.update(f"{len(source)}:{source}".encode())
    return digest.hexdigest()


class Cache:
    """Results per `key`, mostly a content, kept in .cache/NAME.parquet beside the outputs of stages, never among them.

    What cannot be read, or was written by other code, is computed anew; what cannot be written is not kept.
    """

    def __init__(self, name: str, version: str, key: str = "content") -> None:
        self._path = CACHE_FOLDER / f"{name}.parquet"
        self._version = version.encode()
        self._key = key

    def load(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return what is remembered, one row per key, indexed by it."""
        try:
            table = pq.read_table(self._path, page_checksum_verification=True)
            found: pd.DataFrame = table.to_pandas().set_index(self._key)[list(columns)]
            if (table.schema.metadata or {}).get(b"version") == self._version and found.index.is_unique:
                return found
        except Exception:  # noqa: S110  (whatever is wrong with it: compute anew)
            pass
        return pd.DataFrame(columns=list(columns), index=pd.Index([], name=self._key, dtype="str"))

    def save(self, rows: pd.DataFrame) -> None:
        """Remember `rows`, indexed by the key, in place of what was there."""
        table = pa.Table.from_pandas(rows.rename_axis(self._key).reset_index(), preserve_index=False)
        table = table.replace_schema_metadata({"version": self._version})
        with contextlib.suppress(OSError), atomic_path(self._path) as part:
            pq.write_table(table, part, compression="zstd", write_page_checksum=True)
