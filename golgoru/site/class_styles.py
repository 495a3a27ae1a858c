"""How pages name and colour the classes."""

from typing import NamedTuple

from golgoru.core.text import markup_safe
from golgoru.guideline.classes import Classes


class ClassStyle(NamedTuple):
    """The name of a class on pages, and its colour as CSS."""

    name: str
    colour: str


def class_styles(classes: Classes, shown: set[str]) -> dict[str, ClassStyle]:
    """Return the style of each class that a page shows, in the order of the guideline.

    A class without a colour gets a hue by its position: multiples of the golden angle stay apart, however many.
    """
    of_guideline = {
        c.id: ClassStyle(markup_safe(c.name or c.id), c.colour or _position_colour(position))
        for position, c in enumerate(classes.classes)
    }
    unknown = {label: ClassStyle(markup_safe(label), "currentColor") for label in sorted(shown - set(of_guideline))}
    return {label: style for label, style in (of_guideline | unknown).items() if label in shown}


def _position_colour(position: int) -> str:
    return f"hsl({position * 137.5 % 360:.0f} 60% {(48, 62, 40)[position % 3]}%)"
