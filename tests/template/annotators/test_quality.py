import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.annotators.quality import annotator_table, confusion_table
from golgoru.core.intervals import MIN_OBSERVATIONS
from golgoru.tables import frames
from tests.template.builders.annotator_tables import annotation_per_vote
from tests.template.builders.examples import examples

COLUMNS = ["object", "annotator", "value"]


def votes_of(*rows: tuple[str, str, str], review: bool = False) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=COLUMNS).astype("str").assign(review=review)
    return table.assign(weight=1.0 / table.groupby(["object", "annotator"])["value"].transform("size").astype(float))


def quality(votes: pd.DataFrame, annotations: pd.DataFrame | None = None, gap: float = 0.05) -> pd.DataFrame:
    found = annotator_table(
        annotation_per_vote(votes) if annotations is None else annotations,
        votes=votes,
        confusion=confusion_table(votes[~votes["review"]], 3),
        gap=gap,
    )
    frames.canonical_table(found, "annotators")
    return found.set_index("annotator")


def agreement(votes: pd.DataFrame) -> dict[str, float]:
    return quality(votes)["agreement"].to_dict()


def test_agreement_is_with_the_majority_of_the_others() -> None:
    votes = votes_of(("o", "ann", "cat"), ("o", "ben", "cat"), ("o", "cem", "dog"))
    # cat against cat and dog: evenly divided, and on one of the sides.
    assert agreement(votes) == {"ann": 0.5, "ben": 0.5, "cem": 0.0}


def test_a_tie_of_others_that_one_does_not_belong_to_is_no_agreement() -> None:
    votes = votes_of(("o", "ann", "owl"), ("o", "ben", "cat"), ("o", "cem", "dog"))
    assert agreement(votes) == {"ann": 0.0, "ben": 0.0, "cem": 0.0}


def test_who_says_two_things_is_compared_with_each_and_never_with_themselves() -> None:
    votes = votes_of(("o", "ann", "cat"), ("o", "ann", "dog"), ("o", "ben", "cat"))
    found = quality(votes)
    assert found["agreement"].to_dict() == {"ann": 0.5, "ben": 0.5}
    assert found["compared"].to_dict() == {"ann": 2, "ben": 1}
    # The others are evenly divided; his own second thought is none of them.
    votes = votes_of(("o", "ann", "cat"), ("o", "ann", "dog"), ("o", "ben", "cat"), ("o", "cem", "dog"))
    assert agreement(votes)["ann"] == 0.5


def test_nobody_is_compared() -> None:
    votes = votes_of(("o", "ann", "cat"), ("p", "ben", "cat"), ("q", "ben", "cat"), ("q", "ben", "dog"))
    found = quality(votes)
    assert found["compared"].tolist() == [0, 0]
    assert found["agreement"].isna().all()
    assert found["flags"].isna().all()


def test_reviews_are_not_compared() -> None:
    votes = pd.concat([votes_of(("o", "ann", "cat")), votes_of(("o", "rev", "cat"), review=True)], ignore_index=True)
    assert quality(votes)["compared"].to_dict() == {"ann": 0, "rev": 0}


def test_annotations_are_counted_and_time_is_their_median_and_their_number_by_the_hour() -> None:
    votes = votes_of(("o", "ann", "cat"), ("p", "ann", "cat"), ("q", "ann", "cat"), ("q", "ben", "cat"))
    found = quality(votes, annotation_per_vote(votes, [1.0, 9.0, 2.0, None]))
    assert found["annotations"].to_dict() == {"ann": 3, "ben": 1}
    assert found["seconds_per_label"]["ann"] == 2.0
    assert found["labels_per_hour"]["ann"] == 3 * 3600 / 12
    assert found.loc["ben", ["seconds_per_label", "labels_per_hour"]].isna().all()


def test_no_annotations() -> None:
    assert quality(votes_of()).empty


def crowd(objects: int, wrong: int) -> pd.DataFrame:
    """Three annotators on as many objects; cem differs on the first `wrong` of them."""
    return votes_of(
        *(
            (f"o{n:03}", annotator, "dog" if annotator == "cem" and n < wrong else "cat")
            for n in range(objects)
            for annotator in ("ann", "ben", "cem")
        )
    )


def test_who_agrees_clearly_less_is_flagged_and_nobody_else() -> None:
    flags = quality(crowd(100, 40))["flags"]
    assert flags["cem"] == "agrees with the others in 60% of 100 annotations, the other annotators in 80%"
    assert flags[["ann", "ben"]].isna().all()


@pytest.mark.parametrize(
    ("objects", "wrong", "gap"),
    [(MIN_OBSERVATIONS - 1, 15, 0.05), (100, 2, 0.05), (100, 40, 0.3)],
    ids=["too few annotations", "intervals that meet", "gap of the settings"],
)
def test_nobody_is_flagged_without_good_reason(objects: int, wrong: int, gap: float) -> None:
    assert quality(crowd(objects, wrong), gap=gap)["flags"].isna().all()


def test_speed_is_no_reason() -> None:
    votes = crowd(60, 0)
    annotations = annotation_per_vote(votes, votes["annotator"].map({"ann": 5.0, "ben": 5.0, "cem": 0.1}))
    assert quality(votes, annotations)["flags"].isna().all()


VOTE = st.tuples(st.sampled_from("op"), st.sampled_from("abcd"), st.sampled_from(["cat", "dog", "owl"]))


def by_hand(votes: pd.DataFrame, name: str) -> list[float]:
    """The definition, vote by vote."""
    found = []
    for row in votes[votes["annotator"] == name].itertuples():
        others = votes[(votes["object"] == row.object) & (votes["annotator"] != name)]
        if len(others):
            weights = others.groupby("value")["weight"].sum().round(9)
            best = weights[weights == weights.max()].index
            found.append((1.0 if len(best) == 1 else 0.5) if row.value in best else 0.0)
    return found


@examples(20)
@given(st.sets(VOTE).map(sorted), st.integers(0, 9))
def test_agreement_is_what_the_definition_says_in_any_row_order(rows: list[tuple[str, str, str]], seed: int) -> None:
    votes = votes_of(*rows)
    found = quality(votes)
    for name in found.index:
        own = by_hand(votes, name)
        assert found.loc[name, "compared"] == len(own)
        if own:
            assert found.loc[name, "agreement"] == pytest.approx(sum(own) / len(own), abs=1e-4)
    shuffled = votes.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(quality(shuffled, annotation_per_vote(votes)), found)


def test_confusion_is_the_annotated_label_given_the_probable_one() -> None:
    found = confusion_table(crowd(100, 40), 3)
    frames.canonical_table(found, "confusion")
    cem = found[found["annotator"] == "cem"].set_index(["true_label", "annotated_label"])
    assert cem.loc[("cat", "dog"), "share"] == pytest.approx(0.4, abs=0.01)
    assert found.groupby("annotator")["votes"].sum().to_dict() == pytest.approx({"ann": 100, "ben": 100, "cem": 100})
    whole = found.groupby(["annotator", "true_label"])["share"].sum(min_count=1).dropna()
    assert whole.to_list() == pytest.approx([1] * len(whole), abs=1e-3)


def test_nobody_is_confused_who_labelled_alone() -> None:
    assert confusion_table(votes_of(("o", "ann", "cat"), ("p", "ben", "cat")), 3).empty
