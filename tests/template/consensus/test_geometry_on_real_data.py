"""What consensus gains over one careful annotator: simulated annotators on the true lines of receipts."""

import pytest

from benchmarks import shapes
from tests.template.builders import real_data


def test_three_annotators_draw_and_read_receipts_better_than_one() -> None:
    with real_data.archive("sroie.zip") as files:
        truth = shapes.lines(files)
    annotations = shapes.simulated_annotations(truth, 3, shapes.LINES)
    one = annotations[annotations["annotator"] == "p0"]
    found = shapes.consensus(annotations, "ocr")
    labels = found.labels
    assert shapes.overlap(labels, "object", truth).mean() > shapes.overlap(one, "annotation", truth).mean() + 0.01
    assert shapes.texts_right(one, "annotation", truth) == pytest.approx(0.9, abs=0.02)
    assert shapes.texts_right(labels, "object", truth) > 0.93
    agreed = labels[labels["status"] == "agreed"]
    assert shapes.texts_right(agreed, "object", truth) > 0.99
    assert set(labels.loc[labels["status"] == "contested", "rule"]) == {"TEXT-003"}
    assert labels["object"].str.contains("/x").mean() < 0.01, "what one of three sees beside the others is outvoted"
    assert found.metrics["text agreement"] == pytest.approx(labels["text_agreement"].mean())


def test_the_median_of_boxes_is_nearer_to_the_truth_than_one_annotators_box() -> None:
    with real_data.archive("bccd.zip") as files:
        truth = shapes.cells(files).head(1000)
    annotations = shapes.simulated_annotations(truth, 5, shapes.CELLS)
    drawn, merged = (
        shapes.overlap(shapes.consensus(annotations, "detection", kind).labels, "object", truth).mean()
        for kind in ("representative", "merged")
    )
    one = shapes.overlap(annotations[annotations["annotator"] == "p0"], "annotation", truth).mean()
    assert merged > drawn + 0.01 > one + 0.01
