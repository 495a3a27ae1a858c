"""How fast and how rightly: by class, month and tenth of the words."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.annotators import speed
from golgoru.tables import frames
from tests.template.builders.annotator_tables import human_annotations


def tempo(*rows: dict[str, Any]) -> pd.DataFrame:
    """The table, by scope and key; of one annotator unless the test looks at the column."""
    found = speed.speed_table(human_annotations(*rows))
    frames.to_bytes(found, "speed")
    return found.set_index(["scope", "key"])


def minutes(n: int) -> dict[str, Any]:
    return {"created_at": pd.Timestamp("2026-03-01 08:00", tz="UTC") + pd.Timedelta(n, "min")}


def test_by_class_the_median_and_the_number_by_the_hour() -> None:
    found = tempo(
        {"seconds": 1.0}, {"seconds": 2.0}, {"seconds": 9.0}, {"seconds": None}, {"label": "dog", "seconds": 4.0}
    )
    assert found.loc[("class", "cat"), ["labels", "seconds_per_label", "labels_per_hour"]].tolist() == [4, 2.0, 900.0]
    assert found.loc[("class", "dog"), ["labels", "seconds_per_label", "labels_per_hour"]].tolist() == [1, 4.0, 900.0]


def test_a_month_is_that_of_the_word_and_else_that_of_its_batch() -> None:
    late = {"date": "2026-05-02"}
    found = tempo(late | {"created_at": pd.Timestamp("2026-03-31 23:59", tz="UTC")}, late, late)
    assert found.loc["period"]["labels"].to_dict() == {"2026-03": 1, "2026-05": 2}


def test_a_share_has_its_interval_and_says_of_how_many_words() -> None:
    found = tempo(*({"right": float(n < 15)} for n in range(20)), {"right": None})
    row = found.loc[("class", "cat")]
    assert (row["labels"], row["judged"], row["right"]) == (21, 20, 0.75)
    # Wilson's interval of 15 in 20, from any table of it.
    assert (row["right_low"], row["right_high"]) == (0.5313, 0.8881)


def test_practice_is_the_order_in_which_words_were_made_not_that_of_rows_or_batches() -> None:
    rows = [minutes(n) | {"right": float(n >= 20), "seconds": 40.0 - n, "batch": f"b{9 - n // 10}"} for n in range(40)]
    curve = tempo(*rows[::-1]).loc["practice"].sort_index(key=lambda keys: keys.astype(int))
    assert list(curve.index) == [str(n) for n in range(1, 11)]
    assert curve["labels"].tolist() == [4] * 10
    assert curve["right"].tolist() == [0.0] * 5 + [1.0] * 5
    assert curve["seconds_per_label"].is_monotonic_decreasing
    assert curve["why"].isna().all()


@pytest.mark.parametrize("several", [1, 2, 3, 7])
def test_fewer_than_ten_words_stand_where_they_lie_in_between(several: int) -> None:
    curve = tempo(*(minutes(n) for n in range(several))).loc["practice"]
    assert curve["labels"].tolist() == [1] * several
    places = sorted(curve.index.astype(int))
    assert places[0] - 1 == pytest.approx(10 - places[-1], abs=1)


def test_words_of_a_batch_without_times_have_no_order_and_stand_together() -> None:
    first, second = {"batch": "b1", "date": "2026-01-01"}, {"batch": "b2", "date": "2026-02-01"}
    curve = tempo(*[first] * 30, *[second] * 10).loc["practice"]
    assert curve["labels"].to_dict() == {"4": 30, "9": 10}
    assert curve["why"].str.startswith("words without a time at which they were made have no order").all()
    alone = tempo(*[first] * 30).loc["practice"]
    assert alone["labels"].to_dict() == {"5": 30}


def test_a_batch_without_times_stands_at_its_date_among_words_with_times() -> None:
    between = {"date": "2026-03-02", "batch": "b0"}
    day_after = {"created_at": pd.Timestamp("2026-03-03", tz="UTC")}
    curve = tempo(day_after, between, between, minutes(0)).loc["practice"]
    assert curve["labels"].to_dict() == {"2": 1, "5": 2, "9": 1}
    assert curve["why"].str.startswith("words without a time").fillna(False).to_dict() == {
        "2": False, "5": True, "9": False,
    }  # fmt: skip


def test_what_is_not_known_is_null_and_says_why() -> None:
    row = tempo({}).loc[("class", "cat")]
    assert row[["seconds_per_label", "labels_per_hour", "right", "right_low", "right_high"]].isna().all()
    assert row["why"] == (
        "no working time is known; neither a second voter nor a reviewer has settled a label of these"
    )
    assert tempo({"review": True, "seconds": 1.0}).loc[("class", "cat"), "why"] == "a reviewer's verdict is the label"


def test_labels_per_hour_of_no_time_at_all_are_not_said() -> None:
    row = tempo({"seconds": 0.0}, {"seconds": 0.0}).loc[("class", "cat")]
    assert row["seconds_per_label"] == 0
    assert pd.isna(row["labels_per_hour"])


def test_nobody_and_words_without_a_class() -> None:
    assert tempo().empty
    assert tempo({"label": None}).empty


def test_plots_have_a_point_per_tenth_and_none_without_a_value() -> None:
    rows = [minutes(n) | {"seconds": 2.0, "right": 1.0 if n < 5 else None} for n in range(10)]
    found = speed.speed_plots(speed.speed_table(human_annotations(*rows, {"annotator": "ben, the second"})))
    assert found["practice.csv"].decode() == "annotator,tenth,share right\n" + "".join(
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
    "right": st.none() | st.sampled_from([0.0, 0.3333, 0.5, 1.0]),
    "review": st.booleans(),
})  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(WORD, max_size=25), st.randoms(use_true_random=False))
def test_every_scope_has_every_word_with_a_class_once_and_order_and_names_are_nothing(
    rows: list[Any], dice: Any
) -> None:
    found = speed.speed_table(human_annotations(*rows))
    with_class = pd.Series([row["annotator"] for row in rows if row["label"]], dtype="str").value_counts()
    for _, scope in found.groupby("scope"):
        assert scope.groupby("annotator")["labels"].sum().to_dict() == with_class.to_dict()
    assert found["key"][found["scope"] == "practice"].isin([str(n) for n in range(1, 11)]).all()
    assert (found["right"].isna() == (found["judged"] == 0)).all()
    known = found[found["right"].notna()]
    assert ((known["right_low"] >= 0) & (known["right_low"] <= known["right"])).all()
    assert ((known["right"] <= known["right_high"]) & (known["right_high"] <= 1)).all()
    assert np.isfinite(found["labels_per_hour"].dropna()).all()
    assert found["why"].notna()[found[["right", "seconds_per_label"]].isna().any(axis=1)].all()
    mixed = dice.sample(rows, len(rows))
    assert frames.to_bytes(speed.speed_table(human_annotations(*mixed)), "speed") == frames.to_bytes(found, "speed")
    other = {"ann": "zoe", "ben": "abe"}
    renamed = speed.speed_table(human_annotations(*({**row, "annotator": other[row["annotator"]]} for row in rows)))
    expected = found.assign(annotator=found["annotator"].map(other).astype("str"))
    assert frames.to_bytes(renamed, "speed") == frames.to_bytes(expected, "speed")
