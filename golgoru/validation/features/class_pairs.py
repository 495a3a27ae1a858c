"""What stands together: classes on one picture, pictures that are copies of each other."""

import numpy as np
import pandas as pd

from golgoru.geometry.matching import overlap_pairs


def classes_per_image(labels: pd.DataFrame) -> pd.DataFrame:
    """Return one row per image and class on it."""
    return labels[["image", "label"]].drop_duplicates()


def symmetric_pairs(pairs: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    """Return the pairs of these kinds, each from both sides: image, other."""
    chosen = pairs[pairs["kind"].isin(kinds)]
    sides = [chosen[["image_a", "image_b"]], chosen[["image_b", "image_a"]]]
    return pd.concat([side.set_axis(["image", "other"], axis=1) for side in sides], ignore_index=True)


def rarest_class_pair(shown: pd.DataFrame) -> pd.Series:
    """Return, per image with two classes or more, the number of images that show the rarest two of them together."""
    rows = shown[shown.duplicated("image", keep=False)].sort_values(["image", "label"])
    image, label = (pd.factorize(rows[column], sort=True)[0].astype(np.int64) for column in ("image", "label"))
    nowhere = np.zeros((len(rows), 4))
    counted = [
        np.unique(label[pairs.first] << 32 | label[pairs.second], return_counts=True)
        for pairs in overlap_pairs(image, nowhere)
    ]
    pictures = pd.Series(
        np.concatenate([many for _, many in counted]) if counted else [],
        index=np.concatenate([pair for pair, _ in counted]) if counted else [],
    )
    pictures = pictures.groupby(level=0).sum()
    rarest = np.full(len(rows), np.iinfo(np.int64).max)
    for pairs in overlap_pairs(image, nowhere):
        np.minimum.at(rarest, pairs.first, pictures[label[pairs.first] << 32 | label[pairs.second]].to_numpy())
    return pd.Series(rarest, index=rows["image"].to_numpy()).groupby(level=0).min()
