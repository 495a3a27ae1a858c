"""The `dataset` command. Exit status: 0 fine, 1 findings, 2 wrong use or input that cannot be read."""

import sys

import typer

from commands import check, fix, importing, log, new, pin, why
from stages.lib.errors import UserError, printable

app = typer.Typer(
    help="Bring data in, check that everything fits together, ask where things went, correct labels, decide splits.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("new")(new.new)
app.command("import")(importing.import_)
app.command("check")(check.check)
app.command("why")(why.why)
app.command("fix")(fix.fix)
app.command("log")(log.log)
app.command("pin")(pin.pin)


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
        print(f"dataset: {printable(str(error))}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        # A full disk, a name too long for the file system, a folder that may not be written.
        where = f"{error.filename}: " if error.filename else ""
        print(f"dataset: {printable(str(where))}{error.strerror or error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
