"""One text from several transcriptions."""

import unicodedata

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golgoru.consensus.transcriptions import elected_texts


def rows(*read: tuple[str, str | None], of: str = "o") -> pd.DataFrame:
    """Rows of (annotator, text)."""
    table = pd.DataFrame(list(read), columns=["annotator", "text"]).assign(object=of)
    return table.astype({"text": "str", "annotator": "str", "object": "str"})


def found(*read: tuple[str, str | None]) -> tuple[str, float | None, bool]:
    (row,) = elected_texts(rows(*read)).itertuples(index=False)
    return row.text, None if pd.isna(row.text_agreement) else row.text_agreement, bool(row.disputed)


def test_what_most_wrote_wins() -> None:
    assert found(("ann", "TOTAL"), ("ben", "TOTAL"), ("cem", "T0TAL")) == (
        "TOTAL",
        pytest.approx(14 / 15, abs=1e-4),
        False,
    )
    assert found(("ann", "9.00"), ("ben", "9.00")) == ("9.00", 1.0, False)


def test_one_persons_text_stands_and_agrees_with_nobody() -> None:
    assert found(("ann", "TOTAL")) == ("TOTAL", None, False)


def test_two_that_differ_are_disputed_and_the_first_by_code_points_is_named() -> None:
    assert found(("ben", "AB"), ("ann", "AC")) == ("AB", 0.75, True)
    assert found(("ann", "AB"), ("ben", "AC")) == ("AB", 0.75, True)


def test_where_all_differ_what_is_nearest_to_all_wins() -> None:
    assert found(("ann", "1234"), ("ben", "1235"), ("cem", "1239x"), ("dee", "1235x")) == ("1235x", 0.8, True)


def test_of_two_with_equally_many_votes_the_nearer_to_all_wins() -> None:
    read = [("a", "abcd"), ("b", "abcd"), ("c", "xyzw"), ("d", "xyzw"), ("e", "xbcd")]
    text, _, disputed = found(*read)
    assert (text, disputed) == ("abcd", True)


def test_white_space_and_the_unicode_form_make_no_difference_and_it_is_written_as_most_wrote_it() -> None:
    composed, apart = "Größe 안녕", unicodedata.normalize("NFD", "Größe  안녕")
    assert found(("ann", apart), ("ben", composed)) == (min(apart, composed), 1.0, False)
    assert found(("ann", apart), ("ben", composed), ("cem", composed)) == (composed, 1.0, False)
    assert found(("ann", " a\u3000b\n"), ("ben", "a b"), ("cem", "a b"))[0] == "a b"
    assert found(("ann", "a"), ("ben", "A"))[2], "capitals do"


def test_a_person_has_one_vote_whatever_he_wrote_on_several_copies() -> None:
    assert found(("ann", "x"), ("ann", "x"), ("ben", "y"))[2]
    assert found(("ann", "x"), ("ann", "y"), ("ben", "y"), ("cem", "y"))[::2] == ("y", False)
    assert found(("ann", "x"), ("ann", "y"))[1:] == (None, True)


def test_no_text_is_no_transcription() -> None:
    assert elected_texts(rows(("ann", None), ("ben", "  "))).empty
    assert found(("ann", None), ("ben", "x"), ("cem", "")) == ("x", None, False)


def test_very_long_texts_take_no_time() -> None:
    long = "a" * 1_000_000
    assert found(("ann", long), ("ben", long + "b"), ("cem", long)) == (long, 1.0, False)


TEXT = st.text("abAB1 \u00e9e\u0301", max_size=4)
READ = st.lists(st.tuples(st.sampled_from(["ann", "ben", "cem", "dee"]), TEXT), max_size=7)


@settings(max_examples=40, deadline=None)
@given(st.lists(READ, max_size=3), st.integers(0, 9), st.permutations(["w", "x", "y", "z"]))
def test_row_order_and_names_are_nothing_and_half_is_not_enough(
    objects: list[list[tuple[str, str]]], seed: int, names: list[str]
) -> None:
    table = pd.concat([rows(of="none"), *(rows(*read, of=f"o{n}") for n, read in enumerate(objects))])
    renamed = dict(zip(["ann", "ben", "cem", "dee"], names, strict=True))
    other = table.assign(annotator=table["annotator"].map(renamed)).sample(frac=1, random_state=seed)
    one, two = elected_texts(table), elected_texts(other)
    pd.testing.assert_frame_equal(one.sort_index(), two.sort_index())
    for n, read in enumerate(objects):
        said: dict[str, set[str]] = {}
        for who, text in read:
            if plain := " ".join(unicodedata.normalize("NFC", text).split()):
                said.setdefault(who, set()).add(plain)
        votes: dict[str, float] = {}
        for texts in said.values():
            for text in texts:
                votes[text] = votes.get(text, 0) + 1 / len(texts)
        if not votes:
            assert f"o{n}" not in one.index
            continue
        row = one.loc[f"o{n}"]
        plain = " ".join(unicodedata.normalize("NFC", row["text"]).split())
        assert votes[plain] == pytest.approx(max(votes.values()))
        assert row["disputed"] == (2 * round(max(votes.values()), 9) <= len(said))
        assert pd.isna(row["text_agreement"]) == (len(said) < 2)
