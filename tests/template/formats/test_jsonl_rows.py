"""JSON Lines payloads: hostile and broken lines become rejects, one line each."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.raw.batches import read_payload
from tests.template.builders.payloads import batch, read


def test_keys_are_taken_by_name_and_by_mapping(tmp_path: Path) -> None:
    line = {"picture": "1.png", "label": "not me", "verdict": "cat", "more": 1, "attributes": {"b": [1], "a": "ä"}}
    of = batch(tmp_path, {"a.jsonl": json.dumps(line)}, "jsonl", columns={"image": "picture", "label": "verdict"})
    (row,) = read(of)[0].to_dict("records")
    assert (row["image"], row["label"], row["attributes"]) == ("1.png", "cat", '{"a": "ä", "b": [1]}')
    assert read_payload(of, []).unused_columns == ("label", "more")


def test_empty_texts_and_nulls_are_not_given(tmp_path: Path) -> None:
    of = batch(tmp_path, {"a.jsonl": '{"image": "1.png", "label": "", "x": null, "kind": ""}\r\n\r\n'}, "jsonl")
    rows, rejects = read(of)
    assert rejects == [] and rows["label"].isna().all() and list(rows["kind"]) == ["object"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('{"image": "1.png",}', "not valid JSON, {problem} at character"),
        ('{"image": "1.png"} {"image": "2.png"}', "not valid JSON, Extra data at character 20: "),
        ("[1, 2]", "expected a JSON object: "),
        ('{"image": "1.png", "x": NaN}', "NaN is not a number: "),
        ('{"image": "1.png", "x": -Infinity}', "-Infinity is not a number: "),
        ('{"image": "1.png", "x": 1e999}', "1e999 is beyond what a number can hold: "),
        ('{"image": "1.png", "x": ' + "1" * 5000 + "}", "a number of 5000 digits is no measurement: "),
        ('{"image": "1.png", "label": "a", "label": "b"}', "a key is used twice in one object: "),
        ('{"image": "1.png", "attributes": {"a": 1, "a": 2}}', "a key is used twice in one object: "),
        (r'{"image": "\ud800.png"}', "not valid text: half of a surrogate pair: "),
        (r'{"image": "1.png", "attributes": {"\udc00": 1}}', "not valid text: half of a surrogate pair: "),
        ('{"image": "1.png", "attributes": ' + "[" * 60 + "]" * 60 + "}", "nested deeper than 50 levels: "),
        ('{"image": "1.png", "attributes": ' + '{"a":' * 980 + "1" + "}" * 981, "nested deeper than 50 levels: "),
        ('{"image": ' * 100_000, "nested deeper than 50 levels: "),
    ],
)
def test_a_broken_line_is_one_reject_and_the_others_are_read(tmp_path: Path, line: str, error: str) -> None:
    rows, rejects = read(batch(tmp_path, {"a.jsonl": f'{{"image": "0.png"}}\n{line}\n{{"image": "9.png"}}'}, "jsonl"))
    assert list(rows["image"]) == ["0.png", "9.png"]
    ((file, number, reason),) = rejects
    if "{problem}" in error:  # its wording depends on the version of Python
        assert (file, number) == ("a.jsonl", 2) and reason.startswith("not valid JSON, ") and f": {line}" in reason
    else:
        assert (file, number, reason) == ("a.jsonl", 2, f"{error}{line:.60}")


def test_a_file_that_is_not_utf_8_is_one_reject(tmp_path: Path) -> None:
    _, rejects = read(batch(tmp_path, {"a.ndjson": b'{"image": "\xff.png"}'}, "jsonl"))
    assert rejects == [("a.ndjson", None, "not UTF-8 text (byte 11); save it as UTF-8")]


def test_values_of_any_type_stand_where_a_text_is_expected(tmp_path: Path) -> None:
    line = '{"image": 7, "label": ["a"], "about": {"b": 1}, "text": true, "attributes": 5}'
    (row,) = read(batch(tmp_path, {"a.jsonl": line}, "jsonl"))[0].to_dict("records")
    values = [row[column] for column in ("image", "label", "about", "text", "attributes")]
    assert values == ["7", '["a"]', '{"b": 1}', "true", '{"note": 5}']


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(["image", "label", "kind", "x", "y", "x2", "y2", "polygon", "attributes", "id", "created_at"])
LINES = st.lists(st.dictionaries(FIELDS, JSON).map(json.dumps) | st.text(st.characters(codec="utf-8"), max_size=20))


@settings(max_examples=50, deadline=None)
@given(lines=LINES)
def test_annotations_and_rejects_account_for_every_line_that_is_not_blank(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    text = "\n".join(lines)
    of = batch(tmp_path_factory.mktemp("jsonl"), {"a.jsonl": text}, "jsonl")
    payload = read_payload(of, [])
    seen = [*payload.rows["line"], *(reject.line for reject in payload.rejects)]
    content = text.removeprefix("\ufeff").split("\n")
    assert sorted(seen) == [number for number, line in enumerate(content, start=1) if line.strip()]
    rows, rejects = read(of)
    assert len(rows) + len(rejects) == len(seen)
