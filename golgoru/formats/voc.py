"""Pascal VOC: one XML file per picture. A file without objects says that the picture was looked at and is empty."""

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from golgoru.core.csv_table import Reject
from golgoru.formats.payload import Payload, read_each_file, rows_frame
from golgoru.raw.batches import Batch

SUFFIXES = (".xml",)
_CORNERS = {"x": "xmin", "y": "ymin", "x2": "xmax", "y2": "ymax"}
_KNOWN = {"folder", "filename", "path", "source", "owner", "size", "segmented", "database", "object"}
_ATTRIBUTES = ("pose", "truncated", "difficult", "occluded")


def read(batch: Batch, images: list[str]) -> Payload:
    """Return the objects of every XML file of the payload."""
    del images  # the files name them
    return read_each_file(batch.payload, SUFFIXES, read_file)


def read_file(name: str, path: Path) -> Payload:
    """Return one file's objects. Raises ValueError where it is no readable VOC file."""
    try:
        root = fromstring(path.read_bytes(), forbid_dtd=True)
    except ParseError as error:
        raise ValueError(f"not valid XML: {error}") from None
    except DefusedXmlException as error:
        raise ValueError(f"XML with entities or a document type is refused ({type(error).__name__})") from None
    except (LookupError, RecursionError) as error:
        raise ValueError(f"not readable XML: {error}") from None
    if root.tag != "annotation":
        raise ValueError(f"expected <annotation> as the root, found <{root.tag:.40}>")
    image = _tag_text(root, "filename") or Path(name).stem
    objects = root.findall("object")
    if len(objects) < sum(1 for _ in root.iter("object")):
        raise ValueError("an <object> stands deeper than right below <annotation>, where Pascal VOC has it")
    # Emptiness is a statement: what is not understood must not make it.
    strange = sorted({child.tag for child in root} - _KNOWN)
    if strange and not objects:
        raise ValueError(
            f"no <object>, and <{strange[0]:.40}>, which Pascal VOC has not: not taken for an empty picture"
        )
    rows: list[dict[str, Any]] = [] if objects else [{"file": name, "line": None, "image": image, "kind": "empty"}]
    rejects = []
    for number, item in enumerate(objects, start=1):
        word, fault = _object_row(item)
        if fault:
            found = " ".join("".join(item.itertext()).split())
            rejects.append(Reject(name, None, found, f"object {number} {fault}"))
        else:
            rows.append({"file": name, "line": None, "image": image, **word})
    return Payload(rows_frame(rows), rejects)


def _object_row(item: Element) -> tuple[dict[str, Any], str | None]:
    """Return one object's word, and what is wrong with it: a tag that it lacks, or has more than once."""
    tags = {"label": "name", **{field: f"bndbox/{tag}" for field, tag in _CORNERS.items()}}
    word: dict[str, Any] = {field: _tag_text(item, tag) for field, tag in tags.items()}
    faults = [f"has more than one <{tag}>" for tag in ("bndbox", *tags.values()) if len(item.findall(tag)) > 1]
    faults += [f"has no <{tags[field]}>" for field, value in word.items() if value is None]
    attributes = {tag: value for tag in _ATTRIBUTES if (value := _tag_text(item, tag)) is not None}
    return word | {"attributes": attributes or None}, next(iter(faults), None)


def _tag_text(item: Element, tag: str) -> str | None:
    found = item.find(tag)
    return (found.text or "").strip() or None if found is not None else None
