"""Stage audit: which labels are listed, in which order, for which reason."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from golgoru.core.errors import UserError
from golgoru.guideline.classes import Class, Classes
from golgoru.model import label_posterior
from golgoru.tables import frames
from stages.audit import Params, Tables, transform

CLASSES = Classes(version="1", classes=(Class(id="cat"), Class(id="dog"), Class(id="owl")))
IDS = CLASSES.ids


def label(name: str, of: str, **columns: Any) -> dict[str, Any]:
    row = {"object": name, "image": f"d/{name}", "label": of, "ignore": False, "votes": 1, "agreement": 1.0}
    return row | {"status": "agreed", "source": "human", "guideline_version": "1"} | columns


def prediction(name: str, *probable: float, **columns: Any) -> dict[str, Any]:
    best = max(range(3), key=lambda n: probable[n])
    row = {"model": "built-in", "prediction": name, "object": name, "image": f"d/{name}", "predicted": IDS[best]}
    return row | {"confidence": probable[best], "probabilities": list(probable), "class_learned": True} | columns


def vote(name: str, annotator: str, choice: str | None, **columns: Any) -> dict[str, Any]:
    row = {"object": name, "image": f"d/{name}", "annotator": annotator, "review": False, "label": choice}
    return row | {"weight": 1.0, "batch": "b", "guideline_version": "1"} | columns


def audit(labels: list[Any], votes: list[Any] = (), predictions: list[Any] = (), params: Params = Params()) -> Tables:  # noqa: B008
    tables = {"labels": labels, "votes": votes, "predictions": predictions}
    made = {name: frames.frame(name, pd.DataFrame(list(rows)) if len(rows) else None) for name, rows in tables.items()}
    result = transform(**made, classes=CLASSES, params=params)
    frames.to_bytes(result.label_issues, "label_issues")
    return result


def listed(result: Tables) -> dict[str, tuple[str, str | None, str]]:
    rows = result.label_issues.sort_values("rank").to_dict("records")
    return {
        r["issue"]: (r["kind"], r["proposed"] if isinstance(r["proposed"], str) else None, r["reason"]) for r in rows
    }


def test_the_reason_gives_the_votes_and_the_prediction() -> None:
    result = audit(
        [label("o", "cat"), label("p", "dog"), label("q", "cat"), label("r", "dog")],
        [vote("o", "ann", "cat"), vote("o", "ben", "cat"), vote("o", "cem", "dog"), vote("p", "ann", "dog")],
        [prediction("o", 0.01, 0.96, 0.03), prediction("p", 0.05, 0.9, 0.05), prediction("q", 0.95, 0.05, 0.0),
         prediction("r", 0.05, 0.95, 0.0)],
    )  # fmt: skip
    reason = "votes: cat × 2, dog × 1; model: dog 0.96, cat 0.01; confident learning flags the label"
    assert listed(result) == {"o": ("class", "dog", reason)}
    assert result.label_issues["proposal"].tolist() == ["relabel"]


def test_labels_in_slices_are_listed_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"o{n:02}" for n in range(30)]
    labels = [label(name, IDS[n % 3]) for n, name in enumerate(names)]
    votes = [vote(name, who, IDS[(n + (n % 7 == 0) * (who == "ben")) % 3]) for n, name in enumerate(names)
             for who in ("ann", "ben")]  # fmt: skip
    predictions = [prediction(name, *np.roll([0.8, 0.15, 0.05], n + n % 5)) for n, name in enumerate(names)]
    whole = audit(labels, votes, predictions)
    monkeypatch.setattr(label_posterior, "_OBJECTS_AT_ONCE", 7)
    pd.testing.assert_frame_equal(audit(labels, votes, predictions).label_issues, whole.label_issues)
    assert whole.metrics["confident learning"] > 0


def test_a_contested_object_is_always_listed_and_an_adjudicated_one_never() -> None:
    predictions = [prediction("o", 0.99, 0.01, 0.0), prediction("p", 0.0, 0.01, 0.99)]
    votes = [vote("o", "ann", "cat"), vote("o", "ben", "dog"), vote("p", "rev", "cat", review=True)]
    result = audit(
        [label("o", "cat", status="contested", rule="VOTE-001"), label("p", "cat", status="adjudicated")],
        votes,
        predictions,
    )
    assert listed(result) == {"o": ("class", None, "votes: cat × 1, dog × 1; model: cat 0.99; contested by VOTE-001")}
    assert result.label_issues["proposal"].tolist() == ["review"]


def test_a_model_does_not_judge_a_class_that_it_has_not_learned() -> None:
    result = audit(
        [label("o", "owl")], [vote("o", "ann", "owl")], [prediction("o", 0.9, 0.1, 0.0, class_learned=False)]
    )
    assert listed(result).get("o", ("", None, ""))[2] in {"", "votes: owl × 1"}


@pytest.mark.parametrize("votes", [[], [vote("o", "ann", "cat")]])
def test_without_double_labels_no_number_of_wrong_labels_is_expected(votes: list[Any]) -> None:
    result = audit([label("o", "cat")], votes, [prediction("o", 0.2, 0.7, 0.1)])
    assert result.metrics["expected wrong labels"] is None
    assert result.metrics["expected wrong labels in the first tenth"] is None
    assert "no object has two annotators" in result.metrics["why"]


def test_nothing_at_all_and_no_model() -> None:
    assert audit([]).label_issues.empty
    result = audit([label("o", "cat", status="contested")], [vote("o", "ann", "cat"), vote("o", "ben", "dog")])
    assert listed(result) == {"o": ("class", None, "votes: cat × 1, dog × 1; contested")}


def test_a_repository_without_classes_has_no_label_issues() -> None:
    empty = {name: frames.frame(name) for name in ("labels", "votes", "predictions")}
    assert transform(**empty, classes=Classes(version="1"), params=Params()).label_issues.empty


def test_a_label_that_is_no_class_is_no_issue_and_no_traceback() -> None:
    assert audit([label("o", "unicorn")], [], [prediction("o", 0.2, 0.7, 0.1)]).label_issues.empty


def test_a_model_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(UserError, match=r"audit\.model: model 'resnet' has no predictions; models: built-in"):
        audit([label("o", "cat")], params=Params(model="resnet"))


def test_only_the_chosen_model_counts() -> None:
    theirs = prediction("o", 0.0, 0.01, 0.99, model="theirs")
    assert audit([label("o", "cat")], [vote("o", "ann", "cat")], [theirs], Params(min_score=0.5)).label_issues.empty
    result = audit([label("o", "cat")], [vote("o", "ann", "cat")], [theirs], Params(model="theirs"))
    assert listed(result)["o"][1] == "owl"


def test_the_most_improbable_label_comes_first_and_ties_go_by_name() -> None:
    names = ["c", "a", "b", "d"]
    probabilities = {"c": (0.05, 0.95, 0.0), "a": (0.05, 0.95, 0.0), "b": (0.01, 0.99, 0.0), "d": (0.3, 0.7, 0.0)}
    result = audit([label(n, "cat") for n in names], [], [prediction(n, *probabilities[n]) for n in names])
    assert list(listed(result)) == ["b", "a", "c", "d"]
    assert sorted(result.label_issues["rank"]) == [1, 2, 3, 4]


def test_transcriptions_that_differ_are_reviewed() -> None:
    result = audit(
        [label("o", "cat", text="TOTAL", text_agreement=0.75), label("p", "cat", text="TAX", text_agreement=1.0)]
    )
    assert listed(result) == {"o": ("text", None, "the transcriptions agree to 75%")}
    assert result.label_issues["score"].tolist() == [0.25]


def test_of_a_single_class_no_number_of_wrong_labels_is_expected() -> None:
    one = Classes(version="1", classes=(Class(id="cat"),))
    votes = frames.frame("votes", pd.DataFrame([vote("o", "ann", "cat"), vote("o", "ben", "cat")]))
    labels, predictions = frames.frame("labels", pd.DataFrame([label("o", "cat")])), frames.frame("predictions")
    result = transform(labels=labels, votes=votes, predictions=predictions, classes=one, params=Params())
    assert result.label_issues.empty
    assert result.metrics["expected wrong labels"] is None
    assert result.metrics["why"] == "with a single class no label can be wrong"


# Boxes --------------------------------------------------------------------------------------------------------------


def box(name: str, x: float, side: float, of: str = "cat", tall: float = 1.0, **columns: Any) -> dict[str, Any]:
    columns = {"image": "d/i", "votes": 2} | columns
    return label(name, of, x=x, y=0.0, width=side, height=side * tall, **columns)


def many() -> list[dict[str, Any]]:
    return [box(f"n{n:02}", 100.0 * n, 20 + n % 5) for n in range(30)]


def test_a_box_unusual_for_its_class_is_listed_with_numbers() -> None:
    result = audit([*many(), box("huge", 9000, 220.0), box("tall", 9900, 22 / 3, tall=9.0)])
    assert set(listed(result)) == {"huge", "tall"}
    assert listed(result)["huge"][2] == "220 x 220 pixels: 10 times the median side of class cat"
    assert listed(result)["tall"][2] == "aspect ratio 0.11, median of class cat 1"


def test_in_a_class_of_few_boxes_or_of_one_size_no_box_is_unusual() -> None:
    assert audit([box("a", 0, 10), box("b", 100, 1000)]).label_issues.empty
    assert audit([box(f"n{n}", 100.0 * n, 20) for n in range(30)]).label_issues.empty


def test_of_two_boxes_in_one_place_the_one_with_fewer_votes_is_listed() -> None:
    result = audit([*many(), box("dup", 1.0, 20, "dog", votes=1)])
    assert listed(result) == {"dup": ("doubled", None, "overlaps a box of class cat (IoU 0.90)")}
    assert result.label_issues["proposal"].tolist() == ["remove"]


def test_a_predicted_box_that_nobody_drew_is_missing() -> None:
    predicted = prediction(
        "m", 0.1, 0.1, 0.8, model="theirs", prediction="d/i 3", object=None, x=1.0, y=2.0, width=5.0, height=5.0
    )
    uncertain = predicted | {"prediction": "d/i 4", "confidence": 0.5}
    result = audit(many(), [], [predicted, uncertain])
    assert listed(result) == {"d/i 3": ("missing", "owl", "theirs predicts owl here (0.80), and no annotator drew it")}
    (row,) = result.label_issues.to_dict("records")
    assert (row["x"], row["width"], row["proposal"], pd.isna(row["label"])) == (1.0, 5.0, "add", True)
