"""Laws of consolidate, on random annotations; examples of each rule stand in test_consolidate.py."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from golgoru.core.dataset import Task
from golgoru.tables import frames
from tests.template.builders.consensus_tables import (
    AGAIN,
    BOX,
    ELSEWHERE,
    TABLES,
    annotation,
    detect,
    finding,
    pictures,
    run,
    to_bytes,
)
from tests.template.builders.examples import examples

IMAGES = ["d/a", "d/b", "d/c", "d/torn"]
WORD = st.fixed_dictionaries(
    {
        "image": st.sampled_from([*IMAGES, "nowhere"]),
        "annotator": st.sampled_from(["ann", "ben", "cem"]),
        "batch": st.sampled_from(["b1", "b2", "b3"]),
        "date": st.sampled_from(["2026-01-01", "2026-01-02"]),
        "source": st.sampled_from(["human", "human", "human", "import", "review", "model"]),
        "kind": st.sampled_from(["object"] * 5 + ["empty", "remove", "unsure", "skipped"]),
        "about": st.none() | st.integers(0, 12),
        "label": st.sampled_from(["cat", "dog", "owl", "zebra", None]),
        "at": st.sampled_from([BOX, AGAIN, ELSEWHERE, (0, 2, 10, 10), (52, 50, 10, 10), (0, 0, 0, 0), None]),
        "polygon": st.sampled_from(
            [None, None, [0.0, 0.0, 9.0, 1.0, 9.0, 9.0], [0.0, 0.0, 9.0, 3.0, 9.0, 9.0, 0.0, 8.0]]
        ),
        "text": st.sampled_from(["TOTAL", "T0TAL", "9.00", None]),
        "guideline_version": st.sampled_from(["1.9", "1.10"]),
        "lead_time_s": st.none() | st.integers(1, 3),
    }
)


@st.composite
def collections(draw: st.DrawFn) -> dict[str, pd.DataFrame]:
    rows = draw(st.lists(WORD, max_size=12))
    keys = [f"{row['batch']}/{n}" for n, row in enumerate(rows)]
    for row, key in zip(rows, keys, strict=True):
        row["annotation"] = key
        if row["about"] is not None:
            row["about"] = [*keys, "b9/9"][min(row["about"], len(keys))]
        row |= dict(zip(("x", "y", "width", "height"), row.pop("at") or (), strict=False))
    images = pictures(*IMAGES, torn="d/torn")
    linked = draw(st.sampled_from([(), (("d/a", "d/b", "exact"),), (("d/a", "d/b", "near"), ("d/b", "d/c", "exact"))]))
    aside = draw(st.sets(st.sampled_from(keys), max_size=2)) if keys else set()
    findings = [finding("annotations", key) for key in sorted(aside)]
    findings += [finding("images", "d/c", "IMG-003")] if draw(st.booleans()) else []
    pairs = pd.DataFrame(linked, columns=["image_a", "image_b", "kind"]).assign(distance=0, score=1.0)
    return {
        "annotations": frames.frame("annotations", pd.DataFrame(rows)),
        "violations": frames.frame("violations", pd.DataFrame(findings)),
        "duplicate_pairs": frames.frame("duplicate_pairs", pairs),
        "images": images,
        "sources": frames.frame("sources", {"image": images["image"], "delivery": "d", "date": "2026-01-01"}),
    }


TASKS = st.sampled_from(["classification", "detection", "ocr"])
few = examples(15)  # a run takes 0.1 s


@few
@given(collections(), TASKS)
def test_roles_say_what_became_of_every_annotation(tables: dict[str, pd.DataFrame], task: Task) -> None:
    found = run(tables, task)
    annotations = tables["annotations"].merge(found.annotation_roles, on="annotation", suffixes=("_said", ""))
    aside = annotations["annotation"].isin(tables["violations"]["key"]) | annotations["image_said"].isin(
        tables["violations"]["key"]
    )
    assert ((annotations["role"] == "set aside") == aside).all()
    counted = annotations[annotations["role"].isin(["agrees", "overruled", "adjudicated", "superseded", "empty"])]
    assert counted["image"].notna().all()
    assert not counted["source"].eq("model").any()
    assert not counted["kind"].eq("skipped").any()
    assert not annotations.loc[annotations["role"].isin(["agrees", "overruled"]), "kind"].eq("unsure").any()
    # Every label has an annotation that gives it, on an image of the label.
    won = counted.merge(found.labels, on="object", suffixes=("", "_won"))
    deciding = won[won["role"].isin(["agrees", "adjudicated"])]
    assert set(deciding["object"]) == set(found.labels["object"])
    assert (deciding["label"] == deciding["label_won"]).all()
    assert (won["image"] == won["image_won"]).all()
    assert set(annotations.loc[annotations["role"] == "empty", "image"]).isdisjoint(found.labels["image"])


@few
@given(collections(), TASKS, st.integers(0, 99), st.permutations(["ann", "ben", "cem", "zoe", "\x1freview"]))
def test_row_order_and_names_of_annotators_are_nothing(
    tables: dict[str, pd.DataFrame], task: Task, seed: int, names: list[str]
) -> None:
    renamed = dict(zip(["ann", "ben", "cem"], names, strict=False))
    other = {name: table.sample(frac=1, random_state=seed) for name, table in tables.items()}
    other["annotations"] = other["annotations"].assign(
        annotator=other["annotations"]["annotator"].map(renamed).astype("str")
    )
    one, two = run(tables, task), run(other, task)
    back = {new: old for old, new in renamed.items()}
    two = two._replace(votes=two.votes.assign(annotator=two.votes["annotator"].map(back).astype("str")))
    assert to_bytes(one) == to_bytes(two)
    assert one.metrics == two.metrics


def digest() -> str:
    """Return the hash of what the stage makes of a picture that a crowd of three hundred disagrees about."""
    annotations = [
        annotation(f"b{n % 3 + 1}/{n}", f"annotator {n % 17}", ("cat", "dog", "owl")[n % 7 % 3], (n % 11, 0, 12, 10))
        for n in range(300)
    ]
    made = to_bytes(detect(*annotations))
    return hashlib.sha256(b"".join(made[name] for name in TABLES)).hexdigest()


def test_the_seed_of_pythons_hashes_is_nothing() -> None:
    here = digest()
    code = "from tests.template.stages.test_consolidate_laws import digest; print(digest())"
    top = Path(__file__).resolve().parents[3]
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", code], cwd=top, env=environment, capture_output=True, text=True, check=False
        )
        assert run.stdout.strip() == here, run.stderr


def test_the_size_of_the_work_is_that_of_the_annotations() -> None:
    # A thousand boxes by each of two annotators on one image, and a chain of a thousand corrections.
    annotations = [
        annotation(f"b{1 + (who == 'ben')}/{n}", who, "cat", (n % 40 * 20, n // 40 * 20, 15, 15))
        for who in ("ann", "ben")
        for n in range(1000)
    ]
    annotations += [
        annotation(f"b3/{n:04}", "ann", "dog", BOX, about=f"b3/{n - 1:04}" if n else "b1/0") for n in range(1000)
    ]
    found = detect(*annotations)
    assert len(found.labels) == 1000
    assert set(found.labels["votes"]) == {2}
