"""Settings and tables of another commit, from git and DVC's cache, without checking it out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from golgoru.cli.common.repository import run_dvc, run_git
from golgoru.cli.common.table_lookup import table_file
from golgoru.core import paths
from golgoru.core.errors import UserError

_LOCK = Path("dvc.lock")
_CACHE = Path(".dvc") / "cache"


def settings_at(revision: str) -> dict[str, Any]:
    """Return params.yaml of a commit. Raises UserError where the commit, or the file there, cannot be read."""
    return _yaml_at(revision, paths.PARAMS)


def tables_at(revision: str, columns: Mapping[str, Sequence[str]]) -> dict[str, pd.DataFrame]:
    """Return tables of a commit, each with those of the given columns that it had.

    Raises UserError where the commit recorded no such table, or DVC's cache does not hold it.
    """
    stages = (_yaml_at(revision, _LOCK).get("stages") or {}).values()
    md5 = {out["path"]: out["md5"] for stage in stages for out in stage.get("outs") or () if "md5" in out}
    tables = {}
    for name, some in columns.items():
        path = table_file(name).as_posix()
        if path not in md5:
            raise UserError(f"{revision}: {_LOCK} does not list {path}, since the pipeline had not been run")
        file = _cached(revision, path, md5[path])
        try:
            with pq.ParquetFile(file) as table:
                there = [column for column in some if column in table.schema_arrow.names]
                tables[name] = table.read(there).to_pandas()
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"{file}: {path} of {revision} is not readable: {str(error).splitlines()[0]}") from None
    return tables


def _cached(revision: str, path: str, md5: str) -> Path:
    place = Path("files") / "md5" / md5[:2] / md5[2:]
    if (_CACHE / place).is_file():
        return _CACHE / place
    # Asking DVC takes a second; a cache elsewhere is rare.
    result = run_dvc("cache", "dir")
    elsewhere = Path(result.stdout.strip()) / place
    if result.returncode == 0 and elsewhere.is_file():
        return elsewhere
    raise UserError(f"{path} of {revision} is not in DVC's cache; `dvc fetch --all-commits {path}` brings it")


def _yaml_at(revision: str, file: Path) -> dict[str, Any]:
    known = run_git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if known.returncode != 0:
        raise UserError(f"git knows no commit '{revision}'")
    shown = run_git("show", f"{known.stdout.strip()}:./{file.as_posix()}")
    if shown.returncode != 0:
        raise UserError(f"{revision}: has no {file}, since the pipeline had not been run")
    try:
        value = YAML(typ="safe").load(shown.stdout)
    except YAMLError:
        value = None
    if not isinstance(value, dict):
        raise UserError(f"{revision}: its {file} cannot be read")
    return value
