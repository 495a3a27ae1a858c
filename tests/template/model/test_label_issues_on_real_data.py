"""Label errors that people made on real photographs (CIFAR-10N), found by votes and model."""

import io

import pandas as pd
import pytest

from benchmarks import label_issues
from tests.template.builders import real_data


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> label_issues.World:
    with real_data.archive("cifar10n.zip") as files:
        said, truth = (pd.read_csv(io.BytesIO(files.read(f"{name}.csv")), dtype="str") for name in ("labels", "truth"))
    labelled = set(said["image"])
    pictures = {name: data for name, data in real_data.pictures("cifar10n.zip").items() if name in labelled}
    patch = pytest.MonkeyPatch()
    patch.chdir(tmp_path_factory.mktemp("cifar"))
    yield label_issues.world(pictures, said, truth)
    patch.undo()


def test_errors_of_one_annotator_alone_are_ranked_by_the_model(given: label_issues.World) -> None:
    for annotator in ("slot-1", "slot-2", "slot-3"):
        found = label_issues.audited(given, given.said[given.said["annotator"] == annotator])
        labels = found.labels.set_index("image")["label"]
        wrong = labels != given.truth.reindex(labels.index)
        assert 0.17 < wrong.mean() < 0.18
        assert label_issues.precision(found.suspects.set_index("image")["score"], wrong) >= 0.53
        assert found.metrics["wrong labels to be expected"] is None


def test_votes_and_model_together_find_most_of_what_is_wrong_and_say_how_much(given: label_issues.World) -> None:
    found = label_issues.audited(given, given.said)
    assert min(label_issues.of_words(found, given).values()) >= 0.85
    wrong, removed, forecast = label_issues.first_tenth(found, given)
    assert removed >= wrong / 2
    assert abs(removed - forecast) <= 0.02
