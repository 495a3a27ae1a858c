"""Boxes that are probably wrong: of a size or shape unusual for their class, drawn twice, or missing."""

import numpy as np
import pandas as pd

from golgoru.core.arrays import Floats
from golgoru.geometry.boxes import BOX_COLUMNS, box_array
from golgoru.geometry.matching import overlap_pairs
from golgoru.tables import frames

# Where sizes are distributed as in nature, one box in many thousands lies that far out.
_MAX_Z_SCORE = 5.0
_MIN_CLASS_SIZE = 20
# The IoU of two boxes of one object; boxes of neighbours reach a third, an object drawn twice reaches this.
_DOUBLED_IOU = 0.6
_MIN_DEVIATION = 0.1  # of logarithms: where all boxes are alike, a tenth of the size is no issue
_MAD_TO_DEVIATION = 1.4826  # standard deviation over median absolute deviation, of a normal distribution

ISSUE_COLUMNS = ["issue", "image", "object", "kind", "label", "proposed", "proposal", *BOX_COLUMNS, "score", "reason"]


def unusual_boxes(labels: pd.DataFrame) -> pd.DataFrame:
    """Return boxes whose size or aspect ratio is unusual for their class, by robust z-scores of the logarithms.

    Classes of fewer than 20 boxes are left out.
    """
    boxes = labels[(labels["width"] > 0) & (labels["height"] > 0)].reset_index(drop=True)
    width, height = (boxes[side].to_numpy(np.float64) for side in ("width", "height"))
    size_score = _robust_z_scores(np.log(width * height) / 2, boxes["label"])
    aspect_score = _robust_z_scores(np.log(width / height), boxes["label"])
    score = np.maximum(np.abs(size_score), np.abs(aspect_score))
    unusual = np.flatnonzero(score > _MAX_Z_SCORE)
    by_class = pd.DataFrame({"side": np.sqrt(width * height), "aspect": width / height}).groupby(boxes["label"])
    median_side, median_aspect = (by_class[name].transform("median").to_numpy() for name in ("side", "aspect"))
    reason = [
        f"{width[n]:.0f} x {height[n]:.0f} pixels: {np.sqrt(width[n] * height[n]) / median_side[n]:.2g} times the "
        f"median side of class {boxes['label'][n]}"
        if abs(size_score[n]) >= abs(aspect_score[n])
        else f"aspect ratio {width[n] / height[n]:.2g}, median of class {boxes['label'][n]} {median_aspect[n]:.2g}"
        for n in unusual
    ]
    score = (1 - 0.5 * _MAX_Z_SCORE / score[unusual]).round(4)
    issues = frames.as_texts(boxes.iloc[unusual]).assign(score=score, reason=reason)
    return _issue_rows(issues, "geometry", "review")


def doubled_boxes(labels: pd.DataFrame) -> pd.DataFrame:
    """Return objects whose box is also that of another object on the image: of two, the one with fewer votes."""
    boxes = labels.loc[labels["width"] > 0, ["object", "image", "label", "votes", *BOX_COLUMNS]].sort_values("object")
    boxes = boxes.iloc[np.argsort(pd.factorize(boxes["image"])[0], kind="stable")].reset_index(drop=True)
    image = pd.factorize(boxes["image"])[0].astype(np.int64)
    parts = [
        pd.DataFrame(pairs._asdict())[pairs.overlap >= _DOUBLED_IOU] for pairs in overlap_pairs(image, box_array(boxes))
    ]
    close = pd.concat(parts) if parts else pd.DataFrame(columns=["first", "second", "overlap"])
    votes = boxes["votes"].to_numpy(np.int64)
    first, second = (close[end].to_numpy(np.int64) for end in ("first", "second"))
    weaker = np.where(votes[first] < votes[second], first, second)
    other = np.where(weaker == first, second, first)
    doubled = pd.DataFrame({"weaker": weaker, "other": other, "overlap": close["overlap"].to_numpy(np.float64)})
    doubled = doubled.sort_values(["weaker", "overlap", "other"], ascending=[True, False, True])
    doubled = doubled.drop_duplicates("weaker")
    reason = [
        f"overlaps a box of class {label} (IoU {overlap:.2f})"
        for label, overlap in zip(boxes["label"].iloc[doubled["other"]], doubled["overlap"], strict=True)
    ]
    score = doubled["overlap"].round(4).to_numpy()
    issues = frames.as_texts(boxes.iloc[doubled["weaker"]]).assign(score=score, reason=reason)
    return _issue_rows(issues, "doubled", "remove")


def missing_objects(predictions: pd.DataFrame, min_confidence: float) -> pd.DataFrame:
    """Return the boxes that a team's model predicts with that confidence or more where no object is."""
    unmatched = predictions[predictions["object"].isna() & predictions["width"].notna()]
    unmatched = frames.as_texts(unmatched[unmatched["confidence"] >= min_confidence])
    reason = [
        f"{row.model} predicts {row.predicted} here ({row.confidence:.2f}), and no annotator drew it"
        for row in unmatched.itertuples(index=False)
    ]
    issues = unmatched.assign(
        issue=unmatched["prediction"], proposed=unmatched["predicted"], label=None, reason=reason
    ).assign(score=unmatched["confidence"])
    return _issue_rows(issues, "missing", "add")


def _robust_z_scores(values: Floats, label: pd.Series) -> Floats:
    """Return how many deviations a value lies from the median of its class; 0 in a class of few boxes."""
    label = label.reset_index(drop=True)
    by_class = pd.Series(values).groupby(label)
    difference = pd.Series(values) - by_class.transform("median")
    deviation = difference.abs().groupby(label).transform("median") * _MAD_TO_DEVIATION
    enough = by_class.transform("size") >= _MIN_CLASS_SIZE
    scores: Floats = (difference / deviation.clip(lower=_MIN_DEVIATION)).where(enough, 0.0).to_numpy(np.float64)
    return scores


def _issue_rows(issues: pd.DataFrame, kind: str, proposal: str) -> pd.DataFrame:
    rows = issues.assign(kind=kind, proposal=proposal)
    if "issue" not in rows:
        rows["issue"] = rows["object"]
    return rows.reindex(columns=ISSUE_COLUMNS)
