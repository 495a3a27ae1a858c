"""`dataset log IMAGE`: every annotation that an image ever had, who made it, and who overruled whom."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from golgoru.cli.common.repository import enter_repository
from golgoru.core.text import terminal_safe

if TYPE_CHECKING:
    from golgoru.cli.log.history import ImageHistory, ObjectHistory, Overruling


def log(
    key: Annotated[
        str, typer.Argument(help="An image: its key, base name or content; or an object or annotation on it.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """List every annotation that an image ever had: by whom, when, in which batch, and who overruled whom."""
    from golgoru.cli.log.history import image_history

    enter_repository()
    history = image_history(key)
    if as_json:
        objects = [
            past._asdict() | {"overrulings": [overruling._asdict() for overruling in past.overrulings]}
            for past in history.objects
        ]
        typer.echo(json.dumps(history._asdict() | {"objects": objects}, indent=2, ensure_ascii=False))
        return
    for line in _lines(history):
        typer.echo(terminal_safe(line))


def _lines(history: "ImageHistory") -> Iterator[str]:
    yield f"image {history.image}"
    if history.files:
        yield f"  with the annotations of {', '.join(history.files)}, of equal pixels"
    if history.duplicate_of is not None:
        yield f"  left out as a duplicate of {history.duplicate_of}"
    if not history.objects:
        yield "  no annotations"
    for past in history.objects:
        yield from _object_lines(past, history.image)


def _object_lines(past: "ObjectHistory", image: str) -> Iterator[str]:
    yield "without object" if past.object is None else f"object {past.object}"
    for row in past.annotations:
        source = "" if row["source"] == "human" else f" ({row['source']})"
        value = _value(row) if row["kind"] == "object" else row["kind"]
        on_file = "" if row["image"] == image else f", on {row['image']}"
        under = f"guideline {row['guideline_version']}"
        yield f"  {row['date']} {row['batch']}: {row['annotator']}{source} {value}: {row['role']} ({under}{on_file})"
    if past.object is not None:
        yield f"  label: {_label(past.label)}"
    for overruling in past.overrulings:
        yield f"  {_overruling(overruling)}"


def _label(label: Mapping[str, Any] | None) -> str:
    if label is None:
        return "no label"
    by = f" by {label['rule']}" if label["rule"] else ""
    return f"{_value(label)}, {label['status']}{by}"


def _value(row: Mapping[str, Any]) -> str:
    """Return a class with its box and text: `RBC at 78, 336, 106 x 99`."""
    from golgoru.geometry.boxes import BOX_COLUMNS

    box = [row[side] for side in BOX_COLUMNS]
    place = "" if None in box else " at {:g}, {:g}, {:g} x {:g}".format(*box)
    text = "" if row["text"] is None else f" '{row['text']}'"
    return f"{row['label'] or 'no class'}{place}{text}"


def _overruling(overruling: "Overruling") -> str:
    verb = "overruled" if overruling.batch else "outvoted"
    where = f" (batch {overruling.batch}, {overruling.date})" if overruling.batch else ""
    by, whom = " and ".join(overruling.by) or "nobody", " and ".join(overruling.overruled)
    return f"{by} {verb} {whom}: {overruling.before or 'nothing'} -> {overruling.after or 'nothing'}{where}"
