"""Annotators' errors on real photographs (CIFAR-10N), ranked by votes and model."""

import io

import pandas as pd
import pytest

from benchmarks import label_issues
from tests.template.builders import real_data


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> label_issues.World:
    with real_data.archive("cifar10n.zip") as archive:
        annotations, truth = (
            pd.read_csv(io.BytesIO(archive.read(f"{name}.csv")), dtype="str") for name in ("labels", "truth")
        )
    labelled = set(annotations["image"])
    files = {name: data for name, data in real_data.pictures("cifar10n.zip").items() if name in labelled}
    patch = pytest.MonkeyPatch()
    patch.chdir(tmp_path_factory.mktemp("cifar"))
    yield label_issues.world(files, annotations, truth)
    patch.undo()


@pytest.mark.slow
def test_errors_of_a_single_annotator_are_ranked_by_the_model(given: label_issues.World) -> None:
    for annotator in ("slot-1", "slot-2", "slot-3"):
        result = label_issues.audited(given, given.annotations[given.annotations["annotator"] == annotator])
        labels = result.labels.set_index("image")["label"]
        wrong = labels != given.truth.reindex(labels.index)
        assert 0.17 < wrong.mean() < 0.18
        assert label_issues.precision(result.label_issues.set_index("image")["score"], wrong) >= 0.53
        assert result.metrics["expected wrong labels"] is None


def test_votes_and_model_find_most_errors_and_estimate_how_many(given: label_issues.World) -> None:
    result = label_issues.audited(given, given.annotations)
    assert min(label_issues.precision_by_annotator(result, given).values()) >= 0.85
    wrong, removed, forecast = label_issues.first_tenth(result, given)
    assert removed >= wrong / 2
    assert abs(removed - forecast) <= 0.02
