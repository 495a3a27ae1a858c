"""Two people each add a delivery; git, `dvc repro` and `git add -u` bring both together, in any order."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.template.builders import clones


def bring(clone, folder, name, date, seed):
    """Import a few random pictures in folders of two classes."""
    chance = np.random.default_rng(seed)
    for number in range(12):
        file = folder / name / ("cat", "dog")[number % 2] / f"{name}-{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 255, (24, 24, 3), dtype=np.uint8)).save(file)
    clone.run(
        "dataset",
        "import",
        str(folder / name),
        "--format",
        "folders",
        "--as",
        name,
        "--date",
        date,
        "--annotator",
        name,
    )


def deliver(clone, *delivery):
    """Bring a delivery, run the pipeline, commit."""
    bring(clone, *delivery)
    clone.run("dvc", "repro")
    clone.commit("a delivery")


def release_of(clone):
    return json.loads((clone.top / "data/release/manifest.json").read_text("utf-8"))["release"]


@pytest.mark.slow
def test_deliveries_of_two_clones_merge_in_plain_git(tmp_path):
    base = clones.of_working_tree(tmp_path / "base", tmp_path / "home")
    base.run("dataset", "new", "--name", "pets", "--task", "classification")
    classes = base.top / "guidelines/classes.yaml"
    classes.write_text('version: "1.0"\nclasses:\n  - id: cat\n  - id: dog\n')
    base.commit("new")
    mine, yours = clones.of(base, tmp_path / "mine"), clones.of(base, tmp_path / "yours")
    deliver(mine, tmp_path, "first", "2026-02-01", 1)
    deliver(yours, tmp_path, "second", "2026-02-02", 2)

    def merged(into, other, name):
        # The pictures travel through a shared cache here, as they would through a remote.
        result = clones.of(into, tmp_path / name)
        for one in (mine, yours):
            result.run("cp", "-r", f"{one.top}/.dvc/cache", ".dvc/")
        result.run("git", "pull", "-q", "--no-rebase", "--no-edit", str(other.top), "main", status=1)
        conflicts = set(result.run("git", "diff", "--name-only", "--diff-filter=U").split())
        plots = {file for file in conflicts if file.startswith("reports/plots/")}
        assert conflicts <= {"dvc.lock"} | {f"reports/{stage}.json" for stage in clones.STAGES} | plots
        result.run("dvc", "checkout", "data/raw/deliveries/first.dvc", "data/raw/deliveries/second.dvc")
        result.run("dvc", "repro")
        result.run("git", "add", "-u")
        result.run("git", "commit", "-qm", "both")
        assert result.run("git", "status", "--porcelain") == ""
        return result

    one_way, other_way = merged(mine, yours, "ours"), merged(yours, mine, "theirs")
    assert release_of(one_way) == release_of(other_way) not in (release_of(mine), release_of(yours))
    together = clones.of(base, tmp_path / "together")
    bring(together, tmp_path, "first", "2026-02-01", 1)
    bring(together, tmp_path, "second", "2026-02-02", 2)
    together.stages()
    assert release_of(together) == release_of(one_way)
