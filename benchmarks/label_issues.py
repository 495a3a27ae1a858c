"""How well suspects are ranked on CIFAR-10N, where the accepted labels are known, and what it costs.

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

from golgoru.core import paths
from golgoru.core.hashing import uniform
from golgoru.guideline.changes import Changes
from golgoru.guideline.classes import Class, Classes
from golgoru.images.statistics import fingerprint_files
from golgoru.model import label_posterior
from golgoru.tables import frames
from stages import audit, consolidate, evaluate, predict


class World(NamedTuple):
    """The pictures as tables, what three people said of each, and what is right, both by image."""

    images: pd.DataFrame
    sources: pd.DataFrame
    groups: pd.DataFrame
    said: pd.DataFrame
    truth: pd.Series
    classes: Classes


def world(pictures: dict[str, bytes], said: pd.DataFrame, truth: pd.DataFrame) -> World:
    """Write the pictures below data/raw/images, and return the tables that stages read. Groups are by content."""
    files = [paths.IMAGES / "x" / name for name in pictures]
    files[0].parent.mkdir(parents=True)
    for file, data in zip(files, pictures.values(), strict=True):
        file.write_bytes(data)
    seen = [one for at in range(0, len(files), 128) for one in fingerprint_files(files[at : at + 128], (), 10**8)]
    looks = pd.DataFrame([one.looks for one in seen])
    image = [f"x/{name}" for name in pictures]
    rows = looks.assign(image=image, content=[one.content for one in seen], bytes=[one.bytes for one in seen])
    images = frames.frame("images", rows.drop_duplicates("content"))
    said = said.assign(image="x/" + said["image"])
    said = said[said["image"].isin(images["image"])]
    return World(
        images,
        frames.frame("sources", {"image": images["image"], "delivery": "x", "date": "2026-01-01"}),
        frames.frame("groups", {"image": images["image"], "group": images["content"], "home": images["content"]}),
        said,
        truth.assign(image="x/" + truth["image"]).set_index("image")["label"],
        Classes(version="1", classes=tuple(Class(id=name) for name in sorted(truth["label"].unique()))),
    )


class Audited(NamedTuple):
    """What the stages make of the words of some annotators."""

    labels: pd.DataFrame
    ballots: pd.DataFrame
    predictions: pd.DataFrame
    suspects: pd.DataFrame
    metrics: dict[str, Any]
    seconds: float


def audited(given: World, said: pd.DataFrame) -> Audited:
    """Run consolidate, predict and audit on the words; `seconds` are those of predict and audit on the processor."""
    words = said.reset_index(drop=True)
    annotations = frames.frame("annotations", words.assign(
        annotation=words["annotator"] + "/" + words["image"], batch=words["annotator"], date="2026-02-01",
        source="human", kind="object", guideline_version="1",
    ))  # fmt: skip
    nothing = {name: frames.frame(name) for name in ("violations", "duplicate_pairs")}
    made = consolidate.transform(
        annotations=annotations, images=given.images, sources=given.sources, classes=given.classes,
        changes=Changes(), task="classification", params=consolidate.Params(), **nothing,
    )  # fmt: skip
    begun = _processor()
    predictions = predict.transform(
        labels=made.labels, images=given.images, sources=given.sources, groups=given.groups, copies=made.copies,
        external_predictions=[],
        classes=given.classes, task="classification", seed=0, params=predict.Params(),
    ).predictions  # fmt: skip
    found = audit.transform(made.labels, made.ballots, predictions, given.classes, audit.Params(min_score=0.0))
    return Audited(made.labels, made.ballots, predictions, found.suspects, found.metrics, _processor() - begun)


def _processor() -> float:
    """Return the seconds that this process and the ones it has waited for took of the processor."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def precision(ranked: pd.Series, wrong: pd.Series) -> float:
    """Return the average precision of scores (by image) at finding what is wrong (by image)."""
    return float(average_precision_score(wrong.reindex(ranked.index), ranked))


def of_words(found: Audited, given: World) -> dict[str, float]:
    """Return the average precision, per annotator, of ranking that annotator's words by all votes and the model."""
    labels = found.labels.sort_values("object")
    ids = given.classes.ids
    given_all = label_posterior.gather_evidence(found.ballots, found.predictions, ids)
    by_class = label_posterior.posterior_of_objects(pd.Index(labels["object"]), given_all)
    probable = pd.DataFrame(by_class, index=labels["image"], columns=ids)
    rows = {}
    for annotator, words in given.said.groupby("annotator"):
        code = pd.Index(ids).get_indexer(pd.Index(words["label"]))
        score = 1 - probable.loc[words["image"]].to_numpy()[np.arange(len(words)), code]
        wrong = words["label"].to_numpy() != given.truth[words["image"]].to_numpy()
        rows[str(annotator)] = float(average_precision_score(wrong, score))
    return rows


def first_tenth(found: Audited, given: World) -> tuple[float, float, float]:
    """Return the share of wrong labels, how much of it fixing the first tenth removes, and how much was forecast."""
    wrong = found.labels.set_index("image")["label"].pipe(lambda label: label != given.truth.reindex(label.index))
    first = found.suspects.sort_values("rank").head(round(len(wrong) / 10))
    forecast = found.metrics["of these among the first tenth"]
    expected = float("nan") if forecast is None else forecast / len(wrong)
    return float(wrong.mean()), float(wrong[first["image"]].sum() / len(wrong)), expected


def _noise(found: Audited, given: World) -> float:
    agreed = found.labels[found.labels["status"] == "agreed"].set_index("image")["label"]
    return float((agreed != given.truth.reindex(agreed.index)).mean())


def _held_out(metrics: dict[str, Any]) -> float:
    """Return the accuracy on val and test together."""
    parts = metrics["scores"]["built-in"].values()
    return float(sum(p["accuracy"] * p["objects"] for p in parts) / sum(p["objects"] for p in parts))


def evaluated(found: Audited, given: World, labels: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return the metrics of stage evaluate for a release of the agreed labels, or of `labels` in their place.

    Splits go by content, 70 to 15 to 15. Where `labels` are given, val and test keep those of `found`.
    """
    agreed = found.labels[found.labels["status"] == "agreed"]
    place = agreed["object"].map(uniform).to_numpy(float)
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
        predictions=found.predictions, ballots=found.ballots, cases=frames.frame("edge_case_hits"), images=given.images,
        sources=given.sources, classes=given.classes, seed=0, params=evaluate.Params(),
    )  # fmt: skip
    return made.metrics


def mended(found: Audited, given: World) -> pd.DataFrame:
    """Return the labels with the first tenth of the agreed suspects of train set right, as a reviewer would."""
    agreed = found.labels[found.labels["status"] == "agreed"]
    train = agreed[agreed["object"].map(uniform) < 0.7]
    first = found.suspects[found.suspects["object"].isin(train["object"])].sort_values("rank")["object"]
    fixed = agreed["object"].isin(first.head(round(len(train) / 10)))
    return agreed.assign(label=agreed["label"].mask(fixed, agreed["image"].map(given.truth)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    said, truth = (pd.read_csv(folder / f"{name}.csv", dtype="str") for name in ("labels", "truth"))
    pictures = {name: (folder / "images" / name).read_bytes() for name in sorted(said["image"].unique())}
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        given = world(pictures, said, truth)
        everyone = sorted(given.said["annotator"].unique())
        for people in ([everyone[0]], [everyone[1]], [everyone[2]], everyone):
            begun = time.monotonic()
            found = audited(given, given.said[given.said["annotator"].isin(people)])
            wrong, removed, forecast = first_tenth(found, given)
            score = found.suspects.set_index("image")["score"]
            is_wrong = found.labels.set_index("image")["label"].pipe(lambda x: x != given.truth.reindex(x.index))
            print(f"{' '.join(people)}: {len(found.labels):,} labels, {wrong:.3f} wrong; average precision "
                  f"{precision(score, is_wrong):.3f}; the first tenth holds {removed:.3f}, forecast {forecast:.3f}; "
                  f"{found.seconds:.0f} CPU s, {time.monotonic() - begun:.0f} s")  # fmt: skip
        begun, used = time.monotonic(), _processor()
        before = evaluated(found, given)
        seconds = _processor() - used
        after = evaluated(found, given, mended(found, given))
        held = [_held_out(metrics) for metrics in (before, after)]
        print("noise:", before["noise"], "of agreed labels, in truth", round(_noise(found, given), 4))
        print(
            "forecast:", before["forecast"], f"; accuracy measured {held[0]:.4f} -> {held[1]:.4f}; {seconds:.0f} CPU s"
        )
        print("words by all votes and the model:", {k: round(v, 3) for k, v in of_words(found, given).items()})


if __name__ == "__main__":
    main()
