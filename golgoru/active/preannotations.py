"""A model's pre-annotations of unlabelled images, and its predictions on labelled ones to judge them by."""

import pandas as pd

from golgoru.consensus import status
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.tables import coded, frames


def preannotation_rows(predictions: pd.DataFrame, unlabelled: pd.Index) -> pd.DataFrame:
    """Return one model's `predictions` on unlabelled images, as table `preannotations` without `accepted`."""
    rows = predictions[predictions["object"].isna() & coded.is_in(predictions["image"], unlabelled)]
    rows = (
        frames.as_texts(rows)
        .drop(columns="label")
        .rename(columns={"prediction": "preannotation", "predicted": "label"})
    )
    return rows[["preannotation", "image", "label", *BOX_COLUMNS, "confidence"]].reset_index(drop=True)


def predictions_on_labelled(
    *, predictions: pd.DataFrame, labels: pd.DataFrame, groups: pd.DataFrame, labelled: pd.Index
) -> pd.DataFrame:
    """Return one model's predictions on labelled images: confidence, correct, and the image's group.

    A prediction is correct where it equals the label. It is not where the label is contested, where the model has not
    learned its class, and where no object is.
    """
    asked = ["object", "image", "label", "predicted", "confidence", "class_learned"]
    rows = predictions.loc[coded.is_in(predictions["image"], labelled), asked]
    label_status = coded.take(labels["status"], frames.positions(rows["object"], labels["object"]), rows.index)
    evaluable = rows["class_learned"] & label_status.notna() & ~status.is_contested(label_status)
    predicted = coded.positions(rows["predicted"], coded.distinct(rows["label"]))
    is_label = (predicted >= 0) & (predicted == coded.positions(rows["label"], coded.distinct(rows["label"])))
    correct = is_label & evaluable
    group = coded.take(groups["group"], coded.positions(rows["image"], groups["image"]), rows.index)
    return pd.DataFrame({"confidence": rows["confidence"], "correct": correct.astype(float), "group": group})


def summary_by_image(preannotations: pd.DataFrame) -> pd.DataFrame:
    """Return one row per image: `proposed` as text, the lowest confidence, and whether all of it is accepted."""
    count = preannotations.groupby(["image", "label"]).size().reset_index(name="objects")
    whole_image = frames.is_in(count["image"], preannotations.loc[preannotations["width"].isna(), "image"])
    text = count["label"].where(whole_image, count["label"] + " " + count["objects"].astype("str"))
    proposed = text.groupby(count["image"]).agg(", ".join)
    by_image = preannotations.groupby("image").agg(confidence=("confidence", "min"), accepted=("accepted", "all"))
    return by_image.assign(proposed=proposed)
