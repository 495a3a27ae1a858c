"""The one exception that people see, and what text can be shown."""


def printable(text: str) -> str:
    """Return text without characters that move the cursor or change colours: names are other people's."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def is_text(value: str) -> bool:
    """Return whether a text can be written as UTF-8: half of a surrogate pair cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class UserError(Exception):
    """A mistake in data, settings or use: its text says where, what was found, what to do.

    The shell and the `dataset` command print it without a traceback and exit with 2.
    """
