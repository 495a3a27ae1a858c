"""Worlds of a single image, by what is said of it, and of several such images."""

import pandas as pd

from golgoru.tables import frames
from tests.template.builders import worlds
from tests.template.builders.guideline_changes import changed


def drawn(answers, task="classification", **more):
    """Return a world of one image; `answers` maps annotators to a label, to boxes (left edges), or to a kind."""
    dataset = worlds.build(task, 1, 0)
    image = frames.frame(
        "images", {"image": ["a/1.png"], "content": "1" * 32, "bytes": 1, "width": 100, "height": 100, "format": "PNG"}
    )
    rows = []
    for annotator, answer in answers.items():
        about = {"annotator": annotator, "source": "review" if annotator == "rev" else "human"}
        if isinstance(answer, str):
            kind = answer if answer in ("empty", "remove", "unsure", "skipped") else "object"
            rows.append(about | {"kind": kind, "label": answer if kind == "object" else None})
        else:
            rows += [about | {"kind": "object", "label": "cat", "x": x, "y": 0.0} for x in answer]
    rows = [row | {"annotation": f"b/{n}"} for n, row in enumerate(rows)]
    table = pd.DataFrame(rows, columns=["annotation", "annotator", "source", "kind", "label", "x", "y"])
    table = table.assign(image="a/1.png", batch="b", date="2026-03-01", guideline_version="1.9", width=9.0, height=9.0)
    about = {"image": ["a/1.png"], "delivery": "a", "date": "2026-01-01"}
    return dataset._replace(
        images=image,
        sources=frames.frame("sources", about),
        annotations=frames.frame("annotations", table.assign(**more)),
        rejects=frames.frame("rejects"),
        violations=frames.frame("violations"),
        duplicate_pairs=frames.frame("duplicate_pairs"),
        groups=frames.frame("groups", {"image": ["a/1.png"], "group": "1" * 32, "group_on_arrival": "1" * 32}),
        pins=[],
        withdrawals=[],
        changes=changed(),
    )


def beside_each_other(drawn_worlds):
    """Return one world with the images of several that `drawn` made: none of them knows of the others."""
    tables = {"images": [], "sources": [], "annotations": [], "groups": []}
    for number, world in enumerate(drawn_worlds):
        of_image = {"image": f"a/{number}.png"}
        content = f"{number + 1:032x}"
        tables["images"].append(world.images.assign(**of_image, content=content))
        tables["sources"].append(world.sources.assign(**of_image))
        tables["groups"].append(world.groups.assign(**of_image, group=content, group_on_arrival=content))
        keys = {name: f"{number}-" + world.annotations[name] for name in ("annotation", "about")}
        tables["annotations"].append(world.annotations.assign(**of_image, **keys))
    return drawn_worlds[0]._replace(**{name: frames.concat(rows, name) for name, rows in tables.items()})


def of(ledger, kind):
    """Return the rows of the ledger that are about one kind, by key."""
    return ledger[ledger["kind"] == kind].set_index("key")
