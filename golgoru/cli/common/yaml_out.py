"""YAML files as a person would write them: keys in the order of the model, defaults left out."""

import io
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML

from golgoru.core.errors import UserError

Model = TypeVar("Model", bound=BaseModel)
_WIDTH = 120


def build_model(model: type[Model], values: Mapping[str, Any], options: Mapping[str, str]) -> Model:
    """Return the model. Raises UserError that names the option behind a wrong value (`options`: option by field)."""
    try:
        return model(**values)
    except ValidationError as error:
        problems = []
        for problem in error.errors(include_url=False):
            field, *within = [str(part) for part in problem["loc"] if part != "[key]"] or [""]
            where = " ".join([options[field], *within[:1]]) if field in options else ""
            reason = problem["msg"].removeprefix("Value error, ")
            problems.append(f"{where}: {reason}" if where else reason)
        raise UserError("\n".join(problems)) from None


def to_yaml(model: BaseModel) -> bytes:
    """Return the model as YAML that loads to the same model."""
    yaml = YAML()
    yaml.width = _WIDTH
    yaml.default_flow_style = False
    text = io.StringIO()
    yaml.dump(_plain(model), text)
    return text.getvalue().encode()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        values = {name: field for name in fields if (field := getattr(value, name)) is not None}
        given = {n: v for n, v in values.items() if fields[n].is_required() or v != fields[n].get_default()}
        return {name: _plain(field) for name, field in given.items()}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
