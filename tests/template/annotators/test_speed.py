"""How fast and how often correct: by class, month and tenth of the annotations."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.annotators import speed
from golgoru.tables import frames
from tests.template.builders.annotator_tables import human_annotations
from tests.template.builders.examples import examples


def speed_rows(*rows: dict[str, Any]) -> pd.DataFrame:
    """The table, by scope and key; of one annotator unless the test looks at the column."""
    found = speed.speed_table(human_annotations(*rows))
    frames.to_bytes(found, "speed")
    return found.set_index(["scope", "key"])


def minutes(n: int) -> dict[str, Any]:
    return {"created_at": pd.Timestamp("2026-03-01 08:00", tz="UTC") + pd.Timedelta(n, "min")}


def test_by_class_the_median_and_the_number_by_the_hour() -> None:
    found = speed_rows(
        {"seconds": 1.0}, {"seconds": 2.0}, {"seconds": 9.0}, {"seconds": None}, {"label": "dog", "seconds": 4.0}
    )
    assert found.loc[("class", "cat"), ["labels", "seconds_per_label", "labels_per_hour"]].tolist() == [4, 2.0, 900.0]
    assert found.loc[("class", "dog"), ["labels", "seconds_per_label", "labels_per_hour"]].tolist() == [1, 4.0, 900.0]


def test_a_month_is_that_of_the_annotation_and_else_that_of_its_batch() -> None:
    late = {"date": "2026-05-02"}
    found = speed_rows(late | {"created_at": pd.Timestamp("2026-03-31 23:59", tz="UTC")}, late, late)
    assert found.loc["period"]["labels"].to_dict() == {"2026-03": 1, "2026-05": 2}


def test_a_share_has_its_interval_and_says_of_how_many_annotations() -> None:
    found = speed_rows(*({"correct": float(n < 15)} for n in range(20)), {"correct": None})
    row = found.loc[("class", "cat")]
    assert (row["labels"], row["evaluable"], row["correct"]) == (21, 20, 0.75)
    # Wilson's interval of 15 in 20, from any table of it.
    assert (row["correct_low"], row["correct_high"]) == (0.5313, 0.8881)


def test_the_learning_curve_is_the_order_in_which_annotations_were_made_not_that_of_rows_or_batches() -> None:
    rows = [
        minutes(n) | {"correct": float(n >= 20), "seconds": 40.0 - n, "batch": f"b{9 - n // 10}"} for n in range(40)
    ]
    curve = speed_rows(*rows[::-1]).loc["learning curve"].sort_index(key=lambda keys: keys.astype(int))
    assert list(curve.index) == [str(n) for n in range(1, 11)]
    assert curve["labels"].tolist() == [4] * 10
    assert curve["correct"].tolist() == [0.0] * 5 + [1.0] * 5
    assert curve["seconds_per_label"].is_monotonic_decreasing
    assert curve["reason"].isna().all()


@pytest.mark.parametrize("several", [1, 2, 3, 7])
def test_fewer_than_ten_annotations_stand_where_they_lie_in_between(several: int) -> None:
    curve = speed_rows(*(minutes(n) for n in range(several))).loc["learning curve"]
    assert curve["labels"].tolist() == [1] * several
    places = sorted(curve.index.astype(int))
    assert places[0] - 1 == pytest.approx(10 - places[-1], abs=1)


def test_annotations_of_a_batch_without_times_have_no_order_and_stand_together() -> None:
    first, second = {"batch": "b1", "date": "2026-01-01"}, {"batch": "b2", "date": "2026-02-01"}
    curve = speed_rows(*[first] * 30, *[second] * 10).loc["learning curve"]
    assert curve["labels"].to_dict() == {"4": 30, "9": 10}
    assert curve["reason"].str.startswith("annotations without a creation time have no order").all()
    alone = speed_rows(*[first] * 30).loc["learning curve"]
    assert alone["labels"].to_dict() == {"5": 30}


def test_a_batch_without_times_stands_at_its_date_among_annotations_with_times() -> None:
    between = {"date": "2026-03-02", "batch": "b0"}
    day_after = {"created_at": pd.Timestamp("2026-03-03", tz="UTC")}
    curve = speed_rows(day_after, between, between, minutes(0)).loc["learning curve"]
    assert curve["labels"].to_dict() == {"2": 1, "5": 2, "9": 1}
    assert curve["reason"].str.startswith("annotations without a creation time").fillna(False).to_dict() == {
        "2": False, "5": True, "9": False,
    }  # fmt: skip


def test_what_is_not_known_is_null_and_says_why() -> None:
    row = speed_rows({}).loc[("class", "cat")]
    assert row[["seconds_per_label", "labels_per_hour", "correct", "correct_low", "correct_high"]].isna().all()
    assert row["reason"] == ("no working time is known; no label of these has a second voter or a reviewer")
    assert (
        speed_rows({"review": True, "seconds": 1.0}).loc[("class", "cat"), "reason"]
        == "a reviewer's decision is the label"
    )


def test_labels_per_hour_of_no_time_at_all_are_not_said() -> None:
    row = speed_rows({"seconds": 0.0}, {"seconds": 0.0}).loc[("class", "cat")]
    assert row["seconds_per_label"] == 0
    assert pd.isna(row["labels_per_hour"])


def test_nobody_and_annotations_without_a_class() -> None:
    assert speed_rows().empty
    assert speed_rows({"label": None}).empty


def test_plots_have_a_point_per_tenth_and_none_without_a_value() -> None:
    rows = [minutes(n) | {"seconds": 2.0, "correct": 1.0 if n < 5 else None} for n in range(10)]
    found = speed.speed_plots(speed.speed_table(human_annotations(*rows, {"annotator": "ben, the second"})))
    assert found["learning-curve.csv"].decode() == "annotator,tenth,share correct\n" + "".join(
        f"ann,{n},1.0\n" for n in range(1, 6)
    )
    assert found["speed.csv"].decode().splitlines()[-1] == "ann,10,2.0"
    empty = speed.speed_plots(speed.speed_table(human_annotations()))
    assert empty["speed.csv"] == b"annotator,tenth,seconds per label\n"


WORD = st.fixed_dictionaries({
    "annotator": st.sampled_from(["ann", "ben"]),
    "batch": st.sampled_from(["b1", "b2"]),
    "date": st.sampled_from(["2026-01-01", "2026-02-01"]),
    "created_at": st.none() | st.integers(0, 3).map(lambda n: minutes(n)["created_at"]),
    "label": st.sampled_from(["cat", "dog", None]),
    "seconds": st.none() | st.floats(0, 86_400).map(lambda s: round(s, 3)),
    "correct": st.none() | st.sampled_from([0.0, 0.3333, 0.5, 1.0]),
    "review": st.booleans(),
})  # fmt: skip


@examples(25)
@given(st.lists(WORD, max_size=25), st.randoms(use_true_random=False))
def test_every_scope_has_every_annotation_with_a_class_once_and_order_and_names_are_nothing(
    rows: list[Any], dice: Any
) -> None:
    found = speed.speed_table(human_annotations(*rows))
    with_class = pd.Series([row["annotator"] for row in rows if row["label"]], dtype="str").value_counts()
    for _, scope in found.groupby("scope"):
        assert scope.groupby("annotator")["labels"].sum().to_dict() == with_class.to_dict()
    assert found["key"][found["scope"] == "learning curve"].isin([str(n) for n in range(1, 11)]).all()
    assert (found["correct"].isna() == (found["evaluable"] == 0)).all()
    known = found[found["correct"].notna()]
    assert ((known["correct_low"] >= 0) & (known["correct_low"] <= known["correct"])).all()
    assert ((known["correct"] <= known["correct_high"]) & (known["correct_high"] <= 1)).all()
    assert np.isfinite(found["labels_per_hour"].dropna()).all()
    assert found["reason"].notna()[found[["correct", "seconds_per_label"]].isna().any(axis=1)].all()
    mixed = dice.sample(rows, len(rows))
    assert frames.to_bytes(speed.speed_table(human_annotations(*mixed)), "speed") == frames.to_bytes(found, "speed")
    other = {"ann": "zoe", "ben": "abe"}
    renamed = speed.speed_table(human_annotations(*({**row, "annotator": other[row["annotator"]]} for row in rows)))
    expected = found.assign(annotator=found["annotator"].map(other).astype("str"))
    assert frames.to_bytes(renamed, "speed") == frames.to_bytes(expected, "speed")
