"""Boxes that look wrong by their place or size: unlike their class, drawn twice, or missing beside a prediction."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from golgoru.geometry.boxes import box_array
from golgoru.geometry.matching import overlap_pairs

# Of the middle half of a class: sizes that far out are one in many thousands where sizes are spread as in nature.
_MAX_Z_SCORE = 5.0
_MIN_CLASS_SIZE = 20
# Two boxes of one thing; neighbours that touch reach a third, and people drawing one thing twice reach this.
_DOUBLED_IOU = 0.6
_MIN_DEVIATION = 0.1  # of logarithms: where boxes are all alike, a tenth of a size is nothing
_MAD_TO_DEVIATION = 1.4826  # of a normal distribution, the standard deviation over the median absolute deviation

_COLUMNS = ["suspect", "image", "object", "kind", "label", "proposed", "proposal", "x", "y", "width", "height"]
_COLUMNS += ["score", "reason"]


def unusual_boxes(labels: pd.DataFrame) -> pd.DataFrame:
    """Return boxes whose size or aspect is unlike their class, by robust z-scores of the logarithms.

    A class needs 20 boxes for that.
    """
    boxes = labels[(labels["width"] > 0) & (labels["height"] > 0)].reset_index(drop=True)
    width, height = (boxes[side].to_numpy(np.float64) for side in ("width", "height"))
    size = _robust_z_scores(np.log(width * height) / 2, boxes["label"])
    aspect = _robust_z_scores(np.log(width / height), boxes["label"])
    far = np.maximum(np.abs(size), np.abs(aspect))
    odd = np.flatnonzero(far > _MAX_Z_SCORE)
    usual = pd.Series(np.sqrt(width * height)).groupby(boxes["label"]).transform("median").to_numpy()
    usual_aspect = pd.Series(width / height).groupby(boxes["label"]).transform("median").to_numpy()
    reason = [
        f"{width[n]:.0f} x {height[n]:.0f} pixels: {np.sqrt(width[n] * height[n]) / usual[n]:.2g} times the usual side "
        f"of {boxes['label'][n]}"
        if abs(size[n]) >= abs(aspect[n])
        else f"{width[n] / height[n]:.2g} times as wide as high, {boxes['label'][n]} usually {usual_aspect[n]:.2g}"
        for n in odd
    ]
    found = boxes.iloc[odd].assign(score=(1 - 0.5 * _MAX_Z_SCORE / far[odd]).round(4), reason=reason)
    return _issue_rows(found, "shape", "look")


def doubled_boxes(labels: pd.DataFrame) -> pd.DataFrame:
    """Return objects whose box is also that of another one on the picture: of two, the one that fewer people saw."""
    boxes = labels[labels["width"] > 0].sort_values(["image", "object"]).reset_index(drop=True)
    image = boxes.groupby("image", sort=False).ngroup().to_numpy().astype(np.int64)
    parts = [
        pd.DataFrame(pairs._asdict())[pairs.overlap >= _DOUBLED_IOU] for pairs in overlap_pairs(image, box_array(boxes))
    ]
    close = pd.concat(parts) if parts else pd.DataFrame(columns=["first", "second", "overlap"])
    votes = boxes["votes"].to_numpy(np.int64)
    first, second = (close[end].to_numpy(np.int64) for end in ("first", "second"))
    weaker = np.where(votes[first] < votes[second], first, second)
    other = np.where(weaker == first, second, first)
    overlap = close["overlap"].to_numpy(np.float64)
    found = pd.DataFrame({"weaker": weaker, "other": other, "overlap": overlap})
    found = found.sort_values(["weaker", "overlap", "other"], ascending=[True, False, True]).drop_duplicates("weaker")
    reason = [
        f"a box of {label} lies in the same place (IoU {overlap:.2f})"
        for label, overlap in zip(boxes["label"].iloc[found["other"]], found["overlap"], strict=True)
    ]
    rows = boxes.iloc[found["weaker"]].assign(score=found["overlap"].round(4).to_numpy(), reason=reason)
    return _issue_rows(rows, "double", "remove")


def missing_objects(predictions: pd.DataFrame, least: float) -> pd.DataFrame:
    """Return what a team's model sees with a confidence of `least` where no object is."""
    seen = predictions[predictions["object"].isna() & predictions["width"].notna()]
    seen = seen[seen["confidence"] >= least]
    reason = [
        f"{row.model} sees {row.predicted} here ({row.confidence:.2f}), and nobody drew it"
        for row in seen.itertuples(index=False)
    ]
    found = seen.assign(suspect=seen["prediction"], proposed=seen["predicted"], label=None, reason=reason)
    return _issue_rows(found.assign(score=found["confidence"]), "missing", "add")


def _robust_z_scores(values: NDArray[np.float64], label: pd.Series) -> NDArray[np.float64]:
    """Return how many deviations a value lies from the median of its class; 0 where the class is small or even."""
    by_class = pd.Series(values).groupby(label.reset_index(drop=True))
    apart = pd.Series(values) - by_class.transform("median")
    spread = apart.abs().groupby(label.reset_index(drop=True)).transform("median") * _MAD_TO_DEVIATION
    enough = by_class.transform("size") >= _MIN_CLASS_SIZE
    found: NDArray[np.float64] = (apart / spread.clip(lower=_MIN_DEVIATION)).where(enough, 0.0).to_numpy(np.float64)
    return found


def _issue_rows(found: pd.DataFrame, kind: str, proposal: str) -> pd.DataFrame:
    rows = found.assign(kind=kind, proposal=proposal)
    if "suspect" not in rows:
        rows["suspect"] = rows["object"]
    return rows.reindex(columns=_COLUMNS)
