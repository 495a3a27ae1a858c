"""What the page of copies shows: pairs to judge, copies set aside, and pictures mirrored or turned.

Each section is a list of cards, a card a few pictures. Only what is shown becomes an object: the tables may hold
millions of rows, and a page has a bound.
"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from golgoru.core.markdown import amount
from golgoru.core.text import markup_safe
from golgoru.duplicates import components
from golgoru.duplicates.kinds import FOR_REVIEW, KINDS, REORIENTED
from golgoru.guideline.classes import Classes
from golgoru.site import page
from golgoru.site.class_styles import class_styles
from golgoru.tables import frames

MAX_CARDS, MAX_PICTURES = 200, 12
# How the second image of a pair comes to look like the first, by golgoru/duplicates/orientations.py.
_TURNED = {"90": "turned left", "180": "turned upside down", "270": "turned right"}


class ShownLabel(NamedTuple):
    """A class on one picture, and how many objects have it. `odd`: the picture beside it has not as many."""

    label: str
    objects: int
    contested: bool
    odd: bool


class ShownPicture(NamedTuple):
    """One picture: `note` says what became of it, or how it comes to look like the first one."""

    image: str
    content: str
    folder: str
    name: str
    size: str
    split: str
    labels: tuple[ShownLabel, ...]
    note: str


class Card(NamedTuple):
    """Pictures that belong together; `more` were left out. `torn`: they stand in two splits."""

    pictures: tuple[ShownPicture, ...]
    facts: tuple[str, ...]
    differ: bool
    torn: bool
    more: int


class Section(NamedTuple):
    """The first cards of a section, and how many there are; of all of them, those whose labels differ."""

    cards: tuple[Card, ...]
    total: int
    differ: int

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.total - len(self.cards)

    @property
    def torn(self) -> int:
        """How many of those shown stand in two splits."""
        return sum(card.torn for card in self.cards)


class PairedImages(NamedTuple):
    """What is known of the pictures in pairs, by image; `signature` is a text of all labels, null without any."""

    about: pd.DataFrame  # content, width, height, split, group, duplicate_of, signature
    labels: pd.DataFrame  # by image, one row per label: label, objects, contested


class Read(NamedTuple):
    """The tables that the page shows."""

    images: pd.DataFrame
    pairs: pd.DataFrame
    copies: pd.DataFrame
    groups: pd.DataFrame
    labels: pd.DataFrame
    splits: pd.DataFrame


def html(tables: Read, classes: Classes) -> tuple[bytes, dict[str, Any]]:
    """Return the page, and how much it shows."""
    known = paired_images(*tables)
    sections = {
        "to_judge": pair_section(tables.pairs, FOR_REVIEW, known),
        "set_aside": duplicates_section(tables.copies, known),
        "turned": pair_section(tables.pairs, REORIENTED, known),
    }
    shown = list(chain.from_iterable(card.pictures for section in sections.values() for card in section.cards))
    metrics = _metrics(tables, known, sections)
    content = {
        **metrics,
        "sections": sections,
        "pictures": page.picture_uris((picture.image, picture.content) for picture in shown),
        "classes": class_styles(classes, {label.label for picture in shown for label in picture.labels}),
    }
    return page.render_page(Path(__file__).with_name("copies.html.j2"), content), metrics


def _metrics(tables: Read, known: PairedImages, sections: dict[str, Section]) -> dict[str, Any]:
    """Return how many pictures and pairs there are, and of each section what there is and what the page shows."""
    kinds = tables.pairs["kind"].value_counts()
    return {
        "images": int(tables.images["error"].isna().sum()),
        "pairs": {kind: int(kinds.get(kind, 0)) for kind in KINDS},
        "paired": len(known.about),
        "groups": int(known.about["group"].nunique()),
        "copies": len(tables.copies),
        "cards": {
            name: {"found": section.total, "shown": len(section.cards), "labels_differ": section.differ}
            for name, section in sections.items()
        },
    }


def paired_images(
    images: pd.DataFrame, pairs: pd.DataFrame, copies: pd.DataFrame, groups: pd.DataFrame, labels: pd.DataFrame,
    splits: pd.DataFrame,
) -> PairedImages:  # fmt: skip
    """Return what the cards need to know of every picture that stands in a pair."""
    paired = pd.Index(pd.concat([pairs["image_a"], pairs["image_b"]]).astype(object).unique(), name="image")
    said = _said(paired.to_series(), pairs, labels)
    about = images[["image", "content", "width", "height"]].set_index("image").reindex(paired.sort_values())
    about["split"] = splits.set_index("image")["split"].reindex(about.index)
    about["group"] = groups.set_index("image")["group"].reindex(about.index)
    about["duplicate_of"] = (
        copies.set_index("image")["duplicate_of"].reindex(about.index).fillna(about.index.to_series())
    )
    about["signature"] = _signatures(said).reindex(about.index)
    return PairedImages(about, said.set_index("image"))


def pair_section(pairs: pd.DataFrame, kinds: Sequence[str], known: PairedImages) -> Section:
    """Return the pairs of some kinds, those of different labels first, then by score.

    Pairs of pictures that the same one stays for are settled; of several pairs between the copies of two pictures
    the best is enough.
    """
    found = pairs[pairs["kind"].isin(kinds)].reset_index(drop=True)
    kept = known.about["duplicate_of"]
    ends = pd.DataFrame({"a": found["image_a"].map(kept), "b": found["image_b"].map(kept)}).astype(object)
    ends["aside"] = (ends["a"] != found["image_a"]).astype(int) + (ends["b"] != found["image_b"])
    first, last = ends["a"].where(ends["a"] <= ends["b"], ends["b"]), ends["a"].where(ends["a"] > ends["b"], ends["b"])
    found = found.assign(aside=ends["aside"], first=first, last=last)[ends["a"] != ends["b"]]
    order = ["score", "distance", "image_a", "image_b"]
    found = found.sort_values(["aside", *order], ascending=[True, False, True, True, True])
    found = found.drop_duplicates(["first", "last"])
    left, right = (found[side].map(known.about["signature"]) for side in ("image_a", "image_b"))
    found["differ"] = left.notna() & right.notna() & (left.astype(object) != right.astype(object))
    found = found.sort_values(["differ", *order], ascending=[False, False, True, True, True])
    shown = found.head(MAX_CARDS)
    cards = [_pair_card(row, known) for row in shown.to_dict("records")]
    return Section(tuple(cards), len(found), int(found["differ"].sum()))


def duplicates_section(copies: pd.DataFrame, known: PairedImages) -> Section:
    """Return the groups of copies, each with the picture that stays first; those of different labels first."""
    kept = pd.DataFrame({"image": copies["duplicate_of"].unique()})
    rows = pd.concat([kept.assign(duplicate_of=kept["image"]), copies[["image", "duplicate_of", "kind", "distance"]]])
    rows = rows.assign(signature=rows["image"].map(known.about["signature"]))
    about = rows.groupby("duplicate_of").agg(kinds=("signature", "nunique"), pictures=("image", "size"))
    about = about.assign(differ=about["kinds"] > 1).reset_index()
    about = about.sort_values(["differ", "pictures", "duplicate_of"], ascending=[False, False, True])
    shown = about.head(MAX_CARDS)
    members = dict(list(rows[rows["duplicate_of"].isin(shown["duplicate_of"])].groupby("duplicate_of")))
    cards = [_copies_card(members[row["duplicate_of"]], bool(row["differ"]), known) for row in shown.to_dict("records")]
    return Section(tuple(cards), len(about), int(about["differ"].sum()))


def _said(paired: pd.Series, pairs: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return one row per image and label on it; what was said of equal pixels was said of each of them."""
    same = pd.DataFrame({
        "image": paired.to_numpy(),
        "same": components.component_ids(paired, pairs[pairs["kind"] == "exact"]),
    })  # fmt: skip
    said = labels.loc[frames.is_in(labels["image"], paired), ["image", "label", "status"]].merge(same, on="image")
    said["contested"] = said["status"] == "contested"
    counted = said.groupby(["same", "label"])["contested"].agg(objects="size", contested="any").reset_index()
    return same.merge(counted, on="same").drop(columns="same").sort_values(["image", "label"])


def _signatures(said: pd.DataFrame) -> pd.Series:
    """Return one text per image, equal where the labels and their numbers are."""
    text = (said["objects"].astype(str) + " " + said["label"].astype(str)).set_axis(said["image"])
    several = text.index.duplicated(keep=False)  # joining is a loop, and classification needs none
    joined = text[several].groupby(level=0).agg("\0".join)
    return pd.concat([text[~several], joined])


def _pair_card(row: dict[Any, Any], known: PairedImages) -> Card:
    first, second = row["image_a"], row["image_b"]
    view = row["view"] if isinstance(row["view"], str) else None
    pictures = (_shown(first, "", second, known), _shown(second, _looks_like(view), first, known))
    facts = (f"score {row['score']:.4f}", amount(int(row["distance"]), "bit") + " apart")
    return Card(pictures, facts, bool(row["differ"]), _torn([first, second], known), 0)


def _copies_card(rows: pd.DataFrame, differ: bool, known: PairedImages) -> Card:
    """Return a card: the survivor, copies whose labels differ from its own, the other ones."""
    kept = rows["duplicate_of"].iloc[0]
    stays = rows["image"] == kept
    unlike = rows["signature"].notna() & (rows["signature"].astype(object) != known.about.at[kept, "signature"])
    ordered = rows.assign(stays=stays, unlike=unlike).sort_values(
        ["stays", "unlike", "image"], ascending=[False, False, True]
    )
    pictures = [
        _shown(row["image"], "stays" if row["stays"] else _copy(row), kept, known)
        for row in ordered.head(MAX_PICTURES).to_dict("records")
    ]
    facts = (amount(len(rows) - 1, "picture") + " set aside",) if len(rows) > 2 else ()
    return Card(tuple(pictures), facts, differ, _torn(rows["image"], known), len(rows) - len(pictures))


def _torn(images: "pd.Series | list[str]", known: PairedImages) -> bool:
    return bool(known.about.loc[images, "split"].dropna().nunique() > 1)


def _copy(row: dict[Any, Any]) -> str:
    if row["kind"] == "exact":
        return "the same pixels"
    return "near copy" if pd.isna(row["distance"]) else f"near copy, {amount(int(row['distance']), 'bit')}"


def _looks_like(view: str | None) -> str:
    """Return in words what makes the second picture look like the first one; nothing where it does as it is."""
    if view is None:
        return ""
    steps = ["mirrored"] if "mirrored" in view else []
    steps += [words for degrees, words in _TURNED.items() if degrees in view]
    return "the same once " + ", then ".join(steps)


def _shown(image: str, note: str, beside: str, known: PairedImages) -> ShownPicture:
    """Return a picture as it is shown; labels that the one `beside` it has otherwise are odd."""
    about = known.about.loc[image]
    folder, _, name = image.rpartition("/")
    other = _labels(beside, known)
    labels = [
        ShownLabel(label, objects, contested, bool(other) and objects != other.get(label, (0,))[0])
        for label, (objects, contested) in _labels(image, known).items()
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
    )


def _labels(image: str, known: PairedImages) -> dict[str, tuple[int, bool]]:
    """Return objects, and whether they are contested, by label."""
    if image not in known.labels.index:
        return {}
    said = known.labels.loc[[image]]
    return {row["label"]: (int(row["objects"]), bool(row["contested"])) for row in said.to_dict("records")}
