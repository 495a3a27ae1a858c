"""The example from clone to release: same bytes everywhere, and every planted fault found."""

import filecmp
import json
import shutil

import pandas as pd
import pytest

from tests.template.builders import clones, frozen, scratch_repository


@pytest.fixture(scope="module")
def tables(released):
    return lambda name: pd.read_parquet(released.top / "data" / f"{name}.parquet")


@pytest.mark.skipif(not frozen.is_current(), reason="dvc.lock was recorded with a guideline of the team's own")
def test_a_fresh_clone_builds_the_release_that_was_recorded(released):
    assert released.changed_up_to_release() == []


def test_a_second_run_has_nothing_to_do(released):
    assert "Data and pipelines are up to date." in released.run("dvc", "repro")


def test_the_picture_in_the_readme_is_the_release_s_own(released):
    name = "annotation-fates.svg"
    assert filecmp.cmp(frozen.TOP / "docs" / name, released.top / "data/release/charts" / name, shallow=False), (
        f"cp data/release/charts/{name} docs/"
    )


def test_another_folder_hash_seed_and_row_order_give_the_same_release(released, tmp_path):
    other = clones.of_working_tree(tmp_path / "elsewhere", tmp_path / "home", hash_seed="4711")
    other.stages(("example",))
    for payload in sorted(other.top.glob("data/raw/batches/*/payload/*.csv")):
        header, *rows = payload.read_text("utf-8").splitlines(keepends=True)
        payload.write_text(header + "".join(reversed(rows)), "utf-8")
    other.stages()
    for file in sorted(p for p in (released.top / "data/release").rglob("*") if p.is_file()):
        twin = other.top / file.relative_to(released.top)
        assert twin.read_bytes() == file.read_bytes(), file.name


@pytest.mark.parametrize("kind", ["exact", "near", "mirrored"])
def test_planted_copies_are_found(tables, kind):
    planted, pairs = tables("planted"), tables("duplicate_pairs")
    wanted = planted[planted["expected"] == kind]
    found = {frozenset(row) for row in pairs.loc[pairs["kind"] == kind, ["image_a", "image_b"]].to_numpy()}
    assert len(wanted) >= 8
    planted_pairs = [frozenset(pair) for pair in zip(wanted["key"], wanted["original"], strict=True)]
    assert [pair for pair in planted_pairs if pair not in found] == []


def test_what_is_no_planted_copy_is_not_taken_for_one(tables):
    planted, pairs = tables("planted"), tables("duplicate_pairs")
    copied = planted[planted["expected"].isin(["exact", "near", "mirrored"])]
    involved = set(copied["key"]) | set(copied["original"])
    strangers = pairs[~(pairs["image_a"].isin(involved) & pairs["image_b"].isin(involved))]
    # Two people's digits may look alike: such a pair is for people to judge, and costs neither its picture.
    assert set(strangers["kind"]) <= {"borderline"}, strangers
    assert len(strangers) <= 1


@pytest.mark.parametrize("rule", ["IMG-001", "ANN-001", "ANN-002", "CLASS-001"])
def test_planted_faults_break_their_rule_and_no_other_row_does(tables, rule):
    planted, violations = tables("planted"), tables("violations")
    wanted = set(planted.loc[planted["expected"] == rule, "key"])
    assert wanted
    assert set(violations.loc[violations["rule"] == rule, "key"]) == wanted


def test_planted_lines_that_cannot_be_read_are_rejects_and_nothing_else_is(tables):
    planted, rejects = tables("planted"), tables("rejects")
    wanted = set(planted.loc[planted["expected"] == "reject", "key"])
    line = rejects["line"].map(lambda line: f":{int(line)}", na_action="ignore").fillna("")
    assert set(rejects["batch"] + "/" + rejects["file"] + line) == wanted


def test_the_careless_annotator_is_flagged_and_nobody_else(tables):
    planted, annotators = tables("planted"), tables("annotators")
    wanted = set(planted.loc[planted["expected"] == "flag", "key"])
    assert set(annotators.loc[annotators["flags"].notna(), "annotator"]) == wanted


def test_rare_classes_weigh_more(tables):
    planted, weights = tables("planted"), tables("weights")
    rare = set(planted.loc[planted["expected"] == "weight", "key"])
    train = tables("release/train").merge(weights, on="image")
    weight = train.groupby("label")["weight"].mean()
    assert rare == {"8", "9"}
    assert weight[sorted(rare)].min() > 1 > weight.drop(sorted(rare)).max()


def test_every_planted_fault_is_held_against_the_results(tables):
    checked = {"exact", "near", "mirrored", "IMG-001", "ANN-001", "ANN-002", "CLASS-001", "reject", "flag", "weight"}
    assert set(tables("planted")["expected"]) == checked


def test_the_ledger_accounts_for_everything_that_came_in(tables):
    ledger = tables("release/ledger")
    for kind, table, key in (
        ("image", "images", "image"),
        ("annotation", "annotations", "annotation"),
        ("reject", "rejects", "reject"),
    ):
        assert sorted(ledger.loc[ledger["kind"] == kind, "key"]) == sorted(tables(table)[key])


def test_no_group_stands_in_two_splits(tables):
    assert tables("splits").groupby("group")["split"].nunique().max() == 1


def test_the_manifest_names_what_is_there(released):
    manifest = json.loads((released.top / "data/release/manifest.json").read_text("utf-8"))
    assert {f"{part}" for part in manifest["parts"]} == {
        p.name for p in (released.top / "data/release").glob("*.parquet")
    }


def test_a_clone_without_its_pictures_never_becomes_an_empty_release(released, tmp_path):
    there = clones.of_working_tree(tmp_path / "there", tmp_path / "home")
    there.run("dataset", "new", "--name", "pets", "--task", "classification")
    pictures = tmp_path / "pictures"
    shutil.copytree(
        released.top / "data/raw/images/example", pictures, ignore=shutil.ignore_patterns("[!d]*", "*[!7].png")
    )
    there.run("dataset", "import", str(pictures), "--format", "images", "--as", "first")
    there.commit("pictures")
    bare = clones.of(there, tmp_path / "bare")
    for command in (("dvc", "repro"), ("dvc", "repro", "--allow-missing")):
        done = bare.run(*command, status=255)
        assert "data/raw/deliveries/first.dvc" in done
        assert "dvc pull" in done
    assert not (bare.top / "data/release").exists()
    assert "first.dvc" in bare.run("python", "-m", "stages.fingerprint", status=2)


def test_pictures_and_labels_travel_through_a_remote(tmp_path):
    there = clones.of_working_tree(tmp_path / "there", tmp_path / "home")
    there.run("dataset", "new", "--name", "pets", "--task", "classification")
    pictures = tmp_path / "source" / "pictures"
    for number in range(3):
        scratch_repository.picture(pictures / f"{number}.png", number)
    labels = tmp_path / "source" / "labels.csv"
    labels.write_text("image,annotator,label\n0.png,ann,cat\n1.png,ann,dog\n2.png,ben,cat\n")
    there.run("dataset", "import", str(labels), "--images", str(pictures), "--as", "first")
    there.run("dvc", "remote", "add", "-d", "disk", str(tmp_path / "remote"))
    there.commit("pictures and labels")
    there.run("dvc", "push", "data/raw/deliveries/first.dvc", "data/raw/batches/first/payload.dvc")
    there.run("dvc", "checkout", "--force", "--allow-missing")
    assert (there.top / "data/raw/batches/first/payload/labels.csv").exists()
    elsewhere = clones.of(there, tmp_path / "elsewhere")
    elsewhere.run("dvc", "pull", "--allow-missing")
    for name in ("data/raw/images/first/2.png", "data/raw/batches/first/payload/labels.csv"):
        assert (elsewhere.top / name).read_bytes() == (there.top / name).read_bytes()
    elsewhere.run("dvc", "push")
    assert elsewhere.run("git", "status", "--porcelain") == ""
