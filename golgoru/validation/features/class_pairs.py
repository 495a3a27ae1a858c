"""Pairs behind features: classes that occur on one image, and images that are duplicates of each other."""

import numpy as np
import pandas as pd

from golgoru.geometry.matching import overlap_pairs


def classes_per_image(labels: pd.DataFrame) -> pd.DataFrame:
    """Return one row per image and class that occurs on it."""
    return labels[["image", "label"]].drop_duplicates()


def symmetric_pairs(pairs: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    """Return the duplicate pairs of these kinds in both directions, as columns image and other."""
    chosen = pairs[pairs["kind"].isin(kinds)]
    sides = [chosen[["image_a", "image_b"]], chosen[["image_b", "image_a"]]]
    return pd.concat([side.set_axis(["image", "other"], axis=1) for side in sides], ignore_index=True)


def rarest_class_pair(image_classes: pd.DataFrame) -> pd.Series:
    """Return, per image with two classes or more, the number of images with the rarest pair among its classes.

    `image_classes` has one row per image and class.
    """
    rows = image_classes[image_classes.duplicated("image", keep=False)].sort_values(["image", "label"])
    image, label = (pd.factorize(rows[column], sort=True)[0].astype(np.int64) for column in ("image", "label"))
    no_boxes = np.zeros((len(rows), 4))
    counted = [
        np.unique(label[pairs.first] << 32 | label[pairs.second], return_counts=True)
        for pairs in overlap_pairs(image, no_boxes)
    ]
    images_with_pair = pd.Series(
        np.concatenate([count for _, count in counted]) if counted else [],
        index=np.concatenate([pair for pair, _ in counted]) if counted else [],
    )
    images_with_pair = images_with_pair.groupby(level=0).sum()
    rarest = np.full(len(rows), np.iinfo(np.int64).max)
    for pairs in overlap_pairs(image, no_boxes):
        np.minimum.at(rarest, pairs.first, images_with_pair[label[pairs.first] << 32 | label[pairs.second]].to_numpy())
    return pd.Series(rarest, index=rows["image"].to_numpy()).groupby(level=0).min()
