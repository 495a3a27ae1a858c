"""YAML files that people write: safe to load, checked against a pydantic model, errors with line numbers."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from yaml.nodes import MappingNode, Node, SequenceNode

from golgoru.core.errors import UserError
from golgoru.core.yaml_text import YamlError, read_yaml

Model = TypeVar("Model", bound="ConfigModel")


class ConfigProblem(NamedTuple):
    """What is wrong at one place of a file: the keys and positions that lead there, and the reason.

    `first` is the place of what it collides with.
    """

    location: tuple[str | int, ...]
    reason: str
    first: tuple[str | int, ...] | None = None


class ConfigModel(BaseModel):
    """Base of everything that people write: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def problems(self) -> Iterable[ConfigProblem]:
        """Return what is wrong between values that are each right; `load` names the line of each."""
        return ()


def load_config(path: Path, model: type[Model], within: str | None = None) -> Model:
    """Return the file (or its top-level block `within`) as `model`.

    An absent or empty block stands for all defaults. Raises UserError naming file, line and key.
    """
    node, value = parse_yaml(path)
    where: tuple[str, ...] = ()
    if within is not None:
        if not isinstance(value, dict):
            raise UserError(f"{path}: expected a mapping with the key '{within}'")
        value, where = value.get(within), (within,)
    try:
        found = model.model_validate({} if value is None else value)
    except ValidationError as error:
        raise UserError(_explain(path, node, where, error, model)) from None
    if faults := [
        _message(path, node, (*where, *f.location), f.reason + _first_place(node, f.first)) for f in found.problems()
    ]:
        raise UserError("\n".join(faults))
    return found


def parse_yaml(path: Path) -> tuple[Node | None, Any]:
    """Return the file's root node (for line numbers) and its plain value. Aliases are refused."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: the file is missing") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start}); save the file as UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    node, value = _parse(path, text)
    return node, deepcopy(value)


@lru_cache(maxsize=64)  # a command asks for the lines of one file again and again
def _parse(path: Path, text: str) -> tuple[Node | None, Any]:
    try:
        return read_yaml(text)
    except YamlError as error:
        line = "" if error.line is None else f":{error.line}"
        raise UserError(f"{path}{line}: {error}") from None


def _explain(
    path: Path, node: Node | None, within: tuple[str, ...], error: ValidationError, model: type[BaseModel]
) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        location = (*within, *(part for part in problem["loc"] if part != "[key]"))
        shown = not isinstance(problem["input"], dict)
        found = f", found {problem['input']!r:.80}" if shown else ""
        reason = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "value_error" and problem["loc"][-1:] == ("[key]",):
            found = ""  # the key itself, which the message begins with
        if problem["type"] in ("extra_forbidden", "invalid_key"):
            reason, found = "unknown key" + _known_keys(model, problem["loc"]), ""
        elif problem["type"] == "missing":
            reason, found = "is missing", ""
        elif problem["type"] == "model_type":
            reason = "expected keys and values"
        elif problem["type"] == "string_type" and isinstance(problem["input"], (bool, int, float, date)):
            found += "; put it in quotes"
        lines.append(_message(path, node, location, reason + found))
    return "\n".join(lines)


def _message(path: Path, node: Node | None, location: Sequence[int | str], reason: str) -> str:
    key = ".".join(str(part) for part in location) or "(the file)"
    return f"{path}:{line_of(node, location)}: {key}: {reason}"


def _first_place(node: Node | None, first: tuple[str | int, ...] | None) -> str:
    return "" if first is None else f" (first in line {line_of(node, first)})"


def _known_keys(model: type[BaseModel], location: Sequence[int | str]) -> str:
    """Name the keys that `model` has, where the unknown key stands directly in it."""
    if len(location) != 1:
        return ""
    names = sorted(field.alias or name for name, field in model.model_fields.items())
    return f"; known keys: {', '.join(names)}" if names else "; this block takes no keys"


def line_of(node: Node | None, location: Sequence[int | str]) -> int:
    """Return the 1-based line of the key at `location`, or of the nearest block around it."""
    if node is None:
        return 1
    line: int = node.start_mark.line + 1
    for part in location:
        if isinstance(node, MappingNode):
            found = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def key_line(file: Path, *location: str | int) -> str:
    """Return `file:line` of a key in a YAML file, for messages."""
    return f"{file}:{line_of(parse_yaml(file)[0], location)}"


def entry_line(file: Path, block: str, name: str, key: str) -> str:
    """Return `file:line` of a key of the entry whose id is `name`, for messages; the file alone where it has none."""
    try:
        node, value = parse_yaml(file)
        places = [place for place, entry in enumerate(value[block]) if entry["id"] == name]
    except (UserError, TypeError, KeyError):
        places = []
    return f"{file}:{line_of(node, (block, places[0], key))}" if places else str(file)
