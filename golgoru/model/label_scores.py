"""How probably each label is wrong, what it may be instead, and what the model says of it."""

from typing import Any

import numpy as np
import pandas as pd

from golgoru.core.arrays import Flags, Floats, Integers
from golgoru.model import confident_learning
from golgoru.model.label_posterior import Evidence, Judged, ObjectEvidence
from golgoru.tables import coded

# What is kept of each label, with its value where neither annotators nor a model say anything.
_KEPT = {
    "score": 0.0, "likely": -1, "likely_probability": 0.0, "predicted": -1, "predicted_probability": -1.0,
    "label_probability": -1.0, "confident": False,
}  # fmt: skip


def scored_labels(labels: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Return the labels of the evidence's classes with columns on how probably each is wrong.

    `score`: the probability of another class, 0 where only one annotator and no model judge it; `likely` and
    `likely_probability`: the most probable class where it is another; `predicted`, `predicted_probability` and
    `label_probability`: the model's class and its probabilities, null and -1 where it has none; `confident`: flagged
    by confident learning.
    """
    names = pd.Series(evidence.classes, dtype="str")
    code = coded.positions(labels["label"], names)
    labels, code = labels[code >= 0], code[code >= 0]
    of_objects = ObjectEvidence(labels["object"], evidence)
    thresholds = _thresholds(of_objects, code, len(names))
    kept = {name: np.full(len(labels), value) for name, value in _KEPT.items()}
    for judged in of_objects.judged():
        for name, values in _scores(judged, code[judged.rows], thresholds).items():
            kept[name][judged.rows] = values
    texts = {name: coded.take(names, kept.pop(name), labels.index) for name in ("likely", "predicted")}
    return labels.assign(**texts, **kept)


def _thresholds(of_objects: ObjectEvidence, code: Integers, classes: int) -> Floats:
    """Return the thresholds of confident learning, from all labels that the model judges."""
    of_label = np.zeros(len(code))
    for rows, model in of_objects.model():
        of_label[rows] = model[np.arange(len(model)), code[rows]]
    has_model = of_objects.has_model
    return confident_learning.class_thresholds(code[has_model], of_label[has_model], classes)


def _scores(judged: Judged, code: Integers, thresholds: Floats) -> dict[str, Any]:
    """Return what is kept of some labels; classes as codes."""
    each, best = np.arange(len(code)), judged.posterior.argmax(axis=1)
    has_model: Flags = np.asarray(~np.isnan(judged.model).any(axis=1))
    confident = np.zeros(len(code), bool)
    confident[has_model] = confident_learning.label_issue_mask(code[has_model], judged.model[has_model], thresholds)
    model = np.where(has_model[:, None], judged.model, -1.0)
    wrong = (1 - judged.posterior[each, code]).round(6)
    return {
        "score": np.where(has_model | (judged.votes > 1), wrong, 0.0),
        "likely": np.where(best != code, best, -1),
        "likely_probability": judged.posterior[each, best].round(4),
        "predicted": np.where(has_model, model.argmax(axis=1), -1),
        "predicted_probability": model.max(axis=1),
        "label_probability": model[each, code],
        "confident": confident,
    }
