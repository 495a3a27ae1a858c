"""`dataset why KEY`: where an image, an annotation or a reject went, and by which rule."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from golgoru.cli.common.repository import enter_repository
from golgoru.core import paths
from golgoru.core.text import terminal_safe

if TYPE_CHECKING:
    from golgoru.cli.why.fate import KeyReport

_OUTDATED = f"the guideline has changed since, and {paths.CHANGES} says that the word counts no longer"


def why(
    key: Annotated[str, typer.Argument(help="Key of an image, annotation or reject, or an image's base name.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Say where an image or annotation went, and by which rule."""
    from golgoru.cli.why.fate import report_on

    enter_repository()
    answer = report_on(key)
    if as_json:
        typer.echo(json.dumps(answer._asdict(), indent=2, ensure_ascii=False))
        return
    for line in _lines(answer):
        typer.echo(terminal_safe(line))


def _lines(answer: "KeyReport") -> list[str]:
    lines = []
    if not answer.rows:
        lines.append(f"{answer.key}: no release yet; this is what the checks say so far (`dvc repro` makes a release)")
        lines += [] if answer.findings else ["  no rule is broken"]
    for row in answer.rows:
        lines.append(f"{row['kind']} {row['key']}")
        lines += [f"  {name:<9} {value}" for name, value in _facts(row, answer.rules)]
    if answer.findings:
        lines.append("findings")
        lines += [f"  {f['rule']} ({f['action']}) {f['key']}: {f['message']}" for f in answer.findings]
    if answer.disagreements:
        lines.append("copies whose labels disagree")
        lines += [f"  {_disagreement(row, answer.key)}" for row in answer.disagreements]
    if answer.annotations:
        lines.append("annotations")
        lines += [f"  {row['key']}: {_said(row)}{_short(row)}" for row in answer.annotations]
    return lines


def _facts(row: dict[str, Any], rules: dict[str, str]) -> list[tuple[str, str]]:
    image = row["image"] if row["kind"] == "annotation" else None
    rule = f"{row['rule']}: {rules.get(row['rule'], 'not in the rule book')}" if row["rule"] else None
    facts = {
        "image": image,
        "fate": row["fate"],
        "stage": row["stage"],
        "because": _OUTDATED if row["fate"] == "outdated" else None,
        "rule": rule,
        "survivor": row["survivor"],
        "split": row["split"],
    }
    return [(name, value) for name, value in facts.items() if value is not None]


def _disagreement(row: dict[str, Any], key: str) -> str:
    """Return what people see on the copy and on its survivor, and what to do."""
    copy = f"{row['image']} ({row['kind']} copy, left out): {row['label']}"
    kept = f"{row['duplicate_of']} (kept): {row['kept_label']}"
    first, second = (copy, kept) if key == row["image"] else (kept, copy)
    what_to_do = "a reviewer has settled it"
    if row["status"] == "contested":
        what_to_do = f"label {row['duplicate_of']} in a review batch"
        if row["kind"] == "near":
            what_to_do += f"; or, where they are no copies, raise `dedup.min_correlation` in {paths.PARAMS}"
    return f"{first}; {second}; {what_to_do}"


def _said(row: dict[str, Any]) -> str:
    """Return who said what: `lab-1 (review) RBC at 78, 336, 106 x 99: `; nothing where no table says."""
    if "annotator" not in row:
        return ""
    role = "" if row["source"] == "human" else f" ({row['source']})"
    what = row["label"] if row["kind"] == "object" else row["kind"]
    box = [row[side] for side in ("x", "y", "width", "height")]
    place = "" if None in box else " at {:g}, {:g}, {:g} x {:g}".format(*box)
    return f"{row['annotator']}{role} {what}{place}: "


def _short(row: dict[str, Any]) -> str:
    by = f" by {row['rule']}" if row["rule"] else ""
    return f"{row['fate']} ({row['stage']}{by})"
