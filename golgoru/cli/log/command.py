"""`dataset log IMAGE`: every label that an image ever had, who said it, and who overruled whom."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from golgoru.cli.common.repository import enter_repository
from golgoru.core.text import terminal_safe

if TYPE_CHECKING:
    from golgoru.cli.log.history import ImageHistory, ObjectHistory, Overruling


def log(
    key: Annotated[str, typer.Argument(help="An image: its key, base name or content, or an object or word on it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Say which labels an image ever had: who, when, in which batch, and who overruled whom."""
    from golgoru.cli.log.history import image_history

    enter_repository()
    history = image_history(key)
    if as_json:
        objects = [
            past._asdict() | {"overrulings": [o._asdict() for o in past.overrulings]} for past in history.objects
        ]
        typer.echo(json.dumps(history._asdict() | {"objects": objects}, indent=2, ensure_ascii=False))
        return
    for line in _lines(history):
        typer.echo(terminal_safe(line))


def _lines(history: "ImageHistory") -> Iterator[str]:
    yield f"image {history.image}"
    if history.files:
        yield f"  with the words on {', '.join(history.files)}, of equal pixels"
    if history.left_out_for is not None:
        yield f"  left out as a copy of {history.left_out_for}"
    if not history.objects:
        yield "  nobody has said anything about it"
    for past in history.objects:
        yield from _past(past, history.image)


def _past(past: "ObjectHistory", image: str) -> Iterator[str]:
    yield "about no object" if past.object is None else f"object {past.object}"
    for word in past.words:
        role = "" if word["source"] == "human" else f" ({word['source']})"
        said = _what(word) if word["kind"] == "object" else word["kind"]
        on_file = "" if word["image"] == image else f", said on {word['image']}"
        under = f"guideline {word['guideline_version']}"
        yield f"  {word['date']} {word['batch']}: {word['annotator']}{role} {said}: {word['role']} ({under}{on_file})"
    if past.object is not None:
        yield f"  stands: {_stands(past.stands)}"
    for overruling in past.overrulings:
        yield f"  {_overruling(overruling)}"


def _stands(label: Mapping[str, Any] | None) -> str:
    if label is None:
        return "no label"
    by = f" by {label['rule']}" if label["rule"] else ""
    return f"{_what(label)}, {label['status']}{by}"


def _what(row: Mapping[str, Any]) -> str:
    """Return a class with its box and text: `RBC at 78, 336, 106 x 99`."""
    box = [row[side] for side in ("x", "y", "width", "height")]
    place = "" if None in box else " at {:g}, {:g}, {:g} x {:g}".format(*box)
    text = "" if row["text"] is None else f" '{row['text']}'"
    return f"{row['label'] or 'no class'}{place}{text}"


def _overruling(one: "Overruling") -> str:
    verb = "overruled" if one.batch else "outvoted"
    where = f" (batch {one.batch}, {one.date})" if one.batch else ""
    by, who = " and ".join(one.by) or "nobody", " and ".join(one.overruled)
    return f"{by} {verb} {who}: {one.before or 'nothing'} -> {one.after or 'nothing'}{where}"
