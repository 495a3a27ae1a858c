"""Pascal VOC: one XML file per picture. A file without objects says that the picture was looked at and is empty."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException

from golgoru.core.csv_table import Reject
from golgoru.core.safe_xml import parse_xml
from golgoru.formats.files import SourceFile, files_with_suffix, first_bytes
from golgoru.formats.payload import FileRows, Payload, read_each_file
from golgoru.formats.record import Format, PayloadSettings

_SUFFIXES = (".xml",)
_ROOT = re.compile(rb"<annotation[\s>]")
_OBJECT_TAGS = {
    "label": "name", "x": "bndbox/xmin", "y": "bndbox/ymin", "x2": "bndbox/xmax", "y2": "bndbox/ymax",
}  # fmt: skip
_KNOWN_TAGS = {"folder", "filename", "path", "source", "owner", "size", "segmented", "database", "object"}
_ATTRIBUTES = ("pose", "truncated", "difficult", "occluded")


def detect(files: Sequence[SourceFile]) -> str | None:
    """Return how many XML files there are, where the root of one of the first is <annotation>."""
    xml = files_with_suffix(files, _SUFFIXES)
    if any(_ROOT.search(content) for _, content in first_bytes(xml)):
        return f"{len(xml):,} XML files with the root <annotation>"
    return None


def read(payload: Path, settings: PayloadSettings, images: Sequence[str]) -> Iterator[Payload]:
    """Yield the objects of every XML file of the payload."""
    del settings, images  # the files name their pictures
    return read_each_file(payload, _SUFFIXES, read_file)


def read_file(name: str, path: Path) -> FileRows:
    """Return one file's objects. Raises ValueError where it is no readable VOC file."""
    try:
        root = parse_xml(path.read_bytes())
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
        raise ValueError("an <object> is nested deeper than right below <annotation>, where Pascal VOC has it")
    # Emptiness is a statement of the annotator: a file that is not understood must not make it.
    unknown_tags = sorted({child.tag for child in root} - _KNOWN_TAGS)
    if unknown_tags and not objects:
        raise ValueError(
            f"no <object>, and <{unknown_tags[0]:.40}>, which is no tag of Pascal VOC: the file is not taken for an"
            " empty picture"
        )
    rows: list[dict[str, Any]] = [] if objects else [{"file": name, "line": None, "image": image, "kind": "empty"}]
    rejects = []
    for number, item in enumerate(objects, start=1):
        row, problem = _object_row(item)
        if problem:
            content = " ".join("".join(item.itertext()).split())
            rejects.append(Reject(name, None, content, f"object {number} {problem}"))
        else:
            rows.append({"file": name, "line": None, "image": image, **row})
    return FileRows(rows, rejects)


def _object_row(item: Element) -> tuple[dict[str, Any], str | None]:
    """Return one object's row, and what is wrong with it: a tag that it lacks, or has more than once."""
    texts: dict[str, list[str | None]] = {}
    for child in item:
        texts.setdefault(child.tag, []).append(_text(child))
        for side in child if child.tag == "bndbox" else ():
            texts.setdefault(f"bndbox/{side.tag}", []).append(_text(side))
    row: dict[str, Any] = {field: texts.get(tag, [None])[0] for field, tag in _OBJECT_TAGS.items()}
    errors = [f"has more than one <{tag}>" for tag in ("bndbox", *_OBJECT_TAGS.values()) if len(texts.get(tag, ())) > 1]
    errors += [f"has no <{_OBJECT_TAGS[field]}>" for field, value in row.items() if value is None]
    attributes = {tag: texts[tag][0] for tag in _ATTRIBUTES if texts.get(tag, [None])[0] is not None}
    return row | {"attributes": attributes or None}, next(iter(errors), None)


def _tag_text(item: Element, tag: str) -> str | None:
    child = item.find(tag)
    return _text(child) if child is not None else None


def _text(element: Element) -> str | None:
    return (element.text or "").strip() or None


FORMAT = Format(
    "voc",
    _SUFFIXES,
    detect,
    read,
    allowed_keys=("shift", "boxes"),
    required_keys={
        "boxes": "edges, pixels-from-0 or pixels-from-1. Half of the tools that write Pascal VOC count pixels from 1,"
        " half from 0, and the files do not say which. If the box over a whole picture 640 pixels wide has xmin 1 and"
        " xmax 640, it is pixels-from-1 (as in the VOC data sets); with 0 and 639, pixels-from-0; with 0 and 640, edges"
    },
    cannot_hold=("polygons", "texts", "annotators", "ids"),
)
