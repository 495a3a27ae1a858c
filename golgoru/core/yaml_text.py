"""YAML text to nodes and plain values, by libyaml: the core schema of YAML 1.2, with line numbers.

PyYAML's own loaders resolve YAML 1.1, where `no` is false and `1:30` is ninety: here both are text. What nobody writes
by hand is refused before a value is made of it.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.cyaml import CParser
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import BaseResolver

_MAX_DEPTH = 20
_RADIX = {"0b": 2, "0o": 8, "0x": 16}


class YamlError(Exception):
    """What is wrong with a text; `line` is 1-based, None where it is not known."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.line = line


class _Resolver(BaseResolver):  # type: ignore[misc]
    """Which plain scalars are no texts."""


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:(?:[0-9][0-9_]*)?\.[0-9_]+|[0-9][0-9_]*\.?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    (
        "timestamp",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}"
        r"(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?",
        "0123456789",
    ),
):
    _Resolver.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first))


class _Loader(CParser, SafeConstructor, _Resolver):  # type: ignore[misc]
    """libyaml's parser with the resolver above."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        SafeConstructor.__init__(self)
        _Resolver.__init__(self)

    def construct_yaml_int(self, node: ScalarNode) -> int:
        text = node.value.replace("_", "")
        digits = text.lstrip("+-")
        value = int(digits[2:], _RADIX[digits[:2]]) if digits[:2] in _RADIX else int(digits)
        return -value if text.startswith("-") else value


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def read_yaml(text: str) -> tuple[Node | None, Any]:
    """Return the root node (None for an empty text) and the plain value. Raises YamlError."""
    node = None
    try:
        _refuse_unusual(text)
        loader = _Loader(text.removeprefix("\ufeff"))
        node = loader.get_single_node()
        if node is None:
            return None, None
        for key, first in _repeated_keys(node):
            reason = f'found duplicate key "{key.value}" (first in line {first})'
            raise YamlError(_invalid(reason), key.start_mark.line + 1)
        return node, loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = _invalid(error.problem or error.context or "no reason given")
        # The end of a text without a line feed is on its last line, and for libyaml on the next.
        raise YamlError(reason, min(mark.line, text.count("\n")) + 1 if mark else 1) from None
    except yaml.reader.ReaderError as error:
        raise YamlError(_invalid(error.reason), text.count("\n", 0, error.position) + 1) from None
    except (yaml.YAMLError, ValueError) as error:
        raise YamlError(_invalid(str(error)), _line_of_no_date(node)) from None


def _invalid(reason: str) -> str:
    return f"not valid YAML: {' '.join(reason.split())}"


def _refuse_unusual(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _MAX_DEPTH:
            reason = f"nested deeper than {_MAX_DEPTH} levels"
        # An alias lets a few lines stand for gigabytes.
        elif getattr(event, "anchor", None):
            reason = "anchors and aliases are not allowed; write the value out"
        else:
            continue
        raise YamlError(reason, event.start_mark.line + 1)


def _nodes(root: Node | None) -> Iterator[Node]:
    """Yield the nodes in the order of the file."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node is None:
            continue
        yield node
        if isinstance(node, MappingNode):
            waiting += [side for pair in reversed(node.value) for side in reversed(pair)]
        elif isinstance(node, SequenceNode):
            waiting += reversed(node.value)


def _repeated_keys(root: Node) -> Iterator[tuple[Node, int]]:
    """Yield each key that stands a second time in its mapping, with the line of the first."""
    for node in _nodes(root):
        if isinstance(node, MappingNode):
            first: dict[tuple[str, str], Node] = {}
            for key, _ in node.value:
                if isinstance(key, ScalarNode) and first.setdefault((key.tag, key.value), key) is not key:
                    yield key, first[key.tag, key.value].start_mark.line + 1


def _line_of_no_date(root: Node | None) -> int | None:
    """Return the line of the first value that looks like a date and is none, which the parser does not tell."""
    for node in _nodes(root):
        if str(node.tag).endswith(":timestamp"):
            try:
                date.fromisoformat("-".join(side.zfill(2) for side in node.value[:10].split("-")))
            except ValueError:
                return int(node.start_mark.line) + 1
    return None
