"""The default rule book on raw tables as one would write it by hand in pandas: the peer of benchmarks/validate.py."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

CLASSES = [f"class-{n}" for n in range(20)]


def plain_pandas(given: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return rule and key of every row that breaks a rule."""
    parts = [
        *_of_images(given["images"]),
        *_of_sources(given["sources"]),
        ("READ-001", given["rejects"]["reject"]),
        *_of_words(given["annotations"], given["images"]),
    ]
    return pd.concat([pd.DataFrame({"rule": rule, "key": keys}) for rule, keys in parts], ignore_index=True)


def _of_images(images: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    name = images["image"]
    folded = name.str.normalize("NFC").str.casefold().str.normalize("NFC")
    suffix = name.str.extract(r"\.([^./]+)$")[0].str.lower()
    yield "IMG-001", name[images["error"].notna()]
    yield "IMG-002", name[images[["width", "height"]].min(axis=1) < 16]
    yield "IMG-003", name[folded.duplicated(keep=False)]
    yield "IMG-004", name[images["contrast"] < 2]
    yield "IMG-005", name[(images["format"] == "JPEG") & ~suffix.isin(["jpg", "jpeg", "jpe", "jfif"])]


def _of_sources(sources: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    grouped = sources["group_key"].notna().groupby(sources["delivery"]).transform("any")
    yield "SRC-001", sources.loc[sources["licence"].isna(), "image"]
    yield "SRC-002", sources.loc[sources["group_key"].isna() & grouped, "image"]


def _of_words(words: pd.DataFrame, images: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    key = words["annotation"]
    about = words[["image"]].merge(images, on="image", how="left")
    known = words["image"].isin(images["image"])
    is_object = words["kind"] == "object"
    label_known = words["label"].isin(CLASSES)
    yield "ANN-001", key[~known]
    yield "ANN-002", key[about["error"].notna()]
    yield "ANN-003", key[~words["source"].isin(["human", "review", "model", "import"])]
    yield "ANN-004", key[~words["kind"].isin(["object", "empty", "remove", "unsure", "skipped"])]
    answers = words[(words["kind"] != "remove") & words["about"].isna()]
    said = answers.assign(said=answers["kind"].where(answers["kind"].isin(["empty", "skipped"]), "object"))
    several = said.groupby(["image", "annotator", "batch"])["said"].transform("nunique") > 1
    yield "ANN-005", key[several.reindex(words.index, fill_value=False)]
    on_image = words.set_index("annotation")["image"].reindex(words["about"]).to_numpy() == words["image"]
    yield "ANN-006", key[words["about"].notna() & ~on_image]
    newer = words["guideline_version"].map({v: v > "1.0" for v in words["guideline_version"].unique()})
    yield "ANN-007", key[newer]
    yield "ANN-008", key[~words["annotator"].isin(["ann-0", "ann-1", "ann-2"])]
    yield "ANN-009", key[words["guideline_version"] < "1.0"]
    yield "ANN-010", key[words["created_at"] >= pd.to_datetime(words["date"], utc=True) + pd.Timedelta(days=1)]
    yield "CLASS-001", key[is_object & ~label_known]
    box = words[["x", "y", "width", "height"]]
    yield "GEO-001", key[is_object & box.isna().any(axis=1)]
    polygon = words["polygon"].dropna()
    area = polygon.map(lambda p: abs(sum(np.cross(p, np.roll(p, -1, axis=0)))) / 2)
    yield "POLY-001", key[polygon.index[area <= 0]]
    yield from _of_boxes(words, box.where(is_object), about, label_known)
    text = words["text"].dropna()
    yield "TEXT-002", key[text.index[text.str.contains(r"^\s|\s$|[\x00-\x1f\x7f]")]]


def _of_boxes(
    words: pd.DataFrame, box: pd.DataFrame, about: pd.DataFrame, label_known: pd.Series
) -> Iterator[tuple[str, pd.Series]]:
    key = words["annotation"]
    x, y, width, height = (box[side] for side in box)
    across, down = (about[side].astype(float) for side in ("width", "height"))
    shorter = box[["width", "height"]].min(axis=1)
    has_area = (width > 0) & (height > 0)
    seen = (np.minimum(x + width, across) - x.clip(lower=0)).clip(lower=0)
    seen *= (np.minimum(y + height, down) - y.clip(lower=0)).clip(lower=0)
    area = (width * height).where(has_area)
    visible = seen / area
    beyond = pd.concat([-x, -y, x + width - across, y + height - down], axis=1).max(axis=1)
    logs = np.log(area.where((visible > 0) & label_known))
    by_class = logs.groupby(words["label"])
    off = logs - by_class.transform("median")
    spread = (1.4826 * off.abs().groupby(words["label"]).transform("median")).clip(lower=0.05)
    odd = (by_class.transform("count") >= 20) & ~np.exp(off).between(0.125, 8) & ((off / spread).abs() > 5)
    yield "BOX-001", key[shorter <= 0]
    yield "BOX-002", key[visible == 0]
    yield "BOX-003", key[(visible > 0) & (beyond > 0.5)]
    yield "BOX-005", key[odd & ~((beyond >= -1) & (off < 0))]
    yield "BOX-006", key[(shorter > 0) & (shorter < 2)]
    drawn = words.assign(row=words.index)[["image", "annotator", "batch", "label", "row"]].join(box.add_prefix("box_"))
    drawn = drawn[has_area]
    pairs = drawn.merge(drawn, on=["image", "annotator", "batch", "label"])
    pairs = pairs[pairs["row_x"] != pairs["row_y"]]
    across = np.minimum(pairs["box_x_x"] + pairs["box_width_x"], pairs["box_x_y"] + pairs["box_width_y"])
    down = np.minimum(pairs["box_y_x"] + pairs["box_height_x"], pairs["box_y_y"] + pairs["box_height_y"])
    shared = (across - pairs[["box_x_x", "box_x_y"]].max(axis=1)).clip(lower=0)
    shared *= (down - pairs[["box_y_x", "box_y_y"]].max(axis=1)).clip(lower=0)
    both = pairs["box_width_x"] * pairs["box_height_x"] + pairs["box_width_y"] * pairs["box_height_y"]
    yield "BOX-004", key[np.unique(pairs["row_x"][shared / (both - shared) > 0.8])]
