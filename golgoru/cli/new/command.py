"""`dataset new`: turn a clone of the template into an empty repository of your own."""

from typing import Annotated, Literal

import typer

from golgoru.cli.common.repository import enter_repository

Task = Literal["classification", "detection", "segmentation", "ocr"]


def new(
    name: Annotated[str, typer.Option(help="Name of the dataset.")],
    task: Annotated[Task, typer.Option(help="Its task.")],
    licence: Annotated[str | None, typer.Option(help="Licence of the dataset, such as CC-BY-4.0.")] = None,
    creator: Annotated[
        list[str] | None, typer.Option(help="Who makes it; repeatable. Default: git's user.name.")
    ] = None,
) -> None:
    """Turn a clone of the template into an empty repository of your own: the pipeline without the example."""
    from golgoru.cli.new import clear_example

    enter_repository()
    clear_example.refuse_unless_clean()
    for line in clear_example.clear(clear_example.new_dataset(name, task, licence, creator or [])):
        typer.echo(line)
    typer.echo("next: git add -A, git commit, then bring in the first delivery: dataset import SRC --as NAME --dry-run")
