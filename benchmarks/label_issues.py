"""How well label issues are ranked on CIFAR-10N, where the accepted labels are known, and what it costs.

    python -m benchmarks.label_issues FOLDER

FOLDER is the unpacked archive: images/, labels.csv (image, annotator, label), truth.csv. First one annotator's labels
at a time, then those that three annotators' votes give.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from golgoru.consensus.status import AGREED
from golgoru.core import paths
from golgoru.core.hashing import uniform_hash
from golgoru.guideline.changes import Changes
from golgoru.guideline.classes import Class, Classes
from golgoru.images.statistics import fingerprint_files
from golgoru.model import label_posterior
from golgoru.tables import frames
from stages import audit, consolidate, evaluate, predict


class World(NamedTuple):
    """The images as tables, the annotations (image, annotator, label), and the true label by image."""

    images: pd.DataFrame
    sources: pd.DataFrame
    groups: pd.DataFrame
    annotations: pd.DataFrame
    truth: pd.Series
    classes: Classes


def world(files_by_name: dict[str, bytes], annotations: pd.DataFrame, truth: pd.DataFrame) -> World:
    """Write the images below data/raw/images, and return the tables that stages read. Groups are by content."""
    files = [paths.IMAGES / "x" / name for name in files_by_name]
    files[0].parent.mkdir(parents=True)
    for file, data in zip(files, files_by_name.values(), strict=True):
        file.write_bytes(data)
    fingerprints = [
        fingerprint
        for at in range(0, len(files), 128)
        for fingerprint in fingerprint_files(files[at : at + 128], (), 10**8)
    ]
    statistics = pd.DataFrame([fingerprint.statistics for fingerprint in fingerprints])
    image = [f"x/{name}" for name in files_by_name]
    rows = statistics.assign(
        image=image, content=[f.content for f in fingerprints], bytes=[f.bytes for f in fingerprints]
    )
    images = frames.frame("images", rows.drop_duplicates("content"))
    annotations = annotations.assign(image="x/" + annotations["image"])
    annotations = annotations[annotations["image"].isin(images["image"])]
    return World(
        images,
        frames.frame("sources", {"image": images["image"], "delivery": "x", "date": "2026-01-01"}),
        frames.frame(
            "groups", {"image": images["image"], "group": images["content"], "group_on_arrival": images["content"]}
        ),
        annotations,
        truth.assign(image="x/" + truth["image"]).set_index("image")["label"],
        Classes(version="1", classes=tuple(Class(id=name) for name in sorted(truth["label"].unique()))),
    )


class Audited(NamedTuple):
    """What the stages make of the annotations of some annotators."""

    labels: pd.DataFrame
    votes: pd.DataFrame
    predictions: pd.DataFrame
    label_issues: pd.DataFrame
    metrics: dict[str, Any]
    seconds: float


def audited(given: World, annotations: pd.DataFrame) -> Audited:
    """Run consolidate, predict and audit on the annotations; `seconds`: the CPU time of predict and audit."""
    rows = annotations.reset_index(drop=True)
    table = frames.frame("annotations", rows.assign(
        annotation=rows["annotator"] + "/" + rows["image"], batch=rows["annotator"], date="2026-02-01",
        source="human", kind="object", guideline_version="1",
    ))  # fmt: skip
    empty = {name: frames.frame(name) for name in ("violations", "duplicate_pairs")}
    made = consolidate.transform(
        annotations=table, images=given.images, sources=given.sources, classes=given.classes,
        changes=Changes(), task="classification", params=consolidate.Params(), **empty,
    )  # fmt: skip
    begun = _processor()
    predictions = predict.transform(
        labels=made.labels, images=given.images, sources=given.sources, groups=given.groups, duplicates=made.duplicates,
        external_predictions=[],
        classes=given.classes, task="classification", seed=0, params=predict.Params(),
    ).predictions  # fmt: skip
    result = audit.transform(
        labels=made.labels, votes=made.votes, predictions=predictions, classes=given.classes,
        params=audit.Params(min_score=0.0),
    )  # fmt: skip
    return Audited(made.labels, made.votes, predictions, result.label_issues, result.metrics, _processor() - begun)


def _processor() -> float:
    """Return the seconds that this process and the ones it has waited for took of the processor."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def precision(ranked: pd.Series, wrong: pd.Series) -> float:
    """Return the average precision of scores (by image) at finding what is wrong (by image)."""
    return float(average_precision_score(wrong.reindex(ranked.index), ranked))


def precision_by_annotator(result: Audited, given: World) -> dict[str, float]:
    """Return the average precision, per annotator, of ranking their annotations by all votes and the model."""
    labels = result.labels.sort_values("object")
    ids = given.classes.ids
    evidence = label_posterior.gather_evidence(votes=result.votes, predictions=result.predictions, classes=ids)
    by_class = label_posterior.posterior_of_objects(labels["object"], evidence)
    probable = pd.DataFrame(by_class, index=labels["image"], columns=ids)
    rows = {}
    for annotator, own in given.annotations.groupby("annotator"):
        code = pd.Index(ids).get_indexer(pd.Index(own["label"]))
        score = 1 - probable.loc[own["image"]].to_numpy()[np.arange(len(own)), code]
        wrong = own["label"].to_numpy() != given.truth[own["image"]].to_numpy()
        rows[str(annotator)] = float(average_precision_score(wrong, score))
    return rows


def first_tenth(result: Audited, given: World) -> tuple[float, float, float]:
    """Return the share of wrong labels, how much of it fixing the first tenth removes, and how much was forecast."""
    wrong = result.labels.set_index("image")["label"].pipe(lambda label: label != given.truth.reindex(label.index))
    first = result.label_issues.sort_values("rank").head(round(len(wrong) / 10))
    forecast = result.metrics["expected wrong labels in the first tenth"]
    expected = float("nan") if forecast is None else forecast / len(wrong)
    return float(wrong.mean()), float(wrong[first["image"]].sum() / len(wrong)), expected


def _noise(result: Audited, given: World) -> float:
    agreed = result.labels[result.labels["status"] == AGREED].set_index("image")["label"]
    return float((agreed != given.truth.reindex(agreed.index)).mean())


def _held_out(metrics: dict[str, Any]) -> float:
    """Return the accuracy on val and test together."""
    parts = metrics["scores"]["built-in"].values()
    return float(sum(p["accuracy"] * p["objects"] for p in parts) / sum(p["objects"] for p in parts))


def evaluated(result: Audited, given: World, labels: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return the metrics of stage evaluate for a release of the agreed labels, or of `labels` in their place.

    Splits go by content, 70 to 15 to 15. Where `labels` are given, val and test keep those of `result`.
    """
    agreed = result.labels[result.labels["status"] == AGREED]
    place = agreed["object"].map(uniform_hash).to_numpy(float)
    split = np.select([place < 0.7, place < 0.85], ["train", "val"], "test")
    parts = {}
    for name in ("train", "val", "test"):
        objects = agreed[split == name]
        if labels is not None and name == "train":
            objects = objects.assign(label=objects["object"].map(labels.set_index("object")["label"]))
        parts[name] = frames.frame(f"release/{name}", objects.assign(content=objects["object"]))
    images = pd.DataFrame({"image": agreed["image"], "content": agreed["object"], "group": agreed["object"]})
    made = evaluate.transform(
        release_train=parts["train"], release_val=parts["val"], release_test=parts["test"], release_images=images,
        predictions=result.predictions, votes=result.votes, edge_case_hits=frames.frame("edge_case_hits"),
        images=given.images, sources=given.sources, classes=given.classes, seed=0, params=evaluate.Params(),
    )  # fmt: skip
    return made.metrics


def corrected(result: Audited, given: World) -> pd.DataFrame:
    """Return the agreed labels with the first tenth of the issues of train corrected, as by a reviewer."""
    agreed = result.labels[result.labels["status"] == AGREED]
    train = agreed[agreed["object"].map(uniform_hash) < 0.7]
    first = result.label_issues[result.label_issues["object"].isin(train["object"])].sort_values("rank")["object"]
    fixed = agreed["object"].isin(first.head(round(len(train) / 10)))
    return agreed.assign(label=agreed["label"].mask(fixed, agreed["image"].map(given.truth)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    annotations, truth = (pd.read_csv(folder / f"{name}.csv", dtype="str") for name in ("labels", "truth"))
    pictures = {name: (folder / "images" / name).read_bytes() for name in sorted(annotations["image"].unique())}
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        given = world(pictures, annotations, truth)
        everyone = sorted(given.annotations["annotator"].unique())
        for annotators in ([everyone[0]], [everyone[1]], [everyone[2]], everyone):
            begun = time.monotonic()
            result = audited(given, given.annotations[given.annotations["annotator"].isin(annotators)])
            wrong, removed, forecast = first_tenth(result, given)
            score = result.label_issues.set_index("image")["score"]
            is_wrong = result.labels.set_index("image")["label"].pipe(lambda x: x != given.truth.reindex(x.index))
            print(f"{' '.join(annotators)}: {len(result.labels):,} labels, {wrong:.3f} wrong; average precision "
                  f"{precision(score, is_wrong):.3f}; the first tenth holds {removed:.3f}, forecast {forecast:.3f}; "
                  f"{result.seconds:.0f} CPU s, {time.monotonic() - begun:.0f} s")  # fmt: skip
        begun, used = time.monotonic(), _processor()
        before = evaluated(result, given)
        seconds = _processor() - used
        after = evaluated(result, given, corrected(result, given))
        held = [_held_out(metrics) for metrics in (before, after)]
        print("noise:", before["noise"], "of agreed labels, in truth", round(_noise(result, given), 4))
        print(
            "forecast:", before["forecast"], f"; accuracy measured {held[0]:.4f} -> {held[1]:.4f}; {seconds:.0f} CPU s"
        )
        print(
            "annotations by all votes and the model:",
            {k: round(v, 3) for k, v in precision_by_annotator(result, given).items()},
        )


if __name__ == "__main__":
    main()
