"""The files that a new data set begins with."""

import io
from collections.abc import Sequence

from ruamel.yaml import YAML

from golgoru.core.dataset import Dataset

NO_LICENCE = "not decided"

_CLASSES = """\
# The classes. A definition says what belongs to the class, what does not, and what it is confused with (GUIDE-001).
# Raise the version with every change, and say in CHANGELOG.md what changed. Only the id is needed. Example:
#   - id: RBC
#     name: red blood cell
#     definition: A whole or cut-off red disc, also when it overlaps others. Without colour it is a platelet.
#     confusable_with: [Platelets]
#     colour: "#d55e00"
#     hotkey: r
#     examples: [examples/red.png]       # pictures under guidelines/
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
WHEN_IT_CHANGES = """\
## When the guideline changes
What becomes of the words made before stands in [changes.yaml](changes.yaml), one entry for each class, or rule, whose
meaning changed; the pipeline obeys it. A word is older than a change when its guideline version is.

| `old_votes` | words under the old meaning |
| --- | --- |
| `keep` | count in full |
| `map` | count in full, under the new class; for `rename` and `merge` |
| `requeue` | count until somebody speaks of the object under the new meaning; of a class that is gone, not at all |
| `drop` | do not count |

Words that count no longer have the fate `outdated` (`dataset why KEY`). What waits to be labelled again stands in
`data/relabel.parquet`, its size and hours in `reports/consolidate.json` and in the card of the release.
"""
_GUIDE = """\
# How we label {name}
What each picture shows, and what we say about it. The classes and their borders stand in [classes.yaml](classes.yaml),
the rules in [rules.yaml](rules.yaml).

## Deciding
- What to look at first, and what does not count.
- What to do when a picture is unclear, cut off, or shows nothing.

## What is often confused
| pair | look at |
| --- | --- |

## Changing this guideline
Change `classes.yaml` and raise its version, write down in [CHANGELOG.md](CHANGELOG.md) what changed and why
(GUIDE-002), and let someone else read it.

{changing}"""
_CHANGES = """\
# What becomes of words that are older than a change of the guideline; see README.md, "When the guideline changes".
# Example:
#   - version: "1.1"            # the guideline version that brought it
#     classes: [RBC]            # whose meaning changed; or `rule: BOX-003` for a rule that changed what is drawn
#     action: redefine          # redefine; rename, merge (to: [one]); split (to: [one, another])
#     old_votes: requeue        # keep, drop, map (rename and merge alone), requeue
#     reason: Discs without colour are platelets now.
changes: []
"""
_ANNOTATORS = """\
# Who labels: the pseudonyms of annotators and reviewers, by pool. Names that stand in no pool are told (ANN-008); while
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
A data set for {task}. Pictures and labels go in as they were delivered, `dvc repro` turns them into a release under
`data/release/`, and a git commit is that release. Needed: git, make, Python 3.11 or newer.

```
make                                                # the environment, the data, the release
. .venv/bin/activate                                # once per terminal: dataset, dvc
dataset import SRC --as NAME --dry-run              # what a delivery holds; without --dry-run it is taken in
dataset check                                       # settings, guideline, rules and batches fit together
dvc repro                                           # the release anew
dataset why KEY                                     # where an image or annotation went, and by which rule
git add -A && git commit -m "What came in"           # then dvc push and git push hand it on
```

Before the first delivery: say what the classes are in `guidelines/classes.yaml`, and where DVC keeps the pictures
(`dvc remote add -d NAME URL`). Settings stand in `params.yaml`, rules in `guidelines/rules.yaml`; after a change of the
rules, `dataset check --write`. Formats, columns and options: [docs/deliveries.md](docs/deliveries.md). `origin` is
still the template: `git remote set-url origin URL`.
"""
# Forms of one kind are alike by nature: at the default every second receipt would be paired with another one.
_SETTINGS = {("dedup", "ocr"): "\n  min_aligned: 0.9 # forms are alike by nature; see docs/deliveries.md"}
_PARAMS = """\
# The team's settings. A stage's block says only what differs from the defaults in stages/<stage>.py.
"""


def files(dataset: Dataset, stages: Sequence[str]) -> dict[str, str]:
    """Return the text of every file, by path."""
    classes = _CLASSES.replace("classes: []\n", _TEXT_CLASS) if dataset.task == "ocr" else _CLASSES
    return {
        "params.yaml": _params(dataset, stages),
        "guidelines/classes.yaml": classes,
        "guidelines/annotators.yaml": _ANNOTATORS,
        "guidelines/README.md": _GUIDE.format(name=dataset.name, changing=WHEN_IT_CHANGES),
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
