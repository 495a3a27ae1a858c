"""Join train, val and test, account for every raw row, and validate the result before it is released.

Reads: `images`, `sources` and `splits`, `weights` (one row per image), `annotations` (one row per annotation),
`rejects`, `violations`, `duplicate_pairs`, `duplicates` and `duplicate_conflicts` (one row per image left out as a
duplicate, and per one of these whose labels differ), `labels` (one row per object), `annotation_roles` (one row per
annotation), `relabel` (one row per object to label again), `lost_objects` (one row per drawn object that no label
stands for), `edge_case_hits`, `evaluable_edge_cases` (one row per edge case); the guideline, its suites and
data/raw/withdrawals.yaml.
Writes: release/images (one row per released image), release/train, val and test (one row per object),
release/lineage (one row per released object and annotation behind it), release/ledger (one row per raw image,
annotation and reject), `gate` (one row per broken rule and row); beside them manifest, Croissant, card and charts.

Enforces WITHDRAWN-001 (withdrawn images are never used again) and runs the suites of `labels` and `release/images`.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from golgoru import shell
from golgoru.consensus.geometry import GEOMETRY_COLUMNS
from golgoru.consensus.relabel import RelabelWork, relabel_work
from golgoru.consensus.roles import is_on_object
from golgoru.core.arrays import Integers
from golgoru.core.dataset import SPLITS, Dataset
from golgoru.core.yaml_models import ConfigModel
from golgoru.geometry.boxes import BOX_COLUMNS
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.guideline.rules import RuleBook
from golgoru.raw.withdrawals import Withdrawal
from golgoru.release import card, card_edge_cases, charts, croissant, loss, manifest
from golgoru.release.ledger import IN_RELEASE, Fates, build_ledger, image_fates
from golgoru.tables import coded, frames
from golgoru.tables.columns import columns
from golgoru.tables.frames import table_path
from golgoru.validation import edge_case_counts, suite_runner
from golgoru.validation.baseline import Baseline
from golgoru.validation.features.released import LabelFeatures, ReleaseImageFeatures
from golgoru.validation.findings import gate_failure
from golgoru.validation.suite_runner import ValidationResult
from golgoru.validation.suites import Suite

# What is asked of a label besides `object`; texts of few distinct ones are categories.
_CODED_OF_ANNOTATIONS = ("image", "annotator", "batch", "source", "kind", "guideline_version")
_OF_LABELS = (*BOX_COLUMNS, "polygon", "text", "text_agreement", "ignore", "votes", "agreement", "confidence")
_ABOUT_ANNOTATION = ("batch", "annotator", "guideline_version")
_CODED = ("image", "label", "attributes", "status", "rule", "source", "guideline_version")


class Params(ConfigModel):
    """What becomes of objects without consensus."""

    # It takes about twice as many clean labels to make up for a wrong one. An image with contested objects alone is
    # left out; beside other objects a contested one is released with `ignore`: left out, it would be background.
    contested: Literal["ignore", "release"] = "ignore"
    # A drawn object whose annotation a rule set aside, and that no label covers. `ignore`: its place is released with
    # `ignore`, and an image where the place is not known is left out as incomplete; `withhold`: every such image is.
    lost_objects: Literal["ignore", "withhold"] = "ignore"
    # Of the annotations that could be labels: where one rule sets aside more, there is no release.
    most_set_aside: float = Field(0.5, gt=0, le=1)


class Tables(NamedTuple):
    release_images: pd.DataFrame
    release_train: pd.DataFrame
    release_val: pd.DataFrame
    release_test: pd.DataFrame
    release_lineage: pd.DataFrame
    release_ledger: pd.DataFrame
    gate: pd.DataFrame
    documents: dict[str, bytes]
    metrics: dict[str, Any]


def transform(
    images: Annotated[pd.DataFrame, columns("image", "content", "width", "height", "error")],
    sources: pd.DataFrame,
    annotations: Annotated[pd.DataFrame, columns("annotation", "lead_time_s", coded=_CODED_OF_ANNOTATIONS)],
    rejects: Annotated[pd.DataFrame, columns("reject")],
    violations: Annotated[pd.DataFrame, columns("rule", "action", "table", "key")],
    duplicate_pairs: Annotated[pd.DataFrame, columns("image_a", "image_b", "kind")],
    duplicates: Annotated[pd.DataFrame, columns("image", "duplicate_of", "rule")],
    duplicate_conflicts: Annotated[pd.DataFrame, columns("duplicate_of", "status")],
    labels: Annotated[pd.DataFrame, columns("object", *_OF_LABELS, coded=_CODED)],
    annotation_roles: Annotated[pd.DataFrame, columns("annotation", "object", coded=("image", "role"))],
    relabel: Annotated[pd.DataFrame, columns("image")],
    lost_objects: pd.DataFrame,
    splits: Annotated[pd.DataFrame, columns("image", "group", "split", "fold", "held_back")],
    weights: pd.DataFrame,
    edge_case_hits: Annotated[pd.DataFrame, columns("object", coded=("edge_case", "image"))],
    evaluable_edge_cases: pd.DataFrame,
    classes: Classes,
    rules: RuleBook,
    edge_cases: EdgeCases,
    suites: Mapping[str, Suite],
    accepted: Baseline,
    withdrawals: Sequence[Withdrawal],
    dataset: Dataset,
    params: Params,
) -> Tables:
    """Return the release. Raises shell.GateFailed, with no release, where the gate does not hold."""
    annotations = annotations.reset_index(drop=True)
    annotation_roles = coded.in_order_of(annotation_roles, "annotation", annotations["annotation"])
    fates = image_fates(
        images=images, annotations=annotations, violations=violations, duplicate_pairs=duplicate_pairs,
        duplicates=duplicates, duplicate_conflicts=duplicate_conflicts, labels=labels,
        annotation_roles=annotation_roles, splits=splits, weights=weights, relabel=relabel, withdrawals=withdrawals,
        lost_objects=lost_objects, release_contested=params.contested == "release",
        withhold_incomplete=params.lost_objects == "withhold",
    )  # fmt: skip
    tables = _tables(
        fates, images=images, sources=sources, annotations=annotations, rejects=rejects, violations=violations,
        labels=labels, annotation_roles=annotation_roles, lost_objects=lost_objects, splits=splits, weights=weights,
    )  # fmt: skip
    gate = _gate(labels, tables, classes, suites, rules, accepted, params)
    parts = {f"{name.removeprefix('release/')}.parquet": frames.to_bytes(table, name) for name, table in tables.items()}
    counts = edge_case_counts.release_counts(edge_cases, edge_case_hits, tables)
    edge_case_text = card_edge_cases.edge_cases_section(edge_cases, evaluable_edge_cases, counts)
    work = relabel_work(relabel, annotations)
    documents = parts | _documents(dataset, classes, rules, tables, parts, edge_case_text, work)
    metrics = _metrics(classes, tables, parts) | {"rules": gate.rules, "edge_cases": counts}
    return Tables._make([*tables.values(), gate.findings, documents, metrics])


def _tables(
    fates: Fates,
    *,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    annotations: pd.DataFrame,
    rejects: pd.DataFrame,
    violations: pd.DataFrame,
    labels: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    lost_objects: pd.DataFrame,
    splits: pd.DataFrame,
    weights: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """Return the tables of the release by name, in the order of `Tables`."""
    label_rows = frames.positions(annotation_roles["object"], labels["object"])
    return {
        "release/images": _images(fates, images=images, sources=sources, labels=labels, splits=splits, weights=weights),
        **{
            f"release/{split}": _of_split(fates, split, labels=labels, lost_objects=lost_objects, images=images)
            for split in SPLITS
        },
        "release/lineage": _lineage(
            fates, annotations=annotations, annotation_roles=annotation_roles, label_rows=label_rows
        ),
        "release/ledger": build_ledger(
            fates, annotations=annotations, rejects=rejects, violations=violations, labels=labels,
            annotation_roles=annotation_roles, label_rows=label_rows,
        ),
    }  # fmt: skip


def _gate(
    labels: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    classes: Classes,
    suites: Mapping[str, Suite],
    rules: RuleBook,
    accepted: Baseline,
    params: Params,
) -> ValidationResult:
    """Run the suites of the last tables. Raises shell.GateFailed, with the findings alone, where it does not hold."""
    checked = {
        "labels": LabelFeatures(labels, classes),
        "release/images": ReleaseImageFeatures(tables["release/images"]),
    }
    result = suite_runner.run_suites(checked, suites, rules, accepted)
    reason = gate_failure(result.findings, table_path("gate").as_posix())
    if reason := reason or loss.loss_reason(tables["release/ledger"], rules, params.most_set_aside):
        raise shell.GateFailed(reason, {"gate": result.findings})
    return result


def _documents(
    dataset: Dataset,
    classes: Classes,
    rules: RuleBook,
    tables: Mapping[str, pd.DataFrame],
    parts: Mapping[str, bytes],
    edge_case_text: str,
    work: RelabelWork,
) -> dict[str, bytes]:
    """Return manifest, Croissant, card and charts by file name; `parts` are the tables as they are written."""
    counts = manifest.counts_by_split(classes, tables)
    seeds = {"dataset": dataset.seed}
    release_hash = manifest.release_hash(parts)
    return {
        manifest.FILE: manifest.json_bytes(manifest.build_manifest(dataset, classes, parts, counts, seeds)),
        croissant.FILE: manifest.json_bytes(croissant.build_croissant(dataset, classes, parts)),
        card.FILE: card.build_card(dataset, classes, rules, tables, edge_case_text, release_hash, work),
        **charts.draw_charts(classes, tables),
    }


def _images(
    fates: Fates,
    *,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    labels: pd.DataFrame,
    splits: pd.DataFrame,
    weights: pd.DataFrame,
) -> pd.DataFrame:
    """Return table `release/images`, with the metadata that the team's deliveries declare."""
    released = frames.as_texts(fates.images[fates.images["fate"].isin(IN_RELEASE)]).reset_index()
    reviewed_empty = released["fate"] == "reviewed empty"
    objects = coded.counts(labels.loc[fates.released, "image"])
    tables = (
        images[["image", "content", "width", "height"]],
        sources.drop(columns=["date", "group_key"]),
        splits[["image", "group", *(["fold"] if splits["fold"].notna().any() else [])]],
        weights.drop(columns="keep"),
        pd.DataFrame({"image": objects.index, "objects": objects.to_numpy()}),
    )
    rows = released.assign(reviewed_empty=reviewed_empty)[["image", "split", "reviewed_empty"]]
    rows = pd.concat([rows, *(_of_images(table, rows["image"]) for table in tables)], axis=1)
    return frames.frame("release/images", rows.fillna({"objects": 0}))


def _of_images(table: pd.DataFrame, image: pd.Series) -> pd.DataFrame:
    """Return what a table with one row per image says of each of the images; null where it has none."""
    rows = frames.positions(image, table["image"])
    return table.drop(columns="image").reset_index(drop=True).reindex(rows).set_axis(image.index)


def _of_split(
    fates: Fates, split: str, *, labels: pd.DataFrame, lost_objects: pd.DataFrame, images: pd.DataFrame
) -> pd.DataFrame:
    """Return table `release/train`, `val` or `test`: the released objects, and below them the places of lost ones."""
    name = f"release/{split}"
    in_split = fates.images.index[fates.images["split"] == split]
    shown = fates.released & coded.is_in(labels["image"], in_split).to_numpy()
    rows = labels.loc[shown, ["object", "image", "label", *GEOMETRY_COLUMNS, "ignore", "agreement", "confidence"]]
    rows = rows.assign(ignore=rows["ignore"] | fates.ignored[shown])
    with_objects = fates.images.index[(fates.images["split"] == split) & (fates.images["fate"] == "released")]
    lost = lost_objects[frames.is_in(lost_objects["image"], with_objects)]
    if len(lost):
        regions = lost.rename(columns={"annotation": "object"}).assign(ignore=True)
        rows = pd.concat([frames.as_texts(rows), regions[["object", "image", *BOX_COLUMNS, "ignore"]]])
        rows = rows.reset_index(drop=True)
    content = coded.take(images["content"], coded.positions(rows["image"], images["image"]), rows.index)
    rows = rows.assign(content=content)
    return frames.frame(name, rows, {"image", "content", "label", "attributes"})


def _lineage(
    fates: Fates, *, annotations: pd.DataFrame, annotation_roles: pd.DataFrame, label_rows: Integers
) -> pd.DataFrame:
    """Return table `release/lineage`: the annotations that agree with each released object, or were overruled."""
    behind = np.flatnonzero(is_on_object(annotation_roles["role"]) & coded.flags_at(fates.released, label_rows))
    behind = behind[np.argsort(label_rows[behind], kind="stable")]  # by object, then annotation, as it is written
    of_role = annotation_roles[["object", "annotation", "role"]].iloc[behind]
    about = annotations[[*_ABOUT_ANNOTATION]].iloc[behind]
    return frames.frame("release/lineage", pd.concat([of_role, about], axis=1), {"role", *_ABOUT_ANNOTATION})


def _metrics(classes: Classes, tables: Mapping[str, pd.DataFrame], parts: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "release": manifest.release_hash(parts),
        **manifest.counts_by_split(classes, tables),
        "regions to ignore": {split: int(tables[f"release/{split}"]["label"].isna().sum()) for split in SPLITS},
        "by_rule": _counts(tables["release/ledger"], "rule", "kind"),
        "fates": _counts(tables["release/ledger"], "kind", "fate"),
    }


def _counts(rows: pd.DataFrame, by: str, column: str) -> dict[str, dict[str, int]]:
    """Return how often each value of a column occurs, for each value of `by`; rows without one do not count."""
    return {
        str(name): {str(value): int(count) for value, count in coded.counts(group).sort_index().items()}
        for name, group in rows.groupby(by, observed=True)[column]
    }


if __name__ == "__main__":
    shell.run_stage(transform)
