"""The catalogue of edge cases: what an entry must say, where a mistake is, and that the template's own is whole."""

from pathlib import Path

import pytest

from golgoru.cli.new.clear_example import EXAMPLE_KEYS, without_keys
from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.guideline import python_checks
from golgoru.guideline.edge_cases import EdgeCases, read_edge_cases, trigger_problems
from golgoru.guideline.predicates import PredicateError
from golgoru.tables import frames
from golgoru.validation.features.edge_cases import EdgeCaseImages, EdgeCaseObjects, trigger_columns
from tests.template.builders.frozen import FROZEN

TOP = Path(__file__).parents[3]
EDGE_CASES = read_edge_cases(FROZEN / paths.EDGE_CASES)
KNOWN = trigger_columns(frames.frame("sources"))
ONE = """edge_cases:
  - id: EDGE-901
    sentence: The object is tiny
    decision: Label it as long as it is seen
    on: object
    predicate: shorter_side < 8
    owner: labelling lead
    since: "1.0"
"""


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read a catalogue that stands where the pipeline looks for it."""
    monkeypatch.chdir(tmp_path)
    paths.EDGE_CASES.parent.mkdir()

    def reading(text: str) -> EdgeCases:
        paths.EDGE_CASES.write_text(text, "utf-8")
        return read_edge_cases(paths.EDGE_CASES)

    return reading


def test_an_entry_is_read_and_an_empty_file_has_none(read):
    assert [case.id for case in read(ONE).active] == ["EDGE-901"]
    assert read(ONE + "    status: retired\n").active == []
    assert read("").edge_cases == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("EDGE-901", "edge-1",
         ":2: id: expected capitals, a hyphen and three digits, such as BOX-003, found 'edge-1'"),
        ("on: object", "on: pixel", ":5: on: Input should be 'image' or 'object', found 'pixel'"),
        ("    owner: labelling lead\n", "", ":2: owner: is missing"),
        ("labelling lead", "' '", ":7: owner: expected who decides, such as labelling lead, found ' '"),
        ("    predicate: shorter_side < 8\n", "",
         ":2: edge_cases.0: expected one of the keys 'predicate' and 'check', found neither"),
        ("    owner:", "    check: small\n    owner:",
         ":2: edge_cases.0: expected one of the keys 'predicate' and 'check', found both"),
        ("shorter_side < 8", "shorter_side <", ":6: predicate: "),
        ("shorter_side < 8", "(SELECT true)", ":6: predicate: a subquery is not part of the dialect; "),
        ("shorter_side < 8", "read_text('x') = 'a'",
         ":6: predicate: there is no function 'read_text'; there are abs, "),
        ("    since", "    wanted: {train: 5, tset: 1}\n    since",
         ":8: wanted: there is no split 'tset'; expected train, val, test"),
        ("    since", "    wanted: {train: -5}\n    since",
         ":8: wanted.train: Input should be greater than or equal to 0, found -5"),
        ("    since", "    examples: [../a.png]\n    since",
         ":8: examples.0: expected a path below guidelines/, such as examples/seven-crossed.png"),
        ("    since", "    colour: red\n    since", ":8: colour: unknown key"),
        ("The object is tiny", "''", ":3: sentence: String should have at least 1 character"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_line_and_key(read, old, new, reason):
    assert old in ONE
    with pytest.raises(UserError) as raised:
        read(ONE.replace(old, new))
    assert str(raised.value).replace(" edge_cases.0.", " ", 1).startswith(f"guidelines/edge_cases.yaml{reason}")


def test_an_id_used_twice_names_both_lines(read):
    with pytest.raises(UserError) as raised:
        read(ONE + ONE.removeprefix("edge_cases:\n"))
    assert str(raised.value) == (
        "guidelines/edge_cases.yaml:9: edge_cases.1.id: 'EDGE-901' is used twice; an id is never reused"
        " (first in line 2)"
    )


def test_an_unknown_column_is_reported_with_the_known_ones(read):
    messages = trigger_problems(read(ONE.replace("shorter_side", "shorter_sid")), KNOWN)
    assert messages == [
        "guidelines/edge_cases.yaml:6: EDGE-901: predicate: there is no column 'shorter_sid'; did you mean"
        f" 'shorter_side'? There are {', '.join(KNOWN['object'])}"
    ]
    (message,) = trigger_problems(read(ONE.replace("on: object", "on: image")), KNOWN)
    assert message.endswith(", ".join(KNOWN["image"]))


def test_a_predicate_of_wrong_types_or_without_a_yes_or_no_answer_is_a_problem(read):
    for predicate, reason in (("shorter_side + 1", "it gives a value, not true or false"), ("label + 1 > 2", "")):
        (message,) = trigger_problems(read(ONE.replace("shorter_side < 8", predicate)), KNOWN)
        assert message.startswith(f"guidelines/edge_cases.yaml:6: EDGE-901: predicate: {reason}")


def test_metadata_that_a_delivery_declares_can_be_read(read):
    text = ONE.replace("on: object", "on: image").replace("shorter_side < 8", "camera = 'north'")
    assert len(trigger_problems(read(text), KNOWN)) == 1
    declared = frames.frame("sources").assign(camera=frames.frame("sources")["delivery"])
    assert trigger_problems(read(text), trigger_columns(declared)) == []


def test_a_missing_example_and_an_unknown_check_are_problems(read):
    checked = ONE.replace("predicate: shorter_side < 8", "check: small")
    assert trigger_problems(read(checked), KNOWN) == [
        "guidelines/edge_cases.yaml:6: EDGE-901: check: there is no check 'small' in expectations/checks.py; "
        "there are none"
    ]


def test_the_templates_edge_cases_are_complete(monkeypatch):
    monkeypatch.chdir(FROZEN)
    assert trigger_problems(EDGE_CASES, KNOWN) == []
    assert len(EDGE_CASES.active) >= 28
    for case in EDGE_CASES.edge_cases:
        assert case.why and case.sentence[0].isupper(), case.id
        assert not case.sentence.endswith(".") and case.decision.endswith("."), case.id
    sentences = [case.sentence for case in EDGE_CASES.edge_cases]
    assert len(set(sentences)) == len(sentences)


def test_dataset_new_keeps_the_edge_cases_without_the_examples_numbers(read):
    text = (
        ONE
        + "    wanted:\n      train: 5\n      val: 1\n\n    examples: [a.png]\n    # a wanted: comment\n    why: ''\n"
    )
    left = without_keys(text, EXAMPLE_KEYS)
    assert left == ONE + "\n    # a wanted: comment\n    why: ''\n"
    whole = (FROZEN / paths.EDGE_CASES).read_text("utf-8")
    emptied = read(without_keys(whole, EXAMPLE_KEYS))
    bare = [case.model_copy(update={"wanted": {}, "examples": ()}) for case in EDGE_CASES.edge_cases]
    assert list(emptied.edge_cases) == bare


def test_a_python_check_reads_the_columns_of_its_arguments(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths.CHECKS.parent.mkdir()
    paths.CHECKS.write_text(
        "import json\nfrom pathlib import Path\n\n\ndef long(text, votes):\n    return text.str.len() > votes\n\n\n"
        "def _hidden(text):\n    pass\n\n\ndef broken(text):\n    raise KeyError('x')\n"
    )
    rows = frames.frame("labels", {"object": ["a", "b"], "text": ["long one", None], "votes": [3, 3]}).set_axis([7, 9])
    assert python_checks.check_columns("long") == ("text", "votes")
    assert python_checks.run_check("long", rows)[7]
    assert python_checks.run_check("long", rows).index.tolist() == [7, 9]
    with pytest.raises(PredicateError, match=r"there is no check '_hidden' in .*; there are broken, long$"):
        python_checks.check_columns("_hidden")
    with pytest.raises(PredicateError, match=r"check 'broken' of expectations/checks.py: KeyError: 'x'"):
        python_checks.run_check("broken", rows)
    paths.CHECKS.write_text("import nowhere\n")
    with pytest.raises(UserError, match=r"expectations/checks.py: cannot be imported: ModuleNotFoundError"):
        python_checks.check_columns("long")


@pytest.mark.parametrize("features", [EdgeCaseImages, EdgeCaseObjects])
def test_the_documentation_lists_every_feature_with_its_meaning(features):
    text = (TOP / "docs/edge-cases.md").read_text("utf-8")
    for feature in features.features():
        assert f"| `{feature.name}` | {feature.meaning} |" in text, (
            f"docs/edge-cases.md: | `{feature.name}` | {feature.meaning} |"
        )
    listed = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
    assert listed == {feature.name for one in (EdgeCaseImages, EdgeCaseObjects) for feature in one.features()}
