"""`dataset pin`: record splits that people decide in data/raw/pins.csv, and list what moved since another commit."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from golgoru.cli.common.repository import enter_repository
from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.text import terminal_safe

if TYPE_CHECKING:
    from golgoru.cli.pin.pins_csv import PinRequest

_MAX_LINES = 50


def pin(
    images: Annotated[
        list[str] | None,
        typer.Argument(metavar="IMAGE", help="Images to pin, by key or base name; with --moved, a commit."),
    ] = None,
    to: Annotated[str | None, typer.Option(help="The split for these images and their groups.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why they go there; recorded in data/raw/pins.csv.")] = None,
    moved: Annotated[
        bool, typer.Option("--moved", help="List the images that are in another split than in a commit (default HEAD).")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="With --moved: pin them to the split they were in.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be recorded, and write nothing.")] = False,
) -> None:
    """Record the pins that stage split proposes, or a split for chosen images; list what moved."""
    enter_repository()
    named = images or []
    if moved:
        if to is not None or reason is not None or len(named) > 1:
            raise UserError("--moved takes one commit at most, and neither --to nor --reason")
        _moved(named[0] if named else "HEAD", keep, dry_run)
        return
    if keep:
        raise UserError("--keep belongs to --moved: it pins moved images to the split they were in")
    from golgoru.cli.pin.pins_csv import read_proposed_pins

    if named or to is not None or reason is not None:
        _record(_chosen(named, to, reason), dry_run)
    elif requests := read_proposed_pins():
        _record(requests, dry_run)
    else:
        typer.echo("nothing is proposed: no pin would add a class or wanted edge case to a split that lacks it")


def _chosen(named: list[str], to: str | None, reason: str | None) -> list["PinRequest"]:
    from golgoru.cli.pin.pins_csv import PinRequest, find_image
    from golgoru.core.dataset import SPLITS

    if not named:
        raise UserError("expected the images to pin before --to and --reason")
    if to not in SPLITS:
        problem = "--to is missing" if to is None else f"--to {to}: there is no such split"
        raise UserError(f"{problem}; expected {', '.join(SPLITS[:-1])} or {SPLITS[-1]}")
    reason = terminal_safe(" ".join((reason or "").split()))
    if not reason:
        raise UserError("--reason is missing: readers of data/raw/pins.csv need to know why")
    return [PinRequest(find_image(name), to, reason) for name in named]


def _moved(revision: str, keep: bool, dry_run: bool) -> None:
    from golgoru.cli.common import revisions
    from golgoru.cli.common.table_lookup import open_table, table_file
    from golgoru.cli.diff import split_moves
    from golgoru.cli.pin.pins_csv import PinRequest
    from golgoru.core.yaml_models import parse_yaml

    columns = {"splits": ["image", "group", "split", "held_back", "reason"], "images": ["image", "content"]}
    before = split_moves.CommitSplits(**revisions.tables_at(revision, columns))
    now = split_moves.CommitSplits(
        **{name: open_table(table_file(name)).to_table(some).to_pandas() for name, some in columns.items()}
    )
    settings = split_moves.changed_settings(revisions.settings_at(revision), parse_yaml(paths.PARAMS)[1])
    moved = split_moves.moved_images(before, now, settings)
    if moved.empty:
        typer.echo(f"no image is in another split than in {revision}")
        return
    _print_lines([f"{row.image}  {row.was} -> {row.now}: {row.reason}" for row in moved.itertuples(index=False)])
    kinds = Counter(moved["was"] + " -> " + moved["now"])
    typer.echo(
        f"{len(moved):,} moved since {revision}: " + ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))
    )
    if keep:
        kept = split_moves.pins_to_keep(moved, before, now)
        _print_lines([f"not kept: {image}: {reason}" for image, reason in kept.not_kept.items()])
        _record(
            [
                PinRequest(image, split, f"stays in the split it had in {revision}")
                for image, split in kept.pins.items()
            ],
            dry_run,
        )


def _record(requests: list["PinRequest"], dry_run: bool) -> None:
    from golgoru.cli.pin.pins_csv import append_pins, sort_requests

    pins = sort_requests(requests)
    _print_lines([f"already recorded: {pin.image} to {pin.split} ({paths.PINS}:{pin.line})" for pin in pins.recorded])
    was = {pin.image: f"{pin.was} -> " * bool(pin.was) for pin in pins.new}
    _print_lines([f"{pin.image}  {was[pin.image]}{pin.split}: {pin.reason}" for pin in pins.new])
    if dry_run or not pins.new:
        typer.echo(
            f"{paths.PINS}: {len(pins.new):,} pins would be recorded" if dry_run else f"{paths.PINS}: nothing new"
        )
        return
    append_pins(pins.new)
    typer.echo(f"{paths.PINS}: {len(pins.new):,} recorded\nnext: dvc repro")


def _print_lines(lines: list[str]) -> None:
    for line in lines[:_MAX_LINES]:
        typer.echo(terminal_safe(line))
    if len(lines) > _MAX_LINES:
        typer.echo(f"... and {len(lines) - _MAX_LINES:,} more")
