"""The `dataset` command. Exit status: 0 fine, 1 findings, 2 wrong use or input that cannot be read."""

import sys

import typer

from golgoru.cli.check import command
from golgoru.cli.fix.command import fix
from golgoru.cli.import_.command import import_
from golgoru.cli.log.command import log
from golgoru.cli.new.command import new
from golgoru.cli.pin.command import pin
from golgoru.cli.why.command import why
from golgoru.core.errors import UserError
from golgoru.core.text import terminal_safe

app = typer.Typer(
    help="Bring data in, check that everything fits together, ask where things went, correct labels, decide splits.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("new")(new)
app.command("import")(import_)
app.command("check")(command.check)
app.command("why")(why)
app.command("fix")(fix)
app.command("log")(log)
app.command("pin")(pin)


@app.callback()
def _dataset() -> None:
    """Bring data in, check that everything fits together, ask where things went, correct labels, decide splits."""


def main() -> None:
    """Run the command; a mistake of the user is told in words, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="dataset")
    except UserError as error:
        print(f"dataset: {terminal_safe(str(error))}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        # A full disk, a name too long for the file system, a folder that may not be written.
        where = f"{error.filename}: " if error.filename else ""
        print(f"dataset: {terminal_safe(str(where))}{error.strerror or error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
