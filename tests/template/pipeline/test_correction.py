"""The correction loop as people run it: decide, `dvc repro`, look into the log."""

import pandas as pd
import pytest

from tests.template.builders import clones


@pytest.mark.slow
def test_decisions_become_labels_and_nothing_else_changes(tmp_path):
    clone = clones.of_working_tree(tmp_path / "golgoru", tmp_path / "home")
    clone.run("dvc", "repro")
    before = labels(clone)
    file = tmp_path / "sheet.csv"
    clone.run("dataset", "fix", "--sheet", str(file), "--most", "20")
    sheet = pd.read_csv(file, dtype="str", keep_default_na=False)
    first, second, third = sheet["image"].head(3)
    other = dict(zip("0123456789", "1234567890", strict=True))
    sheet.loc[:2, "decision"] = ["agree", "relabel", "remove"]
    sheet.loc[1, "new_label"] = other[label_of(before, second)]
    sheet.to_csv(file, index=False, sep=";")
    said = clone.run("dataset", "fix", str(file), "--as", "fix-1", "--annotator", "rev-1")
    assert "decisions: 3 (agree 1, relabel 1, remove 1), on 3 images" in said
    clone.run("dvc", "repro")
    clone.commit("corrected")
    assert clone.run("git", "status", "--porcelain") == ""
    after = labels(clone)
    assert label_of(after, first) == label_of(before, first)
    assert label_of(after, second) == other[label_of(before, second)]
    assert set(after.loc[after["image"].isin([first, second]), "status"]) == {"adjudicated"}
    assert third not in set(after["image"])
    decided = [first, second, third]
    pd.testing.assert_frame_equal(
        before[~before["image"].isin(decided)].reset_index(drop=True),
        after[~after["image"].isin(decided)].reset_index(drop=True),
    )
    told = clone.run("dataset", "log", second)
    assert (
        "rev-1 overruled " in told and f": {label_of(before, second)} -> {label_of(after, second)} (batch fix-1" in told
    )
    assert "fate      unlabelled" in clone.run("dataset", "why", third)


def labels(clone):
    return pd.read_parquet(clone.top / "data/labels.parquet")


def label_of(table, image):
    (label,) = table.loc[table["image"] == image, "label"]
    return label
