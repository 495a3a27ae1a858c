"""`dataset check`: do settings, guideline, rules, suites and batches fit together? Takes seconds, runs no pipeline."""

import json
from typing import Annotated

import typer

from golgoru.cli.common.repository import enter_repository
from golgoru.core.errors import UserError
from golgoru.core.text import terminal_safe


def check(
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Write the suites in expectations/ from the rules, and the blocks of dvc.yaml from the stages.",
        ),
    ] = False,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Accept the violations that stop the pipeline now, for a time.")
    ] = False,
    owner: Annotated[
        str | None, typer.Option(help="With --baseline: who owns them; git's user.name by default.")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="With --baseline: until which day; 90 days by default.")] = None,
    reason: Annotated[str, typer.Option(help="With --baseline: why they are accepted.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check that settings, guideline, rules, suites and batches fit together, and write the rule book as a page."""
    from golgoru.cli.check import checks, rulebook_page

    enter_repository()
    if not baseline and (owner or expires or reason):
        raise UserError("--owner, --expires and --reason are for accepting violations; expected --baseline with them")
    written = checks.write_generated() if write else []
    accepted = _accept_violations(owner, expires, reason) if baseline else []
    findings = checks.check_findings()
    try:
        page = rulebook_page.write_rulebook()
    except UserError:
        page = None  # what cannot be read is among the findings
    if as_json:
        typer.echo(json.dumps({"findings": findings, "written": written, "page": page}, indent=2, ensure_ascii=False))
    else:
        for line in [*(f"{file}: written" for file in written), *accepted, *findings]:
            typer.echo(terminal_safe(line))
        typer.echo(f"{len(findings):,} findings" if len(findings) != 1 else "1 finding")
        if page:
            typer.echo(f"{page}: the rule book, and how the data comply with it")
    if findings:
        raise typer.Exit(1)


def _accept_violations(owner: str | None, expires: str | None, reason: str) -> list[str]:
    from golgoru.cli.check.accept_baseline import accept_violations

    return accept_violations(owner, expires, reason)
