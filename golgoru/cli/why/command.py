"""`dataset why KEY`: where an image, an annotation or a reject went, and by which rule."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from golgoru.cli.common.repository import enter_repository
from golgoru.core import paths
from golgoru.core.text import terminal_safe
from golgoru.tables.vocabulary import CONTESTED

if TYPE_CHECKING:
    from golgoru.cli.why.fate import KeyReport

_INCOMPLETE = (
    "an annotation of an object on it was set aside, and nothing stands in its place; released like this, the object"
    " would be background: bring in a newer answer for the image, of the annotator or a reviewer (`dataset import`)"
)
_OUTDATED = f"a change of the guideline in {paths.CHANGES} says that the annotation no longer counts"


def why(
    key: Annotated[str, typer.Argument(help="Key of an image, annotation or reject, or an image's base name.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Say where an image or annotation went, and by which rule."""
    from golgoru.cli.why.fate import report_on

    enter_repository()
    report = report_on(key)
    if as_json:
        typer.echo(json.dumps(report._asdict(), indent=2, ensure_ascii=False))
        return
    for line in _lines(report):
        typer.echo(terminal_safe(line))


def _lines(report: "KeyReport") -> list[str]:
    lines = []
    if not report.rows:
        lines.append(
            f"{report.key}: no release yet; these are the results of the checks so far (`dvc repro` makes a release)"
        )
        lines += [] if report.findings else ["  no rule is broken"]
    for row in report.rows:
        lines.append(f"{row['kind']} {row['key']}")
        lines += [f"  {name:<9} {value}" for name, value in _fate_lines(row, report.rules)]
    if report.findings:
        lines.append("findings")
        lines += [f"  {f['rule']} ({f['action']}) {f['key']}: {f['message']}" for f in report.findings]
    if report.conflicts:
        lines.append("duplicates whose labels conflict")
        lines += [f"  {_conflict(row, report.key)}" for row in report.conflicts]
    if report.annotations:
        lines.append("annotations")
        lines += [f"  {row['key']}: {_annotation(row)}{_short_fate(row)}" for row in report.annotations]
    return lines


def _fate_lines(row: dict[str, Any], rules: dict[str, str]) -> list[tuple[str, str]]:
    image = row["image"] if row["kind"] == "annotation" else None
    rule = f"{row['rule']}: {rules.get(row['rule'], 'not in the rule book')}" if row["rule"] else None
    fields = {
        "image": image,
        "fate": row["fate"],
        "stage": row["stage"],
        "because": {"outdated": _OUTDATED, "incomplete": _INCOMPLETE}.get(row["fate"]),
        "rule": rule,
        "survivor": row["survivor"],
        "split": row["split"],
    }
    return [(name, value) for name, value in fields.items() if value is not None]


def _conflict(row: dict[str, Any], key: str) -> str:
    """Return the labels of the duplicate and of its representative, and what to do."""
    duplicate = f"{row['image']} ({row['kind']} copy, left out): {row['label']}"
    kept = f"{row['duplicate_of']} (kept): {row['representative_label']}"
    first, second = (duplicate, kept) if key == row["image"] else (kept, duplicate)
    what_to_do = "a reviewer has decided it"
    if row["status"] == CONTESTED:
        what_to_do = f"label {row['duplicate_of']} in a review batch"
        if row["kind"] == "near":
            what_to_do += f"; or, if they are no duplicates, raise `dedup.min_correlation` in {paths.PARAMS}"
    return f"{first}; {second}; {what_to_do}"


def _annotation(row: dict[str, Any]) -> str:
    """Return the annotation: `lab-1 (review) RBC at 78, 336, 106 x 99: `; nothing without the table of annotations."""
    from golgoru.geometry.boxes import BOX_COLUMNS

    if "annotator" not in row:
        return ""
    source = "" if row["source"] == "human" else f" ({row['source']})"
    value = row["label"] if row["kind"] == "object" else row["kind"]
    box = [row[side] for side in BOX_COLUMNS]
    place = "" if None in box else " at {:g}, {:g}, {:g} x {:g}".format(*box)
    return f"{row['annotator']}{source} {value}{place}: "


def _short_fate(row: dict[str, Any]) -> str:
    by = f" by {row['rule']}" if row["rule"] else ""
    return f"{row['fate']} ({row['stage']}{by})"
