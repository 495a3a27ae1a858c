"""Show people what was found about copies: a page with the pictures, and what each of them is labelled as.

Reads: `images` (one row per file), `pairs` (one row per pair of copies), `copies` (one row per image left out for
another), `groups` and `splits` (one row per image that can be opened), `labels` (one row per object),
guidelines/classes.yaml.
Writes: the page reports/site/copies.html. It informs people; nothing reads it.
"""

from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stages.lib import copies_page, engine, page, pair_kinds
from stages.lib.charts import printable
from stages.lib.copies_page import Facts, Section
from stages.lib.project import Classes
from stages.lib.shell import run
from stages.lib.yaml_file import Written

_TEMPLATE = Path(copies_page.__file__).with_name("copies.html.j2")


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
    classes: Classes,
    params: Params,
) -> Tables:
    """Return the page, and how much it shows. Raises UserError where a picture is not the one that was compared."""
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
        "classes": _classes(classes, sections),
    }
    return Tables({"copies.html": page.render(_TEMPLATE, content)}, metrics)


def _pictures(sections: dict[str, Section]) -> list[copies_page.Shown]:
    cards = chain.from_iterable(section.cards for section in sections.values())
    return list(chain.from_iterable(card.pictures for card in cards))


def _classes(classes: Classes, sections: dict[str, Section]) -> dict[str, tuple[str, str]]:
    """Return name and colour of the classes that the page shows, in the order of the guideline.

    A class without a colour gets a hue of its own by its place: steps of the golden angle lie apart, however many.
    """
    shown = {label.label for picture in _pictures(sections) for label in picture.labels}
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
