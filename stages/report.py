"""Show people what was found, on pages with the pictures: copies, and how good the labels are.

Reads: `images` (one row per file), `pairs` (one row per pair of copies), `copies` (one row per image left out for
another), `groups` and `splits` (one row per image that can be opened), `labels` (one row per object),
guidelines/classes.yaml.
`suspects` (one row per object under suspicion), `agreement` (one row per scope), `annotators` (one row per annotator),
`noise`, `scores`, `curve` and `forecast` as stage evaluate writes them.
Writes: the pages reports/site/copies.html and labels.html. They inform people; nothing reads them.
"""

from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stages.lib import copies_page, engine, labels_page, page, pair_kinds
from stages.lib.charts import printable
from stages.lib.copies_page import Facts, Section
from stages.lib.project import Classes
from stages.lib.shell import run
from stages.lib.yaml_file import Written

_TEMPLATES = Path(copies_page.__file__).parent


class Params(Written):
    """No settings: what counts as a copy is said in the block of dedup."""


class Tables(NamedTuple):
    """What the stage writes."""

    pages: dict[str, bytes]
    metrics: dict[str, Any]


def transform(
    images: pd.DataFrame,
    pairs: pd.DataFrame,
    copies: pd.DataFrame,
    groups: pd.DataFrame,
    labels: pd.DataFrame,
    splits: pd.DataFrame,
    suspects: pd.DataFrame,
    agreement: pd.DataFrame,
    annotators: pd.DataFrame,
    noise: pd.DataFrame,
    scores: pd.DataFrame,
    curve: pd.DataFrame,
    forecast: pd.DataFrame,
    classes: Classes,
    params: Params,
) -> Tables:
    """Return the pages, and how much they show. Raises UserError where a picture is not what it was."""
    del params
    known = copies_page.facts(images, pairs, copies, groups, labels, splits)
    sections = {
        "to_judge": copies_page.pair_section(pairs, pair_kinds.TO_JUDGE, known),
        "set_aside": copies_page.copies_section(copies, known),
        "turned": copies_page.pair_section(pairs, pair_kinds.TURNED, known),
    }
    seen = sorted({(picture.image, picture.content) for picture in _pictures(sections)})
    inlined = engine.map_ordered(page.inlined, seen, "drawing")
    metrics = _metrics(images, pairs, copies, known, sections)
    content = {
        **metrics,
        "sections": sections,
        "pictures": {image: uri for (image, _), uri in zip(seen, inlined, strict=True)},
        "classes": _classes(classes, {label.label for p in _pictures(sections) for label in p.labels}),
    }
    quality = _Quality(labels, suspects, agreement, annotators, noise, scores, curve, forecast)
    pages = {
        "copies.html": page.render(_TEMPLATES / "copies.html.j2", content),
        "labels.html": page.render(_TEMPLATES / "labels.html.j2", _quality(quality, images, classes)),
    }
    return Tables(pages, metrics | {"suspects": len(suspects)})


class _Quality(NamedTuple):
    """The tables that the page of labels shows."""

    labels: pd.DataFrame
    suspects: pd.DataFrame
    agreement: pd.DataFrame
    annotators: pd.DataFrame
    noise: pd.DataFrame
    scores: pd.DataFrame
    curve: pd.DataFrame
    forecast: pd.DataFrame


def _quality(tables: _Quality, images: pd.DataFrame, classes: Classes) -> dict[str, Any]:
    """Return what the page of labels is made of."""
    shown = labels_page.suspects(tables.suspects, images)
    of_scope = dict(list(tables.agreement.groupby("scope")))
    nothing = tables.agreement.iloc[:0]
    whole = labels_page.rows(of_scope.get("all", nothing), ["key"])
    status = tables.labels["status"].value_counts()
    met = of_scope.get("classes", nothing)
    return {
        "counts": {
            "objects": len(tables.labels),
            **{name: int(status.get(name, 0)) for name in ("agreed", "adjudicated", "contested")},
        },
        "alpha": whole[0]["beyond_chance"] if whole else None,
        "alpha_why": whole[0]["why"] if whole else "there are no votes",
        "suspects": shown,
        "shots": engine.map_ordered(labels_page.shot, [one.wanted for one in shown], "drawing"),
        "more": len(tables.suspects) - len(shown),
        "classes": _classes(classes, {name for one in shown for name in (one.label, one.proposed) if name is not None}),
        "agreement_of_classes": labels_page.rows(of_scope.get("class", nothing), ["share", "key"]),
        "confused": labels_page.rows(met[met["votes"] > 0], ["share", "key", "other"])[:10],
        "annotators": labels_page.rows(tables.annotators, ["annotator"]),
        "noise": labels_page.rows(tables.noise, ["label", "method"]),
        "scores": labels_page.rows(tables.scores, ["scope", "split", "model", "key", "measure"]),
        "curve": labels_page.curve(tables.curve),
        "forecast": labels_page.rows(tables.forecast, ["action"], ascending=False),
    }


def _pictures(sections: dict[str, Section]) -> list[copies_page.Shown]:
    cards = chain.from_iterable(section.cards for section in sections.values())
    return list(chain.from_iterable(card.pictures for card in cards))


def _classes(classes: Classes, shown: set[str]) -> dict[str, tuple[str, str]]:
    """Return name and colour of the classes that a page shows, in the order of the guideline.

    A class without a colour gets a hue of its own by its place: steps of the golden angle lie apart, however many.
    """
    guided = {
        c.id: (printable(c.name or c.id), c.colour or f"hsl({place * 137.5 % 360:.0f} 60% {(48, 62, 40)[place % 3]}%)")
        for place, c in enumerate(classes.classes)
    }
    others = {label: (printable(label), "currentColor") for label in sorted(shown - set(guided))}
    return {label: style for label, style in (guided | others).items() if label in shown}


def _metrics(
    images: pd.DataFrame, pairs: pd.DataFrame, copies: pd.DataFrame, known: Facts, sections: dict[str, Section]
) -> dict[str, Any]:
    """Return how many pictures and pairs there are, and of each section what there is and what the page shows."""
    kinds = pairs["kind"].value_counts()
    return {
        "images": int(images["error"].isna().sum()),
        "pairs": {kind: int(kinds.get(kind, 0)) for kind in pair_kinds.ALL},
        "paired": len(known.about),
        "groups": int(known.about["group"].nunique()),
        "copies": len(copies),
        "cards": {
            name: {"found": section.total, "shown": len(section.cards), "labels_differ": section.differ}
            for name, section in sections.items()
        },
    }


if __name__ == "__main__":
    run(transform)
