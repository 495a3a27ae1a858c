"""Stage ingest: annotations, rejects and sources of a small repository; nothing is lost, order is irrelevant."""

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golgoru.core.errors import UserError
from golgoru.raw.batches import read_batches
from golgoru.raw.deliveries import Delivery, Description, read_deliveries
from golgoru.tables import frames
from stages import ingest
from tests.template.builders.examples import examples

BATCH = 'format: csv\nsource: human\nannotator: ann\ndate: {date}\nguideline_version: "1.0"\nimages: d\n'
IMAGES = ["d/1.png", "d/2.png", "d/s1/3.png"]
Files = dict[str, str]
FILES: Files = {
    "deliveries/d.yaml": "date: 2026-01-01\nlicence: CC0-1.0\ngroup: '^(s\\d+)/'\n"
    "metadata: {site: text, visits: integer}\n",
    "deliveries/d.csv": "image,site,visits\n1.png,Köln,1\ns1/3.png,,\n9.png,x,1\n",
    "batches/one/batch.yaml": BATCH.format(date="2026-01-05"),
    "batches/one/payload/a.csv": "image,label\n1.png,cat\n2.png,dog,x\ns1/3.png,cat\nnowhere.png,cat\n",
    "batches/two/batch.yaml": BATCH.format(date="2026-01-03"),
    "batches/two/payload/a.csv": "image,label\n1.png,unheard\n1.png,unheard\n",
}

Run = Callable[..., ingest.Tables]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs the stage over files below data/raw, in an empty repository."""
    monkeypatch.chdir(tmp_path)
    return run_here


def run_here(files: Files, images: list[str] = IMAGES) -> ingest.Tables:
    for name, text in files.items():
        path = Path("data/raw") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    outs = sorted({str(Path("data/raw") / name.partition("/payload/")[0] / "payload") for name in files})
    Path("dvc.yaml").write_text(json.dumps({"stages": {"label": {"cmd": "label", "outs": outs}}}))
    deliveries, batches = read_deliveries(Path("data/raw/deliveries")), read_batches(Path("data/raw/batches"))
    return ingest.transform(frames.frame("images", {"image": images}), deliveries, batches, ingest.Params())


def records(table: pd.DataFrame, *columns: str) -> list[list[Any]]:
    return sorted(
        table[list(columns)].astype(object).where(table[list(columns)].notna(), None).to_numpy().tolist(), key=str
    )


def test_annotations_are_read_with_their_batch_and_images_resolved(run: Run) -> None:
    annotations = run(FILES).annotations
    assert records(annotations, "batch", "image", "label", "date") == [
        ["one", "d/1.png", "cat", "2026-01-05"],
        ["one", "d/s1/3.png", "cat", "2026-01-05"],
        ["one", "nowhere.png", "cat", "2026-01-05"],
        ["two", "d/1.png", "unheard", "2026-01-03"],
        ["two", "d/1.png", "unheard", "2026-01-03"],
    ]
    assert annotations["annotation"].is_unique


def test_what_cannot_be_read_is_a_reject_with_file_line_and_reason(run: Run) -> None:
    tables = run(
        {**FILES, "batches/one/payload/b.csv": "image,label\n\x00,\n", "deliveries/e.yaml": "date: 2026-01-01\n"}
    )
    assert records(tables.rejects, "batch", "file", "line", "error") == [
        ["d", "deliveries/d.csv", 4, "names no picture of the delivery: 9.png,x,1"],
        ["e", "deliveries/e.yaml", None, "the delivery holds no picture"],
        ["one", "a.csv", 3, "found 3 values, expected 2 values: 2.png,dog,x"],
    ]
    assert tables.metrics["rejects"] == 3 and tables.metrics["annotations"] == len(tables.annotations) == 6


def test_sources_hold_one_row_per_image_with_group_and_metadata(run: Run) -> None:
    more = {
        "deliveries/e.yaml": "date: 2026-02-01\nmetadata: {site: text}\ngroup_column: site\n",
        "deliveries/e.csv": "image,site\n1.png,hall\n",
    }
    sources = run({**FILES, **more}, [*IMAGES, "e/1.png", "e/2.png"]).sources
    assert records(sources, "image", "delivery", "date", "group_key", "licence", "site", "visits") == [
        ["d/1.png", "d", "2026-01-01", None, "CC0-1.0", "Köln", 1],
        ["d/2.png", "d", "2026-01-01", None, "CC0-1.0", None, None],
        ["d/s1/3.png", "d", "2026-01-01", "s1", "CC0-1.0", None, None],
        ["e/1.png", "e", "2026-02-01", "hall", None, "hall", None],
        ["e/2.png", "e", "2026-02-01", None, None, None, None],
    ]


def test_an_empty_repository_gives_empty_tables(run: Run) -> None:
    tables = run({}, [])
    for name in ("annotations", "rejects", "sources"):
        frames.to_bytes(getattr(tables, name), name)
    assert tables.metrics == {"annotations": 0, "rejects": 0, "batches": 0, "annotators": 0, "by kind": {}}


def test_pictures_without_any_batch_are_sources(run: Run) -> None:
    tables = run({"deliveries/d.yaml": "date: 2026-01-01\n"})
    assert list(tables.sources["image"]) == IMAGES and tables.annotations.empty and tables.rejects.empty


def test_a_batch_of_an_unknown_delivery_stops_the_stage_and_names_line_and_key(run: Run) -> None:
    with pytest.raises(UserError) as error:
        run({**FILES, "batches/one/batch.yaml": BATCH.format(date="2026-01-05").replace("images: d", "images: x")})
    assert str(error.value) == (
        "data/raw/batches/one/batch.yaml:6: images: there is no delivery 'x' in data/raw/deliveries"
    )


def test_a_batch_named_as_a_delivery_shares_no_reject_key_with_it(run: Run) -> None:
    files = {
        "deliveries/d.yaml": "date: 2026-01-01\n",
        "deliveries/d.csv": "image\n1.png,x\n",
        "batches/d/batch.yaml": BATCH.format(date="2026-01-05"),
        "batches/d/payload/deliveries/d.csv": "image\n1.png,x\n",
    }
    rejects = run(files).rejects
    assert len(rejects) == 2
    frames.to_bytes(rejects, "rejects")


LINES = st.lists(st.sampled_from(["1.png,cat", "1.png,dog", "2.png,cat", "nowhere.png,cat", "2.png", '3.png,"cat', ""]))


@examples(10)
@given(lines=LINES, order=st.randoms(use_true_random=False))
def test_the_order_of_lines_and_of_images_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], order: Any
) -> None:
    runs = []
    for shuffle in (lambda _: None, order.shuffle):
        shuffled, images = lines.copy(), IMAGES.copy()
        shuffle(shuffled)
        shuffle(images)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path_factory.mktemp("repository"))
            runs.append(run_here({**FILES, "batches/one/payload/a.csv": "\n".join(["image,label", *shuffled])}, images))
    first, again = runs
    for name in ("annotations", "sources"):
        assert frames.to_bytes(getattr(first, name), name) == frames.to_bytes(getattr(again, name), name)
    # The line says where to look, so it moves; the key and the reason do not.
    keys = [records(tables.rejects, "reject", "batch", "file", "error") for tables in runs]
    assert keys[0] == keys[1]
    of_batch = sum(tables.eq("one").sum() for tables in (first.annotations["batch"], first.rejects["batch"]))
    assert of_batch == sum(bool(line) for line in lines)


def test_dates_of_batches_are_dates(run: Run) -> None:
    run(FILES)
    assert [batch.name for batch in read_batches(Path("data/raw/batches"))] == ["two", "one"]
    assert read_batches(Path("data/raw/batches"))[0].settings.date == date(2026, 1, 3)


def test_a_group_pattern_takes_time_in_proportion_to_the_name(run: Run) -> None:
    name = "a" * 54 + "1.png"
    described = {"deliveries/d.yaml": "date: 2026-01-01\ngroup: '((?:a+)+)$'\n"}
    assert run(described, [f"d/{name}"]).sources["group_key"].isna().all()


@given(st.lists(st.text("ab1/-", min_size=1, max_size=8), min_size=1, max_size=5, unique=True))
def test_a_group_is_what_the_first_match_of_the_pattern_holds(names: list[str]) -> None:
    for pattern in ("(a+)", "^(a|b)", "([^/]+)/", "b(1?)", "-(.)$"):
        description = Description.model_validate({"date": "2026-01-01", "group": pattern})
        delivery = Delivery("d", Path("d.yaml"), description, None, None)
        keys = ingest._group_keys(pd.Series([f"d/{name}" for name in names], dtype="str"), delivery, pd.DataFrame())
        matches = [re.search(pattern, name) for name in names]
        assert [key if isinstance(key, str) else "" for key in keys] == [match[1] if match else "" for match in matches]


def test_a_payload_that_no_commit_would_hold_stops_the_stage(run: Run) -> None:
    run(FILES)
    Path("dvc.yaml").write_text("stages: {}\n")
    deliveries, batches = read_deliveries(Path("data/raw/deliveries")), read_batches(Path("data/raw/batches"))
    with pytest.raises(UserError) as error:
        ingest.transform(frames.frame("images", {"image": IMAGES}), deliveries, batches, ingest.Params())
    assert str(error.value).startswith("data/raw/batches/two/batch.yaml: the payload beside it is not versioned")
