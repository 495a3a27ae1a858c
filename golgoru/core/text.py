"""What text can be written, printed on a terminal, or put into markup."""

import re

# What XML cannot hold, and the signs that turn the direction of everything behind them.
_NOT_IN_MARKUP = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def markup_safe(text: str) -> str:
    """Return `text` with every character that XML or a line of text cannot hold shown as U+FFFD."""
    return _NOT_IN_MARKUP.sub("\ufffd", text)


def shorten(text: str, columns: int) -> str:
    """Return `text` cut with an ellipsis to a number of columns; broad letters and all from U+1100 on count as two.

    `unicodedata` would know better, and say something else in another version of Python.
    """
    text, width = " ".join(text.split()), 0
    for position, letter in enumerate(text):
        broad = letter in "MW@%" or "\u1100" <= letter < "\u2000" or letter >= "\u2e80"
        width += 2 if broad else 1
        if width > columns:
            return text[: max(position - 1, 0)] + "…"
    return text


def terminal_safe(text: str) -> str:
    """Return text without characters that move the cursor or change colours: names are other people's."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def is_text(value: str) -> bool:
    """Return whether a text can be written as UTF-8: half of a surrogate pair cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
