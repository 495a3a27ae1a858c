"""`dataset import`: pictures become a delivery, labels a batch of the label log."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from golgoru.cli.common.repository import enter_repository
from golgoru.cli.import_.request import AUTO, FORMAT_CHOICES, Request, check_request, parse_pairs, parse_shift
from golgoru.core.text import terminal_safe

if TYPE_CHECKING:
    from collections.abc import Sequence

Source = Literal["human", "review", "model", "import"]
Boxes = Literal["edges", "pixels-from-0", "pixels-from-1"]


def _known_format(name: str) -> str:
    if name not in FORMAT_CHOICES:
        raise typer.BadParameter(f"'{name}' is not one of {', '.join(FORMAT_CHOICES)}")
    return name


FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        callback=_known_format,
        metavar=f"[{'|'.join(FORMAT_CHOICES)}]",
        help="Format of SRC; auto recognises it and says so.",
    ),
]

DefineClassesOption = Annotated[
    bool, typer.Option("--define-classes", help="Add the classes that guidelines/classes.yaml lacks to it.")
]
DateOption = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day it was delivered; today unless said.")
]


def import_(
    src: Annotated[Path, typer.Argument(help="File or folder: labels, or pictures (formats folders and images).")],
    name: Annotated[str, typer.Option("--as", help="Name of the new delivery and batch.")],
    format_: FormatOption = AUTO,
    images: Annotated[Path | None, typer.Option(help="Folder of the pictures that the labels are about.")] = None,
    metadata: Annotated[
        Path | None, typer.Option(help="CSV with a column 'image' and metadata of each picture.")
    ] = None,
    annotator: Annotated[str | None, typer.Option(help="Pseudonym of the annotator, if no column names one.")] = None,
    source: Annotated[Source | None, typer.Option(help="Annotator type; human unless said.")] = None,
    guideline: Annotated[
        str | None, typer.Option(help="Guideline version that the labels were made under; the current one unless said.")
    ] = None,
    date: DateOption = None,
    boxes: Annotated[Boxes | None, typer.Option(help="How boxes count pixels; must be given for format voc.")] = None,
    column: Annotated[list[str] | None, typer.Option(help="ours=theirs, such as image=file; repeatable.")] = None,
    class_: Annotated[list[str] | None, typer.Option("--class", help="theirs=ours, a class id; repeatable.")] = None,
    label: Annotated[str | None, typer.Option(help="Class of the objects for which the labels name none.")] = None,
    shift: Annotated[str | None, typer.Option(help="X,Y: pixels to move all boxes right and down.")] = None,
    licence: Annotated[str | None, typer.Option(help="Licence of the pictures, such as CC-BY-4.0.")] = None,
    group: Annotated[str | None, typer.Option(help="Pattern with one (group): equal groups share a split.")] = None,
    define_classes: DefineClassesOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be imported, and write nothing.")] = False,
) -> None:
    """Import pictures as delivery NAME, labels as batch NAME."""
    start = enter_repository()
    _run(
        Request(
            source=start / src.expanduser(),
            format=format_,
            name=name,
            images=None if images is None else start / images.expanduser(),
            metadata=None if metadata is None else start / metadata.expanduser(),
            annotator=annotator,
            annotator_type=source,
            guideline=guideline,
            day=None if date is None else date.date(),
            boxes=boxes,
            columns=parse_pairs("--column", column or []),
            classes=parse_pairs("--class", class_ or [], last=True),
            label=label,
            shift=parse_shift(shift),
            licence=licence,
            group=group,
            define_classes=define_classes,
        ),
        dry_run,
    )


def _run(request: Request, dry_run: bool) -> None:
    from golgoru.cli.import_ import read, summary, write

    request, detected = read.with_detected_format(request)
    check_request(request)
    write.refuse_used_name(request)
    with write.work_folder(request.name, dry_run) as work:
        contents = read.read_import(request, work)
        _print_lines([*detected, *summary.summary_lines(contents)])
        written = [] if dry_run else write.write_import(contents, work)
    # Behind the work folder: a reader who closes the pipe that this goes to must not undo what is written.
    if dry_run:
        _print_lines(["dry run: nothing was written"])
    else:
        _print_lines([*written, "", "next: dvc repro, git add -A, git commit"])


def _print_lines(lines: "Sequence[str]") -> None:
    for line in lines:
        typer.echo(terminal_safe(line))
    sys.stdout.flush()
