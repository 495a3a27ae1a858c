"""dvc.yaml against the stages' files: what differs, and the file written anew with its comments and order.

Kept as people wrote it: the order of blocks, plots (whose files a stage names as it runs), and outputs below data/raw,
which only the template's example has.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.core.yaml_models import line_of, parse_yaml
from golgoru.wiring.imports import Engine
from golgoru.wiring.stage_wiring import StageWiring, stage_wiring

_WRITE = "run `dataset check --write`"
_RAW = "data/raw/"


def stage_files() -> list[str]:
    """Return the names of the stages' files."""
    return sorted(file.stem for file in Path("stages").glob("*.py") if not file.stem.startswith("_"))


def wiring_findings() -> Iterator[str]:
    """Yield where dvc.yaml and the stages' files disagree, with the line and what to do."""
    node, value = parse_yaml(paths.DVC)
    blocks, engine = value["stages"], Engine()
    for name in stage_files():
        if name not in blocks:
            yield f"{paths.DVC}:1: stages: stages/{name}.py has no block; {_WRITE}"
            continue
        where = f"{paths.DVC}:{line_of(node, ('stages', name))}"
        try:
            wanted = stage_wiring(name, engine)
        except UserError as error:
            yield str(error)
            continue
        for key, found, expected in _differences(blocks[name], wanted):
            yield f"{where}: {name}.{key}: {_compared(found, expected)}; {_WRITE}"


def write_dvc_yaml() -> bool:
    """Write dvc.yaml where it differs from the stages' files, comments and order kept; say whether it did."""
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = paths.DVC.read_text("utf-8")
    document = yaml.load(text)
    blocks, engine = document["stages"], Engine()
    for name in stage_files():
        wanted = stage_wiring(name, engine)
        if name not in blocks:
            blocks.insert(_place(blocks, wanted), name, CommentedMap())
        for key, _, expected in list(_differences(blocks[name], wanted)):
            blocks[name][key] = _as_yaml(key, expected)
    out = io.StringIO()
    yaml.dump(document, out)
    if out.getvalue() == text:
        return False
    write_bytes(paths.DVC, out.getvalue().encode())
    return True


def _differences(block: Any, wanted: StageWiring) -> Iterator[tuple[str, Any, Any]]:
    """Yield key, what the block says, and what it should say. Order inside a list does not matter."""
    for key, expected in wanted._asdict().items():
        if isinstance(expected, str):
            if block.get(key) != expected:
                yield key, block.get(key), expected
            continue
        found = _entries(block.get(key))
        if key == "outs":
            expected = tuple(sorted({*expected, *(path for path in found if path.startswith(_RAW))}))  # noqa: PLW2901
        if sorted(found) != sorted(expected):
            yield key, found, expected


def _entries(value: Any) -> list[str]:
    """Return the paths or keys of a list, each alone or with settings behind it; none of what is no list."""
    entries = value if isinstance(value, list) else []
    return [str(next(iter(entry), "")) if isinstance(entry, dict) else str(entry) for entry in entries]


def _compared(found: Any, expected: Any) -> str:
    if isinstance(expected, str):
        return f"found {found!r}, expected {expected!r}"
    missing, extra = sorted({*expected} - {*found}), sorted({*found} - {*expected})
    parts = [f"{word} {', '.join(items)}" for word, items in (("missing", missing), ("not needed", extra)) if items]
    return "; ".join(parts) or "an entry stands twice"


def _as_yaml(key: str, value: Any) -> Any:
    if key == "metrics":
        return [{path: {"cache": False}} for path in value]
    if key == "desc":
        return DoubleQuotedScalarString(value)
    return value if isinstance(value, str) else list(value)


def _place(blocks: CommentedMap, wanted: StageWiring) -> int:
    """Return the position of a new block: behind the last one whose outputs it reads."""
    deps = set(wanted.deps)
    read = [place for place, block in enumerate(blocks.values()) if deps & set(_entries(block.get("outs")))]
    return max(read, default=-1) + 1
