"""The release in Croissant, the JSON-LD vocabulary for machine-learning datasets (MLCommons, version 1.1).

Version 1.1 is the first that has arrays (`isArray`), which polygons need. Image files are no part of it: a release
holds tables, and `image` is the path of a file.
"""

import hashlib
import io
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from golgoru.core.dataset import Dataset
from golgoru.guideline.classes import Classes
from golgoru.tables.catalogue import TABLES
from golgoru.tables.schema import Column

FILE = "croissant.json"

# The context of the specification, verbatim: mlcroissant warns of any other.
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

_DATA_TYPES = {
    pa.string(): "sc:Text",
    pa.int64(): "cr:Int64",
    pa.float64(): "cr:Float64",
    pa.bool_(): "sc:Boolean",
}

# SPDX ids of licences that are used for data, and their names on the Hugging Face hub. Any other licence is shown as
# it is written: no link is better than a broken one.
_AS_ON_THE_HUB = (
    "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "CC0-1.0",
    "CC-BY-2.0", "CC-BY-2.5", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-ND-4.0",
    "CC-BY-NC-2.0", "CC-BY-NC-3.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0",
    "CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0",
    "CDLA-Permissive-1.0", "CDLA-Permissive-2.0", "CDLA-Sharing-1.0",
)  # fmt: skip
HUB_LICENCES = {spdx: spdx.lower() for spdx in _AS_ON_THE_HUB} | {
    "ODbL-1.0": "odbl",
    "ODC-By-1.0": "odc-by",
    "PDDL-1.0": "pddl",
}

METADATA_MEANING = "metadata that the deliveries declare"


def build_croissant(dataset: Dataset, classes: Classes, parts: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the release as a Croissant document: a file and a record set per table, a field per column.

    `parts` maps the file names of the tables (`train.parquet` is table `release/train`) to their exact bytes.
    It has no citation: only the authors know which publication describes a dataset.
    """
    optional = {"description": dataset.description, "url": dataset.url}
    has_classes = bool(classes.classes)  # Croissant refuses an enumeration of nothing
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": dataset.name,
        "version": dataset.version,
        **{key: value for key, value in optional.items() if value},
        "license": licence_url(dataset.licence) or dataset.licence,
        "creator": [{"@type": "sc:Organization", "name": creator} for creator in dataset.creators],
        "datePublished": dataset.date.isoformat(),
        "distribution": [_file(name, parts[name]) for name in sorted(parts)],
        "recordSet": [
            *(_record_set(name, parts[name], has_classes) for name in sorted(parts)),
            *([_enumeration(classes)] if has_classes else []),
        ],
    }


def licence_url(licence: str) -> str | None:
    """Return the page of a licence: of an SPDX id known here, or the URL that it is itself; else None."""
    if licence.startswith(("https://", "http://")):
        return licence
    return f"https://spdx.org/licenses/{licence}.html" if licence in HUB_LICENCES else None


def column_meaning(column: Column) -> str:
    """Return what a column means; for "as in labels" the meaning in that table."""
    if not column.meaning.startswith("as in "):
        return column.meaning
    there = TABLES[column.meaning.removeprefix("as in ")].columns
    meanings: dict[str, str] = {other.name: other.meaning for other in there}
    return meanings[column.name]


def _file(name: str, content: bytes) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "description": TABLES[_table_name(name)].grain,
        "contentUrl": name,
        "contentSize": f"{len(content)} B",
        "encodingFormat": "application/x-parquet",
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _record_set(name: str, content: bytes, has_classes: bool) -> dict[str, Any]:
    table = TABLES[_table_name(name)]
    record_set = PurePosixPath(name).stem
    meanings = {column.name: column_meaning(column) for column in table.columns}
    fields = [
        _field(record_set, name, column, meanings.get(column.name, METADATA_MEANING))
        for column in pq.read_schema(io.BytesIO(content))
    ]
    for field in fields:
        if has_classes and field["name"] == "label":
            field["references"] = {"field": {"@id": "classes/id"}}
    return {
        "@type": "cr:RecordSet",
        "@id": record_set,
        "name": record_set,
        "description": table.grain,
        "key": [{"@id": f"{record_set}/{column}"} for column in table.key],
        "field": fields,
    }


def _field(record_set: str, file: str, column: pa.Field, description: str) -> dict[str, Any]:
    is_list = pa.types.is_list(column.type)
    kind = column.type.value_type if is_list else column.type
    return {
        "@type": "cr:Field",
        "@id": f"{record_set}/{column.name}",
        "name": column.name,
        "description": description,
        "dataType": _DATA_TYPES[kind],
        **({"isArray": True, "arrayShape": "-1"} if is_list else {}),
        "source": {"fileObject": {"@id": file}, "extract": {"column": column.name}},
    }


def _enumeration(classes: Classes) -> dict[str, Any]:
    """Return the guideline's classes as records in the document itself."""
    return {
        "@type": "cr:RecordSet",
        "@id": "classes",
        "name": "classes",
        "description": f"the classes of guideline version {classes.version}, in its order",
        "dataType": "sc:Enumeration",
        "key": {"@id": "classes/id"},
        "field": [
            {"@type": "cr:Field", "@id": f"classes/{name}", "name": name, "description": text, "dataType": "sc:Text"}
            for name, text in (("id", "the class, as in label"), ("name", "its name"), ("definition", "its definition"))
        ],
        "data": [
            {"classes/id": c.id, "classes/name": c.name or c.id, "classes/definition": c.definition}
            for c in classes.classes
        ],
    }


def _table_name(file: str) -> str:
    return f"release/{PurePosixPath(file).stem}"
