"""Every word that was ever said of a picture, by object, and who overruled whom."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow.dataset as ds

from golgoru.cli.common.table_lookup import is_one_of, open_table, pooled_image_of, resolve_key, select_rows, table_file
from golgoru.core import dataset, paths

_WORD = [
    "date", "batch", "annotator", "source", "guideline_version", "kind", "about", "label", "x", "y", "width", "height",
    "text", "image", "annotation",
]  # fmt: skip
_LABEL = ["object", "label", "x", "y", "width", "height", "text", "status", "rule", "votes", "agreement"]
NO_OBJECT = None  # what somebody says of an object that he looked for and did not see


class Overruling(NamedTuple):
    """One value that did not stand. `before` and `after` are classes, NOTHING for no object; `batch` of a review."""

    by: list[str]
    overruled: list[str]
    before: str | None
    after: str | None
    batch: str | None
    date: str | None


class ObjectHistory(NamedTuple):
    """One object: its words, oldest first, each with its role; the label that stands, if one does.

    `object` is null for words that are about none: an empty picture, a word that was set aside.
    """

    object: str | None
    words: list[dict[str, Any]]
    stands: dict[str, Any] | None
    overrulings: list[Overruling]


class ImageHistory(NamedTuple):
    """`image`: the picture that the words were counted for. `files`: the others of equal pixels that were spoken of.

    `left_out_for`: the image that stays in its place, where it is a copy that looks alike.
    """

    key: str
    image: str
    files: list[str]
    left_out_for: str | None
    objects: list[ObjectHistory]


def image_history(key: str) -> ImageHistory:
    """Return the history of the picture that `key` means. Raises UserError for an unknown key."""
    image = _image(key)
    picture = pooled_image_of([image])[image]
    votes = select_rows(open_table(table_file("annotation_roles")), ds.field("image") == picture)
    counted = is_one_of("annotation", [vote["annotation"] for vote in votes])
    annotations = open_table(table_file("annotations"))
    shown = {row["image"] for row in select_rows(annotations, counted, ["image"])}
    copies = select_rows(
        open_table(table_file("duplicates")), is_one_of("duplicate_of", [picture]) | is_one_of("image", [picture])
    )
    shown |= {row["image"] for row in copies if row["kind"] == "exact" and row["duplicate_of"] == picture}
    words = select_rows(annotations, is_one_of("image", shown | {picture, image}), _WORD)
    uncounted = is_one_of("annotation", [word["annotation"] for word in words])
    roles = {
        row["annotation"]: row for row in [*select_rows(open_table(table_file("annotation_roles")), uncounted), *votes]
    }
    of = _objects(words, roles, picture)
    words = [word | {"role": roles[word["annotation"]]["role"]} for word in words if word["annotation"] in roles]
    labels = select_rows(open_table(table_file("labels")), ds.field("image") == picture, _LABEL)
    ballots = select_rows(open_table(table_file("votes")), ds.field("image") == picture)
    left_out = next((row["duplicate_of"] for row in copies if row["image"] == picture), None)
    return ImageHistory(key, picture, sorted(shown - {picture}), left_out, _pasts(words, of, labels, ballots))


def _image(key: str) -> str:
    images, annotations = open_table(table_file("images")), open_table(table_file("annotations"))
    by_content = select_rows(images, ds.field("content") == key, ["image"])
    if by_content:
        return str(min(row["image"] for row in by_content))
    anything, nothing = ds.scalar(value=True), ds.scalar(value=False)
    found = resolve_key(key, [(images, anything, "image", anything), (annotations, anything, "annotation", nothing)])
    word = select_rows(annotations, ds.field("annotation") == found, ["image"])
    return str(word[0]["image"]) if word else found


def _objects(
    words: Sequence[Mapping[str, Any]], roles: Mapping[str, Mapping[str, Any]], picture: str
) -> dict[str, str | None]:
    """Return the object of each word; what counts for nothing belongs to the object of the word that is about it."""
    if dataset.read_dataset(paths.PARAMS).task == "classification":
        content = select_rows(open_table(table_file("images")), ds.field("image") == picture, ["content"])
        return {word["annotation"]: content[0]["content"] if content else None for word in words}
    found = {word["annotation"]: roles.get(word["annotation"], {}).get("object") for word in words}
    for word in words:
        if found[word["annotation"]] is not None and word["about"] in found and found[word["about"]] is None:
            found[word["about"]] = found[word["annotation"]]
    return found


def _pasts(
    words: Sequence[dict[str, Any]],
    of: Mapping[str, str | None],
    labels: Sequence[dict[str, Any]],
    ballots: Sequence[dict[str, Any]],
) -> list[ObjectHistory]:
    ordered = sorted(words, key=lambda word: (word["date"], word["batch"], word["annotation"]))
    dates = {word["batch"]: word["date"] for word in ordered}
    groups: dict[str | None, list[dict[str, Any]]] = {}
    for word in ordered:
        groups.setdefault(of[word["annotation"]], []).append(word)
    standing = {label["object"]: label for label in labels}
    pasts = []
    for name in sorted(groups, key=lambda name: name is None):  # what is about no object comes last
        own = [ballot for ballot in ballots if ballot["object"] == name]
        label = standing.get(name) if name is not None else None
        pasts.append(ObjectHistory(name, groups[name], label, list(_overrulings(groups[name], own, label, dates))))
    return pasts


def _overrulings(
    words: Sequence[Mapping[str, Any]],
    ballots: Sequence[Mapping[str, Any]],
    stands: Mapping[str, Any] | None,
    dates: Mapping[str, str],
) -> Iterator[Overruling]:
    """Yield one row per value that did not stand: against a reviewer's verdict, or outvoted where there is none."""
    reviewed = [ballot for ballot in ballots if ballot["review"]]
    if not reviewed and stands is not None and stands["status"] == "contested":
        return
    after = reviewed[0]["label"] if reviewed else stands["label"] if stands else NO_OBJECT
    deciding = [ballot for ballot in reviewed or ballots if ballot["label"] == after]
    by = sorted({ballot["annotator"] for ballot in deciding})
    others = [(b["label"], b["annotator"]) for b in ballots if b["label"] != after and b["annotator"] not in by]
    if reviewed:
        others = [(b["label"], b["annotator"]) for b in ballots if not b["review"] and b["label"] != after]
        earlier = [word for word in words if word["source"] == "review" and word["role"] == "superseded"]
        others += [(word["label"], word["annotator"]) for word in earlier if _says(word) and word["label"] != after]
    batch = max((ballot["batch"] for ballot in reviewed), default=None)
    for before in sorted({label for label, _ in others}, key=lambda label: (label is NO_OBJECT, label or "")):
        overruled = sorted({who for label, who in others if label == before})
        yield Overruling(by, overruled, before, after, batch, dates.get(batch) if batch else None)


def _says(word: Mapping[str, Any]) -> bool:
    """Return whether a word says what the object is, or that there is none."""
    return word["kind"] in ("object", "remove", "empty")
