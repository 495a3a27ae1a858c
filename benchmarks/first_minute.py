"""What the first minute costs: a fresh set of 60 images from `dataset import` to the release, in CPU seconds.

`python -m benchmarks.first_minute [--images 60]`. Beside it, in the same run, DVC alone on a pipeline of as many
stages that do nothing, and `dvc add` of the same images; what is above them is ours. A clone of the working tree in a
folder of its own, with an empty HOME.
"""

import argparse
import resource
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.template.builders.clones import Clone, of_working_tree

CLASSES = ("cat", "dog", "owl")


def spent(clone: Clone, *command: str) -> float:
    """Run a command at the top of a clone; return the CPU seconds that it and its children used."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    clone.run(*command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def make_images(folder: Path, count: int) -> None:
    """Write images of soft shapes, and labels.csv with a class for each by one annotator."""
    folder.mkdir(parents=True)
    dice = np.random.default_rng(0)
    lines = ["image,label"]
    for number in range(count):
        coarse = Image.fromarray(dice.integers(0, 255, (6, 6, 3), dtype=np.uint8))
        coarse.resize((320, 240), Image.Resampling.BICUBIC).save(folder / f"{number:03}.jpg", quality=90)
        lines.append(f"{number:03}.jpg,{CLASSES[number % 3]}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")


def empty_pipeline(folder: Path, home: Path, stages: int) -> float:
    """Return the CPU seconds of `dvc repro` on a chain of stages that do nothing."""
    folder.mkdir()
    blocks = [
        f"  s{number}:\n    cmd: touch o{number}\n    outs: [o{number}]\n"
        + (f"    deps: [o{number - 1}]\n" if number else "")
        for number in range(stages)
    ]
    (folder / "dvc.yaml").write_text("stages:\n" + "".join(blocks))
    clone = Clone(folder, home)
    clone.run("git", "init", "-q")
    clone.run("dvc", "init", "-q")
    return spent(clone, "dvc", "repro")


def dvc_add(source: Path, folder: Path, home: Path) -> float:
    """Return the CPU seconds of `dvc add` twice: images and payload, as an import adds them."""
    clone = Clone(folder, home)
    clone.run("cp", "-r", str(source), str(folder / "images"))
    clone.run("cp", str(source / "labels.csv"), str(folder / "payload.csv"))
    return spent(clone, "dvc", "add", "images") + spent(clone, "dvc", "add", "payload.csv")


def main() -> None:
    """Measure and print, one line per step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=60)
    count = parser.parse_args().images
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        make_images(top / "source", count)
        clone = of_working_tree(top / "repository", top / "home")
        clone.run("dataset", "new", "--name", "first", "--task", "classification")
        classes = "".join(f"  - id: {name}\n" for name in CLASSES)
        (clone.top / "guidelines/classes.yaml").write_text(f'version: "1.0"\nclasses:\n{classes}')
        steps = {
            "import": ("dataset", "import", str(top / "source"), "--as", "first", "--annotator", "ann"),
            "check, the first": ("dataset", "check"),
            "check": ("dataset", "check"),
            "repro": ("dvc", "repro"),
            "repro, nothing to do": ("dvc", "repro"),
            "why": ("dataset", "why", "first/000.jpg"),
        }
        figures = {name: spent(clone, *command) for name, command in steps.items()}
        stages = clone.run("dvc", "stage", "list", "--name-only").split()
        figures["DVC alone: repro"] = empty_pipeline(top / "empty", top / "home", len(stages))
        figures["DVC alone: add"] = dvc_add(top / "source", top / "empty", top / "home")
    for name, seconds in figures.items():
        print(f"{name:24}{seconds:8.2f} CPU s")
    print(f"{'repro above DVC':24}{figures['repro'] - figures['DVC alone: repro']:8.2f} CPU s")
    print(f"{'import above DVC':24}{figures['import'] - figures['DVC alone: add']:8.2f} CPU s")


if __name__ == "__main__":
    main()
