"""A memory of pictures already looked at, by content. It saves time and can never show in a result."""

import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


class FingerprintCache:
    """One Parquet file per code version, outside the outputs; unreadable or unwritable means empty."""

    def __init__(self, version: str) -> None:
        self._file = Path(".cache") / f"fingerprint-{version}.parquet"

    def read(self) -> pd.DataFrame:
        """Return what is remembered, one row per content."""
        try:
            known = pq.read_table(self._file, page_checksum_verification=True).to_pandas()
            return known.set_index("content", verify_integrity=True)
        except (OSError, pa.ArrowException, KeyError, ValueError):
            return pd.DataFrame()

    def write(self, rows: pd.DataFrame) -> None:
        """Remember these rows (index: content) in place of what was remembered before."""
        part = self._file.with_name(f".{self._file.name}.{os.getpid()}.part")
        try:
            self._file.parent.mkdir(exist_ok=True)
            pq.write_table(
                pa.Table.from_pandas(rows.rename_axis("content").reset_index()), part, write_page_checksum=True
            )
            part.replace(self._file)
        except OSError:
            part.unlink(missing_ok=True)
