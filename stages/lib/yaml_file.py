"""YAML files that people write: safe to load, checked against a pydantic model, errors with line numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from stages.lib.errors import UserError

Model = TypeVar("Model", bound=BaseModel)


class Written(BaseModel):
    """Base of everything that people write: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def load(path: Path, model: type[Model], within: str | None = None) -> Model:
    """Return the file (or its top-level block `within`) as `model`.

    An absent or empty block stands for all defaults. Raises UserError naming file, line and key.
    """
    node, value = parse(path)
    where: tuple[str, ...] = ()
    if within is not None:
        if not isinstance(value, dict):
            raise UserError(f"{path}: expected a mapping with the key '{within}'")
        value, where = value.get(within), (within,)
    try:
        return model.model_validate({} if value is None else value)
    except ValidationError as error:
        raise UserError(_explain(path, node, where, error, model)) from None


def parse(path: Path) -> tuple[Node | None, Any]:
    """Return the file's root node (for line numbers) and its plain value. Aliases are refused."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: the file is missing") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start}); save the file as UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    yaml = YAML(typ="safe", pure=True)
    try:
        # An alias lets a few lines stand for gigabytes, and nobody needs one here.
        for event in yaml.parse(text):
            if getattr(event, "anchor", None):
                line = event.start_mark.line + 1
                raise UserError(f"{path}:{line}: anchors and aliases are not allowed; write the value out")
        return yaml.compose(text), yaml.load(text)
    except MarkedYAMLError as error:
        line = (error.problem_mark.line + 1) if error.problem_mark else 1
        problem = " ".join((error.problem or "not valid YAML").split())
        raise UserError(f"{path}:{line}: not valid YAML: {problem}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split()) or "nested too deeply"
        raise UserError(f"{path}: not valid YAML: {reason}") from None


def _explain(
    path: Path, node: Node | None, within: tuple[str, ...], error: ValidationError, model: type[BaseModel]
) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        location = within + tuple(problem["loc"])
        key = ".".join(str(part) for part in location) or "(the file)"
        found = "" if problem["type"] in ("missing", "extra_forbidden") else f", found {problem['input']!r:.80}"
        reason = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            reason = "unknown key" + _allowed(model, problem["loc"])
        elif problem["type"] == "missing":
            reason = "is missing"
        lines.append(f"{path}:{line_of(node, location)}: {key}: {reason}{found}")
    return "\n".join(lines)


def _allowed(model: type[BaseModel], location: Sequence[int | str]) -> str:
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
