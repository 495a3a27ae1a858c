"""Faults by rule: for every rule that an expectation enforces, what breaks it, one fault at a time.

A fault is planted in a world of a few images, whose exact findings are in tests/template/golden/, and at many places of
larger worlds, where no other critical rule may be broken with it. Rules that a stage enforces have their cases in
tests/template/builders/stage_rule_failures.py.
"""

from typing import NamedTuple

from golgoru.core.dataset import Task
from tests.template.builders import planted_faults
from tests.template.builders.clean_world import DRAWN, TASKS
from tests.template.builders.planted_faults import (
    Plant,
    altered_annotation,
    altered_label,
    altered_source,
    extra_image,
    repeated_annotation,
    shared_across_splits,
    similar_name,
)


class Fault(NamedTuple):
    """One fault: the rule that finds it, the tasks that can have it, the images that it takes to see it.

    `with_it` are critical rules that are broken by its very nature.
    """

    rule: str
    name: str
    plant: Plant
    tasks: tuple[Task, ...] = TASKS
    images: int = 3
    with_it: frozenset[str] = frozenset()


LINE = [10.0, 10.0, 60.0, 10.0, 30.0, 10.0]
FAULTS = (
    Fault("IMG-001", "an unreadable image", extra_image(error="truncated", width=None, height=None)),
    Fault("IMG-002", "an image 15 pixels high", extra_image(height=15)),
    Fault("IMG-002", "an image 15 pixels wide", extra_image(width=15)),
    Fault("IMG-003", "a name in capitals", similar_name(str.upper)),
    Fault("IMG-003", "a name in another normalisation", planted_faults.composed_name_pair),
    Fault("IMG-004", "a grey image", extra_image(brightness=127.0, contrast=0.4)),
    Fault("IMG-005", "a JPEG file named .png", extra_image(format="JPEG")),
    Fault("SRC-001", "a delivery without a licence", altered_source(licence=None)),
    Fault("SRC-002", "an image without the group key that others have", altered_source(group_key=None)),
    Fault("READ-001", "a line that is too short", planted_faults.unread_line),
    Fault("ANN-001", "a name of an unknown image", altered_annotation(image="a/99.png")),
    Fault("ANN-001", "a name in other capitals", altered_annotation(image="A/00.PNG")),
    Fault("ANN-001", "a name without its folder", altered_annotation(image="00.png")),
    Fault(
        "ANN-002",
        "annotations of an unreadable image",
        planted_faults.unreadable_image,
        with_it=frozenset({"IMG-001"}),
    ),
    Fault("ANN-003", "an unknown source", altered_annotation(source="robot")),
    Fault("ANN-004", "a kind in capitals", altered_annotation(kind="Object")),
    Fault("ANN-005", "two classes for one image", repeated_annotation(label="animal"), ("classification",)),
    Fault("ANN-005", "a class and empty", repeated_annotation(kind="empty", label=None), ("classification",)),
    Fault("ANN-005", "objects and empty", repeated_annotation(kind="empty", label=None, x=None), DRAWN),
    Fault("ANN-006", "a correction of an unknown object", altered_annotation(about="by-ann/nowhere")),
    Fault("ANN-006", "a correction of itself", altered_annotation(about="by-ann/00-1"), DRAWN),
    Fault("ANN-006", "a correction of another image", altered_annotation(about=f"{77:032x}"), ("classification",)),
    Fault("ANN-007", "a guideline newer than ours", altered_annotation(guideline_version="1.11")),
    Fault("ANN-007", "a guideline without a number", altered_annotation(guideline_version="draft")),
    Fault("ANN-008", "an annotator who is not listed", altered_annotation(annotator="stranger")),
    Fault("ANN-009", "a guideline older than the rules", altered_annotation(guideline_version="0.9")),
    Fault("ANN-010", "an annotation of the day after its batch", planted_faults.late_annotation),
    Fault("ANN-011", "an empty annotation with a class", altered_annotation(kind="empty"), ("classification",)),
    Fault("CLASS-001", "a class in capitals", altered_annotation(label="Cat")),
    Fault("CLASS-001", "an object without a class", altered_annotation(label=None)),
    Fault("CLASS-002", "a class without a definition", altered_label(label="thing")),
    Fault("CLASS-003", "a class that has subclasses", altered_label(label="animal")),
    Fault("GEO-001", "a box without a width", altered_annotation(width=None), ("detection",)),
    Fault("GEO-001", "an object without a polygon", altered_annotation(polygon=None), ("segmentation",)),
    Fault("GEO-001", "a polygon of two corners", altered_annotation(polygon=LINE[:4]), ("segmentation",)),
    Fault("GEO-001", "neither box nor polygon", altered_annotation(x=None, polygon=None), ("ocr",)),
    Fault("BOX-001", "a box of no width", altered_annotation(width=0.0), DRAWN),
    Fault("BOX-001", "a box drawn from the lower right", altered_annotation(width=-3.0, height=-3.0), DRAWN),
    Fault("BOX-002", "a box beside the image", altered_annotation(x=200.0), DRAWN),
    Fault("BOX-002", "a box above the image", altered_annotation(y=-60.0), DRAWN),
    Fault("BOX-003", "a box over the left border", altered_annotation(x=-0.6), DRAWN),
    Fault("BOX-003", "a box over the lower border", altered_annotation(y=130.0), DRAWN),
    Fault("BOX-004", "a box saved twice", repeated_annotation(), DRAWN),
    Fault(
        "BOX-005",
        "a box much smaller than its class",
        altered_annotation(x=90.0, y=70.0, width=3.0, height=3.0),
        DRAWN,
        images=30,
    ),
    Fault(
        "BOX-005",
        "a box much larger than its class",
        altered_annotation(x=0.0, y=0.0, width=200.0, height=150.0),
        DRAWN,
        images=30,
    ),
    Fault("BOX-006", "a box 1.5 pixels wide", altered_annotation(width=1.5), DRAWN),
    Fault("POLY-001", "corners on one line", altered_annotation(polygon=LINE), ("segmentation", "ocr")),
    Fault("TEXT-001", "no text", altered_annotation(text=None), ("ocr",)),
    Fault("TEXT-001", "a blank text", altered_annotation(text=" \u3000"), ("ocr",)),
    Fault("TEXT-002", "a text that ends in a space", altered_annotation(text="Straße "), ("ocr",)),
    Fault("TEXT-002", "a text of two lines", altered_annotation(text="Straße\n7"), ("ocr",)),
    Fault("TEXT-002", "a non-ASCII space", altered_annotation(text="\u3000Straße"), ("ocr",)),
    Fault("TEXT-002", "a non-ASCII line separator", altered_annotation(text="Straße\u20287"), ("ocr",)),
    Fault("VOTE-002", "a single annotator", altered_label(votes=1)),
    Fault("REL-001", "an undefined class", altered_label(label="unicorn")),
    Fault("REL-002", "a group in two splits", shared_across_splits("group")),
    Fault("REL-003", "a file in two splits", shared_across_splits("content")),
    Fault("REL-004", "an unknown split", planted_faults.unknown_split),
    Fault("REL-005", "an image that nobody reviewed", planted_faults.unreviewed_image),
)
