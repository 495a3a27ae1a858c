"""`dataset pin`: recording proposed and chosen splits, and what moved since another commit."""

import hashlib
import shutil
from pathlib import Path

import pandas as pd
import pytest

from golgoru.core import paths
from golgoru.raw.pins import read_pins
from golgoru.tables import frames
from tests.template.builders.scratch_repository import git, tree

PINS = "data/raw/pins.csv"
HEAD = "image,split,reason\n"


def write(name, rows):
    frames.write_table(frames.frame(name, rows), paths.DATA / f"{name}.parquet", name)


def recorded(*images, **columns):
    """Write `images`, `groups` and `splits` of pictures (image, group, split): the content is the image's own name."""
    table = pd.DataFrame(images, columns=["image", "group", "split"])
    content = columns.get("content", table["image"])
    write("images", {"image": table["image"], "content": content})
    write("groups", {"image": table["image"], "group": table["group"], "group_on_arrival": table["group"]})
    write("splits", {"image": table["image"], "group": table["group"], "split": table["split"],
                     "held_back": columns.get("held_back", False),
                     "reason": columns.get("reason", "hash")})  # fmt: skip


def committed(message="first"):
    """Do what `dvc repro` and a commit do to the tables: into the cache, named by dvc.lock."""
    outs = ""
    for name in ("images", "splits"):
        file = paths.DATA / f"{name}.parquet"
        md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
        place = Path(".dvc/cache/files/md5") / md5[:2] / md5[2:]
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
        outs += f"    - path: {file.as_posix()}\n      hash: md5\n      md5: {md5}\n"
    Path("dvc.lock").write_text(f"schema: '2.0'\nstages:\n  all:\n    cmd: x\n    outs:\n{outs}")
    git("add", "dvc.lock", "params.yaml", "data/raw/pins.csv")
    git("commit", "--quiet", "--allow-empty", f"--message={message}")


def propose(*rows):
    table = pd.DataFrame(rows, columns=["image", "group", "split", "was", "covers"])
    write("proposed_pins", table)


@pytest.fixture
def pictures(repository):
    recorded(*[(f"d/{n}.png", f"g{n // 2}", "train") for n in range(6)])
    propose(("d/0.png", "g0", "val", "train", "class 'owl'"), ("d/4.png", "g2", "test", "train", "class 'a, b'"))


def test_all_proposals_are_recorded_and_not_twice(pictures, dataset):
    before = tree(Path())
    result = dataset("pin", "--dry-run")
    assert (result.status, result.err) == (0, "")
    assert result.out == (
        "d/0.png  train -> val: covers class 'owl'\n"
        "d/4.png  train -> test: covers class 'a, b'\n"
        f"{PINS}: 2 pins would be recorded\n"
    )
    assert tree(Path()) == before
    result = dataset("pin")
    assert result.out.endswith(f"{PINS}: 2 recorded\nnext: dvc repro\n")
    assert Path(PINS).read_text() == HEAD + "d/0.png,val,covers class 'owl'\nd/4.png,test,\"covers class 'a, b'\"\n"
    assert [pin[1:] for pin in read_pins(paths.PINS)] == [
        ("d/0.png", "val", "covers class 'owl'"), ("d/4.png", "test", "covers class 'a, b'")
    ]  # fmt: skip
    result = dataset("pin")
    assert result.out == (
        f"already recorded: d/0.png to val ({PINS}:2)\n"
        f"already recorded: d/4.png to test ({PINS}:3)\n"
        f"{PINS}: nothing new\n"
    )
    assert len(read_pins(paths.PINS)) == 2


def test_nothing_to_propose_is_fine(pictures, dataset):
    propose()
    result = dataset("pin")
    assert result.status == 0
    assert result.out.startswith("nothing is proposed: ")


def test_proposals_about_groups_that_are_gone_are_not_recorded(pictures, dataset):
    propose(("d/0.png", "g0", "val", "train", "class 'owl'"), ("d/4.png", "old", "test", "train", "class 'elk'"))
    result = dataset("pin")
    assert result.status == 2
    assert result.err == (
        "dataset: data/proposed_pins.parquet: 'd/4.png' is no longer in group old: the proposals are older than "
        "data/groups.parquet; run `dvc repro` first\n"
    )
    assert Path(PINS).read_text() == HEAD


def test_chosen_images_are_recorded_with_their_reason(pictures, dataset):
    result = dataset("pin", "3.png", "d/4.png", "--to", "test", "--reason", 'the "golden" set,\n 2026')
    assert (result.status, result.err) == (0, "")
    assert Path(PINS).read_text() == HEAD + "".join(f'd/{n}.png,test,"the ""golden"" set, 2026"\n' for n in (3, 4))
    result = dataset("pin", "d/3.png", "--to", "test", "--reason", "again")
    assert result.out.startswith(f"already recorded: d/3.png to test ({PINS}:2)\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("d/9.png", "--to", "test", "--reason", "x"), "no image, annotation or reject has the key 'd/9.png'"),
        (("d/0.png", "--to", "dev", "--reason", "x"), "--to dev: there is no such split; expected train, val or test"),
        (("d/0.png", "--reason", "x"), "--to is missing; expected train, val or test"),
        (("d/0.png", "--to", "test"), "--reason is missing: "),
        (("d/0.png", "--to", "test", "--reason", " \n"), "--reason is missing: "),
        (("--to", "test", "--reason", "x"), "expected the images to pin before --to and --reason"),
        (("--keep",), "--keep belongs to --moved: "),
        (("--moved", "HEAD", "--to", "test"), "--moved takes one commit at most"),
        (("--moved", "v9"), "git knows no commit 'v9'"),
        (("--moved", "--output=x"), "No such option"),
        (("--moved", "HEAD"), "HEAD: has no dvc.lock, since the pipeline had not been run"),
        (("d/torn.png", "--to", "val", "--reason", "x"), "'d/torn.png' cannot be read, so it is in no split; "),
    ],
)
def test_wrong_use_is_an_error_and_writes_nothing(pictures, dataset, arguments, message):
    names = [*(f"d/{n}.png" for n in range(6)), "d/torn.png"]
    write("images", {"image": names, "content": names})
    result = dataset("pin", *arguments)
    assert (result.status, message in result.err) == (2, True), result.err
    assert Path(PINS).read_text() == HEAD


def test_a_pin_of_a_group_to_a_second_split_names_the_line(pictures, dataset):
    Path(PINS).write_text(HEAD + "d/1.png,train,a reason\n")
    for arguments in (("d/0.png", "--to", "test", "--reason", "x"), ()):
        result = dataset("pin", *arguments)
        assert result.status == 2
        where = "test" if arguments else "val"
        assert result.err == (
            f"dataset: {PINS}:2: pins 'd/1.png' of the same group to train, so 'd/0.png' cannot go to {where}; "
            "change that line, or leave this pin out\n"
        )
    result = dataset("pin", "d/1.png", "--to", "test", "--reason", "x")
    assert f"{PINS}:2: pins it to train, so 'd/1.png' cannot go to test" in result.err
    assert Path(PINS).read_text() == HEAD + "d/1.png,train,a reason\n"


@pytest.mark.parametrize(
    ("there", "then"),
    [
        (HEAD.encode().strip(), b"image,split,reason\nd/3.png,val,x\n"),
        (b"\xef\xbb\xbfimage,split,reason\r\nd/5.png,val,y\r\n", b"d/5.png,val,y\r\nd/3.png,val,x\r\n"),
        (b"image,split,reason\r\nd/5.png,val,y", b"d/5.png,val,y\r\nd/3.png,val,x\r\n"),
        (None, b"image,split,reason\nd/3.png,val,x\n"),
    ],
)
def test_lines_are_added_as_the_others_end(pictures, dataset, there, then):
    Path(PINS).unlink()
    if there is not None:
        Path(PINS).write_bytes(there)
    assert dataset("pin", "d/3.png", "--to", "val", "--reason", "x").status == 0
    written = Path(PINS).read_bytes()
    assert written.startswith(there or b"") and written.endswith(then)
    assert read_pins(paths.PINS)[-1][1:] == ("d/3.png", "val", "x")


def test_a_pins_file_that_cannot_be_read_is_an_error_with_its_line(pictures, dataset):
    Path(PINS).write_text(HEAD + "d/1.png,dev,\n")
    result = dataset("pin")
    assert (result.status, result.err) == (2, f"dataset: {PINS}:2: split 'dev' is none of train, val, test\n")


def test_what_moved_says_why(repository, dataset):
    recorded(
        ("d/0.png", "d/0.png", "train"), ("d/1.png", "d/1.png", "val"), ("d/2.png", "d/2.png", "test"),
        ("d/3.png", "d/2.png", "test"), ("d/4.png", "d/4.png", "val"), ("d/5.png", "d/4.png", "val"),
        ("d/6.png", "d/6.png", "train"), ("d/7.png", "d/7.png", "train"), ("d/8.png", "d/8.png", "train"),
        reason=["hash"] * 8 + ["pin"],
    )  # fmt: skip
    committed()
    names = ["d/0.png", "d/1.png", "d/3.png", "d/4.png", "d/5.png", "d/6.png", "e/7.png", "d/8.png", "d/9.png"]
    recorded(
        *zip(names, ["d/0.png", "d/0.png", "d/3.png", "d/4.png", "d/5.png", "d/6.png", "d/7.png", "d/8.png", "d/9.png"],
             ["train", "train", "val", "val", "test", "test", "train", "test", "val"], strict=True),
        content=[*names[:6], "d/7.png", *names[7:]],
        reason=["hash", "merge: it was val, its groups became one", *["hash"] * 3, "pin", *["hash"] * 3],
    )  # fmt: skip
    result = dataset("pin", "--moved")
    assert (result.status, result.err) == (0, "")
    assert result.out == (
        "d/1.png  val -> train: merge: its group became one with that of d/0.png\n"
        "d/3.png  test -> val: its group lost its earliest image, d/2.png\n"
        "d/5.png  val -> test: its group was divided: what joined it to d/4.png is gone\n"
        "d/6.png  train -> test: pin\n"
        "d/8.png  train -> test: its pin is gone\n"
        "5 moved since HEAD: 1 test -> val, 2 train -> test, 1 val -> test, 1 val -> train\n"
    )
    result = dataset("pin", "--moved", "--keep", "HEAD")
    assert result.status == 0
    assert "not kept: d/0.png: its group was in train and in val, and is one group now\n" in result.out
    assert "not kept: d/6.png: a pin moved it; change that line\n" in result.out
    assert result.out.endswith(f"{PINS}: 3 recorded\nnext: dvc repro\n")
    assert [pin[1:] for pin in read_pins(paths.PINS)] == [
        (f"d/{n}.png", where, "stays in the split it had in HEAD")
        for n, where in ((3, "test"), (5, "val"), (8, "train"))
    ]


def test_other_settings_are_named_and_a_test_set_that_is_frozen_now(repository, dataset):
    recorded(("d/0.png", "d/0.png", "train"), ("d/1.png", "d/1.png", "val"))
    committed()
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("seed: 0", "seed: 1").replace("frozen:", "frozen: '2026-01-01'"))
    recorded(
        ("d/0.png", "d/0.png", "test"), ("d/1.png", "d/1.png", "test"), held_back=[False, True],
        reason=["hash", "held back: it was val, and its group has images of the frozen test set"],
    )  # fmt: skip
    result = dataset("pin", "--moved")
    assert result.out == (
        "d/0.png  train -> test: dataset.seed was 0, is 1, dataset.frozen was not set, is 2026-01-01\n"
        "d/1.png  val -> held back: held back: it was val, and its group has images of the frozen test set\n"
        "2 moved since HEAD: 1 train -> test, 1 val -> held back\n"
    )


def test_nothing_moved_and_a_cache_that_lacks_the_table(repository, dataset):
    recorded(("d/0.png", "d/0.png", "train"))
    committed()
    assert dataset("pin", "--moved", "HEAD").out == "no image is in another split than in HEAD\n"
    shutil.rmtree(".dvc/cache")
    result = dataset("pin", "--moved", "HEAD")
    assert result.status == 2
    assert result.err == (
        "dataset: data/splits.parquet of HEAD is not in DVC's cache; `dvc fetch --all-commits data/splits.parquet` "
        "brings it\n"
    )


def test_tables_from_before_there_were_held_images_are_read(repository, dataset):
    recorded(("d/0.png", "d/0.png", "train"))
    pd.read_parquet("data/splits.parquet").drop(columns=["held_back", "fold"]).to_parquet("data/splits.parquet")
    committed()
    recorded(("d/0.png", "d/0.png", "val"))
    result = dataset("pin", "--moved")
    assert result.out.startswith("d/0.png  train -> val: another version of stage split\n"), result.err
