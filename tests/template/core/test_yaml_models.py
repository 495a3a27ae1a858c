"""YAML that people write: every mistake is told with file, line and key, and nothing in a file can do harm."""

# ruff: noqa: E501  (a golden message stands on one line)

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from golgoru.core.errors import UserError
from golgoru.core.yaml_models import ConfigModel, line_of, load_config, parse_yaml


class Inner(ConfigModel):
    size: int


class Outer(ConfigModel):
    name: str = "none"
    day: date | None = None
    inner: tuple[Inner, ...] = ()
    words: Mapping[str, str] = {}


class Nothing(ConfigModel):
    pass


def message(tmp_path: Path, text: str | bytes, model: type[ConfigModel] = Outer, within: str | None = None) -> str:
    file = tmp_path / "file.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UserError) as error:
        load_config(file, model, within)
    return str(error.value).replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# why\nnmae: x\n", "file.yaml:2: nmae: unknown key; known keys: day, inner, name, words"),
        ("name: 1.0\n", "file.yaml:1: name: Input should be a valid string, found 1.0; put it in quotes"),
        ("name: 2026-01-05\n", "file.yaml:1: name: Input should be a valid string, found datetime.date(2026, 1, 5); put it in quotes"),
        ("name: [a]\n", "file.yaml:1: name: Input should be a valid string, found ['a']"),
        ("inner:\n  - size: 1\n  - size: big\n", "file.yaml:3: inner.1.size: Input should be a valid integer, unable to parse string as an integer, found 'big'"),
        ("inner:\n  - {}\n", "file.yaml:2: inner.0.size: is missing"),
        ("inner:\n  - size: 1\n    more: 2\n", "file.yaml:3: inner.0.more: unknown key"),
        ("words:\n  a: b\n  1: c\n", "file.yaml:3: words.1: Input should be a valid string, found 1; put it in quotes"),
        ("words:\n  a: 2\n", "file.yaml:2: words.a: Input should be a valid string, found 2; put it in quotes"),
        ("- a\n- b\n", "file.yaml:1: (the file): expected keys and values, found ['a', 'b']"),
        ("1: a\n", "file.yaml:1: 1: unknown key; known keys: day, inner, name, words"),
        ("name: a\nname: b\n", 'file.yaml:2: not valid YAML: found duplicate key "name" (first in line 1)'),
        ("name: [a\n", "file.yaml:2: not valid YAML: did not find expected ',' or ']'"),
        ("name: [a", "file.yaml:1: not valid YAML: did not find expected ',' or ']'"),
        ("name: a\n---\nname: b\n", "file.yaml:2: not valid YAML: but found another document"),
        ("name: &x a\nwords: {a: *x}\n", "file.yaml:1: anchors and aliases are not allowed; write the value out"),
        ("name: !!python/object/apply:os.system ['true']\n", "file.yaml:1: not valid YAML: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object/apply:os.system'"),
        ("a: b\nname: \"\\uD800\"\n", "file.yaml:2: not valid YAML: found invalid Unicode character escape code"),
        (b"name: \xff\n", "file.yaml: not UTF-8 text (byte 6); save the file as UTF-8"),
        ("day: 2026-13-45\n", "file.yaml:1: not valid YAML: month must be in 1..12"),
        ("name: " + "[" * 100_000, "file.yaml:1: nested deeper than 20 levels"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_line_key_and_what_is_expected(tmp_path: Path, text: str | bytes, expected: str) -> None:
    assert message(tmp_path, text).startswith(expected)
    assert "\n" not in message(tmp_path, text)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    assert message(tmp_path, "a: 1\nname: x\nb: 2\n").splitlines() == [
        "file.yaml:1: a: unknown key; known keys: day, inner, name, words",
        "file.yaml:3: b: unknown key; known keys: day, inner, name, words",
    ]


def test_a_block_of_a_file_is_named_by_its_whole_key(tmp_path: Path) -> None:
    text = "dedup: {}\nsplit:\n  shares: 1\n"
    assert (
        message(tmp_path, text, Nothing, "split") == "file.yaml:3: split.shares: unknown key; this block takes no keys"
    )
    assert message(tmp_path, "- a\n", Nothing, "split") == "file.yaml: expected a mapping with the key 'split'"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "no.yaml", "the file is missing"), (tmp_path, "cannot be read: Is a directory")):
        with pytest.raises(UserError) as error:
            load_config(path, Outer)
        assert str(error.value) == f"{path}: {reason}"


@pytest.mark.parametrize("text", ["", "# nothing\n", "null\n", "{}\n", "\ufeffname: none\n"])
def test_an_empty_file_stands_for_the_defaults(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(text, "utf-8")
    assert load_config(file, Outer) == Outer()
    if text != "\ufeffname: none\n":
        assert load_config(file, Nothing, "block" if text == "{}\n" else None) == Nothing()


def test_line_of_goes_as_deep_as_the_file_does(tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_text("a:\n  b:\n    - c: 1\n    - c: 2\n", "utf-8")
    node, _ = parse_yaml(file)
    asked = [(), ("a",), ("a", "b", 1), ("a", "b", 1, "c"), ("a", "b", 7), ("a", "x", "y"), ("x",)]
    assert [line_of(node, location) for location in asked] == [1, 1, 4, 4, 2, 1, 1]
    assert line_of(None, ("a",)) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("y", "y"), ("True", True), ("1:30", "1:30"), ("010", 10), ("0o17", 15), ("0x1f", 31), ("1_000", 1000),
        ("1e3", 1000.0), (".5", 0.5), ("1.", 1.0), ("~", None), ("", None), ("'1'", "1"),
        ("2026-01-05", date(2026, 1, 5)), ("2026-1-5", "2026-1-5"), ("<<", "<<"),
    ],
)  # fmt: skip
def test_plain_values_are_read_by_the_core_schema_of_yaml_1_2(tmp_path: Path, text: str, value: object) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(f"a: {text}\n")
    assert parse_yaml(file)[1] == {"a": value}
