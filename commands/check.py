"""`dataset check`: settings, guideline, rules, suites and batches fit together. Seconds, no pipeline run."""

import json
from typing import Annotated

import typer

from commands.repository import enter
from stages.lib.errors import printable


def check(
    write: Annotated[bool, typer.Option("--write", help="Write the suites in expectations/ from the rules.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say whether settings, guideline, rules, suites, deliveries and batches fit together."""
    from commands import checks  # noqa: PLC0415  (slow to import)

    enter()
    written = checks.write_suites() if write else []
    findings = checks.findings()
    if as_json:
        typer.echo(json.dumps({"findings": findings, "written": written}, indent=2, ensure_ascii=False))
    else:
        for file in written:
            typer.echo(f"{file}: written")
        for finding in findings:
            typer.echo(printable(finding))
        typer.echo(f"{len(findings):,} findings" if len(findings) != 1 else "1 finding")
    if findings:
        raise typer.Exit(1)
