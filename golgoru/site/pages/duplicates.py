"""The page of duplicates: pairs to review, images left out as duplicates, and mirrored or rotated images.

Each section is a list of cards, and a card shows a few images. Only what is shown becomes a Python object: the tables
may hold millions of rows, and a page is bounded.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Annotated, Any, NamedTuple

import pandas as pd

from golgoru.consensus.status import is_contested
from golgoru.core.markdown import format_count
from golgoru.core.text import markup_safe
from golgoru.duplicates import components
from golgoru.duplicates.kinds import FOR_REVIEW, KINDS, REORIENTED
from golgoru.guideline.classes import Classes
from golgoru.site.class_styles import class_styles
from golgoru.site.page import Page, picture_uris
from golgoru.tables import frames
from golgoru.tables.columns import columns

MAX_CARDS, MAX_PICTURES = 200, 12
# How the second image of a pair is turned to look like the first, by golgoru/duplicates/orientations.py.
_TURNS = {"90": "turned left", "180": "turned upside down", "270": "turned right"}


class ShownLabel(NamedTuple):
    """A class on an image, and how many objects have it. `differs`: the other image has another number of them."""

    label: str
    objects: int
    contested: bool
    differs: bool


class ShownPicture(NamedTuple):
    """One image. `note` says how it relates to the first one; `kept`: it is not left out."""

    image: str
    content: str
    folder: str
    name: str
    size: str
    split: str
    labels: tuple[ShownLabel, ...]
    note: str
    kept: bool


class Card(NamedTuple):
    """Images that are duplicates of one another; `more` of them are not shown."""

    pictures: tuple[ShownPicture, ...]
    details: tuple[str, ...]
    labels_differ: bool
    in_two_splits: bool
    more: int


class Section(NamedTuple):
    """The first cards of a section, how many there are in all, and of how many of these the labels differ."""

    cards: tuple[Card, ...]
    total: int
    labels_differ: int

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.total - len(self.cards)

    @property
    def in_two_splits(self) -> int:
        """How many of the cards shown have images in two splits."""
        return sum(card.in_two_splits for card in self.cards)


class PairedImages(NamedTuple):
    """The images that are part of a pair.

    `about`: by image content, width, height, split, group, duplicate_of (itself, where it is kept) and signature, a
    text of all its labels (null without any). `labels`: by image one row per label: label, objects, contested.
    """

    about: pd.DataFrame
    labels: pd.DataFrame


def page(
    *,
    images: Annotated[pd.DataFrame, columns("image", "content", "width", "height", "error")],
    duplicate_pairs: pd.DataFrame,
    duplicates: Annotated[pd.DataFrame, columns("image", "duplicate_of", "kind", "distance")],
    groups: Annotated[pd.DataFrame, columns("image", "group")],
    labels: Annotated[pd.DataFrame, columns("image", "label", "status")],
    splits: Annotated[pd.DataFrame, columns("image", "split")],
    classes: Classes,
) -> Page:
    """Return the page, and how much it shows."""
    paired = paired_images(
        images=images,
        duplicate_pairs=duplicate_pairs,
        duplicates=duplicates,
        groups=groups,
        labels=labels,
        splits=splits,
    )
    sections = {
        "for_review": pair_section(duplicate_pairs, FOR_REVIEW, paired),
        "left_out": duplicates_section(duplicates, paired),
        "mirrored_or_rotated": pair_section(duplicate_pairs, REORIENTED, paired),
    }
    kinds = duplicate_pairs["kind"].value_counts()
    metrics = {
        "images": int(images["error"].isna().sum()),
        "pairs": {kind: int(kinds.get(kind, 0)) for kind in KINDS},
        "paired": len(paired.about),
        "groups": int(paired.about["group"].nunique()),
        "left_out": len(duplicates),
        "sections": {
            name: {"found": section.total, "shown": len(section.cards), "labels_differ": section.labels_differ}
            for name, section in sections.items()
        },
    }
    shown = list(chain.from_iterable(card.pictures for section in sections.values() for card in section.cards))
    content = {
        **metrics,
        "sections": sections,
        "pictures": picture_uris((picture.image, picture.content) for picture in shown),
        "classes": class_styles(classes, {label.label for picture in shown for label in picture.labels}),
    }
    return Page(content, metrics)


def paired_images(
    *,
    images: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    duplicates: pd.DataFrame,
    groups: pd.DataFrame,
    labels: pd.DataFrame,
    splits: pd.DataFrame,
) -> PairedImages:
    """Return what the cards show of every image that is part of a pair."""
    ends = pd.concat([duplicate_pairs["image_a"], duplicate_pairs["image_b"]])
    paired = pd.Index(ends.astype(object).unique(), name="image")
    label_counts = _label_counts(paired.to_series(), duplicate_pairs, labels)
    about = images[["image", "content", "width", "height"]].set_index("image").reindex(paired.sort_values())
    about["split"] = splits.set_index("image")["split"].reindex(about.index)
    about["group"] = groups.set_index("image")["group"].reindex(about.index)
    duplicate_of = duplicates.set_index("image")["duplicate_of"].reindex(about.index)
    about["duplicate_of"] = duplicate_of.fillna(about.index.to_series())
    about["signature"] = _signatures(label_counts).reindex(about.index)
    return PairedImages(about, label_counts.set_index("image"))


def pair_section(pairs: pd.DataFrame, kinds: Sequence[str], paired: PairedImages) -> Section:
    """Return the pairs of some kinds, those whose labels differ first, then by score.

    A pair of two images for which the same one is kept needs no review; of several pairs between the duplicates of
    two images, the best one is shown.
    """
    chosen = pairs[pairs["kind"].isin(kinds)].reset_index(drop=True)
    kept = paired.about["duplicate_of"]
    ends = pd.DataFrame({"a": chosen["image_a"].map(kept), "b": chosen["image_b"].map(kept)}).astype(object)
    ends["left_out"] = (ends["a"] != chosen["image_a"]).astype(int) + (ends["b"] != chosen["image_b"])
    first, last = ends["a"].where(ends["a"] <= ends["b"], ends["b"]), ends["a"].where(ends["a"] > ends["b"], ends["b"])
    chosen = chosen.assign(left_out=ends["left_out"], first=first, last=last)[ends["a"] != ends["b"]]
    order = ["score", "distance", "image_a", "image_b"]
    chosen = chosen.sort_values(["left_out", *order], ascending=[True, False, True, True, True])
    chosen = chosen.drop_duplicates(["first", "last"])
    left, right = (chosen[side].map(paired.about["signature"]) for side in ("image_a", "image_b"))
    chosen["differ"] = left.notna() & right.notna() & (left.astype(object) != right.astype(object))
    chosen = chosen.sort_values(["differ", *order], ascending=[False, False, True, True, True])
    cards = [_pair_card(row, paired) for row in chosen.head(MAX_CARDS).to_dict("records")]
    return Section(tuple(cards), len(chosen), int(chosen["differ"].sum()))


def duplicates_section(duplicates: pd.DataFrame, paired: PairedImages) -> Section:
    """Return one card per kept image with its duplicates, the kept one first; cards whose labels differ come first."""
    kept = pd.DataFrame({"image": duplicates["duplicate_of"].unique()})
    rows = pd.concat(
        [kept.assign(duplicate_of=kept["image"]), duplicates[["image", "duplicate_of", "kind", "distance"]]]
    )
    rows = rows.assign(signature=rows["image"].map(paired.about["signature"]))
    by_kept = rows.groupby("duplicate_of").agg(signatures=("signature", "nunique"), pictures=("image", "size"))
    by_kept = by_kept.assign(differ=by_kept["signatures"] > 1).reset_index()
    by_kept = by_kept.sort_values(["differ", "pictures", "duplicate_of"], ascending=[False, False, True])
    first = by_kept.head(MAX_CARDS)
    members = dict(list(rows[rows["duplicate_of"].isin(first["duplicate_of"])].groupby("duplicate_of")))
    cards = [
        _duplicates_card(members[row["duplicate_of"]], bool(row["differ"]), paired) for row in first.to_dict("records")
    ]
    return Section(tuple(cards), len(by_kept), int(by_kept["differ"].sum()))


def _label_counts(paired: pd.Series, pairs: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return one row per image and label; images of equal pixels share their labels."""
    same_pixels = pd.DataFrame({
        "image": paired.to_numpy(),
        "same": components.component_ids(paired, pairs[pairs["kind"] == "exact"]),
    })  # fmt: skip
    on_paired = labels.loc[frames.is_in(labels["image"], paired), ["image", "label", "status"]]
    on_paired = on_paired.merge(same_pixels, on="image")
    on_paired["contested"] = is_contested(on_paired["status"])
    counts = on_paired.groupby(["same", "label"])["contested"].agg(objects="size", contested="any").reset_index()
    return same_pixels.merge(counts, on="same").drop(columns="same").sort_values(["image", "label"])


def _signatures(label_counts: pd.DataFrame) -> pd.Series:
    """Return one text per image; two are equal where the labels and their numbers are."""
    text = (label_counts["objects"].astype(str) + " " + label_counts["label"].astype(str)).set_axis(
        label_counts["image"]
    )
    several = text.index.duplicated(keep=False)  # joining is a loop, and classification needs none
    joined = text[several].groupby(level=0).agg("\0".join)
    return pd.concat([text[~several], joined])


def _pair_card(row: dict[Any, Any], paired: PairedImages) -> Card:
    first, second = row["image_a"], row["image_b"]
    orientation = row["orientation"] if isinstance(row["orientation"], str) else None
    pictures = (
        _shown_picture(first, "", second, paired),
        _shown_picture(second, _orientation_note(orientation), first, paired),
    )
    details = (f"score {row['score']:.4f}", format_count(int(row["distance"]), "bit") + " apart")
    return Card(pictures, details, bool(row["differ"]), _in_two_splits([first, second], paired), 0)


def _duplicates_card(rows: pd.DataFrame, labels_differ: bool, paired: PairedImages) -> Card:
    """Return a card: the kept image, then duplicates whose labels differ from its labels, then the others."""
    kept = rows["duplicate_of"].iloc[0]
    is_kept = rows["image"] == kept
    differs = rows["signature"].notna() & (rows["signature"].astype(object) != paired.about.at[kept, "signature"])
    ordered = rows.assign(is_kept=is_kept, differs=differs).sort_values(
        ["is_kept", "differs", "image"], ascending=[False, False, True]
    )
    pictures = [
        _shown_picture(row["image"], "kept" if row["is_kept"] else _duplicate_note(row), kept, paired)
        for row in ordered.head(MAX_PICTURES).to_dict("records")
    ]
    details = (format_count(len(rows) - 1, "image") + " left out",) if len(rows) > 2 else ()
    in_two_splits = _in_two_splits(rows["image"], paired)
    return Card(tuple(pictures), details, labels_differ, in_two_splits, len(rows) - len(pictures))


def _in_two_splits(images: "pd.Series | list[str]", paired: PairedImages) -> bool:
    return bool(paired.about.loc[images, "split"].dropna().nunique() > 1)


def _duplicate_note(row: dict[Any, Any]) -> str:
    if row["kind"] == "exact":
        return "exact duplicate"
    return "near-duplicate" + ("" if pd.isna(row["distance"]) else f", {format_count(int(row['distance']), 'bit')}")


def _orientation_note(orientation: str | None) -> str:
    """Return how the second image must be mirrored or turned to look like the first; empty where it already does."""
    if orientation is None:
        return ""
    steps = ["mirrored"] if "mirrored" in orientation else []
    steps += [turn for degrees, turn in _TURNS.items() if degrees in orientation]
    return "the same when " + ", then ".join(steps)


def _shown_picture(image: str, note: str, other: str, paired: PairedImages) -> ShownPicture:
    """Return an image as it is shown, its labels compared with those of the `other` image."""
    about = paired.about.loc[image]
    folder, _, name = image.rpartition("/")
    labels_of_other = _labels(other, paired)
    labels = [
        ShownLabel(label, objects, contested, bool(labels_of_other) and objects != labels_of_other.get(label, (0,))[0])
        for label, (objects, contested) in _labels(image, paired).items()
    ]
    return ShownPicture(
        image,
        str(about["content"]),
        markup_safe(f"{folder}/" if folder else ""),
        markup_safe(name),
        f"{about['width']} × {about['height']}",
        about["split"] if isinstance(about["split"], str) else "",
        tuple(labels),
        note,
        note == "kept",
    )


def _labels(image: str, paired: PairedImages) -> dict[str, tuple[int, bool]]:
    """Return by label how many objects an image has, and whether one of them is contested."""
    if image not in paired.labels.index:
        return {}
    rows = paired.labels.loc[[image]]
    return {row["label"]: (int(row["objects"]), bool(row["contested"])) for row in rows.to_dict("records")}
