"""Join train, val and test, account for every raw row, and check the result once more before it is a release.

Reads: every table of the stages before: `images`, `sources` (one row per image), `annotations` (one row per word),
`rejects`, `violations`, `pairs`, `copies`, `disagreements` (one row per copy that people label otherwise), `labels`
(one row per object), `votes` (one row per annotation), `relabel` (one row per object to label again), `splits`,
`weights` (one row per image), `cases`, `judged` (one row per edge case); the guideline, its suites and
data/raw/withdrawals.yaml.
Writes: release/images (one row per released image), release/train, val and test (one row per object),
release/lineage (one row per released object and annotation behind it), release/ledger (one row per raw image,
annotation and reject), `gate` (one row per broken rule and row); beside them manifest, Croissant, card and charts.

Enforces WITHDRAWN-001 (what was withdrawn is never used again) and runs the suites of `labels` and `release/images`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import pandas as pd

from golgoru import shell
from golgoru.consensus.relabel import RelabelWork, relabel_work
from golgoru.core.dataset import SPLITS, Dataset
from golgoru.core.yaml_models import Written
from golgoru.guideline.classes import Classes
from golgoru.guideline.edge_cases import EdgeCases
from golgoru.guideline.rules import RuleBook
from golgoru.raw.withdrawals import Withdrawal
from golgoru.release import card, card_edge_cases, charts, croissant, manifest
from golgoru.release.ledger import IN_RELEASE, Fates, build_ledger, image_fates
from golgoru.tables import frames
from golgoru.tables.frames import table_path
from golgoru.tables.pipeline import TABLES
from golgoru.validation import edge_case_counts, suite_runner
from golgoru.validation.baseline import Baseline
from golgoru.validation.features.released import LabelFeatures, ReleaseImageFeatures
from golgoru.validation.findings import gate_failure
from golgoru.validation.suite_runner import ValidationResult
from golgoru.validation.suites import Suite


class Params(Written):
    """What becomes of objects that the annotators do not agree on."""

    # A model needs about twice as much clean data to get over a wrong label. A picture with nothing else is left out;
    # beside other objects a contested one is released with `ignore`, since without it, it would count as background.
    contested: Literal["ignore", "release"] = "ignore"


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
    images: pd.DataFrame,
    sources: pd.DataFrame,
    annotations: pd.DataFrame,
    rejects: pd.DataFrame,
    violations: pd.DataFrame,
    duplicate_pairs: pd.DataFrame,
    duplicates: pd.DataFrame,
    duplicate_conflicts: pd.DataFrame,
    labels: pd.DataFrame,
    annotation_roles: pd.DataFrame,
    relabel: pd.DataFrame,
    splits: pd.DataFrame,
    weights: pd.DataFrame,
    edge_case_hits: pd.DataFrame,
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
    """Return the release. Raises shell.Stop, with no release, where the gate does not hold."""
    releases_contested = params.contested == "release"
    fates = image_fates(
        images, annotations, violations, duplicate_pairs, duplicates, duplicate_conflicts, labels, annotation_roles, splits, weights, relabel,
        withdrawals, releases_contested,
    )  # fmt: skip
    objects = _objects(fates, labels, images)
    tables = {
        "release/images": _images(fates, objects, images, sources, splits, weights),
        **{f"release/{split}": _of_split(objects, split) for split in SPLITS},
        "release/lineage": _lineage(fates, annotations, annotation_roles),
        "release/ledger": build_ledger(fates, annotations, rejects, violations, labels, annotation_roles),
    }
    gate = _gate(labels, tables["release/images"], classes, suites, rules, accepted)
    parts = {f"{name.removeprefix('release/')}.parquet": frames.to_bytes(table, name) for name, table in tables.items()}
    found = edge_case_counts.release_counts(edge_cases, edge_case_hits, tables)
    edges = card_edge_cases.edge_cases_section(edge_cases, evaluable_edge_cases, found)
    documents = _documents(dataset, classes, rules, tables, parts, edges, relabel_work(relabel, annotations))
    metrics = _metrics(classes, tables, parts) | {"rules": gate.rules, "edge_cases": found}
    return Tables._make([*tables.values(), gate.findings, documents, metrics])


def _gate(
    labels: pd.DataFrame,
    images: pd.DataFrame,
    classes: Classes,
    suites: Mapping[str, Suite],
    rules: RuleBook,
    accepted: Baseline,
) -> ValidationResult:
    """Run the suites of the later tables. Raises shell.Stop, with the findings alone, where the gate does not hold."""
    checked = {"labels": LabelFeatures(labels, classes), "release/images": ReleaseImageFeatures(images)}
    outcome = suite_runner.run_suites(checked, suites, rules, accepted)
    if reason := gate_failure(outcome.findings, table_path("gate").as_posix()):
        raise shell.Stop(reason, {"gate": outcome.findings})
    return outcome


def _documents(
    dataset: Dataset,
    classes: Classes,
    rules: RuleBook,
    tables: Mapping[str, pd.DataFrame],
    parts: Mapping[str, bytes],
    edges: str,
    again: RelabelWork,
) -> dict[str, bytes]:
    """Return manifest, Croissant, card and charts by file name; `parts` are the tables as they are written."""
    counts = manifest.counts_by_split(classes, tables)
    return {
        manifest.FILE: manifest.json_bytes(
            manifest.build_manifest(dataset, classes, parts, counts, {"dataset": dataset.seed})
        ),
        croissant.FILE: manifest.json_bytes(croissant.build_croissant(dataset, classes, parts)),
        card.FILE: card.build_card(dataset, classes, rules, tables, edges, manifest.release_hash(parts), again),
        **charts.draw_charts(classes, tables),
    }


def _objects(fates: Fates, labels: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """Return the released objects with their image's content and split."""
    released = labels[frames.is_in(labels["object"], fates.objects)]
    content = images.set_index("image")["content"]
    return released.assign(
        content=released["image"].map(content),
        split=released["image"].map(fates.images["split"]),
        ignore=released["ignore"] | frames.is_in(released["object"], fates.ignored),
    )


def _images(
    fates: Fates,
    objects: pd.DataFrame,
    images: pd.DataFrame,
    sources: pd.DataFrame,
    splits: pd.DataFrame,
    weights: pd.DataFrame,
) -> pd.DataFrame:
    """Return table `release/images`, with the metadata that the team's deliveries declare."""
    kept = fates.images[fates.images["fate"].isin(IN_RELEASE)].reset_index()
    kept = kept.assign(reviewed_empty=kept["fate"] == "reviewed empty")[["image", "split", "reviewed_empty"]]
    origin = sources.drop(columns=["date", "group_key"])
    rows = kept.merge(images[["image", "content", "width", "height"]], on="image").merge(origin, on="image")
    of_split = ["image", "group"] + ["fold"] * bool(splits["fold"].notna().any())
    rows = rows.merge(splits[of_split], on="image").merge(weights.drop(columns="keep"), on="image")
    count = objects["image"].value_counts()
    objects_on = rows["image"].map(count).astype(float).fillna(0).astype(int)
    return frames.frame("release/images", rows.assign(objects=objects_on))


def _of_split(objects: pd.DataFrame, split: str) -> pd.DataFrame:
    name = f"release/{split}"
    return frames.frame(name, objects.loc[objects["split"] == split, [c.name for c in TABLES[name].columns]])


def _lineage(fates: Fates, annotations: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """Return table `release/lineage`: whose words stand behind each released object, or were overruled there."""
    behind = votes[
        frames.is_in(votes["object"], fates.objects) & votes["role"].isin(["voted", "overruled", "adjudicated"])
    ]
    said = annotations[["annotation", "batch", "annotator", "guideline_version"]]
    return frames.frame("release/lineage", behind.drop(columns="image").merge(said, on="annotation"))


def _metrics(classes: Classes, tables: Mapping[str, pd.DataFrame], parts: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "release": manifest.release_hash(parts),
        **manifest.counts_by_split(classes, tables),
        "decided": _counts(tables["release/ledger"], "rule", "kind"),
        "fates": _counts(tables["release/ledger"], "kind", "fate"),
    }


def _counts(rows: pd.DataFrame, by: str, what: str) -> dict[str, dict[str, int]]:
    """Return how often each value of `what` occurs, for each value of `by`; rows without one do not count."""
    return {
        str(name): {str(value): int(count) for value, count in group[what].value_counts().sort_index().items()}
        for name, group in rows.groupby(by)
    }


if __name__ == "__main__":
    shell.run(transform)
