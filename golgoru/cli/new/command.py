"""`dataset new`: turn a clone of the template into an empty repository of one's own."""

from typing import Annotated, Literal

import typer

from golgoru.cli.common.repository import enter_repository

Task = Literal["classification", "detection", "segmentation", "ocr"]


def new(
    name: Annotated[str, typer.Option(help="Name of the data set.")],
    task: Annotated[Task, typer.Option(help="What its labels are.")],
    licence: Annotated[str | None, typer.Option(help="Licence of the data set, such as CC-BY-4.0.")] = None,
    creator: Annotated[
        list[str] | None, typer.Option(help="Who makes it; may be repeated. git's user.name unless said.")
    ] = None,
) -> None:
    """Turn a clone of the template into an empty repository of one's own: the example goes, the code stays."""
    from golgoru.cli.new import clear_example

    enter_repository()
    clear_example.refuse()
    for line in clear_example.empty(clear_example.dataset(name, task, licence, creator or [])):
        typer.echo(line)
    typer.echo("next: git add -A, git commit, then bring in the first delivery: dataset import SRC --as NAME --dry-run")
