"""The rule book: the guideline as one page, with every class, rule and edge case, and how the data comply with it.

What teams write is untrusted text: the template escapes it, and the page loads nothing.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from golgoru.core import paths
from golgoru.core.dataset import SPLITS, read_dataset
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.core.markdown import format_count
from golgoru.guideline import edge_cases
from golgoru.guideline.classes import read_classes
from golgoru.guideline.edge_cases import EdgeCase
from golgoru.guideline.rules import Rule, read_rules
from golgoru.site import page
from golgoru.tables import frames
from golgoru.tables.frames import table_path

RULEBOOK_PAGE = paths.REPORTS / "rulebook.html"
_TEMPLATE = Path(__file__).with_name("rulebook.html.j2")
_QUOTED_FINDINGS = 3  # findings quoted under a rule
_MAX_IMAGE_BYTES = 500_000  # larger example images are left out
_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}


class Compliance(NamedTuple):
    """How the data comply with a rule. `state`: holds, broken, acts, unknown."""

    state: str
    text: str
    examples: tuple[str, ...] = ()


def write_rulebook() -> str:
    """Write the page, and return its path. Raises UserError where the guideline cannot be read."""
    write_bytes(RULEBOOK_PAGE, page.render_page(_TEMPLATE, _page_content()))
    return RULEBOOK_PAGE.as_posix()


def _page_content() -> dict[str, Any]:
    dataset = read_dataset(paths.PARAMS)
    classes, rules = read_classes(paths.CLASSES), read_rules(paths.RULES).rules
    cases = edge_cases.read_edge_cases(paths.EDGE_CASES).active
    release = _read_json(paths.REPORTS / "release.json")
    metrics, quoted = _rule_metrics(release), _quoted_findings()
    compliance = {rule.id: _compliance(rule, metrics, quoted.get(rule.id, ())) for rule in rules}
    return {
        "dataset": dataset,
        "version": classes.version,
        "classes": [
            {"about": c, "images": list(_image_uris(c.examples)), "parent": c.parent, "colour": c.colour}
            for c in classes.classes
        ],
        "families": _families(rules),
        "edge_cases": [_edge_case(case, release) for case in cases],
        "compliance": compliance,
        "enforcement": {rule.id: _enforcement(rule) for rule in rules},
        "counts": {
            "rules": sum(rule.status == "active" for rule in rules),
            "checked": sum(rule.status == "active" and rule.enforced_by == "expectation" for rule in rules),
            "stage": sum(rule.status == "active" and rule.enforced_by == "stage" for rule in rules),
            "people": sum(rule.status == "active" and rule.enforced_by in ("diff", "reviewer") for rule in rules),
            "edge_cases": len(cases),
            "broken": sum(rule.state == "broken" for rule in compliance.values()),
        },
    }


def _edge_case(case: EdgeCase, release: Mapping[str, Any]) -> dict[str, Any]:
    """Return an edge case with its counts in the last release, per split."""
    counts = release.get("edge_cases", {}).get(case.id, {})
    wanted = {str(split): count for split, count in case.wanted.items()}
    splits = [
        (split, str(counts[split]["found"]), wanted.get(split), bool(counts[split].get("missing")))
        for split in SPLITS
        if isinstance(counts.get(split), dict)
    ]
    trigger = case.predicate if case.predicate is not None else f"{paths.CHECKS}: {case.check}"
    return {"about": case, "trigger": trigger, "splits": splits, "images": list(_image_uris(case.examples))}


def _families(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    """Return the rules by the first part of their id, in the order of the file."""
    families: dict[str, list[Rule]] = {}
    for rule in rules:
        families.setdefault(rule.id.split("-")[0], []).append(rule)
    return families


def _enforcement(rule: Rule) -> tuple[str, str]:
    """Return how a rule is enforced: as text, and as code."""
    if rule.enforced_by == "expectation":
        where = f"checked on every row of table {rule.table}"
        if rule.predicate is not None:
            return where, rule.predicate
        if rule.check is not None:
            return f"{where}, in Python", f"{paths.CHECKS}: {rule.check}"
        assert rule.expectation is not None  # noqa: S101  (the model says so)
        arguments = ", ".join(f"{key}={json.dumps(value)}" for key, value in rule.expectation.kwargs.items())
        return f"{where}, by Great Expectations", f"{rule.expectation.type}({arguments})"
    if rule.enforced_by == "stage":
        return f"enforced by stage {rule.stage} itself", ""
    if rule.enforced_by == "diff":
        return "checked in the pull request, by comparing two commits", ""
    return "checked by a reviewer", ""


def _compliance(rule: Rule, metrics: Mapping[str, Any], quoted: Iterable[str]) -> Compliance:
    """Return how the data comply with a rule, from the metrics of the last run."""
    if rule.status == "retired":
        return Compliance("unknown", "retired")
    if rule.enforced_by == "expectation":
        return _compliance_of_check(metrics["rules"].get(rule.id), quoted)
    if rule.enforced_by == "stage":
        return _compliance_of_stage(metrics["by_rule"], rule.id)
    return Compliance("unknown", "not measured")


def _compliance_of_check(counts: Mapping[str, Any] | None, quoted: Iterable[str]) -> Compliance:
    if counts is None:
        return Compliance("unknown", "not measured yet: run `dvc repro`")
    if not counts["checked"]:
        return Compliance("unknown", "no row could be checked")
    if not counts["broken"]:
        return Compliance("holds", f"holds on {counts['checked']:,} rows")
    known = f", {counts['known']:,} of them accepted for now" if counts["known"] else ""
    return Compliance("broken", f"broken by {counts['broken']:,} of {counts['checked']:,} rows{known}", tuple(quoted))


def _compliance_of_stage(by_rule: Mapping[str, Mapping[str, int]], rule: str) -> Compliance:
    if not by_rule:
        return Compliance("unknown", "not measured yet: run `dvc repro`")
    if rule not in by_rule:
        return Compliance("holds", "nothing was set aside by it")
    set_aside = ", ".join(format_count(number, kind) for kind, number in by_rule[rule].items())
    return Compliance("acts", f"set aside by it: {set_aside}")


def _rule_metrics(release: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metrics of the last run: `rules` of those checked on rows, `by_rule` of those that stages enforce."""
    validate = _read_json(paths.REPORTS / "validate.json")
    rules = {**validate.get("rules", {}), **release.get("rules", {})}
    # A report of another version of this code, or one that was edited, may lack counts.
    complete = {name: counts for name, counts in rules.items() if _has_counts(counts)}
    return {"rules": complete, "by_rule": release.get("by_rule", {})}


def _has_counts(counts: Any) -> bool:
    return isinstance(counts, dict) and all(isinstance(counts.get(key), int) for key in ("broken", "known", "checked"))


def _read_json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}  # not run yet, or to be run again after a merge
    return value if isinstance(value, dict) else {}


def _quoted_findings() -> dict[str, list[str]]:
    """Return a few findings of each rule, where the tables are on disk."""
    findings: dict[str, list[str]] = {}
    for name in ("violations", "gate"):
        try:
            table = frames.read_table(table_path(name), name)
        except (UserError, frames.SchemaError):
            continue
        for row in table.groupby("rule", sort=True).head(_QUOTED_FINDINGS).itertuples():
            findings.setdefault(str(row.rule), []).append(f"{row.key}: {row.message}")
    return findings


def _image_uris(examples: Iterable[str]) -> Iterator[str]:
    """Yield example images as data URIs."""
    for name in examples:
        file = paths.RULES.parent / name
        kind = _TYPES.get(file.suffix.lower())
        if kind and ".." not in file.parts and file.is_file() and file.stat().st_size <= _MAX_IMAGE_BYTES:
            yield f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
