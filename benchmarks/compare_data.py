"""Compare the tables of two commits row by row, up to renamed tables, columns and values.

A change of the engine that should change no result is held to that:
`python -m benchmarks.compare_data OLD/data NEW/data --renames benchmarks/renames/0.3.yaml`. Sentences for people are
compared by where they are null alone, and the tables of the release also byte by byte. Exit 1 where anything differs.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from golgoru.core.yaml_models import parse_yaml

SENTENCES = ("message", "reason", "reasons", "flags", "covers", "error", "expected", "fault")


class Renames(NamedTuple):
    """New names by old ones: tables, columns per old table, values per old table and new column."""

    tables: dict[str, str]
    columns: dict[str, dict[str, str]]
    values: dict[str, dict[str, dict[str, str]]]
    lists: dict[str, dict[str, dict[str, str]]]  # columns that hold names with commas


def renamed(table: pd.DataFrame, name: str, renames: Renames) -> pd.DataFrame:
    """Return a table of the old commit under the names of the new one."""
    table = table.rename(columns=renames.columns.get(name, {}))
    for column, new in renames.values.get(name, {}).items():
        table[column] = table[column].replace(new)
    return table


def names_in_order(table: pd.DataFrame, name: str, renames: Renames, *, is_old: bool) -> pd.DataFrame:
    """Return the table with the names in its lists renamed (in the old one) and sorted."""
    for column, new in renames.lists.get(name, {}).items():
        lists = table[column].map(lambda text: text if pd.isna(text) else text.split(", "))
        mapped = [
            text if not isinstance(text, list) else ", ".join(sorted(new.get(n, n) if is_old else n for n in text))
            for text in lists
        ]
        table = table.assign(**{column: mapped})
    return table


def as_text(value: Any) -> Any:
    """Return a value that pandas can sort: lists and bytes as text."""
    if isinstance(value, np.ndarray):
        return str(value.tolist())
    return value.hex() if isinstance(value, bytes) else value


def canonical(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table as sorted text, without its sentences."""
    columns = [column for column in table if column not in SENTENCES]
    text = table[columns].map(as_text).astype(object)
    return text.where(text.notna(), "null").astype(str).sort_values(columns).reset_index(drop=True)


def differences(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """Return what differs between two tables of one name."""
    if set(old) != set(new):
        return [f"columns {', '.join(sorted({*old} ^ {*new}))}"]
    if len(old) != len(new):
        return [f"{len(old)} rows, now {len(new)}"]
    new = new[list(old)]
    before, after = canonical(old), canonical(new)
    unequal = (before != after).any(axis=1)
    found = [
        f"{int(unequal.sum())} of {len(old)} rows, in {', '.join(c for c in before if (before[c] != after[c]).any())}"
    ]
    found = found if unequal.any() else []
    for column in set(SENTENCES) & set(old):
        if old[column].isna().sum() != new[column].isna().sum():
            found.append(f"nulls of {column}")
    return found


def compare(old: Path, new: Path, renames: Renames) -> int:
    """Print what differs; return how many tables do."""
    names = [file.relative_to(old).with_suffix("").as_posix() for file in sorted(old.rglob("*.parquet"))]
    names = [name for name in names if not name.startswith("raw/")]
    rows = unequal = 0
    for name in names:
        target = renames.tables.get(name, name)
        file = new / f"{target}.parquet"
        before = pd.read_parquet(old / f"{name}.parquet")
        before = names_in_order(renamed(before, name, renames), name, renames, is_old=True)
        after = names_in_order(pd.read_parquet(file), name, renames, is_old=False) if file.exists() else None
        found = ["it is missing"] if after is None else differences(before, after)
        rows, unequal = rows + len(before), unequal + bool(found)
        for reason in found:
            print(f"{target}: {reason}")
    released = sorted((old / "release").glob("*.parquet"))
    same = [file.stem for file in released if file.read_bytes() == (new / "release" / file.name).read_bytes()]
    print(
        f"{len(names)} tables, {rows:,} rows: {unequal} differ; byte for byte equal in the release: {', '.join(same)}"
    )
    return unequal


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--renames", type=Path)
    given = parser.parse_args()
    written = parse_yaml(given.renames)[1] if given.renames else {}
    renames = Renames._make(written.get(field, {}) for field in Renames._fields)
    sys.exit(1 if compare(given.old, given.new, renames) else 0)


if __name__ == "__main__":
    main()
