"""What a model proposes on images without labels, and how often it was right on those that have some."""

import pandas as pd

from golgoru.tables import frames

_BOX = ["x", "y", "width", "height"]


def preannotation_rows(said: pd.DataFrame, unlabelled: pd.Index) -> pd.DataFrame:
    """Return the proposals among one model's rows of `predictions`, as table `proposals` without `accepted`."""
    rows = said[said["object"].isna() & frames.is_in(said["image"], unlabelled)]
    named = rows.rename(columns={"prediction": "proposal"}).drop(columns="label").rename(columns={"predicted": "label"})
    return named[["proposal", "image", "label", *_BOX, "confidence"]].reset_index(drop=True)


def predictions_on_labelled(
    said: pd.DataFrame, labels: pd.DataFrame, groups: pd.DataFrame, labelled: pd.Index
) -> pd.DataFrame:
    """Return the model's rows on labelled images: confidence, whether it was right, and the image's group.

    It is right where it says what people say. Where they do not agree, where it has not learned the class, and where
    it alone sees something, it is not.
    """
    rows = said[frames.is_in(said["image"], labelled)]
    status = rows["object"].map(labels.set_index("object")["status"])
    right = (rows["predicted"] == rows["label"]) & rows["can_say"] & status.notna() & (status != "contested")
    group = rows["image"].map(groups.set_index("image")["group"])
    return pd.DataFrame({"confidence": rows["confidence"], "right": right.astype(float), "group": group})


def summary_by_image(proposals: pd.DataFrame) -> pd.DataFrame:
    """Return one row per image: what is proposed in words, its least confidence, and whether all of it is accepted."""
    count = proposals.groupby(["image", "label"]).size().reset_index(name="objects")
    whole = frames.is_in(count["image"], proposals.loc[proposals["width"].isna(), "image"])
    text = count["label"].where(whole, count["label"] + " " + count["objects"].astype("str"))
    words = text.groupby(count["image"]).agg(", ".join)
    of_image = proposals.groupby("image").agg(confidence=("confidence", "min"), accepted=("accepted", "all"))
    return of_image.assign(proposed=words)
