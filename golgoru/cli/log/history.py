"""Every annotation that an image ever had, by object, and who overruled whom."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow.dataset as ds

from golgoru.cli.common.table_lookup import is_one_of, open_table, pooled_image_of, resolve_key, select_rows, table_file
from golgoru.core import dataset, paths
from golgoru.tables.vocabulary import CONTESTED, SUPERSEDED

_COLUMNS = [
    "date", "batch", "annotator", "source", "guideline_version", "kind", "about", "label", "x", "y", "width", "height",
    "text", "image", "annotation",
]  # fmt: skip
_LABEL = ["object", "label", "x", "y", "width", "height", "text", "status", "rule", "votes", "agreement"]
NO_OBJECT = None  # the vote of an annotator who did not see the object


class Overruling(NamedTuple):
    """One value that was not accepted. `before` and `after` are classes, or NO_OBJECT; `batch` is that of a review."""

    by: list[str]
    overruled: list[str]
    before: str | None
    after: str | None
    batch: str | None
    date: str | None


class ObjectHistory(NamedTuple):
    """One object: its annotations, oldest first, each with its role, and its label, if it has one.

    `object` is null for annotations without one: an empty image, or an annotation that was set aside.
    """

    object: str | None
    annotations: list[dict[str, Any]]
    label: dict[str, Any] | None
    overrulings: list[Overruling]


class ImageHistory(NamedTuple):
    """`image`: the image that the annotations were counted for. `files`: annotated images of equal pixels.

    `duplicate_of`: the image that is kept in its place, where it is a near copy.
    """

    key: str
    image: str
    files: list[str]
    duplicate_of: str | None
    objects: list[ObjectHistory]


def image_history(key: str) -> ImageHistory:
    """Return the history of the image that `key` means. Raises UserError for an unknown key."""
    named = _image(key)
    image = pooled_image_of([named])[named]
    annotations, roles_table = open_table(table_file("annotations")), open_table(table_file("annotation_roles"))
    counted = select_rows(roles_table, ds.field("image") == image)
    is_counted = is_one_of("annotation", [role["annotation"] for role in counted])
    shown = {row["image"] for row in select_rows(annotations, is_counted, ["image"])}
    duplicates = select_rows(
        open_table(table_file("duplicates")), is_one_of("duplicate_of", [image]) | is_one_of("image", [image])
    )
    shown |= {row["image"] for row in duplicates if row["kind"] == "exact" and row["duplicate_of"] == image}
    rows = select_rows(annotations, is_one_of("image", shown | {image, named}), _COLUMNS)
    on_image = select_rows(roles_table, is_one_of("annotation", [row["annotation"] for row in rows]))
    roles = {role["annotation"]: role for role in [*on_image, *counted]}
    object_of = _objects(rows, roles, image)
    rows = [row | {"role": roles[row["annotation"]]["role"]} for row in rows if row["annotation"] in roles]
    labels = select_rows(open_table(table_file("labels")), ds.field("image") == image, _LABEL)
    votes = select_rows(open_table(table_file("votes")), ds.field("image") == image)
    return ImageHistory(
        key=key,
        image=image,
        files=sorted(shown - {image}),
        duplicate_of=next((row["duplicate_of"] for row in duplicates if row["image"] == image), None),
        objects=_object_histories(rows, object_of, labels, votes),
    )


def _image(key: str) -> str:
    images, annotations = open_table(table_file("images")), open_table(table_file("annotations"))
    by_content = select_rows(images, ds.field("content") == key, ["image"])
    if by_content:
        return str(min(row["image"] for row in by_content))
    every, none = ds.scalar(value=True), ds.scalar(value=False)
    resolved = resolve_key(key, [(images, every, "image", every), (annotations, every, "annotation", none)])
    rows = select_rows(annotations, ds.field("annotation") == resolved, ["image"])
    return str(rows[0]["image"]) if rows else resolved


def _objects(
    rows: Sequence[Mapping[str, Any]], roles: Mapping[str, Mapping[str, Any]], image: str
) -> dict[str, str | None]:
    """Return the object of each annotation; one that does not count has the object of an annotation about it."""
    if dataset.read_dataset(paths.PARAMS).task == "classification":
        content = select_rows(open_table(table_file("images")), ds.field("image") == image, ["content"])
        return {row["annotation"]: content[0]["content"] if content else None for row in rows}
    object_of = {row["annotation"]: roles.get(row["annotation"], {}).get("object") for row in rows}
    for row in rows:
        name, about = object_of[row["annotation"]], row["about"]
        if name is not None and about in object_of and object_of[about] is None:
            object_of[about] = name
    return object_of


def _object_histories(
    rows: Sequence[dict[str, Any]],
    object_of: Mapping[str, str | None],
    labels: Sequence[dict[str, Any]],
    votes: Sequence[dict[str, Any]],
) -> list[ObjectHistory]:
    ordered = sorted(rows, key=lambda row: (row["date"], row["batch"], row["annotation"]))
    dates = {row["batch"]: row["date"] for row in ordered}
    by_object: dict[str | None, list[dict[str, Any]]] = {}
    for row in ordered:
        by_object.setdefault(object_of[row["annotation"]], []).append(row)
    label_of = {label["object"]: label for label in labels}
    histories = []
    for name in sorted(by_object, key=lambda name: name is None):  # annotations without an object come last
        on_object = [vote for vote in votes if vote["object"] == name]
        label = label_of.get(name) if name is not None else None
        overrulings = list(_overrulings(by_object[name], on_object, label, dates))
        histories.append(ObjectHistory(name, by_object[name], label, overrulings))
    return histories


def _overrulings(
    annotations: Sequence[Mapping[str, Any]],
    votes: Sequence[Mapping[str, Any]],
    label: Mapping[str, Any] | None,
    dates: Mapping[str, str],
) -> Iterator[Overruling]:
    """Yield one row per value that was not accepted: against a reviewer's decision, or outvoted if there is none."""
    reviews = [vote for vote in votes if vote["review"]]
    if not reviews and label is not None and label["status"] == CONTESTED:
        return
    after = reviews[0]["label"] if reviews else label["label"] if label else NO_OBJECT
    by = sorted({vote["annotator"] for vote in reviews or votes if vote["label"] == after})
    others = [(v["label"], v["annotator"]) for v in votes if v["label"] != after and v["annotator"] not in by]
    if reviews:
        others = [(v["label"], v["annotator"]) for v in votes if not v["review"] and v["label"] != after]
        earlier = [row for row in annotations if row["source"] == "review" and row["role"] == SUPERSEDED]
        others += [(row["label"], row["annotator"]) for row in earlier if _has_value(row) and row["label"] != after]
    batch = max((vote["batch"] for vote in reviews), default=None)
    for before in sorted({value for value, _ in others}, key=lambda value: (value is NO_OBJECT, value or "")):
        overruled = sorted({annotator for value, annotator in others if value == before})
        yield Overruling(by, overruled, before, after, batch, dates.get(batch) if batch else None)


def _has_value(annotation: Mapping[str, Any]) -> bool:
    """Return whether an annotation says what the object is, or that there is none."""
    return annotation["kind"] in ("object", "remove", "empty")
