"""`dataset pin`: splits that people decide, recorded in data/raw/pins.csv; and what moved since another commit."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from golgoru.cli.common.repository import enter_repository
from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.text import terminal_safe

if TYPE_CHECKING:
    from golgoru.cli.pin.pins_csv import PinRequest

_SHOWN = 50


def pin(
    images: Annotated[
        list[str] | None,
        typer.Argument(metavar="IMAGE", help="Images to pin, by key or base name; with --moved, a commit."),
    ] = None,
    to: Annotated[str | None, typer.Option(help="The split for these images and their groups.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why they go there; it stands in data/raw/pins.csv.")] = None,
    moved: Annotated[
        bool, typer.Option("--moved", help="List what stands in another split than in a commit (HEAD unless said).")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="With --moved: pin it to where it was.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be recorded, and write nothing.")] = False,
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
        raise UserError("--keep belongs to --moved: it pins what moved to where it was")
    from golgoru.cli.pin.pins_csv import read_proposed_pins

    if named or to is not None or reason is not None:
        _record(_chosen(named, to, reason), dry_run)
    elif wishes := read_proposed_pins():
        _record(wishes, dry_run)
    else:
        typer.echo("nothing is proposed: every class and wanted edge case has the seats that pins can give it")


def _chosen(named: list[str], to: str | None, reason: str | None) -> list["PinRequest"]:
    from golgoru.cli.pin.pins_csv import find_image
    from golgoru.core.dataset import SPLITS

    if not named:
        raise UserError("expected the images to pin before --to and --reason")
    if to not in SPLITS:
        found = "--to is missing" if to is None else f"--to {to}: there is no such split"
        raise UserError(f"{found}; expected {', '.join(SPLITS[:-1])} or {SPLITS[-1]}")
    why = terminal_safe(" ".join((reason or "").split()))
    if not why:
        raise UserError("--reason is missing: who reads data/raw/pins.csv wants to know why")
    return [PinRequest(find_image(name), to, why) for name in named]


def _moved(revision: str, keep: bool, dry_run: bool) -> None:
    from golgoru.cli.common import revisions
    from golgoru.cli.common.table_lookup import (
        open_table,
        table_file,
    )
    from golgoru.cli.diff import split_moves
    from golgoru.core.yaml_models import parse

    columns = {"splits": ["image", "group", "split", "held", "reason"], "images": ["image", "content"]}
    before = split_moves.CommitSplits(**revisions.tables_at(revision, columns))
    now = split_moves.CommitSplits(
        **{name: open_table(table_file(name)).to_table(some).to_pandas() for name, some in columns.items()}
    )
    settings = split_moves.changed_settings(revisions.settings_at(revision), parse(paths.PARAMS)[1])
    found = split_moves.moved_images(before, now, settings)
    if found.empty:
        typer.echo(f"no image stands in another split than in {revision}")
        return
    _print_lines([f"{row.image}  {row.was} -> {row.now}: {row.why}" for row in found.itertuples(index=False)])
    kinds = Counter(found["was"] + " -> " + found["now"])
    typer.echo(
        f"{len(found):,} moved since {revision}: " + ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))
    )
    if keep:
        kept = split_moves.pins_to_keep(found, before, now)
        _print_lines([f"not kept: {image}: {why}" for image, why in kept.not_kept.items()])
        _record(
            [PinRequest(image, split, f"stays where it was in {revision}") for image, split in kept.pins.items()],
            dry_run,
        )


def _record(wishes: list["PinRequest"], dry_run: bool) -> None:
    from golgoru.cli.pin.pins_csv import append_pins, sort_requests

    found = sort_requests(wishes)
    _print_lines([f"already there: {pin.image} to {pin.split} ({paths.PINS}:{pin.line})" for pin in found.there])
    was = {wish.image: f"{wish.was} -> " * bool(wish.was) for wish in found.new}
    _print_lines([f"{wish.image}  {was[wish.image]}{wish.split}: {wish.reason}" for wish in found.new])
    if dry_run or not found.new:
        typer.echo(
            f"{paths.PINS}: {len(found.new):,} pins would be recorded" if dry_run else f"{paths.PINS}: nothing new"
        )
        return
    append_pins(found.new)
    typer.echo(f"{paths.PINS}: {len(found.new):,} recorded\nnext: dvc repro")


def _print_lines(lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        typer.echo(terminal_safe(line))
    if len(lines) > _SHOWN:
        typer.echo(f"... and {len(lines) - _SHOWN:,} more")
