"""Stage release: the gate stops it, the metadata reach it, and its hash is that of the files on disk."""

import functools
import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from golgoru import shell
from golgoru.core import paths
from golgoru.core.dataset import SPLITS
from golgoru.guideline.classes import Classes
from golgoru.release import card, croissant, manifest
from golgoru.tables import frames
from golgoru.tables.frames import table_name, table_path
from golgoru.validation.suites import suite_from_rules
from stages import release
from tests.template.builders import world_tables, worlds
from tests.template.builders.drawn_worlds import drawn
from tests.template.builders.frozen import FROZEN

SUITES = {table: suite_from_rules(worlds.RULES, table) for table in worlds.RULES.checked_tables()}
PARTS = ("images", *SPLITS, "lineage", "ledger")


@functools.cache
def world():
    """Return a world whose release has images in every split."""
    made = worlds.build("detection", 60, 5)
    # Two scenes have half of the images, each in one split: without them every split has images.
    apart = world_tables.groups_of(made.images, made.sources, [])
    return made._replace(withdrawals=[], pins=[], groups=apart, rejects=made.rejects.iloc[:0])


def arguments(**change):
    made = worlds.materials(world()) | change
    return {name: made[name] for name in release.transform.__annotations__ if name in made} | {
        "params": release.Params()
    }


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Work in a folder that has nothing but the checks in Python."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / paths.CHECKS).parent.mkdir()
    shutil.copy(FROZEN / paths.CHECKS, paths.CHECKS)
    return tmp_path


def run_with(monkeypatch, **change):
    """Run the stage through the shell, on arguments that are given instead of read. Return its exit code."""
    given = arguments(**change)
    monkeypatch.setattr(shell, "read_arguments", lambda *_: given)
    try:
        shell.run_stage(release.transform)
    except SystemExit as stop:
        return stop.code
    return 0


def test_a_release_that_holds_is_written_with_its_documents_and_hash(repository, monkeypatch, capsys):
    assert run_with(monkeypatch, suites=SUITES) == 0
    assert capsys.readouterr().err == ""
    written = {file.name for file in paths.RELEASE.iterdir()}
    assert {f"{part}.parquet" for part in PARTS} <= written
    assert {manifest.FILE, croissant.FILE, card.FILE} <= written
    assert list(paths.RELEASE.rglob("*.svg"))
    written_manifest = json.loads((paths.RELEASE / manifest.FILE).read_text())
    lines = sorted(f"{p}.parquet {sha256(paths.RELEASE / f'{p}.parquet')}\n" for p in PARTS)
    assert written_manifest["release"] == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert written_manifest["release"] in (paths.RELEASE / card.FILE).read_text()
    assert written_manifest["seeds"] == {"dataset": 7}
    metrics = json.loads((paths.REPORTS / "release.json").read_text())
    assert metrics["release"] == written_manifest["release"]
    rows = {kind: sum(fates.values()) for kind, fates in metrics["fates"].items()}
    raw = world()
    assert rows == {"image": len(raw.images), "annotation": len(raw.annotations)}
    gate = frames.read_table(table_path("gate"), "gate")
    assert set(gate["action"]) == {"tell"}
    assert metrics["rules"]["REL-003"] == {
        "broken": 0,
        "known": 0,
        "checked": len(pd.read_parquet(paths.RELEASE / "images.parquet")),
        "share_checked": 1.0,
    }
    for split in SPLITS:
        assert (
            written_manifest["counts"]["objects"][split]
            == pd.read_parquet(paths.RELEASE / f"{split}.parquet")["label"].count()
            > 0
        )


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_gate_that_does_not_hold_leaves_the_gate_table_and_no_release(repository, monkeypatch, capsys):
    no_owls = Classes.model_validate({"version": "1.10", "classes": [{"id": "dog"}, {"id": "owl"}]})
    assert run_with(monkeypatch, suites=SUITES, classes=no_owls) == 1
    assert not paths.RELEASE.exists()
    assert not paths.REPORTS.exists()
    gate = frames.read_table(table_path("gate"), "gate")
    assert set(gate.loc[gate["action"] == "stop", "rule"]) == {"REL-001"}
    message = capsys.readouterr().err
    assert message.startswith("release: the gate does not hold; all findings are in data/gate.parquet\n  REL-001: ")
    assert "label=cat" in message


def test_a_rule_that_took_every_annotation_stops_the_release_with_its_name(repository, monkeypatch, capsys):
    bare = drawn({"ann": [0.0, 50.0]}, "detection")
    found = pd.DataFrame({"key": bare.annotations["annotation"], "rule": "CLASS-001", "action": "set aside"})
    found = found.assign(severity="critical", table="annotations", message="no such class", known=False)
    made = worlds.materials(bare._replace(violations=frames.frame("violations", found)))
    given = {name: made[name] for name in release.transform.__annotations__ if name in made}
    monkeypatch.setattr(shell, "read_arguments", lambda *_: given | {"params": release.Params(), "suites": SUITES})
    with pytest.raises(SystemExit) as stop:
        shell.run_stage(release.transform)
    assert stop.value.code == 1 and not paths.RELEASE.exists()
    message = capsys.readouterr().err
    assert message.startswith("release: no annotation is released; CLASS-001 (")
    assert "set aside 2 of 2 annotations, such as b/0" in message


@pytest.mark.parametrize(("column", "rule"), [("group", "REL-002"), ("content", "REL-003")])
def test_a_leak_between_splits_stops_the_release(column, rule):
    """The last check: as if split had put a group into two splits, or dedup had missed two equal files."""
    given = arguments(suites=SUITES)
    if column == "group":
        given["splits"] = given["splits"].assign(group="one for all")
    else:
        given["images"] = given["images"].assign(content="f" * 32)
    with pytest.raises(shell.GateFailed) as stop:
        release.transform(**given)
    assert set(stop.value.tables) == {"gate"}
    assert rule in set(stop.value.tables["gate"]["rule"])


def test_metadata_reach_the_images_whatever_their_name():
    made = worlds.materials(world())
    # Names that the stage itself uses for columns.
    sources = made["sources"].assign(fate=range(len(made["sources"])), survivor="x", keep=True)
    with worlds.gate_open():
        result = release.transform(**arguments(sources=sources))
    merged = result.release_images.merge(sources, on="image", suffixes=("", "_given"))
    for column in ("camera", "fate", "survivor", "keep"):
        expected = merged[f"{column}_given"]
        assert (merged[column].eq(expected) | expected.isna()).all()
    assert result.release_images["camera"].notna().any()
    frames.canonical_table(result.release_images, "release/images")


def test_weights_and_repeats_outside_train_are_one():
    with worlds.gate_open():
        images = release.transform(**arguments()).release_images
    others = images[images["split"] != "train"]
    assert len(others)
    assert others["weight"].eq(1).all()
    assert others["repeat"].eq(1).all()


def test_folds_reach_the_images_where_they_are_asked_for():
    given = arguments()
    split = given["splits"]["split"]
    folds = pd.Series(range(len(split)), dtype="Int64").mod(3).mask(split == "test")
    with worlds.gate_open():
        plain = release.transform(**given).release_images
        images = release.transform(**given | {"splits": given["splits"].assign(fold=folds)}).release_images
    assert "fold" not in plain
    assert images["fold"].isna().eq(images["split"] == "test").all()
    assert set(images["fold"].dropna()) == {0, 1, 2}
    frames.canonical_table(images, "release/images")


def test_the_documents_follow_from_the_tables_alone():
    with worlds.gate_open():
        first, second = (release.transform(**arguments()) for _ in range(2))
    assert first.documents == second.documents
    assert all(isinstance(content, bytes) for content in first.documents.values())
    tables = {name: table for name, table in first._asdict().items() if name.startswith("release_")}
    for name, table in tables.items():
        file = table_path(name).relative_to(paths.RELEASE).as_posix()
        assert first.documents[file] == frames.to_bytes(table, table_name(name))
    assert len(tables) == 6
