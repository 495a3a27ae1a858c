import hashlib
import json
from importlib.metadata import version

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from golgoru.guideline.classes import Classes
from golgoru.release import manifest
from tests.template.builders import small_release


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_the_release_hash_is_that_of_sorted_lines_of_name_and_hash():
    parts = {"val.parquet": b"v", "images.parquet": b"i"}
    lines = f"images.parquet {sha256(b'i')}\nval.parquet {sha256(b'v')}\n"
    assert manifest.release_hash(parts) == sha256(lines.encode())


@given(st.dictionaries(st.text(min_size=1), st.binary(), min_size=1), st.data())
def test_the_release_hash_changes_with_any_part_and_not_with_their_order(parts, data):
    shuffled = dict(data.draw(st.permutations(list(parts.items()))))
    assert manifest.release_hash(shuffled) == manifest.release_hash(parts)
    name = data.draw(st.sampled_from(sorted(parts)))
    assert manifest.release_hash(parts | {name: parts[name] + b"x"}) != manifest.release_hash(parts)


def test_counts_name_every_class_of_the_guideline_also_those_without_objects():
    counts = manifest.counts_by_split(small_release.CLASSES, small_release.tables())
    assert counts["images"] == {"total": 3, "train": 1, "val": 1, "test": 1}
    assert counts["reviewed_empty"] == {"total": 1, "train": 0, "val": 0, "test": 1}
    assert counts["objects"] == {"total": 3, "train": 2, "val": 1, "test": 0}
    assert list(counts["classes"]) == ["RBC", "WBC", "none yet"]
    assert counts["classes"]["RBC"] == {"total": 2, "train": 1, "val": 1, "test": 0}
    assert counts["classes"]["none yet"]["total"] == 0


def test_labels_that_the_guideline_does_not_name_are_counted_behind_its_own():
    counts = manifest.counts_by_split(Classes(version="1"), small_release.tables())
    assert list(counts["classes"]) == ["RBC", "WBC"]
    assert counts["objects"]["total"] == 3


def test_counts_do_not_depend_on_the_order_of_rows():
    release = small_release.tables()
    turned = {name: table.iloc[::-1] for name, table in release.items()}
    assert manifest.counts_by_split(small_release.CLASSES, turned) == manifest.counts_by_split(
        small_release.CLASSES, release
    )


def test_the_manifest_says_what_the_release_is(tmp_path):
    release = small_release.tables()
    parts = small_release.write(tmp_path, release)
    counts = manifest.counts_by_split(small_release.CLASSES, release)
    seeds = {"split": 7, "example": 1}
    found = manifest.build_manifest(small_release.DATASET, small_release.CLASSES, parts, counts, seeds)

    assert (found["name"], found["version"]) == ("cells", "1.2.0")
    assert found["release"] == manifest.release_hash(parts)
    assert found["guideline_version"] == "2.1"
    assert list(found["seeds"]) == ["example", "split"]
    assert found["versions"]["pyarrow"] == version("pyarrow")
    assert set(found["parts"]) == {f"{n}.parquet" for n in ("images", "train", "val", "test", "lineage", "ledger")}
    for name, part in found["parts"].items():
        content = (tmp_path / name).read_bytes()
        assert part == {"sha256": sha256(content), "bytes": len(content), "rows": len(pd.read_parquet(tmp_path / name))}
    assert json.loads(manifest.json_bytes(found)) == found


def test_documents_keep_letters_of_any_script_readable():
    assert manifest.json_bytes({"name": "골고루"}) == '{\n  "name": "골고루"\n}\n'.encode()
