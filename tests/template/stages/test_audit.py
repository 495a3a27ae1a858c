"""Stage audit: who is suspected, in which order, for which reason, in words."""

from typing import Any

import pandas as pd
import pytest

from golgoru.core.errors import UserError
from golgoru.guideline.classes import Class, Classes
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
    return row | {"confidence": probable[best], "probabilities": list(probable), "can_say": True} | columns


def ballot(name: str, annotator: str, said: str | None, **columns: Any) -> dict[str, Any]:
    row = {"object": name, "image": f"d/{name}", "annotator": annotator, "review": False, "label": said}
    return row | {"weight": 1.0, "batch": "b", "guideline_version": "1"} | columns


def audit(labels: list[Any], ballots: list[Any] = (), predictions: list[Any] = (), params: Params = Params()) -> Tables:  # noqa: B008
    tables = {"labels": labels, "ballots": ballots, "predictions": predictions}
    made = {name: frames.frame(name, pd.DataFrame(list(rows)) if len(rows) else None) for name, rows in tables.items()}
    found = transform(**made, classes=CLASSES, params=params)
    frames.to_bytes(found.suspects, "label_issues")
    return found


def listed(found: Tables) -> dict[str, tuple[str, str | None, str]]:
    rows = found.suspects.sort_values("rank").to_dict("records")
    return {
        r["suspect"]: (r["kind"], r["proposed"] if isinstance(r["proposed"], str) else None, r["reason"]) for r in rows
    }


def test_the_reason_says_what_people_and_the_model_said() -> None:
    found = audit(
        [label("o", "cat"), label("p", "dog"), label("q", "cat"), label("r", "dog")],
        [ballot("o", "ann", "cat"), ballot("o", "ben", "cat"), ballot("o", "cem", "dog"), ballot("p", "ann", "dog")],
        [prediction("o", 0.01, 0.96, 0.03), prediction("p", 0.05, 0.9, 0.05), prediction("q", 0.95, 0.05, 0.0),
         prediction("r", 0.05, 0.95, 0.0)],
    )  # fmt: skip
    reason = "people said cat 2, dog 1; the model says dog 0.96, cat 0.01; it is confident of another class"
    assert listed(found) == {"o": ("label", "dog", reason)}
    assert found.suspects["proposal"].tolist() == ["relabel"]


def test_a_contested_object_is_always_listed_and_an_adjudicated_one_never() -> None:
    predictions = [prediction("o", 0.99, 0.01, 0.0), prediction("p", 0.0, 0.01, 0.99)]
    votes = [ballot("o", "ann", "cat"), ballot("o", "ben", "dog"), ballot("p", "rev", "cat", review=True)]
    found = audit(
        [label("o", "cat", status="contested", rule="VOTE-001"), label("p", "cat", status="adjudicated")],
        votes,
        predictions,
    )
    assert listed(found) == {
        "o": ("label", None, "people said cat 1, dog 1; the model says cat 0.99; contested by VOTE-001")
    }
    assert found.suspects["proposal"].tolist() == ["look"]


def test_a_class_that_the_model_does_not_know_is_not_doubted_by_it() -> None:
    found = audit([label("o", "owl")], [ballot("o", "ann", "owl")], [prediction("o", 0.9, 0.1, 0.0, can_say=False)])
    assert listed(found).get("o", ("", None, ""))[2] in {"", "people said owl 1"}


@pytest.mark.parametrize("votes", [[], [ballot("o", "ann", "cat")]])
def test_where_nobody_can_be_compared_no_number_of_wrong_labels_is_invented(votes: list[Any]) -> None:
    found = audit([label("o", "cat")], votes, [prediction("o", 0.2, 0.7, 0.1)])
    assert found.metrics["wrong labels to be expected"] is None
    assert found.metrics["of these among the first tenth"] is None
    assert "labelled by two people" in found.metrics["why"]


def test_nothing_at_all_and_no_model() -> None:
    assert audit([]).suspects.empty
    found = audit([label("o", "cat", status="contested")], [ballot("o", "ann", "cat"), ballot("o", "ben", "dog")])
    assert listed(found) == {"o": ("label", None, "people said cat 1, dog 1; contested")}


def test_a_repository_without_classes_has_no_suspects() -> None:
    given = [frames.frame("labels"), frames.frame("votes"), frames.frame("predictions")]
    assert transform(*given, Classes(version="1"), Params()).suspects.empty


def test_a_label_that_is_no_class_is_no_suspect_and_no_traceback() -> None:
    assert audit([label("o", "unicorn")], [], [prediction("o", 0.2, 0.7, 0.1)]).suspects.empty


def test_a_model_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(UserError, match=r"audit\.model: no model 'resnet' says anything of the pictures"):
        audit([label("o", "cat")], params=Params(model="resnet"))


def test_only_the_chosen_model_counts() -> None:
    theirs = prediction("o", 0.0, 0.01, 0.99, model="theirs")
    assert audit([label("o", "cat")], [ballot("o", "ann", "cat")], [theirs], Params(min_score=0.5)).suspects.empty
    found = audit([label("o", "cat")], [ballot("o", "ann", "cat")], [theirs], Params(model="theirs"))
    assert listed(found)["o"][1] == "owl"


def test_the_most_improbable_label_comes_first_and_ties_go_by_name() -> None:
    names = ["c", "a", "b", "d"]
    said = {"c": (0.05, 0.95, 0.0), "a": (0.05, 0.95, 0.0), "b": (0.01, 0.99, 0.0), "d": (0.3, 0.7, 0.0)}
    found = audit([label(n, "cat") for n in names], [], [prediction(n, *said[n]) for n in names])
    assert list(listed(found)) == ["b", "a", "c", "d"]
    assert sorted(found.suspects["rank"]) == [1, 2, 3, 4]


def test_a_transcription_that_people_read_otherwise_is_looked_at() -> None:
    found = audit(
        [label("o", "cat", text="TOTAL", text_agreement=0.75), label("p", "cat", text="TAX", text_agreement=1.0)]
    )
    assert listed(found) == {"o": ("text", None, "what people read is alike to 75%")}
    assert found.suspects["score"].tolist() == [0.25]


def test_of_one_class_alone_no_number_of_wrong_labels_is_invented() -> None:
    one = Classes(version="1", classes=(Class(id="cat"),))
    votes = frames.frame("votes", pd.DataFrame([ballot("o", "ann", "cat"), ballot("o", "ben", "cat")]))
    labels, predictions = frames.frame("labels", pd.DataFrame([label("o", "cat")])), frames.frame("predictions")
    found = transform(labels, votes, predictions, one, Params())
    assert found.suspects.empty
    assert found.metrics["wrong labels to be expected"] is None
    assert found.metrics["why"] == "of one class alone none can be wrong"


# Boxes --------------------------------------------------------------------------------------------------------------


def box(name: str, x: float, side: float, of: str = "cat", tall: float = 1.0, **columns: Any) -> dict[str, Any]:
    columns = {"image": "d/i", "votes": 2} | columns
    return label(name, of, x=x, y=0.0, width=side, height=side * tall, **columns)


def many() -> list[dict[str, Any]]:
    return [box(f"n{n:02}", 100.0 * n, 20 + n % 5) for n in range(30)]


def test_a_box_unlike_its_class_is_told_in_numbers() -> None:
    found = audit([*many(), box("huge", 9000, 220.0), box("tall", 9900, 22 / 3, tall=9.0)])
    assert set(listed(found)) == {"huge", "tall"}
    assert listed(found)["huge"][2] == "220 x 220 pixels: 10 times the usual side of cat"
    assert listed(found)["tall"][2] == "0.11 times as wide as high, cat usually 1"


def test_a_class_of_few_boxes_or_of_one_size_says_nothing_of_shapes() -> None:
    assert audit([box("a", 0, 10), box("b", 100, 1000)]).suspects.empty
    assert audit([box(f"n{n}", 100.0 * n, 20) for n in range(30)]).suspects.empty


def test_of_two_boxes_in_one_place_the_one_that_fewer_saw_is_suspect() -> None:
    found = audit([*many(), box("dup", 1.0, 20, "dog", votes=1)])
    assert listed(found) == {"dup": ("double", None, "a box of cat lies in the same place (IoU 0.90)")}
    assert found.suspects["proposal"].tolist() == ["remove"]


def test_what_a_model_sees_and_nobody_drew_is_missing() -> None:
    seen = prediction(
        "m", 0.1, 0.1, 0.8, model="theirs", prediction="d/i 3", object=None, x=1.0, y=2.0, width=5.0, height=5.0
    )
    shy = seen | {"prediction": "d/i 4", "confidence": 0.5}
    found = audit(many(), [], [seen, shy])
    assert listed(found) == {"d/i 3": ("missing", "owl", "theirs sees owl here (0.80), and nobody drew it")}
    (row,) = found.suspects.to_dict("records")
    assert (row["x"], row["width"], row["proposal"], pd.isna(row["label"])) == (1.0, 5.0, "add", True)
