"""How pages name and colour the classes."""

from golgoru.core.text import markup_safe
from golgoru.guideline.classes import Classes

ClassStyle = tuple[str, str]  # name and colour


def class_styles(classes: Classes, shown: set[str]) -> dict[str, ClassStyle]:
    """Return name and colour of the classes that a page shows, in the order of the guideline.

    A class without a colour gets a hue of its own by its place: steps of the golden angle lie apart, however many.
    """
    guided = {
        c.id: (
            markup_safe(c.name or c.id),
            c.colour or f"hsl({place * 137.5 % 360:.0f} 60% {(48, 62, 40)[place % 3]}%)",
        )
        for place, c in enumerate(classes.classes)
    }
    others = {label: (markup_safe(label), "currentColor") for label in sorted(shown - set(guided))}
    return {label: style for label, style in (guided | others).items() if label in shown}
