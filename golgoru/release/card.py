"""The dataset card: README.md of a release, for a person in a hurry.

Names, descriptions and reasons come from the data: they are escaped, so that they are neither Markdown nor HTML.
"""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from golgoru.consensus.relabel import RelabelWork
from golgoru.core import text
from golgoru.core.dataset import SPLITS, Dataset
from golgoru.core.markdown import escape_markdown, format_integer, format_share, markdown_link, table
from golgoru.guideline.classes import Classes
from golgoru.guideline.rules import RuleBook
from golgoru.release import charts, croissant, manifest
from golgoru.release.card_labels import labelling_section, limits_section
from golgoru.release.ledger import IN_RELEASE
from golgoru.tables import frames
from golgoru.tables.catalogue import TABLES
from golgoru.tables.schema import INTEGER, NUMBER, POLYGON, TEXT, YES_NO

FILE = "README.md"

_MAX_CLASSES = 100
_HUB_TASKS = {
    "classification": "image-classification",
    "detection": "object-detection",
    "segmentation": "image-segmentation",
    "ocr": "image-to-text",
}
_TYPES = {TEXT: "text", INTEGER: "integer", NUMBER: "number", YES_NO: "true or false", POLYGON: "list of numbers"}
_KINDS = ("image", "annotation", "reject")
_REGIONS = (
    "Beside these, {:,} regions have `ignore` and no label: somebody drew an object there that a rule set aside or a"
    " change of the guideline took away, so they are not background."
)
_FATE_MEANINGS = {
    "released": "it is in the release, or agrees with a label in it",
    "reviewed empty": "it is in the release as an image reviewed as empty",
    "superseded": "the same annotator made a newer annotation",
    "outdated": "a change of the guideline says that it no longer counts",
    "outvoted": "most other annotators disagree with it, or a reviewer decided otherwise",
    "contested": "annotators disagree without a majority; beside other objects it is released with `ignore`",
    "duplicate": "another image is kept for it",
    "capped": "a class or value that it shows has more images than its cap",
    "set aside": "it breaks a rule",
    "incomplete": "an annotation of an object on it was set aside or has lapsed, and nothing stands in its place",
    "withdrawn": "it must not be used any longer",
    "removed": "a review removed the object",
    "no vote": "it counts for no label: a model made it, or it says unsure or skipped",
    "unlabelled": "it has no label yet",
    "rejected": "it could not be read",
}


def build_card(
    dataset: Dataset,
    classes: Classes,
    rules: RuleBook,
    tables: Mapping[str, pd.DataFrame],
    edge_cases: str,
    release_hash: str,
    work: RelabelWork,
) -> bytes:
    """Return the dataset card as Markdown; `tables` are the release's by name (`release/train`, ...).

    `edge_cases` is the section on them, from `card_edge_cases`; `work`: what must be labelled again after changes of
    the guideline.
    """
    counts = manifest.counts_by_split(classes, tables)
    sections = (
        _front_matter(dataset) + _head(dataset, classes, counts, release_hash),
        _contents(classes, counts, sum(int(tables[f"release/{split}"]["label"].isna().sum()) for split in SPLITS)),
        *([edge_cases] if edge_cases else []),
        labelling_section(tables, work),
        _left_out(rules, tables["release/ledger"]),
        limits_section(dataset, counts, tables),
        _loading(),
        _columns(tables),
    )
    return ("\n\n".join(sections) + "\n").encode()


def _front_matter(dataset: Dataset) -> str:
    """Return what the Hugging Face hub reads. JSON is YAML too, and nothing can break out of it."""
    hub_licence = croissant.HUB_LICENCES.get(dataset.licence)
    other = {"license": "other", "license_name": text.markup_safe(dataset.licence)}
    fields: dict[str, Any] = {
        "pretty_name": dataset.name,
        **({"license": hub_licence} if hub_licence else other),
        "task_categories": [_HUB_TASKS[dataset.task]],
    }
    return "\n".join(
        ["---", *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()), "---", "", ""]
    )


def _head(dataset: Dataset, classes: Classes, counts: Mapping[str, Any], release_hash: str) -> str:
    page = croissant.licence_url(dataset.licence)
    rows = [
        ["Task", dataset.task],
        ["Images", format_integer(counts["images"]["total"])],
        [
            "Objects",
            f"{format_integer(counts['objects']['total'])} in {format_integer(len(counts['classes']))} classes",
        ],
        ["Licence", markdown_link(page, dataset.licence) if page else escape_markdown(dataset.licence)],
        ["Creators", escape_markdown(", ".join(dataset.creators))],
        ["Date", dataset.date.isoformat()],
        ["Guideline", f"version {escape_markdown(classes.version)}"],
        *([["Home", markdown_link(dataset.url, dataset.url)]] if dataset.url else []),
        ["Release hash", f"`{release_hash}`"],
    ]
    title = f"# {escape_markdown(dataset.name)} {escape_markdown(dataset.version)}"
    return "\n\n".join(
        [title, *([escape_markdown(dataset.description)] if dataset.description else []), table(["", ""], rows)]
    )


def _contents(classes: Classes, counts: Mapping[str, Any], regions: int) -> str:
    names = {c.id: f"{c.id} ({c.name})" if c.name and c.name != c.id else c.id for c in classes.classes}
    ignored = {c.id for c in classes.classes if c.ignore}
    images, objects, empty = (counts[key] for key in ("images", "objects", "reviewed_empty"))
    by_split = [
        [
            split,
            format_integer(images[split]),
            format_share(images[split], images["total"]),
            format_integer(objects[split]),
            format_integer(empty[split]),
        ]
        for split in (*SPLITS, "total")
    ]
    by_class = [
        [
            escape_markdown(names.get(label, label)) + (" †" if label in ignored else ""),
            *(format_integer(row[split]) for split in (*SPLITS, "total")),
            format_share(row["total"], objects["total"]),
        ]
        for label, row in [*counts["classes"].items()][:_MAX_CLASSES]
    ]
    more = len(counts["classes"]) - len(by_class)
    notes = [
        *([f"{format_integer(more)} more classes are in `{manifest.FILE}`."] if more else []),
        *(["† Training leaves this class out (`ignore`)."] if ignored else []),
        *([_REGIONS.format(regions)] if regions else []),
    ]
    return "\n\n".join(
        [
            "## What is in it",
            table(["Split", "Images", "Share", "Objects", "Reviewed as empty"], by_split, numbers_from=1),
            f"![Images per split]({charts.IMAGES})",
            table(["Class", *SPLITS, "total", "Share"], by_class, numbers_from=1),
            *notes,
            f"![Objects per class]({charts.CLASSES})",
        ]
    )


def _left_out(rules: RuleBook, ledger: pd.DataFrame) -> str:
    sentences = {rule.id: rule.sentence for rule in rules.rules}
    by = ["fate", "rule", "kind"]
    sizes = frames.as_texts(ledger.groupby(by, observed=True, dropna=False).size().rename("rows").reset_index())
    counts = (
        sizes.fillna({"rule": ""})
        .set_index(by)["rows"]
        .unstack("kind", fill_value=0)
        .reindex(columns=list(_KINDS), fill_value=0)
    )
    # One row per fate and rule: some dozens at most.
    rows = sorted(
        ((fate, rule, numbers.tolist()) for (fate, rule), numbers in zip(counts.index, counts.to_numpy(), strict=True)),
        key=lambda row: (row[0] not in IN_RELEASE, -sum(row[2]), row[0], row[1]),
    )
    body = [
        [
            escape_markdown(fate),
            f"{escape_markdown(rule)}: {escape_markdown(sentences.get(rule, 'not in guidelines/rules.yaml'))}"
            if rule
            else _FATE_MEANINGS.get(fate, ""),
            *(format_integer(n) for n in numbers),
        ]
        for fate, rule, numbers in rows
    ]
    total = ["**in total**", "", *(f"**{format_integer(int(n))}**" for n in counts.sum())]
    return "\n\n".join(
        [
            "## What was left out, and why",
            "The fate of every delivered image and annotation, and of every file or line that could not be read. "
            "`ledger.parquet` lists them one by one.",
            table(["Fate", "Why, or the rule", "Images", "Annotations", "Rejects"], [*body, total], numbers_from=2),
            f"![Fates of the raw images]({charts.IMAGE_FATES})",
            f"![Fates of annotations and rejects]({charts.ANNOTATION_FATES})",
        ]
    )


def _loading() -> str:
    return f"""## How to load it

```python
import pandas as pd

images = pd.read_parquet("images.parquet")
train = pd.read_parquet("train.parquet").merge(images[["image", "weight", "repeat"]], on="image")
train["path"] = "data/raw/images/" + train["image"]
```

The image files are not in this folder: `image` is a path under `data/raw/images` of the repository, where `dvc pull`
puts them. An image that was reviewed as empty has a row in `images.parquet` and none in the table of its split.
`{croissant.FILE}` describes every table in the Croissant format, `{manifest.FILE}` has the hash of every file."""


def _columns(tables: Mapping[str, pd.DataFrame]) -> str:
    parts = ["## Columns"]
    for names in (SPLITS, ("images",), ("lineage",), ("ledger",)):
        schema = TABLES[f"release/{names[0]}"]
        rows = [
            [
                f"`{column.name}`",
                _TYPES[column.type] + (", or null" if column.nullable else ""),
                escape_markdown(croissant.column_meaning(column)),
            ]
            for column in schema.columns
        ]
        known = {column.name for column in schema.columns}
        frame = tables[schema.name]
        extra = sorted(str(name) for name in frame if name not in known)
        rows += [
            [escape_markdown(name), f"{_kind(frame[name])}, or null", croissant.METADATA_MEANING] for name in extra
        ]
        files = ", ".join(f"`{name}.parquet`" for name in names)
        parts += [f"### {files}", f"{schema.grain.capitalize()}.", table(["Column", "Type", "Meaning"], rows)]
    return "\n\n".join(parts)


def _kind(values: pd.Series) -> str:
    kind = {"b": "true or false", "i": "integer", "f": "number"}
    return kind.get(getattr(values.dtype, "kind", "O"), "text")
