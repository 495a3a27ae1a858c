"""`dataset fix`: decisions on label issues become a review batch; nothing else is changed."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from golgoru.cli.common.repository import enter_repository
from golgoru.core.errors import UserError
from golgoru.core.text import terminal_safe

if TYPE_CHECKING:
    from golgoru.cli.import_.request import Request


def fix(
    file: Annotated[Path | None, typer.Argument(help="CSV with decisions, such as --sheet writes.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="Write a CSV of the worst label issues to this file.")] = None,
    most: Annotated[int, typer.Option(min=1, help="With --sheet: how many label issues.")] = 200,
    name: Annotated[str | None, typer.Option("--as", help="Name of the new batch.")] = None,
    annotator: Annotated[str | None, typer.Option(help="Pseudonym of the reviewer.")] = None,
    guideline: Annotated[str | None, typer.Option(help="Guideline version in use; by default the current one.")] = None,
    date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of the decisions; by default today.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the decisions, and write nothing.")] = False,
) -> None:
    """Write the label issues to a sheet (--sheet), or the decisions in a sheet to a review batch."""
    here = enter_repository()
    decision_options = {"FILE": file, "--as": name, "--annotator": annotator, "--guideline": guideline, "--date": date}
    given = [option for option, value in decision_options.items() if value is not None]
    if sheet is not None:
        if given or dry_run:
            raise UserError(f"{', '.join(given or ['--dry-run'])}: not used with --sheet; leave it out")
        _write_sheet(here / sheet.expanduser(), most)
        return
    if file is None:
        raise UserError("expected a CSV with decisions, or --sheet FILE to write one")
    if name is None or annotator is None:
        raise UserError(
            f"{'--as' if name is None else '--annotator'} is missing: a batch needs a name and an annotator"
        )
    from golgoru.cli.import_.request import Request

    day = None if date is None else date.date()
    _write_review(
        Request(
            source=here / file.expanduser(),
            format="jsonl",
            name=name,
            annotator=annotator,
            guideline=guideline,
            day=day,
        ),
        dry_run,
    )


def _write_sheet(file: Path, most: int) -> None:
    import pandas as pd
    import pyarrow.dataset as ds

    from golgoru.cli.common import table_lookup
    from golgoru.cli.fix import sheet as sheets

    table = table_lookup.open_table(table_lookup.table_file("label_issues"))
    issues = pd.DataFrame(table_lookup.select_rows(table, ds.field("rank") <= most))
    if issues.empty:
        typer.echo("no label issues; no sheet was written")
        return
    sheets.write_sheet(file, issues.sort_values("rank"))
    typer.echo(
        terminal_safe(f"written: {file}: {len(issues):,} of {table.count_rows():,} label issues, the worst first")
    )
    typer.echo("next: write agree, relabel, remove, cannot tell or add into the column 'decision' and")
    typer.echo(terminal_safe(f"dataset fix {file} --as NAME --annotator WHO"))


def _write_review(request: "Request", dry_run: bool) -> None:
    from golgoru.cli.fix import review_batch, sheet

    checked = review_batch.check_sheet(sheet.read_sheet(request.source))
    mistakes, batches = list(checked.decided.problems), []
    try:
        batches = review_batch.review_batches(checked, request)
    except UserError as error:
        if not mistakes:
            raise
        mistakes += str(error).splitlines()
    if mistakes:
        for mistake in mistakes:
            typer.echo(terminal_safe(mistake), err=True)
        many = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes):,} mistakes"
        typer.echo(f"{many}; nothing was written", err=True)
        raise typer.Exit(1)
    lines = [*review_batch.summary_lines(checked), *review_batch.write_batches(batches, dry_run)]
    lines += ["dry run: nothing was written"] if dry_run else ["", "next: dvc repro, git add -A, git commit"]
    for line in lines:
        typer.echo(terminal_safe(line))
    sys.stdout.flush()
