"""The files that a new data set begins with."""

import io
from collections.abc import Sequence

from ruamel.yaml import YAML

from golgoru.core.dataset import Dataset

NO_LICENCE = "not decided"

_CLASSES = """\
# The classes. A definition says what belongs to the class, what does not, and what it is confused with (GUIDE-001).
# Raise the version with every change, and write in CHANGELOG.md what changed. Only the id is needed. Example:
#   - id: RBC
#     name: red blood cell
#     definition: A whole or cut-off red disc, also when it overlaps others. Without colour it is a platelet.
#     confusable_with: [Platelets]
#     colour: "#d55e00"
#     hotkey: r
#     examples: [examples/red.png]       # images under guidelines/
#     parent: cell                       # a more general class of this file
version: "1.0"
classes: []
"""
_TEXT_CLASS = """\
classes:
  - id: text
    name: text
    definition: A line of text. The corners enclose its ink; the transcription is what stands there, letter by letter.
"""
_GUIDE = """\
# How we label {name}
What each image shows, and how we label it. The classes and their borders are in [classes.yaml](classes.yaml), the
rules in [rules.yaml](rules.yaml).

## Deciding
- What to look at first, and what to ignore.
- What to do when an image is unclear, cut off, or shows nothing.

## What is often confused
| pair | look at |
| --- | --- |

## Changing this guideline
Change `classes.yaml`, raise its version, write in [CHANGELOG.md](CHANGELOG.md) what changed and why (GUIDE-002), and
have it reviewed.

{changing}"""
_CHANGES = """\
# What becomes of annotations that are older than a change of the guideline: README.md, "When the guideline changes".
# Example:
#   - version: "1.1"            # the guideline version that introduced it
#     classes: [RBC]            # whose meaning changed; or `rule: BOX-003` for a rule that changed what is drawn
#     action: redefine          # redefine; rename, merge (to: [one]); split (to: [one, another])
#     old_votes: requeue        # keep, drop, map (rename and merge alone), requeue
#     reason: Discs without colour are platelets now.
changes: []
"""
_ANNOTATORS = """\
# Who labels: the pseudonyms of annotators and reviewers, by pool. ANN-008 reports annotators that are in no pool; while
# this file names nobody, that rule is not checked. Example:
#   pools:
#     in-house: [lab-1, lab-2]
#     reviewers: [lead]
pools: {}
"""
_CHANGELOG = """\
# Changes of the guideline
One entry for each version of [classes.yaml](classes.yaml): what changed, why, and what becomes of the labels made
before (GUIDE-002).

## 1.0 ({date})
First version. No earlier labels.
"""
_README = """\
# {name}
A dataset for {task}. Images and labels go in as they were delivered, `dvc repro` turns them into a release under
`data/release/`, and a git commit is that release. Needed: git, make, Python 3.11 or newer.

```sh
make                                                # the environment, the data, the release
make test                                           # guideline, checks and pipeline fit together
. .venv/bin/activate                                # once per terminal: dataset, dvc
dataset import SRC --as NAME --dry-run              # what a delivery holds; without --dry-run it is imported
dataset check                                       # settings, guideline, rules and batches fit together
dvc repro                                           # build the release
dataset why KEY                                     # what became of an image or annotation, and by which rule
git add -A && git commit -m "What was delivered"    # then dvc push and git push share it
```

Before the first delivery, write the classes into `guidelines/classes.yaml` and name the place where DVC keeps the
images (`dvc remote add -d NAME URL`). Settings are in `params.yaml`, rules in `guidelines/rules.yaml`; when you change
rules, run `dataset check --write`. `origin` is still the template: `git remote set-url origin URL`.

[Bringing data in](docs/deliveries.md) · [correcting labels](docs/corrections.md) · [rules](docs/rules.md) ·
[edge cases](docs/edge-cases.md) · [splits](docs/splits.md) · [balance](docs/balance.md) ·
[what to label next](docs/queue.md) · [large sets and clusters](docs/scale.md) ·
[how the repository is laid out](docs/layout.md)
"""
# Forms of one kind are alike by nature: at the default every second receipt would be paired with another one.
_SETTINGS = {("dedup", "ocr"): "\n  min_aligned: 0.9 # forms are alike by nature; see docs/deliveries.md"}
_PARAMS = """\
# The team's settings. A stage's block says only what differs from the defaults in stages/<stage>.py.
"""


def initial_files(dataset: Dataset, stages: Sequence[str], changing: str) -> dict[str, str]:
    """Return the text of every file, by path. changing: the guide's section about changes of the guideline."""
    classes = _CLASSES.replace("classes: []\n", _TEXT_CLASS) if dataset.task == "ocr" else _CLASSES
    return {
        "params.yaml": _params(dataset, stages),
        "guidelines/classes.yaml": classes,
        "guidelines/annotators.yaml": _ANNOTATORS,
        "guidelines/README.md": _GUIDE.format(name=dataset.name, changing=changing),
        "guidelines/changes.yaml": _CHANGES,
        "guidelines/CHANGELOG.md": _CHANGELOG.format(date=dataset.date.isoformat()),
        "README.md": _README.format(name=dataset.name, task=dataset.task),
        "data/raw/pins.csv": "image,split,reason\n",
    }


def _params(dataset: Dataset, stages: Sequence[str]) -> str:
    settings = {
        "name": dataset.name,
        "version": dataset.version,
        "task": dataset.task,
        "licence": dataset.licence,
        "creators": list(dataset.creators),
        "date": dataset.date.isoformat(),  # as text, which is how it gets its quotes
        "frozen": None,  # DVC wants the key
        "seed": dataset.seed,
    }
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.dump({"dataset": settings}, text)
    return (
        _PARAMS
        + text.getvalue()
        + "\n"
        + "".join(f"{stage}:{_SETTINGS.get((stage, dataset.task), ' {}')}\n" for stage in stages)
    )
